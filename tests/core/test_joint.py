"""Means over several linear predictors: values of statistics.md section 5, brute force, certificates."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import numpy as np
import pytest
from scipy import special, stats

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.integrals import population_mean, second_moment
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import RowValue, number


def one(x):
    return np.array([[float(x)]])


def predictor(link, eta):
    return RowValue(LINKS[link], np.asarray(eta, float))


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


# How functions are called.


def many(draws, rows):
    rng = np.random.default_rng(0)
    at = {
        "mu": predictor("log", rng.normal(size=(draws, rows))),
        "zi": predictor("logit", rng.normal(size=(draws, 1))),
        "shape": predictor("log", rng.normal(size=(draws, 1))),
        "phi": number(2.0),
    }
    v = {"mu": rng.uniform(0.1, 1.0, (draws, rows)), "zi": rng.uniform(0.1, 1.0, (draws, rows))}
    return Joint(at, v, {("mu", "zi"): -0.5 * np.sqrt(v["mu"] * v["zi"])})


def test_functions_may_hold_one_value_for_each_row_and_blocks_leave_no_seam():
    joint, trials = many(700, 3), np.array([1.0, 5.0, 20.0])

    def function(at):
        share = at["shape"].value / (at["shape"].value + at["phi"].value)
        return trials * at["mu"].value * (1.0 - at["zi"].value) * share

    whole = joint.mean(function)
    assert whole.value.shape == (700, 3)
    share = joint.at["shape"].value / (joint.at["shape"].value + 2.0)
    np.testing.assert_allclose(whole.value, trials * share * joint.product("mu", "zi").value, rtol=1e-7)
    np.testing.assert_array_equal(whole.value, joint.mean(function).value)


def test_only_puts_the_other_random_parts_at_zero():
    joint = many(4, 3)
    result = joint.only("mu").mean(lambda at: at["mu"].value * at["zi"].value)
    np.testing.assert_allclose(
        result.value,
        np.exp(joint.at["mu"].eta + joint.variance["mu"] / 2) * joint.at["zi"].value,
        rtol=1e-9,
    )
    assert joint.only("mu").covariance == {}
    assert joint.only("mu", "zi") == joint


def test_without_variance_the_function_itself_is_exact():
    joint = many(4, 3).only()
    result = joint.mean(lambda at: at["mu"].value + at["zi"].value)
    np.testing.assert_array_equal(result.value, joint.at["mu"].value + joint.at["zi"].value)
    assert (result.rule, result.error) == ("exact", 0.0)
    product = joint.product("mu", "zi")
    np.testing.assert_allclose(product.value, joint.at["mu"].value * (1 - joint.at["zi"].value), rtol=1e-14)
    assert (product.rule, product.error) == ("exact", 0.0)


def test_a_row_without_variance_has_the_value_itself():
    joint = many(4, 3)
    for v in joint.variance.values():
        v[:, 1] = 0.0
    joint.covariance[("mu", "zi")][:, 1] = 0.0
    plain = (joint.at["mu"].value * (1.0 - joint.at["zi"].value))[:, 1]
    for result in (
        joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value)),
        joint.product("mu", "zi"),
        joint.conditional(lambda at: at["mu"].value, "mu", "zi"),
    ):
        np.testing.assert_allclose(result.value[:, 1], plain, rtol=1e-8)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_no_draws_or_no_rows_give_no_means(shape):
    empty = np.empty(shape)
    at = {"mu": predictor("softplus", empty), "zi": predictor("logit", empty)}
    joint = Joint(at, {"mu": empty, "zi": empty}, {("mu", "zi"): empty})
    assert joint.mean(lambda at: at["mu"].value * at["zi"].value).value.shape == shape
    assert joint.product("mu", "zi").value.shape == shape


def test_a_random_part_may_have_one_value_for_all_rows():
    joint = many(5, 3)
    one_for_all = {"mu": joint.variance["mu"], "zi": joint.variance["zi"][:, :1]}
    covariance = -0.5 * np.sqrt(one_for_all["mu"] * one_for_all["zi"])
    narrow = Joint(joint.at, one_for_all, {("mu", "zi"): covariance})
    wide = Joint(
        joint.at, {name: np.broadcast_to(v, (5, 3)) for name, v in one_for_all.items()}, narrow.covariance
    )
    for call in (
        lambda joint: joint.mean(lambda at: at["mu"].value * at["zi"].value),
        lambda joint: joint.only("zi").mean(lambda at: at["mu"].value * at["zi"].value),
        lambda joint: joint.product("mu", "zi"),
        lambda joint: joint.conditional(lambda at: at["mu"].value, "mu", "zi"),
    ):
        np.testing.assert_array_equal(call(narrow).value, call(wide).value)


@pytest.mark.parametrize("v", [-1.0, np.nan, np.inf])
def test_a_variance_must_be_finite_and_not_negative(v):
    joint = Joint({"mu": predictor("log", one(0.0))}, {"mu": one(v)}, {})
    with pytest.raises(ValueError, match="finite and not negative"):
        joint.mean(lambda at: at["mu"].value)


def test_three_ways_to_one_product():
    joint = many(20, 3)
    tilted = joint.product("mu", "zi")
    given = joint.conditional(lambda at: at["mu"].value, "mu", "zi")
    both = joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value))
    assert np.abs(given.value - both.value).max() <= given.error + both.error
    assert np.abs(tilted.value - both.value).max() <= tilted.error + both.error
    np.testing.assert_allclose(tilted.value, both.value, rtol=1e-7)


def test_a_probability_of_one_keeps_the_digits_of_its_complement():
    joint = Joint(
        {"mu": predictor("log", one(0.0)), "zi": predictor("logit", one(30.0))},
        {"mu": one(0.25), "zi": one(1.0)},
        {("mu", "zi"): one(0.2)},
    )
    exact = np.exp(0.125 - 30.2 + 0.5)
    assert joint.product("mu", "zi").value.item() == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("name", ["inverse", "inverse_squared"])
def test_a_pole_leaves_no_mean(name):
    at = {"mu": predictor(name, one(2.0)), "zi": predictor("logit", one(0.0))}
    joint = Joint(at, {"mu": one(0.1), "zi": one(0.1)}, {("mu", "zi"): one(0.05)})
    calls = [
        lambda: joint.mean(lambda at: at["mu"].value),
        lambda: joint.product("mu", "zi"),
        lambda: joint.conditional(lambda at: at["mu"].value, "mu", "zi"),
    ]
    for call in calls:
        with pytest.raises(PredictionError, match=f"the {name} link has a pole") as caught:
            call()
        assert caught.value.code == "estimand_undefined"


def test_memory_is_bounded_whatever_the_number_of_draws():
    joint = many(1000, 4)
    tracemalloc.start()
    try:
        joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Draws x rows x nodes would be 30 MB and more.
    assert peak < 6e6
