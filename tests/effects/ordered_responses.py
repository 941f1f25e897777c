"""A table of ordered categories, numbers of a model of it, and the probabilities that a family defines."""

import numpy as np
import pandas as pd
from scipy import special

LEVELS = ["low", "mid", "high", "top"]
DATA = pd.DataFrame(
    {
        "y": pd.Categorical(np.resize(LEVELS, 24), LEVELS, ordered=True),
        "t": np.resize([0, 1, 1], 24),
        "x": np.linspace(-1, 1, 24).round(2),
        "g": np.repeat(list("abcdef"), 4),
        "h": np.resize(list("uvw"), 24),
    }
)
TAU, BETA, SD = np.array([-1.0, 0.5, 2.0]), np.array([0.9, -0.4]), {"g": 1.5, "h": 0.6}
CDF = {"logit": special.expit, "probit": special.ndtr}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(120)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def probabilities(family, link, eta, tau=TAU):
    """Return the probability of each category at linear predictors, on a last axis."""
    d = tau - np.asarray(eta)[..., None]
    if family == "acat":
        weights = np.concatenate([np.zeros_like(d[..., :1]), np.cumsum(-d, axis=-1)], axis=-1)
        return special.softmax(weights, axis=-1)
    if family == "cumulative":
        below = CDF[link](d)
        ends = np.zeros_like(below[..., :1])
        return np.diff(np.concatenate([ends, below, ends + 1.0], axis=-1), axis=-1)
    stop = CDF[link](d) if family == "sratio" else 1.0 - CDF[link](-d)
    reached = np.cumprod(1.0 - stop, axis=-1)
    ones = np.ones_like(stop[..., :1])
    return np.concatenate([stop, ones], axis=-1) * np.concatenate([ones, reached], axis=-1)
