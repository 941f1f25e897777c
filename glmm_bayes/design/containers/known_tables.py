"""One object that a user gave as known about levels in, a labelled array out; data frames are read here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import shown_value, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.design.column import python_level
from glmm_bayes.design.containers.known import KnownTable, Representation, check_distinct, known_table


def _matrix(value: Any) -> KnownTable:
    return _square(value, "matrix")


def _graph(value: Any) -> KnownTable:
    if isinstance(value, Mapping):
        value = pd.DataFrame([(area, other) for area, near in value.items() for other in _several(near)])
    if isinstance(value, pd.DataFrame) and value.shape[1] == 2 and not _has_labels(value):
        return _edges(value)
    return _square(value, "graph")


def _several(near: Any) -> Sequence[Any]:
    if isinstance(near, str) or not isinstance(near, list | tuple | set | frozenset | np.ndarray):
        raise ValueError(f"must give a list of neighbours for each level, found {shown_value(near)}")
    return list(near)


def _edges(frame: pd.DataFrame) -> KnownTable:
    if frame.isna().to_numpy().any():
        raise ValueError("has a pair with a missing neighbour")
    pairs = [(str(first), str(second)) for first, second in frame.itertuples(index=False)]
    alone = [first for first, second in pairs if first == second]
    if alone:
        raise ValueError(f"names levels as their own neighbours ({value_text(alone)})")
    labels = sorted({label for pair in pairs for label in pair})
    position = {label: index for index, label in enumerate(labels)}
    values = np.zeros((len(labels), len(labels)))
    for first, second in pairs:
        values[position[first], position[second]] = values[position[second], position[first]] = 1.0
    return known_table("graph", labels, values)


def _square(value: Any, representation: Representation) -> KnownTable:
    # Numbered from 0 on both sides: levels 0 to n - 1, or another message says what is missing.
    is_numbered = isinstance(value, pd.DataFrame) and value.index.equals(value.columns) and len(value) > 0
    frame = value if is_numbered else _frame(value)
    labels, columns = _texts(frame.index), _texts(frame.columns)
    if sorted(labels) != sorted(columns):
        raise ValueError("must have the same levels as index and as columns")
    check_distinct(labels)
    return known_table(
        representation, labels, _numbers(frame, representation)[:, [columns.index(label) for label in labels]]
    )


def _coordinates(value: Any) -> KnownTable:
    if isinstance(value, Mapping):
        if len({np.size(point) for point in value.values()}) > 1:
            raise ValueError("must give points of one length")
        value = pd.DataFrame.from_dict(dict(value), orient="index")
    frame = _frame(value)
    return known_table("coordinates", _texts(frame.index), _numbers(frame, "coordinates"))


def _texts(labels: Any) -> list[str]:
    """Write labels as the levels of data are written: 1.0 is 1."""
    return [str(python_level(label)) for label in labels]


def _has_labels(frame: pd.DataFrame) -> bool:
    """Tell whether a frame is a square table of labelled levels."""
    return not isinstance(frame.index, pd.RangeIndex) and set(_texts(frame.index)) == set(
        _texts(frame.columns)
    )


def _frame(value: Any) -> pd.DataFrame:
    frame = value.to_pandas() if hasattr(value, "to_pandas") else value
    if isinstance(frame, pd.DataFrame) and frame.empty:
        raise ValueError("is empty")
    if not isinstance(frame, pd.DataFrame) or frame.index.equals(pd.RangeIndex(len(frame))):
        description = (
            "a data frame without labels" if isinstance(frame, pd.DataFrame) else type(value).__name__
        )
        raise ValueError(f"must say which level each row is, found {description}")
    return frame


def _numbers(frame: pd.DataFrame, representation: Representation) -> Array:
    """Return the numbers of a frame; True and False are numbers where they say who are neighbours."""
    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    others = [column for column in columns if not pd.api.types.is_numeric_dtype(column.dtype)]
    if any(isinstance(value, str | bytes) for column in others for value in column):
        raise ValueError("must hold numbers only, found text")
    if any(
        _holds(column, pd.api.types.is_complex_dtype, (complex, np.complexfloating)) for column in columns
    ):
        raise ValueError("must hold numbers only, found complex ones")
    if representation != "graph" and any(
        _holds(column, pd.api.types.is_bool_dtype, (bool, np.bool_)) for column in columns
    ):
        raise ValueError("must hold numbers only, found True and False")
    try:
        return frame.to_numpy(dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must hold numbers only") from None


def _holds(column: pd.Series[Any], is_of: Callable[[Any], bool], types: tuple[type, ...]) -> bool:
    """Tell whether a column is of a kind, or holds values of it among others."""
    if pd.api.types.is_object_dtype(column.dtype):
        return any(isinstance(value, types) for value in column)
    return is_of(column.dtype)


READERS: Mapping[str, Callable[[Any], KnownTable]] = MappingProxyType(
    {"matrix": _matrix, "graph": _graph, "coordinates": _coordinates}
)
