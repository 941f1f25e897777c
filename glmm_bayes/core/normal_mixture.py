"""Quantiles of equal mixtures of normals: one component for each posterior draw, one mixture a column."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from glmm_bayes.core.maths import Array

_STEPS = 300
#: Elements of one block of components x mixtures.
_BLOCK = 4_000_000
_INVERSE_ROOT_2PI = float(1.0 / np.sqrt(2.0 * np.pi))


def mixture_quantile(center: Array, sd: Array, probability: float) -> Array:
    """Return the root x of mean_s Phi((x - center_s) / sd_s) = probability, for each column.

    Parameters
    ----------
    center, sd : ndarray, shape (component, mixture)
        A standard deviation of zero is a component that is one point.
    probability : float
        Above 0 and below 1.

    Returns
    -------
    ndarray, shape (mixture,)
        The distribution function there is within 4e-16 of the probability, or it jumps over it there.
    """
    result = np.empty(center.shape[1])
    size = max(1, _BLOCK // max(1, len(center)))
    for start in range(0, len(result), size):
        columns = slice(start, start + size)
        result[columns] = _roots(center[:, columns], sd[:, columns], probability)
    return result


def _roots(center: Array, sd: Array, probability: float) -> Array:
    # A mixture's quantile lies between the smallest and the largest of its components'.
    ends = center + ndtri(probability) * sd
    low, high, x = ends.min(axis=0), ends.max(axis=0), ends.mean(axis=0)
    active = np.flatnonzero(low < high)
    for step in range(_STEPS):
        if not active.size:
            break
        at = x[active]
        gap, slope = _distribution(at, center[:, active], sd[:, active])
        gap -= probability
        low[active] = np.where(gap < 0, at, low[active])
        high[active] = np.where(gap < 0, high[active], at)
        middle = 0.5 * (low[active] + high[active])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = at - gap / slope
        # Newton's step alone may creep where the mixture has gaps: each third step halves the bracket.
        is_inside = (newton > low[active]) & (newton < high[active]) & (step % 3 < 2)
        is_narrow = (middle <= low[active]) | (middle >= high[active])
        is_root = np.abs(gap) <= max(4e-16, 1e-14 * probability * (1 - probability))
        x[active] = np.where(
            is_root, at, np.where(is_narrow, high[active], np.where(is_inside, newton, middle))
        )
        active = active[~(is_root | is_narrow)]
    return x


def _distribution(x: Array, center: Array, sd: Array) -> tuple[Array, Array]:
    """Return distribution function and density of each mixture."""
    is_point = sd == 0
    z = (x - center) / np.where(is_point, 1.0, sd)
    below = np.where(is_point, x >= center, ndtr(z))
    density = np.where(is_point, 0.0, np.exp(-0.5 * z * z) / np.where(is_point, 1.0, sd))
    return below.mean(axis=0), _INVERSE_ROOT_2PI * density.mean(axis=0)
