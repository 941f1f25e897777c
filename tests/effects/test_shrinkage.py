"""Shrinkage factors and no-pooling estimates equal closed forms and published check values."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import hadamard
from scipy.optimize import minimize

import glmm_bayes as gb

#: Of the fixed part of the seven Bernoulli rows whose numbers are published: a probability of .2.
LOGIT = np.log(0.2 / 0.8)


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
    table = gb.random_effects(gaussian(rows, [0.0], [1.0], 2.0, "y ~ 1 + (1 | g)")).summary()
    np.testing.assert_allclose(table["shrinkage"], 0.5)
    np.testing.assert_allclose(table["no_pooling"], [1.6, 0.075])


def test_shrinkage_of_correlated_effects_equals_the_published_values():
    # Sigma = [[1, .3], [.3, .5]], sigma_y^2 = 1.5, x = 0..3, residuals (.4, 1, 2, 1.2).
    rows = pd.DataFrame({"y": [0.4, 1.0, 2.0, 1.2] * 2, "x": [0.0, 1, 2, 3] * 2, "g": list("aaaabbbb")})
    corr = 0.3 / np.sqrt(0.5)
    fit = gaussian(rows, [0.0, 0.0], [1.0, np.sqrt(0.5)], np.sqrt(1.5), "y ~ x + (x | g)", corr)
    table = gb.random_effects(fit).summary()
    np.testing.assert_allclose(table["shrinkage"][:2], [0.335703, 0.221638], atol=5e-7)
    np.testing.assert_allclose(table["no_pooling"][:2], [0.64, 0.34], atol=1e-9)


def test_effects_shrunk_by_the_matrix_may_move_away_from_zero():
    # y - X beta = (.4, 1, 2, 1.2): own estimates (.64, .34), posterior mean (.49514683, .34955178).
    rows = pd.DataFrame({"y": [0.4, 1.0, 2.0, 1.2] * 2, "x": [0.0, 1, 2, 3] * 2, "g": list("aaaabbbb")})
    fit = gaussian(rows, [0.0, 0.0], [1.0, np.sqrt(0.5)], np.sqrt(1.5), "y ~ x + (x | g)", 0.3 / np.sqrt(0.5))
    table = gb.random_effects(fit).summary()
    z = np.column_stack([np.ones(4), np.arange(4.0)])
    information = z.T @ z / 1.5
    np.testing.assert_allclose(table["information"][:2], np.diag(information), rtol=1e-12)
    sigma = np.array([[1.0, 0.3], [0.3, 0.5]])
    pooled = np.linalg.inv(np.eye(2) + sigma @ information)
    b = (np.eye(2) - pooled) @ table["no_pooling"][:2]
    np.testing.assert_allclose(b, [0.49514683, 0.34955178], atol=5e-9)
    assert b[1] > table["no_pooling"][1]
    np.testing.assert_allclose(
        np.diag(pooled @ [[1.0, 0.3], [0.3, 0.5]]) / [1.0, 0.5], table["shrinkage"][:2]
    )


def bernoulli(successes, rows=7, logit=LOGIT, sd=1.5, b=0.0):
    data = pd.DataFrame(
        {
            "y": [1] * successes + [0] * (rows - successes) + [0, 1, 1],
            "g": ["a"] * rows + ["b"] * 3,
        }
    )
    model = gb.Model("y ~ 1 + (1 | g)", data, family="bernoulli")
    b = np.broadcast_to(np.reshape(b, (1, -1, 1, 1)), (1, np.size(b), 2, 1))
    shape = (1, b.shape[1], 1)
    draws = {"beta": np.full(shape, logit), "sd_g": np.full(shape, sd), "b_g": b}
    return gb.Fit.from_draws(model, draws)


def bernoulli_posterior():
    """Return grid and weights of the exact posterior of the level with 3 successes in 7 rows."""
    grid = np.linspace(-9.0, 11.0, 400_001)
    log_density = 3 * (LOGIT + grid) - 7 * np.logaddexp(0.0, LOGIT + grid) - grid**2 / (2 * 1.5**2)
    weights = np.exp(log_density - log_density.max())
    return grid, weights / weights.sum()


def bernoulli_draws(draws=4_000):
    """Return the midpoints of equal parts of that posterior."""
    grid, weights = bernoulli_posterior()
    return grid[np.searchsorted(np.cumsum(weights), (np.arange(draws) + 0.5) / draws)]


def test_shrinkage_of_bernoulli_rows_at_zero_equals_the_published_value():
    table = gb.random_effects(bernoulli(3)).summary()
    assert table["shrinkage"][0] == pytest.approx(0.284090909, abs=5e-10)
    assert table["information"][0] == pytest.approx(7 * 0.2 * 0.8, rel=1e-12)


def test_shrinkage_of_bernoulli_rows_over_their_posterior_equals_the_published_value():
    table = gb.random_effects(bernoulli(3, b=bernoulli_draws())).summary()
    assert table["mean"][0] == pytest.approx(0.820791752, abs=1e-4)
    assert table["shrinkage"][0] == pytest.approx(0.238338831, abs=2e-5)


def test_laplace_shrinkage_of_bernoulli_rows_is_near_the_exact_variance_ratio():
    grid, weights = bernoulli_posterior()
    mean = weights @ grid
    assert mean == pytest.approx(0.820791752, abs=5e-10)
    exact = weights @ (grid - mean) ** 2 / 1.5**2
    assert exact == pytest.approx(0.233634251, abs=5e-10)
    assert gb.random_effects(bernoulli(3, b=bernoulli_draws())).summary()["shrinkage"][0] == pytest.approx(
        exact, abs=0.005
    )


def test_no_pooling_of_bernoulli_rows_equals_the_published_value():
    assert gb.random_effects(bernoulli(3)).summary()["no_pooling"][0] == pytest.approx(1.09861229, abs=5e-9)


@pytest.mark.parametrize(("successes", "sign"), [(0, -1), (7, 1)])
def test_levels_with_one_outcome_only_have_infinite_estimates_without_pooling(successes, sign):
    assert gb.random_effects(bernoulli(successes)).summary()["no_pooling"][0] == sign * np.inf


def test_no_pooling_of_poisson_slopes_equals_a_general_optimizer():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"x": rng.normal(size=60), "g": np.repeat(np.arange(4), 15)})
    rows["y"] = rng.poisson(np.exp(1 + 0.3 * rows["x"]))
    model = gb.Model("y ~ x + (x | g)", rows, family="poisson")
    corr = np.array([[np.eye(2)]])
    draws = {"beta": [[[1.0, 0.3]]], "sd_g": [[[0.5, 0.5]]], "corr_g": corr, "b_g": np.zeros((1, 1, 4, 2))}
    table = gb.random_effects(gb.Fit.from_draws(model, draws)).summary()
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
    table = gb.random_effects(fit).summary()
    assert table["no_pooling"].notna().tolist() == [True, True, False, False]
    assert table["shrinkage"].between(0, 1).all()


def test_shrinkage_lies_between_no_and_complete_pooling():
    fit = bernoulli(3)
    assert gb.random_effects(fit).summary()["shrinkage"].between(0, 1).all()


def test_shrinkage_of_effects_on_sigma_is_that_of_a_log_standard_deviation():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"y": rng.normal(size=40), "g": np.repeat(list("abcd"), 10)})
    model = gb.Model(gb.Formula("y ~ 1 + (1 | g)", sigma="~ 1 + (1 | g)"), rows)
    draws = {"beta": [[[0.0]]], "sd_g": [[[1.0]]], "b_g": np.zeros((1, 1, 4, 1))}
    draws |= {"sigma_beta": [[[0.0]]], "sigma_sd_g": [[[0.7]]], "sigma_b_g": np.zeros((1, 1, 4, 1))}
    table = gb.random_effects(gb.Fit.from_draws(model, draws)).summary().set_index(["level", "effect"])
    for level in "abcd":
        # - d2/ds2 of sum(-s - y^2 exp(-2 s) / 2) at s = 0.
        information = 2 * (rows.loc[rows["g"] == level, "y"] ** 2).sum()
        found = table.loc[(level, "sigma_Intercept")]
        assert found["information"] == pytest.approx(information, rel=1e-4)
        assert found["shrinkage"] == pytest.approx(1 / (1 + 0.49 * information), rel=1e-4)
        assert np.isnan(found["no_pooling"])
    assert table.xs("Intercept", level="effect")["shrinkage"].to_numpy() == pytest.approx([1 / 11] * 4)


def test_shrinkage_of_effects_on_categories_holds_their_multinomial_information():
    rows = pd.DataFrame({"y": np.resize(["p", "q", "r"], 30), "g": np.repeat(list("abcde"), 6)})
    model = gb.Model("y ~ 1 + (1 | g)", rows, family="categorical")
    draws = {}
    for category in ("q", "r"):
        draws |= {f"mu_{category}_beta": [[[0.4]]], f"mu_{category}_sd_g": [[[0.8]]]}
        draws[f"mu_{category}_b_g"] = np.zeros((1, 1, 5, 1))
    table = gb.random_effects(gb.Fit.from_draws(model, draws)).summary()
    p = np.exp(0.4) / (1 + 2 * np.exp(0.4))
    np.testing.assert_allclose(table["information"], 6 * p * (1 - p), rtol=1e-5)
    np.testing.assert_allclose(table["shrinkage"], 1 / (1 + 0.64 * 6 * p * (1 - p)), rtol=1e-5)


@pytest.mark.parametrize(
    ("family", "further", "rule"),
    [
        ({}, {}, "exact"),
        ({"link": "log"}, {}, "Laplace's value"),
        ({}, {"sigma": "~ 1 + (1 | g)"}, "exact for the mean, Laplace's value for other parameters"),
    ],
)
def test_shrinkage_says_whether_it_is_exact(family, further, rule):
    rows = pd.DataFrame({"y": np.arange(1.0, 9.0), "g": list("aabbccdd")})
    model = gb.Model(gb.Formula("y ~ 1 + (1 | g)", **further), rows, **family)
    draws = {"beta": [[[0.5]]], "sd_g": [[[1.0]]], "b_g": np.zeros((1, 1, 4, 1)), "sigma": [[1.0]]}
    if further:
        del draws["sigma"]
        draws |= {"sigma_beta": [[[0.0]]], "sigma_sd_g": [[[1.0]]], "sigma_b_g": np.zeros((1, 1, 4, 1))}
    assert gb.random_effects(gb.Fit.from_draws(model, draws)).summary().attrs["shrinkage"] == rule


def test_draws_that_shrinkage_needs_are_asked_for_by_name():
    rows = pd.DataFrame({"y": np.arange(1.0, 9.0), "g": list("aabbccdd")})
    draws = {"beta": [[[0.5]]], "sd_g": [[[1.0]]], "b_g": np.zeros((1, 1, 4, 1))}
    with pytest.raises(gb.DataError, match="sigma") as caught:
        gb.random_effects(gb.Fit.from_draws(gb.Model("y ~ 1 + (1 | g)", rows), draws))
    assert caught.value.code == "draws_missing"


def test_pooling_factor_of_a_balanced_gaussian_model_is_its_shrinkage_factor():
    # Level means with exactly their expected variance sigma^2 + sigma_y^2 / n; draws around the posterior
    # means along orthogonal +-1 columns, so that their moments are exact.
    n, sd, sigma = 5, 0.8, 1.3
    factor = 1 / (1 + n * sd**2 / sigma**2)
    means = np.linspace(-1, 1, 8)
    means *= np.sqrt((sd**2 + sigma**2 / n) / means.var(ddof=1))
    b = (1 - factor) * means + np.sqrt(factor) * sd * hadamard(16)[:, 1:9]
    rows = pd.DataFrame({"y": np.repeat(means, n), "g": np.repeat(list("abcdefgh"), n)})
    shape = (1, len(b), 1)
    draws = {"beta": np.zeros(shape), "sd_g": np.full(shape, sd), "sigma": np.full(shape[:2], sigma)}
    fit = gb.Fit.from_draws(gb.Model("y ~ 1 + (1 | g)", rows), draws | {"b_g": b[None, :, :, None]})
    table = gb.random_effects(fit).summary()
    np.testing.assert_allclose(table["shrinkage"], factor, rtol=1e-12)
    assert table.attrs["pooling"]["Intercept | g"] == pytest.approx(factor, rel=1e-12)
    assert "Intercept | g: 0.35" in table.attrs["caption"]


def test_posterior_means_of_toenail_patients_differ_less_than_the_patients_do():
    # Published: posterior means have sd 3.37, patients 4.02, lambda .298 (posterior of all parameters).
    months = np.array([0, 1, 2, 3, 6, 9, 12])
    data = gb.load_dataset("toenail").assign(month=lambda frame: months[frame["visit"] - 1])
    model = gb.Model("y ~ 0 + treatment + treatment:month + (1 | patientID)", data, family="bernoulli")
    beta, v = np.array([-1.6307283, -1.7453347, -0.40431346, -0.56566738]), 16.13126
    grid, group = np.linspace(-25, 25, 2_001), model.design.groups[0]
    eta, y = model.design.x @ beta, model.response.values
    log_density = np.stack([np.bincount(group.codes, y * b - np.logaddexp(0, eta + b)) for b in grid])
    weights = np.exp(log_density - grid[:, None] ** 2 / (2 * v))
    cumulative = np.cumsum(weights / weights.sum(axis=0), axis=0)
    rng, draws = np.random.default_rng(1), 600
    middle = (np.arange(draws) + 0.5) / draws
    b = [np.interp(rng.permutation(middle), own, grid) for own in cumulative.T]
    given = {"beta": np.tile(beta, (1, draws, 1)), "sd_patientID": np.full((1, draws, 1), np.sqrt(v))}
    fit = gb.Fit.from_draws(model, given | {"b_patientID": np.stack(b, axis=1)[None, :, :, None]})
    table = gb.random_effects(fit).summary()
    assert table["mean"].std() == pytest.approx(3.37, abs=0.03)
    assert table.attrs["pooling"]["Intercept | patientID"] == pytest.approx(0.298, abs=0.02)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_levels_with_one_outcome_have_infinite_estimates_under_every_link(link):
    g = np.repeat(np.arange(12), 5)
    data = pd.DataFrame({"g": g, "y": np.where(g == 0, 1, np.where(g == 1, 0, np.resize([0, 1, 1], 60)))})
    model = gb.Model("y ~ 1 + (1 | g)", data, family="bernoulli", link=link)
    draws = {"beta": [[[0.1]]], "sd_g": [[[1.0]]], "b_g": np.zeros((1, 1, 12, 1))}
    found = gb.random_effects(gb.Fit.from_draws(model, draws)).summary()["no_pooling"]
    assert found[0] == np.inf and found[1] == -np.inf and np.isfinite(found[2:]).all()
