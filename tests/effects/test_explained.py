"""Shares of variance: published values, closed forms and laws."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.effects import small_fits

DATA = pd.DataFrame({"y": [0, 1] * 6, "n": [0, 3, 1, 2] * 3, "r": np.arange(12.0), "g": list("aabbccddeeff")})
DATA["x"] = np.tile([0.0, 1.0, 2.0], 4)


def one(family, response, eta, sd, link=None, **more):
    model = gb.Model(f"{response} ~ 1 + (1 | g)", DATA, family=family, link=link)
    return gb.Fit.from_draws(model, {"beta": [[[eta]]], "sd_g": [[[sd]]]} | more)


@pytest.mark.parametrize(
    ("family", "link", "eta", "sd", "value"),
    [
        ("bernoulli", None, 0.0, 1.0, 0.173516143432),
        ("bernoulli", None, -1.62, 4.016, 0.62989928157),
        ("bernoulli", None, -3.1, 2.165, 0.341683319592),
        ("bernoulli", "probit", -0.5, np.sqrt(1.2), 0.360784072389),
        ("poisson", None, 1.0, 0.7, 0.687108201238),
    ],
)
def test_intraclass_correlations_equal_the_published_values(family, link, eta, sd, value):
    fit = one(family, "n" if family == "poisson" else "y", eta, sd, link)
    assert gb.icc(fit).summary()["mean"].item() == pytest.approx(value, rel=3e-7)


def test_the_negative_binomial_adds_its_own_variance():
    fit = one("negative_binomial", "n", 1.0, 0.7, shape=[[2.0]])
    assert gb.icc(fit).summary()["mean"].item() == pytest.approx(0.364150351883, rel=1e-9)


def test_the_parts_of_toenail_equal_the_published_ones():
    data = gb.load_dataset("toenail")
    model = gb.Model("y ~ treatment*time + (1 | patientID)", data, family="bernoulli")
    rng = np.random.default_rng(1)
    fit = gb.Fit.from_draws(
        model, {"beta": rng.normal(0, 0.5, (1, 20, 4)), "sd_patientID": rng.uniform(1, 5, (1, 20, 1))}
    )
    table = gb.r2(fit).summary()
    response = table[table["scale"] == "response"]
    m = gb.predictions(fit).draws.to_numpy()[0]
    whole = m.mean(axis=1) * (1 - m.mean(axis=1))
    # Of a binary response the three parts add up to the variance of a Bernoulli variable.
    np.testing.assert_allclose(response["mean"].iloc[0], (m.var(axis=1) / whole).mean(), rtol=1e-7)


def test_an_identity_link_has_one_set_of_shares():
    model = gb.Model("r ~ x + (1 + x | g)", DATA)
    draws = {"beta": [[[1.0, 2.0]]], "sd_g": [[[1.0, 0.5]]], "corr_g": [[np.eye(2)]], "sigma": [[0.8]]}
    table = gb.r2(gb.Fit.from_draws(model, draws)).summary().set_index(["scale", "quantity"])["mean"]
    fixed, random = 4 * DATA["x"].var(ddof=0), (1 + 0.25 * DATA["x"] ** 2).mean()
    whole = fixed + random + 0.64
    for scale in ("response", "latent"):
        assert table[scale, "R2 population"] == pytest.approx(fixed / whole)
        assert table[scale, "R2 conditional"] == pytest.approx((fixed + random) / whole)


def test_groups_that_do_not_differ_have_no_correlation():
    assert gb.icc(one("bernoulli", "y", 0.4, 0.0)).summary()["mean"].item() == 0.0


@pytest.mark.parametrize("eta", [-6.0, 0.0, 6.0])
@pytest.mark.parametrize("sd", [0.1, 2.0, 10.0])
def test_shares_lie_between_zero_and_one(eta, sd):
    assert 0.0 <= gb.icc(one("bernoulli", "y", eta, sd, "cloglog")).summary()["mean"].item() <= 1.0


def test_rows_have_their_own_correlation():
    model = gb.Model("y ~ x + (1 | g)", DATA, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0]]], "sd_g": [[[1.0]]]})
    found = gb.icc(fit, {"x": [0.0, 3.0]}).summary()
    assert found["mean"].iloc[0] == pytest.approx(0.173516143432, rel=1e-7)
    assert found["mean"].iloc[1] < found["mean"].iloc[0]


def test_a_family_of_several_predictors_is_refused():
    model = gb.Model("n ~ x", DATA, family="zero_inflated_poisson")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.1, 0.2]]], "zi": [[0.2]]})
    with pytest.raises(gb.PredictionError) as caught:
        gb.r2(fit)
    assert caught.value.code == "not_available"


def test_an_offset_is_no_variance_that_covariates_account_for():
    fit = small_fits.fit_of("y ~ x + offset(off) + (1 | g)", [0.3, 0.0], 2.0, interpretation="population")
    table = gb.r2(fit).summary().set_index(["scale", "quantity"])["mean"]
    assert table["latent", "R2 population"] == pytest.approx(0.0, abs=1e-25)
