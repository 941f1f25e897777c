"""A log density of one response in; its integral, probabilities and distribution function out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit

from glmm_bayes.core.maths import Array
from glmm_bayes.laws.responses import Responses

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
    total : float
        Integral of the density.
    y : ndarray, shape (node,) or (node, category)
        Responses; numbers in ascending order.
    shares : ndarray, shape (node,)
        The probability about each, of all; not a number where the total is none.
    is_point : ndarray of bool, shape (node,)
        Whether the response itself has the probability.
    """

    total: float
    y: Array
    shares: Array
    is_point: NDArray[np.bool_]

    @property
    def holds(self) -> bool:
        """Whether there are probabilities."""
        return bool(np.isfinite(self.shares).all())

    @property
    def distribution(self) -> Array:
        """The probability of at most each number."""
        # A number in the middle of its cell has half the cell's mass below it.
        return np.asarray(np.cumsum(self.shares) - np.where(self.is_point, 0.0, 0.5 * self.shares))

    def inside(self) -> NumericalLaw:
        """Return the law given that the response is no point."""
        rest = ~self.is_point
        shares = self.shares[rest] / self.shares[rest].sum()
        return NumericalLaw(self.total, self.y[rest], shares, self.is_point[rest])


def _line(t: Array) -> tuple[Array, Array]:
    return np.sinh(t), np.log(np.cosh(t))


def _half_line(t: Array) -> tuple[Array, Array]:
    return np.exp(t), t


def _interval(t: Array) -> tuple[Array, Array]:
    return np.exp(log_expit(t)), log_expit(t) + log_expit(-t)


def _circle(t: Array) -> tuple[Array, Array]:
    return t, np.zeros_like(t)


_ABOVE_ZERO = (_half_line, -300.0, 60.0)
_WITHIN_ONE = (_interval, -300.0, 36.0)
#: By support: from the grid to numbers with the log of its slope, and the grid's ends.
_GRIDS: Mapping[str, tuple[Any, float, float]] = MappingProxyType(
    {
        "real": (_line, -25.0, 25.0),
        "positive": _ABOVE_ZERO,
        "amount": _ABOVE_ZERO,
        "unit": _WITHIN_ONE,
        "share": _WITHIN_ONE,
        "angle": (_circle, -np.pi, np.pi),
    }
)


def law_of(log_density: LogDensity, responses: Responses, centre: float, scale: float) -> NumericalLaw:
    """Sum a density up over its support.

    Parameters
    ----------
    log_density : callable
        Takes responses, shape (node, ...), to the log of the density.
    responses : Responses
    centre, scale : float
        About where the numbers of a real support lie; they set where the first grid is fine.
    """
    if responses.is_discrete:
        y, logs = _probabilities(log_density, responses)
        steps = np.ones(len(logs))
    else:
        y, logs, steps = _nodes(log_density, responses, centre, scale)
    is_point = steps == 1.0
    with np.errstate(over="ignore"):
        masses = np.exp(logs) * steps
        total = float(masses.sum())
    shares = masses / total if total > 0 and np.isfinite(total) else np.full_like(masses, np.nan)
    return NumericalLaw(total, y, shares, is_point)


def _probabilities(log_density: LogDensity, responses: Responses) -> tuple[Array, Array]:
    """Return all responses, counts up to where the density is negligible, and logs of probabilities."""
    if responses.listed is not None:
        return responses.listed, _without_nan(log_density(responses.listed))
    size = 2**10
    while True:
        y = np.arange(size, dtype=np.float64)
        logs = _without_nan(log_density(y))
        if logs[-1] < logs.max() - _NEGLIGIBLE or size >= _MOST_COUNTS:
            return y, logs
        size *= 4


def _nodes(
    log_density: LogDensity, responses: Responses, centre: float, scale: float
) -> tuple[Array, Array, Array]:
    """Return numbers, logs of the density of the grid's variable, and the grid's steps.

    Ends of the support that have a probability are among the numbers, with a step of one.
    """
    map_grid, low, high = _GRIDS[responses.support]
    is_real = responses.support == "real"
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
    if not responses.ends:
        return y, logs, np.full(_NODES, step)
    ends = np.array(responses.ends)
    y, logs = np.concatenate([y, ends]), np.concatenate([logs, _without_nan(log_density(ends))])
    steps = np.concatenate([np.full(_NODES, step), np.ones(len(ends))])
    order = np.argsort(y, kind="stable")
    return y[order], logs[order], steps[order]


def _without_nan(logs: Array) -> Array:
    """Count what is no number as no density: the law of finite values speaks of it."""
    return np.where(np.isnan(logs), -np.inf, logs)
