"""Probabilities under log, identity and log-complement: densities inside the ends, refusals beyond them."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError, PredictionError
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from tests.plain_mode import PLAIN

LINKS_WITH_ENDS = ("log", "identity", "logc")
FAMILIES_OF_TRIALS = ("bernoulli", "binomial", "beta_binomial")
MEANS = np.array([1e-9, 0.02, 0.3, 0.5, 0.77, 0.99])
BETA = {"log": (-1.3, 0.3, 0.1), "identity": (0.3, 0.1, 0.05), "logc": (-0.4, -0.2, -0.1)}
OUTSIDE = {"log": (1e-6, 2.0), "identity": (-0.3, -1e-6, 1.000001, 3.0), "logc": (1e-6, 2.0)}

every_link = pytest.mark.parametrize("link", LINKS_WITH_ENDS)
every_family = pytest.mark.parametrize("family", FAMILIES_OF_TRIALS)


def trials(family):
    """Return responses and numbers of trials, no success and no failure among them."""
    if family == "bernoulli":
        return np.array([0.0, 1.0]), np.ones(2)
    return np.array([0.0, 2.0, 7.0]), np.full(3, 7.0)


def scipy_law(family, mu, n):
    if family == "beta_binomial":
        return stats.betabinom(n, mu * 4.0, (1 - mu) * 4.0)
    return stats.binom(n, mu)


def at(link, eta, m=NUMPY):
    return {"mu": RowValue(LINKS[link], eta, m), "phi": number(np.float64(4.0), m)}


def test_families_of_trials_take_links_with_ends_and_others_of_shares_do_not():
    with_ends = [name for name in FAMILIES if set(LINKS_WITH_ENDS) <= set(FAMILIES[name].links)]
    assert with_ends == list(FAMILIES_OF_TRIALS)


@every_link
@every_family
def test_the_density_is_that_of_scipy(family, link):
    y, n = trials(family)
    eta = LINKS[link].link(MEANS)
    found = FAMILIES[family].log_density(y[:, None], n[:, None], at(link, eta), NUMPY)
    expected = scipy_law(family, LINKS[link].inverse(eta), n[:, None]).logpmf(y[:, None])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@every_link
@every_family
def test_the_density_is_0_beyond_an_end(family, link):
    y, n = trials(family)
    eta = np.array(OUTSIDE[link])
    found = FAMILIES[family].log_density(y[:, None], n[:, None], at(link, eta), NUMPY)
    np.testing.assert_array_equal(found, np.full((len(y), len(eta)), -np.inf))


@pytest.mark.parametrize("family", ["bernoulli", "binomial"])
@pytest.mark.parametrize(("link", "end", "certain"), [("log", 0, 1), ("logc", 0, 0), ("identity", 1, 1)])
def test_at_an_end_one_outcome_is_certain(family, link, end, certain):
    y = np.array([0.0, 1.0])
    found = FAMILIES[family].log_density(y, np.ones(2), at(link, np.array([float(end)] * 2)), NUMPY)
    assert found[certain] == 0.0
    assert found[1 - certain] == -np.inf


@every_link
@every_family
def test_the_graph_is_that_of_arrays_with_its_gradient_and_0_beyond_an_end(family, link):
    y, n = trials(family)
    means = np.repeat(MEANS, len(y))
    y, n = np.tile(y, len(MEANS)), np.tile(n, len(MEANS))
    eta = pt.dvector("eta")
    density = FAMILIES[family].log_density(pt.constant(y), pt.constant(n), at(link, eta, GRAPH), GRAPH)
    graph = pytensor.function([eta], [density, pytensor.grad(density.sum(), eta)], mode=PLAIN)
    inside = LINKS[link].link(means)
    value, slope = graph(inside)

    def arrays(moved):
        return FAMILIES[family].log_density(y, n, at(link, moved), NUMPY)

    np.testing.assert_allclose(value, arrays(inside), rtol=1e-12, atol=1e-300)
    step = 1e-5 * np.minimum(np.abs(inside), 1e-2)
    expected = (arrays(inside + step) - arrays(inside - step)) / (2.0 * step)
    assert np.isfinite(slope).all()
    # Differences have no digits left of a density that differs from 1 by 1e-9.
    some = means > 1e-3
    np.testing.assert_allclose(slope[some], expected[some], rtol=1e-5, atol=1e-5)
    for beyond in OUTSIDE[link]:
        assert (graph(np.full(len(y), beyond))[0] == -np.inf).all()


@cache
def data():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"x": rng.uniform(-1, 1, 60), "t": rng.integers(0, 2, 60), "g": np.repeat(range(6), 10)}
    )
    return frame.assign(y=rng.binomial(1, 0.3, 60))


@cache
def fit_of(link, right="t + x + (1 | g)"):
    model = gb.Model(f"y ~ {right}", data(), family="bernoulli", link=link)
    rng = np.random.default_rng(2)
    draws = {"beta": np.array(BETA[link]) + 0.005 * rng.normal(size=(1, 40, 3))}
    if "|" in right:
        draws |= {"sd_g": np.full((1, 40, 1), 0.02), "b_g": 0.02 * rng.normal(size=(1, 40, 6, 1))}
    return gb.Fit.from_draws(model, draws)


def linear_predictor(fit):
    return fit.flat["beta"] @ fit.design.x.T


@every_link
def test_default_priors_are_centred_inside(link):
    prior = fit_of(link).priors.first.fixed.mean
    low, high = LINKS[link].predictor_domain((0.0, 1.0))
    assert low < prior[0] < high


@every_link
@pytest.mark.parametrize("estimand", ["typical", "subject", "sample"])
def test_means_of_groups_in_the_data_are_the_inverse_link(link, estimand):
    fit = fit_of(link)
    eta = linear_predictor(fit)
    b = fit.flat["b_g"][:, :, 0]
    inverse = LINKS[link].inverse
    expected = {
        "typical": lambda: inverse(eta),
        "subject": lambda: inverse(eta + b[:, fit.design.groups[0].codes]),
        "sample": lambda: inverse(eta[:, :, None] + b[:, None, :]).mean(axis=-1),
    }[estimand]()
    found = gb.predictions(fit, estimand=estimand).draws.to_numpy()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@every_link
def test_contrasts_are_functions_of_both_means(link):
    fit = fit_of(link)
    x = np.array(fit.design.x)
    means = []
    for treated in (0.0, 1.0):
        x[:, 1] = treated
        means.append(LINKS[link].inverse(fit.flat["beta"] @ x.T).mean(axis=1))
    for measure, expected in (("difference", means[1] - means[0]), ("ratio", means[1] / means[0])):
        found = (
            gb.comparisons(fit, "t", measure=measure, estimand="typical", by=True).draws.to_numpy().ravel()
        )
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@every_link
@pytest.mark.parametrize("estimand", ["population", "new_subject"])
@pytest.mark.parametrize(
    "verb",
    [
        gb.predictions,
        lambda fit, estimand: gb.predictions(fit, estimand=estimand, scale="link"),
        lambda fit, estimand: gb.comparisons(fit, "t", estimand=estimand),
        lambda fit, estimand: gb.slopes(fit, "x", estimand=estimand),
        lambda fit, estimand: gb.attenuation(fit),
        lambda fit, estimand: gb.icc(fit),
    ],
)
def test_means_of_new_groups_are_refused_with_what_to_do(link, estimand, verb):
    with pytest.raises(PredictionError, match="no mean of new groups exists") as caught:
        verb(fit_of(link), estimand=estimand)
    assert caught.value.code == "estimand_undefined"
    assert 'estimand="typical"' in str(caught.value)


@every_link
def test_without_random_effects_the_population_is_typical(link):
    fit = fit_of(link, "t + x")
    np.testing.assert_array_equal(
        gb.predictions(fit, estimand="population").draws, gb.predictions(fit, estimand="typical").draws
    )
    gb.coefficients(fit)


@every_link
@pytest.mark.parametrize("verb", [gb.predictions, lambda fit, newdata: gb.slopes(fit, "x", newdata=newdata)])
def test_rows_beyond_an_end_are_refused_and_their_linear_predictor_is_not(link, verb):
    far = pd.DataFrame({"x": [-40.0, 40.0], "t": [0, 0]})
    fit = fit_of(link, "t + x")
    with pytest.raises(PredictionError, match="linear predictor") as caught:
        verb(fit, newdata=far)
    assert caught.value.code == "outside_domain"
    linear = gb.predictions(fit, newdata=far, scale="link").draws.to_numpy()[0]
    np.testing.assert_allclose(linear[:, 1] - linear[:, 0], 80.0 * fit.flat["beta"][:, 2], rtol=1e-9)


@every_link
def test_population_averaged_coefficients_are_refused(link):
    with pytest.raises(FormulaError, match="no population mean"):
        gb.Model("y ~ t + (1 | g)", data(), family="bernoulli", link=link, interpretation="population")


@pytest.mark.parametrize(
    ("link", "name"), [("log", "risk ratio"), ("logc", "risk ratio of the complement"), ("identity", "")]
)
def test_coefficients_are_called_what_they_are(link, name):
    assert FAMILIES["bernoulli"].ratio_name(LINKS[link]) == name
    if name:
        assert name in str(fit_of(link).priors.rows)


@every_link
def test_the_model_is_printed_explained_and_checked(link):
    model = gb.Model("y ~ t + x + (1 | g)", data(), family="bernoulli", link=link)
    assert f"bernoulli({link})" in str(model)
    assert str(model.explain())
    assert not (model.check()["severity"] == "warning").any()


def test_a_prior_that_reaches_beyond_an_end_is_told_and_one_that_stays_inside_is_drawn_from():
    frame = data().assign(f=np.where(data()["t"] == 1, "a", "b"))
    with pytest.raises(gb.SamplingError, match="the prior reaches beyond an end") as caught:
        gb.Model("y ~ t", frame, family="bernoulli", link="identity").prior_predictive(draws=50, seed=1)
    assert caught.value.code == "outside_domain"
    inside = {"beta": gb.Prior("Uniform", lower=0, upper=1)}
    model = gb.Model("y ~ 0 + f", frame, family="bernoulli", link="identity", priors=inside)
    drawn = model.prior_predictive(draws=50, seed=1)
    assert set(np.unique(drawn["prior_predictive"]["y"])) == {0, 1}


@pytest.mark.parametrize("link", ["log", "identity"])
def test_printed_means_of_the_prior_are_probabilities(link):
    line = next(row for row in str(gb.Model("y ~ t", data(), family="bernoulli", link=link)).splitlines()
                if row.startswith("beta[Intercept]"))  # fmt: skip
    low, high = (float(word) for word in re.search(r"mean between (\S+) and (\S+)", line).groups())
    assert 0 <= low < high == 1


#: Numbers of successes among 950 rows of one arm and 50 of the other.
RARE = {"log": (926, 25), "identity": (5, 25), "logc": (5, 25)}


@every_link
def test_under_default_priors_the_data_decide_effects_however_rare_an_outcome_is(link):
    x = np.repeat([0, 1], [950, 50])
    y = np.concatenate([np.arange(n) < k for n, k in zip((950, 50), RARE[link], strict=True)]).astype(int)
    graph = gb.Model("y ~ x", {"x": x, "y": y}, family="bernoulli", link=link).pymc_model
    (basis,) = graph.value_vars
    (beta,) = graph.replace_rvs_by_values([graph["beta"]])
    posterior = pytensor.function([basis], [beta, graph.logp()], mode=PLAIN)
    matrix = np.column_stack([posterior(unit)[0] for unit in np.eye(2)])
    estimate = [k / n for k, n in zip(RARE[link], (950, 50), strict=True)]
    eta = LINKS[link].link(np.array(estimate))
    exact = np.array([eta[0], eta[1] - eta[0]])
    sd = np.sqrt(sum(p * (1 - p) / n / LINKS[link].inverse_derivative(e) ** 2
                     for p, n, e in zip(estimate, (950, 50), eta, strict=True)))  # fmt: skip
    intercepts = exact[0] + np.linspace(-0.05, 0.05, 21)
    effects = exact[1] + sd * np.linspace(-5, 5, 31)
    grid = np.array([[posterior(np.linalg.solve(matrix, (a, b)))[1] for b in effects] for a in intercepts])
    weights = np.exp(grid - grid.max())
    mean = (weights.sum(axis=0) * effects).sum() / weights.sum()
    assert abs(mean - exact[1]) < 0.35 * sd


@pytest.mark.slow
def test_without_a_start_inside_it_is_told_what_must_hold_and_what_to_write():
    frame = data().assign(o=np.linspace(0.0, 60.0, 60))
    model = gb.Model("y ~ t + offset(o)", frame, family="bernoulli", link="identity")
    with pytest.raises(gb.SamplingError, match="must be between 0 and 1: centre predictors") as caught:
        model.fit(draws=10, tune=10, chains=1, seed=1, progress=False, engine="pymc")
    assert caught.value.code == "start_not_finite"


@pytest.mark.study
@every_link
def test_sampled_coefficients_are_those_of_maximum_likelihood(link):
    glm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(8)
    n = 3000
    frame = pd.DataFrame({"x": rng.uniform(-1, 1, n), "t": rng.integers(0, 2, n)})
    eta = np.column_stack([np.ones(n), frame["t"], frame["x"]]) @ BETA[link]
    frame["y"] = rng.binomial(1, LINKS[link].inverse(eta))
    links = {"log": "Log", "identity": "Identity", "logc": "LogC"}
    family = glm.families.Binomial(link=getattr(glm.families.links, links[link])())
    design = np.column_stack([np.ones(n), frame["t"], frame["x"]])
    ml = glm.GLM(frame["y"], design, family=family).fit(start_params=BETA[link])
    fit = gb.Model("y ~ t + x", frame, family="bernoulli", link=link).fit(
        draws=1000, chains=2, seed=3, progress=False
    )
    assert int(fit.draws["sample_stats"]["diverging"].sum()) == 0
    beta = fit.flat["beta"]
    # The prior and the skewness of the posterior move means by order 1/n: a tenth of a standard error.
    np.testing.assert_allclose(beta.mean(axis=0), ml.params, atol=0.15 * float(ml.bse.max()))
    np.testing.assert_allclose(beta.std(axis=0), ml.bse, rtol=0.1)
