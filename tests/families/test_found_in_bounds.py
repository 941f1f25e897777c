"""Censoring and bounds: regions are cut, ends need not be whole, and nothing impossible has a likelihood."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.families import FAMILIES, Response
from glmm_bayes.families.likelihood import draw_responses, log_likelihood
from glmm_bayes.families.regions import censored_regions, without_region
from glmm_bayes.graph.maths import GRAPH
from tests.plain_mode import PLAIN

INF, NAN = np.inf, np.nan
# Fused operations of more than 32 operands have no Python form.
PARAMETERS = {"sigma": 0.7, "nu": 4.0, "shape": 1.7, "phi": 3.0, "zi": 0.3, "hu": 0.25}
WITH_CDF = [name for name in FAMILIES if FAMILIES[name].has_cdf]
DISCRETE = [name for name in WITH_CDF if FAMILIES[name].is_discrete]
CONTINUOUS = [name for name in WITH_CDF if not FAMILIES[name].is_discrete]
ETAS = (-30.0, -3.0, 0.0, 1.0, 4.0, 30.0, 200.0)


def at_of(family, eta, m=NUMPY, **given):
    values = PARAMETERS | given
    shape = (1,) * (np.ndim(eta) if m is NUMPY else 1)
    further = {name: number(np.full(shape, values[name]), m) for name in FAMILIES[family].auxiliaries}
    return {"mu": RowValue(LINKS[FAMILIES[family].links[0]], eta, m), **further}


def rows_of(formula, data, family, **draws):
    model = gb.Model(formula, pd.DataFrame(data), family=family)
    fit = gb.Fit.from_draws(model, {name: np.asarray(v, float)[None, None] for name, v in draws.items()})
    return np.asarray(fit.draws["log_likelihood"]["y"]).ravel()


def refusal(formula, data, family):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(formula, pd.DataFrame(data), family=family)
    return str(caught.value)


@pytest.mark.parametrize("tail", ["log_cdf", "log_survival"])
@pytest.mark.parametrize("family", DISCRETE)
def test_between_whole_numbers_a_distribution_function_is_that_of_the_lower(family, tail):
    k = np.arange(-2.0, 30.0)
    eta = np.full(len(k), 0.9)
    whole, half = (getattr(FAMILIES[family], tail)(y, 1.0, at_of(family, eta), NUMPY) for y in (k, k + 0.5))
    np.testing.assert_array_equal(whole, half)
    place = pt.vector("y", dtype="float64")
    graph = getattr(FAMILIES[family], tail)(place, 1.0, at_of(family, pt.constant(eta), GRAPH), GRAPH)
    function = pytensor.function([place], graph, mode=PLAIN)
    np.testing.assert_allclose(function(k), whole, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(function(k), function(k + 0.5))


@pytest.mark.parametrize("family", DISCRETE)
def test_a_distribution_function_sums_up_the_probabilities(family):
    k = np.arange(0.0, 40.0)
    at = at_of(family, np.full(len(k), 0.9))
    masses = np.exp(FAMILIES[family].log_density(k, 1.0, at, NUMPY))
    for tail, expected in (("log_cdf", masses.cumsum()), ("log_survival", 1.0 - masses.cumsum())):
        found = np.exp(getattr(FAMILIES[family], tail)(k, 1.0, at, NUMPY))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def grid_of(family):
    """Return rows of every kind of censoring under many bounds; ends are whole or not, in or out."""
    unit = FAMILIES[family].support.ceiling is not None
    ys = [-1.0, 0.0, 0.2, 0.4, 0.9, 1.0] if unit else [-1.0, -0.5, 0.0, 0.4, 1.0, 2.5, 3.0, 8.0, 40.0]
    lower = [-INF, -0.5, 0.0, 0.4] if unit else [-INF, -0.5, 0.0, 0.4, 1.0, 2.2]
    upper = [INF, 0.8, 1.0] if unit else [INF, 0.8, 1.0, 3.5, 12.0, 60.0]
    rows = []
    for code, y, low, high in itertools.product([-1, 1, 2], ys, lower, upper):
        ends = [end for end in (*ys, 3.7, INF) if end > y] if code == 2 else [NAN]
        rows += [(code, y, end, low, high) for end in ends if low < high]
    code, y, end, low, high = (np.array(column) for column in zip(*rows, strict=True))
    return y, Additions(censored=code.astype(np.int8), interval_end=end, lower=low, upper=high)


@pytest.mark.parametrize("family", WITH_CDF)
def test_no_censored_row_is_more_than_certain_and_each_possible_one_has_a_probability(family):
    y, additions = grid_of(family)
    region = censored_regions(FAMILIES[family].support, y, additions)
    lost = without_region(FAMILIES[family].support, *region, additions)
    assert 0.05 < lost.mean() < 0.7
    additions = replace(additions, region=region)
    for eta in ETAS:
        at = at_of(family, np.full(len(y), eta))
        with np.errstate(all="ignore"):
            found = log_likelihood(FAMILIES[family], y, np.ones(len(y)), at, additions, NUMPY)
            bounds = log_likelihood(
                FAMILIES[family], y, np.ones(len(y)), at, replace(additions, lower=None, upper=None), NUMPY
            )
        assert np.isfinite(found[~lost]).all()
        # Rounding is of the two logs, which are differences of what the region and the bounds have.
        assert (found[~lost] <= 1e-9 + 1e-13 * np.abs(bounds[~lost])).all()
        assert not (np.isfinite(found[lost])).any()


@pytest.mark.parametrize("family", WITH_CDF)
def test_regions_have_the_probability_of_all_that_is_inside_them(family):
    y, additions = grid_of(family)
    region = censored_regions(FAMILIES[family].support, y, additions)
    kept = ~without_region(FAMILIES[family].support, *region, additions)
    at = at_of(family, np.array([0.4]))
    code, low, high = additions.censored, additions.lower, additions.upper
    start = np.where(code == -1, -INF, y)
    end = np.select([code == -1, code == 1], [y, INF], additions.interval_end)
    numbers, masses = cells_of(family, at)
    inside = (numbers >= low[:, None]) & (numbers <= high[:, None])
    known = inside & (numbers > start[:, None]) & (numbers <= end[:, None])
    with np.errstate(invalid="ignore"):
        share = (known @ masses) / (inside @ masses)
    found = np.exp(
        log_likelihood(FAMILIES[family], y, np.ones(len(y)), at, replace(additions, region=region), NUMPY)
    )
    tolerance = 1e-10 if FAMILIES[family].is_discrete else 2e-4
    np.testing.assert_allclose(found[kept], share[kept], rtol=0, atol=tolerance)
    # What is refused is impossible.
    assert not (share[~kept] >= tolerance).any()


def cells_of(family, at):
    """Return numbers and their probabilities by the density alone, an atom at the floor included."""
    if FAMILIES[family].is_discrete:
        numbers = np.arange(0.0, 400.0)
        return numbers, np.exp(FAMILIES[family].log_density(numbers, 1.0, at, NUMPY))
    unit = FAMILIES[family].support.ceiling is not None
    edges = np.linspace(0.0, 1.0, 5_001) if unit else np.linspace(-60.0, 160.0, 22_001)
    middle = 0.5 * (edges[1:] + edges[:-1])
    some = middle > (-INF if FAMILIES[family].support.floor is None else 0.0)
    middle = middle[some]
    masses = np.exp(FAMILIES[family].log_density(middle, 1.0, at, NUMPY)) * (edges[1] - edges[0])
    if FAMILIES[family].support.floor_has_mass:
        atom = np.exp(FAMILIES[family].log_density(np.zeros(1), 1.0, at, NUMPY))
        return np.append(0.0, middle), np.append(atom, masses)
    return middle, masses


@pytest.mark.parametrize("width", [1e-1, 1e-5, 1e-9, 1e-14])
@pytest.mark.parametrize("family", CONTINUOUS)
def test_narrow_intervals_have_the_density_times_their_width(family, width):
    low = np.array([0.375])
    high = low + width
    at = at_of(family, np.array([0.4]))
    found = FAMILIES[family].log_between(low, high, 1.0, at, NUMPY)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    y = 0.5 * (low + high) + 0.5 * (high - low) * nodes
    terms = FAMILIES[family].log_density(y, 1.0, at, NUMPY) + np.log(weights)
    expected = np.logaddexp.reduce(terms) + np.log(0.5 * (high - low))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


BOUNDS = {
    "whole": (1.0, 3.0), "not whole": (1.3, 3.5), "lower": (2.5, INF), "upper": (-INF, 3.5),
    "with zero": (0.0, 2.0), "far": (150.0, 160.5),
}  # fmt: skip
UNIT_BOUNDS = {"lower": (0.3, INF), "upper": (-INF, 0.8), "both": (0.2, 0.7)}


@pytest.mark.parametrize("family", WITH_CDF)
def test_replicates_lie_inside_the_bounds_wherever_the_mean_is(family):
    law, size = FAMILIES[family], 2
    for low, high in (UNIT_BOUNDS if law.support.ceiling is not None else BOUNDS).values():
        for eta in (-300.0, -30.0, -2.0, 1.0, 8.0, 30.0, 200.0):
            additions = Additions(lower=np.full(size, low), upper=np.full(size, high))
            response = Response("y", "y", np.ones(size), np.ones(size), additions=additions)
            at = at_of(family, np.full((3, size), eta))
            drawn = draw_responses(law, np.random.default_rng(1), response, at)
            assert (drawn >= low).all() and (drawn <= high).all(), (low, high, eta)
            assert not law.is_discrete or (drawn == np.floor(drawn)).all()


@pytest.mark.parametrize("family", DISCRETE)
def test_replicates_inside_bounds_follow_their_law(family):
    law, size = FAMILIES[family], 4000
    additions = Additions(lower=np.array([0.6]), upper=np.array([3.5]))
    response = Response("y", "y", np.ones(1), np.ones(1), additions=additions)
    drawn = draw_responses(law, np.random.default_rng(2), response, at_of(family, np.full((size, 1), 6.0)))
    k = np.arange(1.0, 4.0)
    masses = np.exp(law.log_density(k, 1.0, at_of(family, np.array([6.0])), NUMPY))
    counts = [(drawn == value).sum() for value in k]
    expected = size * masses / masses.sum()
    some = expected > 5
    assert stats.chisquare(np.array(counts)[some], expected[some], sum_check=False).pvalue > 1e-4


def test_zeros_beside_positive_numbers_keep_their_share_below_a_bound():
    response = Response("y", "y", np.ones(1), np.ones(1), additions=Additions(upper=np.array([2.0])))
    at = at_of("hurdle_gamma", np.full((4000, 1), 5.0))
    drawn = draw_responses(FAMILIES["hurdle_gamma"], np.random.default_rng(3), response, at)
    share = 0.25 / (0.25 + 0.75 * stats.gamma(1.7, scale=np.exp(5.0) / 1.7).cdf(2.0))
    assert stats.binomtest(int((drawn == 0).sum()), 4000, share).pvalue > 1e-4 and drawn.max() <= 2.0


def test_a_bound_of_a_count_that_is_not_whole():
    found = rows_of("y | trunc(ub = 3.5) ~ 1", {"y": [1, 2]}, "poisson", beta=[1.2])
    assert found[0] == pytest.approx(-1.5683, abs=5e-5)
    law = stats.poisson(np.exp(1.2))
    np.testing.assert_allclose(found, law.logpmf([1, 2]) - law.logcdf(3), rtol=1e-12)
    found = rows_of("y | trunc(lb = 0.5) ~ 1", {"y": [1, 2]}, "poisson", beta=[1.2])
    np.testing.assert_allclose(found, law.logpmf([1, 2]) - law.logsf(0), rtol=1e-12)


def test_an_interval_of_a_count_that_does_not_end_at_a_whole_number():
    data = {"y": [1, 2, 0.5, -1], "c": ["interval", "none", "interval", "interval"], "y2": [3.5, NAN, INF, 2]}
    found = rows_of("y | cens(c, y2) ~ 1", data, "poisson", beta=[1.2])
    law = stats.poisson(np.exp(1.2))
    expected = [np.log(law.pmf([2, 3]).sum()), law.logpmf(2), law.logsf(0), law.logcdf(2)]
    assert found[0] == pytest.approx(-0.8681, abs=5e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_interval_wider_than_the_bounds_is_certain():
    data = {
        "y": [0.4, 0.1, 0.1, 9.0],
        "c": ["interval", "interval", "right", "left"],
        "y2": [9.0, INF, NAN, NAN],
    }
    found = rows_of("y | cens(c, y2) + trunc(lb = 0.4, ub = 5) ~ 1", data, "lognormal", beta=[1.2], sigma=0.6)
    np.testing.assert_array_equal(found, 0.0)


@pytest.mark.parametrize(
    ("family", "formula", "data", "row"),
    [
        (
            "lognormal",
            "y | cens(c) + trunc(lb = 0.4) ~ 1",
            {"y": [0.4, 1.0], "c": ["left", "none"]},
            "0: 0.4",
        ),
        ("gaussian", "y | cens(c) + trunc(ub = 3) ~ 1", {"y": [1.0, 3.0], "c": ["none", "right"]}, "1: 3"),
        ("gamma", "y | cens(c) ~ 1", {"y": [1.0, 0.0], "c": ["none", "left"]}, "1: 0"),
        ("poisson", "y | cens(c) ~ 1", {"y": [1, -1], "c": ["none", "left"]}, "1: -1"),
        (
            "poisson",
            "y | cens(c, z) ~ 1",
            {"y": [1, 2.2], "c": ["none", "interval"], "z": [0, 2.8]},
            "1: 2.2",
        ),
        ("beta", "y | cens(c) ~ 1", {"y": [0.5, 1.0], "c": ["none", "right"]}, "1: 1"),
    ],
)
def test_impossible_rows_are_refused_by_column_and_row(family, formula, data, row):
    text = refusal(formula, data, family)
    assert "[censoring]" in text and "'y'" in text and f"row {row}" in text


def test_a_positive_number_may_lie_above_zero_and_nothing_more_be_known():
    data = {"y": [0.0, 1.0, 0.0], "c": ["interval", "none", "right"], "y2": [50.0, NAN, NAN]}
    found = rows_of("y | cens(c, y2) ~ 1", data, "gamma", beta=[3.0], shape=1.5)
    assert found[0] == pytest.approx(stats.gamma(1.5, scale=np.exp(3.0) / 1.5).logcdf(50.0), rel=1e-12)
    assert found[2] == 0.0
    for family in ("lognormal", "weibull", "exponential", "inverse_gaussian", "gamma"):
        model = gb.Model("y | cens(c, y2) ~ 1", pd.DataFrame(data), family=family)
        assert "nan" not in str(model) and "inf" not in str(model).lower().replace("information", "")
    assert "hurdle_gamma" in refusal("y ~ 1", {"y": [0.0, 2.5]}, "gamma")


CODES = ["interval", "none", "left", "right", "interval"]


@pytest.mark.parametrize("unused", [NAN, None, INF, -5.0])
def test_upper_ends_are_asked_of_intervals_alone(unused):
    data = {"y": [1.0, 1.5, 2.0, 3.0, 4.0], "c": CODES, "y2": [5.0, unused, unused, unused, INF]}
    for missing in ("error", "drop"):
        model = gb.Model("y | cens(c, y2) ~ 1", pd.DataFrame(data), family="gamma", missing=missing)
        assert len(model.design) == 5
    found = rows_of("y | cens(c, y2) ~ 1", data, "gamma", beta=[1.0], shape=1.5)
    law = stats.gamma(1.5, scale=np.exp(1.0) / 1.5)
    expected = [np.log(law.cdf(5) - law.cdf(1)), law.logpdf(1.5), law.logcdf(2), law.logsf(3), law.logsf(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_missing_end_of_an_interval_is_told_and_dropping_never_advised():
    data = {"y": [1.0, 1.5, 2.0, 3.0, 4.0], "c": CODES, "y2": [5.0, NAN, NAN, NAN, NAN]}
    text = refusal("y | cens(c, y2) ~ 1", data, "gamma")
    assert "'y2'" in text and "row 4" in text and "drop" not in text
    text = refusal("y | cens(c) ~ 1", {"y": [1.0, NAN, 2.0], "c": ["none", "left", "none"]}, "gamma")
    assert "'y'" in text and "biased" in text and 'missing="drop"' not in text
    # A column that the right side reads is needed in every row.
    assert "'y2'" in refusal("y | cens(c, y2) ~ y2", data, "gamma")


def test_a_standard_error_of_zero_leaves_sigma_alone():
    data = {"y": [1.0, 2.0], "s": [0.0, 1.0]}
    found = rows_of("y | se(s, sigma = TRUE) ~ 1", data, "gaussian", beta=[0.0], sigma=1.3)
    np.testing.assert_allclose(found, stats.norm(0, [1.3, np.hypot(1.3, 1.0)]).logpdf([1.0, 2.0]), rtol=1e-12)
    assert "se(s) must be positive" in refusal("y | se(s) ~ 1", data, "gaussian")
    negative = {"y": [1.0, 2.0], "s": [-1.0, 1.0]}
    assert "at least 0" in refusal("y | se(s, sigma = TRUE) ~ 1", negative, "gaussian")


@pytest.mark.parametrize(
    ("values", "unseen"), [([1, 2, 4], "3"), ([1, 5, 7], "2 to 4, 6"), ([10, 200, 300], "")]
)
@pytest.mark.parametrize("family", ["cumulative", "sratio"])
def test_whole_numbers_that_were_never_seen_are_told(family, values, unseen):
    model = gb.Model("y ~ 1", pd.DataFrame({"y": values * 2}), family=family)
    text = " ".join(map(str, model.findings))
    assert (f"{unseen} was never seen" in text) if unseen else ("never seen" not in text)


def test_bounds_that_the_mean_lies_far_above_are_replicated():
    data = pd.DataFrame({"y": [1, 2, 3] * 10})
    model = gb.Model("y | trunc(lb = 1, ub = 3) ~ 1", data, family="zero_inflated_negative_binomial")
    draws = {"beta": np.full((1, 50, 1), 1.2), "zi": np.full((1, 50), 0.1), "shape": np.full((1, 50), 2.0)}
    drawn = gb.posterior_predictive(gb.Fit.from_draws(model, draws), seed=1)["posterior_predictive"]["y"]
    assert set(np.unique(drawn)) == {1.0, 2.0, 3.0}


CENSORED = pd.DataFrame(
    {
        "y": [1.5, 2.0, 0.0, 3.0, 2.0, 1.0],
        "c": ["interval", "none", "interval", "right", "left", "interval"],
        "z": [4.5, NAN, 2.5, NAN, NAN, INF],
        "x": [0.1, -0.4, 0.9, 0.3, -1.0, 0.2],
    }
)


@pytest.mark.parametrize(
    "family",
    [
        "poisson",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("gaussian", "gamma", "zero_inflated_negative_binomial", "hurdle_gamma")
        ),
    ],
)
def test_the_graph_has_the_rows_of_the_fit_and_finite_gradients(family):
    bounds = "trunc(lb = 0.4, ub = 20.5)" if family == "gaussian" else "trunc(ub = 20.5)"
    model = gb.Model(f"y | cens(c, z) + {bounds} ~ x", CENSORED, family=family)
    graph = model.pymc_model
    point = graph.initial_point()
    names = ("beta", *FAMILIES[family].auxiliaries)
    outputs = graph.replace_rvs_by_values([graph[name] for name in names])
    rows = graph.logp(vars=[graph["y"]], sum=False)[0]
    slopes = pytensor.grad(rows.sum(), graph.value_vars, disconnected_inputs="ignore")
    function = pytensor.function(
        graph.value_vars, [rows, *slopes, *outputs], mode=PLAIN, on_unused_input="ignore"
    )
    found = function(*(point[value.name] for value in graph.value_vars))
    size = len(slopes)
    draws = {name: np.asarray(v)[None, None] for name, v in zip(names, found[1 + size :], strict=True)}
    expected = gb.Fit.from_draws(model, draws).draws["log_likelihood"]["y"].to_numpy().ravel()
    np.testing.assert_allclose(found[0], expected, rtol=1e-9, atol=1e-12)
    assert all(np.isfinite(slope).all() for slope in found[1 : 1 + size])


@pytest.mark.parametrize("family", ["gamma", "poisson"])
def test_the_transform_of_a_censored_row_is_drawn_from_its_region(family):
    data = pd.DataFrame({"y": [0.5, 0.5, 3.5], "c": ["interval", "right", "left"], "z": [3.5, NAN, NAN]})
    model = gb.Model("y | cens(c, z) + trunc(ub = 3.5) ~ 1", data, family=family)
    draws = {"beta": np.full((2, 500, 1), 0.4)}
    draws |= {name: np.full((2, 500), PARAMETERS[name]) for name in FAMILIES[family].auxiliaries}
    fit = gb.Fit.from_draws(model, draws)
    likelihood = np.exp(fit.draws["log_likelihood"]["y"].to_numpy()[0, 0])
    values = np.stack([gb.pit(fit, seed=seed).to_numpy() for seed in range(12)])
    # Each lies in a region of the width of its likelihood, at the upper or the lower end.
    assert (values[:, :2] >= 1.0 - likelihood[:2] - 0.06).all() and values[:, 2].min() >= 0
    assert likelihood[2] == 1.0 and likelihood[0] == pytest.approx(likelihood[1], rel=1e-12)


def test_what_was_censored_is_the_same_in_a_file(tmp_path):
    model = gb.Model("y | cens(c, z) ~ x", CENSORED, family="gamma")
    fit = gb.Fit.from_draws(model, {"beta": np.full((1, 3, 2), 0.3), "shape": np.full((1, 3), 1.5)})
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    xr_equal = again.draws["log_likelihood"]["y"].to_numpy() == fit.draws["log_likelihood"]["y"].to_numpy()
    assert xr_equal.all()
