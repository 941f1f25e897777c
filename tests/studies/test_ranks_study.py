"""Ranks of true values among draws are uniform: data by NumPy, fits by the paths that the package takes.

Cook, Gelman and Rubin (2006); Talts, Betancourt, Simpson, Vehtari and Gelman (2018). True values come from
the priors, data from them, and each of many fits ranks the truth among its draws. Correlations, standard
deviations and effects of groups are among what is ranked.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb

pytestmark = [pytest.mark.study, pytest.mark.sampling]
SIMULATIONS, DRAWS, THIN, BINS = 300, 600, 6, 10
ROWS = 60
Prior = gb.Prior

COEFFICIENTS = {
    "beta[Intercept]": Prior("Normal", mu=1, sigma=2),
    "beta[x]": Prior("Normal", mu=0, sigma=1),
    "sigma": Prior("Exponential", scale=1),
}
CELLS = {
    "slopes": (
        "y ~ x + (1 + x | g)",
        COEFFICIENTS | {"sd_g": Prior("HalfNormal", sigma=1), "corr_g": Prior("LKJ", eta=2)},
    ),
    "crossed": (
        "y ~ x + (1 | g) + (1 | h)",
        COEFFICIENTS | {"sd_g": Prior("HalfStudentT", nu=4, sigma=1), "sd_h": Prior("Exponential", scale=1)},
    ),
}


def design():
    rng = np.random.default_rng(12)
    return pd.DataFrame(
        {
            "x": rng.normal(size=ROWS).round(2),
            "g": np.repeat([f"g{k}" for k in range(6)], ROWS // 6),
            "h": rng.permutation(np.resize([f"h{k}" for k in range(4)], ROWS)),
        }
    )


def truth_of(cell, rng, widen=1.0):
    """Draw true values from the priors, under their names in the posterior."""
    true = {
        "beta": np.array([rng.normal(1, 2), rng.normal(0, 1)]),
        "sigma": np.array(rng.exponential(1)),
    }
    if cell == "slopes":
        sd, rho = widen * np.abs(rng.normal(0, 1, 2)), 2 * rng.beta(2, 2) - 1
        corr = np.array([[1, rho], [rho, 1]])
        b = rng.multivariate_normal(np.zeros(2), corr * np.outer(sd, sd), 6)
        return true | {"sd_g": sd, "corr_g": corr, "b_g": b}
    sd_g = widen * np.abs(stats.t(4).rvs(1, random_state=rng))
    sd_h = rng.exponential(1, 1)
    return true | {
        "sd_g": sd_g,
        "sd_h": sd_h,
        "b_g": rng.normal(0, sd_g, (6, 1)),
        "b_h": rng.normal(0, sd_h, (4, 1)),
    }


def responses(true, data, rng):
    x = np.column_stack([np.ones(ROWS), data["x"]])
    mean = x @ true["beta"]
    for factor in ("g", "h"):
        if f"b_{factor}" in true:
            effects = true[f"b_{factor}"][pd.factorize(data[factor], sort=True)[0]]
            mean = mean + (effects * x[:, : effects.shape[1]]).sum(axis=1)
    return rng.normal(mean, true["sigma"])


def ranked(true, fit):
    """Return the rank of each true value among thinned draws, by the name of its place."""
    ranks = {}
    for name, value in true.items():
        draws = fit.flat[name][::THIN]
        for at in np.ndindex(value.shape):
            if name == "corr_g" and at != (1, 0):
                continue
            ranks[f"{name}{list(at)}"] = int((draws[(slice(None), *at)] < value[at]).sum())
    return ranks


def p_values(cell, simulations, widen=1.0):
    formula, priors = CELLS[cell]
    found, data = {}, design()
    for k in range(simulations):
        rng = np.random.default_rng([k, len(cell)])
        true = truth_of(cell, rng, widen)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gb.GlmmWarning)
            model = gb.Model(formula, data.assign(y=responses(true, data, rng)), priors=priors)
            fit = model.fit(draws=DRAWS, tune=300, chains=1, seed=k, progress=False)
        assert fit.settings["method"] == "marginal"
        for place, rank in ranked(true, fit).items():
            found.setdefault(place, []).append(rank)
    most = DRAWS // THIN
    return {
        place: stats.chisquare(np.histogram(ranks, bins=BINS, range=(0, most + 1))[0]).pvalue
        for place, ranks in found.items()
    }


@pytest.mark.parametrize("cell", CELLS)
def test_true_values_are_anywhere_among_the_draws(cell):
    values = p_values(cell, SIMULATIONS)
    assert min(values.values()) > 0.01 / len(values), values


def test_standard_deviations_from_another_prior_are_noticed():
    values = p_values("slopes", SIMULATIONS // 3, widen=3.0)
    assert min(values["sd_g[0]"], values["sd_g[1]"]) < 1e-6
