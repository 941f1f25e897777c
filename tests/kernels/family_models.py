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
    spread=RNG.poisson(np.exp(1 + ETA) * RNG.gamma(1.5, 1 / 1.5, ROWS)),
    share=RNG.uniform(0.5, 3, ROWS).round(2),
).assign(k=lambda d: RNG.binomial(d["n"], 1 / (1 + np.exp(-ETA))))
DATA = DATA.assign(
    part=RNG.beta(3 / (1 + np.exp(-ETA)), 3 / (1 + np.exp(ETA))).clip(1e-6, 1 - 1e-6),
    grade=np.digitize(ETA + RNG.logistic(size=ROWS), [-1.2, 0.1, 1.5]),
    heavy=ETA + RNG.standard_t(4, size=ROWS),
)
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
    "negative binomial": ("spread ~ x + (1 | g)", "negative_binomial", "log", {}),
    "negative binomial, large counts": ("many ~ x + (1 | g)", "negative_binomial", "log", {}),
    "shape fixed": (gb.Formula("count ~ x + (1 | g)", shape=2.5), "negative_binomial", "log", {}),
    "gamma": ("positive ~ x + (1 | g)", "gamma", "log", {}),
    "gamma, prior of the shape": (
        "positive ~ x + (1 | g)",
        "gamma",
        "log",
        {"shape": Prior("Gamma", alpha=2, beta=0.5)},
    ),
    "bernoulli log": ("bit ~ x + (1 | g)", "bernoulli", "log", {}),
    "bernoulli identity": ("bit ~ 1 + (1 | g)", "bernoulli", "identity", {}),
    "binomial log": ("k | trials(n) ~ x + (1 | g)", "binomial", "log", {}),
    "binomial identity": ("k | trials(n) ~ 1 + (1 | g)", "binomial", "identity", {}),
    "poisson identity": ("count ~ x + (1 | g)", "poisson", "identity", {}),
    "poisson identity, rate": ("count | rate(share) ~ x + (1 | g)", "poisson", "identity", {}),
    "negative binomial identity": ("count ~ x + (1 | g)", "negative_binomial", "identity", {}),
    "negative binomial rate": ("count | rate(share) ~ x + (1 | g)", "negative_binomial", "log", {}),
    "negative binomial identity, rate": (
        "count | rate(share) + weights(weight) ~ x + (1 | g)",
        "negative_binomial",
        "identity",
        {},
    ),
    "negative binomial rate, shape fixed": (
        gb.Formula("many | rate(share) ~ x + offset(w) + (1 | g)", shape=0.7),
        "negative_binomial",
        "log",
        {},
    ),
    "gamma identity": ("positive ~ x + (1 | g)", "gamma", "identity", {}),
    "gamma weights": ("positive | weights(weight) ~ x + (1 | g)", "gamma", "log", {}),
    "gamma offset, shape fixed": (
        gb.Formula("positive ~ x + offset(w) + (1 | g)", shape=40),
        "gamma",
        "log",
        {},
    ),
    "gaussian log": ("positive ~ x + (1 | g)", "gaussian", "log", {}),
    "gaussian log, weights": ("positive | weights(weight) ~ x + (1 | g)", "gaussian", "log", {}),
    "student": ("heavy ~ x + (1 | g)", "student", "identity", {}),
    "student log": ("positive ~ x + (1 | g)", "student", "log", {}),
    "student, nu fixed": (gb.Formula("heavy ~ x + (1 | g)", nu=4), "student", "identity", {}),
    "student, sigma fixed": (gb.Formula("heavy ~ x + (1 | g)", sigma=0.8), "student", "identity", {}),
    "student, both fixed": (
        gb.Formula("heavy | weights(weight) ~ x + offset(w) + (1 + x | g)", nu=3, sigma=0.8),
        "student",
        "identity",
        {},
    ),
    "student, other priors": (
        "heavy ~ x + (1 | g)",
        "student",
        "identity",
        {"sigma": Prior("HalfCauchy", beta=1), "nu": Prior("LogNormal", mu=2, sigma=0.5)},
    ),
    "beta": ("part ~ x + (1 | g)", "beta", "logit", {}),
    "beta probit": ("part | weights(weight) ~ x + (1 | g)", "beta", "probit", {}),
    "beta cloglog": ("part ~ x + offset(share) + (1 | g)", "beta", "cloglog", {}),
    "beta, prior of phi": (
        "part ~ x + (1 + x | g)",
        "beta",
        "logit",
        {"phi": Prior("Gamma", alpha=2, beta=0.1)},
    ),
    "beta, phi fixed": (gb.Formula("part ~ x + (1 | g)", phi=5), "beta", "logit", {}),
    "cumulative": ("grade ~ x + (1 | g)", "cumulative", "logit", {}),
    "cumulative probit": ("grade ~ x + w + (1 | g)", "cumulative", "probit", {}),
    "cumulative cloglog": ("grade ~ x + (1 + x | g)", "cumulative", "cloglog", {}),
    "cumulative weights": (
        "grade | weights(weight) ~ x + offset(w) + f + (1 | g)",
        "cumulative",
        "logit",
        {},
    ),
    "cumulative, disc fixed": (gb.Formula("grade ~ x + (1 | g)", disc=1.7), "cumulative", "probit", {}),
    "cumulative, no columns": ("grade ~ 1 + (1 | g)", "cumulative", "logit", {}),
    "cumulative, prior of thresholds": (
        "grade ~ x + w + (1 | g)",
        "cumulative",
        "logit",
        {"thresholds": Prior("StudentT", nu=4, mu=0.5, sigma=2)},
    ),
    "cumulative, other priors": (
        "grade ~ x + w + f + (1 | g)",
        "cumulative",
        "cloglog",
        {"thresholds": Prior("Normal", mu=0, sigma=2), "beta[x]": Prior("StudentT", nu=4, mu=0, sigma=1)},
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
    "sd of a beta prior": ("bit ~ x + (1 | g)", "bernoulli", "logit", {"sd": Prior("Beta", alpha=2, beta=3)}),
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
#: Models whose effects are integrated out where there are few others.
NORMAL_MODELS = {
    "gaussian": ("y ~ x + (1 + x | g)", "gaussian", "identity", {}),
    "gaussian, sigma fixed": (
        gb.Formula("y ~ x + offset(w) + (1 | g)", sigma=1.3),
        "gaussian",
        "identity",
        {},
    ),
    "gaussian, prior of the variance": (
        "y | weights(weight) ~ x + (1 | g)",
        "gaussian",
        "identity",
        {"sigma": Prior("InverseGamma", alpha=2, beta=1, of="variance")},
    ),
    "lognormal": ("positive ~ x + (1 | g) + (1 | h)", "lognormal", "identity", {}),
}


@cache
def model_of(name: str) -> gb.Model:
    """Return a model of the tables."""
    formula, family, link, priors = (MODELS | NORMAL_MODELS)[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return gb.Model(formula, DATA, family=family, link=link, priors=priors)
