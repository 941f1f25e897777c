"""Models whose coefficients are population-averaged: the graph, the means, slopes, files and words."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

import glmm_bayes as gb
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import LINKS
from tests.example_models import at_a_point
from tests.prior_draws import prior_draws

RNG = np.random.default_rng(20261123)
N, GROUPS = 60, 12
LINK_CASES = {
    "logit": ("bernoulli", RNG.integers(0, 2, N).astype(float)),
    "probit": ("bernoulli", RNG.integers(0, 2, N).astype(float)),
    "cloglog": ("bernoulli", RNG.integers(0, 2, N).astype(float)),
    "log": ("poisson", RNG.poisson(2.0, N).astype(float)),
    "identity": ("gaussian", RNG.normal(size=N)),
}
BASE = pd.DataFrame(
    {
        "x": RNG.normal(size=N).round(2),
        "f": RNG.choice(["a", "b", "c"], N),
        "g": RNG.permutation(np.repeat([f"g{i}" for i in range(GROUPS)], N // GROUPS)),
        "h": RNG.choice([f"h{i}" for i in range(5)], N),
        "other": RNG.choice([f"g{i}" for i in range(GROUPS)], N),
        "t": RNG.integers(1, 5, N),
        "e": RNG.uniform(0.5, 2.0, N).round(2),
    }
)
KINSHIP = pd.DataFrame(
    np.diag(np.linspace(0.5, 2.0, GROUPS)) + 0.2,
    index=[f"g{i}" for i in range(GROUPS)],
    columns=[f"g{i}" for i in range(GROUPS)],
)
STRUCTURES = {
    "intercept": "(1 | g)",
    "slope": "(1 + x | g)",
    "crossed": "(1 | g) + (0 + x | h)",
    "by": "(1 | gr(g, by = f))",
    "members": "(1 | mm(g, other))",
    "ar1": '(0 + t | gr(g, structure = "ar1"))',
    "known": "(1 | gr(g, cov = K))",
}


def model_of(link="logit", random="(1 | g)", interpretation="population", **more):
    family, y = LINK_CASES[link]
    known = {"K": KINSHIP} if "cov = K" in random else None
    return gb.Model(
        f"y ~ x + f + {random}",
        BASE.assign(y=y),
        family,
        link,
        known=known,
        interpretation=interpretation,
        **more,
    )


@cache
def fit_of(link="logit", random="(1 | g)", size=3):
    """Return a fit whose draws are those of the prior."""
    model = model_of(link, random)
    drawn = prior_draws(model.pymc_model, list(model.definition.posterior), size, seed=1)
    return gb.Fit.from_draws(model, {name: values[None] for name, values in drawn.items()})


def typical_predictor(fit):
    found = gb.predictions(fit, by=False, estimand="typical", scale="link").draws
    return found.to_numpy().reshape(-1, len(fit.design))


@pytest.mark.parametrize(
    ("link", "random"),
    [*((link, "(1 + x | g)") for link in LINK_CASES), *(("logit", random) for random in STRUCTURES.values())],
)
def test_the_graph_has_the_rows_of_the_draws_and_finite_gradients(link, random):
    model = model_of(link, random)
    draws, rows, has_finite_gradient = at_a_point(model, seed=7)
    found = gb.Fit.from_draws(model, draws).draws["log_likelihood"]["y"].to_numpy().reshape(-1)
    np.testing.assert_allclose(rows, found, rtol=1e-8, atol=1e-9)
    assert has_finite_gradient


@pytest.mark.parametrize("link", LINK_CASES)
def test_population_means_follow_the_formula_and_typical_ones_the_solution(link):
    fit = fit_of(link, "(1 + x | g)")
    eta = fit.flat["beta"] @ fit.design.x.T
    population = gb.predictions(fit, by=False, estimand="population").draws.to_numpy().reshape(len(eta), -1)
    np.testing.assert_allclose(population, LINKS[link].inverse(eta), rtol=1e-12)
    sd, corr = fit.flat["sd_g"], fit.flat["corr_g"]
    z = np.column_stack([np.ones(N), BASE["x"]])
    v = np.einsum("rk,skl,rl->sr", z, sd[:, :, None] * corr * sd[:, None, :], z)
    typical = (
        gb.predictions(fit, by=False, estimand="typical", scale="link").draws.to_numpy().reshape(len(eta), -1)
    )
    averaged = population_mean(LINKS[link], typical, v).value
    np.testing.assert_allclose(averaged, LINKS[link].inverse(eta), rtol=1e-9, atol=2e-8)


@pytest.mark.parametrize("estimand", ["population", "typical", "subject"])
@pytest.mark.parametrize("link", ["logit", "log", "cloglog"])
def test_slopes_are_the_derivatives_of_predictions(link, estimand):
    fit = fit_of(link, "(1 + x | g)")
    rows = BASE.head(8)
    h = 1e-4
    sides = [
        gb.predictions(fit, rows.assign(x=rows["x"] + step), estimand=estimand, by=False).draws
        for step in (h, -h)
    ]
    slope = gb.slopes(fit, "x", newdata=rows, estimand=estimand, by=False).draws
    np.testing.assert_allclose(slope, (sides[0] - sides[1]) / (2 * h), rtol=2e-5, atol=2e-5)


def test_partial_integration_averages_over_the_rest():
    """E over h of the mean at a group g, from the conditional predictor, by quadrature."""
    fit = fit_of("logit", "(1 | g) + (1 | h)")
    found = gb.predictions(fit, by=False, estimand={"g": "subject", "h": "population"})
    sd = {name: fit.flat[f"sd_{name}"] for name in "gh"}
    eta = fit.flat["beta"] @ fit.design.x.T
    delta = (
        gb.predictions(fit, by=False, estimand="typical", scale="link").draws.to_numpy().reshape(eta.shape)
    )
    np.testing.assert_allclose(
        population_mean(LINKS["logit"], delta, sd["g"] ** 2 + sd["h"] ** 2).value,
        special.expit(eta),
        atol=2e-8,
    )
    at = delta + fit.flat["b_g"][:, fit.design.group("g").codes, 0]
    np.testing.assert_allclose(
        found.draws.to_numpy().reshape(eta.shape),
        population_mean(LINKS["logit"], at, np.broadcast_to(sd["h"] ** 2, at.shape)).value,
        atol=1e-9,
    )


@pytest.mark.parametrize("link", ["log", "probit", "identity"])
def test_coefficients_where_a_closed_form_has_them(link):
    fit = fit_of(link)
    beta, v = fit.flat["beta"], fit.flat["sd_g"] ** 2
    expected = {
        "log": beta - 0.5 * v * np.eye(beta.shape[1])[0],
        "probit": beta * np.sqrt(1 + v),
        "identity": beta,
    }[link]
    table = gb.coefficients(fit).side_by_side()
    np.testing.assert_allclose(table["population_mean"], beta.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(table["subject_mean"], expected.mean(axis=0), rtol=1e-9, atol=1e-12)
    assert table.attrs["lack_of_fit"] < 1e-9
    assert "the model's own" in table.attrs["population"]


def test_the_words_say_whose_coefficients_they_are(tmp_path):
    model = model_of()
    assert "population-averaged" in str(model)
    assert "population odds ratio" in str(model)
    assert "population-averaged" in str(fit_of())
    assert "Delta[i]" in str(model.explain())
    assert r"\operatorname{E}" in model.explain().latex
    assert "population-averaged" in gb.summary(fit_of("logit", "(1 + x | g)", 40)).attrs["estimand"]


def test_files_keep_the_interpretation(tmp_path):
    model, fit = model_of("probit", "(1 + x | g)"), fit_of("probit", "(1 + x | g)")
    fit.save(tmp_path / "fit.glmm")
    again = gb.load(tmp_path / "fit.glmm")
    assert again.spec.interpretation == "population"
    np.testing.assert_array_equal(
        gb.predictions(again, estimand="typical").draws, gb.predictions(fit, estimand="typical").draws
    )
    for name in ("spec.toml", "spec.yaml"):
        model.spec.to_file(tmp_path / name)
        assert gb.ModelSpec.from_file(tmp_path / name) == model.spec


def test_other_verbs_follow():
    fit = fit_of("logit", "(1 + x | g)", 40)
    population = gb.predictions(fit, by=False).draws
    fan = gb.fan(fit, BASE.head(3), probabilities=(0.001, 0.999)).draws
    low, high = fan[..., ::2], fan[..., 1::2]
    assert np.isfinite(low).all() and np.isfinite(high).all()
    np.testing.assert_allclose(gb.r2(fit).summary()["mean"].notna(), True)
    assert gb.random_effects(fit).summary().shape[0] > 0
    assert gb.variance_components(fit).summary().shape[0] > 0
    difference = gb.comparisons(fit, "x").draws
    assert np.isfinite(difference).all() and np.isfinite(population).all()
    assert gb.posterior_predictive(fit, seed=1) is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"interpretation": "marginal"}, '"subject" or "population"'),
        ({"link": "cauchit"}, "known for the links"),
        ({"family": "zero_inflated_poisson"}, "zero_inflated_poisson"),
        ({"family": "cumulative"}, "cumulative"),
    ],
)
def test_what_is_not_known_is_refused(arguments, words):
    given = {"family": "bernoulli", "link": None, "interpretation": "population"} | arguments
    with pytest.raises(gb.GlmmError, match=words):
        gb.Model("y ~ x + (1 | g)", BASE.assign(y=LINK_CASES["logit"][1]), **given)


def test_t_effects_are_refused():
    with pytest.raises(gb.GlmmError, match="normal random effects"):
        model_of("logit", '(1 | gr(g, dist = "student"))')


def test_committed_results_agree_with_gee_and_recover_the_truth():
    """``benchmarks/marginalized.py``: the verdicts follow from the numbers."""
    path = Path(__file__).parents[2] / "benchmarks/results/marginalized.json"
    found = json.loads(path.read_text(encoding="utf-8"))["cases"]
    for name in ("ohio", "respiratory"):
        rows = found[name]["coefficients"]
        assert found[name]["converged"]
        assert max(abs(row["population_mean"] - row["gee"]) for row in rows) < 0.05
    simulated = found["simulated"]
    assert simulated["population"]["converged"] and simulated["subject"]["converged"]
    truth, own, usual = simulated["truth"], simulated["population"], simulated["subject"]
    for name, value in truth.items():
        assert abs(own["mean"][name] - value) < 2.58 * own["sd"][name]
    assert all(
        abs(usual["mean"][name] - truth[name]) > 2.58 * usual["sd"][name] for name in ("Intercept", "x")
    )
