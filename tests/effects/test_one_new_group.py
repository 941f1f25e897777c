"""One new group for all rows and both sides of a contrast, unless a new group for each label is asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import glmm_bayes as gb

DRAWS = 4000


def _data(groups: int = 13) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "y": rng.integers(0, 2, 4 * groups),
            "t": np.tile([0, 1, 0, 1], groups),
            "x": rng.normal(size=4 * groups),
            "g": np.repeat([f"g{k}" for k in range(groups)], 4),
            "h": np.tile(["u", "v"], 2 * groups),
        }
    )


DATA = _data()


def _fit(formula: str = "y ~ t + x + (1 + t | g)", family: str = "bernoulli", **draws: float) -> gb.Fit:
    model = gb.Model(formula, DATA, family=family)
    rng = np.random.default_rng(4)
    found: dict[str, np.ndarray] = {"beta": rng.normal([-0.5, 0.8, 0.3], [0.1, 0.1, 0.02], (1, DRAWS, 3))}
    for group in model.design.groups:
        size = len(group.effects)
        found[f"sd_{group.slug}"] = np.full((1, DRAWS, size), 0.8)
        if size > 1:
            found[f"corr_{group.slug}"] = np.tile(np.eye(size), (1, DRAWS, 1, 1))
    return gb.Fit.from_draws(model, found)


FIT = _fit()
VERBS = {
    "predictions": lambda fit, **asked: gb.predictions(fit, estimand="new_subject", by=True, **asked),
    "comparisons": lambda fit, **asked: gb.comparisons(fit, "t", estimand="new_subject", **asked),
    "ratio": lambda fit, **asked: gb.comparisons(
        fit, "t", measure="odds_ratio", estimand="new_subject", **asked
    ),
    "slopes": lambda fit, **asked: gb.slopes(fit, "x", estimand="new_subject", **asked),
}


@pytest.mark.parametrize("verb", VERBS)
def test_labels_of_the_rows_change_nothing_unless_asked_for(verb):
    data = DATA.assign(g="one and the same")
    same = VERBS[verb](FIT, newdata=data).draws
    np.testing.assert_allclose(VERBS[verb](FIT, newdata=DATA).draws, same, rtol=1e-12)
    np.testing.assert_allclose(VERBS[verb](FIT, newdata=DATA.drop(columns="g")).draws, same, rtol=1e-12)
    labelled = VERBS[verb](FIT, newdata=DATA, per="label").draws
    assert float(labelled.std()) < 0.75 * float(same.std()), (
        "an average over many new groups varies less than one"
    )
    one_label = VERBS[verb](FIT, newdata=data, per="label").draws
    assert 0.9 < one_label.std() / same.std() < 1.1


@pytest.mark.parametrize("verb", VERBS)
def test_captions_count_the_new_groups(verb):
    one, many = VERBS[verb](FIT), VERBS[verb](FIT, per="label")
    assert "one new group" in one.caption and "one new group" in str(one)
    assert "13 new groups" in many.caption and "one new group" not in many.caption


def test_the_contrast_of_one_new_group_has_the_same_group_on_both_sides():
    draws = gb.comparisons(FIT, "t", estimand="new_subject", by=False, newdata=DATA.head(2)).draws
    high, low = (gb.predictions(FIT, DATA.head(2).assign(t=t), estimand="new_subject").draws for t in (1, 0))
    np.testing.assert_allclose(draws, high - low, atol=1e-14)


def test_the_odds_ratio_of_one_new_trial_is_that_of_its_own_effect():
    # Rows differ in the arm only: the new trial's odds ratio is exp(beta + sd z).
    model = gb.Model("y ~ t + (1 + t | g)", DATA, family="bernoulli")
    rng = np.random.default_rng(1)
    draws = {
        "beta": rng.normal([-2.0, -0.75], [0.3, 0.2], (1, 20000, 2)),
        "sd_g": np.full((1, 20000, 2), 0.6),
        "corr_g": np.tile(np.eye(2), (1, 20000, 1, 1)),
    }
    fit = gb.Fit.from_draws(model, draws)
    found = gb.comparisons(fit, "t", measure="log_odds_ratio", estimand="new_subject").draws.to_numpy()
    assert found.mean() == pytest.approx(-0.75, abs=0.02)
    assert found.std() == pytest.approx(np.hypot(0.2, 0.6), rel=0.03)
    averaged = gb.comparisons(
        fit, "t", measure="log_odds_ratio", estimand="new_subject", per="label"
    ).draws.to_numpy()
    assert averaged.std() < 0.5 * found.std()


def test_several_factors_have_one_new_level_each():
    fit = _fit("y ~ t + x + (1 | g) + (1 | h)")
    rows = DATA.assign(x=0.0, t=0)
    found = gb.predictions(fit, rows, estimand="new_subject", scale="link")
    assert np.ptp(found.draws.to_numpy(), axis=-1).max() == 0.0
    assert found.draws.to_numpy().std() == pytest.approx(np.sqrt(2 * 0.8**2 + 0.1**2), rel=0.03)
    mapped = gb.predictions(fit, rows, estimand={"g": "new_subject", "h": "population"})
    assert "g: one new group" in mapped.caption
    many = gb.predictions(fit, rows, estimand={"g": "new_subject", "h": "new_subject"}, per="label")
    assert "g: 13 new groups" in many.caption and "h: 2 new groups" in many.caption


def test_members_of_a_row_that_differ_are_different_new_groups():
    data = DATA.assign(a=DATA["g"], b=np.where(DATA.index % 2 == 0, DATA["g"], "g0"))
    model = gb.Model("y ~ t + x + (1 | mm(a, b))", data, family="bernoulli")
    slug = model.design.groups[0].slug
    draws = {"beta": np.zeros((1, DRAWS, 3)), f"sd_{slug}": np.ones((1, DRAWS, 1))}
    fit = gb.Fit.from_draws(model, draws)
    rows = data.iloc[[4, 5, 6]]
    found = gb.predictions(fit, rows, estimand="new_subject", scale="link").draws.to_numpy()[0]
    # Twice the same member: variance 1; two members at half weight each: 1/2.
    np.testing.assert_allclose(found.std(axis=0), [1.0, np.sqrt(0.5), 1.0], rtol=0.04)
    np.testing.assert_array_equal(found[:, 0], found[:, 2])
    law = gb.predictions(fit, rows, estimand="new_subject", scale="link").summary()
    assert law["eti89_ub"][1] == pytest.approx(law["eti89_ub"][0] * np.sqrt(0.5), rel=1e-6)


def test_the_average_of_rows_that_are_alike_has_the_law_of_one_of_them():
    rows = DATA.head(1)
    single = gb.Fit.from_draws(
        FIT_MODEL := gb.Model("y ~ t + x + (1 | g)", DATA, family="bernoulli"),
        {"beta": [[[-0.5, 0.8, 0.3]]], "sd_g": [[[1.2]]]},
    )
    assert FIT_MODEL.design.groups
    eta = -0.5 + 0.8 * rows["t"].iloc[0] + 0.3 * rows["x"].iloc[0]
    z = np.linspace(-9, 9, 4001)
    right = (expit(eta + 1.2 * z) * np.exp(-0.5 * z**2)).sum() / np.exp(-0.5 * z**2).sum()
    shown = gb.estimands(single, newdata=rows).summary().set_index("estimand")["mean"]
    assert shown["new_subject"] == pytest.approx(right, abs=1e-8)
    assert shown["new_subject"] == pytest.approx(
        gb.predictions(single, rows, estimand="new_subject").summary()["mean"][0]
    )
    several = gb.predictions(single, pd.concat([rows, rows]), estimand="new_subject", by=True)
    assert several.summary()["mean"][0] == pytest.approx(right, abs=1e-8)


def test_estimands_of_a_comparison_hold_the_differences_between_groups():
    both = gb.estimands(FIT, "t").summary().set_index("estimand")
    one = gb.comparisons(FIT, "t", estimand="new_subject").summary()
    assert both.loc["new_subject", "eti89_lb"] == one["eti89_lb"][0]
    width = both["eti89_ub"] - both["eti89_lb"]
    assert width["new_subject"] > 3 * width["population"]
    many = str(gb.estimands(FIT, "t", per="label"))
    assert "as many groups not yet seen as the rows have labels" in many and "13 new groups" in many


@pytest.mark.parametrize("per", ["row", 1, True, "labels"])
def test_only_labels_tell_new_groups_apart(per):
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(FIT, estimand="new_subject", per=per)
    assert caught.value.code == "per"


def test_labels_without_new_groups_are_refused():
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(FIT, "t", estimand="population", per="label")
    assert caught.value.code == "per" and "new_subject" in str(caught.value)


def test_labels_that_the_rows_lack_are_asked_for():
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(FIT, DATA.drop(columns="g"), estimand="new_subject", per="label")
    assert caught.value.code == "newdata_schema" and "'g'" in str(caught.value)


def test_an_estimand_as_a_value_keeps_the_labels():
    asked = gb.Estimand("new_subject", per="label")
    assert "label" in str(asked)
    found = gb.comparisons(FIT, "t", estimand=asked)
    assert "13 new groups" in found.caption and found.estimand.per == "label"
