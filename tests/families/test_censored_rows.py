"""Censored and bounded rows of a model: what their likelihood is, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from tests.example_models import at_a_point
from tests.families.test_regions import PARAMETERS

INF, NAN = np.inf, np.nan


def rows_of(formula, data, family, **draws):
    model = gb.Model(formula, pd.DataFrame(data), family=family)
    fit = gb.Fit.from_draws(model, {name: np.asarray(v, float)[None, None] for name, v in draws.items()})
    return np.asarray(fit.draws["log_likelihood"]["y"]).ravel()


def refusal(formula, data, family):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(formula, pd.DataFrame(data), family=family)
    return str(caught.value)


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
    draws, rows, has_finite_gradient = at_a_point(model, size=0.0)
    expected = gb.Fit.from_draws(model, draws).draws["log_likelihood"]["y"].to_numpy().ravel()
    np.testing.assert_allclose(rows, expected, rtol=1e-9, atol=1e-12)
    assert has_finite_gradient


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


@pytest.mark.parametrize("bounds", [(0.0, 5.0), (None, 5.0), (0.0, None)])
def test_a_censored_response_inside_bounds_lies_between_its_end_and_the_bound(bounds):
    lb, ub = bounds
    data = pd.DataFrame({"v": [0.5, 0.9, 2.0, 1.1], "c": ["left", "left", "right", "none"]})
    given = ", ".join(
        f"{name}={value}" for name, value in zip(("lb", "ub"), bounds, strict=True) if value is not None
    )
    found = rows_of(f"v | cens(c) + trunc({given}) ~ 1", data, "gaussian", beta=[0.0], sigma=1.0)
    low, high = stats.norm.cdf(-np.inf if lb is None else lb), stats.norm.cdf(np.inf if ub is None else ub)
    F = stats.norm.cdf(data["v"])
    mass = [F[0] - low, F[1] - low, high - F[2], stats.norm.pdf(1.1)]
    np.testing.assert_allclose(found, np.log(mass) - np.log(high - low), rtol=1e-10)


def test_the_published_left_censored_rows():
    data = pd.DataFrame({"v": [0.5, 0.9, 2.0], "c": ["left", "left", "none"]})
    found = rows_of("v | cens(c) + trunc(lb=0, ub=5) ~ 1", data, "gaussian", beta=[0.0], sigma=1.0)
    np.testing.assert_allclose(found[:2], [-0.960, -0.459], atol=5e-4)
