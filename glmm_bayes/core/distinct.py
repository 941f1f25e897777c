"""Rows in, one of each kind out: what is equal is computed once; and what may be named once only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError, value_text

Array = NDArray[np.float64]


def distinct_rows(keys: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the position of the first row of each kind, and for each row its kind.

    Parameters
    ----------
    keys : ndarray, shape (row, column)
        Rows are of one kind where all columns are equal; -0 equals 0.
    """
    kind = np.zeros(len(keys), np.int64)
    for column in keys.T:
        # Hashing column by column is much faster than sorting rows.
        codes, values = pd.factorize(column + 0.0, use_na_sentinel=False)
        kind = pd.factorize(kind * len(values) + codes)[0]
    first = np.unique(kind, return_index=True)[1]
    return first, kind


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
