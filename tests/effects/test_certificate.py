"""The error that a result states bounds the true one: every link, sd up to 8, logit up to 12."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special

import glmm_bayes as gb
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import LINKS
from tests.effects import small_fits

#: Exact means of closed forms; others by adaptive quadrature.
CLOSED = {
    "identity": lambda eta, sd: eta,
    "log": lambda eta, sd: np.exp(eta + sd**2 / 2),
    "sqrt": lambda eta, sd: eta**2 + sd**2,
    "probit": lambda eta, sd: special.ndtr(eta / np.sqrt(1 + sd**2)),
}
FAMILY = {"log": "poisson", "sqrt": "poisson", "softplus": "poisson", "identity": "gaussian"}
INTEGRATED = ["logit", "probit", "cloglog", "loglog", "cauchit", "log", "sqrt", "softplus", "identity"]
ETA = np.array([-12.0, -7.0, -3.1, -1.0, 0.0, 0.4, 2.0, 5.5, 12.0])
SDS = (0.05, 0.5, 1.0, 2.0, 4.0, 8.0)


def quadrature(link, eta, sd):
    """Return the mean by adaptive quadrature, split where the integrand turns."""
    turn = -eta / sd
    ends = sorted({-38.0, *np.clip([turn - 6 / sd, turn, turn + 6 / sd, -8.0, 0.0, 8.0], -38, 38), 38.0})

    def integrand(z):
        return float(link.inverse(np.array(eta + sd * z))) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    pieces = [
        integrate.quad(integrand, a, b, epsabs=1e-15, epsrel=1e-13, limit=200)[0] for a, b in pairwise(ends)
    ]
    return float(np.sum(pieces))


@pytest.mark.parametrize("sd", SDS)
@pytest.mark.parametrize("name", INTEGRATED)
def test_the_stated_error_bounds_the_true_one(name, sd):
    link = LINKS[name]
    family = FAMILY.get(name, "bernoulli")
    y = np.arange(len(ETA)) % 2
    data = pd.DataFrame({"y": y.astype(float), "x": ETA, "g": np.arange(len(ETA)) % 3})
    model = gb.Model("y ~ 0 + x + (1 | g)", data, family, name)
    draws = {"beta": [[[1.0]]], "sd_g": [[[sd]]]} | ({"sigma": [[1.0]]} if family == "gaussian" else {})
    found = gb.predictions(gb.Fit.from_draws(model, draws), data)
    stated = found.attrs["integration_error"]
    values = found.draws.to_numpy().ravel()
    if name in CLOSED:
        exact = np.array([CLOSED[name](eta, sd) for eta in ETA])
        assert stated == 0
        np.testing.assert_allclose(values, exact, rtol=1e-14, atol=1e-14)
        return
    exact = np.array([quadrature(link, eta, sd) for eta in ETA])
    # The oracle itself is good to about 1e-13.
    assert np.abs(values - exact).max() <= stated + 1e-13
    assert stated < (5e-9 if name == "logit" else 1e-8)


def test_the_logit_is_below_five_in_a_billion_up_to_sds_of_twelve():
    """Against the trapezoid rule with 8,001 nodes."""
    eta = np.linspace(-12, 12, 97)
    z = np.linspace(-9, 9, 8001)
    weights = np.exp(-0.5 * z**2)
    weights /= weights.sum()
    worst = 0.0
    for sd in (0.0, 0.1, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0):
        exact = special.expit(eta[:, None] + sd * z) @ weights
        found = population_mean(LINKS["logit"], eta, np.full_like(eta, sd**2))
        worst = max(worst, float(np.abs(found.value - exact).max()))
        assert found.error < 5e-9
    assert worst < 5e-9


def test_the_error_of_a_conditional_predictor_is_stated():
    for link, sd, largest in (("logit", 3.0, 1e-8), ("cloglog", 9.0, 1e-8), ("probit", 9.0, 0.0)):
        fit = small_fits.fit_of("y ~ x + (1 | g)", [0.5, 0.2], sd, link=link, interpretation="population")
        for answer in (gb.predictions(fit, estimand="typical"), gb.fan(fit)):
            assert answer.attrs["integration_error"] == largest
            assert (answer.attrs["integration"] == "exact") == (largest == 0.0)
        assert gb.predictions(fit).attrs["integration_error"] == 0.0, "the formula itself"
    fit = small_fits.fit_of("y ~ x + (1 | g)", [0.5, 0.2], 12.0, link="cloglog", interpretation="population")
    assert gb.predictions(fit, estimand="typical").attrs["integration_error"] > 1e-8
