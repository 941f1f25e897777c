"""Ranks of true values are uniform where all effects are sampled: counts and successes, by a pilot's map.

As in test_ranks_study: true values come from the priors, data from them, by NumPy; correlations, standard
deviations and effects of groups are among what is ranked (Talts et al. 2018). Both models have so many
dimensions that trajectories of a normal density are taken.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from tests.kernels.test_negative_controls import put_in_place
from tests.studies.test_ranks_study import BINS, DRAWS, THIN, ranked

pytestmark = [pytest.mark.study, pytest.mark.sampling]
SIMULATIONS, GROUPS, EACH, SMALL = 300, 30, 5, 20
Prior = gb.Prior

COEFFICIENTS = {
    "beta[Intercept]": Prior("Normal", mu=0.5, sigma=0.7),
    "beta[x]": Prior("Normal", mu=0, sigma=1),
}
CELLS = {
    "slopes": (
        "y ~ x + (1 + x | g)",
        "bernoulli",
        COEFFICIENTS | {"sd_g": Prior("HalfNormal", sigma=1), "corr_g": Prior("LKJ", eta=2)},
    ),
    "crossed": (
        "y ~ x + (1 | g) + (1 | h)",
        "poisson",
        COEFFICIENTS | {"sd_g": Prior("HalfNormal", sigma=0.7), "sd_h": Prior("Exponential", scale=0.5)},
    ),
}


def design():
    rng = np.random.default_rng(21)
    rows = GROUPS * EACH
    return pd.DataFrame(
        {
            "x": rng.normal(size=rows).round(2),
            "g": np.repeat([f"g{k:02}" for k in range(GROUPS)], EACH),
            "h": rng.permutation(np.resize([f"h{k:02}" for k in range(SMALL)], rows)),
        }
    )


def truth_of(cell, rng):
    """Draw true values from the priors, under their names in the posterior."""
    true = {"beta": np.array([rng.normal(0.5, 0.7), rng.normal(0, 1)])}
    if cell == "slopes":
        sd, rho = np.abs(rng.normal(0, 1, 2)), 2 * rng.beta(2, 2) - 1
        corr = np.array([[1, rho], [rho, 1]])
        b = rng.multivariate_normal(np.zeros(2), corr * np.outer(sd, sd), GROUPS)
        return true | {"sd_g": sd, "corr_g": corr, "b_g": b}
    sd_g, sd_h = np.abs(rng.normal(0, 0.7, 1)), rng.exponential(0.5, 1)
    return true | {
        "sd_g": sd_g,
        "sd_h": sd_h,
        "b_g": rng.normal(0, sd_g, (GROUPS, 1)),
        "b_h": rng.normal(0, sd_h, (SMALL, 1)),
    }


def responses(cell, true, data, rng):
    x = np.column_stack([np.ones(len(data)), data["x"]])
    eta = x @ true["beta"]
    for factor in ("g", "h"):
        if f"b_{factor}" in true:
            effects = true[f"b_{factor}"][pd.factorize(data[factor], sort=True)[0]]
            eta = eta + (effects * x[:, : effects.shape[1]]).sum(axis=1)
    return rng.poisson(np.exp(eta)) if cell == "crossed" else (rng.random(len(eta)) < 1 / (1 + np.exp(-eta)))


def p_values(cell, simulations):
    """Return the p value of a chi-squared test of the ranks of each true value, by its place."""
    formula, family, priors = CELLS[cell]
    found, data = {}, design()
    for k in range(simulations):
        rng = np.random.default_rng([k, len(cell), 4])
        true = truth_of(cell, rng)
        y = responses(cell, true, data, rng).astype(int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gb.GlmmWarning)
            model = gb.Model(formula, data.assign(y=y), family=family, priors=priors)
            fit = model.fit(draws=DRAWS, chains=1, seed=k, progress=False)
        assert fit.settings["method"] == "joint"
        for place, rank in ranked(true, fit).items():
            found.setdefault(place, []).append(rank)
    most = DRAWS // THIN
    return {
        place: stats.chisquare(np.histogram(ranks, bins=BINS, range=(0, most + 1))[0]).pvalue
        for place, ranks in found.items()
    }


@pytest.mark.parametrize("cell", CELLS)
def test_true_values_are_anywhere_among_the_draws(cell):
    values = p_values(cell, SIMULATIONS)
    assert min(values.values()) > 0.01 / len(values), values


def test_a_map_whose_jacobian_is_left_out_is_noticed(tmp_path, monkeypatch):
    put_in_place(tmp_path, monkeypatch, "return -0.5 * logs;", "return 0.0 * logs;")
    values = p_values("crossed", SIMULATIONS // 3)
    assert min(values.values()) < 1e-6
