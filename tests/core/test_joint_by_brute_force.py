"""Means over one and two linear predictors agree with quadrature over links, variances and correlations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from tests.core.linked_predictors import predictor

# Brute force over links, variances and correlations: composite Gauss-Legendre in both normals.

FIRST = ["log", "identity", "softplus", "sqrt", "logit", "probit", "cloglog", "loglog", "cauchit", "tan_half"]
SECOND = ["logit", "probit", "cloglog", "loglog", "cauchit"]
VARIANCES = np.array([0.25, 1.0, 4.0, 16.0])
CORRELATIONS = [-0.8, 0.0, 0.5]
MEANS = (0.3, -1.0)


def panels(low, high, width, order=16):
    """Return nodes and normal weights of composite Gauss-Legendre quadrature."""
    x, w = np.polynomial.legendre.leggauss(order)
    starts = np.arange(low, high, width)
    nodes = (starts[:, None] + 0.5 * width * (x + 1.0)).ravel()
    return nodes, np.tile(0.5 * width * w, len(starts)) * stats.norm.pdf(nodes)


OUTER, OUTER_WEIGHTS = panels(-12.0, 16.0, 0.5)
INNER, INNER_WEIGHTS = panels(-9.0, 9.0, 0.5)


def complement_given_first(second, correlation):
    """Return E[1 - second | z1] for each variance of the second, shape (variance, node of z1)."""
    z2 = correlation * OUTER[:, None] + np.sqrt(1.0 - correlation**2) * INNER
    eta = MEANS[1] + np.sqrt(VARIANCES)[:, None, None] * z2
    return np.exp(LINKS[second].log_complement(eta)) @ INNER_WEIGHTS


def grid_joint(first, second, correlation):
    """Return predictors at each pair of variances: draws for the first, rows for the second."""
    shape = (len(VARIANCES), len(VARIANCES))
    v1, v2 = np.broadcast_arrays(VARIANCES[:, None], VARIANCES)
    at = {"a": predictor(first, np.full(shape, MEANS[0])), "b": predictor(second, np.full(shape, MEANS[1]))}
    return Joint(at, {"a": v1, "b": v2}, {("a", "b"): correlation * np.sqrt(v1 * v2)})


#: Weaker and no correlation are looked at in the slow tests.
STRONGEST_FIRST = [
    pytest.param(value, marks=() if value == min(CORRELATIONS) else pytest.mark.slow)
    for value in CORRELATIONS
]


@pytest.mark.parametrize("correlation", STRONGEST_FIRST)
@pytest.mark.parametrize("second", SECOND)
def test_products_agree_with_brute_force(second, correlation):
    given = complement_given_first(second, correlation)
    for first in FIRST:
        values = LINKS[first].inverse(MEANS[0] + np.sqrt(VARIANCES)[:, None] * OUTER)
        exact = (values * OUTER_WEIGHTS) @ given.T
        result = grid_joint(first, second, correlation).product("a", "b")
        np.testing.assert_allclose(result.value, exact, rtol=1e-6, err_msg=first)
        # The oracle itself is good to about 1e-12.
        assert np.abs(result.value - exact).max() <= result.error + 1e-12 * np.abs(exact).max(), first
        if first in ("log", "identity", "probit"):
            without = grid_joint(first, second, correlation).product("a", "b", complement=False)
            alone = (values * OUTER_WEIGHTS).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(without.value, alone - exact, rtol=1e-6, atol=1e-9, err_msg=first)


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize(
    ("first", "second"),
    [("log", "logit"), ("softplus", "probit"), ("identity", "cloglog"), ("cauchit", "loglog")],
)
def test_the_product_rule_agrees_with_brute_force(first, second, correlation):
    given = complement_given_first(second, correlation)
    eta = MEANS[0] + np.sqrt(VARIANCES)[:, None] * OUTER
    exact = (LINKS[first].inverse(eta) * OUTER_WEIGHTS) @ given.T
    joint = grid_joint(first, second, correlation)
    result = joint.mean(lambda at: at["a"].value * np.exp(at["b"].log_complement))
    np.testing.assert_allclose(result.value, exact, rtol=1e-6)
    assert np.abs(result.value - exact).max() <= result.error + 1e-12 * np.abs(exact).max()


@pytest.mark.parametrize("name", [name for name in LINKS if not LINKS[name].has_pole])
def test_one_predictor_agrees_with_brute_force(name):
    link, eta = LINKS[name], np.linspace(-4.0, 4.0, 9)
    at = {"a": predictor(name, np.broadcast_to(eta, (4, 9)))}
    joint = Joint(at, {"a": np.broadcast_to(VARIANCES[:, None], (4, 9))}, {})
    for function in (lambda x: link.inverse(x), lambda x: link.inverse(x) ** 2):
        sd = np.sqrt(VARIANCES)[:, None, None]
        nodes, weights = panels(-14.0, 18.0, 0.25)
        exact = function(eta[:, None] + sd * nodes) @ weights
        result = joint.mean(lambda at, function=function: function(at["a"].eta))
        # Means that are 0 by symmetry have rounding alone.
        np.testing.assert_allclose(result.value, exact, rtol=1e-9, atol=1e-14)
        assert np.abs(result.value - exact).max() <= result.error + 1e-13 * np.abs(exact).max()
    mean = population_mean(link, eta, VARIANCES[:, None])
    np.testing.assert_allclose(joint.mean(lambda at: at["a"].value).value, mean.value, rtol=1e-8, atol=1e-14)
