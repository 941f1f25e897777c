"""Every family's density, mean, variance and draws agree with SciPy's."""

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.links import LINKS
from glmm_bayes.graph.families import FAMILIES, Response

TRIALS = np.array([3.0, 7.0, 12.0, 1.0])
SIGMA = {"sigma": np.array([1.7])}
# One row a family: its SciPy distribution at mean mu.
ROWS = {
    "gaussian": lambda mu, n: stats.norm(mu, 1.7),
    "bernoulli": lambda mu, n: stats.bernoulli(mu),
    "binomial": lambda mu, n: stats.binom(n.astype(int), mu),
    "poisson": lambda mu, n: stats.poisson(mu),
}
CASES = [(family, link) for family in FAMILIES for link in FAMILIES[family].links]


def response(family, values, trials):
    return Response("y", "mean of y", np.asarray(values, float), trials)


def trials_of(family):
    return TRIALS if family == "binomial" else np.ones(4)


def auxiliary_of(family):
    return {name: SIGMA[name] for name in FAMILIES[family].auxiliaries}


def test_every_family_has_a_row():
    assert set(ROWS) == set(FAMILIES)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_log_density_equals_scipy(family, link):
    rng = np.random.default_rng(1)
    eta = rng.normal(0, 0.8, (50, 4))
    mu, n = LINKS[link].inverse(eta), trials_of(family)
    y = ROWS[family](mu[0], n).rvs(random_state=rng)
    frozen = ROWS[family](mu, n)
    expected = frozen.logpdf(y) if family == "gaussian" else frozen.logpmf(y)
    found = FAMILIES[family].log_density(response(family, y, n), LINKS[link], eta, auxiliary_of(family))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_log_density_is_finite_thirty_units_out(family, link):
    if link == "identity":
        return
    eta = np.array([[-30.0, 30.0 if link != "cloglog" else 3.0, 0.0, -5.0]])
    n = trials_of(family)
    y = np.zeros(4) if family != "poisson" else np.array([0.0, 1.0, 2.0, 3.0])
    assert np.isfinite(FAMILIES[family].log_density(response(family, y, n), LINKS[link], eta, {})).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_variance_and_draws_equal_scipy(family):
    rng = np.random.default_rng(2)
    mu = {"gaussian": [-1.0, 0.0, 2.0, 5.0], "poisson": [0.3, 2.0, 7.0, 30.0]}.get(
        family, [0.1, 0.4, 0.6, 0.95]
    )
    mu, n = np.array(mu), trials_of(family)
    variance = FAMILIES[family].variance(mu[None], auxiliary_of(family))[0]
    frozen = ROWS[family](mu, n)
    np.testing.assert_allclose(variance * (n if family == "binomial" else 1.0), frozen.var(), rtol=1e-12)
    size = 40_000
    auxiliary = {name: np.repeat(value, size) for name, value in auxiliary_of(family).items()}
    drawn = FAMILIES[family].random(rng, response(family, np.zeros(4), n), np.tile(mu, (size, 1)), auxiliary)
    for column in range(4):
        single = ROWS[family](mu[column], n[column : column + 1])
        if family == "gaussian":
            assert stats.kstest(drawn[:, column], ROWS[family](mu[column], n).cdf).pvalue > 1e-4
            continue
        values, counts = np.unique(drawn[:, column], return_counts=True)
        expected = np.ravel(single.pmf(values)) * size
        common = expected > 5
        chi2 = ((counts[common] - expected[common]) ** 2 / expected[common]).sum()
        assert stats.chi2(max(common.sum() - 1, 1)).sf(chi2) > 1e-4
