"""Densities with gamma functions, against fifty digits: large shapes, counts and trials lose nothing."""

from decimal import Decimal

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.log_gammas import binet, log_gamma_1p, log_gamma_ratio
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from glmm_bayes.graph.row_functions import row_function
from tests.families import many_digits as digits

ZERO = Decimal("0.25")
REST = (1 - ZERO).ln()
#: Of each family with a shape, precision or degrees of freedom: its density in many digits.
ORACLES = {
    "negative_binomial": digits.nb2,
    "negative_binomial_1": digits.nb1,
    "generalized_poisson": digits.generalized_poisson,
    "beta_binomial": digits.beta_binomial,
    "zero_inflated_negative_binomial": digits.zero_inflated(digits.nb2, ZERO),
    "hurdle_negative_binomial": digits.hurdle(digits.nb2, ZERO),
    "gamma": digits.gamma,
    "hurdle_gamma": digits.beside_ends(digits.gamma, lambda eta: REST),
    "beta": digits.beta,
    "zero_inflated_beta": digits.beside_ends(digits.beta, lambda eta: REST),
    "zero_one_inflated_beta": digits.beside_ends(digits.beta, lambda eta: REST),
    "weibull": digits.weibull,
    "inverse_gaussian": digits.inverse_gaussian,
    "student": digits.student,
}
#: Thresholds in the place of probabilities; a Bessel function: tested below.
OTHERS = {"ordered_beta", "von_mises"}
SIZES = ("shape", "phi", "nu", "kappa")
SHAPES = (1e-8, 1e-3, 0.7, 29.9, 4e3, 1e7, 1e11, 1e13, 1e15, 1e17, 1e300)
TRIALS = (1, 30, 10**6)
BAR = 1e-10


def parameter_of(family):
    return next(name for name in FAMILIES[family].auxiliaries if name in SIZES)


def points_of(family):
    """Return (y, trials, linear predictor, shape) of many sizes, with means far from and close to y."""
    found = []
    for shape in SHAPES:
        if family == "beta_binomial":
            cases = [(y, n) for n in TRIALS for y in sorted({0, 1, n // 3, n})]
            places = [(y, n, eta) for y, n in cases for eta in (-14.0, np.log((y + 0.5) / (n - y + 0.5)))]
        elif FAMILIES[family].is_discrete:
            places = [
                (y, 1, eta)
                for y in (0, 1, 30, 10**6)
                for eta in (-18.0, 9.0, np.log(y + 0.5) + 1.0 / np.sqrt(y + 1.0), 18.0)
            ]
        elif FAMILIES[family].links[0] == "logit":
            # The response is a float, and so is known to its last digit only: 1/2, which is exact.
            places = [(0.5, 1, eta) for eta in (0.0, *([-7.0, 0.3] if shape < 1e9 else []))]
        elif family == "student":
            places = [(y, 1, 0.25) for y in (0.25, 1.5, -40.0)]
        else:
            places = [(1.0, 1, eta) for eta in (0.0, *([-2.0, 3.0] if shape < 1e3 else []))]
        found += [(y, n, float(eta), shape) for y, n, eta in places]
    # A zero part adds little to what its law has shown.
    return found[::3] if family.startswith(("zero_inflated_n", "hurdle_n")) else found


def at_of(family, eta, parameter, m):
    others = {"zi": 0.25, "hu": 0.25, "zoi": 0.25, "coi": 0.5, "sigma": 1.0}
    at = {
        name: number(m.constant(np.full(1, others[name])) if m is NUMPY else pt.constant([others[name]]), m)
        for name in FAMILIES[family].auxiliaries
        if name in others
    }
    return at | {
        "mu": RowValue(LINKS[FAMILIES[family].links[0]], eta, m),
        parameter_of(family): number(parameter, m),
    }


def test_every_family_with_such_a_parameter_has_its_many_digits():
    have = {name for name in FAMILIES if set(FAMILIES[name].auxiliaries) & set(SIZES)}
    assert have == set(ORACLES) | OTHERS


@pytest.mark.parametrize("family", ORACLES)
def test_densities_of_arrays_and_graphs_equal_many_digits(family):
    points = points_of(family)
    y, n, eta, parameter = (np.array(column, np.float64) for column in zip(*points, strict=True))
    expected = np.array([float(digits.evaluated(ORACLES[family], *point)) for point in points])
    inputs = [pt.vector(name, dtype="float64") for name in ("y", "n", "eta", "parameter")]
    density = FAMILIES[family].log_density(*inputs[:2], at_of(family, *inputs[2:], GRAPH), GRAPH)
    slopes = pytensor.grad(density.sum(), inputs[2:])
    graph, in_eta, in_parameter = row_function(inputs, [density, *slopes])(y, n, eta, parameter)
    arrays = FAMILIES[family].log_density(y, n, at_of(family, eta, parameter, NUMPY), NUMPY)
    for found in (arrays, graph):
        errors = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
        worst = int(np.argmax(errors))
        assert errors[worst] <= BAR, (points[worst], found[worst], expected[worst])
    assert np.isfinite(in_eta).all() and np.isfinite(in_parameter).all()
    # Slopes in the linear predictor and in the log of the parameter, by what their large terms are.
    for position in range(0, len(points), 7):
        exact = [float(value) for value in digits.slopes(ORACLES[family], *points[position])]
        size = 1.0 + np.abs(y[position]) + np.max(np.abs(exact))
        found = in_eta[position], in_parameter[position] * parameter[position]
        if FAMILIES[family].is_discrete or parameter[position] < 1e6:
            assert (np.abs(np.subtract(found, exact)) <= 1e-9 * size).all(), (points[position], found, exact)


@pytest.mark.parametrize("kappa", [1e-8, 1.0, 700.0, 1e4, 1e8, 1e13, 1e30])
def test_angles_keep_their_digits_about_the_mean(kappa):
    family, y = FAMILIES["von_mises"], 0.7 / np.sqrt(1.0 + kappa)
    expected = stats.vonmises(kappa).logpdf(y) if kappa < 1e3 else stats.norm(0, kappa**-0.5).logpdf(y)
    found = family.log_density(y, 1.0, {"mu": number(0.0), "kappa": number(kappa)}, NUMPY)
    np.testing.assert_allclose(found, expected, rtol=1e-9 if kappa < 1e3 else 1.0 / kappa + 1e-12)
    symbol = pt.dscalar("kappa")
    log_density = family.log_density(
        y, 1.0, {"mu": number(0.0, GRAPH), "kappa": number(symbol, GRAPH)}, GRAPH
    )
    value, slope = row_function([symbol], [log_density, pytensor.grad(log_density, symbol)])(kappa)
    np.testing.assert_allclose(value, found, rtol=1e-12)
    assert np.isfinite(slope)


def test_the_parts_equal_many_digits():
    for x in (1e-300, 1e-8, 0.3, 5.0, 29.99, 30.0, 1e4, 1e17, 1e300):
        exact = float(digits.log_gamma(Decimal(x)) - stirling(Decimal(x)))
        np.testing.assert_allclose(binet(x, np.log(x), NUMPY), exact, rtol=1e-13, atol=1e-13)
    for x in (0.0, 1e-300, 1e-12, 1e-3, 0.2499, 0.25, 3.0, 1e9):
        exact = float(digits.log_gamma(1 + Decimal(x))) if x > 1e-50 else -0.5772156649015329 * x
        np.testing.assert_allclose(log_gamma_1p(x, NUMPY), exact, rtol=1e-12)
    for a in (1e-8, 0.5, 50.0, 1e5, 1e12, 1e100):
        exact = float((Decimal(a) * (Decimal(a) + 1)).ln())
        np.testing.assert_allclose(log_gamma_ratio(a, 2.0, NUMPY), exact, rtol=1e-13)


def stirling(x):
    from decimal import localcontext

    with localcontext() as context:
        context.prec = digits.DIGITS + 20 + max(0, x.adjusted())
        return (x - Decimal("0.5")) * x.ln() - x + (2 * digits.PI).ln() / 2


def rows_of(formula, data, family, **draws):
    model = gb.Model(formula, data, family=family)
    fit = gb.Fit.from_draws(model, {name: np.asarray(v, float)[None, None] for name, v in draws.items()})
    return np.asarray(fit.draws["log_likelihood"]["y"]).ravel()


@pytest.mark.parametrize("shape", [1e12, 1e14, 1e15, 1e300])
def test_a_negative_binomial_of_a_large_shape_is_the_poisson(shape):
    y = np.random.default_rng(0).binomial(6, 0.5, 200)
    found = rows_of("y ~ 1", {"y": y}, "negative_binomial", beta=[np.log(3)], shape=shape)
    assert found.sum() == pytest.approx(-352.630, abs=5e-4)
    np.testing.assert_allclose(found, stats.poisson(3).logpmf(y), rtol=1e-10)


@pytest.mark.parametrize("phi", [1e13, 1e300])
def test_a_beta_binomial_of_a_large_precision_is_the_binomial(phi):
    y = np.random.default_rng(1).binomial(10, 0.4, 200)
    found = rows_of(
        "y | trials(n) ~ 1", {"y": y, "n": np.full(200, 10)}, "beta_binomial", beta=[-0.4], phi=phi
    )
    np.testing.assert_allclose(found, stats.binom(10, 1 / (1 + np.exp(0.4))).logpmf(y), rtol=1e-10)


LIMITS = {
    "negative_binomial": lambda y: stats.poisson(3.0),
    "negative_binomial_1": lambda y: stats.poisson(3.0),
    "zero_inflated_negative_binomial": lambda y: stats.poisson(3.0),
    "student": lambda y: stats.norm(np.log(3.0), 1.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", LIMITS)
def test_tails_of_large_shapes_are_those_of_the_limit(family):
    shapes, y = np.array([1e11, 1e13, 1e15, 1e18, 1e100, 1e300]), 5.0
    law, zero = LIMITS[family](y), 0.25 if "zero" in family else 0.0
    place, eta = pt.vector("parameter", dtype="float64"), np.full(len(shapes), np.log(3.0))
    exact = {"log_cdf": zero + (1 - zero) * law.cdf(y), "log_survival": (1 - zero) * law.sf(y)}
    at, tails = at_of(family, pt.constant(eta), place, GRAPH), []
    for tail in exact:
        log_tail = getattr(FAMILIES[family], tail)(y, 1.0, at, GRAPH)
        tails += [log_tail, pytensor.grad(log_tail.sum(), place)]
    computed = row_function([place], tails)(shapes)
    for (tail, expected), value, slope in zip(exact.items(), computed[::2], computed[1::2], strict=True):
        of_arrays = getattr(FAMILIES[family], tail)(y, 1.0, at_of(family, eta, shapes, NUMPY), NUMPY)
        np.testing.assert_allclose(of_arrays, np.log(expected), rtol=1e-8)
        np.testing.assert_allclose(value, of_arrays, rtol=1e-12)
        # Of the last, the square is infinite and the slope is rounding.
        assert np.isfinite(slope).all() and (np.abs(slope * shapes)[:-1] < 1e-6).all()


@pytest.mark.parametrize("y", [0.0, 2.0])
def test_a_negative_binomial_has_no_density_at_a_mean_below_0(y):
    at = {"mu": RowValue(LINKS["identity"], np.array([-0.5, -3.0])), "shape": number(np.array(2.0))}
    found = FAMILIES["negative_binomial"].log_density(np.array([y, y]), np.ones(2), at, NUMPY)
    np.testing.assert_array_equal(found, [-np.inf, -np.inf])
