"""Every verb and every other output gives intervals of any level and of either kind, and names them."""

import arviz as az
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import glmm_bayes as gb
from tests.effects.calls_of_verbs import OUTPUTS, ROWS, VERBS, every_verb, fit, frame


def ends(draws, probability, kind, method="linear"):
    """Take the ends of intervals by NumPy and by ArviZ, without the package."""
    if kind == "hdi":
        return np.array([az.hdi(column, prob=probability) for column in draws.T]).T
    tail = (1 - probability) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=0, method=method)


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
