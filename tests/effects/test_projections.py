"""Projected coefficients solve the quasi-likelihood equations, also far from what data would give."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

import glmm_bayes as gb
from glmm_bayes.effects.expectation import projection

# Small tables are warned of, rightly.
pytestmark = pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")

ROWS, DRAWS = 60, 40
_RNG = np.random.default_rng(1)
DATA = pd.DataFrame(
    {
        "x": _RNG.normal(size=ROWS).round(3),
        "t": np.resize(list("abc"), ROWS),
        "g": np.resize(list("pqrstu"), ROWS),
        "bit": np.resize([0, 1, 1], ROWS),
        "count": _RNG.poisson(2, ROWS),
        "amount": _RNG.gamma(2, 1, ROWS),
        "real": _RNG.normal(size=ROWS),
        "part": _RNG.uniform(0.05, 0.95, ROWS),
    }
)
X = np.column_stack([np.ones(ROWS), DATA["x"], DATA["t"] == "b", DATA["t"] == "c"]).astype(float)


def test_the_equation_is_solved_where_undamped_steps_swing():
    data = pd.DataFrame(
        {"x": [-1.0, 0.0, 1.0, 2.0] * 6, "g": np.repeat(list("abcdef"), 4), "y": np.resize([0, 1, 1], 24)}
    )
    model = gb.Model("y ~ x + (1 | g)", data, family="bernoulli", link="cloglog")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.5, 2.0]]], "sd_g": [[[0.5]]]})
    found = gb.coefficients(fit).side_by_side()["population_mean"].to_numpy()
    eta, v = 0.5 + 2.0 * np.array([-1.0, 0.0, 1.0, 2.0]), 0.25
    z, w = np.polynomial.hermite_e.hermegauss(80)
    mean = (-np.expm1(-np.exp(eta[:, None] + np.sqrt(v) * z))) @ w / w.sum()

    def deviance(gamma):
        rate = np.exp(gamma[0] + gamma[1] * np.array([-1.0, 0.0, 1.0, 2.0]))
        return -(mean * np.log(-np.expm1(-rate)) - (1 - mean) * rate).sum()

    best = optimize.minimize(deviance, [0.0, 1.0], method="BFGS", options={"gtol": 1e-10}).x
    np.testing.assert_allclose(found, best, rtol=1e-6)


def _probit_weight(eta):
    return np.exp(stats.norm.logpdf(eta) - stats.norm.logcdf(eta) - stats.norm.logsf(eta))


#: Family and link: the response, the inverse link, and its slope divided by the variance.
CASES = {
    ("bernoulli", "logit"): ("bit", special.expit, lambda e, _: np.ones(len(e))),
    ("bernoulli", "probit"): ("bit", stats.norm.cdf, lambda e, _: _probit_weight(e)),
    ("bernoulli", "cloglog"): (
        "bit",
        lambda e: -np.expm1(-np.exp(e)),
        lambda e, _: np.exp(e) / -np.expm1(-np.exp(e)),
    ),
    ("bernoulli", "loglog"): (
        "bit",
        lambda e: np.exp(-np.exp(-e)),
        lambda e, _: np.exp(-e) / -np.expm1(-np.exp(-e)),
    ),
    ("poisson", "log"): ("count", np.exp, lambda e, _: np.ones(len(e))),
    ("poisson", "sqrt"): ("count", np.square, lambda e, _: 2 / e),
    ("negative_binomial", "log"): ("count", np.exp, lambda e, own: 1 / (1 + np.exp(e) / own["shape"])),
    ("gamma", "log"): ("amount", np.exp, lambda e, own: own["shape"] * np.exp(-e)),
    ("gaussian", "log"): ("real", np.exp, lambda e, own: np.exp(e) / own["sigma"] ** 2),
    ("beta", "logit"): ("part", special.expit, lambda e, own: np.full(len(e), 1 + own["phi"])),
}


@pytest.mark.parametrize("width", [0.5, 2.5])
@pytest.mark.parametrize("key", CASES, ids="-".join)
def test_draws_as_wide_as_priors_are_projected(key, width):
    response, mean_at, weight_at = CASES[key]
    model = gb.Model(f"{response} ~ x + t + (1 + x | g)", DATA, family=key[0], link=key[1])
    rng = np.random.default_rng(5)
    corr = np.tile(np.eye(2), (1, DRAWS, 1, 1))
    corr[..., 0, 1] = corr[..., 1, 0] = rng.uniform(-0.9, 0.9, (1, DRAWS))
    draws = {
        "beta": rng.normal(0, width, (1, DRAWS, 4)),
        "sd_g": np.abs(rng.normal(0, width, (1, DRAWS, 2))),
        "corr_g": corr,
    }
    own = {name: rng.uniform(0.5, 2, (1, DRAWS)) for name in model.priors.auxiliary}
    fit = gb.Fit.from_draws(model, draws | own)
    means = gb.predictions(fit).draws.to_numpy().reshape(DRAWS, ROWS)
    coefficients = gb.coefficients(fit)
    projected = coefficients.draws.to_numpy()[0][:, coefficients.summary()["estimand"] == "population"]
    for draw in range(DRAWS):
        eta = X @ projected[draw]
        fitted, weight = mean_at(eta), weight_at(eta, {name: value[0, draw] for name, value in own.items()})
        terms = (weight * (means[draw] - fitted))[:, None] * X
        size = (np.abs(weight) * (np.abs(means[draw]) + np.abs(fitted)))[:, None] * np.abs(X)
        assert np.abs(terms.sum(axis=0)).max() <= 1e-9 * size.sum(axis=0).max()


def test_means_that_no_coefficients_fit_are_refused_with_the_number_of_draws():
    model = gb.Model("count ~ x + (1 + x | g)", DATA, family="poisson")
    draws = {"beta": [[[0.0, 1.0]] * 2], "corr_g": [[np.eye(2)] * 2], "sd_g": [[[0.5, 0.5], [0.5, 30.0]]]}
    with pytest.raises(gb.PredictionError, match="in 1 of 2 draws"):
        gb.coefficients(gb.Fit.from_draws(model, draws))


def test_projections_do_not_mind_uncentred_polynomials():
    data = DATA.assign(y=DATA["bit"], year=np.resize(np.arange(2001, 2011), ROWS))
    model = gb.Model("y ~ year + I(year^2) + (1 | g)", data, family="bernoulli")
    centred = np.array([0.2, 0.3, -0.05])
    mean = 2005.5
    beta = [
        centred[0] - mean * centred[1] + mean**2 * centred[2],
        centred[1] - 2 * mean * centred[2],
        centred[2],
    ]
    fit = gb.Fit.from_draws(model, {"beta": [[beta]], "sd_g": [[[1.5]]]})
    found = gb.coefficients(fit).side_by_side()["population_mean"].to_numpy()
    moved = gb.Model("y ~ t + I(t^2) + (1 | g)", data.assign(t=data["year"] - mean), family="bernoulli")
    other = gb.coefficients(gb.Fit.from_draws(moved, {"beta": [[centred]], "sd_g": [[[1.5]]]})).side_by_side()
    np.testing.assert_allclose(found[2], other["population_mean"][2], rtol=1e-5)


SLOPES = {
    "beta": [[[0.3, 0.5]]],
    "sd_g": [[[0.7, 0.9]]],
    "corr_g": np.eye(2)[None, None],
}


def test_an_exposure_projects_as_its_offset_does():
    data = DATA.assign(e=np.random.default_rng(3).uniform(0.5, 4.0, ROWS))
    rate = gb.Model("count | rate(e) ~ x + (1 + x | g)", data, family="poisson")
    offset = gb.Model("count ~ x + offset(log(e)) + (1 + x | g)", data, family="poisson")
    found = [
        gb.coefficients(gb.Fit.from_draws(model, SLOPES)).side_by_side()["population_mean"]
        for model in (rate, offset)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_a_weight_projects_as_repeated_rows_do():
    data = DATA.assign(w=np.random.default_rng(4).integers(1, 4, ROWS))
    weighted = gb.Model("bit | weights(w) ~ x + (1 | g)", data, family="bernoulli")
    repeated = gb.Model("bit ~ x + (1 | g)", data.loc[data.index.repeat(data["w"])], family="bernoulli")
    draws = {"beta": [[[0.3, 1.2]]], "sd_g": [[[2.0]]]}
    found = [
        gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()["population_mean"]
        for model in (weighted, repeated)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_a_fit_is_projected_once_by_each_rule(monkeypatch):
    model = gb.Model("y01 ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    draws = {"beta": [[[2.9, -1.3, -0.8]]], "sd_ID": [[[1.2]]]}
    fit, other = gb.Fit.from_draws(model, draws), gb.Fit.from_draws(model, draws)
    first, _ = (gb.coefficients(fit, projection=rule) for rule in ("quasi-likelihood", "hedeker"))
    calls = []
    computed = projection._projected
    monkeypatch.setattr(projection, "_projected", lambda *given: calls.append(given) or computed(*given))
    again, _ = (gb.coefficients(fit, projection=rule) for rule in ("quasi-likelihood", "hedeker"))
    assert not calls and np.array_equal(again.draws, first.draws)
    assert np.array_equal(gb.coefficients(other).draws, first.draws) and len(calls) == 1
