"""Shrinkage factors and no-pooling estimates equal closed forms and published check values."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

import glmm_bayes as gb


def gaussian(rows, beta, sd, sigma, formula, corr=None, b=None):
    model = gb.Model(formula, rows)
    group = model.design.groups[0]
    draws = {
        "beta": np.reshape(beta, (1, 1, -1)),
        "sd_g": np.reshape(sd, (1, 1, -1)),
        "sigma": [[sigma]],
        "b_g": np.zeros((1, 1, len(group.levels), len(group.effects))) if b is None else b,
    }
    if corr is not None:
        draws["corr_g"] = np.array([[[[1.0, corr], [corr, 1.0]]]])
    return gb.Fit.from_draws(model, draws)


def test_shrinkage_of_an_intercept_is_the_variance_ratio():
    # n = 4, sigma_y = 2, sigma_b = 1 -> .5; level mean residual 1.6.
    rows = pd.DataFrame({"y": [1.0, 2.0, 1.4, 2.0, 0.0, 0.5, -0.5, 0.3], "g": list("aaaabbbb")})
    table = gb.random_effects(gaussian(rows, [0.0], [1.0], 2.0, "y ~ 1 + (1 | g)"))
    np.testing.assert_allclose(table["shrinkage"], 0.5)
    np.testing.assert_allclose(table["no_pooling"], [1.6, 0.075])


def test_shrinkage_of_correlated_effects_equals_the_published_values():
    # Sigma = [[1, .3], [.3, .5]], sigma_y^2 = 1.5, x = 0..3, residuals (.4, 1, 2, 1.2).
    rows = pd.DataFrame({"y": [0.4, 1.0, 2.0, 1.2] * 2, "x": [0.0, 1, 2, 3] * 2, "g": list("aaaabbbb")})
    corr = 0.3 / np.sqrt(0.5)
    fit = gaussian(rows, [0.0, 0.0], [1.0, np.sqrt(0.5)], np.sqrt(1.5), "y ~ x + (x | g)", corr)
    table = gb.random_effects(fit)
    np.testing.assert_allclose(table["shrinkage"][:2], [0.335703, 0.221638], atol=5e-7)
    np.testing.assert_allclose(table["no_pooling"][:2], [0.64, 0.34], atol=1e-9)


def bernoulli(successes, rows=7, logit=0.2, sd=1.5, b=0.0):
    data = pd.DataFrame(
        {
            "y": [1] * successes + [0] * (rows - successes) + [0, 1, 1],
            "g": ["a"] * rows + ["b"] * 3,
        }
    )
    model = gb.Model("y ~ 1 + (1 | g)", data, family="bernoulli")
    draws = {"beta": [[[logit]]], "sd_g": [[[sd]]], "b_g": np.full((1, 1, 2, 1), b)}
    return gb.Fit.from_draws(model, draws)


def test_shrinkage_of_bernoulli_rows_at_zero_equals_the_published_value():
    table = gb.random_effects(bernoulli(3))
    p = expit(0.2)
    assert table["shrinkage"][0] == pytest.approx(1 / (1 + 1.5**2 * 7 * p * (1 - p)), rel=1e-12)


def test_no_pooling_of_bernoulli_rows_is_the_maximum_of_their_likelihood():
    table = gb.random_effects(bernoulli(3))
    assert table["no_pooling"][0] == pytest.approx(np.log(3 / 4) - 0.2, abs=1e-8)


@pytest.mark.parametrize(("successes", "sign"), [(0, -1), (7, 1)])
def test_levels_with_one_outcome_only_have_infinite_estimates_without_pooling(successes, sign):
    assert gb.random_effects(bernoulli(successes))["no_pooling"][0] == sign * np.inf


def test_no_pooling_of_poisson_slopes_equals_a_general_optimizer():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"x": rng.normal(size=60), "g": np.repeat(np.arange(4), 15)})
    rows["y"] = rng.poisson(np.exp(1 + 0.3 * rows["x"]))
    model = gb.Model("y ~ x + (x | g)", rows, family="poisson")
    corr = np.array([[np.eye(2)]])
    draws = {"beta": [[[1.0, 0.3]]], "sd_g": [[[0.5, 0.5]]], "corr_g": corr, "b_g": np.zeros((1, 1, 4, 2))}
    table = gb.random_effects(gb.Fit.from_draws(model, draws))
    for level in range(4):
        own = rows[rows["g"] == level]
        offset = 1 + 0.3 * own["x"]

        def loss(b, own=own, offset=offset):
            eta = offset + b[0] + b[1] * own["x"]
            return (np.exp(eta) - own["y"] * eta).sum()

        best = minimize(loss, [0.0, 0.0], tol=1e-12).x
        found = table.loc[table["level"] == level, "no_pooling"]
        np.testing.assert_allclose(found, best, atol=1e-4)


def test_a_level_whose_rows_cannot_carry_a_slope_has_no_own_estimate():
    rows = pd.DataFrame({"y": [1.0, 2, 3, 4], "x": [0.0, 1, 2, 2], "g": list("aabb")})
    fit = gaussian(rows, [0.0, 0.0], [1.0, 1.0], 1.0, "y ~ x + (x | g)", 0.2)
    table = gb.random_effects(fit)
    assert table["no_pooling"].notna().tolist() == [True, True, False, False]
    assert table["shrinkage"].between(0, 1).all()


def test_shrinkage_lies_between_no_and_complete_pooling():
    fit = bernoulli(3)
    assert gb.random_effects(fit)["shrinkage"].between(0, 1).all()
