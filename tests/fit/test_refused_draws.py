"""Draws that are no arrays of numbers, or do not belong to their model or to each other, are refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import glmm_bayes as gb
from tests.fit.place_of_a_draw import AT, SHAPE, WHERE

PLAIN = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
GOOD = {"beta": np.ones((*SHAPE, 2)), "sd_Subject": np.ones((*SHAPE, 1)), "sigma": np.ones(SHAPE)}
BETA = GOOD["beta"]
HOLED = BETA.copy()
HOLED[AT] = np.nan
TYPES = {
    "none": None,
    "booleans": BETA > 0,
    "complex": BETA + 5j,
    "texts": BETA.astype(str),
    "bytes": BETA.astype(bytes),
    "objects": BETA.astype(object),
    "dates": BETA.astype("datetime64[D]"),
    "durations": BETA.astype("timedelta64[D]"),
    "ragged": [[[1.0, 2.0]], [[1.0]]],
    "one number": 1.0,
    "a text": "beta",
    "a mapping": {"Intercept": 1.0},
    "huge": [[[10**400, 1.0]]],
    "masked": np.ma.masked_greater(BETA + HOLED, 0.0),
    "a generator": (x for x in ()),
    "records": np.zeros(SHAPE, [("a", float), ("b", float)]),
    "not a number": HOLED,
    "infinite": np.where(np.isnan(HOLED), np.inf, HOLED),
    "no draws": BETA[:, :0],
    "no chains": BETA[:0],
    "empty": [],
    "no chain": BETA[0],
    "one axis more": BETA[..., None],
    "turned": np.moveaxis(BETA, -1, 0),
    "one coefficient": BETA[..., :1],
}


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_no_array_of_real_numbers_is_refused_by_name(kind):
    with pytest.raises(gb.DataError) as caught:
        gb.Fit.from_draws(PLAIN, GOOD | {"beta": TYPES[kind]})
    assert "'beta'" in str(caught.value)
    assert caught.value.code in ("draws_values", "draws_shape")


def test_draws_that_are_not_finite_are_named():
    with pytest.raises(gb.DataError, match=WHERE):
        gb.Fit.from_draws(PLAIN, GOOD | {"beta": HOLED})


@pytest.mark.parametrize(
    "draws", [None, [], "draws", 1, {}, {1: BETA}, np.ones((2, 2)), pd.DataFrame({"a": [1]})]
)
def test_what_is_no_mapping_of_draws_is_refused(draws):
    with pytest.raises(gb.DataError, match="draws_shape"):
        gb.Fit.from_draws(PLAIN, draws)


@pytest.mark.parametrize("model", [None, "y ~ x", 1, {}, gb.ModelSpec.from_formula("y ~ x")])
def test_draws_without_their_model_are_refused(model):
    with pytest.raises(gb.DataError) as caught:
        gb.Fit.from_draws(model, GOOD)
    assert caught.value.code == "draws_model"


def test_a_labelled_array_of_another_size_is_refused():
    import xarray as xr

    short = xr.DataArray(BETA[..., :1], dims=("chain", "draw", "coef"))
    with pytest.raises(gb.DataError, match="draws_shape"):
        gb.Fit.from_draws(PLAIN, GOOD | {"beta": short})


# --- which draws belong together ------------------------------------------------------------------------

PAIR = gb.Model("y ~ x", pd.DataFrame({"y": [1.0, 2.5, 2.0, 4.0], "x": [1.0, 3.0, 2.0, 5.0]}))


def labelled(dims=("chain", "draw", "coef"), chain=(0, 1), draw=range(5)):
    """Draws of which each number says where it stands: 100 a chain, 10 a draw, 1 a coefficient."""
    values = 100.0 * np.arange(2)[:, None, None] + 10.0 * np.arange(5)[None, :, None] + np.arange(2)
    coords = {"chain": list(chain), "draw": list(draw)}
    beta = xr.DataArray(values, dims=("chain", "draw", "coef"), coords=coords)
    sigma = xr.DataArray(1 + values[..., 0], dims=("chain", "draw"), coords=coords)
    return beta.rename(dict(zip(beta.dims, dims, strict=True))), sigma


@pytest.mark.parametrize(
    "dims", [("chains", "draw", "coef"), ("chain", "iteration", "coef"), ("c", "d", "e")]
)
def test_a_chain_or_a_draw_by_another_name_is_refused(dims):
    beta, sigma = labelled(dims)
    with pytest.raises(gb.DataError, match="chain and draw are needed") as caught:
        gb.Fit.from_draws(PAIR, {"beta": beta, "sigma": sigma})
    assert caught.value.code == "draws_shape" and "beta" in str(caught.value)


@pytest.mark.parametrize("dim", ["chain", "draw"])
def test_draws_in_another_order_are_paired_by_their_labels(dim):
    beta, sigma = labelled()
    order = list(range(sigma.sizes[dim]))[::-1]
    fit = gb.Fit.from_draws(PAIR, {"beta": beta, "sigma": sigma.isel({dim: order})})
    whole = gb.Fit.from_draws(PAIR, {"beta": beta, "sigma": sigma})
    np.testing.assert_array_equal(fit.arrays["sigma"], whole.arrays["sigma"])


@pytest.mark.parametrize(
    ("dim", "labels"), [("draw", range(5, 10)), ("chain", (2, 3)), ("draw", (0, 1, 2, 3, 3))]
)
def test_draws_of_other_runs_are_not_paired(dim, labels):
    beta, _ = labelled()
    _, sigma = labelled(**{dim: labels})
    with pytest.raises(gb.DataError) as caught:
        gb.Fit.from_draws(PAIR, {"beta": beta, "sigma": sigma})
    assert caught.value.code == "draws_labels" and "sigma" in str(caught.value)


@pytest.mark.parametrize("name", ["beta", "sigma"])
@pytest.mark.parametrize("size", [1e151, 1e308])
def test_draws_whose_squares_are_no_numbers_are_refused(name, size):
    draws = {"beta": np.zeros((1, 5, 2)), "sigma": np.ones((1, 5))}
    draws[name][0, 3] = size
    with pytest.raises(gb.DataError, match="must lie between"):
        gb.Fit.from_draws(PAIR, draws)
