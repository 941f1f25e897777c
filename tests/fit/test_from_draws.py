"""Draws made elsewhere are checked, and serve every verb that they hold enough for."""

import arviz as az
import numpy as np
import pytest

import glmm_bayes as gb

MODEL = gb.Model("Reaction ~ Days + (1 + Days | Subject)", gb.load_dataset("sleepstudy"))
RNG = np.random.default_rng(2)
CORR = np.tile([[1.0, 0.1], [0.1, 1.0]], (2, 30, 1, 1))
DRAWS = {
    "beta": RNG.normal([250.0, 10.0], [6.0, 1.5], (2, 30, 2)),
    "sd_Subject": RNG.uniform(5, 30, (2, 30, 2)),
    "corr_Subject": CORR,
    "b_Subject": RNG.normal(size=(2, 30, 18, 2)),
    "sigma": RNG.uniform(20, 30, (2, 30)),
}


def without(*names):
    return {name: value for name, value in DRAWS.items() if name not in names}


def test_all_verbs_work_on_complete_draws():
    fit = gb.Fit.from_draws(MODEL, DRAWS)
    assert len(gb.random_effects(fit).summary()) == 36
    assert {"beta[Days]", "corr_Subject[Intercept, Days]"} <= set(gb.summary(fit).index)
    assert "log_likelihood" in fit.draws.children


def test_a_tree_gives_the_same_fit_as_its_arrays():
    tree = az.from_dict({"posterior": DRAWS})
    one, two = gb.Fit.from_draws(MODEL, DRAWS), gb.Fit.from_draws(MODEL, tree)
    np.testing.assert_array_equal(one.flat["b_Subject"], two.flat["b_Subject"])


def test_verbs_that_need_no_random_effects_work_without_them():
    fit = gb.Fit.from_draws(MODEL, without("b_Subject"))
    assert gb.comparisons(fit, "Days").summary()["mean"][0] == pytest.approx(DRAWS["beta"][..., 1].mean())
    with pytest.raises(gb.DataError) as caught:
        gb.predictions(fit, estimand="subject")
    assert caught.value.code == "draws_missing"


@pytest.mark.parametrize(
    ("draws", "words"),
    [
        (without("beta"), "beta"),
        (DRAWS | {"beta": DRAWS["beta"][..., :1]}, "coef = 2"),
        (DRAWS | {"sd_subject": DRAWS["sd_Subject"]}, "Did you mean 'sd_Subject'"),
        (DRAWS | {"sigma": DRAWS["sigma"][:, :5]}, "same chains and draws"),
    ],
)
def test_wrong_draws_say_what_shape_is_needed(draws, words):
    with pytest.raises(gb.DataError, match="draws_shape") as caught:
        gb.Fit.from_draws(MODEL, draws)
    assert words in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("beta", np.nan), ("sd_Subject", -1.0), ("sigma", np.inf)])
def test_impossible_draws_are_refused(name, value):
    wrong = DRAWS[name].copy()
    wrong[0, 0] = value
    with pytest.raises(gb.DataError, match="draws_values"):
        gb.Fit.from_draws(MODEL, DRAWS | {name: wrong})
