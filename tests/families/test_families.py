"""Density, gradient, mean, variance, distribution function and draws of every family equal a reference."""

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families import FAMILIES
from tests.examples import REFERENCES as ROWS
from tests.families.family_laws import (
    at_of,
    etas_of,
    far_etas,
    graph_log_density,
    reference_log_density,
    values_of,
)

CASES = [(family, link) for family in ROWS for link in FAMILIES[family].links]
DRAWS = 40_000


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


@pytest.mark.parametrize(("family", "link"), CASES)
def test_the_graph_has_the_same_density_and_its_gradient(family, link):
    row = ROWS[family]
    y, _, eta = drawn(family, link, size=1, seed=2)
    y, eta, n = y[0], eta[0], row.trials()
    compiled = graph_log_density(family, link, y, n, row.parameters)
    density, slope, *slopes = compiled(eta, *row.parameters.values())

    def total(eta, parameters):
        return FAMILIES[family].log_density(y, n, at_of(link, eta, parameters), NUMPY)

    np.testing.assert_allclose(density, total(eta, row.parameters), rtol=1e-10, atol=1e-12)
    step = 1e-5
    difference = (total(eta + step, row.parameters) - total(eta - step, row.parameters)) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=2e-6, atol=2e-7)
    for (name, value), found in zip(row.parameters.items(), slopes, strict=True):
        up, down = ({**row.parameters, name: value + shift} for shift in (step, -step))
        expected = (total(eta, up) - total(eta, down)).sum() / (2 * step)
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6, err_msg=name)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_density_and_gradient_are_finite_thirty_units_out(family, link):
    row = ROWS[family]
    y, _, _ = drawn(family, link, size=1, seed=3)
    n = row.trials()
    eta = far_etas(family, link)
    assert np.isfinite(FAMILIES[family].log_density(y[0], n, at_of(link, eta, row.parameters), NUMPY)).all()
    found = graph_log_density(family, link, y[0], n, row.parameters)(eta, *row.parameters.values())
    assert all(np.isfinite(part).all() for part in found)


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


@pytest.mark.parametrize("family", ROWS)
def test_draws_have_the_reference_distribution(family):
    row, link = ROWS[family], FAMILIES[family].links[0]
    eta, n = etas_of(row, link), row.trials()
    at = at_of(link, np.tile(eta, (DRAWS, 1)), row.parameters)
    found = FAMILIES[family].random(np.random.default_rng(4), n, at)
    assert found.shape == (DRAWS, 4)
    for column in range(4):
        single = row.frozen(values_of(row, link, eta[column : column + 1]), n[column : column + 1])
        assert fits(found[:, column], single, FAMILIES[family].is_discrete) > 1e-4


def fits(sample, frozen, is_discrete):
    """Return the p-value of a Kolmogorov-Smirnov or a chi-square test; of atoms and of the rest apart."""
    if hasattr(frozen, "atoms"):
        shares = [float(np.squeeze(share)) for share in frozen.atoms.values()]
        counts = [int((sample == atom).sum()) for atom in frozen.atoms]
        tests = [
            stats.binomtest(count, len(sample), share) for count, share in zip(counts, shares, strict=True)
        ]
        rest = fits(sample[~np.isin(sample, list(frozen.atoms))], frozen.inside, is_discrete)
        return min(rest, *(test.pvalue for test in tests))
    if not is_discrete:
        return stats.kstest(sample, lambda y: np.ravel(frozen.cdf(y))).pvalue
    values, counts = np.unique(sample, return_counts=True)
    expected = np.exp(np.ravel(reference_log_density(frozen, values))) * len(sample)
    common = expected > 5
    rest = len(sample) - expected[common].sum()
    observed = np.append(counts[common], len(sample) - counts[common].sum())
    wanted = np.append(expected[common], max(rest, 1e-9))
    kept = wanted > 5
    chi2 = ((observed - wanted)[kept] ** 2 / wanted[kept]).sum()
    return stats.chi2(max(kept.sum() - 1, 1)).sf(chi2)


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
