"""A small model of every family, with draws from its prior: what faces, reports and checks are tried on."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pymc as pm

import glmm_bayes as gb
from tests.plain_mode import PLAIN

ROWS, LEVELS = 80, 8


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=ROWS).round(2)
    eta = 0.3 + 0.5 * x + np.repeat(0.6 * rng.normal(size=LEVELS), ROWS // LEVELS)
    p = 1 / (1 + np.exp(-eta))
    n = rng.integers(4, 10, ROWS)
    positive = np.exp(eta + 0.4 * rng.normal(size=ROWS)).round(3)
    count, part = rng.poisson(np.exp(eta)), np.clip(rng.beta(4 * p, 4 * (1 - p)), 0.01, 0.99).round(3)
    latent = eta + rng.logistic(size=ROWS)
    zero, one = rng.random(ROWS) < 0.25, rng.random(ROWS) < 0.1
    three = rng.multinomial(n, [0.2, 0.5, 0.3])
    return pd.DataFrame(
        {
            "x": x,
            "z": np.tile(["a", "b"], ROWS // 2),
            "g": np.repeat(list("ABCDEFGH"), ROWS // LEVELS),
            "y": (10 + eta + rng.normal(size=ROWS)).round(2),
            "positive": positive,
            "amount": np.where(zero, 0, positive),
            "count": count,
            "zeros": np.where(zero, 0, count),
            "part": part,
            "part0": np.where(zero, 0, part),
            "part01": np.where(one, 1, np.where(zero, 0, part)),
            "angle": ((eta + 0.5 * rng.normal(size=ROWS) + np.pi) % (2 * np.pi) - np.pi).round(3),
            "bit": (rng.random(ROWS) < p).astype(int),
            "n": n,
            "k": rng.binomial(n, p),
            "score": pd.Categorical.from_codes(
                np.digitize(latent, [-0.8, 0.6, 1.8]), ["low", "mild", "strong", "severe"], ordered=True
            ),
            "choice": np.array(["bus", "car", "train"])[np.digitize(latent, [-0.5, 1])],
            "na": three[:, 0],
            "nb": three[:, 1],
            "nc": three[:, 2],
            "se": rng.uniform(0.2, 0.5, ROWS).round(2),
            "w": rng.integers(1, 4, ROWS),
            "c": np.where(rng.random(ROWS) < 0.2, "right", "none"),
        }
    )


DATA = _data()
_COUNTS = ("poisson", "negative_binomial", "negative_binomial_1", "geometric", "generalized_poisson")
_POSITIVE = ("lognormal", "gamma", "inverse_gaussian", "exponential", "weibull")
_ZEROS = ("zero_inflated_poisson", "zero_inflated_negative_binomial", "hurdle_poisson")
RESPONSES = (
    dict.fromkeys(("gaussian", "student", "skew_normal"), "y")
    | dict.fromkeys(_POSITIVE, "positive")
    | {"beta": "part", "von_mises": "angle", "bernoulli": "bit"}
    | dict.fromkeys(("binomial", "beta_binomial", "zero_inflated_binomial"), "k | trials(n)")
    | dict.fromkeys(_COUNTS, "count")
    | dict.fromkeys((*_ZEROS, "hurdle_negative_binomial"), "zeros")
    | dict.fromkeys(("cumulative", "sratio", "cratio", "acat"), "score")
    | {"categorical": "choice", "multinomial": "cbind(na, nb, nc)", "zero_inflated_beta": "part0"}
    | dict.fromkeys(("hurdle_gamma", "hurdle_lognormal"), "amount")
    | dict.fromkeys(("zero_one_inflated_beta", "ordered_beta"), "part01")
)


def model_of(family: str, left: str = "", fixed: str = "x + z + (1 | g)", **further: str | float) -> gb.Model:
    """Return a model of the family; ``left`` is written behind its response."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return gb.Model(gb.Formula(f"{RESPONSES[family]}{left} ~ {fixed}", **further), DATA, family=family)


@cache
def fit_of(family: str, fixed: str = "x + z + (1 | g)", draws: int = 40, **further: str | float) -> gb.Fit:
    """Return prior draws of a model as a fit."""
    model = model_of(family, fixed=fixed, **further)
    names = list(model.definition.posterior)
    with model.pymc_model:
        options = {"mode": PLAIN}
        prior = pm.sample_prior_predictive(draws, None, names, 3, compile_kwargs=options)["prior"]
    return gb.Fit.from_draws(model, {name: prior[name].to_numpy() for name in names})
