"""Rows in, rows a derivative to each side of them out: every column differentiated at its own value.

The columns of the design are differentiated numerically, once; all that is computed of them is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.core.errors import Finding, GlmmError, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand.rows import Rows

#: Steps of the differences, as shares of the row's value or the column's spread; the best one is kept.
_STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
_LEAST_SHARE = 1e-3
_ENOUGH = 1e-12
#: Weights of f(x + kh) - f(x - kh), k = 1, 2, 3: orders six and four.
SIXTH = np.array([45.0, -9.0, 1.0]) / 60.0
FOURTH = np.array([8.0, -1.0, 0.0]) / 12.0

#: Builds the rows' designs with the variable at other values.
Builder = Callable[[Array], Rows]


@dataclass(frozen=True)
class Sides:
    """Rows on both sides of each row, one derivative away, and how exact the derivatives are."""

    plus: Rows
    minus: Rows
    error: float


def sides_of(rows: Rows, build: Builder, variable: str, x: Array) -> Sides:
    """Differentiate every column of the designs by the variable, at each row's own value ``x``.

    Raises
    ------
    PredictionError
        ``slope`` if the rows near the rows have no design.
    """
    best: list[Array] = []
    errors: list[Array] = []
    for step in _STEPS:
        try:
            differences = _differences(x, step, build)
        except GlmmError as error:
            refusal = error
            continue
        best, errors = _better(best, errors, *differences)
        if max((float(part.max(initial=0.0)) for part in errors), default=0.0) <= _ENOUGH:
            break
    if not best:
        message = f"the model reads '{variable}' in a way that has no slope ({refusal.findings[0].message})"
        raise PredictionError(Finding("slope", message, column=variable, hint="Use gb.comparisons."))
    largest = max((float(part.max(initial=0.0)) for part in errors), default=0.0)
    return Sides(_moved(rows, best, 1.0), _moved(rows, best, -1.0), largest)


def _arrays(rows: Rows) -> list[Array]:
    """Return all columns that differ with a variable, those of one design after the other."""
    result = []
    for design in rows.designs.values():
        result += [design.x, design.offset[:, None]]
        for group in design.groups:
            result += [group.z, group.weights]
    return result


def _differences(x: Array, step: float, build: Builder) -> tuple[list[Array], list[Array]]:
    """Return derivatives of order six, and how far those of order four are from them."""
    spread = float(x.std()) or float(np.abs(x).max()) or 1.0
    near = np.where(x == 0.0, spread, np.minimum(np.abs(x), spread))
    h = step * np.maximum(near, _LEAST_SHARE * spread)
    pairs = []
    for k in (1, 2, 3):
        high, low = x + k * h, x - k * h
        pairs.append((_arrays(build(high)), _arrays(build(low))))
    derivatives, errors = [], []
    for sides in zip(*(zip(high, low, strict=True) for high, low in pairs), strict=True):
        gaps = np.stack([high - low for high, low in sides], axis=-1) / h[:, None, None]
        derivative = gaps @ SIXTH
        rounding = np.finfo(float).eps * np.stack([np.abs(high) for high, _ in sides]).max(axis=0)
        scale = np.maximum(np.abs(derivative), 1.0 / spread)
        derivatives.append(derivative)
        errors.append((np.abs(gaps @ FOURTH - derivative) + rounding / h[:, None]) / scale)
    return derivatives, errors


def _better(
    best: list[Array], errors: list[Array], derivatives: list[Array], worse: list[Array]
) -> tuple[list[Array], list[Array]]:
    """Keep of each number the one with the smaller error."""
    if not best:
        return derivatives, worse
    closer = [new < old for new, old in zip(worse, errors, strict=True)]
    kept = [np.where(c, new, old) for c, new, old in zip(closer, derivatives, best, strict=True)]
    return kept, [np.minimum(new, old) for new, old in zip(worse, errors, strict=True)]


def _moved(rows: Rows, derivatives: Sequence[Array], sign: float) -> Rows:
    """Return the rows with their columns moved by the derivatives."""
    columns = iter(derivatives)
    designs = {name: _moved_design(design, columns, sign) for name, design in rows.designs.items()}
    return Rows(designs, rows.table, rows.outcome)


def _moved_design(design: Design, columns: Iterator[Array], sign: float) -> Design:
    x, offset = design.x + sign * next(columns), design.offset + sign * next(columns)[:, 0]
    groups = tuple(_moved_group(group, columns, sign) for group in design.groups)
    return replace(design, x=x, offset=offset, groups=groups)


def _moved_group(group: GroupDesign, columns: Iterator[Array], sign: float) -> GroupDesign:
    z, weights = next(columns), next(columns)
    if np.abs(weights).max(initial=0.0) > 0.0:
        message = f"the weights of '{group.factor}' change with the variable."
        raise PredictionError(Finding("slope", message, hint="Use gb.comparisons."))
    return replace(group, z=group.z + sign * z)
