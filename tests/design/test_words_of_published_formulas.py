"""Tests, ifelse, dates, survival times and structures around a bar, held to arithmetic done by hand."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.design.data_of_published_words import DATA, N


def column(term, data=DATA, **more):
    """The values of a formula's only term, in the model's order."""
    return gb.Model(f"y ~ 0 + {term}", data, **more).design.x


def days(later, earlier):
    return (later.dt.normalize() - earlier).dt.days.to_numpy()


START = pd.Timestamp("2019-12-30")
TERMS = {
    "I(x > 0 & g == 'a')": (DATA.x > 0) & (DATA.g == "a"),
    "I(x > 0 | !(g == 'a'))": (DATA.x > 0) | (DATA.g != "a"),
    "I(!flag & x <= 1 | s == 2)": (~DATA.flag & (DATA.x <= 1)) | (DATA.s == 2),
    "I(g %in% c('a', 'c'))": DATA.g.isin(["a", "c"]),
    "I(s %in% 2)": DATA.s == 2,
    "I('a' == g)": DATA.g == "a",
    "ifelse(x > 0.5, x, -1)": np.where(DATA.x > 0.5, DATA.x, -1),
    "ifelse(x > 0, log(x), 0)": np.where(DATA.x > 0, np.log(DATA.x.clip(1e-9)), 0),
    "ifelse(flag, 1, ifelse(x < 0, 2, 3))": np.where(DATA.flag, 1, np.where(DATA.x < 0, 2, 3)),
    'as.numeric(as.Date(day) - as.Date("2019-12-30"))': days(DATA.day, START),
    'as.integer(as.Date(day) - as.Date("2019-12-30"))': days(DATA.day, START),
    'I(as.numeric(day - as.Date("2019-12-30")) / 365.25)': days(DATA.day, START) / 365.25,
    'as.numeric(as.Date("2019-12-30") - as.Date(day))': -days(DATA.day, START),
    'as.numeric(as.Date(text) - as.Date("2019-12-30"))': days(DATA.day, START),
    "as.numeric(as.Date(end) - as.Date(day))": days(DATA.end, DATA.day.dt.normalize()),
    'difftime(end, day, units = "hours")': (DATA.end - DATA.day) / pd.Timedelta(hours=1),
    'as.numeric(difftime(end, day, units = "weeks"))': (DATA.end - DATA.day) / pd.Timedelta(days=7),
    'as.numeric(difftime(end, day), units = "days")': (DATA.end - DATA.day) / pd.Timedelta(days=1),
    'as.numeric(end - day, units = "mins")': (DATA.end - DATA.day) / pd.Timedelta(minutes=1),
    "as.numeric(as.Date(day))": days(DATA.day, pd.Timestamp("1970-01-01")),
    'julian(as.Date(day), origin = as.Date("2019-12-30"))': days(DATA.day, START),
    "as.numeric(flag)": DATA.flag,
    "as.numeric(x)": DATA.x,
    "as.integer(x)": np.trunc(DATA.x),
    "ave(x, g)": DATA.groupby("g").x.transform("mean"),
    "between(x, g)": DATA.groupby("g").x.transform("mean"),
    "within(x, g)": DATA.x - DATA.groupby("g").x.transform("mean"),
    "ave(x, g, h)": DATA.groupby(["g", "h"]).x.transform("mean"),
    "I(x - ave(x, s))": DATA.x - DATA.groupby("s").x.transform("mean"),
    "between(log(y), g)": np.log(DATA.y).groupby(DATA.g).transform("mean"),
    "scale(x, scale = FALSE)": DATA.x - DATA.x.mean(),
    "scale(x, center = TRUE, scale = TRUE)": (DATA.x - DATA.x.mean()) / DATA.x.std(),
    "scale(x, TRUE, FALSE)": DATA.x - DATA.x.mean(),
}


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_what_r_computes(term):
    data = DATA.assign(z=DATA["y"])
    found = gb.Model(f"z ~ {term}", data).design.x[:, -1]
    np.testing.assert_allclose(found, np.asarray(TERMS[term], float), rtol=0, atol=1e-12)


@pytest.mark.parametrize("term", TERMS)
def test_its_canonical_text_says_the_same(term):
    spec = gb.ModelSpec.from_formula(f"z ~ {term}")
    assert gb.ModelSpec.from_formula(spec.to_formula()) == spec


@pytest.mark.parametrize("term", TERMS)
def test_a_row_alone_has_the_value_that_it_has_among_all(term):
    data = DATA.assign(z=DATA["y"])
    model = gb.Model(f"z ~ {term}", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0]]], "sigma": [[1.0]]})
    one = gb.predictions(fit, data.iloc[[7]]).draws.item()
    assert one == pytest.approx(model.design.x[7, -1], abs=1e-12)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("ave(x)", "2 to 20 arguments"),
        ("within(x, g:h)", "groups are columns"),
        ("between(g, h)", "a number is needed"),
        ("ifelse(s, 1, 2)", "must be true or false"),
        ("ifelse(x + 1, 1, 2)", "is no test"),
        ('ifelse(x > 1, "a", "b")', "a column or a number is needed"),
        ("I(g %in% h)", "the values after"),
        ("I(g %in% c('a', 'zz'))", "no level 'zz'"),
        ("log(x | g)", "a bar inside the arguments"),
        ("I(1 | g)", "a bar inside the arguments"),
        ("I(x & g)", "must be true or false|a number is needed"),
        ("as.numeric(g)", "a number is needed"),
        ("as.numeric(as.Date(x))", "needs a date"),
        ("difftime(end, day)", "units"),
        ("days_since(day, x)", "needs a date"),
    ],
)
def test_what_cannot_be_computed_is_answered(term, words):
    with pytest.raises(gb.GlmmError, match=words):
        gb.Model(f"y ~ {term}", DATA)


# --- survival times -------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["e", "flag", "e == 1", "s == 2"])
@pytest.mark.parametrize("family", ["weibull", "gamma", "lognormal", "exponential"])
def test_surv_is_censoring_of_what_was_not_seen(event, family):
    model = gb.Model(f"Surv(y, {event}) ~ x", DATA, family=family)
    other = gb.Model(f"y | cens(1 - {event if '==' not in event else f'({event})'}) ~ x", DATA, family=family)
    assert model.spec == other.spec
    seen = DATA.eval(event.replace("flag", "flag == True")).astype(int)
    np.testing.assert_array_equal(model.response.additions.censored, 1 - seen)
    assert f"is an event ({seen.sum()} of {N} rows)" in str(model)


@pytest.mark.parametrize(
    ("left", "family", "words"),
    [
        ("Surv(y, s)", "weibull", "must be 0 or 1"),
        ("Surv(y, y, e)", "weibull", "cens"),
        ("Surv(y, e)", "gaussian", "positive"),
        ("Surv(y, e)", "poisson", "positive"),
        ("Surv(y, g)", "weibull", "number is needed"),
    ],
)
def test_other_survival_times_are_refused(left, family, words):
    with pytest.raises(gb.GlmmError, match=words):
        gb.Model(f"{left} ~ x", DATA, family=family)


# --- covariance structures around a bar -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("us(1 + x | g)", "(1 + x | g)"),
        ("diag(1 + x | g)", '(1 + x | gr(g, structure = "diagonal"))'),
        ("homdiag(0 + h | g)", '(0 + h | gr(g, structure = "diagonal", heterogeneous = FALSE))'),
        ("cs(0 + h | g)", '(0 + h | gr(g, structure = "compound_symmetry", heterogeneous = TRUE))'),
        ("toep(0 + h | g)", '(0 + h | gr(g, structure = "toeplitz", heterogeneous = TRUE))'),
        ("ar1(h + 0 | g)", '(0 + h | gr(g, structure = "ar1"))'),
        ("ar1(h - 1 | g:s)", '(0 + h | gr(g:s, structure = "ar1"))'),
    ],
)
def test_a_structure_around_a_bar_is_the_same_term(theirs, ours):
    read = gb.ModelSpec.from_formula
    assert read(f"y ~ x + {theirs}") == read(f"y ~ x + {ours}")


def test_formulas_of_several_parameters_in_one_text_are_answered_with_all_of_them():
    with pytest.raises(gb.FormulaError) as caught:
        gb.Model("y ~ x + (1 | g); sigma ~ x;  nu ~ 1", DATA)
    assert 'gb.Formula("y ~ x + (1 | g)", sigma="~ x", nu="~ 1")' in str(caught.value)


def test_an_intercept_inside_a_product_is_no_factor():
    read = gb.ModelSpec.from_formula
    assert read("y ~ (1 + x) * s") == read("y ~ x * s")


# --- what is computed with tests, and what is no test ----------------------------------------------------

COUNTED = {
    "I((x > 0) + (s == 2))": (DATA.x > 0).astype(int) + (DATA.s == 2),
    "I(-(x > 0))": -(DATA.x > 0).astype(int),
    "I((x > 0) - (s == 2))": (DATA.x > 0).astype(int) - (DATA.s == 2),
    "I((g %in% c('a', 'b')) + (s %in% 1))": DATA.g.isin(["a", "b"]).astype(int) + (DATA.s == 1),
    "I((!flag) + (x > 0 & s == 2))": (~DATA.flag).astype(int) + ((DATA.x > 0) & (DATA.s == 2)),
    "I(-(!flag))": -(~DATA.flag).astype(int),
    "I((g == 'a') + (g != 'b'))": (DATA.g == "a").astype(int) + (DATA.g != "b"),
    "I(2 * s %in% c(1, 3))": 2 * (DATA.s == 1),
    "I(g %in% 'a' + s %in% 2)": (DATA.g == "a").astype(int) + (DATA.s == 2),
    "I(-s %in% c(-1))": DATA.s == 1,
    "as.numeric(x > 0)": DATA.x > 0,
    "as.numeric(!flag)": ~DATA.flag,
    "as.integer((as.Date(end) - as.Date(day)) / 7)": np.trunc(days(DATA.end, DATA.day.dt.normalize()) / 7),
    'as.integer(difftime(end, day, units = "days"))': np.trunc((DATA.end - DATA.day) / pd.Timedelta(days=1)),
    'difftime(day, time1 = end, units = "hours")': (DATA.end - DATA.day) / pd.Timedelta(hours=1),
    "as.numeric(2 * (as.Date(end) - as.Date(day)))": 2 * days(DATA.end, DATA.day.dt.normalize()),
    "ave(x, g, FUN = mean)": DATA.groupby("g").x.transform("mean"),
}


@pytest.mark.parametrize("term", COUNTED)
def test_tests_are_counted_as_numbers(term):
    found = gb.Model(f"z ~ {term}", DATA.assign(z=DATA["y"])).design.x[:, -1]
    np.testing.assert_allclose(found, np.asarray(COUNTED[term], float), rtol=0, atol=1e-12)
    spec = gb.ModelSpec.from_formula(f"z ~ {term}")
    assert gb.ModelSpec.from_formula(spec.to_formula()) == spec


@pytest.mark.parametrize(
    "term",
    [
        "ifelse(log(x) > 0, 1, 0)",
        "I(!(log(x) > 0))",
        "I(sqrt(x) %in% c(1))",
        "I(log(x) > 0 | flag)",
        "I(log(x) > 0)",
    ],
)
def test_what_compares_with_no_number_is_neither_true_nor_false(term):
    with pytest.raises(gb.DataError, match=r"true or false, found nan|not finite") as caught:
        gb.Model(f"y ~ {term}", DATA)
    assert caught.value.rows


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ x + us(0 + x > 1 | g)", "is a test and no term"),
        ("y ~ x + diag(!flag | g)", "is a test and no term"),
        ("y ~ rcs(x, df = 4)", "no option 'df'"),
        ("y ~ rcs(x, pc = 3)", "no option 'pc'"),
        ("y ~ I(flag & (x + 1) %in% c('1'))", "texts are levels"),
        ("y ~ I((x + 1) %in% c('1'))", "texts are levels"),
        ("Surv(y, e, flag) ~ x", "Surv"),
        ('y ~ julian(day, "2020-01-01", "2019-01-01")', "julian"),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(formula, words):
    with pytest.raises(gb.GlmmError, match=words):
        gb.Model(formula, DATA, family="gamma")


def test_names_of_arguments_say_which_they_are():
    spec = gb.ModelSpec.from_formula
    assert spec("Surv(e, time = y) ~ x", family="gamma") == spec("Surv(y, e) ~ x", family="gamma")
    assert spec("y ~ rcs(parms = 4, x = x)") == spec("y ~ rcs(x, 4)")


@pytest.mark.parametrize("event", ["!flag", "flag & x > 0", "s %in% c(1)", "s == 1"])
def test_a_test_does_not_say_whether_true_is_censored(event):
    with pytest.raises(gb.DataError, match="True means"):
        gb.Model(f"y | cens({event}) ~ x", DATA, family="gamma")


ZONED = DATA["day"].dt.tz_localize("Europe/Berlin")


@pytest.mark.parametrize("values", [ZONED, ZONED.astype(object), ZONED.where(DATA.index > 2, ZONED.iloc[5])])
def test_whole_days_of_moments_with_a_zone_are_refused_since_they_are_read_in_utc(values):
    data = DATA.assign(w=values)
    with pytest.raises(gb.DataError, match="has a time zone") as caught:
        gb.Model('y ~ days_between(w, "2019-12-30")', data)
    assert caught.value.column == "w" and "tz_localize(None)" in caught.value.hint
    since = gb.Model('y ~ days_since(w, "2019-12-30")', data).design.x[:, 1]
    utc = pd.to_datetime(values, utc=True).dt.tz_localize(None)
    np.testing.assert_allclose(since, (utc - START) / pd.Timedelta(days=1), atol=1e-12)
