"""Draws whose order nobody can know by heart are asked for with their labels, and put in order."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import glmm_bayes as gb

RNG = np.random.default_rng(3)
DATA = pd.DataFrame({"x": RNG.normal(size=40), "g": np.repeat(list("abcdefgh"), 5), "y": RNG.normal(size=40)})
MODEL = gb.Model(gb.Formula("y ~ x + (1 + x |i| g)", sigma="~ 1 + (1 |i| g)"), DATA)
LABELS = ["Intercept", "x", "sigma_Intercept"]
CORR = np.array([[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]])


def draws(joint):
    return {
        "beta": np.ones((1, 2, 2)),
        "sd_g": np.ones((1, 2, 2)),
        "corr_g": np.broadcast_to(CORR[:2, :2], (1, 2, 2, 2)),
        "b_g": np.zeros((1, 2, 8, 2)),
        "sigma_beta": np.zeros((1, 2, 1)),
        "sigma_sd_g": np.ones((1, 2, 1)),
        "sigma_b_g": np.zeros((1, 2, 8, 1)),
        "joint_corr_i": joint,
    }


def labelled(order):
    labels = [LABELS[index] for index in order]
    values = np.broadcast_to(CORR[np.ix_(order, order)], (1, 2, 3, 3))
    dims = ("chain", "draw", "joint_i", "joint_i_other")
    return xr.DataArray(values, dims=dims, coords={"joint_i": labels, "joint_i_other": labels})


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_labelled_correlations_may_stand_in_any_order(order):
    fit = gb.Fit.from_draws(MODEL, draws(labelled(order)))
    np.testing.assert_array_equal(fit.flat["joint_corr_i"][0], CORR)
    tree = xr.DataTree.from_dict({"posterior": fit.draws["posterior"].to_dataset().isel(joint_i=order)})
    np.testing.assert_array_equal(gb.Fit.from_draws(MODEL, tree).flat["joint_corr_i"][0], CORR)


@pytest.mark.parametrize("is_array", [True, False])
def test_correlations_without_labels_are_refused_with_the_order(is_array):
    values = np.broadcast_to(CORR, (1, 2, 3, 3))
    plain = values if is_array else labelled([0, 1, 2]).drop_vars(["joint_i", "joint_i_other"])
    with pytest.raises(gb.DataError, match="'Intercept', 'x', 'sigma_Intercept'") as caught:
        gb.Fit.from_draws(MODEL, draws(plain))
    assert caught.value.code == "draws_labels"


def test_labels_of_another_model_are_refused():
    wrong = labelled([0, 1, 2]).assign_coords(joint_i=["Intercept", "z", "sigma_Intercept"])
    with pytest.raises(gb.DataError, match="not the model's"):
        gb.Fit.from_draws(MODEL, draws(wrong))


def test_other_labelled_variables_are_put_in_order_too():
    own = draws(labelled([0, 1, 2]))
    own["beta"] = xr.DataArray(
        np.broadcast_to([2.0, 1.0], (1, 2, 2)),
        dims=("chain", "draw", "coef"),
        coords={"coef": ["x", "Intercept"]},
    )
    np.testing.assert_array_equal(gb.Fit.from_draws(MODEL, own).flat["beta"][0], [1.0, 2.0])


def test_a_saved_fit_with_such_correlations_loads(tmp_path):
    fit = gb.Fit.from_draws(MODEL, draws(labelled([2, 1, 0])))
    fit.save(tmp_path / "a.glmm")
    np.testing.assert_array_equal(gb.load(tmp_path / "a.glmm").flat["joint_corr_i"][0], CORR)


def test_a_tree_in_another_order_is_read_by_its_labels():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"x": rng.normal(size=60), "f": np.resize(["a", "b", "c"], 60)})
    data = data.assign(g=np.repeat(np.arange(12), 5), y=rng.integers(0, 2, 60))
    model = gb.Model("y ~ x + f + (1 | g)", data, family="bernoulli")
    draws = {
        "beta": rng.normal(size=(1, 6, 4)),
        "sd_g": np.ones((1, 6, 1)),
        "b_g": rng.normal(size=(1, 6, 12, 1)),
    }
    fit = gb.Fit.from_draws(model, draws)
    turned = fit.draws["posterior"].to_dataset().isel(coef=[2, 1, 3, 0], g=slice(None, None, -1))
    again = gb.Fit.from_draws(model, xr.DataTree.from_dict({"posterior": turned}))
    for name in draws:
        np.testing.assert_array_equal(again.flat[name], fit.flat[name])
    foreign = turned.assign_coords(coef=["f[b]", "x", "f[c]", "f[a]"])
    with pytest.raises(gb.DataError, match="labels of 'coef'"):
        gb.Fit.from_draws(model, xr.DataTree.from_dict({"posterior": foreign}))
