"""Bounds that are open in some rows, and rows that are told once: data as they come."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from tests.families.test_censored_rows import refusal, rows_of

Y = np.array([0.4, 1.2, 2.5, 0.9, 3.1, 1.7])
K = np.array([1, 2, 3, 1, 4, 2])
LOWER = np.array([-np.inf, 0.5, -np.inf, 0.2, 1.0, -np.inf])
UPPER = np.array([np.inf, 2.0, 3.0, np.inf, 9.0, np.inf])
DATA = pd.DataFrame({"y": Y, "k": K, "lb": LOWER, "ub": UPPER})


def test_a_row_without_a_bound_is_not_divided_by_anything():
    law = stats.norm(1.1, 0.8)
    found = rows_of("y | trunc(lb = lb, ub = ub) ~ 1", DATA, "gaussian", beta=[1.1], sigma=0.8)
    wanted = law.logpdf(Y) - np.log(law.cdf(UPPER) - law.cdf(LOWER))
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


@pytest.mark.parametrize("end", ["lb", "ub"])
def test_counts_with_one_bound_that_is_open_in_some_rows(end):
    law = stats.poisson(2.2)
    found = rows_of(f"k | trunc({end} = {end}) ~ 1", DATA, "poisson", beta=[np.log(2.2)])
    mass = law.sf(np.ceil(LOWER) - 1) if end == "lb" else law.cdf(np.floor(UPPER))
    mass = np.where(np.isinf(LOWER if end == "lb" else UPPER), 1.0, mass)
    np.testing.assert_allclose(found, law.logpmf(K) - np.log(mass), rtol=1e-10)


def test_replicates_stay_inside_the_bounds_that_are_there():
    model = gb.Model("y | trunc(lb = lb, ub = ub) ~ 1", DATA)
    fit = gb.Fit.from_draws(model, {"beta": np.full((1, 50, 1), 1.0), "sigma": np.full((1, 50), 3.0)})
    drawn = gb.posterior_predictive(fit)["posterior_predictive"]["y"].to_numpy().reshape(-1, len(Y))
    assert (drawn >= LOWER).all() and (drawn <= UPPER).all() and (drawn[:, 0] < -1.0).any()


def test_a_saved_fit_keeps_open_bounds(tmp_path):
    model = gb.Model("y | trunc(lb = lb, ub = ub) ~ 1", DATA)
    fit = gb.Fit.from_draws(model, {"beta": [[[1.0]]], "sigma": [[1.0]]})
    fit.save(tmp_path / "a.glmm")
    loaded = gb.load(tmp_path / "a.glmm")
    np.testing.assert_array_equal(loaded.response.additions.lower, LOWER)
    np.testing.assert_array_equal(loaded.response.additions.upper, UPPER)


def test_a_missing_bound_is_told_what_an_open_one_is():
    said = refusal("y | trunc(lb = lb) ~ 1", DATA.assign(lb=[np.nan, 0.1, 0.1, 0.1, 0.1, 0.1]), "gaussian")
    assert "'lb': 1 of 6 values missing (row 0)" in said and "Write inf, or -inf" in said


@pytest.mark.parametrize("lb", [np.inf, 5.0])
def test_bounds_that_leave_nothing_are_refused(lb):
    assert "trunc" in refusal("y | trunc(lb = lb) ~ 1", DATA.assign(lb=lb), "gaussian")


@pytest.mark.parametrize("family", ["gamma", "weibull", "lognormal", "beta", "exponential"])
def test_an_impossible_censored_row_is_told_once_with_its_own_value(family):
    y = np.where(np.arange(6) == 0, -1.0, Y / 5.0)
    said = refusal("y | cens(c) ~ 1", {"y": y, "c": ["left", *["none"] * 5]}, family)
    assert "row 0: -1)" in said and said.count("row 0") == 1


def test_an_interval_that_is_open_below_is_told_to_be_left_censored():
    data = {"y": [-np.inf, 1.0, 2.0], "y2": [1.0, 2.0, 3.0], "c": ["interval"] * 3}
    assert "left-censored at its upper end" in refusal("y | cens(c, y2) ~ 1", data, "gaussian")
    data["y"] = [np.nan, 1.0, 2.0]
    assert "left-censored at its upper end" in refusal("y | cens(c, y2) ~ 1", data, "gaussian")
    remedy = {"y": [1.0, 1.0, 2.0], "y2": [np.nan, 2.0, 3.0], "c": ["left", "interval", "interval"]}
    assert len(rows_of("y | cens(c, y2) ~ 1", remedy, "gaussian", beta=[1.0], sigma=1.0)) == 3


def test_rows_without_a_bound_are_dropped_when_asked():
    data = DATA.assign(lb=[np.nan, 0.1, 0.1, 0.1, 0.1, -np.inf])
    model = gb.Model("y | trunc(lb = lb) ~ 1", data, missing="drop")
    assert len(model.design) == 5 and any("dropped 1 of 6 rows" in one.message for one in model.findings)
