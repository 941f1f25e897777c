"""A family and a link of another package, each one module and one call: all that walks over ours has them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import integrate, stats

import glmm_bayes as gb
from docs import make_families
from glmm_bayes.core.errors import DataError, FormulaError
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.estimating_equations.gee import gee
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from tests.core import test_links, test_links_in_graphs
from tests.outside import run_module
from tests.plain_mode import PLAIN

#: Laws of links that are not of one named link.
LAWS = [
    test_links.test_the_strip_of_every_link_is_positive_and_a_pole_leaves_none,
    test_links.test_derivatives_agree_with_central_differences,
    test_links.test_nothing_is_undefined_and_no_warning_is_raised_within_40,
    test_links.test_inverse_never_falls_unless_the_link_says_so,
    test_links.test_the_mirror_is_the_link_of_the_complement,
    test_links.test_a_probability_stays_between_0_and_1,
    test_links.test_logs_agree_with_the_logs_of_the_probability_and_its_complement,
    test_links.test_the_two_logs_belong_to_probabilities_that_sum_to_one,
    test_links.test_the_linear_predictor_is_recovered_from_the_log_complement,
    test_links.test_certain_events_have_infinite_linear_predictors,
    test_links.test_links_are_constants,
    test_links.test_the_log_of_the_slope_is_that_of_the_slope,
    test_links.test_link_undoes_inverse,
    partial(test_links.test_results_have_the_shape_of_what_a_link_takes, shape=(2, 3)),
    partial(test_links.test_means_over_a_normal_have_the_shape_of_what_a_rule_takes, shape=(2, 3)),
    test_links_in_graphs.test_the_graph_agrees_with_the_arrays_and_its_gradients_are_finite,
]
OF_PROBABILITIES = [name for name in FAMILIES if {"logit", "probit"} <= set(FAMILIES[name].links)]


@pytest.fixture(autouse=True)
def registered_from_outside(registries, monkeypatch, tmp_path):
    """Run both modules as another package's."""
    for name in ("laplace", "sech"):
        run_module(name, tmp_path, monkeypatch)


def data():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {"x": rng.normal(size=80), "t": rng.integers(0, 2, 80), "g": np.repeat(range(8), 10)}
    )
    levels = ["low", "mid", "high"]
    return frame.assign(
        bit=rng.binomial(1, 0.4, 80),
        real=rng.normal(2.0, 1.0, 80),
        score=pd.Categorical(rng.choice(levels, 80), levels, ordered=True),
    )


def fit_of(response, family, link=None, **more):
    model = gb.Model(f"{response} ~ t + x + (1 | g)", data(), family=family, link=link)
    rng = np.random.default_rng(5)
    beta = [0.4, -0.3, 0.2][-len(model.design.coefficients) :]
    draws = {"beta": beta + 0.1 * rng.normal(size=(1, 30, len(beta))), "sd_g": np.full((1, 30, 1), 0.8)}
    return gb.Fit.from_draws(model, draws | {"b_g": 0.8 * rng.normal(size=(1, 30, 8, 1))} | more)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: getattr(law, "func", law).__name__)
def test_the_link_keeps_the_laws_of_links(law):
    law("sech")


def test_all_families_of_probabilities_take_the_link_and_no_other_does():
    assert [name for name in FAMILIES if "sech" in FAMILIES[name].links] == OF_PROBABILITIES
    assert isinstance(LINKS["sech"], ProbabilityLink)
    with pytest.raises(FormulaError, match="takes the links"):
        gb.Model("real ~ x", data(), family="gaussian", link="sech")


def test_the_family_takes_the_links_of_numbers_and_keeps_the_laws_of_families():
    assert FAMILIES["laplace"].links == FAMILIES["gaussian"].links
    table = gb.check_family("laplace", draws=2000)
    # The slope jumps at mu; nothing else has an edge.
    assert set(table["result"]) == {"passed"}


def test_the_family_has_a_distribution_function_once_it_writes_one():
    laplace = FAMILIES["laplace"]
    assert not laplace.has_cdf
    with pytest.raises(DataError, match="distribution function of laplace"):
        gb.Model("real | trunc(lb = -9) ~ x", data(), family="laplace")
    assert type("Tailed", (type(laplace),), {"_log_cdf": lambda self, y, n, at, m: y})().has_cdf


def test_pages_messages_and_printed_models_have_them():
    page = make_families.page()
    assert "| `laplace` | numbers | identity, log, inverse, softplus |" in page
    assert f"| `sech` | - | trapezoid | {len(OF_PROBABILITIES)} |" in page
    with pytest.raises(FormulaError, match="laplace"):
        gb.Model("real ~ x", data(), family="laplac")
    with pytest.raises(FormulaError, match="sech"):
        gb.Model("bit ~ x", data(), family="bernoulli", link="seck")
    model = gb.Model("bit ~ x", data(), family="bernoulli", link="sech")
    assert str(model).startswith("bernoulli(sech)")
    assert r"\log\tan" in model.explain().latex
    assert gb.ModelSpec.from_formula("bit ~ x", family="bernoulli", link="sech").link == "sech"


def test_population_means_under_the_link_are_integrals():
    eta, v = np.array([-3.0, 0.2, 1.5]), np.array([0.3, 1.0, 9.0])
    expected = [
        integrate.quad(lambda z, m=m, s=s: LINKS["sech"].inverse(m + s * z) * stats.norm.pdf(z), -12, 12)[0]
        for m, s in zip(eta, np.sqrt(v), strict=True)
    ]
    np.testing.assert_allclose(population_mean(LINKS["sech"], eta, v).value, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("response", "family", "link", "more"),
    [("bit", "bernoulli", "sech", {}), ("real", "laplace", None, {"sigma": np.full((1, 30), 1.1)})],
)
def test_verbs_answer(response, family, link, more):
    fit = fit_of(response, family, link, **more)
    eta = fit.flat["beta"] @ fit.design.x.T
    inverse = fit.link.inverse
    found = gb.predictions(fit, estimand="typical").draws.to_numpy()[0]
    np.testing.assert_allclose(found, inverse(eta), rtol=1e-12)
    found = gb.predictions(fit, estimand="population").draws.to_numpy()[0]
    np.testing.assert_allclose(found, population_mean(fit.link, eta, 0.64).value, rtol=1e-8)
    gb.comparisons(fit, "t")
    gb.slopes(fit, "x")
    assert len(gb.coefficients(fit)) == 3
    assert np.isfinite(gb.icc(fit).select_dtypes("number").to_numpy()).all()
    gb.random_effects(fit)
    gb.posterior_predictive(fit, seed=1)


def test_checks_know_the_ends_of_the_link():
    frame = data().assign(bit=lambda d: np.where(d["t"] == 1, 1, d["bit"]))
    table = gb.Model("bit ~ t + x", frame, family="bernoulli", link="sech").check()
    assert "separation" in set(table["code"])


def test_estimating_equations_are_solved_under_the_link_and_for_the_family():
    fit = fit_of("bit", "bernoulli", "sech")
    table = gee(fit, correlation="independence")
    x, link = fit.design.x, LINKS["sech"]
    eta = x @ table["gee"].to_numpy()
    mu = link.inverse(eta)
    score = x.T @ (link.inverse_derivative(eta) * (fit.response.values - mu) / (mu * (1 - mu)))
    np.testing.assert_allclose(score, 0.0, atol=1e-5)
    laplace = fit_of("real", "laplace", sigma=np.full((1, 30), 1.1))
    table = gee(laplace, correlation="independence")
    least_squares = np.linalg.lstsq(laplace.design.x, laplace.response.values, rcond=None)[0]
    np.testing.assert_allclose(table["gee"], least_squares, rtol=1e-8)


def test_ordinal_families_have_thresholds_and_densities_under_the_link():
    model = gb.Model("score ~ x", data(), family="cumulative", link="sech")
    graph = model.pymc_model
    assert np.isfinite(graph.compile_logp()(graph.initial_point()))
    y, eta = np.array([0.0, 1.0, 2.0]), np.full(3, 0.3)
    thresholds = np.array([-0.5, 1.2])
    cumulative = LINKS["sech"].inverse(thresholds - 0.3)
    expected = np.log(np.diff(cumulative, prepend=0.0, append=1.0))

    def at(m):
        link = LINKS["sech"]
        return {
            "mu": RowValue(link, eta, m),
            "thresholds": number(thresholds, m),
            "disc": number(np.float64(1.0), m),
        }

    found = FAMILIES["cumulative"].log_density(y, np.ones(3), at(NUMPY), NUMPY)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    of_graph = at(GRAPH) | {"mu": RowValue(LINKS["sech"], pt.constant(eta), GRAPH)}
    of_graph["thresholds"] = number(pt.constant(thresholds), GRAPH)
    density = FAMILIES["cumulative"].log_density(y, np.ones(3), of_graph, GRAPH)
    np.testing.assert_allclose(pytensor.function([], density, mode=PLAIN)(), expected, rtol=1e-12)


def test_saved_fits_hold_their_names(tmp_path):
    fit = fit_of("real", "laplace", sigma=np.full((1, 30), 1.1))
    fit.save(tmp_path / "fit.glmm")
    with pytest.warns(gb.GlmmWarning, match="one that you have registered: laplace"):
        again = gb.load(tmp_path / "fit.glmm")
    np.testing.assert_array_equal(again.flat["beta"], fit.flat["beta"])


def test_a_link_of_ours_is_not_replaced():
    with pytest.raises(FormulaError, match="'probit' is a listed link"):
        gb.register_link(LINKS["probit"])
    with pytest.raises(FormulaError, match="a link to register is a Link"):
        gb.register_link("probit")
    with pytest.raises(FormulaError, match="'gaussian' is a listed family"):
        gb.register_family(FAMILIES["gaussian"])
