"""Where each variable of a posterior may lie, and which draws lie elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Findings
from glmm_bayes.core.maths import Array

Mask = NDArray[np.bool_]

#: What rounding in single precision may put a probability or a correlation past its end.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Condition:
    """What must hold of each draw.

    Attributes
    ----------
    requirement : str
        As a sentence goes on after the variable's name.
    fails : callable
        Takes draws, shape (draw, ...), to those for which it does not hold.
    """

    requirement: str
    fails: Callable[[Array], Mask]


#: What must hold of a variable, in the order in which it is asked; nothing of one that may be any number.
Support = tuple[Condition, ...]


def _any(wrong: NDArray[np.bool_]) -> Mask:
    return np.asarray(wrong.reshape(len(wrong), -1).any(axis=1))


def _past_unit(x: Array) -> Mask:
    return _any((x < -TOLERANCE) | (x > 1.0 + TOLERANCE))


def _no_simplex(x: Array) -> Mask:
    return _past_unit(x) | (np.abs(x.sum(axis=-1) - 1.0) > TOLERANCE)


def _other_diagonal(x: Array) -> Mask:
    return _any(np.abs(np.diagonal(x, axis1=-2, axis2=-1) - 1.0) > TOLERANCE)


def _asymmetric(x: Array) -> Mask:
    return _any(np.abs(x - np.swapaxes(x, -2, -1)) > TOLERANCE)


def _smallest_root(x: Array) -> Array:
    return np.asarray(np.linalg.eigvalsh(x)[:, 0])


ANY: Support = ()
#: Of draws made elsewhere: sums of squares of larger numbers leave the range of a float.
FITTING: Support = (
    Condition(f"must lie between -{LARGEST:g} and {LARGEST:g}", lambda x: _any(np.abs(x) > LARGEST)),
)
NOT_NEGATIVE: Support = (Condition("must not be negative", lambda x: _any(x < 0.0)),)
UNIT: Support = (Condition("must lie between 0 and 1", _past_unit),)
ABOVE_TWO: Support = (Condition("must be at least 2", lambda x: _any(x < 2.0)),)
ASCENDING: Support = (Condition("must ascend", lambda x: _any(np.diff(x) < 0.0)),)
SIMPLEX: Support = (Condition("must be shares that add up to 1", _no_simplex),)
#: Each entry adds its rounding to the smallest eigenvalue.
CORRELATION: Support = (
    Condition("must have 1 on their diagonal, as correlations do", _other_diagonal),
    Condition("must be correlations, between -1 and 1", lambda x: _any(np.abs(x) > 1.0 + TOLERANCE)),
    Condition("must be symmetric, as correlations are", _asymmetric),
    Condition(
        "must be positive semi-definite, as correlations are",
        lambda x: _smallest_root(x) < -TOLERANCE * x.shape[-1],
    ),
)
#: Residuals have no density under correlations of exactly 1.
DEFINITE: Support = (
    *CORRELATION,
    Condition("must be positive definite, or residuals have no density", lambda x: _smallest_root(x) <= 0.0),
)
#: A value inside each support, by the shape of the variable.
_INSIDE: Mapping[Support, Callable[[tuple[int, ...]], Array]] = {
    ANY: np.zeros,
    NOT_NEGATIVE: np.ones,
    UNIT: lambda shape: np.full(shape, 0.5),
    ABOVE_TWO: lambda shape: np.full(shape, 4.0),
    ASCENDING: lambda shape: np.arange(float(shape[0])),
    SIMPLEX: lambda shape: np.full(shape, 1.0 / shape[0]),
    CORRELATION: lambda shape: np.eye(shape[0]),
    DEFINITE: lambda shape: np.eye(shape[0]),
}
#: By the word for the support of a variable of the posterior.
SUPPORTS: Mapping[str, Support] = {
    "real": ANY,
    "positive": NOT_NEGATIVE,
    "unit": UNIT,
    "above_two": ABOVE_TWO,
    "ascending": ASCENDING,
    "simplex": SIMPLEX,
    "correlation": CORRELATION,
    "definite": DEFINITE,
}


def inside(support: Support, shape: tuple[int, ...]) -> Array:
    """Return a value of one draw that lies inside a support, away from its ends."""
    return _INSIDE[support](shape)


def check_support(name: str, array: Array, support: Support, findings: Findings) -> None:
    """Collect the first condition that draws do not meet, with the first of them; gaps are left alone.

    Parameters
    ----------
    name : str
    array : ndarray, shape (chain, draw, ...)
    support : Support
    findings : Findings
    """
    complete = _complete_draws(array)
    for condition in support:
        wrong = np.zeros(complete.shape, np.bool_)
        wrong[complete] = condition.fails(array[complete])
        if wrong.any():
            message = f"draws of '{name}' {condition.requirement}: {_first_of(array, wrong)}."
            findings.error("draws_values", message)
            return


def gaps_of(array: Array) -> str:
    """Name the draws that are not finite; empty if all are."""
    gaps = ~_complete_draws(array)
    return _first_of(array, gaps) if gaps.any() else ""


def _complete_draws(array: Array) -> Mask:
    return np.asarray(np.isfinite(array).all(axis=tuple(range(2, array.ndim))))


def _first_of(array: Array, wrong: Mask) -> str:
    """Show the first of some draws, and count the others."""
    chain, draw = np.argwhere(wrong)[0]
    text = np.array2string(array[chain, draw], precision=6, threshold=9, separator=", ")
    more = int(wrong.sum()) - 1
    description = f"found {' '.join(text.split())} in draw {draw} of chain {chain}"
    return f"{description} (+{more} more)" if more else description


def real_numbers(name: str, value: Any, findings: Findings) -> Array | None:
    """Return draws as floats, or collect why they are no real numbers."""
    try:
        array = np.asanyarray(value)
        fault = _KINDS.get(array.dtype.kind, "" if array.dtype.kind in "iuf" else str(array.dtype))
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        array, fault = np.zeros(0), f"what is no array ({str(error).partition('.')[0]})"
    if array.dtype.kind == "O" and array.ndim == 0:
        fault = "None" if value is None else f"a {type(value).__name__}"
    if not fault and np.ma.is_masked(array):
        fault = "masked values"
    if fault:
        message = f"draws of '{name}' must be real numbers of the shape (chain, draw, ...), found {fault}."
        findings.error("draws_values", message)
        return None
    # Sums over draws depend on the memory order in their last bit; files keep one order.
    return np.ascontiguousarray(array, np.float64)


_KINDS = {
    "b": "booleans",
    "c": "complex numbers",
    "O": "objects",
    "S": "bytes",
    "U": "texts",
    "T": "texts",
    "M": "dates",
    "m": "durations",
}
