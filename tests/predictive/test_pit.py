"""Where responses lie in their own predictive distributions: uniform if the model is right."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb

ROWS = 3000
RNG = np.random.default_rng(11)
X = RNG.normal(size=ROWS)


def fit_of(formula, data, family, **draws):
    """Return a fit whose draws are the truth, again and again."""
    model = gb.Model(formula, data, family=family)
    constant = {name: np.broadcast_to(value, (2, 300, *np.shape(value))) for name, value in draws.items()}
    return gb.Fit.from_draws(model, constant)


def test_the_transform_of_continuous_responses_is_uniform_under_the_truth():
    data = pd.DataFrame({"x": X, "y": 1 + X + RNG.normal(size=ROWS)})
    values = gb.pit(fit_of("y ~ x", data, "gaussian", beta=[1.0, 1.0], sigma=1.0), seed=1)
    assert values.dims == ("row",) and stats.kstest(values, "uniform").pvalue > 1e-3


def test_the_transform_of_counts_is_uniform_under_the_truth():
    data = pd.DataFrame({"x": X, "y": RNG.poisson(np.exp(0.2 + 0.3 * X))})
    values = gb.pit(fit_of("y ~ x", data, "poisson", beta=[0.2, 0.3]), seed=1)
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_the_transform_finds_a_wrong_spread():
    data = pd.DataFrame({"x": X, "y": 1 + X + RNG.normal(size=ROWS)})
    values = gb.pit(fit_of("y ~ x", data, "gaussian", beta=[1.0, 1.0], sigma=1.3), seed=1)
    assert stats.kstest(values, "uniform").pvalue < 1e-6


def test_the_transform_knows_what_is_censored():
    truth = np.exp(0.5 + 0.3 * X) * RNG.exponential(size=ROWS)
    limit = RNG.uniform(0.5, 4.0, ROWS)
    data = pd.DataFrame(
        {"x": X, "y": np.minimum(truth, limit), "c": np.where(truth > limit, "right", "none")}
    )
    fit = fit_of("y | cens(c) ~ x", data, "exponential", beta=[0.5, 0.3])
    assert stats.kstest(gb.pit(fit, seed=1), "uniform").pvalue > 1e-3
    naive = fit_of("y ~ x", data, "exponential", beta=[0.5, 0.3])
    assert stats.kstest(gb.pit(naive, seed=1), "uniform").pvalue < 1e-6


def test_the_transform_knows_intervals_and_left_ends():
    truth = np.exp(0.5 + 0.3 * X) * RNG.exponential(size=ROWS)
    low = np.floor(truth)
    data = pd.DataFrame({"x": X, "y": np.maximum(low, 1.0), "z": low + 1.0})
    data["c"] = np.where(low == 0, "left", "interval")
    fit = fit_of("y | cens(c, z) ~ x", data, "exponential", beta=[0.5, 0.3])
    assert stats.kstest(gb.pit(fit, seed=1), "uniform").pvalue > 1e-3


def test_the_transform_knows_bounds():
    y = np.array([], float)
    x = np.array([], float)
    while len(y) < ROWS:
        tried = RNG.normal(size=ROWS)
        drawn = 1 + tried + RNG.normal(size=ROWS)
        y, x = np.append(y, drawn[drawn > 0.5]), np.append(x, tried[drawn > 0.5])
    data = pd.DataFrame({"x": x[:ROWS], "y": y[:ROWS]})
    fit = fit_of("y | trunc(lb = 0.5) ~ x", data, "gaussian", beta=[1.0, 1.0], sigma=1.0)
    assert stats.kstest(gb.pit(fit, seed=1), "uniform").pvalue > 1e-3
    assert gb.predictions(fit).attrs["quantity"] == "mean of y before truncation"


def test_categories_without_an_order_have_no_transform():
    data = pd.DataFrame({"x": X[:30], "y": np.resize(list("abc"), 30)})
    fit = fit_of("y ~ 1", data, "categorical", mu_b_beta=[0.0], mu_c_beta=[0.0])
    with pytest.raises(gb.PredictionError, match="no order"):
        gb.pit(fit)


def test_censored_responses_have_no_picture_of_replicates(tmp_path):
    data = pd.DataFrame({"x": X[:24], "g": np.repeat(list("abcdef"), 4)}).assign(
        v=np.linspace(0.5, 1.5, 24), c=np.tile(["none", "right"], 12)
    )
    model = gb.Model("v | cens(c) ~ x + (1 | g)", data, family="exponential")
    draws = {"beta": np.zeros((1, 4, 2)), "sd_g": np.ones((1, 4, 1)), "b_g": np.zeros((1, 4, 6, 1))}
    fit = gb.Fit.from_draws(model, draws)
    with pytest.raises(gb.PredictionError) as caught:
        gb.pp_check(fit)
    assert "gb.pit" in str(caught.value)
    gb.report(fit, tmp_path / "report.html")
    assert "censored responses" in (tmp_path / "report.html").read_text(encoding="utf-8")
