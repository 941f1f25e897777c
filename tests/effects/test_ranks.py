"""Ranks are found within draws: probabilities of places equal those of a league table counted by hand."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

#: Four draws of four levels.
B = np.array([[3.0, 2.0, 1.0, 0.0], [3.0, 1.0, 2.0, 0.0], [1.0, 3.0, 2.0, 0.0], [2.0, 2.0, 1.0, 3.0]])


def fit_of(b=B, formula="y ~ x + (1 | g)"):
    rows = pd.DataFrame(
        {"y": np.arange(8.0), "x": np.resize([0.0, 1, 3], 8), "g": np.repeat(list("abcd"), 2)}
    )
    b = b if b.ndim == 3 else b[:, :, None]
    draws = {"beta": np.zeros((1, len(b), 2)), "b_g": b[None], "sigma": np.ones((1, len(b)))}
    draws["sd_g"] = np.ones((1, len(b), b.shape[2]))
    return gb.Fit.from_draws(gb.Model(formula, rows), draws)


def test_probabilities_of_ranks_are_shares_of_draws():
    table = gb.ranks(fit_of(), "g", top=2, distribution=True).summary().set_index("level")
    # In the last draw a and b are equal and share the second place.
    assert table["mean"].to_dict() == {"a": 1.75, "b": 2.0, "c": 2.75, "d": 3.25}
    assert table["p_best"].to_dict() == {"a": 0.5, "b": 0.25, "c": 0.0, "d": 0.25}
    assert table["p_top2"].to_dict() == {"a": 0.75, "b": 0.75, "c": 0.5, "d": 0.25}
    assert table.loc["d", ["rank_1", "rank_2", "rank_3", "rank_4"]].tolist() == [0.25, 0.0, 0.0, 0.75]


def test_the_lowest_can_be_the_best():
    low = gb.ranks(fit_of(), "g", best="lowest").summary().set_index("level")
    assert low.index[0] == "d" and low.loc["d", "p_best"] == 0.75
    assert "1 = lowest of 4" in low.attrs["caption"]


def test_ends_of_intervals_are_ranks_that_occur():
    table = gb.ranks(fit_of(), "g").summary()
    ends = table[["eti89_lb", "eti89_ub"]].to_numpy()
    assert (ends == ends.round()).all() and (ends >= 1).all() and (ends <= 4).all()


def test_ranks_are_those_of_scipy_and_their_mean_is_fixed():
    from scipy.stats import rankdata

    b = np.random.default_rng(4).normal(size=(50, 4))
    table = gb.ranks(fit_of(b), "g").summary().set_index("level")
    expected = pd.Series(rankdata(-b, axis=1).mean(axis=0), list("abcd"))
    pd.testing.assert_series_equal(table["mean"].sort_index(), expected, check_names=False)
    assert table["p_best"].sum() == pytest.approx(1.0)
    assert table["mean"].mean() == pytest.approx(2.5)


def test_an_order_of_the_draws_changes_nothing_and_an_order_within_them_does():
    again = gb.ranks(fit_of(B[::-1]), "g").summary()
    pd.testing.assert_frame_equal(again, gb.ranks(fit_of(), "g").summary())
    # Posterior means hide that a is first in half of the draws only.
    torn = np.column_stack([B[:, 0], B[[1, 2, 3, 0], 1], B[:, 2], B[:, 3]])
    assert torn.mean(axis=0).tolist() == B.mean(axis=0).tolist()
    assert not gb.ranks(fit_of(torn), "g").summary()["p_best"].equals(again["p_best"])


def test_any_effect_can_be_ranked_by_its_name():
    b = np.stack([B, -B], axis=2)
    fit = fit_of(b, "y ~ x + (x || g)")
    assert gb.ranks(fit, "g").summary()["level"][0] == "a"
    assert gb.ranks(fit, "g", effect="x").summary()["level"][0] == "d"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"factor": "G"}, "unknown_factor", "Did you mean 'g'"),
        ({"effect": "intercept"}, "unknown_effect", "Did you mean 'Intercept'"),
        ({"best": "first"}, "settings", '"highest" or "lowest"'),
        ({"top": 5}, "settings", "from 1 to 4, the number of levels; found 5"),
        ({"top": True}, "settings", "found True"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_words(options, code, words):
    with pytest.raises(gb.PredictionError, match=words) as caught:
        gb.ranks(fit_of(), **{"factor": "g"} | options)
    assert caught.value.code == code
