"""A user's priors far from the data's scale are told with numbers; default priors, and others, are not."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.priors.prior_scale import drawn
from glmm_bayes.spec.prior import DISTRIBUTIONS
from tests.example_models import model_of
from tests.examples import DATA, RESPONSES

SLEEP = "Reaction ~ Days + (1 | Subject)"
SALM = pd.DataFrame(
    {
        "y": [15, 21, 29, 16, 18, 21, 16, 26, 33, 27, 41, 60, 33, 38, 41, 20, 27, 42],
        "lx": np.log(np.repeat([0, 10, 33, 100, 333, 1000], 3) + 10),
        "plate": np.arange(18),
    }
)


def normal(sigma, mu=0.0):
    return gb.Prior("Normal", mu=mu, sigma=sigma)


def found(formula, data, family="gaussian", **priors):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        model = gb.Model(formula, data, family, priors=priors)
    return [finding.message for finding in model.findings if finding.code == "prior_scale"]


def test_a_prior_that_misses_the_mean_is_told_with_the_numbers():
    """Reaction times near 300 under N(0, 10): the mean of N(0, 10) draws and default effects stays near 0."""
    sleep = gb.load_dataset("sleepstudy")
    with pytest.warns(gb.GlmmWarning, match=r"your priors \(Intercept\).*99\.9%.*298\.5"):
        model = gb.Model(SLEEP, sleep, priors={"Intercept": normal(10)})
    assert "in the data it is 298.5" in str(model)
    table = pd.DataFrame(model.check())
    assert table[table["code"] == "prior_scale"]["severity"].tolist() == ["warning"]
    both = found(SLEEP, sleep, **{"beta": normal(10), "beta[Intercept]": normal(10)})
    assert len(both) == 1 and "298.5" in both[0]
    # The class alone leaves the intercept to its default, which is where the data are.
    assert not found(SLEEP, sleep, beta=normal(10))


def test_the_interval_of_the_mean_is_that_of_the_prior():
    """Closed form: the mean of n rows is N(0, 5^2 + sigma^2/n) with sigma near 1."""
    data = pd.DataFrame({"y": np.random.default_rng(1).normal(40.0, 1.0, 30)})
    tight = gb.Prior("Uniform", lower=0.99, upper=1.01)
    (message,) = found("y ~ 1", data, Intercept=normal(5), sigma=tight)
    low, high = (float(word) for word in message.split("between ")[1].split(" (")[0].split(" and "))
    expected = stats.norm.ppf(0.9995) * np.sqrt(25 + 1 / 30)
    assert low == pytest.approx(-expected, rel=0.08) and high == pytest.approx(expected, rel=0.08)


FAR = [
    (SLEEP, {"Intercept": normal(1e5)}, "sd of .* times the data's 56.3"),
    (SLEEP, {"beta": normal(1e4)}, "times the data's 56.3"),
    (SLEEP, {"sigma": gb.Prior("HalfNormal", sigma=1e5)}, "times the data's 56.3"),
    (SLEEP, {"sd": gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision")}, "an sd of inf"),
]
NEAR = [
    (SLEEP, {"beta[Intercept]": normal(100, 250), "beta[Days]": normal(50)}),
    (SLEEP, {"sd": gb.Prior("Uniform", lower=0, upper=100), "sigma": gb.Prior("HalfNormal", sigma=50)}),
    (SLEEP, {"sigma": gb.Prior("HalfNormal", sigma=1)}),
    ("Reaction ~ 0 + factor(Days)", {"beta": normal(150, 250)}),
    ("Reaction ~ mo(Days) + (1 | Subject)", {"beta": normal(50)}),
    ("Reaction ~ Days + (1 + Days | Subject)", {"corr": gb.Prior("LKJ", eta=2)}),
]


@pytest.mark.parametrize(("formula", "priors", "words"), FAR)
def test_a_prior_a_hundred_times_too_wide_is_told(formula, priors, words):
    (message,) = found(formula, gb.load_dataset("sleepstudy"), **priors)
    assert re.search(words, message)


@pytest.mark.parametrize(("formula", "priors"), NEAR)
def test_priors_on_the_scale_of_the_data_are_not(formula, priors):
    assert not found(formula, gb.load_dataset("sleepstudy"), **priors)


def test_textbook_priors_of_log_rates_are_told_and_moderate_ones_are_not():
    vague = {"beta": normal(100), "Intercept": normal(100), "sd": gb.Prior("Uniform", lower=0, upper=100)}
    assert found("y ~ lx + (1 | plate)", SALM, "poisson", **vague)
    assert not found("y ~ lx + (1 | plate)", SALM, "poisson", beta=normal(1), Intercept=normal(2.5))
    assert not found("y ~ lx + (1 | plate)", SALM, "poisson", sd=gb.Prior("HalfNormal", sigma=1))
    # An exposure moves the intercept, and the prior with it.
    many = SALM.assign(e=1e6)
    assert found("y ~ lx + offset(log(e))", many, "poisson", Intercept=normal(0.1))
    assert not found("y ~ lx + offset(log(e))", many, "poisson", Intercept=normal(2, -10))


def test_a_probability_far_from_the_data_is_told():
    toenail = gb.load_dataset("toenail")
    formula = "y ~ treatment*time + (1 | patientID)"
    assert found(formula, toenail, "bernoulli", Intercept=normal(0.1, 8))
    assert not found(formula, toenail, "bernoulli", beta=normal(100), Intercept=normal(100))


@pytest.mark.parametrize("family", RESPONSES)
def test_default_priors_are_never_told(family):
    model = model_of(family)
    assert not [f for f in model.findings if f.code == "prior_scale" and f.severity == "warning"]
    # Nor where one harmless prior is the user's.
    own = {"beta": gb.Prior("Normal", mu=0, sigma=1)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        model = gb.Model(model.spec.to_formula(), DATA, family, priors=own)
    assert not [f for f in model.findings if f.code == "prior_scale" and f.severity == "warning"]


@pytest.mark.parametrize("name", [n for n in DISTRIBUTIONS if n not in ("LKJ", "Dirichlet")])
def test_draws_of_every_distribution_are_those_of_scipy(name):
    laws = {
        "Normal": ({"mu": 1, "sigma": 2}, stats.norm(1, 2)),
        "StudentT": ({"nu": 3, "mu": 1, "sigma": 2}, stats.t(3, 1, 2)),
        "Cauchy": ({"alpha": 1, "beta": 2}, stats.cauchy(1, 2)),
        "Laplace": ({"mu": 1, "b": 2}, stats.laplace(1, 2)),
        "Logistic": ({"mu": 1, "s": 2}, stats.logistic(1, 2)),
        "Uniform": ({"lower": -1, "upper": 2}, stats.uniform(-1, 3)),
        "HalfNormal": ({"sigma": 2}, stats.halfnorm(scale=2)),
        "HalfStudentT": ({"nu": 3, "sigma": 2}, None),
        "HalfCauchy": ({"beta": 2}, stats.halfcauchy(scale=2)),
        "Exponential": ({"scale": 2}, stats.expon(scale=2)),
        "Gamma": ({"alpha": 2, "beta": 3}, stats.gamma(2, scale=1 / 3)),
        "InverseGamma": ({"alpha": 2, "beta": 3}, stats.invgamma(2, scale=3)),
        "LogNormal": ({"mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=np.e)),
        "Beta": ({"alpha": 2, "beta": 3}, stats.beta(2, 3)),
    }
    arguments, law = laws[name]
    values = drawn(gb.Prior(name, **arguments), np.random.default_rng(2), (4000,))
    cdf = law.cdf if law else lambda v: 2 * stats.t.cdf(v, 3, scale=2) - 1
    assert stats.kstest(values, cdf).pvalue > 1e-3
