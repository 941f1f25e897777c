"""Restricted cubic splines are Harrell's: the basis by hand, and knots at his quantiles."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.design.data_of_published_words import DATA, RNG


def harrell(x, knots):
    """The basis of Devlin and Weeks (1986) on the scale of x, one number at a time."""
    first, before, last = knots[0], knots[-2], knots[-1]
    size = (last - first) ** 2
    rows = []
    for value in x:
        row = [value]
        for knot in knots[:-2]:
            cube = max(value - knot, 0) ** 3
            cube -= max(value - before, 0) ** 3 * (last - knot) / (last - before)
            cube += max(value - last, 0) ** 3 * (before - knot) / (last - before)
            row.append(cube / size)
        rows.append(row)
    return np.array(rows)


SHARES = {
    3: [0.1, 0.5, 0.9],
    4: [0.05, 0.35, 0.65, 0.95],
    5: [0.05, 0.275, 0.5, 0.725, 0.95],
    6: [0.05, 0.23, 0.41, 0.59, 0.77, 0.95],
    7: [0.025, 0.18333333333333332, 0.3416666666666667, 0.5, 0.6583333333333333, 0.8166666666666667, 0.975],
}


@pytest.mark.parametrize("nk", SHARES)
def test_knots_lie_at_harrells_quantiles(nk):
    expected = harrell(DATA.x, np.quantile(DATA.x, SHARES[nk]))
    for term in (f"rcs(x, {nk})", f"rcs(x, nk = {nk})", f"rms::rcs(x, {nk})"):
        found = gb.Model(f"y ~ {term}", DATA).design.x[:, 1:]
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_five_knots_are_the_default_and_knots_may_be_given():
    np.testing.assert_array_equal(
        gb.Model("y ~ rcs(x)", DATA).design.x, gb.Model("y ~ rcs(x, 5)", DATA).design.x
    )
    found = gb.Model("y ~ rcs(x, c(-1, 0, 0.5, 1))", DATA).design.x[:, 1:]
    np.testing.assert_allclose(found, harrell(DATA.x, [-1, 0, 0.5, 1]), rtol=1e-10, atol=1e-12)


def test_outer_knots_of_few_rows_are_the_fifth_from_either_end():
    few = DATA.head(60)
    ordered = np.sort(few.x)
    knots = np.quantile(few.x, SHARES[4])
    knots[0], knots[-1] = ordered[4], ordered[-5]
    found = gb.Model("y ~ rcs(x, 4)", few).design.x[:, 1:]
    np.testing.assert_allclose(found, harrell(few.x, knots), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("end", [0.0, 9.0])
def test_an_end_that_many_rows_share_has_a_knot_of_its_own(end):
    x = np.concatenate([np.full(20, end), np.linspace(1, 8, 180)])
    data = pd.DataFrame({"y": RNG.normal(size=200), "x": x})
    inner = x[x > 1] if end == 0 else x[x < 8]
    edge = [1.0] if end == 0 else [8.0]
    knots = np.sort([*edge, *np.quantile(inner, np.linspace(0.05, 0.95, 3))])
    found = gb.Model("y ~ rcs(x, 4)", data).design.x[:, 1:]
    np.testing.assert_allclose(found, harrell(x, knots), rtol=1e-10, atol=1e-12)


def test_a_spline_is_straight_beyond_its_outer_knots():
    model = gb.Model("y ~ rcs(x, 4)", DATA)
    fit = gb.Fit.from_draws(model, {"beta": [[[1.0, 2.0, -3.0, 4.0]]], "sigma": [[1.0]]})
    far = np.array([5.0, 6.0, 7.0, 8.0])
    with pytest.warns(gb.GlmmWarning, match="extrapolates"):
        values = gb.predictions(fit, {"x": far}).draws.to_numpy().ravel()
    np.testing.assert_allclose(np.diff(values, 2), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("rcs(x, 2)", "at least 3 knots"),
        ("rcs(s, 3)", "distinct"),
        ("rcs(x, nk = 4, knots = c(1, 2, 3))", "either nk or knots"),
    ],
)
def test_what_is_no_spline_is_refused(term, words):
    with pytest.raises(gb.GlmmError, match=words):
        gb.Model(f"y ~ {term}", DATA)


def test_few_values_between_shared_ends_are_too_few_for_a_spline():
    x = np.concatenate([np.zeros(55), [1.0, 2.0, 3.0, 4.0, 5.0]])
    with pytest.raises(gb.DataError, match="different knots"):
        gb.Model("y ~ rcs(x, 3)", pd.DataFrame({"y": RNG.normal(size=60), "x": x}))
