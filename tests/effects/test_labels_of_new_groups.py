"""New groups are drawn by label, reproducibly, whatever stands in the other rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from tests.effects.draws_of_new_groups import DATA, MANY, RNG, ROWS, fit_of, near, new, within_error


def test_crossed_factors_are_drawn_each_by_its_own_label():
    fit = fit_of("gaussian")
    rows = pd.DataFrame({"x": 0.0, "g": [1, 1, 2, 2], "h": ["u", "v", "u", "v"]})
    drawn = new(fit, rows)
    near(drawn[:, 0] - drawn[:, 1], drawn[:, 2] - drawn[:, 3])
    near(drawn[:, 0] - drawn[:, 2], drawn[:, 1] - drawn[:, 3])
    assert (np.abs(drawn[:, 0] - drawn[:, 1]) > 1e-6).all()


def test_a_new_child_may_have_a_known_parent_and_its_own_label():
    fit = fit_of("gaussian", "1 + (1 | h/g)")
    words = {"h": "subject", "h:g": "new_subject"}
    rows = pd.DataFrame({"h": ["u", "v", "u"], "g": ["new", "new", "new"]})
    drawn = new(fit, rows, estimand=words)
    known = new(fit, rows, estimand={"h": "subject", "h:g": "typical"})
    child = drawn - known
    near(child[:, 0], child[:, 2])
    assert (np.abs(child[:, 0] - child[:, 1]) > 1e-6).all(), "one label under two parents is two groups"
    with pytest.raises(gb.PredictionError, match="known level of 'h'"):
        new(fit, DATA, estimand={"h": "new_subject", "h:g": "subject"})


def test_a_label_that_is_known_is_a_new_group_too_and_the_table_says_so():
    fit = fit_of("gaussian", "x + (1 | g)")
    effects = gb.predictions(fit, DATA[:1], estimand="new_subject", per="label")
    assert "also for one that the data had" in effects.caption
    assert (np.abs(new(fit, DATA[:1]) - new(fit, DATA[:1], estimand="subject")) > 1e-6).any()


def test_the_same_call_gives_the_same_bits_and_another_seed_others():
    fit = fit_of()
    first = new(fit, DATA)
    np.testing.assert_array_equal(new(fit, DATA), first)
    np.testing.assert_array_equal(new(fit, DATA, seed=0), first)
    np.testing.assert_array_equal(new(fit), first)
    assert (new(fit, DATA, seed=1) != first).all()


def test_the_seed_of_new_groups_is_that_of_the_fit():
    fit = fit_of()
    with_seed = gb.Fit(fit.definition, fit.draws, {"seed": 7})
    np.testing.assert_array_equal(new(with_seed, DATA), new(fit, DATA, seed=7))
    assert gb.predictions(with_seed, DATA, estimand="new_subject", per="label").attrs["seed"] == 7


def test_permuted_rows_permute_and_further_rows_change_nothing():
    fit = fit_of()
    all_rows = new(fit, DATA)
    order = RNG.permutation(ROWS)
    near(new(fit, DATA.iloc[order]), all_rows[:, order])
    near(new(fit, DATA[7:9]), all_rows[:, 7:9])
    others = DATA.assign(g=DATA["g"] + 50)
    both = np.hstack([all_rows, new(fit, others)])
    near(new(fit, pd.concat([DATA, others])), both)


def test_rows_of_one_label_share_its_effects_whatever_the_labels_type():
    fit = fit_of("gaussian", "1 + (1 | g)")
    drawn = new(fit, {"g": [5, 6, 5]})
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 2])
    assert (drawn[:, 0] != drawn[:, 1]).all()
    for labels in (["5", "6", "5"], [5.0, 6.0, 5.0], pd.Categorical(["5", "6", "5"], ["6", "x", "5"])):
        np.testing.assert_array_equal(new(fit, {"g": labels}), drawn)


def test_rows_without_the_grouping_column_share_one_new_group():
    fit = fit_of("gaussian", "x + (1 | g)")
    drawn = new(fit, {"x": [0.0, 0.0, 1.0]}, per=None)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    near(drawn[:, 2] - drawn[:, 0], fit.flat["beta"][:, 1])


def test_labels_that_read_alike_when_joined_stay_apart():
    fit = fit_of("gaussian", "1 + (1 | g:h)")
    drawn = new(fit, {"g": ["u:v", "u"], "h": ["w", "v:w"]})
    assert (drawn[:, 0] != drawn[:, 1]).all()


def test_more_chains_leave_the_first_ones_alone():
    two = fit_of("gaussian", "1 + (1 | g)", shape=(2, 30))
    draws = {name: two.draws["posterior"][name].to_numpy() for name in ("beta", "sd_g", "sigma")}
    one = gb.Fit.from_draws(
        gb.Model("y ~ 1 + (1 | g)", DATA), {name: value[:1] for name, value in draws.items()}
    )
    near(new(one, {"g": ["new"]}), new(two, {"g": ["new"]})[:30])


def test_blocks_of_rows_do_not_show(monkeypatch):
    from glmm_bayes.fit import linear_predictor

    fit = fit_of()
    whole, mean = new(fit, DATA), new(fit, DATA, by="t")
    monkeypatch.setattr(linear_predictor, "BLOCK_ELEMENTS", 500)
    near(new(fit, DATA), whole)
    near(new(fit, DATA, by="t"), mean)


def test_members_of_a_row_are_each_a_new_group():
    data = DATA.assign(k=DATA["g"].to_numpy()[::-1])
    model = gb.Model("y ~ 1 + (1 | mm(g, k))", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0]]], "sd_mm_g_k": [[[2.0]]], "sigma": [[1.0]]})
    labels = [f"new {i}" for i in range(MANY)]
    others = [f"other {i}" for i in range(MANY)]
    within_error(new(fit, {"g": labels, "k": others})[0] ** 2, 4 * (0.25 + 0.25))
    within_error(new(fit, {"g": labels, "k": labels})[0] ** 2, 4.0)
    pair = new(fit, {"g": ["a", "b", "a", "b"], "k": ["b", "a", "a", "b"]})
    near(pair[:, 0], pair[:, 1])
    near(pair[:, 0], (pair[:, 2] + pair[:, 3]) / 2)
    table = gb.predictions(fit, {"g": ["a"], "k": ["b"]}, estimand="new_subject", per="label").summary(0.9)
    assert table["eti90_ub"][0] == pytest.approx(2.0 * np.sqrt(0.5) * stats.norm.ppf(0.95), rel=1e-12)


def test_a_saved_fit_draws_the_same_new_groups(tmp_path):
    fit = fit_of()
    fit.save(tmp_path / "fit.glmm")
    np.testing.assert_array_equal(new(gb.load(tmp_path / "fit.glmm"), DATA), new(fit, DATA))
