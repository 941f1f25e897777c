"""Models whose kernels hold all effects: every family, link, structure, prior and addition that they take."""

import warnings
from functools import cache

import numpy as np
import pandas as pd

import glmm_bayes as gb
from tests.kernels.normal_models import DATA as NORMAL

RNG = np.random.default_rng(12)
ROWS = len(NORMAL)
ETA = 0.4 * NORMAL["x"] + 0.5 * RNG.normal(size=8)[pd.factorize(NORMAL["g"])[0]]
DATA = NORMAL.assign(
    bit=(RNG.random(ROWS) < 1 / (1 + np.exp(-ETA))).astype(int),
    n=RNG.integers(1, 9, ROWS),
    count=RNG.poisson(np.exp(1 + ETA)),
    many=RNG.poisson(np.exp(4 + ETA)),
    share=RNG.uniform(0.5, 3, ROWS).round(2),
).assign(k=lambda d: RNG.binomial(d["n"], 1 / (1 + np.exp(-ETA))))
Prior = gb.Prior

#: Formula, family, link, and priors.
MODELS = {
    "bernoulli": ("bit ~ x + (1 | g)", "bernoulli", "logit", {}),
    "bernoulli probit": ("bit ~ x + (1 | g)", "bernoulli", "probit", {}),
    "bernoulli cloglog": ("bit ~ x + (1 | g)", "bernoulli", "cloglog", {}),
    "binomial": ("k | trials(n) ~ x + (1 | g)", "binomial", "logit", {}),
    "binomial probit": ("k | trials(n) ~ x + (1 | g)", "binomial", "probit", {}),
    "binomial cloglog": ("k | trials(n) ~ x + (1 | g)", "binomial", "cloglog", {}),
    "poisson": ("count ~ x + (1 | g)", "poisson", "log", {}),
    "poisson offset": ("count ~ x + offset(log(share)) + (1 | g)", "poisson", "log", {}),
    "poisson rate": ("count | rate(share) ~ x + (1 | g)", "poisson", "log", {}),
    "negative binomial": ("count ~ x + (1 | g)", "negative_binomial", "log", {}),
    "negative binomial, large counts": ("many ~ x + (1 | g)", "negative_binomial", "log", {}),
    "shape fixed": (gb.Formula("count ~ x + (1 | g)", shape=2.5), "negative_binomial", "log", {}),
    "gamma": ("positive ~ x + (1 | g)", "gamma", "log", {}),
    "gamma, prior of the shape": (
        "positive ~ x + (1 | g)",
        "gamma",
        "log",
        {"shape": Prior("Gamma", alpha=2, beta=0.5)},
    ),
    "weights": ("bit | weights(weight) ~ x + (1 | g)", "bernoulli", "logit", {}),
    "slopes": ("bit ~ x + (1 + x | g)", "bernoulli", "logit", {}),
    "three effects": ("count ~ x + w + (1 + x + w | g)", "poisson", "log", {}),
    "double bar": ("bit ~ x + (1 + x || g)", "bernoulli", "logit", {}),
    "slopes alone": ("bit ~ x + (0 + x | g)", "bernoulli", "logit", {}),
    "crossed": ("bit ~ x + (1 | g) + (1 + w | h)", "bernoulli", "logit", {}),
    "three factors": ("count ~ x + (1 | g) + (1 | h) + (1 | weight)", "poisson", "log", {}),
    "nested": ("count ~ x + (1 | g/h)", "poisson", "log", {}),
    "by": ("bit ~ x + (1 + x | gr(g, by = arm))", "bernoulli", "logit", {}),
    "no effects": ("bit ~ x + f", "bernoulli", "logit", {}),
    "other priors": (
        "count ~ x + w + (1 + x | g)",
        "poisson",
        "log",
        {
            "beta[x]": Prior("StudentT", nu=4, mu=0, sigma=1),
            "Intercept": Prior("Cauchy", alpha=0, beta=2),
            "beta[w]": Prior("Uniform", lower=-3, upper=3),
            "sd": Prior("Uniform", lower=0, upper=4),
            "corr": Prior("LKJ", eta=3),
        },
    ),
}


@cache
def model_of(name: str) -> gb.Model:
    """Return a model of the table."""
    formula, family, link, priors = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return gb.Model(formula, DATA, family=family, link=link, priors=priors)
