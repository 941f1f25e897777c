"""Effective sample sizes, R-hat and Monte Carlo errors are ArviZ's, to the last bit."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from glmm_bayes.fit.convergence import ess_bulk, ess_tail, mcse_mean, r_hat

AXES = {"chain_axis": 0, "draw_axis": 1}


def alternating(x):
    return x * np.where(np.arange(x.shape[1]) % 2, 1.0, -1.0)


def one_stands_still(x):
    return np.concatenate([np.full((1, x.shape[1]), 0.3), x[1:]])


KINDS = {
    "independent": lambda x: x,
    "random walk": lambda x: np.cumsum(x, axis=1),
    "ties": np.round,
    "two values": lambda x: (x > 0).astype(float),
    "negatively correlated": lambda x: alternating(2.0 + x),
    "far from 0": lambda x: 1e8 + 1e-3 * x,
    "one chain stands still": one_stands_still,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("chains", "draws"), [(1, 4), (1, 101), (2, 5), (3, 12), (4, 250), (4, 1000), (9, 64)]
)
def test_the_numbers_are_arvizs(kind, chains, draws):
    values = KINDS[kind](np.random.default_rng([chains, draws]).normal(size=(chains, draws)))
    with np.errstate(all="ignore"):
        ours = [mcse_mean(values), ess_bulk(values), ess_tail(values)]
        theirs = [
            array_stats.mcse(values, method="mean", **AXES),
            array_stats.ess(values, method="bulk", **AXES),
            array_stats.ess(values, method="tail", prob=(0.05, 0.95), **AXES),
        ]
        if chains > 1:
            ours.append(r_hat(values))
            theirs.append(array_stats.rhat(values, **AXES))
    np.testing.assert_array_equal(ours, np.array(theirs, float))
