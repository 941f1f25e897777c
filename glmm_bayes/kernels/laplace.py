"""A kernel without a pilot in, where its posterior lies out: by Laplace's approximation.

Given the numbers in front, Newton's steps find where coefficients and effects are most probable; the numbers
in front then go to where the product of that density and of the width there is largest. Only the geometry of
sampling depends on it (Laplace, 1774; Tierney and Kadane, 1986).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.information import (
    Information,
    information,
    iterate_down,
    sums,
    without_levels,
)
from glmm_bayes.kernels.joint import JointKernel
from glmm_bayes.kernels.moments import Around, at_mean, has_moments, integrals

#: Newton's steps at most, halvings of each, and the decrement at which they end.
_STEPS, _HALVINGS, _ENOUGH = 30, 12, 1e-3
#: Evaluations at most of where the numbers in front lie.
_EVALUATIONS = 120
_DIFFERENCE = 0.05
#: How far the numbers in front may go from where they start.
_FAR = 6.0


@dataclass
class Mode:
    """Where coefficients and effects are most probable, given the numbers in front.

    Attributes
    ----------
    point : ndarray
        Of the kernel.
    value : float
        Log of the density of the numbers in front, by Laplace, up to a constant; -inf if there is none.
    """

    point: Array
    value: float


@dataclass
class Laplace:
    """The approximation of one kernel; what was found last is where the next search begins."""

    kernel: JointKernel
    last: Array

    def at(self, hyper: Array) -> Mode:
        """Return the mode at numbers in front, and the density that they have."""
        kernel, point = self.kernel, self.last.copy()
        point[: kernel.hyper] = hyper
        value, gradient = kernel.value(point)
        if not np.isfinite(value):
            point[kernel.hyper :] = 0.0
            value, gradient = kernel.value(point)
        width = 0.0
        for _ in range(_STEPS):
            if not np.isfinite(value):
                return Mode(point, -np.inf)
            step, width = self._newton(point, gradient)
            decrement = float(step @ gradient[kernel.hyper :])
            if not np.isfinite(decrement):
                return Mode(point, -np.inf)
            if decrement < _ENOUGH:
                break
            point, value, gradient, moved = self._along(point, value, gradient, step)
            if not moved:
                break
        self.last = point
        return Mode(point, value - width + self._correction(point))

    def around(self, point: Array) -> Around:
        """Return where each level's units lie at a mode, as its curvature says, in a model of one factor."""
        kernel, large = self.kernel, self.kernel.factors[0]
        curve = np.maximum(kernel.rows_at(point, kernel.predictors(point))[2], 0.0)
        scale, z = kernel.scales(point)[0], kernel.rows.columns[0]
        levels = sums(kernel, 0, z * curve[:, None])
        inside = np.eye(large.size) + scale.T @ levels @ scale
        mean = point[len(point) - large.width :].reshape(large.levels, large.size)
        return Around(mean, np.linalg.cholesky(np.linalg.inv(inside)))

    def _correction(self, point: Array) -> float:
        """Return what quadrature says beyond Laplace's approximation of the integrals over levels' units."""
        if not has_moments(self.kernel):
            return 0.0
        around = self.around(point)
        return float((integrals(self.kernel, point, around) - at_mean(self.kernel, point, around)).sum())

    def _along(
        self, point: Array, value: float, gradient: Array, step: Array
    ) -> tuple[Array, float, Array, bool]:
        """Go along a step as far as the density rises."""
        for halving in range(_HALVINGS):
            tried = point.copy()
            tried[self.kernel.hyper :] += step * 0.5**halving
            there, slope = self.kernel.value(tried)
            if there > value:
                return tried, there, slope, True
        return point, value, gradient, False

    def _newton(self, point: Array, gradient: Array) -> tuple[Array, float]:
        """Return Newton's step in coefficients' units and effects' units, and half the log determinant."""
        kernel, count = self.kernel, len(self.kernel.pilot.centre)
        curve = np.maximum(kernel.rows_at(point, kernel.predictors(point))[2], 0.0)
        found, scales = information(kernel, curve), kernel.scales(point)
        slopes = np.split(gradient[kernel.hyper + count :], np.cumsum([f.width for f in kernel.factors]))
        own, half = self._dense(found, scales)
        right = [gradient[kernel.hyper : kernel.hyper + count], *slopes[len(kernel.factors) - 1 : 0 : -1]]
        b = np.concatenate(right)
        if not kernel.factors:
            return np.linalg.solve(own, b), half
        scale, large = scales[0], kernel.factors[0]
        level = slopes[0].reshape(large.levels, large.size)
        inside = np.eye(large.size) + scale.T @ found.levels @ scale
        half += 0.5 * float(np.linalg.slogdet(inside)[1].sum())
        solved = np.linalg.solve(inside, level[..., None])[..., 0]
        shared = self._in_units(scale.T @ found.shared, scales)[:, :, self._kept]
        dense = np.linalg.solve(own, b - np.einsum("jkd,jk->d", shared, solved))
        levels = np.linalg.solve(inside, (level - shared @ dense)[..., None])[..., 0]
        parts = {0: levels.ravel()}
        ends = np.cumsum([count, *(f.width for f in kernel.factors[:0:-1])])
        for index, part in enumerate(np.split(dense, ends[:-1])[1:]):
            parts[len(kernel.factors) - 1 - index] = part
        ordered = [parts[index] for index in range(len(kernel.factors))]
        return np.concatenate([dense[:count], *ordered]), half

    @property
    def _kept(self) -> Array:
        """Which of the dense part are sampled beside the numbers in front: not the other coefficients."""
        count, others = len(self.kernel.pilot.centre), self.kernel.rows.others.shape[1]
        size = count + others + sum(factor.width for factor in self.kernel.factors[1:])
        return np.delete(np.arange(size), np.arange(count, count + others))

    def _in_units(self, columns: Array, scales: list[Array]) -> Array:
        """Return columns of the dense part in units of the effects, in their last dimension."""
        found = columns.copy()
        for index, factor, place in iterate_down(self.kernel):
            shape = (*columns.shape[:-1], factor.levels, factor.size)
            scaled = columns[..., place].reshape(shape) @ scales[index]
            found[..., place] = scaled.reshape(*columns.shape[:-1], factor.width)
        return found

    def _dense(self, found: Information, scales: list[Array]) -> tuple[Array, float]:
        """Return the dense part's precision in its units, and half its log determinant."""
        kernel, kept, count = self.kernel, self._kept, len(self.kernel.pilot.centre)
        left = without_levels(found, scales[0])[0] if scales else found.dense
        left = self._in_units(self._in_units(left, scales).T, scales)
        own = left[np.ix_(kept, kept)]
        own[count:, count:] += np.eye(len(own) - count)
        own[:count, :count] += kernel.prior_root.T @ kernel.prior_root
        return own, 0.5 * float(np.linalg.slogdet(own)[1])


class _EnoughError(Exception):
    """End a search that has taken all its evaluations."""


@dataclass
class _Search:
    """What a search has found so far."""

    laplace: Laplace
    best: Array
    value: float
    evaluations: int = 0

    def negative(self, hyper: Array) -> float:
        """Return what is to be made small."""
        if self.evaluations >= _EVALUATIONS:
            raise _EnoughError
        self.evaluations += 1
        value = self.laplace.at(hyper).value
        if value > self.value:
            self.best, self.value = hyper.copy(), value
        return -value if np.isfinite(value) else 1e10


def most_probable(kernel: JointKernel) -> tuple[Mode, Array, Laplace]:
    """Return the mode of the numbers in front, with coefficients and effects, and how far they go."""
    from scipy.optimize import minimize

    laplace, start = Laplace(kernel, kernel.start), kernel.pilot.hyper
    best = laplace.at(start)
    if not len(start) or not np.isfinite(best.value):
        return best, np.ones(len(start)), laplace

    search = _Search(laplace, start, best.value)
    bounds = [(float(at) - _FAR, float(at) + _FAR) for at in start]
    options: Any = {"ftol": 1e-5, "eps": 1e-3}
    with suppress(_EnoughError):
        minimize(search.negative, start, method="L-BFGS-B", bounds=bounds, options=options)
    hyper = search.best
    mode, reach = laplace.at(hyper), _reach(laplace, hyper)
    return mode, reach, laplace


def _reach(laplace: Laplace, hyper: Array) -> Array:
    """Return the standard deviations of the numbers in front, by second differences, within a tenth and 1."""
    middle, reach = laplace.at(hyper).value, np.ones(len(hyper))
    for k, unit in enumerate(np.eye(len(hyper)) * _DIFFERENCE):
        above, below = laplace.at(hyper + unit).value, laplace.at(hyper - unit).value
        curve = (2 * middle - above - below) / _DIFFERENCE**2
        reach[k] = 1.0 / np.sqrt(curve) if np.isfinite(curve) and curve > 0 else 1.0
    return np.clip(reach, 0.1, 1.0)
