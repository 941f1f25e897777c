"""A log density of one number in; its integral, mean, variance and distribution function out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit

Array = NDArray[np.float64]
LogDensity = Callable[[Array], Array]

#: Nodes of a grid; counts that are tried before a sum is given up.
_NODES, _MOST_COUNTS = 40_001, 2**20
#: Logs of densities this far below the largest have no part in a sum.
_NEGLIGIBLE = 45.0
#: Times that the grid is laid anew over what has a part.
_ZOOMS = 3


@dataclass(frozen=True)
class NumericalLaw:
    """What follows from a density by summing up.

    Attributes
    ----------
    total, mean, variance : float
        Integral of the density; moments of the density over it.
    y, distribution : ndarray, shape (node,)
        Numbers in ascending order and the probability of at most each.
    """

    total: float
    mean: float
    variance: float
    y: Array
    distribution: Array


def _line(t: Array) -> tuple[Array, Array]:
    return np.sinh(t), np.log(np.cosh(t))


def _half_line(t: Array) -> tuple[Array, Array]:
    return np.exp(t), t


def _interval(t: Array) -> tuple[Array, Array]:
    return np.exp(log_expit(t)), log_expit(t) + log_expit(-t)


#: By support: from the grid to numbers with the log of its slope, and the grid's ends.
_GRIDS: Mapping[str, tuple[Any, float, float]] = MappingProxyType(
    {
        "real": (_line, -25.0, 25.0),
        "positive": (_half_line, -300.0, 60.0),
        "unit": (_interval, -300.0, 36.0),
    }
)


def law_of(log_density: LogDensity, support: str, centre: float, scale: float) -> NumericalLaw:
    """Sum a density up over its support.

    Parameters
    ----------
    log_density : callable
        Takes numbers, shape (node,), to the log of the density.
    support : {"real", "positive", "unit", "count"}
    centre, scale : float
        About where the numbers of a real support lie; they set where the first grid is fine.
    """
    y, logs, steps = (
        _counts(log_density) if support == "count" else _nodes(log_density, support, centre, scale)
    )
    with np.errstate(over="ignore"):
        masses = np.exp(logs) * steps
        total = float(masses.sum())
    if not total > 0 or not np.isfinite(total):
        return NumericalLaw(total, np.nan, np.nan, y, np.full_like(y, np.nan))
    shares = masses / total
    mean = float(shares @ y)
    cumulated = np.cumsum(shares)
    # A number in the middle of its cell has half the cell's mass below it.
    distribution = cumulated if support == "count" else cumulated - 0.5 * shares
    return NumericalLaw(total, mean, float(shares @ (y - mean) ** 2), y, distribution)


def _counts(log_density: LogDensity) -> tuple[Array, Array, float]:
    """Return the counts up to where the density is negligible, and its logs."""
    size = 2**10
    while True:
        y = np.arange(size, dtype=np.float64)
        logs = _without_nan(log_density(y))
        if logs[-1] < logs.max() - _NEGLIGIBLE or size >= _MOST_COUNTS:
            return y, logs, 1.0
        size *= 4


def _nodes(log_density: LogDensity, support: str, centre: float, scale: float) -> tuple[Array, Array, float]:
    """Return numbers, logs of the density of the grid's variable, and the grid's step."""
    map_grid, low, high = _GRIDS[support]
    is_real = support == "real"
    for _ in range(_ZOOMS + 1):
        t = np.linspace(low, high, _NODES)
        step = float(t[1] - t[0])
        y, slope = map_grid(t)
        if is_real:
            y, slope = centre + scale * y, slope + np.log(scale)
        logs = _without_nan(log_density(y) + slope)
        kept = t[logs > logs.max() - _NEGLIGIBLE]
        if not len(kept):
            break
        low, high = max(float(kept[0]) - step, low), min(float(kept[-1]) + step, high)
    return y, logs, step


def _without_nan(logs: Array) -> Array:
    """Count what is no number as no density: the law of finite values speaks of it."""
    return np.where(np.isnan(logs), -np.inf, logs)
