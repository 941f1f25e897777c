"""Means over independent normals by the product trapezoid rule, halving its step until it agrees."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from glmm_bayes.core.integrand import Array, Integrand
from glmm_bayes.core.trapezoid import Integral

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]

#: Relative difference from the nested rule that is small enough, by the number of normals. The error is
#: about the square of that difference.
_TOLERANCE = {1: 1e-10, 2: 1e-8, 3: 1e-6}
#: Most nodes of a rule, by the number of normals.
_LIMIT = {1: 2**14, 2: 2**18, 3: 2**19}
_WIDEST_STEP = 1.0
#: A linear predictor's function is analytic in a strip no wider than this, whatever its link.
_STRIP = np.pi
#: The window at first, how it is widened, and where that ends.
_WINDOW, _WIDER, _WIDEST = 8.5, 4.0, 40.0
#: Share of the integral below which a node is left out, and below which an edge of the window may stay.
_NEGLIGIBLE, _EDGE = 1e-16, 1e-14
_ROUNDING = 1e-13


def product_trapezoid(integrand: Integrand, tolerance: float | None = None) -> Integral:
    """Return the mean over up to three independent standard normals.

    The window follows the mass of the integrand, which exponential growth shifts far from zero. The step
    is halved until the nested rule agrees or the number of nodes is at its limit; the difference is the
    error that is stated.

    Parameters
    ----------
    integrand : Integrand
    tolerance : float, optional
        Relative difference from the nested rule that is small enough.

    References
    ----------
    Trefethen, L. N. & Weideman, J. A. C. (2014). The exponentially convergent trapezoidal rule.
    """
    axes = integrand.shape[0]
    goal = _TOLERANCE[axes] if tolerance is None else tolerance
    values, errors, counts = zip(*(_refined(block, goal) for block in integrand.blocks()), strict=True)
    word = "trapezoid" if axes == 1 else "product trapezoid"
    return Integral(np.concatenate(values), f"{word}, {max(counts)} nodes", max(errors))


@dataclass(frozen=True)
class _Grid:
    """Nodes ``index * step`` with index from ``low`` to ``high`` on each axis."""

    step: Array
    low: Indices
    high: Indices

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple((self.high - self.low + 1).tolist())

    @property
    def norm(self) -> float:
        """Sum of the density over all nodes."""
        axes = zip(self.step, self.low, self.high, strict=True)
        return prod(float(_density(t * np.arange(low, high + 1)).sum()) for t, low, high in axes)

    def points(self, mask: Mask) -> Array:
        return (np.argwhere(mask) + self.low) * self.step

    def halved(self) -> _Grid:
        return _Grid(0.5 * self.step, 2 * self.low, 2 * self.high)


@dataclass
class _Sums:
    """Sums of density times the function, and times its absolute value, over the nodes so far."""

    signed: Array | float = 0.0
    absolute: Array | float = 0.0
    count: int = 0

    def add(self, integrand: Integrand, points: Array) -> None:
        weights = _density(points).prod(axis=1)
        for run, values in integrand.chunks(points):
            self.signed = self.signed + np.tensordot(weights[run], values, axes=1)
            self.absolute = self.absolute + np.tensordot(weights[run], np.abs(values), axes=1)
        self.count += len(points)


def _density(x: Array) -> Array:
    return np.exp(-0.5 * np.square(x))


def _refined(integrand: Integrand, goal: float) -> tuple[Array, float, int]:
    """Return the means, their error and the number of nodes."""
    limit = _LIMIT[integrand.shape[0]]
    grid, sums, active, is_cut = _scanned(integrand, _first_step(integrand, goal))
    value, difference = np.asarray(sums.signed) / grid.norm, np.asarray(np.inf)
    while True:
        active, new = _between(active)
        if sums.count + np.count_nonzero(new) > limit:
            break
        grid = grid.halved()
        sums.add(integrand, grid.points(new))
        refined = np.asarray(sums.signed) / grid.norm
        difference, value = np.abs(refined - value), refined
        if (difference <= goal * np.asarray(sums.absolute) / grid.norm).all():
            break
    scale = np.asarray(sums.absolute) / grid.norm
    error = float((difference + _ROUNDING * scale).max(initial=0.0))
    return value, np.inf if is_cut or np.isnan(error) else error, sums.count


def _first_step(integrand: Integrand, goal: float) -> Array:
    """Return the step of each axis at which the rule is about as good as the goal."""
    axes = integrand.shape[0]
    speed = np.zeros(axes)
    for name, loading in integrand.loadings.items():
        strip = min(integrand.at[name].link.strip, _STRIP)
        speed = np.maximum(speed, np.abs(loading).max(axis=(1, 2), initial=0.0) / strip)
    with np.errstate(divide="ignore"):
        step = np.minimum(_WIDEST_STEP, 2.0 * np.pi / (speed * np.log(4.0 / goal)))
    # One halving at least must be possible, also after the window has been widened.
    first = prod((2.0 * _WINDOW / step).tolist())
    allowed = _LIMIT[axes] / 4.0 ** (axes + 1)
    return np.asarray(step * max(1.0, first / allowed) ** (1.0 / axes))


def _scanned(integrand: Integrand, step: Array) -> tuple[_Grid, _Sums, Mask, bool]:
    """Return a window that holds the mass, sums over it, the nodes that matter, whether it is cut."""
    low, high = -np.ceil(_WINDOW / step).astype(np.int64), np.ceil(_WINDOW / step).astype(np.int64)
    more = np.ceil(_WIDER / step).astype(np.int64)
    while True:
        grid, sums = _Grid(step, low, high), _Sums()
        points = grid.points(np.ones(grid.shape, np.bool_))
        sums.add(integrand, points)
        share = _shares(integrand, points, np.asarray(sums.absolute)).reshape(grid.shape)
        ends = np.array([[share.take(k, axis).max() for k in (0, -1)] for axis in range(share.ndim)])
        open_low, open_high = (ends > _EDGE).T
        widest = np.maximum(-low, high) * step > _WIDEST
        if not (open_low | open_high).any() or widest.any():
            return grid, sums, share > _NEGLIGIBLE, bool((open_low | open_high).any())
        low, high = low - open_low * more, high + open_high * more


def _shares(integrand: Integrand, points: Array, total: Array) -> Array:
    """Return each node's part of the integral of the absolute value, largest over draws and rows."""
    weights = _density(points).prod(axis=1)
    shares = np.empty(len(points))
    safe = np.where(total > 0.0, total, np.inf)
    for run, values in integrand.chunks(points):
        largest = (np.abs(values) / safe).reshape(len(values), -1).max(axis=1, initial=0.0)
        shares[run] = weights[run] * largest
    return shares


def _between(active: Mask) -> tuple[Mask, Mask]:
    """Return the nodes of the halved step near active ones, and those among them that are new."""
    near = np.zeros([2 * n - 1 for n in active.shape], np.bool_)
    old = (slice(None, None, 2),) * active.ndim
    near[old] = active
    near = np.asarray(binary_dilation(near, np.ones((3,) * active.ndim, np.bool_)), np.bool_)
    new = near.copy()
    new[old] = False
    return near, new
