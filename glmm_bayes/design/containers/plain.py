"""Arrays of NumPy and lists of plain values as columns that are read like those of a data frame.

They need no library of data frames, which takes longer to import than a small model to fit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

#: How narwhals calls the kinds of arrays that are read as they are.
_DTYPES: dict[str, Any] = {
    "f": nw.Float64(),
    "i": nw.Int64(),
    "u": nw.UInt64(),
    "b": nw.Boolean(),
    "U": nw.String(),
    "O": nw.Object(),
}
#: Values that are missing if they are None or differ from themselves, and that nothing else need be known of.
_PLAIN = (bool, int, float, str, type(None), np.bool_, np.integer, np.floating, dt.date)


class ColumnValues(Protocol):
    """What is asked of a column; narwhals answers it for all data frames."""

    @property
    def dtype(self) -> Any:
        """The kind of its values, as narwhals calls it."""

    def is_null(self) -> Any:
        """Return the same as a column of booleans: where a value is missing."""

    def filter(self, chosen: Any, /) -> Any:
        """Keep the chosen rows."""

    def to_numpy(self) -> NDArray[Any]:
        """Return the values as an array."""

    def to_list(self) -> list[Any]:
        """Return the values as Python's."""


class PlainValues:
    """One array as such a column.

    Parameters
    ----------
    values : ndarray, shape (row,)
        Of a kind for which ``is_plain`` is true, or objects that were read by ``plain_list``.
    """

    def __init__(self, values: NDArray[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @property
    def dtype(self) -> Any:
        """The kind of its values, as narwhals calls it."""
        return _DTYPES[self._values.dtype.kind]

    def is_null(self) -> PlainValues:
        """Return where a value is missing."""
        values = self._values
        if values.dtype.kind == "O":
            missing = [value is None or value != value for value in values]
            return PlainValues(np.array(missing, dtype=bool))
        return PlainValues(np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool))

    def filter(self, chosen: Sequence[bool]) -> PlainValues:
        """Keep the chosen rows."""
        return PlainValues(self._values[np.array(chosen, dtype=bool)])

    def to_numpy(self) -> NDArray[Any]:
        """Return the values as an array."""
        return self._values

    def to_list(self) -> list[Any]:
        """Return the values as Python's."""
        return list(self._values.tolist())


def is_plain(values: NDArray[Any]) -> bool:
    """Tell whether an array is read as it is: one axis of numbers, booleans or texts."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    return values.ndim == 1 and kind in _DTYPES and kind != "O" and (kind != "f" or size <= 8)


def plain_list(values: Sequence[Any]) -> PlainValues | None:
    """Return a list of plain values as a column; None if there are others in it."""
    if not all(issubclass(one, _PLAIN) for one in set(map(type, values))):
        return None
    held = np.empty(len(values), dtype=object)
    held[:] = values
    return PlainValues(held)
