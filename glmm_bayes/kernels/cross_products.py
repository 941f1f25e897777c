"""A normal mixed model in, the cross products that its density needs out: the rows are not needed again."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.factors import Factor, factors_of, order_of_rows
from glmm_bayes.kernels.laws import positive_law, real_law
from glmm_bayes.kernels.memory import INT, REF, Memory
from glmm_bayes.priors.definition import ModelDefinition


class ModelStruct(ctypes.Structure):
    """A model, as the C source declares it."""

    _fields_ = (
        *(("numbers", INT), ("others", INT), ("coefficients", INT), ("dense", INT), ("factors", INT)),
        *(("factor", REF), ("other_law", REF), ("sigma_law", REF)),
        *(("sigma", ctypes.c_double), ("rows", ctypes.c_double)),
        *(
            ("yy", REF),
            ("wy", REF),
            ("ww", REF),
            ("zz", REF),
            ("zy", REF),
            ("start", REF),
            ("column", REF),
        ),
        *(("zw", REF), ("prior_mean", REF), ("prior_shift", REF)),
    )


@dataclass
class CrossProducts:
    """What is left of the rows of a normal mixed model.

    Coefficients are ``centre + root @ units``: they are counted from where least squares puts them, so that
    a response far from 0 costs no digits.

    Attributes
    ----------
    struct : ModelStruct
    factors : list of Factor
    centre : ndarray, shape (coefficient,)
    root : ndarray, shape (coefficient, coefficient)
        Cholesky factor of their prior covariance.
    """

    struct: ModelStruct
    factors: list[Factor]
    centre: Array
    root: Array
    memory: Memory


@dataclass
class _OrderedRows:
    """Columns on the rows, in their order, times the roots of the weights.

    Attributes
    ----------
    left : ndarray, shape (row, 1 + other)
        The response less offset and centre, and the columns of coefficients with other priors.
    dense : ndarray, shape (row, unit)
        Columns of the units that are eliminated together, coefficients first.
    """

    left: Array
    dense: Array
    order: NDArray[np.int64]
    roots: Array


def cross_products(definition: ModelDefinition) -> CrossProducts:
    """Sum up the rows of a model that ``why_not_marginal`` has nothing against."""
    predictor, law = definition.priors.first, definition.priors.auxiliary.get("sigma")
    prior = predictor.fixed
    factors = factors_of(predictor, len(prior.mean))
    root = np.linalg.cholesky(prior.covariance) if len(prior.mean) else np.empty((0, 0))
    rows, centre, total = _rows(definition, factors, root)
    memory, struct = Memory(), ModelStruct()
    struct.numbers = sum(factor.numbers for factor in factors) + len(prior.others) + (law is not None)
    struct.others, struct.coefficients = len(prior.others), len(prior.mean)
    struct.dense, struct.factors, struct.rows = rows.dense.shape[1], len(factors), total
    struct.factor = memory.factors(factors, [factor.first for factor in factors])
    struct.other_law = memory.laws([real_law(one) for _, one in prior.others])
    if law is not None:
        struct.sigma_law = memory.laws([positive_law(law)])
    else:
        struct.sigma = float(definition.priors.constants["sigma"])
    left, dense = rows.left, rows.dense
    struct.yy, struct.wy, struct.ww = map(memory.array, (left.T @ left, dense.T @ left, dense.T @ dense))
    # Units of the coefficients have this prior mean; what other coefficients add to it stands beside.
    struct.prior_mean = memory.array(_solved(root, prior.mean - centre))
    struct.prior_shift = memory.array(_solved(root, prior.shift))
    if factors:
        _fill_levels(struct, factors, rows, memory)
    return CrossProducts(struct, factors, centre, root, memory)


def _solved(root: Array, values: Array) -> Array:
    return np.linalg.solve(root, values) if root.size else values


def _rows(
    definition: ModelDefinition, factors: Sequence[Factor], root: Array
) -> tuple[_OrderedRows, Array, float]:
    """Return the rows in their order, where least squares puts the coefficients, the sum of the weights."""
    response, predictor = definition.first.response, definition.priors.first
    design, prior = predictor.design, predictor.fixed
    y = response.values.astype(np.float64)
    weights = response.additions.weights
    weights = np.ones(len(y)) if weights is None else weights
    order = order_of_rows([weights, y, design.offset, design.x], factors)
    y, weights, x = y[order], weights[order], design.x[order]
    y = (np.log(y) if definition.first.family.name == "lognormal" else y) - design.offset[order]
    basis, others = x @ prior.from_normal, x @ prior.from_others
    roots = np.sqrt(weights)[:, None]
    centre = np.linalg.lstsq(basis * roots, y * roots[:, 0])[0] if basis.size else np.empty(0)
    left = np.column_stack([y - basis @ centre, others]) * roots
    columns = [_wide_columns(factor, order) for factor in factors if not factor.is_large]
    dense = np.hstack([basis @ root, *columns]) * roots
    return _OrderedRows(left, dense, order, roots), centre, float(weights.sum())


def _wide_columns(factor: Factor, order: NDArray[np.int64]) -> Array:
    """Return the columns of a factor's effects, level by level."""
    wide = np.zeros((len(order), factor.levels, factor.size))
    wide[np.arange(len(order)), factor.group.codes[order]] = factor.columns(order)
    return wide.reshape(len(order), factor.width)


def _fill_levels(struct: ModelStruct, factors: Sequence[Factor], rows: _OrderedRows, memory: Memory) -> None:
    """Put the cross products of each level of the large factor in."""
    large = factors[0]
    codes, z = large.group.codes[rows.order], large.columns(rows.order) * rows.roots
    starts = np.searchsorted(codes, np.arange(large.levels + 1))
    zz = np.zeros((large.levels, large.size, large.size))
    zy = np.zeros((large.levels, large.size, rows.left.shape[1]))
    start, columns, crosses = [0], [], []
    for level in range(large.levels):
        own = slice(starts[level], starts[level + 1])
        zz[level], zy[level] = z[own].T @ z[own], z[own].T @ rows.left[own]
        shared = _shared_columns(rows.dense[own], struct.coefficients, factors)
        columns.append(shared)
        crosses.append((z[own].T @ rows.dense[own][:, shared]).ravel())
        start.append(start[-1] + len(shared))
    struct.zz, struct.zy = memory.array(zz), memory.array(zy)
    struct.start, struct.column = (
        memory.array(np.asarray(values), np.int64) for values in (start, np.concatenate(columns))
    )
    struct.zw = memory.array(np.concatenate(crosses))


def _shared_columns(dense: Array, coefficients: int, factors: Sequence[Factor]) -> NDArray[np.int64]:
    """List the dense columns that a level's rows have: coefficients, and whole levels of other factors."""
    found = (dense != 0.0).any(axis=0)
    found[:coefficients] = True
    for factor in factors[1:]:
        part = slice(factor.first, factor.first + factor.width)
        whole = found[part].reshape(factor.levels, factor.size).any(axis=1)
        found[part] = np.repeat(whole, factor.size)
    return np.flatnonzero(found)
