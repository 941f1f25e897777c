"""Rows in, one of each pattern out: what is equal is computed once; and what may be named once only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError, value_text
from glmm_bayes.core.maths import Array


def distinct_rows(keys: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the position of the first row of each pattern, and for each row its pattern.

    Parameters
    ----------
    keys : ndarray, shape (row, column)
        Rows are of one pattern where all columns are equal; -0 equals 0.
    """
    keys = np.where(np.isnan(keys), np.nan, keys) + 0.0
    bits = np.ascontiguousarray(keys).view(np.uint64)
    # Sorting one mixture of a row's bits is much faster than sorting rows.
    _, first, pattern = np.unique(_mixed(bits), return_index=True, return_inverse=True)
    if not np.array_equal(bits, bits[first[pattern]]):
        _, first, pattern = np.unique(bits, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return first[order], rank[pattern.reshape(-1)]


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of each row to one number, different rows nearly always to different ones.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (their finalizer).
    """
    mixture = np.zeros(len(bits), np.uint64)
    for column in bits.T:
        mixture = (mixture ^ column) + np.uint64(0x9E3779B97F4A7C15)
        mixture = (mixture ^ (mixture >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixture = (mixture ^ (mixture >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixture = mixture ^ (mixture >> np.uint64(31))
    return mixture


def refuse_repeats(argument: str, names: Sequence[str | float], column: str | None = None) -> None:
    """Refuse a name or a value that an argument holds twice.

    Raises
    ------
    PredictionError
        Whose code is the argument.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        of = f" of '{column}'" if column else ""
        message = f"{argument}{of} must hold each once, found {value_text(twice)} more than once."
        raise PredictionError(Finding(argument, message, column=column or str(twice[0])))
