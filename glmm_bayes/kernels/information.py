"""Weights of rows in, what rows with such weights tell of coefficients and effects out.

A row with linear predictor eta and weight w counts as a normal one of precision w. What all of them tell is
the matrix Z'WZ, in parts: the block of each level of the large factor, what these levels share with all else
(the dense part: coefficients' units, other coefficients, effects of the smaller factors, smallest first), and
the block of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.factors import Factor
from glmm_bayes.kernels.joint import JointKernel


@dataclass(frozen=True)
class Information:
    """What rows tell of all coefficients and effects.

    Attributes
    ----------
    levels : ndarray, shape (level, effect, effect)
    shared : ndarray, shape (level, effect, dense)
    dense : ndarray, shape (dense, dense)
    """

    levels: Array
    shared: Array
    dense: Array


def smaller(kernel: JointKernel) -> list[Factor]:
    """List all factors but the large one, smallest first."""
    return kernel.factors[:0:-1]


def dense_places(kernel: JointKernel) -> list[slice]:
    """Return where the effects of each of the smaller factors stand in the dense part."""
    first = len(kernel.pilot.centre) + kernel.rows.others.shape[1]
    ends = first + np.cumsum([0, *(factor.width for factor in smaller(kernel))])
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def direct_columns(kernel: JointKernel) -> Array:
    """Return the columns of coefficients' units and of other coefficients, shape (row, column)."""
    return np.hstack([kernel.rows.basis @ kernel.pilot.root, kernel.rows.others])


def information(kernel: JointKernel, weights: Array) -> Information:
    """Sum up rows with weights."""
    direct, rows = direct_columns(kernel), kernel.rows
    size = direct.shape[1] + sum(factor.width for factor in smaller(kernel))
    dense = np.zeros((size, size))
    width = direct.shape[1]
    dense[:width, :width] = (direct * weights[:, None]).T @ direct
    places, count = dense_places(kernel), len(kernel.factors)
    for index, own in enumerate(places):
        factor = count - 1 - index
        dense[own, :width] = sums(kernel, factor, direct * weights[:, None]).reshape(-1, width)
        for other, earlier in zip(range(count - 1, factor - 1, -1), places, strict=False):
            dense[own, earlier] = _pairs(kernel, factor, other, weights)
    dense = np.tril(dense) + np.tril(dense, -1).T
    if not count:
        return Information(np.empty((0, 0, 0)), np.empty((0, 0, 0)), dense)
    z = rows.columns[0]
    levels = sums(kernel, 0, z * weights[:, None])
    parts = [sums(kernel, 0, direct * weights[:, None])]
    parts += [
        _pairs(kernel, 0, other, weights).reshape(*levels.shape[:2], -1) for other in range(count - 1, 0, -1)
    ]
    return Information(levels, np.concatenate(parts, axis=2), dense)


def sums(kernel: JointKernel, factor: int, values: Array) -> Array:
    """Sum the columns of a factor's effects times values, level by level: shape (level, effect, value)."""
    codes, z = kernel.rows.codes[factor], kernel.rows.columns[factor]
    levels = kernel.factors[factor].levels
    found = np.empty((levels, z.shape[1], values.shape[1]))
    for k in range(z.shape[1]):
        for c in range(values.shape[1]):
            found[:, k, c] = np.bincount(codes, z[:, k] * values[:, c], levels)
    return found


def _pairs(kernel: JointKernel, factor: int, other: int, weights: Array) -> Array:
    """Sum products of two factors' columns over the rows that levels share, shape (unit, unit)."""
    one, two = kernel.factors[factor], kernel.factors[other]
    pair = kernel.rows.codes[factor] * two.levels + kernel.rows.codes[other]
    found = np.empty((one.levels, one.size, two.levels, two.size))
    for k, z in enumerate(kernel.rows.columns[factor].T):
        for m, y in enumerate(kernel.rows.columns[other].T):
            summed = np.bincount(pair, z * y * weights, one.levels * two.levels)
            found[:, k, :, m] = summed.reshape(one.levels, two.levels)
    return found.reshape(one.width, two.width)


def explained(levels: Array, scale: Array) -> Array:
    """Return L (I + L'SL)^-1 L' of each level: what the data and the prior leave of a level's covariance."""
    inside = np.eye(scale.shape[1]) + scale.T @ levels @ scale
    right = np.broadcast_to(scale.T, inside.shape)
    inverse: Array = np.linalg.solve(inside, right)
    return np.asarray(scale @ inverse)


def block_scale(factor: Factor, scale: Array) -> Array:
    """Return the scale of all effects of a factor, shape (unit, unit)."""
    return np.asarray(np.kron(np.eye(factor.levels), scale), np.float64)


def without_levels(found: Information, scale: Array) -> tuple[Array, Array]:
    """Eliminate the large factor: the dense block that is left, and what a product of the levels takes there.

    Returns
    -------
    tuple of ndarray
        Shapes (dense, dense) and (dense, level, effect).
    """
    if not found.levels.size:
        return found.dense, np.empty((len(found.dense), 0, 0))
    taken = explained(found.levels, scale) @ found.shared
    levels, size, width = found.shared.shape
    flat = found.shared.reshape(levels * size, width)
    return found.dense - flat.T @ taken.reshape(flat.shape), np.moveaxis(taken, 2, 0)


def iterate_down(kernel: JointKernel) -> Iterator[tuple[int, Factor, slice]]:
    """Yield the smaller factors, largest first, with index and place in the dense part."""
    places = dense_places(kernel)
    for index in range(1, len(kernel.factors)):
        yield index, kernel.factors[index], places[len(kernel.factors) - 1 - index]
