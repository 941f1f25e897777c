"""Local attenuation: check values, its tie to the intraclass correlation, closed forms, slopes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

DATA = pd.DataFrame({"y": [0, 1, 1, 0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb")})


def one_draw(intercept, slope, v, link="logit", random="(1 | g)"):
    model = gb.Model(f"y ~ x + {random}", DATA, "bernoulli", link)
    return gb.Fit.from_draws(model, {"beta": [[[intercept, slope]]], "sd_g": [[[np.sqrt(v)]]]})


@pytest.mark.parametrize(
    ("eta", "v", "expected", "zla"),
    [(0.0, 1.0, 0.826483856568, 0.861991), (-1.6307283, 16.13126, 0.370158084720, 0.389874)],
)
def test_the_check_values(eta, v, expected, zla):
    """statistics 7."""
    fit = one_draw(eta, 0.0, v)
    table = gb.attenuation(fit, {"x": [0.0]}).summary()
    assert table["mean"][0] == pytest.approx(expected, abs=2e-8)
    assert table["zla"][0] == pytest.approx(zla, abs=1e-6)
    assert 1 - gb.icc(fit, {"x": [0.0]}).summary()["mean"][0] == pytest.approx(expected, abs=2e-8)


def test_probit_and_log_have_closed_forms():
    fit = one_draw(0.4, 1.0, 2.5, "probit")
    np.testing.assert_allclose(gb.attenuation(fit).summary()["mean"], 1 / np.sqrt(3.5), rtol=1e-9)
    model = gb.Model("y ~ x + (1 | g)", DATA, "poisson")
    counts = gb.Fit.from_draws(model, {"beta": [[[0.1, 0.3]]], "sd_g": [[[0.8]]]})
    np.testing.assert_allclose(gb.attenuation(counts).summary()["mean"], 1.0, rtol=1e-12)


def test_it_takes_the_slope_of_a_typical_group_to_that_of_the_population():
    fit = one_draw(-0.5, 0.7, 3.0)
    table = gb.attenuation(fit).summary()
    means = gb.predictions(fit).summary()["mean"]
    slope = gb.slopes(fit, "x", by=False).summary()["mean"]
    np.testing.assert_allclose(slope, table["mean"] * 0.7 * means * (1 - means), rtol=1e-7)


def test_a_bridge_attenuates_by_its_factor_everywhere():
    fit = one_draw(-0.5, 0.7, 4.0, random='(1 | gr(g, dist = "bridge"))')
    np.testing.assert_allclose(
        gb.attenuation(fit).summary()["mean"], 1 / np.sqrt(1 + 12 / np.pi**2), rtol=1e-9
    )


def test_it_is_refused_where_there_is_none():
    ordinal = DATA.assign(y=pd.Categorical(["a", "b", "c", "a"], ordered=True))
    model = gb.Model("y ~ x + (1 | g)", ordinal, "cumulative")
    draws = {"beta": [[[1.0]]], "sd_g": [[[1.0]]], "thresholds": [[[-1.0, 1.0]]]}
    with pytest.raises(gb.PredictionError, match="inverse link"):
        gb.attenuation(gb.Fit.from_draws(model, draws))


def test_the_teaching_column_is_the_formula():
    fit = one_draw(-1.0, 0.5, 2.0)
    c = 16 * np.sqrt(3) / (15 * np.pi)
    table = gb.coefficients(fit, teaching=True).side_by_side()
    np.testing.assert_allclose(table["zla_mean"], np.array([-1.0, 0.5]) / np.sqrt(1 + 2 * c**2), rtol=1e-9)
