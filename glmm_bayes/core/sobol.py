"""Means over many independent normals by scrambled Sobol points, the same for all draws and rows."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from glmm_bayes.core.integrand import Array, Integrand
from glmm_bayes.core.trapezoid import Integral

_SCRAMBLINGS = 8
_LOG2_POINTS = 12
#: Standard errors that are stated as error: with 7 degrees of freedom, one cell in a thousand lies beyond.
_STANDARD_ERRORS = 5.5


def sobol_mean(integrand: Integrand) -> Integral:
    """Return the mean over independent standard normals, with an error from independent scramblings.

    References
    ----------
    Owen, A. B. (1997). Scrambled net variance for integrals of smooth functions.
    """
    axes = integrand.shape[0]
    nets = [_points(axes, seed) for seed in range(_SCRAMBLINGS)]
    values, error = [], 0.0
    for block in integrand.blocks():
        means = np.stack([_average(block, points) for points in nets])
        values.append(means.mean(axis=0))
        spread = means.std(axis=0, ddof=1) / np.sqrt(_SCRAMBLINGS)
        error = max(error, _STANDARD_ERRORS * float(spread.max(initial=0.0)))
    rule = f"scrambled Sobol, {_SCRAMBLINGS} x {2**_LOG2_POINTS} points"
    return Integral(np.concatenate(values), rule, error)


def _points(axes: int, seed: int) -> Array:
    net = qmc.Sobol(axes, scramble=True, rng=np.random.default_rng(seed)).random_base2(_LOG2_POINTS)
    # A point on the edge of the cube would be infinite.
    return np.asarray(ndtri(np.clip(net, 1e-16, 1.0 - 1e-16)))


def _average(block: Integrand, points: Array) -> Array:
    total: Array | float = 0.0
    for _, values in block.chunks(points):
        total = total + values.sum(axis=0)
    return np.asarray(total) / len(points)
