"""Laws over estimands, links and measures, on draws and rows that Hypothesis chooses."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import glmm_bayes as gb

LINKS = {
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("bernoulli", "cloglog"),
    ("bernoulli", "loglog"),
    ("bernoulli", "cauchit"),
    ("poisson", "log"),
    ("poisson", "softplus"),
    ("poisson", "sqrt"),
    ("gaussian", "identity"),
}
MODELS = st.sampled_from(sorted(LINKS))
ESTIMANDS = st.sampled_from(["population", "typical", "subject", "sample"])
NULLS = {
    "difference": 0.0,
    "ratio": 1.0,
    "log_ratio": 0.0,
    "lift": 0.0,
    "percent": 0.0,
    "odds_ratio": 1.0,
    "log_odds_ratio": 0.0,
}
OF_PROBABILITIES = ("odds_ratio", "log_odds_ratio")
SEEDS = st.integers(0, 2**32 - 1)
LAWS = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

_rng = np.random.default_rng(17)
DATA = pd.DataFrame(
    {
        "x": _rng.normal(0.5, 1.0, 24).round(2),
        "t": list("abc") * 8,
        "g": np.repeat([f"g{i}" for i in range(6)], 4),
    }
)
RESPONSES = {
    "bernoulli": _rng.integers(0, 2, 24).astype(float),
    "poisson": _rng.poisson(2.0, 24).astype(float),
    "gaussian": _rng.normal(size=24),
}
DRAWS = 6


def draws_of(seed, scale=1.0):
    """Random coefficients of (Intercept, x, t[b], t[c]), and of random intercepts and slopes."""
    rng = np.random.default_rng(seed)
    root = scale * rng.normal(0, 0.6, (DRAWS, 2, 2))
    covariance = root @ root.transpose(0, 2, 1) + 1e-6 * scale**2 * np.eye(2)
    return {
        "beta": rng.normal(0, 0.6, (DRAWS, 4)),
        "covariance": covariance,
        "b": np.einsum("skl,sjl->sjk", np.linalg.cholesky(covariance), rng.normal(size=(DRAWS, 6, 2))),
    }


def fit_of(key, draws, data=DATA, formula="y ~ x + t + (1 + x | g)"):
    family, link = key
    model = gb.Model(formula, data.assign(y=RESPONSES[family]), family, link)
    sd = np.sqrt(np.diagonal(draws["covariance"], axis1=1, axis2=2))
    values = {
        "beta": draws["beta"],
        "sd_g": sd,
        "corr_g": draws["covariance"] / (sd[:, :, None] * sd[:, None, :]),
        "b_g": draws["b"],
    }
    values |= {"sigma": np.ones(DRAWS)} if family == "gaussian" else {}
    return gb.Fit.from_draws(model, {name: value[None] for name, value in values.items()})


def means(fit, estimand, rows=DATA, **question):
    return gb.predictions(fit, rows, estimand, **question).draws.to_numpy()[0]


def same(first, second, key):
    # The mixture of the logit is exact to 2.2e-9, other rules to what they state.
    np.testing.assert_allclose(first, second, rtol=1e-8 if key[1] != "logit" else 2e-8, atol=1e-8)


@LAWS
@given(MODELS, ESTIMANDS, st.sampled_from(sorted(NULLS)), SEEDS)
def test_equal_levels_give_the_null(key, estimand, measure, seed):
    assume(key[0] == "bernoulli" or measure not in OF_PROBABILITIES)
    # Means of a normal response may be negative, which a log ratio refuses.
    assume(key[0] != "gaussian" or measure != "log_ratio")
    fit = fit_of(key, draws_of(seed))
    for variable, level in (("x", 0.3), ("t", "b")):
        found = gb.comparisons(fit, variable, measure, estimand, values=[level, level]).draws
        np.testing.assert_allclose(found, NULLS[measure], atol=1e-9)


@LAWS
@given(MODELS, ESTIMANDS, SEEDS, st.floats(-3, 3), st.floats(0.2, 5))
def test_another_origin_and_unit_change_nothing(key, estimand, seed, origin, unit):
    draws = draws_of(seed)
    fit = fit_of(key, draws)
    # x = origin + unit x': intercepts take the origin's effect, slopes the unit.
    to = np.array([[1.0, origin], [0.0, unit]])
    beta = draws["beta"].copy()
    beta[:, :2] = beta[:, :2] @ to.T
    moved = {
        "beta": beta,
        "covariance": to @ draws["covariance"] @ to.T,
        "b": draws["b"] @ to.T,
    }
    recoded = DATA.assign(x=(DATA["x"] - origin) / unit)
    other = fit_of(key, moved, recoded)
    same(means(other, estimand, recoded), means(fit, estimand), key)
    pairs = [0.1, 1.4], [(0.1 - origin) / unit, (1.4 - origin) / unit]
    first = gb.comparisons(fit, "x", estimand=estimand, newdata=DATA, values=pairs[0]).draws
    second = gb.comparisons(other, "x", estimand=estimand, newdata=recoded, values=pairs[1]).draws
    same(second, first, key)
    slope = gb.slopes(fit, "x", estimand=estimand).draws.to_numpy()
    np.testing.assert_allclose(
        gb.slopes(other, "x", estimand=estimand).draws.to_numpy() / unit, slope, rtol=2e-6, atol=2e-6
    )


@LAWS
@given(MODELS, ESTIMANDS, SEEDS)
def test_another_reference_level_changes_nothing(key, estimand, seed):
    draws = draws_of(seed)
    fit = fit_of(key, draws)
    beta = draws["beta"]
    # c is the reference: a and b are told from it.
    other = np.stack([beta[:, 0] + beta[:, 3], beta[:, 1], -beta[:, 3], beta[:, 2] - beta[:, 3]], axis=1)
    data = DATA.assign(t=pd.Categorical(DATA["t"], categories=["c", "a", "b"]))
    recoded = fit_of(key, draws | {"beta": other}, data)
    same(means(recoded, estimand, data), means(fit, estimand), key)


@LAWS
@given(MODELS, ESTIMANDS, SEEDS, st.permutations(range(24)), st.integers(2, 4))
def test_order_and_repetition_of_rows_change_no_average(key, estimand, seed, order, times):
    fit = fit_of(key, draws_of(seed))
    expected = means(fit, estimand, by=True)
    repeated = pd.concat([DATA.iloc[list(order)]] * times, ignore_index=True)
    same(means(fit, estimand, repeated, by=True), expected, key)
    first = gb.comparisons(fit, "t", estimand=estimand, newdata=DATA).draws
    same(gb.comparisons(fit, "t", estimand=estimand, newdata=repeated).draws, first, key)


@LAWS
@given(MODELS, SEEDS)
def test_the_population_lies_within_the_fan_and_the_typical_group_is_its_median(key, seed):
    # The square of a linear predictor does not increase with it.
    assume(key[1] != "sqrt")
    fit = fit_of(key, draws_of(seed))
    fan = gb.fan(fit, DATA, (1e-5, 0.5, 1 - 1e-5)).draws.to_numpy()[0].reshape(DRAWS, 24, 3)
    population = means(fit, "population")
    assert (fan[:, :, 0] - 1e-8 <= population).all() and (population <= fan[:, :, 2] + 1e-8).all()
    same(fan[:, :, 1], means(fit, "typical"), key)


@LAWS
@given(MODELS, ESTIMANDS, SEEDS, st.floats(0.1, 30))
def test_intervals_stay_in_the_range_of_the_response(key, estimand, seed, scale):
    fit = fit_of(key, draws_of(seed, scale))
    assume(key != ("poisson", "log") or scale < 5)
    table = gb.predictions(fit, DATA, estimand).summary()
    assert table.attrs["estimand"] == estimand
    low, high = {"bernoulli": (0, 1), "poisson": (0, np.inf), "gaussian": (-np.inf, np.inf)}[key[0]]
    for column in ("mean", "eti89_lb", "eti89_ub"):
        assert ((table[column] >= low) & (table[column] <= high)).all()


@LAWS
@given(SEEDS)
def test_an_identity_link_makes_population_and_typical_equal(seed):
    fit = fit_of(("gaussian", "identity"), draws_of(seed))
    np.testing.assert_array_equal(means(fit, "population"), means(fit, "typical"))


@LAWS
@given(MODELS, SEEDS)
def test_without_variance_all_estimands_agree(key, seed):
    draws = draws_of(seed)
    tiny = {**draws, "covariance": draws["covariance"] * 1e-12, "b": draws["b"] * 1e-12}
    fit = fit_of(key, tiny)
    typical = means(fit, "typical")
    for estimand in ("population", "subject", "sample", "new_subject"):
        np.testing.assert_allclose(means(fit, estimand), typical, rtol=1e-5, atol=1e-5)
