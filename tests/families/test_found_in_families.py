"""What a review of families and response terms found, each as a test."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families.likelihood import log_likelihood
from glmm_bayes.fit.linear_predictor import subject_values

RNG = np.random.default_rng(3)
SIZE = 24
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=SIZE),
        "z": RNG.normal(size=SIZE),
        "real": RNG.normal(size=SIZE),
        "s": RNG.uniform(0.5, 1.5, SIZE),
        "e": RNG.uniform(0.5, 4.0, SIZE),
        "w": RNG.integers(1, 4, SIZE),
        "count": RNG.poisson(3.0, SIZE),
        "n": RNG.poisson(5.0, SIZE) + 1,
        "y": np.tile([0, 1, 1], 8),
        "rating": pd.Categorical(np.tile(["lo", "mid", "hi"], 8), ["lo", "mid", "hi"], ordered=True),
        "g": np.repeat([f"g{k}" for k in range(6)], 4),
    }
)


def row_likelihood(model, draws):
    fit = gb.Fit.from_draws(model, draws)
    at = subject_values(fit.flat, fit.priors, slice(None))
    response = fit.response
    return log_likelihood(fit.family, response.values, response.trials, at, response.additions, NUMPY)[0]


@pytest.mark.parametrize("bounds", [(0.0, 5.0), (None, 5.0), (0.0, None)])
def test_a_censored_response_inside_bounds_lies_between_its_end_and_the_bound(bounds):
    lb, ub = bounds
    data = pd.DataFrame({"v": [0.5, 0.9, 2.0, 1.1], "c": ["left", "left", "right", "none"]})
    given = ", ".join(
        f"{name}={value}" for name, value in zip(("lb", "ub"), bounds, strict=True) if value is not None
    )
    model = gb.Model(f"v | cens(c) + trunc({given}) ~ 1", data)
    found = row_likelihood(model, {"beta": [[[0.0]]], "sigma": [[1.0]]})
    low, high = stats.norm.cdf(-np.inf if lb is None else lb), stats.norm.cdf(np.inf if ub is None else ub)
    F = stats.norm.cdf(data["v"])
    mass = [F[0] - low, F[1] - low, high - F[2], stats.norm.pdf(1.1)]
    np.testing.assert_allclose(found, np.log(mass) - np.log(high - low), rtol=1e-10)


def test_the_published_left_censored_rows():
    data = pd.DataFrame({"v": [0.5, 0.9, 2.0], "c": ["left", "left", "none"]})
    model = gb.Model("v | cens(c) + trunc(lb=0, ub=5) ~ 1", data)
    found = row_likelihood(model, {"beta": [[[0.0]]], "sigma": [[1.0]]})
    np.testing.assert_allclose(found[:2], [-0.960, -0.459], atol=5e-4)


@pytest.mark.parametrize("family", ["binomial", "beta_binomial", "zero_inflated_binomial"])
def test_three_columns_are_not_successes_and_failures(family):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model("cbind(count, n, w) ~ x", DATA, family=family)
    assert "multinomial" in str(caught.value)


@pytest.mark.parametrize("sigma", ["~ z", 3.0])
def test_known_errors_and_sigma_are_not_both_ignored(sigma):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(gb.Formula("real | se(s) ~ x", sigma=sigma), DATA)
    assert "sigma = TRUE" in str(caught.value)


@pytest.mark.parametrize("unit", [1.0, 3600.0])
def test_an_exposure_shifts_the_prior_of_the_intercept_as_its_offset_does(unit):
    data = DATA.assign(e=DATA["e"] * unit)
    rate = gb.Model("count | rate(e) ~ x", data, family="poisson")
    offset = gb.Model("count ~ x + offset(log(e))", data, family="poisson")
    tables = [str(model).partition("Intercept")[2].splitlines()[0] for model in (rate, offset)]
    # The numbers are the same; what the average row has is called what it is.
    assert "with its exposure: " in tables[0]
    assert tables[0].replace("its exposure", "its offset") == tables[1]


SLOPES = {
    "beta": [[[0.3, 0.5]]],
    "sd_g": [[[0.7, 0.9]]],
    "corr_g": np.eye(2)[None, None],
}


def test_an_exposure_projects_as_its_offset_does():
    rate = gb.Model("count | rate(e) ~ x + (1 + x | g)", DATA, family="poisson")
    offset = gb.Model("count ~ x + offset(log(e)) + (1 + x | g)", DATA, family="poisson")
    found = [
        gb.coefficients(gb.Fit.from_draws(model, SLOPES)).side_by_side()["population_mean"]
        for model in (rate, offset)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_a_weight_projects_as_repeated_rows_do():
    weighted = gb.Model("y | weights(w) ~ x + (1 | g)", DATA, family="bernoulli")
    repeated = gb.Model("y ~ x + (1 | g)", DATA.loc[DATA.index.repeat(DATA["w"])], family="bernoulli")
    draws = {"beta": [[[0.3, 1.2]]], "sd_g": [[[2.0]]]}
    found = [
        gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()["population_mean"]
        for model in (weighted, repeated)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_a_student_response_without_mean_is_refused_without_random_effects_too():
    model = gb.Model(gb.Formula("real ~ x", nu=1), DATA, family="student")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.1, 0.2]]], "sigma": [[1.0]]})
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit)
    assert caught.value.code == "estimand_undefined"
    assert np.isfinite(gb.predictions(fit, estimand="typical").draws).all()


@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_a_meta_analysis_has_coefficients_and_variance_components(family, tmp_path):
    model = gb.Model("real | se(s) ~ 1 + (1 | g)", DATA, family=family)
    draws = {"beta": np.full((1, 4, 1), 0.3), "sd_g": np.full((1, 4, 1), 0.5), "b_g": np.zeros((1, 4, 6, 1))}
    if family == "student":
        draws["nu"] = np.full((1, 4), 5.0)
    fit = gb.Fit.from_draws(model, draws)
    assert gb.coefficients(fit).side_by_side()["population_mean"].item() == pytest.approx(0.3)
    assert not gb.variance_components(fit).summary()["quantity"].str.contains("ICC").any()
    gb.report(fit, tmp_path / "report.html")


@pytest.mark.parametrize("disc", [1, 2])
def test_odds_ratios_of_ordered_categories_know_the_discrimination(disc):
    model = gb.Model(gb.Formula("rating ~ x + (1 | g)", disc=disc), DATA, family="cumulative")
    draws = {"beta": [[[1.2]]], "sd_g": [[[2.0]]], "thresholds": [[[-1.0, 1.0]]]}
    fit = gb.Fit.from_draws(model, draws)
    assert gb.coefficients(fit).side_by_side()["subject_ratio"].item() == pytest.approx(np.exp(1.2 * disc))
    table = gb.variance_components(fit).summary().set_index("quantity")["mean"]
    d = np.pi**2 / 3 / disc**2
    assert table["ICC, latent scale"] == pytest.approx(4 / (4 + d))
    median = next(value for name, value in table.items() if name.startswith("median"))
    assert median == pytest.approx(np.exp(disc * np.sqrt(8) * 0.6744897501960817))


def test_a_discrimination_with_a_formula_has_no_one_ratio():
    model = gb.Model(gb.Formula("rating ~ x + (1 | g)", disc="~ z"), DATA, family="cumulative")
    draws = {"beta": [[[1.2]]], "sd_g": [[[2.0]]], "thresholds": [[[-1.0, 1.0]]], "disc_beta": [[[0.1, 0.2]]]}
    table = gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()
    own = table[table["coef"] == "x"]
    assert "subject_ratio" not in own or own["subject_ratio"].isna().all()


def test_censored_responses_have_no_picture_of_replicates(tmp_path):
    data = DATA.assign(v=DATA["s"], c=np.tile(["none", "right"], 12))
    model = gb.Model("v | cens(c) ~ x + (1 | g)", data, family="exponential")
    draws = {"beta": np.zeros((1, 4, 2)), "sd_g": np.ones((1, 4, 1)), "b_g": np.zeros((1, 4, 6, 1))}
    fit = gb.Fit.from_draws(model, draws)
    with pytest.raises(gb.PredictionError) as caught:
        gb.pp_check(fit)
    assert "gb.pit" in str(caught.value)
    gb.report(fit, tmp_path / "report.html")
    assert "censored responses" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("family", ["gaussian", "student", "skew_normal"])
def test_the_unit_of_exposure_changes_no_prior_under_a_log_link(family):
    data = DATA.assign(v=np.exp(DATA["real"]) * DATA["e"])
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
