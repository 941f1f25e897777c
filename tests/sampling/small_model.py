"""One small model for all that a sampler promises: compiling it takes longer than all draws from it."""

from functools import cache

import numpy as np
import pandas as pd

import glmm_bayes as gb

RNG = np.random.default_rng(1)
DATA = pd.DataFrame({"x": RNG.normal(size=80), "g": np.repeat(np.arange(10), 8)}).assign(
    y=lambda f: 1 + 0.5 * f["x"] + RNG.normal(size=10)[f["g"]] + RNG.normal(size=80)
)


@cache
def model() -> gb.Model:
    """Return a model with correlated intercepts and slopes."""
    return gb.Model("y ~ x + (1 + x | g)", DATA)
