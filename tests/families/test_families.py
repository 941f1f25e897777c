"""Density, mean, variance and distribution function of every family equal a reference."""

import numpy as np
import pytest

from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families import FAMILIES
from tests.examples import REFERENCES as ROWS
from tests.families.family_laws import (
    at_of,
    etas_of,
    reference_log_density,
    values_of,
)

CASES = [(family, link) for family in ROWS for link in FAMILIES[family].links]


def drawn(family, link, size=30, seed=1):
    """Return responses drawn by the reference, shape (size, row), and the reference."""
    row = ROWS[family]
    eta = np.tile(etas_of(row, link), (size, 1))
    frozen = row.frozen(values_of(row, link, eta), np.broadcast_to(row.trials(), eta.shape))
    # SciPy leaves leading dimensions of 1 out.
    y = frozen.rvs(random_state=np.random.default_rng(seed)).astype(float).reshape(eta.shape)
    return y, frozen, eta


@pytest.mark.parametrize(("family", "link"), CASES)
def test_log_density_equals_the_reference(family, link):
    row = ROWS[family]
    y, frozen, eta = drawn(family, link)
    found = FAMILIES[family].log_density(y, row.trials(), at_of(link, eta, row.parameters), NUMPY)
    np.testing.assert_allclose(found, reference_log_density(frozen, y), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("family", ROWS)
def test_mean_and_variance_equal_the_reference(family):
    row, link = ROWS[family], FAMILIES[family].links[0]
    eta = etas_of(row, link)
    n = row.trials()
    frozen = row.frozen(values_of(row, link, eta), n)
    at = at_of(link, eta[None], row.parameters)
    np.testing.assert_allclose(FAMILIES[family].mean(at)[0] * n, frozen.mean(), rtol=1e-8)
    if not row.has_trials:
        np.testing.assert_allclose(FAMILIES[family].variance(at)[0], frozen.var(), rtol=1e-7)


@pytest.mark.parametrize(("family", "link"), [case for case in CASES if FAMILIES[case[0]].has_cdf])
def test_the_distribution_function_equals_the_reference_in_both_tails(family, link):
    row = ROWS[family]
    y, frozen, eta = drawn(family, link)
    at = at_of(link, eta, row.parameters)
    for found, expected in (
        (FAMILIES[family].log_cdf(y, row.trials(), at, NUMPY), np.log(frozen.cdf(y))),
        (FAMILIES[family].log_survival(y, row.trials(), at, NUMPY), np.log(frozen.sf(y))),
    ):
        kept = np.isfinite(expected)
        np.testing.assert_allclose(found[kept], expected[kept], rtol=1e-7, atol=1e-12)
