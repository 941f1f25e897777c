"""Population-averaged coefficients of ordered categories: closed forms, and an optimiser of its own."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

import glmm_bayes as gb
from tests.effects.ordered_responses import DATA, LEVELS, NODES, TAU, WEIGHTS, probabilities

WEIGHTED = DATA.assign(w=np.resize([1.0, 2.0, 0.5], len(DATA)), o=np.linspace(-0.5, 0.5, len(DATA)))
BETA, SD, DELTA = np.array([0.9, -0.6]), 1.4, np.array([0.5, 0.2, -0.1])
PROJECTIONS = ("quasi-likelihood", "hedeker")


@cache
def model_of(family, link, left, right, disc):
    formula = f"{left} ~ {right}"
    written = formula if disc is None else gb.Formula(formula, disc=disc)
    return gb.Model(written, WEIGHTED, family=family, link=link)


def fit_of(family="cumulative", link="logit", left="y", right="t + x + (1 | g)", disc=None, sd=SD, tau=TAU):
    model = model_of(family, link, left, right, disc)
    draws = {"beta": [[BETA[: len(model.design.coefficients)]]], "thresholds": [[tau]]}
    if model.design.groups:
        draws["sd_g"] = [[[sd]]]
    specific = [name for name in model.priors.predictors if name.startswith("cs_")]
    draws |= {f"{name}_beta": [[[delta]]] for name, delta in zip(specific, DELTA, strict=False)}
    return gb.Fit.from_draws(model, draws)


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("disc", [None, 1.7])
def test_probit_coefficients_are_divided_by_the_root_of_one_and_the_variance(projection, disc):
    fit = fit_of(link="probit", right="t + x + offset(o) + (1 | g)", disc=disc)
    table = gb.coefficients(fit, projection=projection).side_by_side()
    # Distances disc (tau - eta - b) have the variance 1 + disc^2 v. It divides offsets too: no fit is exact.
    exact = gb.coefficients(fit_of(link="probit", disc=disc), projection=projection).side_by_side()
    shrunk = BETA / np.sqrt(1.0 + (disc or 1.0) ** 2 * SD**2)
    np.testing.assert_allclose(exact["population_mean"], shrunk, rtol=1e-10)
    assert exact.attrs["lack_of_fit"] < 1e-12 < table.attrs["lack_of_fit"]
    np.testing.assert_allclose(exact["attenuation"], shrunk / BETA, rtol=1e-10)


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("family", ["cumulative", "sratio", "cratio", "acat"])
def test_without_random_effects_both_coefficients_are_the_same(family, projection):
    table = gb.coefficients(fit_of(family, right="t + x"), projection=projection).side_by_side()
    np.testing.assert_allclose(table["population_mean"], BETA, rtol=1e-9)
    np.testing.assert_allclose(table["population_ratio"], np.exp(BETA), rtol=1e-9)


def averaged(family, eta):
    """Return the population's probabilities, shape (row, category); eta may differ between thresholds."""
    moved = np.broadcast_to(eta.T, (3, len(DATA))).T[:, None, :] + SD * NODES[:, None]
    return WEIGHTS @ probabilities(family, "logit", 0.0, TAU - moved)


def nearest(family, expected, x, weights):
    """Minimise the divergence of a model without random effects, by an optimiser that has no derivatives.

    ``x``, shape (coef, row, threshold), are columns that the distances from thresholds are made of.
    """

    def loss(parameters):
        tau = parameters[:3]
        if family == "cumulative":
            tau = parameters[0] + np.concatenate([[0.0], np.cumsum(np.exp(parameters[1:3]))])
        eta = np.tensordot(parameters[3:], x, axes=1)
        p = probabilities(family, "logit", 0.0, tau - eta)
        return -(weights[:, None] * expected * np.log(p)).sum()

    start = np.concatenate([[-1.0, 0.0, 0.0] if family == "cumulative" else TAU, np.zeros(len(x))])
    found = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-9})
    simplex = {"xatol": 1e-9, "fatol": 1e-14, "maxiter": 10_000, "maxfev": 10_000}
    return optimize.minimize(loss, found.x, method="Nelder-Mead", options=simplex).x[3:]


COLUMNS = np.repeat(WEIGHTED[["t", "x"]].to_numpy().T[:, :, None], 3, axis=2)


@pytest.mark.parametrize("family", ["cumulative", "sratio", "cratio", "acat"])
@pytest.mark.parametrize("left", ["y", "y | weights(w)"])
def test_the_quasi_likelihood_projection_is_what_the_population_would_be_estimated_by(family, left):
    weights = np.ones(len(DATA)) if left == "y" else WEIGHTED.w.to_numpy()
    expected = averaged(family, np.tensordot(BETA, COLUMNS, axes=1))
    found = gb.coefficients(fit_of(family, left=left)).side_by_side()["population_mean"]
    np.testing.assert_allclose(found, nearest(family, expected, COLUMNS, weights), atol=2e-6)


def test_the_least_squares_projection_regresses_the_links_of_the_population():
    x = WEIGHTED[["t", "x"]].to_numpy()
    below = np.cumsum(averaged("cumulative", (x @ BETA)[:, None]), axis=1)[:, :3]
    columns = np.hstack([np.tile(np.eye(3), (len(x), 1)), -np.repeat(x, 3, axis=0)])
    wanted = np.linalg.lstsq(columns, special.logit(below).ravel(), rcond=None)[0][3:]
    found = gb.coefficients(fit_of(), projection="hedeker").side_by_side()["population_mean"]
    np.testing.assert_allclose(found, wanted, atol=1e-7)


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_recoding_predictors_recodes_their_coefficients(projection):
    one = gb.coefficients(fit_of(), projection=projection).side_by_side()["population_mean"].to_numpy()
    data = WEIGHTED.assign(u=WEIGHTED.t + WEIGHTED.x, v=3.0 * WEIGHTED.x - 5.0)
    model = gb.Model("y ~ u + v + (1 | g)", data, family="cumulative")
    # t = u - x and x = (v + 5) / 3: what is constant moves into the thresholds.
    back = np.array([[1.0, 0.0], [-1.0 / 3.0, 1.0 / 3.0]])
    shift = 5.0 / 3.0 * (BETA[1] - BETA[0])
    draws = {"beta": [[back @ BETA]], "thresholds": [[TAU - shift]], "sd_g": [[[SD]]]}
    other = (
        gb.coefficients(gb.Fit.from_draws(model, draws), projection=projection)
        .side_by_side()["population_mean"]
        .to_numpy()
    )
    np.testing.assert_allclose(other, back @ one, rtol=1e-7)


@pytest.mark.parametrize("family", ["sratio", "cratio", "acat"])
def test_coefficients_of_each_threshold_have_population_averaged_ones(family):
    t, x = WEIGHTED[["t", "x"]].to_numpy().T
    columns = np.stack([COLUMNS[0], *(x[:, None] * np.eye(3)[k] for k in range(3))])
    expected = averaged(family, np.tensordot([BETA[0], *DELTA], columns, axes=1))
    table = gb.coefficients(fit_of(family, right="t + cs(x) + (1 | g)")).side_by_side()
    assert table["coef"].tolist() == ["t", "cs_1_x", "cs_2_x", "cs_3_x"]
    wanted = nearest(family, expected, columns, np.ones(len(t)))
    np.testing.assert_allclose(table["population_mean"], wanted, atol=5e-6)
    none = gb.coefficients(fit_of(family, right="t + cs(x)")).side_by_side()
    np.testing.assert_allclose(none["population_mean"], [BETA[0], *DELTA], rtol=1e-8)


def test_rare_categories_keep_their_digits():
    table = gb.coefficients(fit_of(tau=[-40.0, 0.5, 30.0], sd=1e-6)).side_by_side()
    np.testing.assert_allclose(table["population_mean"], BETA, rtol=1e-6)


def test_simulated_responses_of_the_population_are_estimated_by_the_projection():
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rng = np.random.default_rng(5)
    size = 60_000
    data = pd.DataFrame({"t": rng.integers(0, 2, size), "x": rng.normal(size=size)})
    latent = data.to_numpy() @ BETA + SD * rng.normal(size=size) + rng.logistic(size=size)
    y = pd.Series(pd.cut(latent, [-np.inf, *TAU, np.inf], labels=LEVELS))
    marginal = OrderedModel(y, data, distr="logit").fit(method="bfgs", disp=False)
    rows = data.head(2000).assign(y=y.head(2000), g=np.resize(list("abcd"), 2000))
    model = gb.Model("y ~ t + x + (1 | g)", rows, family="cumulative")
    draws = {"beta": [[BETA]], "thresholds": [[TAU]], "sd_g": [[[SD]]]}
    table = gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()
    z = (table["population_mean"].to_numpy() - marginal.params[:2]) / marginal.bse[:2]
    assert (np.abs(z) < stats.norm.ppf(0.9999)).all()


def test_a_formula_of_disc_or_t_effects_leave_the_subject_specific_columns():
    model = gb.Model(gb.Formula("y ~ t + (1 | g)", disc="~ x"), WEIGHTED, family="cumulative")
    draws = {"beta": [[[0.9]]], "thresholds": [[TAU]], "sd_g": [[[1.0]]], "disc_beta": [[[0.0, 0.1]]]}
    table = gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()
    assert "population_mean" not in table and "gb.predictions" in table.attrs["caption"]


def test_the_report_puts_both_coefficients_side_by_side():
    from glmm_bayes.core.intervals import read_interval
    from glmm_bayes.reporting.tables import coefficients_tables

    (table,) = coefficients_tables(fit_of(), read_interval())
    assert "cumulative odds ratio" in table.columns and table.columns[-1] == "attenuation"
    assert "largest gap over the rows" in table.note
