"""What a pilot knows of a model: where it lies, and what the rows tell of each factor's effects.

A pilot shapes the numbers that are sampled and never the posterior: any pilot gives the same one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.factors import Factor

#: Levels go one by one if what they share is at most this part of what each has; parts that are nothing.
_APART, _NOTHING = 0.05, 1e-9


@dataclass(frozen=True)
class FactorMap:
    """A normal likelihood of the effects of a factor, as maps.h takes it; n units are levels x effects.

    Attributes
    ----------
    precision : ndarray, shape (level, effect, effect) or (n, n)
        Of each level; or eigenvectors of the one of all levels.
    values : ndarray, shape (n,)
        Eigenvalues; empty where each level has its own precision.
    product : ndarray, shape (n,)
        Precision times mean, where coefficients' units, other coefficients and smaller effects are 0.
    direct : ndarray, shape (n, coefficient + other)
        What a unit of coefficients, and other coefficients, take from it.
    start, column : ndarray
        The smaller factors' effects that take from a level: ``column[start[level]:start[level + 1]]``.
    cross : ndarray
        How much these take, level by level, effect by effect.
    """

    precision: Array
    values: Array
    product: Array
    direct: Array
    start: NDArray[np.int64]
    column: NDArray[np.int64]
    cross: Array

    @property
    def is_whole(self) -> bool:
        """Whether all levels have one precision."""
        return self.values.size > 0


@dataclass(frozen=True)
class Pilot:
    """Where a posterior lies, roughly.

    Attributes
    ----------
    hyper : ndarray, shape (number,)
        Numbers of the factors, other coefficients and further parameters, as the kernel samples them.
    reach : ndarray, shape (number,)
        How far these go.
    centre : ndarray, shape (coefficient,)
    root : ndarray, shape (coefficient, coefficient)
        Coefficients are ``centre + root @ units``.
    maps : tuple of FactorMap
        One a factor; none at all if nothing is known of effects.
    """

    hyper: Array
    reach: Array
    centre: Array
    root: Array
    maps: tuple[FactorMap, ...] = ()

    @property
    def is_finite(self) -> bool:
        """Whether all of its numbers are finite."""
        arrays = [self.hyper, self.reach, self.centre, self.root]
        for one in self.maps:
            arrays += [one.precision, one.values, one.product, one.direct, one.cross]
        return all(bool(np.isfinite(array).all()) for array in arrays)


def level_blocks(precision: Array, factor: Factor) -> Array:
    """Return the blocks on the diagonal, shape (level, effect, effect), of all effects' precision."""
    shape = (factor.levels, factor.size)
    at = np.arange(factor.levels)
    return np.asarray(precision.reshape(*shape, *shape)[at, :, at, :])


def non_negative(blocks: Array) -> Array:
    """Return matrices without what is negative in them."""
    if blocks.shape[-1] == 1:
        return np.maximum(blocks, 0.0)
    values, vectors = np.linalg.eigh(blocks)
    return np.asarray((vectors * np.maximum(values, 0.0)[..., None, :]) @ np.swapaxes(vectors, -1, -2))


@dataclass(frozen=True)
class Taken:
    """What a factor's product loses to all that stands before it.

    Attributes
    ----------
    direct : ndarray, shape (unit, coefficient + other)
    cross : ndarray, shape (unit, effect)
        To the effects of smaller factors.
    places : ndarray, shape (effect,)
        Where these stand among all effects.
    """

    direct: Array
    cross: Array
    places: NDArray[np.int64]


def dense_map(factor: Factor, precision: Array, product: Array, taken: Taken) -> FactorMap:
    """Return the map of one of the smaller factors, from the precision of all its effects."""
    rest = (product, taken.direct, *_shared(factor, taken))
    apart = np.abs(precision).sum(axis=1) - np.diagonal(precision)
    if factor.size > 1 or (apart <= _APART * np.diagonal(precision)).all():
        return FactorMap(non_negative(level_blocks(precision, factor)), np.empty(0), *rest)
    values, vectors = np.linalg.eigh(precision)
    return FactorMap(vectors, np.maximum(values, 0.0), *rest)


def large_map(factor: Factor, precision: Array, product: Array, taken: Taken) -> FactorMap:
    """Return the map of the factor with most levels, from the precision of each level."""
    return FactorMap(non_negative(precision), np.empty(0), product, taken.direct, *_shared(factor, taken))


def _shared(factor: Factor, taken: Taken) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Keep of a level's row only the effects that it shares rows with: few of them all."""
    cross = taken.cross.reshape(factor.levels, factor.size, len(taken.places))
    most = np.abs(cross).max(axis=(1, 2), keepdims=True, initial=0.0)
    shared = (np.abs(cross) > _NOTHING * most).any(axis=1)
    start = np.concatenate([[0], np.cumsum(shared.sum(axis=1))])
    rows = [level[:, used].ravel() for level, used in zip(cross, shared, strict=True)]
    return start, taken.places[np.nonzero(shared)[1]], np.concatenate([np.empty(0), *rows])
