"""Means over many independent normals by scrambled Sobol points, the same for all draws and rows."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from glmm_bayes.core.integrand import Integrand
from glmm_bayes.core.maths import Array
from glmm_bayes.core.trapezoid import Integral

_SCRAMBLINGS = 8
_LOG2_POINTS = 12
#: The centre of the points is improved so many times at most, or until it moves by less than this.
_PILOTS, _NEAR = 12, 0.1
#: Standard errors that are stated as error: with 7 degrees of freedom, one cell in a thousand lies beyond.
_STANDARD_ERRORS = 5.5


def sobol_mean(integrand: Integrand) -> Integral:
    """Return the mean over independent standard normals, with an error from independent scramblings.

    The points are centred, at each row, where the integrand has its mass: exponential growth shifts it.

    References
    ----------
    Owen, A. B. (1997). Scrambled net variance for integrals of smooth functions.
    """
    axes = integrand.shape[0]
    nets = [_points(axes, seed) for seed in range(_SCRAMBLINGS)]
    values, error = [], 0.0
    for block in integrand.blocks():
        centre = _centre(block, nets[0])
        means = np.stack([_mean_and_centre(block, centre, points)[0] for points in nets])
        values.append(means.mean(axis=0))
        spread = means.std(axis=0, ddof=1) / np.sqrt(_SCRAMBLINGS)
        error = max(error, _STANDARD_ERRORS * float(spread.max(initial=0.0)))
    rule = f"scrambled Sobol, {_SCRAMBLINGS} x {2**_LOG2_POINTS} points"
    return Integral(np.concatenate(values), rule, error)


def _points(axes: int, seed: int) -> Array:
    from scipy.stats import qmc

    net = qmc.Sobol(axes, scramble=True, rng=np.random.default_rng(seed)).random_base2(_LOG2_POINTS)
    # A point on the edge of the cube would be infinite.
    return np.asarray(ndtri(np.clip(net, 1e-16, 1.0 - 1e-16)))


def _centre(block: Integrand, points: Array) -> Array:
    """Return where the integrand has its mass, shape (axis, draw, row)."""
    centre = np.zeros(block.shape)
    for _ in range(_PILOTS):
        step = _mean_and_centre(block, centre, points)[1]
        centre = centre + step
        if np.abs(step).max(initial=0.0) < _NEAR:
            break
    return centre


def _mean_and_centre(block: Integrand, centre: Array, points: Array) -> tuple[Array, Array]:
    """Return the mean by points about ``centre``, and where about it the integrand has its mass."""
    total, mass, moment = np.zeros(()), np.zeros(block.shape[1:]), np.zeros(block.shape)
    constant = 0.5 * np.square(centre).sum(axis=0)
    for run, values in block.moved(centre).chunks(points):
        # The normal density at the moved points, over that of the points.
        weights = np.exp(-np.tensordot(points[run], centre, axes=1) - constant)
        weighted = values * weights.reshape(weights.shape + (1,) * (values.ndim - 3))
        size = np.abs(weighted).reshape(*weights.shape, -1).sum(axis=-1)
        total = total + weighted.sum(axis=0)
        mass += size.sum(axis=0)
        moment += np.tensordot(points[run].T, size, axes=1)
    return total / len(points), np.divide(moment, mass, out=np.zeros_like(moment), where=mass > 0.0)
