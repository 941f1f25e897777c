"""Weights, standard errors, censoring, bounds and exposure: likelihood, graph and draws."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import glmm_bayes as gb
from tests.example_models import at_a_point
from tests.families.test_censored_rows import refusal, rows_of

# Fused operations of more than 32 operands have no Python form.
X = np.array([-1.0, -0.3, 0.2, 0.8, 1.1, 0.5])
BETA = np.array([0.3, 0.4])
CODES = np.array(["none", "left", "right", "interval", "none", "interval"])
WEIGHTS = np.array([1.0, 2.0, 0.5, 3.0, 0.0, 1.7])
EXPOSURE = np.array([0.5, 1.0, 2.0, 3.5, 7.0, 1.3])
ERRORS = np.array([0.4, 1.0, 0.2, 0.7, 2.0, 0.9])
REAL = np.array([0.4, -0.9, 1.3, 0.1, 2.2, -0.4])
POSITIVE = np.array([0.4, 0.9, 1.3, 2.1, 3.2, 0.7])
COUNTS = np.array([1.0, 3.0, 2.0, 1.0, 4.0, 2.0])
SHARES = np.array([0.2, 0.4, 0.5, 0.3, 0.8, 0.6])


def beta(mu, phi):
    return stats.beta(mu * phi, (1 - mu) * phi)


# family, link, inverse link, auxiliaries, distribution in mu, y, upper ends, bounds
CASES = {
    "gaussian": (
        "identity", lambda e: e, {"sigma": 1.3}, lambda mu: stats.norm(mu, 1.3), REAL, REAL + 0.8, (-1, 2.5),
    ),
    "student": (
        "identity", lambda e: e, {"sigma": 1.3, "nu": 4.0}, lambda mu: stats.t(4.0, mu, 1.3), REAL,
        REAL + 0.8, (-1, 2.5),
    ),
    "poisson": ("log", np.exp, {}, stats.poisson, COUNTS, COUNTS + 2, (1, 5)),
    "negative_binomial": (
        "log", np.exp, {"shape": 2.2}, lambda mu: stats.nbinom(2.2, 2.2 / (2.2 + mu)), COUNTS,
        COUNTS + 2, (1, 5),
    ),
    "gamma": (
        "log", np.exp, {"shape": 1.6}, lambda mu: stats.gamma(1.6, scale=mu / 1.6), POSITIVE,
        POSITIVE + 1, (0.3, 4),
    ),
    "lognormal": (
        "identity", lambda e: e, {"sigma": 0.7}, lambda mu: stats.lognorm(0.7, scale=np.exp(mu)), POSITIVE,
        POSITIVE + 1, (0.3, 4),
    ),
    "weibull": (
        "log", np.exp, {"shape": 1.6},
        lambda mu: stats.weibull_min(1.6, scale=mu / special.gamma(1 + 1 / 1.6)), POSITIVE,
        POSITIVE + 1, (0.3, 4),
    ),
    "beta": (
        "logit", special.expit, {"phi": 4.0}, lambda mu: beta(mu, 4.0), SHARES, SHARES + 0.15, (0.1, 0.9),
    ),
}  # fmt: skip


def data_of(family):
    y, end = CASES[family][4:6]
    return pd.DataFrame({"y": y, "end": end, "x": X, "w": WEIGHTS, "c": CODES, "e": EXPOSURE, "s": ERRORS})


def model_of(family, addition, data=None):
    bar = f" | {addition}" if addition else ""
    data = data_of(family) if data is None else data
    return gb.Model(f"y{bar} ~ x", data, family=family, link=CASES[family][0])


def fit_of(model, family, size=1):
    values = {"beta": BETA} | CASES[family][2]
    return gb.Fit.from_draws(
        model, {name: np.broadcast_to(value, (1, size, *np.shape(value))) for name, value in values.items()}
    )


def log_likelihood(model, family):
    return np.asarray(fit_of(model, family).draws["log_likelihood"]["y"]).reshape(-1)


def law_of(family, scale=1.0):
    inverse, distribution = CASES[family][1], CASES[family][3]
    return distribution(inverse(BETA[0] + BETA[1] * X) * scale)


def log_f(law, y):
    return law.logpdf(y) if hasattr(law.dist, "logpdf") else law.logpmf(y)


def expected(family, addition):
    """Return the log likelihood of each row by SciPy."""
    y, end, (low, high) = CASES[family][4:]
    law = law_of(family)
    own = log_f(law, y)
    if addition == "cens":
        between = np.log(law.cdf(end) - law.cdf(y))
        return np.select(
            [CODES == "none", CODES == "left", CODES == "right"], [own, law.logcdf(y), law.logsf(y)], between
        )
    if addition == "trunc":
        below = law.cdf(low - 1) if family in ("poisson", "negative_binomial") else law.cdf(low)
        return own - np.log(law.cdf(high) - below)
    return WEIGHTS * own


def written(family, addition):
    low, high = CASES[family][6]
    return {"weights": "weights(w)", "cens": "cens(c, end)", "trunc": f"trunc({low}, {high})"}[addition]


PAIRS = [(family, addition) for family in CASES for addition in ("weights", "cens", "trunc")]


@pytest.mark.parametrize(("family", "addition"), PAIRS)
def test_the_log_likelihood_of_each_row_is_that_of_scipy(family, addition):
    found = log_likelihood(model_of(family, written(family, addition)), family)
    np.testing.assert_allclose(found, expected(family, addition), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", CASES)
def test_a_weight_of_two_is_the_row_twice(family):
    data = data_of(family)
    weighted = log_likelihood(model_of(family, "weights(w)", data.assign(w=2.0)), family)
    twice = log_likelihood(model_of(family, "", pd.concat([data, data], ignore_index=True)), family)
    np.testing.assert_allclose(weighted.sum(), twice.sum(), rtol=1e-12)


@pytest.mark.parametrize("family", CASES)
def test_together_they_are_one_formula(family):
    """A censored response of a bounded sample lies between its end and the bound on that side."""
    y, end, (low, high) = CASES[family][4:]
    law = law_of(family)
    below = law.cdf(low - 1 if family in ("poisson", "negative_binomial") else low)
    left, right = law.cdf(y) - below, law.cdf(high) - law.cdf(y)
    between = law.cdf(end) - law.cdf(y)
    seen = np.select(
        [CODES == "none", CODES == "left", CODES == "right"], [np.exp(log_f(law, y)), left, right], between
    )
    expected = WEIGHTS * np.log(seen / (law.cdf(high) - below))
    model = model_of(family, f"weights(w) + cens(c, end) + trunc({low}, {high})")
    np.testing.assert_allclose(log_likelihood(model, family), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("sigma", "scale"), [("", ERRORS), (", sigma = TRUE", np.hypot(ERRORS, 1.3))])
def test_known_errors_are_the_scale_alone_or_beside_sigma(sigma, scale):
    model = model_of("gaussian", f"se(s{sigma})")
    values = {"beta": BETA} | ({"sigma": 1.3} if sigma else {})
    draws = {name: np.asarray(value)[None, None] for name, value in values.items()}
    found = np.asarray(gb.Fit.from_draws(model, draws).draws["log_likelihood"]["y"]).reshape(-1)
    np.testing.assert_allclose(found, stats.norm(BETA[0] + BETA[1] * X, scale).logpdf(REAL), rtol=1e-12)


def test_exposure_multiplies_the_mean_and_the_shape():
    mean = np.exp(BETA[0] + BETA[1] * X) * EXPOSURE
    found = log_likelihood(model_of("poisson", "rate(e)"), "poisson")
    np.testing.assert_allclose(found, stats.poisson(mean).logpmf(COUNTS), rtol=1e-12)
    shape = 2.2 * EXPOSURE
    found = log_likelihood(model_of("negative_binomial", "rate(e)"), "negative_binomial")
    np.testing.assert_allclose(found, stats.nbinom(shape, shape / (shape + mean)).logpmf(COUNTS), rtol=1e-10)


@pytest.mark.parametrize("family", CASES)
def test_draws_of_bounded_rows_follow_the_bounded_law(family):
    low, high = CASES[family][6]
    fit = fit_of(model_of(family, written(family, "trunc")), family, size=2000)
    drawn = np.asarray(gb.posterior_predictive(fit, seed=7)["posterior_predictive"]["y"])[0]
    assert low <= drawn.min() and drawn.max() <= high
    for row in range(len(X)):
        one = CASES[family][3](CASES[family][1](BETA[0] + BETA[1] * X[row]))
        if family in ("poisson", "negative_binomial"):
            values = np.arange(low, high + 1)
            share = one.pmf(values) / one.pmf(values).sum()
            counts = [(drawn[:, row] == value).sum() for value in values]
            assert stats.chisquare(counts, 2000 * share).pvalue > 1e-4
        else:
            mass = one.cdf(high) - one.cdf(low)
            share = (one.cdf(drawn[:, row]) - one.cdf(low)) / mass
            assert stats.kstest(share, "uniform").pvalue > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("family", CASES)
def test_the_graph_has_the_same_rows_and_finite_gradients(family):
    low, high = CASES[family][6]
    model = model_of(family, f"weights(w) + cens(c, end) + trunc({low}, {high})")
    draws, rows, has_finite_gradient = at_a_point(model, size=0.0)
    found = np.asarray(gb.Fit.from_draws(model, draws).draws["log_likelihood"]["y"]).reshape(-1)
    np.testing.assert_allclose(rows, found, rtol=1e-9, atol=1e-12)
    assert has_finite_gradient


def test_a_standard_error_of_zero_leaves_sigma_alone():
    data = {"y": [1.0, 2.0], "s": [0.0, 1.0]}
    found = rows_of("y | se(s, sigma = TRUE) ~ 1", data, "gaussian", beta=[0.0], sigma=1.3)
    np.testing.assert_allclose(found, stats.norm(0, [1.3, np.hypot(1.3, 1.0)]).logpdf([1.0, 2.0]), rtol=1e-12)
    assert "se(s) must be positive" in refusal("y | se(s) ~ 1", data, "gaussian")
    negative = {"y": [1.0, 2.0], "s": [-1.0, 1.0]}
    assert "at least 0" in refusal("y | se(s, sigma = TRUE) ~ 1", negative, "gaussian")


_MANY = np.random.default_rng(3)
SIZE = 24
MANY = pd.DataFrame(
    {
        "x": _MANY.normal(size=SIZE),
        "z": _MANY.normal(size=SIZE),
        "real": _MANY.normal(size=SIZE),
        "s": _MANY.uniform(0.5, 1.5, SIZE),
        "e": _MANY.uniform(0.5, 4.0, SIZE),
        "w": _MANY.integers(1, 4, SIZE),
        "count": _MANY.poisson(3.0, SIZE),
        "n": _MANY.poisson(5.0, SIZE) + 1,
        "y": np.tile([0, 1, 1], 8),
        "rating": pd.Categorical(np.tile(["lo", "mid", "hi"], 8), ["lo", "mid", "hi"], ordered=True),
        "g": np.repeat([f"g{k}" for k in range(6)], 4),
    }
)


@pytest.mark.parametrize("sigma", ["~ z", 3.0])
def test_known_errors_and_sigma_are_not_both_ignored(sigma):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(gb.Formula("real | se(s) ~ x", sigma=sigma), MANY)
    assert "sigma = TRUE" in str(caught.value)


@pytest.mark.parametrize("unit", [1.0, 3600.0])
def test_an_exposure_shifts_the_prior_of_the_intercept_as_its_offset_does(unit):
    data = MANY.assign(e=MANY["e"] * unit)
    rate = gb.Model("count | rate(e) ~ x", data, family="poisson")
    offset = gb.Model("count ~ x + offset(log(e))", data, family="poisson")
    tables = [str(model).partition("Intercept")[2].splitlines()[0] for model in (rate, offset)]
    # The numbers are the same; what the average row has is called what it is.
    assert "with its exposure: " in tables[0]
    assert tables[0].replace("its exposure", "its offset") == tables[1]


@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_a_meta_analysis_has_coefficients_and_variance_components(family, tmp_path):
    model = gb.Model("real | se(s) ~ 1 + (1 | g)", MANY, family=family)
    draws = {"beta": np.full((1, 4, 1), 0.3), "sd_g": np.full((1, 4, 1), 0.5), "b_g": np.zeros((1, 4, 6, 1))}
    if family == "student":
        draws["nu"] = np.full((1, 4), 5.0)
    fit = gb.Fit.from_draws(model, draws)
    assert gb.coefficients(fit).side_by_side()["population_mean"].item() == pytest.approx(0.3)
    assert not gb.variance_components(fit).summary()["quantity"].str.contains("ICC").any()
    gb.report(fit, tmp_path / "report.html")


@pytest.mark.parametrize("family", ["gaussian", "student", "skew_normal"])
def test_the_unit_of_exposure_changes_no_prior_under_a_log_link(family):
    data = MANY.assign(v=np.exp(MANY["real"]) * MANY["e"])
    models = [
        gb.Model("v ~ x + offset(log(e))", data.assign(e=data["e"] * unit), family=family, link="log")
        for unit in (1.0, 1000.0)
    ]
    centres = [model.priors.first.fixed.mean[0] for model in models]
    assert centres[1] - centres[0] == pytest.approx(-np.log(1000.0))
    lines = [str(model).splitlines() for model in models]
    sigmas = [[line.split() for line in some if line.startswith("sigma")] for some in lines]
    assert len(sigmas[0]) == 1
    assert sigmas[0] == sigmas[1]
