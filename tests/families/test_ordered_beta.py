"""Ordered beta (Kubinec 2022) agrees with its definition in SciPy's laws, for each link."""

from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from tests.families.references import Ends
from tests.families.test_families import fits
from tests.plain_mode import PLAIN

FAMILY = FAMILIES["ordered_beta"]
LAWS = {
    "logit": stats.logistic,
    "probit": stats.norm,
    "cauchit": stats.cauchy,
    "cloglog": stats.gumbel_l,
    "loglog": stats.gumbel_r,
}
ETA = np.array([-1.3, -0.2, 0.4, 1.1])
THRESHOLDS = np.array([-1.1, 1.4])
PHI = 4.2
RESPONSES = (0.0, 0.3, 1.0)


def at_of(link, eta, thresholds=THRESHOLDS, phi=PHI, m=NUMPY):
    return {
        "mu": RowValue(LINKS[link], eta, m),
        "thresholds": number(thresholds, m),
        "phi": number(phi, m),
    }


def reference(link, eta):
    law = LAWS[link]
    mu = law.cdf(eta)
    atoms = {0.0: law.sf(eta - THRESHOLDS[0]), 1.0: law.cdf(eta - THRESHOLDS[1])}
    return Ends(atoms, stats.beta(mu * PHI, (1 - mu) * PHI))


@cache
def graph(link):
    """Compile the graph's density and its gradient in eta, thresholds and phi."""
    inputs = [pt.vector("eta"), pt.vector("thresholds"), pt.scalar("phi")]
    y = pt.vector("y")
    density = FAMILY.log_density(y, 1.0, at_of(link, *inputs, GRAPH), GRAPH)
    return pytensor.function([y, *inputs], [density, *pytensor.grad(density.sum(), inputs)], mode=PLAIN)


def test_it_takes_every_link_of_a_probability():
    assert set(FAMILY.links) == set(LAWS)


@pytest.mark.parametrize("link", LAWS)
@pytest.mark.parametrize("y", RESPONSES)
def test_log_density_equals_the_definition(link, y):
    y = np.full(4, y)
    found = FAMILY.log_density(y, 1.0, at_of(link, ETA), NUMPY)
    np.testing.assert_allclose(found, reference(link, ETA).logpdf(y), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("link", LAWS)
def test_the_graph_has_the_same_density_and_its_gradient(link):
    y, step = np.array([0.0, 0.3, 1.0, 0.9]), 1e-5
    density, *slopes = graph(link)(y, ETA, THRESHOLDS, PHI)

    def total(eta, thresholds, phi):
        return FAMILY.log_density(y, 1.0, at_of(link, eta, thresholds, phi), NUMPY)

    np.testing.assert_allclose(density, total(ETA, THRESHOLDS, PHI), rtol=1e-10)
    up, down = total(ETA + step, THRESHOLDS, PHI), total(ETA - step, THRESHOLDS, PHI)
    np.testing.assert_allclose(slopes[0], (up - down) / (2 * step), rtol=2e-6)
    for k, one in enumerate(np.eye(2) * step):
        up, down = total(ETA, THRESHOLDS + one, PHI), total(ETA, THRESHOLDS - one, PHI)
        np.testing.assert_allclose(slopes[1][k], (up - down).sum() / (2 * step), rtol=2e-6)
    up, down = total(ETA, THRESHOLDS, PHI + step), total(ETA, THRESHOLDS, PHI - step)
    np.testing.assert_allclose(slopes[2], (up - down).sum() / (2 * step), rtol=2e-6)


@pytest.mark.parametrize("link", LAWS)
@pytest.mark.parametrize("y", RESPONSES)
def test_density_and_gradient_are_finite_thirty_units_out(link, y):
    for eta in (-30.0, 30.0):
        found = graph(link)(np.full(2, y), np.full(2, eta), THRESHOLDS, PHI)
        assert all(np.isfinite(part).all() for part in found)


@pytest.mark.parametrize("link", LAWS)
def test_mean_and_variance_equal_those_of_the_definition(link):
    at = at_of(link, ETA[None], THRESHOLDS[None, None])
    np.testing.assert_allclose(FAMILY.mean(at)[0], reference(link, ETA).mean(), rtol=1e-9)
    np.testing.assert_allclose(FAMILY.variance(at)[0], reference(link, ETA).var(), rtol=1e-8)


def test_draws_have_zeros_ones_and_beta_numbers_in_their_shares():
    at = at_of("logit", np.tile(ETA, (40_000, 1)), THRESHOLDS[None, None])
    found = FAMILY.random(np.random.default_rng(4), np.ones(4), at)
    for column in range(4):
        assert fits(found[:, column], reference("logit", ETA[column : column + 1]), False) > 1e-4


def test_without_random_effects_the_population_mean_is_the_mean():
    at = at_of("logit", ETA[None], THRESHOLDS[None, None])
    assert np.array_equal(FAMILY.population_mean(Joint(at, {}, {})).value, FAMILY.mean(at))
