"""A small binary table and fits on it of draws written by hand."""

import numpy as np
import pandas as pd

import glmm_bayes as gb

_RNG = np.random.default_rng(7)
ROWS = 40
DATA = pd.DataFrame(
    {
        "x": _RNG.normal(size=ROWS).round(2),
        "t": np.resize(["u", "v"], ROWS),
        "gx": np.repeat([0, 1, 0, 1, 1, 0, 1, 0], 5),
        "off": _RNG.normal(0, 2, ROWS).round(2),
        "g": np.repeat(list("abcdefgh"), 5),
        "y": np.resize([0, 1, 1], ROWS),
        "n": np.full(ROWS, 3),
    }
)


def fit_of(formula, beta, sd=0.7, data=DATA, draws=1, **further):
    """Return a fit of draws of ``beta``, each .05 above the one before, and one sd."""
    model = gb.Model(formula, data, family=further.pop("family", "bernoulli"), **further)
    values = np.asarray(beta) + 0.05 * np.arange(draws)[:, None]
    return gb.Fit.from_draws(model, {"beta": values[None], "sd_g": np.full((1, draws, 1), sd)})
