"""Population means of the public verb against brute force, with the mean written out by hand.

The oracle is a normalised trapezoid of 20 001 points over one normal variable, or scrambled Sobol points
over several; the functions of the linear predictors are plain NumPy.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.families import FAMILIES
from tests.example_models import USABLE, draws_of
from tests.example_models import few_rows_of as model_of
from tests.examples import FEW as DATA

VARIANCES = (0.25, 1.0, 4.0, 16.0)
INVERSE = {
    "identity": lambda x: x,
    "log": np.exp,
    "logit": special.expit,
    "probit": special.ndtr,
    "cloglog": lambda x: -np.expm1(-np.exp(np.minimum(x, 700.0))),
    "loglog": lambda x: np.exp(-np.exp(np.minimum(-x, 700.0))),
    "cauchit": lambda x: 0.5 + np.arctan(x) / np.pi,
    "sqrt": np.square,
    "softplus": lambda x: np.logaddexp(0.0, x),
}
Z = np.linspace(-14.0, 14.0, 20_001)
WEIGHTS = stats.norm.pdf(Z) / stats.norm.pdf(Z).sum()
POLES = ("inverse", "inverse_squared")


def over_normal(function, eta, variance):
    """Integrate a function of one normal variable."""
    return (function(eta + np.sqrt(variance) * Z) * WEIGHTS).sum()


def mean_of(family, link, at):
    """Return the mean at given mu's linear predictor, from the document's formulas; None: not here."""
    inverse = INVERSE[link]
    if "zero_inflated" in family or family == "hurdle_gamma":
        return lambda x: (1 - at.get("zi", at.get("hu"))) * inverse(x)
    if family == "hurdle_lognormal":
        return lambda x: (1 - at["hu"]) * np.exp(x + at["sigma"] ** 2 / 2)
    if family == "hurdle_poisson":
        return lambda x: (1 - at["hu"]) * inverse(x) / -np.expm1(-inverse(x))
    if family == "hurdle_negative_binomial":
        return lambda x: (1 - at["hu"]) * _truncated_negative_binomial(inverse(x), at["shape"])
    if family == "lognormal":
        return lambda x: np.exp(x + at["sigma"] ** 2 / 2)
    if family == "zero_one_inflated_beta":
        return lambda x: (1 - at["zoi"]) * inverse(x) + at["zoi"] * at["coi"]
    return inverse


def _truncated_negative_binomial(mu, shape):
    return mu / -np.expm1(-shape * np.log1p(mu / shape))


def one_draw(family, link, variance, **further):
    model = model_of(family, link)
    draws = draws_of(model, shape=(1, 1))
    draws["sd_g"][...] = np.sqrt(variance)
    draws["beta"][..., 0] = -0.6
    return gb.Fit.from_draws(model, draws), {
        name: float(v.ravel()[0]) for name, v in draws.items() if v.size == 1
    }


def found_at(fit, x=0.4):
    return gb.predictions(fit, pd.DataFrame({"x": [x]})).draws.to_numpy().ravel()


NO_MEAN_OF_MU = {"von_mises", "ordered_beta", "cumulative", "sratio", "cratio", "acat", "categorical"}
PLAIN = [
    (family, link)
    for family in USABLE
    if family not in NO_MEAN_OF_MU
    for link in FAMILIES[family].links
    if link not in POLES and not FAMILIES[family].has_bounded_predictor(LINKS[link])
]
# The plain mean at identity or sqrt is a polynomial in the linear predictor, also where mu is below zero.
POSITIVE_ONLY = {("hurdle_poisson", "identity"), ("hurdle_negative_binomial", "identity")}


@pytest.mark.parametrize(("family", "link"), [case for case in PLAIN if case not in POSITIVE_ONLY])
@pytest.mark.parametrize("variance", VARIANCES)
def test_the_population_mean_is_the_integral(family, link, variance):
    fit, at = one_draw(family, link, variance)
    beta = fit.flat["beta"][0]
    eta = beta[0] + 0.4 * beta[1]
    expected = over_normal(mean_of(family, link, at), eta, variance)
    np.testing.assert_allclose(found_at(fit), expected, rtol=1e-6)


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("link", FAMILIES["cumulative"].links)
def test_cumulative_probabilities_are_the_integrals(link, variance):
    model = model_of("cumulative", link)
    draws = draws_of(model, shape=(1, 1))
    draws["sd_g"][...] = np.sqrt(variance)
    eta, tau = 0.4 * draws["beta"].ravel()[0], draws["thresholds"].ravel()
    latent = [over_normal(lambda x, t=t: INVERSE[link](t - x), eta, variance) for t in tau]
    expected = np.diff([0.0, *latent, 1.0])
    found = found_at(gb.Fit.from_draws(model, draws))
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_zero_inflated_counts_keep_the_correlation_of_their_parts():
    formula = gb.Formula("count ~ 1 + (1 |i| g)", zi="~ 1 + (1 |i| g)")
    model = gb.Model(formula, DATA, family="zero_inflated_poisson")
    draws = draws_of(model, shape=(1, 1))
    draws |= {
        "beta": np.array([[[0.3]]]),
        "zi_beta": np.array([[[-1.0]]]),
        "sd_g": np.array([[[0.8]]]),
        "zi_sd_g": np.array([[[1.2]]]),
        "joint_corr_i": np.array([[[[1.0, 0.5], [0.5, 1.0]]]]),
    }
    fit = gb.Fit.from_draws(model, draws)
    found = gb.predictions(fit, pd.DataFrame({"x": [0.0]})).draws.to_numpy().item()
    assert found == pytest.approx(1.11506532120, rel=1e-8)


@pytest.mark.parametrize(
    ("family", "link"), [(f, k) for f in USABLE for k in FAMILIES[f].links if k in POLES]
)
def test_a_pole_inside_the_law_of_the_groups_has_no_mean(family, link):
    model = model_of(family, link)
    fit = gb.Fit.from_draws(model, draws_of(model, shape=(1, 1)))
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit, pd.DataFrame({"x": [0.0]}))
    assert caught.value.code == "estimand_undefined"


@pytest.mark.parametrize("family", ["lognormal", "hurdle_lognormal"])
def test_a_random_effect_on_the_log_of_sigma_leaves_no_mean(family):
    model = model_of(family, None, "x + (1 | g)", sigma="~ 1 + (1 | g)")
    fit = gb.Fit.from_draws(model, draws_of(model, shape=(1, 1)))
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit, pd.DataFrame({"x": [0.0]}))
    assert caught.value.code == "estimand_undefined"


def test_a_student_of_one_degree_of_freedom_has_no_mean():
    model = model_of("student")
    draws = draws_of(model, shape=(1, 1)) | {"nu": np.array([[0.9]])}
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(gb.Fit.from_draws(model, draws), pd.DataFrame({"x": [0.0]}))
    assert caught.value.code == "estimand_undefined"


def test_a_student_response_without_mean_is_refused_without_random_effects_too():
    model = gb.Model(gb.Formula("y ~ x", nu=1), DATA, family="student")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.1, 0.2]]], "sigma": [[1.0]]})
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit)
    assert caught.value.code == "estimand_undefined"
    assert np.isfinite(gb.predictions(fit, estimand="typical").draws).all()
