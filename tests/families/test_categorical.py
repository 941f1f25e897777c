"""Categorical and multinomial responses agree with SciPy's softmax and multinomial distribution."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from tests.plain_mode import PLAIN

CATEGORICAL, MULTINOMIAL = FAMILIES["categorical"], FAMILIES["multinomial"]
#: Linear predictors of the second and of the third category.
ETA = np.array([[0.3, -1.2, 0.8, 2.0], [-1.0, 0.4, 0.1, -0.7]])
FAR = np.array([[-30.0, 30.0, 30.0, 0.0], [-30.0, -30.0, 30.0, 30.0]])
CATEGORY = np.array([2.0, 0.0, 1.0, 1.0])
COUNTS = np.array([[3.0, 0.0, 1.0], [0.0, 0.0, 7.0], [4.0, 4.0, 4.0], [0.0, 1.0, 0.0]])
TRIALS = COUNTS.sum(axis=1)
CASES = [(CATEGORICAL, CATEGORY, np.ones(4)), (MULTINOMIAL, COUNTS, TRIALS)]
by_family = pytest.mark.parametrize(("family", "y", "n"), CASES, ids=["categorical", "multinomial"])


def at_of(second, third, m=NUMPY):
    """Return the parameters; the names do not sort in the order of the categories."""
    return {"mu_red": number(second, m), "mu_blue": number(third, m)}


def softmax(eta):
    return special.softmax(np.stack([0.0 * eta[0], *eta], axis=-1), axis=-1)


def reference(family, eta):
    if family is MULTINOMIAL:
        return stats.multinomial.logpmf(COUNTS, TRIALS, softmax(eta))
    return np.log(softmax(eta)[np.arange(4), CATEGORY.astype(int)])


def graph_log_density(family, y, n):
    inputs = [pt.vector(), pt.vector()]
    density = family.log_density(pt.constant(y), pt.constant(n), at_of(*inputs, GRAPH), GRAPH)
    return pytensor.function(inputs, [density, *pytensor.grad(density.sum(), inputs)], mode=PLAIN)


@by_family
def test_probabilities_are_the_softmax_of_zero_and_the_predictors(family, y, n):
    found = family.mean(at_of(*ETA[:, None]))
    assert found.shape == (1, 4, 3)
    np.testing.assert_allclose(found[0], softmax(ETA), rtol=1e-13)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=0, atol=2e-15)


@by_family
def test_log_density_equals_the_reference_for_each_draw(family, y, n):
    eta = np.stack([ETA, ETA + 0.4, -ETA], axis=1)
    found = family.log_density(y, n, at_of(*eta), NUMPY)
    assert found.shape == (3, 4)
    expected = [reference(family, eta[:, draw]) for draw in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@by_family
def test_the_graph_has_the_same_density_and_its_gradient(family, y, n):
    density, *slopes = graph_log_density(family, y, n)(*ETA)

    def values(eta):
        return family.log_density(y, n, at_of(*eta), NUMPY)

    np.testing.assert_allclose(density, values(ETA), rtol=1e-10)
    for position, slope in enumerate(slopes):
        step = np.zeros((2, 1))
        step[position] = 1e-5
        difference = (values(ETA + step) - values(ETA - step)) / 2e-5
        np.testing.assert_allclose(slope, difference, rtol=2e-6, atol=2e-7)


@by_family
def test_density_and_gradient_are_finite_thirty_units_out(family, y, n):
    found = graph_log_density(family, y, n)(*FAR)
    assert all(np.isfinite(part).all() for part in found)
    np.testing.assert_allclose(found[0], family.log_density(y, n, at_of(*FAR), NUMPY), rtol=1e-10, atol=1e-14)


def test_categories_are_drawn_with_their_probabilities():
    found = CATEGORICAL.random(
        np.random.default_rng(6), np.ones(4), at_of(*np.tile(ETA[:, None], (1, 40_000, 1)))
    )
    assert found.shape == (40_000, 4)
    for row, probabilities in enumerate(softmax(ETA)):
        counts = np.bincount(found[:, row].astype(int), minlength=3)
        assert stats.chisquare(counts, 40_000 * probabilities).pvalue > 1e-4


def test_drawn_counts_add_up_to_the_trials_with_the_multinomial_law():
    at = at_of(*np.tile(ETA[:, None], (1, 40_000, 1)))
    found = MULTINOMIAL.random(np.random.default_rng(7), TRIALS, at)
    assert found.shape == (40_000, 4, 3)
    np.testing.assert_array_equal(found.sum(axis=-1), np.broadcast_to(TRIALS, (40_000, 4)))
    for row, probabilities in enumerate(softmax(ETA)):
        for category, probability in enumerate(probabilities):
            law = stats.binom(int(TRIALS[row]), probability)
            counts = np.bincount(found[:, row, category].astype(int), minlength=int(TRIALS[row]) + 1)
            expected = 40_000 * law.pmf(np.arange(len(counts)))
            common = expected > 5
            chi2 = ((counts - expected)[common] ** 2 / expected[common]).sum()
            assert stats.chi2(max(common.sum() - 1, 1)).sf(chi2) > 1e-5


@by_family
def test_the_variance_is_that_of_the_indicator_of_each_category(family, y, n):
    found = family.variance(at_of(*ETA[:, None]))
    np.testing.assert_allclose(found[0], stats.bernoulli(softmax(ETA)).var(), rtol=1e-13)


def test_averaging_the_probabilities_over_correlated_effects_gives_the_published_ones():
    # statistics: means (.3, -1), sd (.8, 1.2), correlation .5.
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    first, second = np.meshgrid(nodes, nodes, indexing="ij")
    weight = np.outer(weights, weights) / (2 * np.pi)
    at = at_of(0.3 + 0.8 * first, -1.0 + 1.2 * (0.5 * first + np.sqrt(0.75) * second))
    found = np.einsum("ij,ijk->k", weight, CATEGORICAL.mean(at))
    np.testing.assert_allclose(found, (0.364779400, 0.467667399, 0.167553201), rtol=0, atol=5e-10)


@by_family
def test_without_random_effects_the_population_is_the_typical_row(family, y, n):
    at = at_of(*ETA[:, None])
    found = family.population_mean(Joint(at))
    assert found.rule == "exact"
    np.testing.assert_allclose(found.value, family.mean(at))
    typical = family.mean(at)[0, 0]
    np.testing.assert_allclose(typical, (0.3679530, 0.4966846, 0.1353624), rtol=0, atol=5e-8)
