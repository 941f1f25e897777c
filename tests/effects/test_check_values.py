"""Numbers worked out elsewhere for the effects: no other test holds them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

import glmm_bayes as gb
from glmm_bayes.core.integrals import population_mean, population_mean_derivatives
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.mean_rules.logit import MIXTURE
from glmm_bayes.covariances.known import Known
from glmm_bayes.effects.expectation.moments import moments
from glmm_bayes.effects.groups.latent_residual import latent_residual

ORACLES = Path(__file__).parents[1] / "oracles"
MONTHS = np.array([0.0, 1.0, 2.0, 3.0, 6.0, 9.0, 12.0])
BINARY = pd.DataFrame({"y": [0, 1, 1, 0], "x": [0.0, 1.0, 2.0, 3.0], "g": list("aabb"), "h": list("pqpq")})


def one(formula, data=BINARY, family="bernoulli", link=None, **draws):
    model = gb.Model(formula, data, family, link)
    return gb.Fit.from_draws(model, {name: np.asarray(value)[None, None] for name, value in draws.items()})


@cache
def toenail():
    rows = pd.read_csv(ORACLES / "anchors.csv", keep_default_na=False)
    rows = rows[rows["dataset"].str.startswith("toenail")].set_index(["quantity", "name"])["value"]
    data = gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])
    beta = [float(rows["SS coef (glmer MLE)", name]) for name in ("A", "B", "At", "Bt")]
    sd = np.sqrt(float(rows["RE variance", "(Intercept)"]))
    formula = "y ~ 0 + treatment + treatment:month + (1 | patientID)"
    return one(formula, data, beta=beta, sd_patientID=[sd])


def mean(effects):
    return float(effects.summary()["mean"].iloc[0])


def test_a_typical_patient_of_toenail_and_quantiles_over_new_ones():
    rows = {"treatment": ["itraconazole"], "month": [0.0]}
    assert mean(gb.predictions(toenail(), rows, estimand="typical")) == pytest.approx(
        0.163730615851, abs=1e-9
    )
    assert mean(gb.predictions(toenail(), rows)) == pytest.approx(0.355173344142, abs=3e-9)
    fan = gb.fan(toenail(), rows, probabilities=(0.05, 0.95)).summary()["mean"]
    np.testing.assert_allclose(fan, [0.000264587052, 0.993143097965], rtol=1e-7)
    new = gb.predictions(toenail(), rows, estimand="new_subject").summary(0.9)
    np.testing.assert_allclose(new[["eti90_lb", "eti90_ub"]].iloc[0], fan, rtol=1e-7)


def test_patients_within_a_hospital():
    """Sum of z' Sigma z over patients and others; the hospital known, or integrated too."""
    data = BINARY.assign(g=list("aabb"), x=[0.0, 1.0, 2.0, 3.0])
    fit = one(
        "y ~ 1 + (1 | g) + (1 | h)", data, beta=[-0.4], sd_g=[0.5], sd_h=[np.sqrt(5.714)], b_g=[[0.6], [0.0]]
    )
    rows = {"g": ["a"]}
    within = gb.predictions(fit, rows, estimand={"g": "subject", "h": "population"})
    assert mean(within) == pytest.approx(0.527008812046, abs=3e-9)
    whole = gb.predictions(fit, rows)
    assert mean(whole) == pytest.approx(0.446881558357, abs=3e-9)
    assert mean(gb.predictions(fit, rows, estimand="typical")) == pytest.approx(0.401312339888, abs=1e-11)


def test_memberships_of_levels_that_are_tied():
    structure = Known(2, {"cov": np.array([[1.0, 0.5], [0.5, 1.1]])}, {})
    share = structure.variance({}, np.array([[0, 1]]), np.array([[0.7, 0.3]]))
    assert 0.8 * share.item() == pytest.approx(0.6392, abs=1e-14)


def test_the_mixture_of_the_logistic():
    p, s = np.array(MIXTURE).T
    assert abs(p.sum() - 1) < 1e-14
    assert (p / s**2).sum() == pytest.approx(3.289867672, abs=1e-9)
    assert np.pi**2 / 3 == pytest.approx(3.289868134, abs=1e-9)
    x = np.linspace(-40, 40, 400_001)
    gap = np.abs(sum(a * special.ndtr(b * x) for a, b in MIXTURE) - special.expit(x)).max()
    assert gap == pytest.approx(2.1086e-9, rel=1e-4)


def test_the_probability_of_a_count_of_zero_is_one_minus_a_cloglog_mean():
    m = population_mean(LINKS["cloglog"], 0.3, 0.64).value
    assert 1 - float(m) == pytest.approx(0.292587365688, abs=1e-10)


def test_a_random_slope_turns_the_sign():
    """eta = .5 + .2 x, Sigma = [[.5, -.2], [-.2, 1]], x = 2."""
    eta, v, link = 0.9, 3.7, LINKS["logit"]
    in_eta, in_v = (float(part) for part in population_mean_derivatives(link, eta, v))
    assert float(population_mean(link, eta, v).value) == pytest.approx(0.636554515072, abs=3e-9)
    assert in_eta == pytest.approx(0.145388822879, abs=2e-8)
    assert in_v == pytest.approx(-0.010283349234, abs=6e-8)
    rho = -0.2 / np.sqrt(0.5)
    fit = one(
        "y ~ x + (1 + x | g)", beta=[0.5, 0.2], sd_g=[np.sqrt(0.5), 1.0], corr_g=[[1.0, rho], [rho, 1.0]]
    )
    rows = {"x": [2.0]}
    assert mean(gb.slopes(fit, "x", newdata=rows)) == pytest.approx(-0.007942292667, abs=3e-7)
    assert 0.2 * in_eta == pytest.approx(0.029077764576, abs=4e-9)
    assert mean(gb.slopes(fit, "x", newdata=rows, estimand="typical")) == pytest.approx(
        0.041100061468, abs=1e-11
    )


def test_the_odds_ratio_of_a_toenail_patient():
    rows = {"treatment": ["itraconazole"], "month": [12.0]}
    found = gb.comparisons(toenail(), "treatment", measure="log_odds_ratio", estimand="typical", newdata=rows)
    assert mean(found) == pytest.approx(-2.05085344, abs=1e-7)
    found = gb.comparisons(toenail(), "treatment", measure="odds_ratio", estimand="typical", newdata=rows)
    assert mean(found) == pytest.approx(0.1286250829, abs=1e-8)


def test_typical_women_of_contraception_are_not_the_population():
    data = pd.read_csv(ORACLES / "data/Contraception.csv.gz", dtype={"district": str})
    data = data.assign(urb=(data["urban"] == "Y").astype(int), ch=(data["ch"] == "Y").astype(int))
    rows = pd.read_csv(ORACLES / "anchors.csv", keep_default_na=False)
    rows = rows[rows["dataset"].str.startswith("Contra")].set_index(["quantity", "name"])["value"]
    names = ("(Intercept)", "age", "I(age^2)", "urb", "ch")
    v1, v2, c = (
        float(rows["RE covariance", name])
        for name in ("(Intercept),(Intercept)", "urb,urb", "(Intercept),urb")
    )
    rho = c / np.sqrt(v1 * v2)
    fit = one(
        "y ~ age + I(age^2) + urb + ch + (1 + urb | district)",
        data,
        beta=[float(rows["SS coef (glmer)", name]) for name in names],
        sd_district=np.sqrt([v1, v2]),
        corr_district=[[1.0, rho], [rho, 1.0]],
    )
    typical = [mean(gb.predictions(fit, data.assign(urb=u), estimand="typical", by=True)) for u in (0, 1)]
    np.testing.assert_allclose(typical, [0.3299570, 0.5015436], atol=1e-7)


def test_cells_without_their_counts_move_the_projection():
    cells = gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])
    counts = cells.groupby(["treatment", "month"], observed=True).size()
    assert counts.tolist() == [146, 141, 138, 132, 130, 117, 133, 148, 147, 145, 140, 133, 127, 131]
    fit = toenail()
    single = cells.drop_duplicates(["treatment", "month"]).sort_values(["treatment", "month"])
    means = gb.predictions(fit, single).summary()["mean"].to_numpy()
    x = np.zeros((14, 4))
    x[:7, 0] = x[7:, 1] = 1.0
    x[:7, 2] = x[7:, 3] = MONTHS
    for weights, expected in (
        (counts.to_numpy(), gb.coefficients(fit).side_by_side()["population_mean"].to_numpy()),
        (np.ones(14), np.array([-0.578801, -0.605504, -0.162811, -0.237459])),
    ):
        gamma = np.zeros(4)
        for _ in range(30):
            p = special.expit(x @ gamma)
            information = (x * (weights * p * (1 - p))[:, None]).T @ x
            gamma = gamma + np.linalg.solve(information, x.T @ (weights * (means - p)))
        np.testing.assert_allclose(gamma, expected, atol=1e-6)


def test_the_latent_residual_of_a_count():
    """M is that of mu = 1, v = .49."""
    data = BINARY.assign(y=[0, 1, 3, 2])
    fit = one("y ~ 1 + (1 | g)", data, "poisson", beta=[1.0], sd_g=[0.7])
    assert latent_residual(fit).variance.item() == pytest.approx(0.253044747849, abs=1e-11)


@pytest.mark.parametrize(
    ("eta", "v", "latent", "response"),
    [
        (0.0, 1.0, 0.233107398371, 0.173516143432),
        (-1.62, 4.016**2, 0.830577448622, 0.62989928157),
        (-3.1, 2.165**2, 0.587585593078, 0.341683319592),
    ],
)
def test_intraclass_correlations_on_both_scales(eta, v, latent, response):
    fit = one("y ~ 1 + (1 | g)", beta=[eta], sd_g=[np.sqrt(v)])
    table = gb.variance_components(fit).summary().set_index("quantity")["mean"]
    assert table["ICC, latent scale"] == pytest.approx(latent, abs=1e-11)
    assert gb.icc(fit).summary()["mean"][0] == pytest.approx(response, abs=2e-8)


@pytest.mark.parametrize(
    ("family", "more", "variance", "icc"),
    [
        ("poisson", {}, 11.0994753237, 0.687108201238),
        ("negative_binomial", {"shape": 2.0}, 20.9433836460, 0.364150351883),
    ],
)
def test_the_variance_of_a_count_and_its_intraclass_correlation(family, more, variance, icc):
    data = BINARY.assign(y=[0, 1, 3, 2])
    fit = one("y ~ 1 + (1 | g)", data, family, beta=[1.0], sd_g=[0.7], **more)
    found, _ = moments(fit)
    assert found.mean[0, 0] == pytest.approx(3.47293479934, abs=1e-10)
    assert (found.between + found.within)[0, 0] == pytest.approx(variance, abs=1e-9)
    assert gb.icc(fit).summary()["mean"][0] == pytest.approx(icc, abs=1e-11)


def test_the_parts_of_the_variance_of_toenail():
    found, _ = moments(toenail())
    m, between, within = (part[0, found.pattern] for part in (found.mean, found.between, found.within))
    parts = np.array([m.var(), between.mean(), within.mean()])
    np.testing.assert_allclose(parts, [0.0116749930, 0.0951013931, 0.0610764368], atol=5e-9)
    assert parts.sum() == pytest.approx(0.167852822858, abs=5e-9)
    assert m.mean() * (1 - m.mean()) == pytest.approx(0.167852822858, abs=5e-9)
    assert found.eta[0, found.pattern].var() == pytest.approx(4.26840021, abs=1e-7)


def test_covariances_given_the_data_of_one_level():
    """Sigma = [[1, .3], [.3, .5]], sigma^2 = 1.5, x = 0..3."""
    z = np.column_stack([np.ones(4), np.arange(4.0)])
    sigma = np.array([[1.0, 0.3], [0.3, 0.5]])
    covariance = np.linalg.inv(np.linalg.inv(sigma) + z.T @ z / 1.5)
    np.testing.assert_allclose(np.diag(covariance), [0.335703, 0.110819], atol=5e-7)
    data = pd.DataFrame({"y": [0.4, 1.0, 2.0, 1.2] * 2, "x": [0.0, 1.0, 2.0, 3.0] * 2, "g": list("aaaabbbb")})
    rho = 0.3 / np.sqrt(0.5)
    fit = one(
        "y ~ 0 + offset(0 * x) + (1 + x | g)",
        data,
        "gaussian",
        beta=np.zeros(0),
        sd_g=[1.0, np.sqrt(0.5)],
        corr_g=[[1.0, rho], [rho, 1.0]],
        b_g=np.zeros((2, 2)),
        sigma=np.sqrt(1.5),
    )
    table = gb.random_effects(fit).summary()
    pooled = table[table["level"] == "a"]
    np.testing.assert_allclose(pooled["shrinkage"], [0.335703, 0.221638], atol=5e-7)


def test_the_working_correlation_of_toenail():
    pytest.importorskip("statsmodels")
    table = gb.gee(toenail())
    np.testing.assert_allclose(table["gee"], [-0.58402, -0.57203, -0.17703, -0.26569], atol=5e-6)
    # By the moments of R's geepack; statsmodels' own, less one pair a coefficient, give 0.4203.
    assert "0.421" in table.attrs["correlation"]
