"""Laws of every verb that returns numbers with uncertainty: one kind of result, any interval, named on it."""

import copy
import warnings
from functools import cache
from inspect import isfunction, signature

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.text import Text

import glmm_bayes as gb

ROWS = {"x": [0.0, 1.0], "w": [0, 0], "g": ["a", "b"]}


def frame():
    rng = np.random.default_rng(3)
    size, levels = 60, 6
    data = pd.DataFrame({"x": rng.normal(size=size).round(2), "g": np.repeat(list("abcdef"), size // levels)})
    data["w"] = data["g"].isin(["a", "b", "c"]).astype(int)
    return data.assign(y=rng.integers(0, 2, size))


@cache
def fit(seed=1):
    model = gb.Model("y ~ x + w + (1 | g)", frame(), family="bernoulli")
    rng = np.random.default_rng(seed)
    draws = {
        "beta": rng.normal([0.2, 1.5, -0.4], 0.2, (2, 40, 3)),
        "sd_g": rng.uniform(0.5, 1.5, (2, 40, 1)),
        "b_g": rng.normal(size=(2, 40, 6, 1)),
    }
    return gb.Fit.from_draws(model, draws)


#: Each verb, asked for at least two rows.
VERBS = {
    "predictions": lambda fit, **how: gb.predictions(fit, ROWS, **how),
    "comparisons": lambda fit, **how: gb.comparisons(fit, "w", newdata=ROWS, by="x", **how),
    "slopes": lambda fit, **how: gb.slopes(fit, "x", newdata=ROWS, by=False, **how),
    "fan": lambda fit, **how: gb.fan(fit, ROWS, **how),
    "coefficients": gb.coefficients,
    "variance_components": gb.variance_components,
    "random_effects": gb.random_effects,
    "ranks": gb.ranks,
    "icc": lambda fit, **how: gb.icc(fit, ROWS, **how),
    "r2": gb.r2,
    "attenuation": lambda fit, **how: gb.attenuation(fit, ROWS, **how),
    "implied_correlation": lambda fit, **how: gb.implied_correlation(
        fit, {"x": [0.0, 1.0, 2.0], "w": [0] * 3}, **how
    ),
    "median_ratio": lambda fit, **how: gb.median_ratio(fit, ROWS, **how),
    "interval_ratio": lambda fit, **how: gb.interval_ratio(fit, "w", **how),
}
#: Those that returned data frames before.
FRAMES = tuple(name for name in VERBS if name not in ("predictions", "comparisons", "slopes", "fan"))
#: Those whose only row is one quantity.
SINGLE = ("median_ratio",)


def every_verb(names=tuple(VERBS)):
    return pytest.mark.parametrize("verb", names)


def ends(draws, probability, kind, method="linear"):
    """Take the ends of intervals by NumPy and by ArviZ, without the package."""
    if kind == "hdi":
        return np.array([az.hdi(column, prob=probability) for column in draws.T]).T
    tail = (1 - probability) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=0, method=method)


@every_verb()
def test_a_result_is_effects_with_draws_by_chain_draw_and_row(verb):
    result = VERBS[verb](fit())
    assert isinstance(result, gb.Effects)
    assert result.draws.dims == ("chain", "draw", "row")
    assert result.draws.shape == (2, 40, len(result.grid))


@every_verb()
@pytest.mark.parametrize("probability", [0.5, 0.95])
@pytest.mark.parametrize("kind", ["eti", "hdi"])
def test_a_summary_is_that_of_the_draws_at_any_level_and_of_either_kind(verb, probability, kind):
    result = VERBS[verb](fit())
    table = result.summary(probability, interval=kind)
    flat = result.draws.to_numpy().reshape(80, -1)
    method = "inverted_cdf" if verb == "ranks" else "linear"
    percent = f"{100 * probability:g}"
    found = table[[f"{kind}{percent}_lb", f"{kind}{percent}_ub"]].to_numpy().T
    np.testing.assert_allclose(found, ends(flat, probability, kind, method), rtol=1e-14)
    np.testing.assert_allclose(table["mean"], flat.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(table["sd"], flat.std(axis=0, ddof=1), rtol=1e-12, atol=1e-300)
    assert table.attrs["interval_probability"] == probability and table.attrs["interval_kind"] == kind


@every_verb()
def test_the_default_is_arviz_and_stays_in_the_result(verb):
    result = VERBS[verb](fit())
    assert "89% equal-tailed interval" in " ".join(str(result).split())
    with az.rc_context({"stats.ci_prob": 0.6, "stats.ci_kind": "hdi"}):
        other = VERBS[verb](fit())
        assert "eti89_lb" in result.summary().columns, "what was computed keeps its interval"
    assert "hdi60_lb" in other.summary().columns
    assert "60% highest-density interval" in " ".join(str(other).split())
    assert other.attrs["interval"] == "60% highest-density interval"


@every_verb()
def test_level_and_kind_can_be_asked_of_the_verb_and_stand_on_every_output(verb):
    result = VERBS[verb](fit(), probability=0.95, interval="hdi")
    for text in (str(result), result.caption, result._repr_html_(), result.plot().alt):
        assert "95% highest-density interval" in " ".join(text.split())
    for table in (result.summary(0.5, interval="eti"), result.side_by_side(0.5, interval="eti")):
        caption = table.attrs["caption"]
        assert "50% equal-tailed interval" in caption and "95%" not in caption


@every_verb()
@pytest.mark.parametrize("how", [{"probability": 95}, {"probability": "a"}, {"interval": "central"}])
def test_another_level_or_kind_is_refused_before_any_work(verb, how):
    with pytest.raises(gb.PredictionError) as caught:
        VERBS[verb](fit(), **how)
    assert caught.value.code in ("values", "interval")


@every_verb()
def test_a_row_less_itself_is_nothing(verb):
    found = VERBS[verb](fit(), hypothesis="b1 - b1 = 0")
    assert isinstance(found, gb.Effects) and (found.draws == 0.0).all()
    assert found.attrs["null"] == 0.0


@every_verb(tuple(name for name in VERBS if name not in SINGLE))
def test_contrasts_are_those_of_the_draws(verb):
    result, found = VERBS[verb](fit()), VERBS[verb](fit(), hypothesis=["b2 - b1", "b2 + 2*b1 = 1"])
    first, second = result.draws.to_numpy()[:, :, 0], result.draws.to_numpy()[:, :, 1]
    np.testing.assert_allclose(found.draws[:, :, 0], second - first, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.draws[:, :, 1], second + 2 * first - 1, rtol=1e-13, atol=1e-15)
    assert found.summary(0.5, interval="hdi").shape == (2, 5)


@every_verb()
def test_differences_between_fits_are_draw_by_draw_and_nothing_between_a_fit_and_itself(verb):
    one, other = VERBS[verb](fit()), VERBS[verb](fit(2))
    same = one - VERBS[verb](fit())
    assert (same.draws == 0.0).all() and same.attrs["null"] == 0.0
    if verb != "ranks":
        np.testing.assert_array_equal((one - other).draws, one.draws.to_numpy() - other.draws.to_numpy())
        assert "difference between two results" in (one - other).caption


@every_verb()
def test_draws_of_a_result_go_into_a_file_and_come_back_with_what_they_are(verb, tmp_path):
    for result in (VERBS[verb](fit()), VERBS[verb](fit(), hypothesis="b1 - 1")):
        assert {type(value) for value in result.draws.attrs.values()} <= {str, int, float}
        path = tmp_path / "draws.nc"
        result.draws.to_netcdf(path)
        with xr.open_dataarray(path) as read:
            np.testing.assert_array_equal(read, result.draws)
            assert read.attrs["interval"] == result.attrs["interval"]
        path.unlink()


def test_results_of_other_rows_have_no_difference():
    with pytest.raises(gb.PredictionError, match="row by row"):
        gb.icc(fit(), ROWS) - gb.icc(fit(), {"x": [0.0], "w": [0]})


@every_verb()
def test_a_result_is_drawn_and_named(verb):
    figure = VERBS[verb](fit()).plot()
    assert "Estimand" in figure.alt or "quantiles" in figure.alt
    assert figure.axes


@every_verb(FRAMES)
def test_what_was_a_frame_is_read_like_one_with_a_warning_and_the_same_numbers(verb):
    result = VERBS[verb](fit())
    table = result.side_by_side()
    number = next(name for name in table.columns if pd.api.types.is_float_dtype(table[name]))
    reads = {
        "column": (lambda one: one[number], table[number]),
        "rows": (lambda one: one.loc[0, number], table.loc[0, number]),
        "columns": (lambda one: list(one.columns), list(table.columns)),
        "length": (len, len(table)),
        "iteration": (list, list(table)),
        "membership": (lambda one: number in one, True),
        "method": (lambda one: one.sort_values(number)[number].tolist(), sorted(table[number])),
        "merge": (lambda one: one.merge(table).shape, table.merge(table).shape),
    }
    for name, (read, expected) in reads.items():
        with pytest.warns(gb.GlmmWarning, match=r"no data frame from release"):
            found = read(result)
        if isinstance(expected, pd.Series):
            pd.testing.assert_series_equal(found, expected)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "mean" in result.attrs["caption"] and bool(result)


@every_verb(FRAMES)
def test_a_frame_is_made_of_the_table_not_of_the_result(verb):
    with pytest.raises(gb.PredictionError, match="side_by_side"):
        pd.DataFrame(VERBS[verb](fit()))


@every_verb()
def test_a_column_that_is_asked_for_as_an_attribute_is_told_where_it_is(verb):
    result = VERBS[verb](fit())
    name = next(name for name in result.side_by_side().columns if not hasattr(pd.DataFrame, name))
    with pytest.raises(AttributeError) as caught:
        getattr(result, name)
    assert f'result.side_by_side()["{name}"]' in str(caught.value)
    assert not hasattr(result, "nothing_of_that_name")
    for twin in (copy.copy(result), copy.deepcopy(result)):
        pd.testing.assert_frame_equal(twin.summary(), result.summary())


def test_a_result_cannot_be_joined_to_a_frame_and_its_table_can():
    result = VERBS["ranks"](fit())
    with pytest.raises(gb.PredictionError, match="side_by_side"):
        pd.DataFrame({"a": range(6)}).join(result)
    assert pd.DataFrame({"a": range(6)}).join(result.side_by_side()).shape[0] == 6


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_reading_a_result_like_a_frame_summarises_it_once_and_keeps_it_as_it_is(monkeypatch):
    result, calls = VERBS["random_effects"](fit()), []
    summarise = type(result.summarised).summarise
    monkeypatch.setattr(type(result.summarised), "summarise", lambda *how: calls.append(1) or summarise(*how))
    before = [result.loc[row, "mean"] for row in range(6)]
    assert len(calls) == 1
    result["mean"].iloc[0] = 7.0
    result.drop(columns="mean", inplace=True)
    assert [result.loc[row, "mean"] for row in range(6)] == before


def test_a_result_that_never_was_a_frame_says_where_its_table_is():
    result = VERBS["predictions"](fit())
    for read in (lambda: result["mean"], lambda: len(result), lambda: list(result), lambda: "mean" in result):
        with pytest.raises(gb.PredictionError, match="summary"):
            read()


@every_verb()
def test_only_the_first_arguments_go_by_position(verb):
    function = getattr(gb, verb)
    with pytest.raises(gb.PredictionError, match="by position") as caught:
        function(fit(), "x", "typical", "link")
    assert "probability=" in str(caught.value) and "hypothesis=" in str(caught.value)


ORDER = (
    *("newdata", "by", "weights", "estimand", "per", "scale", "measure", "parameter"),
    *("hypothesis", "probability", "interval", "seed", "max_memory"),
)


#: What is done with an answer stands behind how it is computed.
LAST = ("overwrite",)
#: Every public function of a fit.
OF_A_FIT = tuple(
    name
    for name in gb.__all__
    if isfunction(getattr(gb, name)) and next(iter(signature(getattr(gb, name)).parameters), "") == "fit"
)


@pytest.mark.parametrize("verb", OF_A_FIT)
def test_arguments_stand_in_one_order(verb):
    parameters = signature(getattr(gb, verb)).parameters
    shared = [name for name in parameters if name in ORDER]
    assert shared == [name for name in ORDER if name in shared]
    by_name = [name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY]
    assert len([name for name, each in parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD]) <= 2
    how = [name for name in by_name if name in ORDER[-5:]]
    assert by_name == [name for name in by_name if name not in (*how, *LAST)] + how + [
        name for name in by_name if name in LAST
    ]
    assert ("probability" in by_name) == ("interval" in by_name)


@every_verb()
def test_every_verb_takes_a_hypothesis_and_an_interval(verb):
    assert {"hypothesis", "probability", "interval"} <= set(signature(getattr(gb, verb)).parameters)


#: Calls that lack an argument, give one twice, or by position where there is none.
CALLS = {
    "comparisons": (lambda: gb.comparisons(fit()), "missing_argument", 'gb.comparisons(fit, "x")'),
    "slopes": (lambda: gb.slopes(fit(), newdata=ROWS), "missing_argument", "needs variable"),
    "implied_correlation": (lambda: gb.implied_correlation(fit()), "missing_argument", "needs newdata"),
    "interval_ratio": (lambda: gb.interval_ratio(fit()), "missing_argument", "needs variable"),
    "predictions": (lambda: gb.predictions(), "missing_argument", "gb.predictions(fit)"),
    "estimands": (lambda: gb.estimands(), "missing_argument", "gb.estimands(fit)"),
    "report": (lambda: gb.report(fit()), "missing_argument", 'gb.report(fit, "report.html")'),
    "fit twice": (lambda: gb.predictions(fit(), fit=fit()), "positional_argument", "fit twice"),
    "rows twice": (lambda: gb.predictions(fit(), ROWS, newdata=ROWS), "positional_argument", "newdata twice"),
    "by position": (lambda: gb.estimands(fit(), "w", ROWS), "positional_argument", "newdata="),
    "summary": (lambda: gb.icc(fit(), ROWS).summary(0.9, "hdi"), "positional_argument", "interval="),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_cannot_be_is_refused_with_the_call_to_write(call):
    wrong, code, said = CALLS[call]
    with pytest.raises(gb.PredictionError) as caught:
        wrong()
    assert caught.value.code == code and said in str(caught.value) and isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("hypothesis", "said"),
    [
        (np.zeros((2, 0)), "weights of the 2 rows"),
        (np.zeros((2, 2, 1)), "weights of the 2 rows"),
        ("b1*1" + "0" * 400, "beyond the largest one"),
        ("b1 - 1e400", "beyond the largest one"),
        ("b1*1e308*1e308", "beyond the largest number"),
        ("b1/0", "divides by zero"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_hypothesis_that_has_no_value_is_refused_with_what_is_wrong(hypothesis, said):
    with pytest.raises(gb.PredictionError, match=said) as caught:
        gb.predictions(fit(), ROWS, hypothesis=hypothesis)
    assert caught.value.code == "hypothesis"


def test_coefficients_are_long_in_the_summary_and_side_by_side_in_print():
    result = gb.coefficients(fit())
    long, wide = result.summary(), result.side_by_side()
    assert long["estimand"].tolist() == ["subject"] * 3 + ["population"] * 3
    assert wide["coef"].tolist() == long["coef"].tolist()[:3]
    for side in ("subject", "population"):
        part = long[long["estimand"] == side].reset_index(drop=True)
        for name in ("mean", "sd", "eti89_lb", "eti89_ub"):
            np.testing.assert_array_equal(wide[f"{side}_{name}"], part[name])
        np.testing.assert_array_equal(wide[f"{side}_ratio"], part["ratio_median"])
        np.testing.assert_array_equal(wide[f"{side}_ratio_eti89_ub"], part["ratio_eti89_ub"])


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_ratios_beyond_the_largest_number_are_infinite():
    rng = np.random.default_rng(3)
    wide = gb.Fit.from_draws(
        gb.Model("y ~ w + (1 | g)", frame(), family="bernoulli"),
        {"beta": rng.normal(0.0, 900.0, (2, 40, 2)), "sd_g": np.ones((2, 40, 1))},
    )
    result = gb.coefficients(wide, projection="hedeker")
    table = result.summary()
    assert (table["ratio_eti89_ub"] == np.inf).all() and (table["ratio_eti89_lb"] == 0.0).all()
    ratios = gb.interval_ratio(wide, "w").summary().iloc[:3]
    assert (ratios["eti89_ub"] == np.inf).all() and (ratios["mean"] == np.inf).all()
    assert result.plot().alt


def test_attenuation_is_blank_where_the_interval_that_is_shown_straddles_zero():
    result = gb.coefficients(fit())
    beta = result.draws.to_numpy().reshape(80, -1)[:, 2]
    narrow, wide = (result.side_by_side(level)["attenuation"].iloc[2] for level in (0.5, 0.999))
    assert np.isfinite(narrow) and (np.isnan(wide) == (beta.min() < 0 < beta.max()))


@pytest.mark.parametrize("ask", [{}, {"interval": "eti"}])
def test_ends_of_an_exact_law_are_equal_tailed(ask):
    result = gb.predictions(fit(), ROWS, estimand="new_subject", **ask)
    assert result.law is not None and result.interval.kind == "eti"
    with pytest.raises(gb.PredictionError, match="exact distribution") as caught:
        result.summary(interval="hdi")
    assert caught.value.code == "not_available"
    with pytest.raises(gb.PredictionError, match="exact distribution"):
        gb.predictions(fit(), ROWS, estimand="new_subject", interval="hdi")
    with az.rc_context({"stats.ci_kind": "hdi"}):
        with pytest.raises(gb.PredictionError, match="exact distribution") as caught:
            gb.predictions(fit(), ROWS, estimand="new_subject")
        assert "rcParams" in str(caught.value)
        drawn = gb.predictions(fit(), ROWS, estimand="new_subject", hypothesis="pairwise")
        assert "highest-density" in drawn.caption, "contrasts are of draws"


def test_estimands_leave_out_what_has_no_narrowest_interval_and_say_so():
    made = gb.estimands(fit(), newdata=ROWS, by=False)
    asked = gb.estimands(fit(), newdata=ROWS, by=False, interval="hdi")
    with az.rc_context({"stats.ci_kind": "hdi"}):
        default = gb.estimands(fit(), newdata=ROWS, by=False)
    tables = [made.summary(interval="hdi"), asked.summary(), default.summary()]
    pictures = [made.plot(interval="hdi"), asked.plot(), default.plot()]
    for table, picture in zip(tables, pictures, strict=True):
        assert list(table["estimand"].unique()) == ["typical", "population", "subject", "sample"]
        assert "exact distribution" in table.attrs["omitted"]["new_subject"]
        assert "Not shown: new_subject" in picture.alt and "exact distribution" in picture.alt
        pd.testing.assert_frame_equal(table, tables[0])
    for result in (asked, default):
        assert "new_subject: not shown" in " ".join(str(result).split())
    assert "new_subject" in set(made.summary()["estimand"]) and not made.summary().attrs["omitted"]
    compared = gb.estimands(fit(), "w", newdata=ROWS, interval="hdi").summary()
    assert "new_subject" in set(compared["estimand"]), "differences are of draws"


@pytest.mark.parametrize("kind", ["eti", "hdi"])
def test_a_number_needed_to_treat_turns_over_the_ends_of_either_kind(kind):
    result = gb.comparisons(fit(), "x", measure="nnt")
    lower, upper = ends(result.draws.to_numpy().reshape(80, -1), 0.8, kind)
    table = result.summary(0.8, interval=kind)
    np.testing.assert_allclose(1 / table[f"{kind}80_lb"], upper, rtol=1e-13)
    np.testing.assert_allclose(1 / table[f"{kind}80_ub"], lower, rtol=1e-13)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_number_needed_to_treat_whose_narrowest_interval_is_without_the_median_says_so(sign):
    rng = np.random.default_rng(2)
    slope = np.where(np.arange(100) < 45, -0.1, rng.uniform(0.5, 9.0, 100)) + 0.001 * rng.normal(size=100)
    beta = np.stack([np.full(100, -3.0 * sign), sign * slope], axis=1)[None]
    model = gb.Model("y ~ w + (1 | g)", frame(), family="bernoulli")
    skewed = gb.Fit.from_draws(model, {"beta": beta, "sd_g": np.full((1, 100, 1), 0.1)})
    kept, other = ("more", "fewer") if sign > 0 else ("fewer", "more")
    result = gb.comparisons(skewed, "w", measure="nnt", probability=0.4, interval="hdi")
    lower, upper = gb.comparisons(skewed, "w").summary(0.4, interval="hdi").iloc[0][-2:]
    row = result.summary().iloc[0]
    assert lower * upper > 0.0 and not row["through_infinity"] and row["event"] == kept
    assert row["hdi40_lb"] < row["hdi40_ub"] < 0.0
    alt = result.plot().alt
    assert f"for one {other}, without the median" in alt and f"for one {kept} (" in alt and "−" not in alt
    wide = result.summary(0.9).iloc[0]
    assert wide["through_infinity"] and f"for one {other})" in result.plot(0.9).alt


#: Outputs that are no results, each as the text that a reader has of it.
OUTPUTS = {
    "summary": lambda fit, **how: str(gb.summary(fit, **how)),
    "gee": lambda fit, **how: str(gb.gee(fit, **how)),
    "gee_check": lambda fit, **how: str(gb.gee_check(fit, draws=20, **how)),
    "estimands": lambda fit, **how: str(gb.estimands(fit, "w", **how)),
    "estimands drawn": lambda fit, **how: gb.estimands(fit, "w", **how).plot().alt,
    "pp_check": lambda fit, **how: gb.pp_check(fit, **how).alt,
    "plot_curves": lambda fit, **how: gb.plot_curves(fit, **how).alt,
    "plot_random_effects": lambda fit, **how: gb.plot_random_effects(fit, **how).alt,
}


@pytest.mark.parametrize("output", list(OUTPUTS))
def test_every_other_output_takes_level_and_kind_and_follows_arviz(output):
    def said(**how):
        return " ".join(OUTPUTS[output](fit(), **how).split())

    assert "89% equal-tailed interval" in said()
    assert "95% highest-density interval" in said(probability=0.95, interval="hdi")
    with az.rc_context({"stats.ci_prob": 0.6, "stats.ci_kind": "hdi"}):
        assert "60% highest-density interval" in said()
    with pytest.raises(gb.PredictionError):
        said(probability=60)


#: A response of each kind of predictive check.
CHECKED = {
    "proportions": ("bernoulli", [0, 1, 1]),
    "rootogram": ("poisson", [0, 1, 3]),
    "density": ("gaussian", [0.3, 1.2, -0.5]),
    "categories": ("cumulative", [1, 2, 3]),
}


@pytest.mark.parametrize("kind", CHECKED)
def test_a_predictive_check_names_level_and_kind_in_the_picture_itself(kind):
    family, values = CHECKED[kind]
    model = gb.Model("y ~ x + (1 | g)", frame().assign(y=np.resize(values, 60)), family=family)
    rng = np.random.default_rng(1)
    draws = {
        name: np.sort(np.abs(rng.normal(size=(1, 20, *shape))), axis=-1)
        for name, shape in model.definition.posterior.shapes.items()
    }
    picture = gb.pp_check(gb.Fit.from_draws(model, draws), kind=kind, probability=0.5, interval="hdi", seed=1)
    drawn = " ".join(text.get_text() for text in picture.findobj(Text))
    assert "50% highest-density interval" in " ".join(drawn.split())
    assert "50% highest-density interval" in picture.alt


def test_a_verb_is_found_after_its_neighbour_of_the_same_room():
    import glmm_bayes.estimating_equations.gee_check  # noqa: F401

    assert callable(gb.gee) and callable(gb.gee_check)
