"""A point of a model with one factor in, moments of its effects given the coefficients out: by quadrature.

Where levels have few rows, the curvature at the mode says little of a level's effect, and the mode of the
numbers in front by Laplace's approximation lies far from theirs. Nodes of Gauss and Hermite stand around each
level's effect (Naylor and Smith, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.joint import JointKernel

#: Effects of a level and rows at most; nodes for the density and for the moments, by the number of effects.
MOST_EFFECTS, MOST_ROWS = 2, 500_000
DENSITY_NODES, MOMENT_NODES = {1: 9, 2: 5}, {1: 15, 2: 7}


def has_moments(kernel: JointKernel) -> bool:
    """Tell whether effects are of one factor, and few, and rows not so many that nodes have no room."""
    is_small = len(kernel.rows.order) <= MOST_ROWS
    return is_small and len(kernel.factors) == 1 and kernel.factors[0].size <= MOST_EFFECTS


@dataclass(frozen=True)
class Around:
    """Where the nodes of each level stand, in units of the effects.

    Attributes
    ----------
    mean : ndarray, shape (level, effect)
    root : ndarray, shape (level, effect, effect)
    """

    mean: Array
    root: Array


@dataclass(frozen=True)
class LevelMoments:
    """What quadrature tells of a level's units, and of rows given their levels.

    Attributes
    ----------
    log_integral : ndarray, shape (level,)
        Log of the integral of likelihood and standard normal density over each level's units.
    around : Around
        Means and roots of the covariances of the units.
    predictors, slopes, weights : ndarray, shape (row,)
        Means of the linear predictor, of the log likelihood's derivative in it, of minus the second one.
    """

    log_integral: Array
    around: Around
    predictors: Array
    slopes: Array
    weights: Array


@cache
def _rule(size: int, nodes: int) -> tuple[Array, Array]:
    """Return nodes, shape (node, effect), and log weights of a standard normal distribution."""
    at, weights = np.polynomial.hermite_e.hermegauss(nodes)
    grid = np.array(list(product(at, repeat=size)))
    logs = np.log(weights / weights.sum())
    return grid, np.array([sum(one) for one in product(logs, repeat=size)])


def integrals(kernel: JointKernel, point: Array, around: Around) -> Array:
    """Return the log of the integral over each level's units, coefficients being those of the point."""
    size = kernel.factors[0].size
    rule = _rule(size, DENSITY_NODES[size])
    fixed, scale = _fixed(kernel, point), kernel.scales(point)[0]
    logs = [
        log_weight + _at_node(kernel, point, fixed, scale, around, node, derivatives=False)[0]
        for node, log_weight in zip(*rule, strict=True)
    ]
    return np.asarray(np.logaddexp.reduce(logs, axis=0) + _log_det(around))


def at_mean(kernel: JointKernel, point: Array, around: Around) -> Array:
    """Return what Laplace's approximation has in the place of the log of those integrals."""
    fixed, scale = _fixed(kernel, point), kernel.scales(point)[0]
    none = np.zeros(kernel.factors[0].size)
    logs = _at_node(kernel, point, fixed, scale, around, none, derivatives=False)[0]
    return np.asarray(logs + _log_det(around))


def moments(kernel: JointKernel, point: Array, around: Around) -> LevelMoments:
    """Return moments of each level's units, coefficients being those of the point."""
    size, codes = kernel.factors[0].size, kernel.rows.codes[0]
    grid, log_weights = _rule(size, MOMENT_NODES[size])
    fixed, scale = _fixed(kernel, point), kernel.scales(point)[0]
    found = [_at_node(kernel, point, fixed, scale, around, node) for node in grid]
    logs = np.array([log_weight + one[0] for log_weight, one in zip(log_weights, found, strict=True)])
    total = np.logaddexp.reduce(logs, axis=0)
    shares = np.exp(logs - total)
    units = np.array([one[1] for one in found])
    mean = np.einsum("kj,kjq->jq", shares, units)
    away = units - mean
    covariance = np.einsum("kj,kjq,kjr->jqr", shares, away, away)
    of_rows = shares[:, codes]
    predictors, slopes, weights = (
        sum(share * one[2][part] for share, one in zip(of_rows, found, strict=True)) for part in range(3)
    )
    # Rounding must not make a covariance of what is known to the last digit negative.
    least = 1e-9 * np.trace(covariance, axis1=1, axis2=2)[:, None, None] * np.eye(size)
    own = Around(mean, np.linalg.cholesky(covariance + least))
    return LevelMoments(total + _log_det(around), own, predictors, slopes, weights)


def _log_det(around: Around) -> Array:
    return np.asarray(np.log(np.diagonal(around.root, axis1=1, axis2=2)).sum(axis=1))


def _fixed(kernel: JointKernel, point: Array) -> Array:
    """Return the linear predictor of each row without effects."""
    bare = np.array(point, np.float64)
    bare[kernel.hyper + len(kernel.pilot.centre) :] = 0.0
    return kernel.predictors(bare)


def _at_node(
    kernel: JointKernel,
    point: Array,
    fixed: Array,
    scale: Array,
    around: Around,
    node: Array,
    derivatives: bool = True,
) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return the log of a node's part of each level's integral, the units there, and what rows have there."""
    units = around.mean + around.root @ node
    effects = units @ scale.T
    codes, levels = kernel.rows.codes[0], kernel.factors[0].levels
    predictors = fixed + np.einsum("iq,iq->i", kernel.rows.columns[0], effects[codes])
    rows = kernel.rows_at(point, predictors, derivatives)
    logs = np.bincount(codes, rows[0], levels) - 0.5 * (units**2).sum(axis=1) + 0.5 * float(node @ node)
    return logs, units, (predictors, *rows[1:])
