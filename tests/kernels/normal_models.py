"""Models whose effects kernels integrate out: every structure, prior, addition that they take."""

import warnings
from functools import cache

import numpy as np
import pandas as pd

import glmm_bayes as gb

RNG = np.random.default_rng(11)
ROWS = 48
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=ROWS).round(2),
        "w": RNG.normal(3.0, 2.0, size=ROWS).round(2),
        "f": np.resize(list("abc"), ROWS),
        "g": np.repeat(list("ABCDEFGH"), ROWS // 8),
        "h": RNG.choice(list("pqrst"), ROWS),
        "k": RNG.choice(list("uv"), ROWS),
        "arm": np.repeat(["old", "new"], ROWS // 2),
        "weight": RNG.integers(1, 4, ROWS),
    }
).assign(
    y=lambda d: (100 + 2 * d["x"] + 3 * RNG.normal(size=ROWS)).round(2),
    positive=lambda d: np.exp(1 + 0.3 * d["x"] + 0.5 * RNG.normal(size=ROWS)).round(3),
)
Prior = gb.Prior

#: Formula, then what ``gb.Model`` is given besides.
MODELS = {
    "intercepts": ("y ~ x + (1 | g)", {}),
    "slopes": ("y ~ x + (1 + x | g)", {}),
    "three effects": ("y ~ x + w + (1 + x + w | g)", {}),
    "double bar": ("y ~ x + (1 + x || g)", {}),
    "factor slopes": ("y ~ f + (1 + f | g)", {}),
    "crossed": ("y ~ x + (1 | g) + (1 | h)", {}),
    "crossed slopes": ("y ~ x + (1 + x | g) + (1 + w | h)", {}),
    "three factors": ("y ~ x + (1 | g) + (1 | h) + (0 + x | k)", {}),
    "nested": ("y ~ x + (1 | g/h)", {}),
    "by": ("y ~ x + (1 + x | gr(g, by = arm))", {}),
    "no effects": ("y ~ x + f", {}),
    "no intercept": ("y ~ 0 + f + (1 | g)", {}),
    "offset": ("y ~ x + offset(w) + (1 | g)", {}),
    "weights": ("y | weights(weight) ~ x + (1 + x | g)", {}),
    "one sd": ('y ~ x + (0 + f | gr(g, structure = "diagonal", heterogeneous = FALSE))', {}),
    "lognormal": ("positive ~ x + (1 | g)", {"family": "lognormal"}),
    "sigma fixed": (gb.Formula("y ~ x + (1 | g)", sigma=2.0), {}),
    "student slope": ("y ~ x + (1 | g)", {"priors": {"beta[x]": Prior("StudentT", nu=4, mu=1, sigma=2)}}),
    "other slopes": (
        "y ~ x + w + f + (1 | g)",
        {
            "priors": {
                "beta[x]": Prior("Laplace", mu=0, b=2),
                "beta[w]": Prior("Logistic", mu=0, s=1),
                "Intercept": Prior("Cauchy", alpha=90, beta=5),
            }
        },
    ),
    "normal slope": ("y ~ x + w + (1 | g)", {"priors": {"beta[x]": Prior("Normal", mu=1, sigma=0.5)}}),
    "uniform": (
        "y ~ x + (1 | g)",
        {
            "priors": {
                "sd_g": Prior("Uniform", lower=0, upper=50),
                "sigma": Prior("Uniform", lower=0, upper=100),
                "beta[x]": Prior("Uniform", lower=-20, upper=30),
            }
        },
    ),
    "half Student": ("y ~ x + (1 + x | g)", {"priors": {"sd": Prior("HalfStudentT", nu=3, sigma=2)}}),
    "beta": ("y ~ x + (1 + x | g)", {"priors": {"sd": Prior("Beta", alpha=2, beta=3)}}),
    "half Cauchy": ("y ~ x + (1 + x | g)", {"priors": {"sd": Prior("HalfCauchy", beta=2)}}),
    "of variances": (
        "y ~ x + (1 | g)",
        {
            "priors": {
                "sd_g": Prior("InverseGamma", alpha=2, beta=3, of="variance"),
                "sigma": Prior("Gamma", alpha=2, beta=3, of="precision"),
            }
        },
    ),
    "two laws": (
        "y ~ x + (1 + x | g)",
        {
            "priors": {
                "sd_g[Intercept]": Prior("LogNormal", mu=0, sigma=1),
                "sd_g[x]": Prior("Exponential", scale=2),
                "corr": Prior("LKJ", eta=2.5),
            }
        },
    ),
}


@cache
def model_of(name: str) -> gb.Model:
    """Return a model of the table."""
    formula, further = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return gb.Model(formula, DATA, **further)
