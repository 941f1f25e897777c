"""Means over several linear predictors: values of statistics.md section 5, closed forms, certificates."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import special

from glmm_bayes.core.integrals import second_moment
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import number
from tests.core.linked_predictors import one, predictor


def pair(first, second, link="log"):
    """Return the two predictors of section 5: sds .8 and 1.2, correlation .5."""
    at = {first: predictor(link, one(0.3)), second: predictor("logit", one(-1.0))}
    return Joint(at, {first: one(0.64), second: one(1.44)}, {(first, second): one(0.48)})


def agrees(value, printed, extra=0.0):
    """Whether a value rounds to the printed digits, up to what is said to be its error."""
    return abs(float(value) - float(printed)) <= 0.5 * 10.0 ** Decimal(printed).as_tuple().exponent + extra


def softmax(names):
    def probabilities(at):
        eta = [at[name].eta for name in names]
        stacked = np.stack(np.broadcast_arrays(np.zeros_like(eta[0]), *eta), axis=-1)
        return special.softmax(stacked, axis=-1)

    return probabilities


# Check values of statistics.md section 5.


def test_zero_inflated_counts_have_the_exact_mean():
    joint = pair("mu", "zi")
    mean = joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value))
    assert agrees(mean.value.item(), "1.11506532120")
    tilted = joint.product("mu", "zi")
    assert agrees(tilted.value.item(), "1.11506532120", tilted.error)
    # What the mean is not: the parts averaged apart, and the random parts at zero.
    apart = Joint(joint.at, joint.variance, {}).product("mu", "zi")
    assert agrees(apart.value.item(), "1.27554106512", apart.error)
    assert agrees(joint.only().product("mu", "zi").value.item(), ".986825861218")


def test_zero_inflated_counts_have_the_exact_second_moment():
    mean = pair("mu", "zi").mean(lambda at: (1.0 - at["zi"].value) * (at["mu"].value + at["mu"].value ** 2))
    assert agrees(mean.value.item(), "4.442738526602")


def test_hurdle_lognormal_has_the_exact_mean():
    mean = pair("mu", "hu").product("mu", "hu")
    factor = np.exp(0.6**2 / 2)
    assert agrees(factor * mean.value.item(), "1.33497556355", factor * mean.error)


def test_hurdle_poisson_has_the_exact_mean():
    def truncated(at):
        mu = at["mu"].value
        return mu / -np.expm1(-mu)

    joint = pair("mu", "hu")
    both = joint.mean(lambda at: truncated(at) * (1.0 - at["hu"].value))
    assert agrees(both.value.item(), "1.45187458943")
    given = joint.conditional(truncated, "mu", "hu")
    assert given.rule.startswith("trapezoid, ")
    assert agrees(given.value.item(), "1.45187458943", given.error)
    assert given.error < 2e-8


def test_the_mean_of_a_distributional_variance():
    joint = Joint({"sigma": predictor("log", one(-0.2))}, {"sigma": one(0.09)}, {})
    assert agrees(joint.mean(lambda at: at["sigma"].value ** 2).value.item(), ".802518797962")
    assert agrees(second_moment(LINKS["log"], -0.2, 0.09), ".802518797962")


THRESHOLDS = np.array([[[-1.0, 0.5, 2.0]]])


def ordinal(link, kind):
    """Return category probabilities from mu and the thresholds."""

    def cumulative(at):
        below = LINKS[link].inverse(at["tau"].eta - at["mu"].eta[..., None])
        return np.diff(below, axis=-1, prepend=0.0, append=1.0)

    def sequential(at):
        stop = LINKS[link].inverse(at["tau"].eta - at["mu"].eta[..., None])
        goes_on = np.cumprod(1.0 - stop, axis=-1)
        before = np.concatenate([np.ones((*stop.shape[:-1], 1)), goes_on], axis=-1)
        return before * np.concatenate([stop, np.ones((*stop.shape[:-1], 1))], axis=-1)

    return {"cumulative": cumulative, "sratio": sequential}[kind]


@pytest.mark.parametrize(
    ("kind", "link", "v", "tolerance", "printed"),
    [
        ("cumulative", "logit", 2.25, 6e-9, (0.268503779, 0.249162802, 0.241785960, 0.240547459)),
        ("cumulative", "probit", 2.25, 1e-6, (0.218703, 0.303415, 0.290483, 0.187399)),
        ("cumulative", "logit", 0.0, 5e-7, (0.197816, 0.327163, 0.307039, 0.167982)),
        ("sratio", "logit", 2.25, 6e-9, (0.268503779, 0.320726574, 0.252224737, 0.158544911)),
    ],
)
def test_ordinal_probabilities_are_the_exact_ones(kind, link, v, tolerance, printed):
    at = {"mu": predictor("identity", one(0.4)), "tau": number(THRESHOLDS)}
    mean = Joint(at, {"mu": one(v)}, {}).mean(ordinal(link, kind))
    assert mean.value.shape == (1, 1, 4)
    np.testing.assert_allclose(mean.value[0, 0], printed, rtol=0, atol=tolerance)
    assert mean.value.sum() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("v", "printed"),
    [
        (1.0, (".364779400", ".467667399", ".167553201")),
        (0.0, (".3679530", ".4966846", ".1353624")),
    ],
)
def test_categorical_probabilities_are_the_exact_ones(v, printed):
    at = {"b": predictor("identity", one(0.3)), "c": predictor("identity", one(-1.0))}
    joint = Joint(at, {"b": one(0.64 * v), "c": one(1.44 * v)}, {("b", "c"): one(0.48 * v)})
    mean = joint.mean(softmax(["b", "c"]))
    assert all(agrees(value, text) for value, text in zip(mean.value[0, 0], printed, strict=True))


# Closed forms in more dimensions.


def exponential(k, v, correlation):
    """Return k log-link predictors with equal variances and correlations."""
    names = [f"p{i}" for i in range(k)]
    at = {name: predictor("log", one(-0.5 * i)) for i, name in enumerate(names)}
    pairs = {(a, b): one(correlation * v) for i, a in enumerate(names) for b in names[i + 1 :]}
    return names, Joint(at, {name: one(v) for name in names}, pairs)


@pytest.mark.parametrize(
    ("k", "v", "correlation", "powers"),
    [
        (1, 16.0, 0.0, (1,)),
        (1, 16.0, 0.0, (2,)),
        (1, 16.0, 0.0, (-1,)),
        (2, 16.0, 0.5, (1, 1)),
        (2, 16.0, -0.8, (2, 1)),
        (2, 16.0, 1.0, (1, 1)),
        (3, 4.0, 0.3, (1, 1, 1)),
        (3, 16.0, -0.3, (1, 1, -1)),
    ],
)
def test_exponential_growth_is_followed_to_where_its_mass_is(k, v, correlation, powers):
    names, joint = exponential(k, v, correlation)
    powers = np.array(powers, float)
    cov = v * ((1.0 - correlation) * np.eye(k) + correlation)
    exact = np.exp(powers @ (-0.5 * np.arange(k)) + powers @ cov @ powers / 2)
    result = joint.mean(lambda at: np.exp(sum(p * at[n].eta for n, p in zip(names, powers, strict=True))))
    assert result.value.item() == pytest.approx(exact, rel=1e-9)
    assert abs(result.value.item() - exact) <= result.error


def test_three_predictors_of_variance_16_are_within_1e_minus_6():
    names, joint = exchangeable(3, 8.0)
    result = joint.mean(softmax(names))
    np.testing.assert_allclose(result.value, 0.25, rtol=1e-6)
    assert np.abs(result.value - 0.25).max() <= result.error < 1e-4


@pytest.mark.parametrize("v", [0.25, 4.0, 16.0])
def test_the_tilt_agrees_with_the_product_rule(v):
    at = {"mu": predictor("log", one(0.3)), "zi": predictor("probit", one(-1.0))}
    joint = Joint(at, {"mu": one(v), "zi": one(1.44)}, {("mu", "zi"): one(0.6 * np.sqrt(1.44 * v))})
    both = joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value))
    tilted = joint.product("mu", "zi")
    assert tilted.rule == "exact"
    assert both.value.item() == pytest.approx(tilted.value.item(), rel=1e-10)


def test_a_mean_that_is_infinite_has_no_error_bound():
    joint = Joint({"s": predictor("log", one(0.0))}, {"s": one(1.0)}, {})
    result = joint.mean(lambda at: LINKS["log"].inverse(at["s"].value))
    assert result.error == np.inf


def exchangeable(k, v):
    """Return predictors eta_j - eta_0 of k + 1 exchangeable categories."""
    names = [f"p{i}" for i in range(k)]
    at = {name: predictor("identity", one(0.0)) for name in names}
    pairs = {(a, b): one(v) for i, a in enumerate(names) for b in names[i + 1 :]}
    return names, Joint(at, {name: one(2.0 * v) for name in names}, pairs)


@pytest.mark.parametrize(("k", "v"), [(1, 4.0), (2, 1.0), (2, 8.0), (3, 0.5), (3, 2.0), (4, 1.0), (5, 4.0)])
def test_exchangeable_categories_are_equally_likely_within_the_certificate(k, v):
    names, joint = exchangeable(k, v)
    result = joint.mean(softmax(names))
    kind = {1: "trapezoid, ", 2: "product trapezoid, ", 3: "product trapezoid, "}
    assert result.rule.startswith(kind.get(k, "scrambled Sobol, 8 x 4096 points"))
    assert np.abs(result.value - 1.0 / (k + 1)).max() <= result.error < (1e-6 if k < 4 else 1e-3)


@pytest.mark.parametrize("v", [0.5, 4.0, 16.0])
def test_sobol_points_agree_with_the_exact_mean_within_their_stated_error(v):
    names, joint = exponential(4, v, 0.3)
    exact = np.exp(-0.5 * 6 + 0.5 * v * (4 + 12 * 0.3))
    result = joint.mean(lambda at: np.exp(sum(at[name].eta for name in names)))
    assert abs(result.value.item() - exact) <= result.error < 1e-3 * exact


def test_sobol_points_agree_with_conditional_means_within_their_stated_error():
    names, joint = exchangeable(3, 1.0)
    probabilities = softmax(names)
    # A fourth, independent random part that multiplies: its mean is known.
    at = {**joint.at, "scale": predictor("log", one(0.2))}
    four = Joint(at, {**joint.variance, "scale": one(0.49)}, joint.covariance)
    result = four.mean(lambda at: probabilities(at) * at["scale"].value[..., None])
    assert np.abs(result.value - 0.25 * np.exp(0.2 + 0.245)).max() <= result.error < 1e-3
    again = four.mean(lambda at: probabilities(at) * at["scale"].value[..., None])
    np.testing.assert_array_equal(result.value, again.value)
