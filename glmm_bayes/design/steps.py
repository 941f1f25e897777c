"""Steps of monotonic effects among the columns: what they are made of, and which no row tells apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.design.columns import STEP, DesignColumn, Part


def is_step(column: DesignColumn) -> bool:
    """Tell whether a column is a step of a monotonic effect, or a product with one."""
    return any(part.coding == STEP for part in column.factors)


def without_step(column: DesignColumn) -> tuple[Part, ...]:
    """Return what a step is multiplied with."""
    return tuple(part for part in column.factors if part.coding != STEP)


def step_of(column: DesignColumn) -> Part:
    """Return the step of a column that has one."""
    return next(part for part in column.factors if part.coding == STEP)


def untold_steps(columns: Sequence[DesignColumn], x: NDArray[np.float64]) -> set[int]:
    """Return positions of steps that no row tells apart from an earlier one of the same effect or from none.

    The prior of the simplex divides the effect over them: levels between observed ones are no fault.
    """
    earlier: dict[tuple[object, tuple[Part, ...]], list[int]] = {}
    result = set()
    for position in (position for position, column in enumerate(columns) if is_step(column)):
        column = columns[position]
        known = earlier.setdefault((column.term, without_step(column)), [])
        if known and any((x[:, position] == other).all() for other in (0.0, *x[:, known].T)):
            result.add(position)
        known.append(position)
    return result
