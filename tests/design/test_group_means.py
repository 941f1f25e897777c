"""Means of groups are learnt from the data, taken of new rows for new groups, and held in comparisons."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.design.data_of_published_words import DATA, RNG

MEANS = gb.Model("y ~ within(x, g) + between(x, g) + (1 | h)", DATA)
MEANS_FIT = gb.Fit.from_draws(
    MEANS, {"beta": [[[0.0, 1.0, 10.0]]], "sd_h": [[[0.5]]], "b_h": np.zeros((1, 1, 3, 1)), "sigma": [[1.0]]}
)


def test_known_groups_keep_the_mean_that_was_learnt():
    rows = pd.DataFrame({"x": [5.0, 7.0], "g": ["b", "b"]})
    mean = DATA.x[DATA.g == "b"].mean()
    found = gb.predictions(MEANS_FIT, rows).draws.to_numpy().ravel()
    np.testing.assert_allclose(found, np.array([5.0, 7.0]) - mean + 10 * mean)


def test_new_groups_have_the_mean_of_the_new_rows_and_it_is_said():
    rows = pd.DataFrame({"x": [5.0, 7.0, 1.0], "g": ["new", "new", "b"]})
    effects = gb.predictions(MEANS_FIT, rows)
    np.testing.assert_allclose(effects.draws.to_numpy().ravel()[:2], [5 - 6 + 60, 7 - 6 + 60])
    assert "the data had no g new; its mean of x is that of the new rows" in str(effects)


@pytest.mark.parametrize(
    "rows", [None, pd.DataFrame({"x": [5.0, 7.0, 1.0, 5.0], "g": ["new", "new", "b", "new"]})]
)
def test_a_counterfactual_value_moves_within_and_never_between(rows):
    effects = gb.comparisons(MEANS_FIT, "x", newdata=rows, by=False)
    np.testing.assert_allclose(effects.draws, 1.0)
    assert "with between(x, g) held" in effects.caption
    slopes = gb.slopes(MEANS_FIT, "x", newdata=rows, by=False)
    np.testing.assert_allclose(slopes.draws, 1.0, rtol=1e-8)
    assert "with between(x, g) held" in slopes.caption
    assert "held" not in gb.predictions(MEANS_FIT, by=True).caption


def test_rows_that_read_alike_count_as_often_as_they_stand_in_the_mean_of_a_new_group():
    rows = pd.DataFrame({"x": [1.0, 1.0, 1.0, 5.0], "g": ["new"] * 4})
    effects = gb.comparisons(MEANS_FIT, {"x": [0.0, 0.0 + 1]}, newdata=rows, by=False)
    np.testing.assert_allclose(effects.draws, 1.0)
    levels = gb.predictions(MEANS_FIT, rows).draws.to_numpy().ravel()
    np.testing.assert_allclose(levels, [1 - 2 + 20] * 3 + [5 - 2 + 20])


def test_a_saved_fit_has_the_means_that_were_learnt(tmp_path):
    MEANS_FIT.save(tmp_path / "means.glmm")
    loaded = gb.load(tmp_path / "means.glmm")
    rows = pd.DataFrame({"x": [5.0], "g": ["b"]})
    assert gb.predictions(loaded, rows).draws.item() == gb.predictions(MEANS_FIT, rows).draws.item()


def test_a_grid_names_the_group_that_the_mean_is_of():
    assert list(gb.grid(MEANS_FIT, x=[0.0, 1.0]).columns) == ["x", "g"]


def test_groups_of_a_mean_are_labels_in_files_too(tmp_path):
    path = tmp_path / "data.csv"
    labels = [f"{code:03d}" for code in range(12)]
    data = pd.DataFrame({"y": RNG.normal(size=60), "x": RNG.normal(size=60), "g": np.repeat(labels, 5)})
    data.to_csv(path, index=False)
    for right in ("between(x, g) + within(x, g)", "I(g %in% c('007', '008'))", "x"):
        model = gb.Model(f"y ~ {right} + (1 | g)", path)
        assert model.design.groups[0].labels == tuple(labels)


def test_a_mean_in_an_offset_is_held_too():
    model = gb.Model("y ~ h + offset(between(x, g))", DATA)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0, 2.0]]], "sigma": [[1.0]]})
    effects = gb.comparisons(fit, "x")
    assert effects.draws.item() == 0.0 and "with between(x, g) held" in effects.caption


def test_a_group_without_a_mean_is_named():
    data = DATA.assign(n=DATA.g.map({level: position for position, level in enumerate("abcdef")}))
    model = gb.Model("y ~ between(x, n) + n", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0, 2.0]]], "sigma": [[1.0]]})
    with pytest.raises(gb.PredictionError, match="n 6 is in neither the data nor the new rows"):
        gb.comparisons(fit, "n")


def test_a_picture_of_curves_says_that_the_mean_is_held():
    alt = gb.plot_curves(MEANS_FIT, "x").alt
    assert "with between(x, g) held" in alt
