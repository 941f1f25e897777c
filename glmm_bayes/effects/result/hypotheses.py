"""Effects and a question about their rows in; contrasts of the rows, within each draw, out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.result.effects import Effects

#: Which pairs of rows (minuend, subtrahend) each word compares.
_PAIRS: dict[str, Callable[[int], list[tuple[int, int]]]] = {
    "reference": lambda size: [(row, 0) for row in range(1, size)],
    "sequential": lambda size: [(row, row - 1) for row in range(1, size)],
    "pairwise": lambda size: [(high, low) for low, high in combinations(range(size), 2)],
}
_OPERATIONS: dict[type[ast.operator], Callable[[Array | float, Array | float], Array | float]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_LONGEST = 1000
_DEEPEST = 50
_FORM = 'Write "pairwise", "reference" or "sequential", equations of rows such as "b2 - b1 = 0", or weights.'


def contrast_rows(effects: Effects, hypothesis: Any) -> Effects:
    """Compare rows of a result with each other, within each draw.

    Parameters
    ----------
    effects : Effects
    hypothesis : str, sequence of str or array
        ``pairwise``, ``reference`` (each row against the first) or ``sequential`` (against the one
        before): differences of rows; equations in ``b1``, ``b2``, ... for the rows in order, whose left
        side less the right is returned; or weights of the rows, shape (row,) or (row, contrast).

    Raises
    ------
    PredictionError
        ``hypothesis``.
    """
    flat = effects.flat
    if isinstance(hypothesis, str) and hypothesis in _PAIRS:
        names, values = _differences(effects, flat, _PAIRS[hypothesis](flat.shape[1]))
    elif isinstance(hypothesis, str):
        names, values = [hypothesis], _equation(hypothesis, flat)[:, None]
    elif isinstance(hypothesis, Sequence) and hypothesis and all(isinstance(one, str) for one in hypothesis):
        names = list(hypothesis)
        values = np.stack([_equation(one, flat) for one in hypothesis], axis=1)
    else:
        names, values = _weighted(hypothesis, flat)
    if np.isfinite(flat).all() and not np.isfinite(values).all():
        raise _refusal(f"{', '.join(names)} divides by zero, or is beyond the largest number, in some draws.")
    # What was compared by a ratio is now a difference of ratios, or whatever the rows' combination is.
    compared = effects.attrs.get("measure")
    measure = f"contrast of {compared}" if compared else "contrast"
    attrs = effects.attrs_of_rows(f"contrast of rows of: {effects.attrs['quantity']}", measure)
    values = values.reshape(*effects.draws.shape[:2], -1)
    return effects.of_rows(values, pd.DataFrame({"hypothesis": names}), attrs)


def _differences(effects: Effects, flat: Array, pairs: list[tuple[int, int]]) -> tuple[list[str], Array]:
    if not pairs:
        message = f"there is one row only ({effects.attrs['quantity']}): nothing to compare."
        hint = "More rows come of by= with a column, of by=False, or of more values."
        raise PredictionError(Finding("hypothesis", message, hint=hint))
    labels = _row_labels(effects.grid)
    names = [f"({labels[high]}) - ({labels[low]})" for high, low in pairs]
    return names, np.stack([flat[:, high] - flat[:, low] for high, low in pairs], axis=1)


def _row_labels(grid: pd.DataFrame) -> list[str]:
    """Name each row by the columns that tell rows apart."""
    telling = [name for name in grid.columns if grid[name].astype(str).nunique() > 1] or list(grid.columns)
    return [", ".join(str(row[name]) for name in telling) for _, row in grid.iterrows()]


def _weighted(hypothesis: Any, flat: Array) -> tuple[list[str], Array]:
    try:
        weights = np.asarray(hypothesis, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        weights = np.empty(0)
    size = flat.shape[1]
    is_shaped = weights.ndim in (1, 2) and len(weights) == size and weights.size > 0
    if not is_shaped or not np.isfinite(weights).all():
        raise _refusal(f"hypothesis must be words, equations, or weights of the {size} rows.")
    columns = weights.reshape(size, -1)
    terms = [[f"{w:+g}*b{k + 1}" for k, w in enumerate(column) if w] for column in columns.T]
    names = [" ".join(written) or "0" for written in terms]
    return names, flat @ columns


def _equation(text: str, flat: Array) -> Array:
    """Return the left side less the right one, shape (draw,)."""
    sides = text.split("=")
    if len(sides) > 2 or len(text) > _LONGEST:
        raise _refusal(f"'{text[:80]}' is not one equation.")
    left, *right = (_value(_parsed(side, text), flat, text, 0) for side in sides)
    value = left - right[0] if right else left
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (len(flat),)).copy()


def _parsed(side: str, text: str) -> ast.expr:
    try:
        return ast.parse(side.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refusal(f"'{text[:80]}' is not an equation.") from None


def _value(node: ast.expr, flat: Array, text: str, depth: int) -> Array | float:
    """Compute an expression of rows and numbers; nothing else is known."""
    if depth > _DEEPEST:
        raise _refusal(f"'{text[:80]}' is nested too deeply.")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = (_value(each, flat, text, depth + 1) for each in (node.left, node.right))
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return _OPERATIONS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = _value(node.operand, flat, text, depth + 1)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _number(node.value, text)
    if isinstance(node, ast.Name) and node.id[:1] == "b" and node.id[1:].isdecimal():
        position = int(node.id[1:])
        if 1 <= position <= flat.shape[1]:
            return flat[:, position - 1]
        raise _refusal(f"'{text[:80]}' names row {position}; there are rows b1 to b{flat.shape[1]}.")
    raise _refusal(f"'{text[:80]}' holds more than rows (b1, b2, ...), numbers and + - * / ( ).")


def _number(value: float, text: str) -> float:
    """Return a number of an equation, which a float must be able to hold."""
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise _refusal(f"'{text[:80]}' holds a number beyond the largest one.")
    return number


def _refusal(message: str) -> PredictionError:
    return PredictionError(Finding("hypothesis", message, hint=_FORM))
