"""Laws of every verb that returns numbers with uncertainty: one kind of result, held to its draws."""

import numpy as np
import pytest
import xarray as xr

import glmm_bayes as gb
from tests.effects.calls_of_verbs import ROWS, SINGLE, VERBS, every_verb, fit


@every_verb()
def test_a_result_is_effects_with_draws_by_chain_draw_and_row(verb):
    result = VERBS[verb](fit())
    assert isinstance(result, gb.Effects)
    assert result.draws.dims == ("chain", "draw", "row")
    assert result.draws.shape == (2, 40, len(result.grid))


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
