"""Categorical and multinomial responses agree with SciPy's softmax and multinomial distribution."""

import numpy as np
import pytest
from scipy import special, stats

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import number
from glmm_bayes.families import FAMILIES

CATEGORICAL, MULTINOMIAL = FAMILIES["categorical"], FAMILIES["multinomial"]
#: Linear predictors of the second and of the third category.
ETA = np.array([[0.3, -1.2, 0.8, 2.0], [-1.0, 0.4, 0.1, -0.7]])
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
