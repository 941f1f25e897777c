"""Whatever the design treats as levels is levels in values, grids and captions; dates are dates."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

N = 36
RNG = np.random.default_rng(7)
DATA = pd.DataFrame(
    {
        "dose": np.tile([1, 2, 3], N // 3),
        "level": np.tile([1.0, 2.0, 3.0], N // 3),
        "text": np.tile(["1", "2", "3"], N // 3),
        "flag": np.tile([True, False, False, True], N // 4),
        "t": np.repeat(["u", "v"], N // 2),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.tile([0, 1, 2], N // 3), "D"),
        "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.permutation(N) * 10, "D"),
        "many": RNG.integers(300, 22000, N),
        "x": RNG.normal(size=N),
        "g": np.repeat(list("abcdef"), N // 6),
        "y": RNG.normal(size=N),
    }
)


def _fit(formula: str) -> gb.Fit:
    model = gb.Model(formula, DATA)
    draws = {"beta": np.arange(1.0, 1 + len(model.design.coefficients))[None, None], "sigma": [[1.0]]}
    for group in model.design.groups:
        size = len(group.effects)
        draws[f"sd_{group.slug}"] = np.ones((1, 1, size))
        if size > 1:
            draws[f"corr_{group.slug}"] = np.eye(size)[None, None]
    return gb.Fit.from_draws(model, draws)


#: How levels are written in a formula: the column, its levels, and how a user may write one of them.
WRITTEN = {
    "C(dose)": ("dose", [1, 2, 3], [1.0, 3, np.int64(2), np.float64(3.0), "2"]),
    "C(level)": ("level", [1, 2, 3], [1, 3.0, np.int64(2), "3"]),
    "C(dose):x": ("dose", [1, 2, 3], [1.0, 2]),
    "mo(dose)": ("dose", [1, 2, 3], [1.0, 2, "3"]),
    'ordered(dose, "1", "2", "3")': ("dose", [1, 2, 3], [1.0, 2, "3"]),
    "C(text)": ("text", ["1", "2", "3"], [1, 2.0, "3"]),
    "flag": ("flag", [False, True], [True, False, np.True_, "True", 0, 1.0]),
    "C(flag)": ("flag", [False, True], [True, False, 1]),
    "C(day)": (
        "day",
        ["2020-01-01", "2020-01-02", "2020-01-03"],
        ["2020-01-02", datetime.date(2020, 1, 3), pd.Timestamp("2020-01-01"), np.datetime64("2020-01-02")],
    ),
    "(0 + C(dose) | g)": ("dose", [1, 2, 3], [1.0, 3]),
}


@pytest.fixture(scope="module")
def fits() -> dict[str, gb.Fit]:
    return {
        text: _fit(f"y ~ {text} + t + (1 | g)".replace("+ (1 | g)", "" if "|" in text else "+ (1 | g)"))
        for text in WRITTEN
    }


@pytest.mark.parametrize("text", WRITTEN)
def test_levels_are_levels_in_comparisons(fits, text):
    column, levels, _ = WRITTEN[text]
    found = gb.comparisons(fits[text], column).grid["contrast"].tolist()
    assert found == [f"{level} vs {levels[0]}" for level in levels[1:]]
    pairs = gb.comparisons(fits[text], column, values="pairwise").grid
    assert len(pairs) == len(levels) * (len(levels) - 1) // 2


@pytest.mark.parametrize("text", WRITTEN)
def test_levels_are_levels_in_grids(fits, text):
    column, levels, _ = WRITTEN[text]
    balanced, typical = gb.grid(fits[text], "balanced"), gb.grid(fits[text])
    assert len(balanced) == len(levels) * 2
    assert balanced[column].nunique() == len(levels)
    assert len(typical) == 1
    assert "most frequent" in gb.predictions(fits[text], typical, by=True).caption
    for rows in (balanced, typical, gb.grid(fits[text], "observed"), gb.grid(fits[text], "counterfactual")):
        assert np.isfinite(gb.predictions(fits[text], rows).draws).all()


@pytest.mark.parametrize("text", [text for text in WRITTEN if "|" not in text])
def test_every_spelling_of_a_level_is_that_level(fits, text):
    column, levels, spellings = WRITTEN[text]
    fit = fits[text]
    known = gb.grid(fit, "typical", **{column: levels})
    means = dict(zip(map(str, levels), gb.predictions(fit, known).draws.to_numpy().ravel(), strict=True))
    for spelling in spellings:
        row = gb.grid(fit, "typical", **{column: [spelling]})
        value = float(gb.predictions(fit, row).draws.to_numpy().item())
        assert value in means.values()
        other = next(level for level in levels if means[str(level)] != value)
        found = gb.comparisons(fit, column, values=[other, spelling], newdata=known.head(1))
        assert float(found.draws.to_numpy().item()) == pytest.approx(value - means[str(other)])


@pytest.mark.parametrize("value", [4, 1.5, "high", None, np.nan])
def test_a_value_that_is_no_level_is_told_with_the_levels(fits, value):
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(fits["C(dose)"], "dose", values=[1, value])
    assert caught.value.code == "new_level" and "1, 2, 3" in str(caught.value)


def test_a_level_of_a_held_number_is_its_most_frequent_one():
    data = pd.concat([DATA, DATA[DATA["dose"] == 3]], ignore_index=True)
    model = gb.Model("y ~ C(dose) + x + (1 | g)", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0, 2.0, 3.0]]], "sd_g": [[[1.0]]], "sigma": [[1.0]]})
    assert gb.grid(fit)["dose"].tolist() == [3]
    assert "dose at 3 (most frequent)" in gb.predictions(fit, gb.grid(fit), by=True).caption


DATED = 'y ~ days_since(when, "2020-01-01") + x + (1 | g)'


def test_dates_are_compared_per_day_and_by_date():
    fit = _fit(DATED)
    slope = float(fit.flat["beta"][0, 1])
    step = gb.comparisons(fit, "when")
    assert step.grid["contrast"].tolist() == ["when + 1 day vs when"]
    assert float(step.draws.to_numpy().item()) == pytest.approx(slope)
    for low, high in (
        ("2020-02-01", "2020-02-11"),
        (datetime.date(2020, 2, 1), datetime.datetime(2020, 2, 11)),
        (pd.Timestamp("2020-02-01"), np.datetime64("2020-02-11")),
    ):
        found = gb.comparisons(fit, "when", values=[low, high])
        assert float(found.draws.to_numpy().item()) == pytest.approx(10 * slope)
        assert found.grid["contrast"].tolist() == ["2020-02-11 vs 2020-02-01"]
    whole = gb.comparisons(fit, "when", values="minmax")
    assert float(whole.draws.to_numpy().item()) == pytest.approx(10 * (N - 1) * slope)
    assert whole.grid["contrast"].tolist() == [f"{DATA['when'].max().date()} vs {DATA['when'].min().date()}"]
    assert np.isfinite(gb.comparisons(fit, "when", values="sd").draws).all()


@pytest.mark.parametrize("value", ["soon", 5, 20200101, None, "2020-13-01", "01/02/2020"])
def test_what_is_no_date_is_refused(value):
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(_fit(DATED), "when", values=["2020-01-01", value])
    assert caught.value.code == "values" and "2020-01-31" in str(caught.value)


def test_slopes_of_dates_are_per_day():
    fit = _fit(DATED)
    found = gb.slopes(fit, "when")
    assert float(found.draws.to_numpy().item()) == pytest.approx(float(fit.flat["beta"][0, 1]), rel=1e-9)
    assert "per day" in found.caption
    with pytest.raises(gb.PredictionError) as caught:
        gb.slopes(fit, "when", measure="eyex")
    assert caught.value.code == "slope"
    curved = _fit('y ~ poly(days_since(when, "2020-01-01"), 2) + (1 | g)')
    step = 0.5
    moved = [
        gb.predictions(curved, DATA.assign(when=DATA["when"] + pd.Timedelta(days=sign * step)), by=True)
        for sign in (1, -1)
    ]
    right = float((moved[0].draws - moved[1].draws).to_numpy().item()) / (2 * step)
    assert float(gb.slopes(curved, "when").draws.to_numpy().item()) == pytest.approx(right, rel=1e-6)


def test_a_level_has_no_slope():
    with pytest.raises(gb.PredictionError) as caught:
        gb.slopes(_fit("y ~ C(day) + (1 | g)"), "day")
    assert caught.value.code == "slope"


def test_dates_stand_in_grids_as_dates_at_their_median():
    fit = _fit(DATED)
    typical = gb.grid(fit, x=[0.0])
    middle = np.sort(DATA["when"].to_numpy())[(N - 1) // 2]
    assert typical["when"].tolist() == [pd.Timestamp(middle)]
    shown = gb.predictions(fit, typical, by=True).caption
    assert f"when at its median {pd.Timestamp(middle).date()}" in " ".join(shown.split())
    observed = gb.grid(fit, "observed")
    assert observed["when"].tolist() == DATA["when"].tolist()
    np.testing.assert_allclose(gb.predictions(fit, observed).draws, gb.predictions(fit).draws)


def test_grids_and_curves_hold_variables_by_one_rule():
    fit = _fit("y ~ many + C(dose) + x + t + (1 | g)")
    middle = int(np.sort(DATA["many"])[(N - 1) // 2])
    held = gb.grid(fit, x=[0.0])
    assert held["many"].tolist() == [middle]
    caption = " ".join(gb.predictions(fit, held, by=True).caption.split())
    picture = gb.plot_curves(fit, "x").alt
    for words in (f"many at its median {middle}", "t at u (most frequent)"):
        assert words in caption and words in picture, words
    assert "dose at 1 (most frequent)" in caption
    assert "x at its mean" in " ".join(gb.predictions(fit, gb.grid(fit), by=True).caption.split())


def test_curves_along_a_date_show_dates():
    fit = _fit(DATED)
    picture = gb.plot_curves(fit, "when")
    picture.canvas.draw()
    labels = [tick.get_text() for tick in picture.axes[0].get_xticklabels()]
    assert any("2020" in label or "21" in label for label in labels), labels
