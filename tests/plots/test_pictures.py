"""Figures of effects say in words what they show, and labels stand as the user wrote them."""

import subprocess
import sys
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import glmm_bayes as gb
from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.plots.canvas import STROKES, compact, decimals, literal, number
from tests.effects import small_fits

INTERVAL = "89% equal-tailed interval"
EPIL = gb.load_dataset("epil")
RNG = np.random.default_rng(5)
TIMES = np.linspace(-1, 1, 15)


def fit_of(levels=("placebo", "progabide"), formula="y ~ trt*lbase + (1 | subject)"):
    data = EPIL.assign(trt=EPIL["trt"].map(dict(zip(["placebo", "progabide"], levels, strict=True))))
    model = gb.Model(formula, data, family="poisson")
    size = len(model.design.coefficients)
    rng = np.random.default_rng(3)
    beta = rng.normal(0.4, 0.1, (2, 50, size))
    draws = {"beta": beta, "sd_subject": rng.uniform(0.4, 0.6, (2, 50, 1))}
    return gb.Fit.from_draws(model, draws)


FIT = fit_of()


def grid(levels=("placebo", "progabide")):
    return pd.DataFrame([(level, x) for level in levels for x in TIMES], columns=["trt", "lbase"])


def texts(figure):
    axes = figure.axes[0]
    legend = axes.get_legend()
    items = [*axes.get_yticklabels(), *(legend.get_texts() if legend else []), figure._suptitle]
    return [item.get_text() for item in items]


@pytest.mark.parametrize("estimand", ["population", "typical"])
@pytest.mark.parametrize("measure", ["difference", "ratio"])
def test_alt_text_of_a_comparison_names_value_interval_and_estimand(estimand, measure):
    effects = gb.comparisons(FIT, "trt", measure=measure, estimand=estimand)
    figure = effects.plot()
    assert isinstance(figure, Figure)
    row = effects.summary().iloc[0]
    assert number(row["mean"], decimals(row["sd"])) in figure.alt
    assert INTERVAL in figure.alt and ESTIMANDS[estimand] in figure.alt
    assert "no difference" in figure.alt and "progabide vs placebo" in figure.alt


def test_predictions_along_one_number_are_one_curve_a_level():
    figure = gb.predictions(FIT, grid()).plot()
    lines = [line for line in figure.axes[0].lines if line.get_linewidth() > 1]
    assert len(lines) == 2
    assert {line.get_linestyle() for line in lines} == {"-", "--"}
    assert "along lbase" in figure.alt and "trt progabide" in figure.alt
    assert ESTIMANDS["population"] in figure.alt and INTERVAL in figure.alt


def test_a_level_hides_behind_another_in_neither_colour_line_nor_marker():
    for attribute in ("color", "line", "marker"):
        assert len({str(getattr(stroke, attribute)) for stroke in STROKES}) == len(STROKES)


def test_predictions_by_a_factor_are_rows():
    figure = gb.predictions(FIT, by="trt").plot()
    assert texts(figure)[:2] == ["trt = placebo", "trt = progabide"]


def test_many_rows_are_cut_with_a_note_and_ends_are_named():
    figure = gb.predictions(FIT).plot()
    assert len(figure.axes[0].get_yticks()) == 40
    assert "40 of 236" in figure._supxlabel.get_text()
    assert "Lowest" in figure.alt and "Highest" in figure.alt


def test_labels_are_literal():
    levels = ("_hidden $x$", "$50 <b>")
    fit = fit_of(levels)
    curve = gb.predictions(fit, grid(levels)).plot()
    assert r"_hidden \$x\$" in texts(curve)
    svg = curve.to_svg()
    assert "mathdefault" not in svg
    rows = gb.predictions(fit, by="trt").plot()
    assert any("_hidden" in text for text in texts(rows))
    assert "<b>" in rows.alt and "&lt;b&gt;" in rows._repr_html_()


def test_long_labels_are_shortened_and_stay_on_one_line():
    assert literal("a\nb  c") == "a b c"
    assert len(literal("x" * 300)) == 40
    assert literal(" ") == "(empty)"


def test_no_global_setting_is_changed_and_pyplot_is_not_used():
    before = dict(mpl.rcParams)
    gb.comparisons(FIT, "trt").plot().to_svg()
    assert dict(mpl.rcParams) == before
    code = (
        "import sys, glmm_bayes.plots.effects, glmm_bayes.plots.checks\n"
        "import glmm_bayes.reporting.document\n"
        "print('matplotlib.pyplot' in sys.modules, 'pymc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_same_effects_give_the_same_file_whatever_the_users_style():
    effects = gb.comparisons(FIT, "trt")
    one = effects.plot().to_svg()
    with mpl.rc_context({"font.size": 20.0, "lines.linewidth": 9.0, "axes.facecolor": "black"}):
        two = effects.plot().to_svg()
    assert one == two


def test_the_description_stands_in_the_metadata():
    figure = gb.comparisons(FIT, "trt").plot()
    description = figure.to_svg().partition("<dc:description>")[2]
    assert description.startswith(figure.alt)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (-0.0001, 2, "0.00"),
        (-1.25, 1, "−1.2"),
        (1234.5, 0, "1,234"),
        (np.inf, 2, "∞"),
        (-np.inf, 2, "−∞"),
        (np.nan, 2, ""),
    ],
)
def test_numbers_have_real_minus_signs_and_no_sign_on_zero(value, places, text):
    assert number(value, places) == text


def test_a_spread_decides_how_many_digits_are_shown():
    assert [decimals(spread) for spread in (123.0, 12.0, 1.2, 0.12, 0.012, 0.0)] == [0, 0, 1, 2, 3, 3]
    assert compact(-0.00012345) == "−0.000123"


@cache
def counted():
    model = gb.Model("y ~ x + t + (1 | g)", TRIAL, "bernoulli")
    rng = np.random.default_rng(4)
    draws = {"beta": rng.normal([-0.5, 0.4, 0.8], 0.2, (1, 60, 3)), "sd_g": rng.uniform(1, 2, (1, 60, 1))}
    return gb.Fit.from_draws(model, draws | {"b_g": rng.normal(0, 1, (1, 60, 4, 1))})


TRIAL = pd.DataFrame(
    {
        "y": [0, 1, 1, 0, 1, 0, 1, 1],
        "x": [0.0, 1.0, 2.0, 3.0] * 2,
        "t": list("abababab"),
        "g": list("ppqqrrss"),
    }
)
ALONG = pd.DataFrame({"x": np.tile(np.linspace(0, 3, 7), 2), "t": ["a"] * 7 + ["b"] * 7})


def test_a_fan_is_nested_bands_with_the_shares_of_groups():
    effects = gb.fan(counted(), ALONG)
    picture = effects.plot()
    assert [axes.get_title(loc="left") or axes.get_title() for axes in picture.axes] == ["t = a", "t = b"]
    labels = [text.get_text() for text in picture.axes[-1].get_legend().get_texts()]
    assert labels == ["90% of groups (0.05 to 0.95)", "50% of groups (0.25 to 0.75)", "median group"]
    assert "between quantiles 0.05 and 0.95" in picture.alt
    # Bands nest: the outer one holds the inner one.
    outer, inner = (band.get_paths()[0].vertices[:, 1] for band in picture.axes[0].collections[:2])
    assert outer.min() <= inner.min() and outer.max() >= inner.max()


def test_one_question_under_every_estimand_is_one_picture():
    curves = gb.estimands(counted(), newdata=ALONG, by=["x", "t"]).plot()
    assert len(curves.axes) == 2
    labels = [text.get_text() for text in curves.axes[-1].get_legend().get_texts()]
    assert labels == ["typical", "population", "sample", "new_subject"]
    styles = {line.get_linestyle() for line in curves.axes[0].lines if line.get_linewidth() > 1}
    assert len(styles) == 4
    forest = gb.estimands(counted(), "t").plot()
    found = gb.estimands(counted(), "t")
    for word in found.effects:
        assert f"{word}: " in forest.alt
    assert "equal-tailed interval" in forest.alt


def test_numbers_needed_to_treat_are_drawn_on_the_scale_of_the_difference():
    effects = gb.comparisons(counted(), "t", measure="nnt", by="x")
    picture = effects.plot()
    middle = np.median(effects.draws.to_numpy()[0], axis=0)
    np.testing.assert_allclose(picture.axes[0].lines[0].get_xdata(), middle)
    label = picture.axes[0].xaxis.get_major_formatter()
    assert label(0.0, 0) == "∞" and label(0.1, 0) == "10" and label(-0.05, 0) == "20"
    assert compact_words(effects) in picture.alt


def test_numbers_needed_to_treat_under_every_estimand_lie_within_their_intervals():
    found = gb.estimands(counted(), "t", measure="nnt")
    axes = found.plot().axes[0]
    lines = [path.get_paths()[0].vertices[:, 0] for path in axes.collections]
    points = [line.get_xdata() for line in axes.lines[: len(lines)]]
    for effects, (lower, upper), (middle,) in zip(found.effects.values(), lines, points, strict=True):
        draws = effects.draws.to_numpy().ravel()
        np.testing.assert_allclose([lower, middle, upper], np.quantile(draws, [0.055, 0.5, 0.945]))
    assert axes.xaxis.get_major_formatter()(0.0, 0) == "∞"
    for effects in found.effects.values():
        assert f"{effects.attrs['estimand']}: {compact(effects.summary()['median'][0])} for one" in (
            found.plot().alt
        )


@pytest.mark.parametrize(
    "draw",
    [
        lambda: gb.comparisons(counted(), "t", measure="nnt").plot(),
        lambda: gb.estimands(counted(), "t", measure="nnt").plot(),
    ],
)
def test_the_words_of_numbers_needed_to_treat_fit_the_picture(draw):
    picture = draw()
    picture.draw_without_rendering()
    label, canvas = picture.axes[0].xaxis.label.get_window_extent(), picture.bbox
    assert canvas.x0 <= label.x0 and label.x1 <= canvas.x1


def compact_words(effects):
    row = effects.summary().iloc[0]
    return f"x = 0: {row['median']:.3g}".replace("-", "−")


def test_the_picture_of_numbers_needed_to_treat_says_what_it_shows():
    fit = small_fits.fit_of("y ~ x + (1 | g)", [-1.0, 0.5], draws=3)
    alt = gb.estimands(fit, "x", measure="nnt").plot().alt
    ends = "Reciprocals of the difference's median and of the ends of its 89% equal-tailed interval."
    assert ends in alt and "Not shown: subject, " in alt
    assert "Posterior means with 89% equal-tailed intervals." in gb.estimands(fit, "x").plot().alt
