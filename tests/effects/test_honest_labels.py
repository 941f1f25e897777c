"""Captions, weights and measures say what the numbers are of; ratios keep their digits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.effects import small_fits

N = 12
RNG = np.random.default_rng(9)
DATA = pd.DataFrame(
    {
        "y": RNG.integers(0, 4, N),
        "b": np.tile([0, 1, 1], N // 3),
        "t": np.tile([0, 1], N // 2),
        "x": np.round(RNG.normal(size=N), 2),
        "g": np.repeat(list("abcd"), N // 4),
        "z": np.tile(["p", "q", "r"], N // 3),
        "w": RNG.uniform(0.5, 2.0, N),
    },
    index=[f"row {k}" for k in range(N)],
)
FIT = gb.Fit.from_draws(
    gb.Model("y ~ t + x + (1 | g)", DATA, family="poisson"),
    {"beta": RNG.normal(0, 0.4, (1, 5, 3)), "sd_g": np.full((1, 5, 1), 0.5)},
)
ROWS = "the rows of newdata"


def _over(newdata: object) -> str:
    return " ".join(gb.comparisons(FIT, "t", newdata=newdata).caption.split())


@pytest.mark.parametrize("kind", ["observed", "typical", "balanced", "counterfactual"])
def test_a_grid_that_was_filtered_or_changed_loses_its_caption(kind):
    grid = gb.grid(FIT, kind, **({} if kind == "observed" else {"x": [-1.0, 0.5]}))
    own = "the rows of the data" if kind in ("observed", "counterfactual") else "a grid"
    assert own in _over(grid)
    unchanged = (grid.copy(), grid.iloc[::-1], grid.assign(weight=1.0), grid.sample(frac=1.0, random_state=1))
    for same in unchanged:
        assert own in _over(same) and ROWS not in _over(same)
    changed = (grid[grid["x"] > 0], grid.assign(x=grid["x"] + 1), grid.head(1), pd.concat([grid, grid]))
    for other in changed:
        assert ROWS in _over(other) and own not in _over(other)


@pytest.mark.parametrize("measure", ["ratio", "difference", "lift"])
def test_a_contrast_of_comparisons_is_no_comparison(measure):
    found = gb.comparisons(FIT, "t", measure=measure, by="z", newdata=DATA, hypothesis="pairwise")
    assert found.attrs["measure"] == f"contrast of {measure}"
    assert gb.predictions(FIT, by="t", hypothesis="b2 / b1 = 1").attrs["measure"] == "contrast"


def test_weights_are_matched_by_index():
    weights = pd.Series(np.arange(1.0, N + 1), index=DATA.index)
    right = gb.comparisons(FIT, "t", weights=weights.to_numpy()).draws
    shuffled = weights.sample(frac=1.0, random_state=3)
    more = pd.concat([pd.Series([99.0], index=["elsewhere"]), shuffled])
    for given in (weights, shuffled, more):
        for verb in (
            gb.comparisons(FIT, "t", weights=given),
            gb.comparisons(FIT, "t", weights=given, newdata=DATA),
            gb.comparisons(FIT, "t", weights=given, newdata=DATA.iloc[::-1]),
        ):
            np.testing.assert_allclose(verb.draws, right)
    np.testing.assert_allclose(
        gb.predictions(FIT, by=True, weights=shuffled).draws,
        gb.predictions(FIT, by=True, weights=weights.to_numpy()).draws,
    )
    np.testing.assert_allclose(
        gb.slopes(FIT, "x", weights=shuffled).draws, gb.slopes(FIT, "x", weights=weights.to_numpy()).draws
    )


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (pd.Series(1.0, index=range(N)), "shares no label"),
        (pd.Series(1.0, index=DATA.index[:-2]), "lacks some rows"),
        (pd.Series(1.0, index=["row 0"] * N), "twice"),
    ],
)
def test_weights_of_other_rows_are_refused(weights, words):
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(FIT, "t", weights=weights)
    assert caught.value.code == "weights" and words in str(caught.value)


@pytest.mark.parametrize("target", ["ATT", "ATC"])
def test_rows_and_columns_of_a_target_are_filtered_together(target):
    kept = DATA[DATA["t"] == (1 if target == "ATT" else 0)]
    for asked in (
        {"by": "z"},
        {"weights": "w"},
        {"weights": DATA["w"].to_numpy()},
        {"weights": DATA["w"].sample(frac=1.0, random_state=1)},
        {"by": ["z"], "weights": "w"},
        {"weights": gb.BayesianBootstrap(unit="z", seed=2)},
        {"by": False},
    ):
        found = gb.comparisons(FIT, "t", target=target, newdata=DATA, **asked)
        own = dict(asked)
        if isinstance(own.get("weights"), np.ndarray):
            own["weights"] = kept["w"].to_numpy()
        right = gb.comparisons(FIT, "t", newdata=kept, **own)
        np.testing.assert_allclose(found.draws, right.draws)
        assert len(found.grid) == len(right.grid)
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(FIT, "t", target=target, newdata=DATA, weights=np.ones(len(kept)))
    assert caught.value.code == "weights" and f"{N} rows" in str(caught.value)


def test_no_rows_are_told_as_such():
    for verb in (lambda rows: gb.predictions(FIT, rows), lambda rows: gb.comparisons(FIT, "t", newdata=rows)):
        with pytest.raises(gb.PredictionError) as caught:
            verb(DATA[DATA["x"] > 99])
        assert "newdata has no rows" in str(caught.value) and "fit" not in str(caught.value)


RATIOS = {
    "ratio": lambda log: np.exp(log),
    "log_ratio": lambda log: log,
    "lift": lambda log: np.expm1(log),
    "percent": lambda log: 100 * np.expm1(log),
}


@pytest.mark.parametrize("measure", RATIOS)
@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample", "new_subject"])
@pytest.mark.parametrize("far", [-2000.0, -720.0, 720.0])
def test_ratios_of_averages_that_leave_the_range_of_a_float(measure, estimand, far):
    beta = np.array([[[0.0, 0.5, 0.1], [far, 0.5, 0.1], [0.2, 0.5, 0.1]]])
    model = gb.Model("y ~ t + x + (1 | g)", DATA, family="poisson")
    draws = {"beta": beta, "sd_g": np.full((1, 3, 1), 0.5), "b_g": np.zeros((1, 3, 4, 1))}
    fit = gb.Fit.from_draws(model, draws)
    found = gb.comparisons(fit, "t", measure=measure, estimand=estimand)
    np.testing.assert_allclose(found.draws.to_numpy().ravel(), RATIOS[measure](0.5), rtol=1e-9)
    assert np.isfinite(found.summary()["mean"]).all()
    within = gb.comparisons(fit, "t", measure=measure, estimand=estimand, by="g", newdata=DATA)
    np.testing.assert_allclose(within.draws, RATIOS[measure](0.5), rtol=1e-9)
    boot = gb.comparisons(fit, "t", measure=measure, estimand=estimand, weights=gb.BayesianBootstrap())
    np.testing.assert_allclose(boot.draws, RATIOS[measure](0.5), rtol=1e-9)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_odds_ratios_keep_their_digits_on_both_sides(link, sign):
    model = gb.Model("b ~ t + (1 | g)", DATA, family="bernoulli", link=link)
    far = {"logit": 800.0, "probit": 45.0, "cloglog": 800.0 if sign < 0 else 4.0, "cauchit": 1e9}
    far["loglog"] = 4.0 if sign < 0 else 800.0
    draws = {"beta": [[[sign * far[link], 0.5]]], "sd_g": [[[1e-9]]]}
    fit = gb.Fit.from_draws(model, draws)
    found = gb.comparisons(fit, "t", measure="log_odds_ratio", estimand="typical").draws.to_numpy().item()
    right = np.diff(fit.link.log_odds(sign * far[link] + np.array([0.0, 0.5])))[0]
    assert found == pytest.approx(right, rel=1e-9)
    ratio = gb.comparisons(fit, "t", measure="odds_ratio", estimand="typical").draws.to_numpy().item()
    assert ratio == pytest.approx(np.exp(right), rel=1e-9)


@pytest.mark.parametrize("estimand", ["population", "typical", "sample"])
def test_relative_slopes_of_means_that_leave_the_range_of_a_float(estimand):
    model = gb.Model("y ~ t + x + (1 | g)", DATA, family="poisson")
    draws = {"beta": [[[-900.0, 0.5, 0.1]]], "sd_g": [[[0.5]]], "b_g": np.zeros((1, 1, 4, 1))}
    fit = gb.Fit.from_draws(model, draws)
    found = gb.slopes(fit, "x", measure="eydx", estimand=estimand).draws.to_numpy().item()
    assert found == pytest.approx(0.1, rel=1e-9)
    elastic = gb.slopes(fit, "x", measure="eyex", estimand=estimand).draws.to_numpy().item()
    assert elastic == pytest.approx(0.1 * DATA["x"].mean(), rel=1e-8)


#: Families whose mean is more than the inverse of one link, with their further parameters.
PARTS = {
    "lognormal": {"sigma": [[0.7]]},
    "zero_inflated_poisson": {"zi": [[0.3]]},
    "zero_inflated_negative_binomial": {"zi": [[0.3]], "shape": [[2.0]]},
    "hurdle_gamma": {"hu": [[0.3]], "shape": [[2.0]]},
    "hurdle_lognormal": {"hu": [[0.3]], "sigma": [[0.7]]},
}


@pytest.mark.parametrize("family", PARTS)
@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample"])
@pytest.mark.parametrize("far", [-900.0, -745.0, 0.3, 710.0, 900.0])
def test_ratios_of_means_of_several_parts_keep_their_digits(family, estimand, far):
    data = DATA.assign(y=np.where(DATA["t"] == 0, 2.0, 3.0) if "hurdle" not in family else DATA["y"] * 1.0)
    model = gb.Model("y ~ t + (1 | g)", data, family=family)
    draws = {"beta": [[[far, 1.5]]], "sd_g": [[[0.5]]], "b_g": np.zeros((1, 1, 4, 1)), **PARTS[family]}
    fit = gb.Fit.from_draws(model, draws)
    found = gb.comparisons(fit, "t", measure="log_ratio", estimand=estimand).draws.to_numpy().item()
    assert found == pytest.approx(1.5, rel=1e-9)
    ratio = (
        gb.comparisons(fit, "t", measure="ratio", estimand=estimand, by="g", newdata=data)
        .draws.to_numpy()
        .ravel()
    )
    np.testing.assert_allclose(ratio, np.exp(1.5), rtol=1e-9)


@pytest.mark.parametrize("family", ["cumulative", "sratio", "cratio", "acat"])
@pytest.mark.parametrize("estimand", ["population", "typical", "sample"])
@pytest.mark.parametrize("far", [2.0, 12.0, 30.0, 36.0, 300.0, 900.0])
def test_odds_ratios_of_rare_categories_keep_their_digits(family, estimand, far):
    data = DATA.assign(o=np.tile([1, 2, 3], N // 3))
    model = gb.Model("o ~ t + (1 | g)", data, family=family)
    draws = {"beta": [[[1.5]]], "thresholds": [[[far - 1.0, far + 1.0]]], "sd_g": [[[0.5]]]}
    fit = gb.Fit.from_draws(model, draws | {"b_g": np.zeros((1, 1, 4, 1))})
    found = gb.comparisons(fit, "t", measure="log_odds_ratio", estimand=estimand).draws.to_numpy().ravel()
    assert np.isfinite(found).all()
    if far >= 30.0 and estimand != "population":
        # The odds of each category are exponential in the predictor where the first has nearly all.
        steps = (-1.5, 1.5, 1.5 if family == "cumulative" else 3.0)
        np.testing.assert_allclose(found, steps, rtol=1e-8)
    assert (gb.predictions(fit, data, estimand=estimand).draws.to_numpy() >= 0.0).all()


@pytest.mark.parametrize("word", ["typical", "population", "subject"])
@pytest.mark.parametrize("intercept", [-38.0, -12.0, 9.0, 12.0, 20.0, 38.0])
def test_odds_ratios_keep_their_digits_at_both_ends(intercept, word):
    model = gb.Model("y ~ x + (1 | g)", small_fits.DATA, family="bernoulli")
    b = np.full((1, 1, 8, 1), 0.25)
    fit = gb.Fit.from_draws(model, {"beta": [[[intercept, 1.0]]], "sd_g": [[[1.0]]], "b_g": b})
    mirrored = gb.Fit.from_draws(model, {"beta": [[[-intercept, -1.0]]], "sd_g": [[[1.0]]], "b_g": -b})
    rows = {"x": [0.0], "g": ["a"]}
    for measure, exact in (("odds_ratio", np.e), ("log_odds_ratio", 1.0)):
        found, other = (
            gb.comparisons(each, "x", measure=measure, estimand=word, newdata=rows).draws.item()
            for each in (fit, mirrored)
        )
        if abs(intercept) > 10 or word != "population":
            assert found == pytest.approx(exact, rel=2e-4 if word == "population" else 1e-11)
        assert found == pytest.approx(1 / other if measure == "odds_ratio" else -other, rel=1e-8)


def test_odds_of_averages_over_rows_keep_their_digits_where_the_average_rounds_to_1():
    fit = small_fits.fit_of("y ~ x + (1 | g)", [40.0, 1.0])
    rows = pd.DataFrame({"x": [0.0, 2.0]})
    found = gb.comparisons(fit, "x", measure="odds_ratio", estimand="typical", newdata=rows).draws.item()
    assert found == pytest.approx(np.e, rel=1e-11), "both rows are set to the same values"


def test_every_table_prints_its_caption():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"x": rng.normal(size=60), "g": np.repeat(np.arange(12), 5)})
    data["y"] = rng.integers(0, 2, 60)
    model = gb.Model("y ~ x + (1 | g)", data, family="bernoulli")
    draws = {
        "beta": rng.normal(size=(2, 6, 2)),
        "sd_g": np.ones((2, 6, 1)),
        "b_g": rng.normal(size=(2, 6, 12, 1)),
    }
    fit = gb.Fit.from_draws(model, draws)
    for table in (
        gb.summary(fit),
        gb.coefficients(fit),
        gb.random_effects(fit),
        gb.variance_components(fit),
    ):
        assert "89% equal-tailed interval" in " ".join(str(table).split())
        assert "<caption>" in table._repr_html_()
        rows = table if isinstance(table, pd.DataFrame) else table.side_by_side()
        assert "equal-tailed" not in str(rows.head(1)), "what is cut out has no caption"
