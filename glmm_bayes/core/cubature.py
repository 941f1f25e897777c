"""Means over independent normals by the product trapezoid rule, halving its step until it agrees."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.integrand import Integrand
from glmm_bayes.core.maths import Array
from glmm_bayes.core.trapezoid import Integral

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]

#: Relative difference from the nested rule that is small enough, by the number of normals. The error is
#: about the square of that difference.
_TOLERANCE = {1: 1e-10, 2: 1e-7, 3: 1e-6}
#: Most nodes of a rule; its first halving alone may go beyond. Most nodes before that one.
_LIMIT, _FIRST_LIMIT = 2**18, 2**15
_HALVINGS = 8
_WIDEST_STEP = 1.0
#: Half-width of the strip that is taken for wider ones: a function of several linear predictors, or of one
#: with a link of its own inside, has poles nearer to the real line than its link alone.
_STRIP = 0.75 * np.pi
#: The window at first, how it is widened, and where that ends.
_WINDOW, _WIDER, _WIDEST = 8.5, 4.0, 40.0
#: A node is left out if its share of the integral is below this times the goal.
_NEGLIGIBLE = 1e-6
#: The share of a node at the edge of the window above which the window is widened.
_EDGE = 1e-14
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
    # A function that overflows has no finite mean or no finite sum; its error says so.
    with np.errstate(over="ignore", invalid="ignore"):
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
    negligible = _NEGLIGIBLE * goal
    grid, sums, share, is_cut = _scanned(integrand, _first_step(integrand, goal))
    active, value = share > negligible, np.asarray(sums.signed) / grid.norm
    for halving in range(_HALVINGS):
        active, new = _between(active)
        if halving and sums.count + np.count_nonzero(new) > _LIMIT:
            break
        grid = grid.halved()
        sums.add(integrand, grid.points(new))
        refined, scale = np.asarray(sums.signed) / grid.norm, np.asarray(sums.absolute) / grid.norm
        difference, value = np.abs(refined - value), refined
        if (difference <= goal * scale).all():
            break
    error = float((difference + (_ROUNDING + negligible * share.size) * scale).max(initial=0.0))
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
    count = prod((2.0 * _WINDOW / step).tolist())
    return np.asarray(step * max(1.0, count / _FIRST_LIMIT) ** (1.0 / axes))


def _scanned(integrand: Integrand, step: Array) -> tuple[_Grid, _Sums, Array, bool]:
    """Return a window that holds the mass, sums over it, each node's share, whether it is cut."""
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
            return grid, sums, share, bool((open_low | open_high).any())
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
    from scipy.ndimage import binary_dilation

    near = np.zeros([2 * n - 1 for n in active.shape], np.bool_)
    old = (slice(None, None, 2),) * active.ndim
    near[old] = active
    near = np.asarray(binary_dilation(near, np.ones((3,) * active.ndim, np.bool_)), np.bool_)
    new = near.copy()
    new[old] = False
    return near, new
