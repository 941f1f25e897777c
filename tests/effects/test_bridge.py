"""Random intercepts of the bridge distribution: check values, closed means, draws, the graph, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import glmm_bayes as gb
from glmm_bayes.core.bridge import attenuation_of, bridge_effect, sd_of_attenuation
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import LINKS
from tests.example_models import at_a_point

RNG = np.random.default_rng(5)
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=48).round(2),
        "y": RNG.integers(0, 2, 48),
        "g": np.repeat([f"g{i}" for i in range(8)], 6),
        "h": RNG.choice(["a", "b", "c"], 48),
    }
)


def fit_of(random='(1 | gr(g, dist = "bridge"))', interpretation=None):
    model = gb.Model(f"y ~ x + {random}", DATA, "bernoulli", interpretation=interpretation)
    rng = np.random.default_rng(3)
    draws = {"beta": rng.normal(0, 1, (1, 5, 2)), "sd_g": rng.uniform(0.5, 4, (1, 5, 1))}
    draws["b_g"] = rng.normal(0, 1, (1, 5, 8, 1))
    if "| h)" in random:
        draws |= {"sd_h": rng.uniform(0.2, 2, (1, 5, 1)), "b_h": rng.normal(0, 1, (1, 5, 3, 1))}
    return gb.Fit.from_draws(model, draws)


def density(b, f):
    return np.sin(f * np.pi) / (2 * np.pi * (np.cosh(f * b) + np.cos(f * np.pi)))


def test_the_check_values():
    """statistics 7: f = .55."""
    sd = sd_of_attenuation(0.55)
    assert sd**2 == pytest.approx(7.58572900249, rel=1e-11)
    assert attenuation_of(np.sqrt(16.13126)) == pytest.approx(0.411577873095, rel=1e-11)
    assert special.expit(attenuation_of(sd) * 1.7) == pytest.approx(0.718088575183, rel=1e-11)
    assert bridge_effect(stats.norm.ppf(0.1), sd) == pytest.approx(-3.20099949, rel=1e-8)


@pytest.mark.parametrize("sd", [0.3, 1.0, 4.0])
def test_effects_have_the_density_and_the_variance(sd):
    f = attenuation_of(sd)
    for z in (-2.0, -0.3, 0.0, 1.5):
        below = integrate.quad(density, -np.inf, bridge_effect(z, sd), args=(f,), epsabs=1e-12)[0]
        assert below == pytest.approx(stats.norm.cdf(z), abs=1e-9)
    variance = 2 * integrate.quad(lambda b: b**2 * density(b, f), 0, 60 / f, limit=400)[0]
    assert variance == pytest.approx(sd**2, rel=1e-7)


def test_population_means_are_logits_times_f():
    fit = fit_of()
    eta = fit.flat["beta"] @ fit.design.x.T
    f = attenuation_of(fit.flat["sd_g"])
    found = gb.predictions(fit, by=False).draws.to_numpy().reshape(eta.shape)
    np.testing.assert_allclose(found, special.expit(f * eta), rtol=1e-12)
    mean = integrate.quad(
        lambda b: special.expit(eta[0, 0] + b) * density(b, f[0, 0]), -80, 80, epsabs=1e-12
    )[0]
    assert found[0, 0] == pytest.approx(mean, abs=1e-9)
    table = gb.coefficients(fit).side_by_side()
    np.testing.assert_allclose(table["population_mean"], (f * fit.flat["beta"]).mean(axis=0), rtol=1e-7)


def test_normal_effects_beside_it_are_integrated_too():
    fit = fit_of('(1 | gr(g, dist = "bridge")) + (1 | h)')
    eta = fit.flat["beta"] @ fit.design.x.T
    f, v = attenuation_of(fit.flat["sd_g"]), fit.flat["sd_h"] ** 2
    found = gb.predictions(fit, by=False).draws.to_numpy().reshape(eta.shape)
    expected = population_mean(LINKS["logit"], f * eta, np.broadcast_to(f * f * v, eta.shape)).value
    np.testing.assert_allclose(found, expected, atol=1e-12)
    nodes, weights = special.roots_hermitenorm(120)
    values = special.expit(f[0, 0] * (eta[0, 0] + np.sqrt(v[0, 0]) * nodes))
    by_hand = weights @ values / weights.sum()
    assert found[0, 0] == pytest.approx(by_hand, abs=5e-9)


@pytest.mark.parametrize("estimand", ["population", "typical", "subject"])
@pytest.mark.parametrize("random", ['(1 | gr(g, dist = "bridge"))', '(1 | gr(g, dist = "bridge")) + (1 | h)'])
@pytest.mark.parametrize("interpretation", [None, "population"])
def test_slopes_are_the_derivatives_of_predictions(estimand, random, interpretation):
    fit, h = fit_of(random, interpretation), 1e-4
    rows = DATA.head(5)
    high, low = (
        gb.predictions(fit, rows.assign(x=rows["x"] + step), estimand=estimand, by=False).draws
        for step in (h, -h)
    )
    slope = gb.slopes(fit, "x", newdata=rows, estimand=estimand, by=False).draws
    np.testing.assert_allclose(slope, (high - low) / (2 * h), rtol=2e-5, atol=2e-5)


def test_population_coefficients_are_divided_by_f_below():
    fit = fit_of(interpretation="population")
    eta = fit.flat["beta"] @ fit.design.x.T
    population = gb.predictions(fit, by=False).draws.to_numpy().reshape(eta.shape)
    np.testing.assert_allclose(population, special.expit(eta), rtol=1e-12)
    typical = (
        gb.predictions(fit, by=False, estimand="typical", scale="link").draws.to_numpy().reshape(eta.shape)
    )
    np.testing.assert_allclose(typical, eta / attenuation_of(fit.flat["sd_g"]), atol=3e-8)


@pytest.mark.parametrize("interpretation", [None, "population"])
def test_the_graph_has_the_rows_of_the_draws(interpretation):
    model = gb.Model(
        'y ~ x + (1 | gr(g, dist = "bridge")) + (1 | h)', DATA, "bernoulli", interpretation=interpretation
    )
    draws, rows, has_finite_gradient = at_a_point(model, seed=7, more=("z_g",))
    z = draws.pop("z_g")[0, 0, :, 0]
    np.testing.assert_allclose(draws["b_g"][0, 0, :, 0], bridge_effect(z, draws["sd_g"][0, 0, 0]), rtol=1e-9)
    found = gb.Fit.from_draws(model, draws).draws["log_likelihood"]["y"].to_numpy().reshape(-1)
    np.testing.assert_allclose(rows, found, rtol=1e-8, atol=1e-9)
    assert has_finite_gradient


def test_new_groups_have_the_law():
    model = gb.Model('y ~ x + (1 | gr(g, dist = "bridge"))', DATA, "bernoulli")
    size, sd = 4000, 2.0
    draws = {
        "beta": np.zeros((1, size, 2)),
        "sd_g": np.full((1, size, 1), sd),
        "b_g": np.zeros((1, size, 8, 1)),
    }
    fit = gb.Fit.from_draws(model, draws)
    rows = pd.DataFrame({"x": [0.0], "g": ["new"]})
    eta = gb.predictions(fit, rows, estimand="new_subject", by=False, scale="link").draws.to_numpy().ravel()
    f = attenuation_of(sd)
    u = [integrate.quad(density, -np.inf, value, args=(f,))[0] for value in eta[:400]]
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    fan = gb.fan(fit, {"x": [0.0]}, probabilities=(0.1,)).draws.to_numpy().ravel()
    np.testing.assert_allclose(special.logit(fan), bridge_effect(stats.norm.ppf(0.1), sd), rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "link", "words"),
    [
        ('y ~ x + (1 | gr(g, dist = "bridge"))', "probit", "logit link"),
        ('y ~ x + (1 + x | gr(g, dist = "bridge"))', "logit", "random intercepts alone"),
        ('y ~ x + (1 | gr(g, dist = "bridge")) + (1 | gr(h, dist = "bridge"))', "logit", "once"),
        (
            'y ~ x + (1 | gr(g, dist = "bridge")) + (1 | gr(h, dist = "student"))',
            "logit",
            "normal effects only",
        ),
    ],
)
def test_what_has_no_closed_mean_is_refused(formula, link, words):
    with pytest.raises(gb.GlmmError, match=words):
        gb.Model(formula, DATA, "bernoulli", link)


def test_the_words_and_the_formula_name_it():
    model = gb.Model('y ~ x + (1 | gr(g, dist = "bridge"))', DATA, "bernoulli")
    assert 'dist = "bridge"' in model.spec.to_formula()
    assert "Bridge(0, sd_g^2)" in str(model.explain())
    components = gb.variance_components(fit_of()).summary()
    assert not components["quantity"].str.contains("median").any()
