"""How groups differ: check values, closed forms and quadrature for every measure of heterogeneity."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.pair_covariance import pair_covariance
from tests.effects import small_fits

MONTHS = np.array([0.0, 1.0, 2.0, 3.0, 6.0, 9.0, 12.0])

DATA = pd.DataFrame(
    {
        "y": [0, 1, 1, 0, 3, 2, 1, 1],
        "b": [0, 1, 1, 0, 1, 0, 1, 1],
        "x": [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 3.5],
        "w": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        "g": list("aaaabbbb"),
        "h": list("ppqqrrss"),
    }
)


def one(formula, family="bernoulli", link=None, data=DATA, **draws):
    model = gb.Model(formula, data, family, link)
    return gb.Fit.from_draws(model, {name: np.asarray(value)[None, None] for name, value in draws.items()})


@cache
def toenail():
    """The maximum-likelihood estimates of lme4 as one draw."""
    path = Path(__file__).parents[1] / "oracles/anchors.csv"
    rows = pd.read_csv(path)
    rows = rows[rows["dataset"].str.startswith("toenail")].set_index(["quantity", "name"])["value"]
    data = gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])
    beta = [rows["SS coef (glmer MLE)", name] for name in ("A", "B", "At", "Bt")]
    sd = np.sqrt(rows["RE variance", "(Intercept)"])
    formula = "y ~ 0 + treatment + treatment:month + (1 | patientID)"
    return one(formula, data=data, beta=beta, sd_patientID=[sd])


def value_of(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return float(table["mean"].iloc[0])


def moment(link, eta, v, c):
    """Cov(h(eta_1 + b_1), h(eta_2 + b_2)) by two-dimensional quadrature."""
    nodes, weights = special.roots_hermitenorm(120)
    weights = weights / weights.sum()
    root = np.linalg.cholesky([[v[0], c], [c, v[1]]])
    z1, z2 = np.meshgrid(nodes, nodes, indexing="ij")
    first = LINKS[link].inverse(eta[0] + root[0, 0] * z1)
    second = LINKS[link].inverse(eta[1] + root[1, 0] * z1 + root[1, 1] * z2)
    w = np.outer(weights, weights)
    return float((w * first * second).sum() - (w * first).sum() * (w * second).sum())


@pytest.mark.parametrize("link", ["identity", "log", "sqrt", "logit", "probit", "cloglog", "softplus"])
def test_covariances_of_pairs_are_those_of_quadrature(link):
    eta, v, c = (-0.4, 0.7), (0.9, 0.5), 0.35
    found = pair_covariance(LINKS[link], eta, v, c)
    assert float(found) == pytest.approx(moment(link, eta, v, c), rel=2e-6)


def test_counts_have_the_latent_residual_of_nakagawa():
    """statistics 8: M = 3.472934799, v = .49."""
    fit = one("y ~ 1 + (1 | g)", "poisson", beta=[1.0 - 0.0], sd_g=[0.7])
    mean = float(gb.predictions(fit, by=True).draws.to_numpy().item())
    assert mean == pytest.approx(np.exp(1.0 + 0.245))
    at_one = one("y ~ 1 + (1 | g)", "poisson", beta=[np.log(3.472934799) - 0.245], sd_g=[0.7])
    table = gb.variance_components(at_one).summary()
    assert value_of(table, quantity="ICC, latent scale") == pytest.approx(0.659448843987, abs=1e-9)
    assert "log(1 + 1/M)" in table.attrs["latent_residual"]
    nb = one("y ~ 1 + (1 | g)", "negative_binomial", beta=[0.3], sd_g=[0.7], shape=2.0)
    d = np.log1p(1 / np.exp(0.3 + 0.245) + 0.5)
    assert value_of(gb.variance_components(nb), quantity="ICC, latent scale") == pytest.approx(
        0.49 / (0.49 + d)
    )
    positive = DATA.assign(y=DATA["y"] + 0.5)
    gamma = one("y ~ 1 + (1 | g)", "gamma", "log", positive, beta=[0.3], sd_g=[0.7], shape=2.0)
    found = value_of(gb.variance_components(gamma), quantity="ICC, latent scale")
    assert found == pytest.approx(0.49 / (0.49 + special.polygamma(1, 2.0)))
    latent = gb.r2(nb).summary()
    assert value_of(latent, scale="latent", quantity="R2 conditional") == pytest.approx(0.49 / (0.49 + d))


def test_slopes_have_the_mean_variance_over_the_rows():
    corr = np.array([[1.0, 0.4], [0.4, 1.0]])
    fit = one("b ~ x + (1 + x | g) + (1 | h)", beta=[0.1, 0.2], sd_g=[1.0, 0.5], corr_g=corr, sd_h=[0.7])
    x = DATA["x"].to_numpy()
    v = (1.0 + 2 * 0.2 * x + 0.25 * x**2).mean()
    table = gb.variance_components(fit).summary()
    assert value_of(table, factor="g", quantity="variance") == pytest.approx(v)
    share = value_of(table, factor="g", quantity="share of the groups' variance")
    assert share == pytest.approx(v / (v + 0.49))
    latent = value_of(table, factor="g", quantity="ICC, latent scale")
    assert latent == pytest.approx(v / (v + 0.49 + np.pi**2 / 3))
    ratios = gb.median_ratio(fit, DATA.head(3)).summary()
    own = ratios[ratios["factor"] == "g"]["mean"].to_numpy()
    expected = np.exp(np.sqrt(2 * (1.0 + 0.4 * x[:3] + 0.25 * x[:3] ** 2)) * stats.norm.ppf(0.75))
    np.testing.assert_allclose(own, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("v", "expected"), [(16.13126, 46.1136456), (4.69, 7.89117701), (0.4193, 1.85459196)]
)
def test_median_odds_ratios(v, expected):
    fit = one("b ~ 1 + (1 | g)", beta=[0.0], sd_g=[np.sqrt(v)])
    assert value_of(gb.variance_components(fit), quantity="median odds ratio") == pytest.approx(
        expected, rel=1e-8
    )
    np.testing.assert_allclose(gb.median_ratio(fit).summary()["mean"], expected, rtol=1e-8)


def test_the_interval_odds_ratio_and_the_proportion_opposed():
    """statistics 8: beta = .4, v = .3."""
    fit = one("b ~ w + (1 | g)", beta=[0.1, 0.4], sd_g=[np.sqrt(0.3)])
    table = gb.interval_ratio(fit, "w").summary()
    assert value_of(table, quantity="odds ratio") == pytest.approx(np.exp(0.4))
    lower, upper = (f"80% interval odds ratio, {end} end" for end in ("lower", "upper"))
    assert value_of(table, quantity=lower) == pytest.approx(0.552840594919, abs=1e-11)
    assert value_of(table, quantity=upper) == pytest.approx(4.02564672158, abs=1e-10)
    assert value_of(table, quantity="proportion opposed") == pytest.approx(0.302788308168, abs=1e-11)
    assert "g drawn at random" in table.attrs["estimand_description"]


@pytest.mark.parametrize(
    ("formula", "draws", "call", "words"),
    [
        ("b ~ x + (1 | g)", {"beta": [0.0, 1.0], "sd_g": [1.0]}, {"variable": "x"}, "varies within levels"),
        ("b ~ w + (1 | g)", {"beta": [0.0, 1.0], "sd_g": [1.0]}, {"variable": "x"}, "reads no column"),
        (
            "b ~ w + (1 + w || g)",
            {"beta": [0.0, 1.0], "sd_g": [1.0, 1.0]},
            {"variable": "w"},
            "other effects",
        ),
        ("b ~ w + (1 | g)", {"beta": [0.0, 1.0], "sd_g": [1.0]}, {"variable": "w", "factor": "q"}, "'q'"),
        ("b ~ w + (1 | g)", {"beta": [0.0, 1.0], "sd_g": [1.0]}, {"variable": "w", "pairs": 80}, "80"),
    ],
)
def test_interval_ratios_are_refused_where_they_have_no_meaning(formula, draws, call, words):
    with pytest.raises(gb.PredictionError, match=words):
        gb.interval_ratio(one(formula, **draws), **call)


def test_implied_correlations_of_toenail():
    """statistics 10: arm A, months (0, 1) and (0, 12)."""
    rows = {"treatment": ["itraconazole"] * 3, "month": [0.0, 1.0, 12.0]}
    table = gb.implied_correlation(toenail(), rows).summary()
    assert value_of(table, row=0, other=1) == pytest.approx(0.6255, abs=1e-4)
    assert value_of(table, row=0, other=2) == pytest.approx(0.3525, abs=1e-4)
    assert list(table["month_1"]) == [0.0, 0.0, 1.0]


def test_implied_correlations_with_slopes_and_by_one_factor():
    corr = np.array([[1.0, 0.4], [0.4, 1.0]])
    fit = one("b ~ x + (1 + x | g) + (1 | h)", beta=[0.1, 0.2], sd_g=[1.0, 0.5], corr_g=corr, sd_h=[0.7])
    sigma = np.outer([1.0, 0.5], [1.0, 0.5]) * corr
    z = np.array([[1.0, 0.0], [1.0, 2.0]])
    v = np.einsum("ik,kl,il->i", z, sigma, z) + 0.49
    eta = np.array([0.1, 0.5])
    nodes, weights = special.roots_hermitenorm(150)
    m = special.expit(eta[:, None] + np.sqrt(v)[:, None] * nodes) @ weights / weights.sum()
    covariance = moment("logit", eta, v, z[0] @ sigma @ z[1] + 0.49)
    expected = covariance / np.sqrt((m * (1 - m)).prod())
    found = gb.implied_correlation(fit, {"x": [0.0, 2.0]}).summary()["mean"][0]
    assert found == pytest.approx(expected, abs=1e-7)
    whole = gb.icc(fit, {"x": [2.0]}).summary()["mean"][0]
    alone = gb.icc(fit, {"x": [2.0]}, factor="h").summary()["mean"][0]
    own = moment("logit", (eta[1],) * 2, (v[1],) * 2, 0.49) / (m[1] * (1 - m[1]))
    assert alone == pytest.approx(own, abs=1e-7)
    assert 0 < alone < whole < 1
    single = one("b ~ x + (1 | g)", beta=[0.1, 0.2], sd_g=[1.3])
    np.testing.assert_allclose(
        gb.icc(single, factor="g").summary()["mean"], gb.icc(single).summary()["mean"], rtol=1e-6
    )
    with pytest.raises(gb.PredictionError, match="no grouping factor"):
        gb.icc(single, factor="q")


def test_counts_have_a_closed_implied_correlation():
    fit = one("y ~ x + (1 | g)", "poisson", beta=[0.3, 0.2], sd_g=[0.7])
    mean = np.exp(0.3 + 0.2 * np.array([0.0, 2.0]) + 0.245)
    variance = mean + mean**2 * np.expm1(0.49)
    expected = mean.prod() * np.expm1(0.49) / np.sqrt(variance.prod())
    found = gb.implied_correlation(fit, {"x": [0.0, 2.0]}).summary()["mean"][0]
    assert found == pytest.approx(expected, rel=1e-9)


def test_toenail_r2():
    """statistics 8."""
    table = gb.r2(toenail()).summary()
    expected = {
        ("response", "R2 population"): 0.0695549398,
        ("response", "R2 conditional"): 0.636131012,
        ("latent", "R2 population"): 0.180180886,
        ("latent", "R2 conditional"): 0.861125638,
    }
    for (scale, quantity), value in expected.items():
        assert value_of(table, scale=scale, quantity=quantity) == pytest.approx(value, abs=2e-8)


def test_pairs_that_have_no_one_correlation_are_refused():
    fit = one("b ~ x + (1 | mm(g, h))", beta=[0.0, 1.0], sd_mm_g_h=[1.0], b_mm_g_h=np.zeros((6, 1)))
    with pytest.raises(gb.PredictionError, match="no one correlation"):
        gb.implied_correlation(fit, DATA.head(2))
    with pytest.raises(gb.PredictionError, match="two rows"):
        gb.implied_correlation(one("b ~ x + (1 | g)", beta=[0.0, 1.0], sd_g=[1.0]), {"x": [0.0]})


@pytest.mark.parametrize("kind", ["student", "bridge"])
def test_t_and_bridge_effects_have_shares_of_their_own_variances(kind):
    data = pd.DataFrame(
        {"g": np.resize(list("pqrstu"), 40), "h": np.resize(list("abc"), 40), "y": np.resize([0, 1, 1], 40)}
    )
    model = gb.Model(f'y ~ 1 + (1 | gr(g, dist = "{kind}")) + (1 | h)', data, family="bernoulli")
    draws = {"beta": [[[0.0]]], "sd_g": [[[1.5]]], "sd_h": [[[1.2]]]}
    draws |= {"df_g": [[5.0]]} if kind == "student" else {}
    table = (
        gb.variance_components(gb.Fit.from_draws(model, draws))
        .summary()
        .set_index(["factor", "quantity"])["mean"]
    )
    total = 1.5**2 + 1.2**2
    for factor, own in {"g": 1.5**2, "h": 1.2**2}.items():
        assert table[factor, "share of the groups' variance"] == pytest.approx(own / total, rel=1e-12)
        assert table[factor, "ICC, latent scale"] == pytest.approx(own / (total + np.pi**2 / 3), rel=1e-12)
    assert ("g", "median odds ratio") not in table.index


def test_a_median_ratio_stands_once_for_what_does_not_vary():
    fit = one("b ~ x + (1 | g) + (1 + x | h)", beta=[0.1, 0.2], sd_g=[1.0], sd_h=[0.7, 0.3], corr_h=np.eye(2))
    table = gb.median_ratio(fit).summary()
    assert (table["factor"] == "g").sum() == 1
    assert (table["factor"] == "h").sum() == DATA["x"].nunique()
    assert list(gb.median_ratio(one("b ~ x + (1 | g)", beta=[0.1, 0.2], sd_g=[1.0])).summary().columns)[
        :2
    ] == [
        "factor",
        "mean",
    ]


def test_the_correlation_of_responses_of_several_trials_is_that_of_one_trial_each():
    fit = small_fits.fit_of("y | trials(n) ~ x + (1 | g)", [-1.0, 0.5], family="binomial")
    table = gb.icc(fit).summary()
    assert "of one trial each" in table.attrs["estimand_description"]
    assert table["mean"][0] == pytest.approx(
        gb.icc(small_fits.fit_of("y ~ x + (1 | g)", [-1.0, 0.5])).summary()["mean"][0]
    )


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_moments_of_many_rows_are_looked_up_and_equal_those_of_few(link):
    data = pd.DataFrame({"x": np.linspace(-3, 3, 900), "g": np.arange(900) // 9, "y": np.resize([0, 1], 900)})
    fit = small_fits.fit_of("y ~ x + (1 | g)", [0.2, 0.6], 1.3, data, draws=2, link=link)
    rows = data.iloc[::100].drop(columns="y")
    for verb in (gb.icc, gb.attenuation):
        many, few = verb(fit, data), verb(fit, rows)
        np.testing.assert_allclose(many["mean"][::100], few["mean"], rtol=1e-9)
