"""Rows in, one of each kind out: what is equal is computed once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
