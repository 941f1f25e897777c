"""What the user knows about levels in (matrices, maps of neighbours, coordinates), labelled arrays out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Finding, Findings, FormulaError, shown_value, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.column import GroupLevel, python_level

#: What the numbers are.
Representation = Literal["matrix", "graph", "coordinates"]

#: Two halves of a matrix may differ by rounding only.
_SYMMETRY = 1e-8

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "matrix": "Write pd.DataFrame(K, index=labels, columns=labels).",
        "graph": "Write a data frame of two columns, a pair of neighbours in each row, "
        "or pd.DataFrame(W, index=labels, columns=labels) of zeros and ones.",
        "coordinates": "Write pd.DataFrame(points, index=labels), a level in each row.",
    }
)


@dataclass(frozen=True)
class KnownTable:
    """Numbers about labelled levels.

    Attributes
    ----------
    representation : {"matrix", "graph", "coordinates"}
    labels : tuple of str
        Levels as text; those of an interaction ``a:b`` are joined by a colon.
    values : ndarray, shape (label, label) or (label, coordinate)
    """

    representation: Representation
    labels: tuple[str, ...]
    values: Array

    def at(self, levels: Sequence[GroupLevel]) -> tuple[Array, tuple[str, ...]]:
        """Return the numbers of the given levels in their order, and the levels that it does not hold.

        A map of neighbours is returned whole, those levels first: an area without rows still joins its
        neighbours, and one that the map does not name has none.
        """
        position = {label: index for index, label in enumerate(self.labels)}
        wanted = [":".join(map(str, level)) for level in levels]
        missing = tuple(label for label in wanted if label not in position)
        chosen = [position.get(label, 0) for label in wanted]
        if self.representation == "coordinates":
            return self.values[chosen], missing
        if self.representation == "matrix":
            return self.values[np.ix_(chosen, chosen)], missing
        alone = len(self.labels)
        chosen = [position.get(label, alone) for label in wanted]
        chosen += [index for index in range(alone) if index not in set(chosen)]
        return np.pad(self.values, (0, 1))[np.ix_(chosen, chosen)], missing


def read_known(
    given: Mapping[str, Any] | None, wanted: Mapping[str, str], findings: Findings
) -> dict[str, KnownTable]:
    """Read the entries of ``known={...}`` that a formula names.

    Parameters
    ----------
    given : mapping of str to object
        A matrix is a square data frame with the levels as index and columns; a map of neighbours such a
        frame of zeros and ones, a frame of two columns with a pair of neighbours in each row, or a
        mapping of each level to its neighbours; coordinates are a frame with the levels as index, or a
        mapping of each level to its point.
    wanted : mapping of str to {"matrix", "graph", "coordinates"}
    findings : Findings
        Where what is missing, not used or not readable is collected (code ``known``).
    """
    if given is not None and not isinstance(given, Mapping):
        message = f"known must be a mapping of names to matrices, found {type(given).__name__}."
        raise FormulaError(Finding("known", message, hint='Write known={"K": K}.'))
    entries = dict(given or {})
    for name in entries:
        if name not in wanted:
            near = suggestion(str(name), wanted)
            names = f"The formula names {', '.join(wanted) or 'none'}."
            findings.error("known", f"known: the formula has no '{name}'.", hint=f"{near} {names}".strip())
    tables = {}
    for name, representation in wanted.items():
        if name not in entries:
            hint = f'Write known={{"{name}": ...}}. {_REMEDIES[representation]}'
            findings.error("known", f"the formula names '{name}', which known does not hold.", hint=hint)
            continue
        try:
            tables[name] = _READERS[representation](entries[name])
        except ValueError as error:
            findings.error("known", f"known '{name}' {error}.", hint=_REMEDIES[representation])
    return tables


def known_table(representation: Representation, labels: Sequence[str], numbers: Array) -> KnownTable:
    """Check numbers about labelled levels.

    Parameters
    ----------
    representation : {"matrix", "graph", "coordinates"}
    labels : sequence of str
    numbers : ndarray, shape (label, label) or (label, coordinate)

    Raises
    ------
    ValueError
        Goes on after the table's name: what it must be, and what was found.
    """
    _check_distinct(labels)
    if not numbers.size:
        raise ValueError("is empty")
    if not np.isfinite(numbers).all():
        raise ValueError("holds values that are missing or infinite")
    _check_size(numbers)
    if representation != "coordinates":
        _check_symmetric(numbers, labels)
        numbers = (numbers + numbers.T) / 2
    if representation == "graph" and ((numbers < 0).any() or np.diagonal(numbers).any()):
        raise ValueError("must hold weights of at least 0 and a diagonal of zeros")
    if representation == "matrix":
        for variance in np.diagonal(numbers):
            if variance > 0:
                _check_size(variance)
    return KnownTable(representation, tuple(labels), numbers)


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
    _check_distinct(labels)
    return known_table(
        representation, labels, _numbers(frame, representation)[:, [columns.index(label) for label in labels]]
    )


def _check_symmetric(numbers: Array, labels: Sequence[str]) -> None:
    gap = np.abs(numbers - numbers.T)
    if gap.max() > _SYMMETRY * np.abs(numbers).max():
        row, column = (int(index) for index in np.unravel_index(np.argmax(gap), gap.shape))
        first, second = labels[row], labels[column]
        pair = f"{numbers[row, column]:g} and {numbers[column, row]:g} between '{first}' and '{second}'"
        raise ValueError(f"must be symmetric, found {pair}")


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


def _check_distinct(labels: Sequence[str]) -> None:
    twice = sorted(label for label, count in Counter(labels).items() if count > 1)
    if twice:
        raise ValueError(f"names levels more than once ({value_text(twice)})")


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


def _check_size(numbers: Array) -> None:
    """Refuse numbers whose squares are no numbers, or 0."""
    size = float(np.abs(numbers).max(initial=0.0))
    if size > LARGEST or 0.0 < size < 1 / LARGEST:
        raise ValueError(
            f"must hold numbers between {1 / LARGEST:g} and {LARGEST:g}, found {size:g}; rescale it"
        )


_READERS: Mapping[str, Callable[[Any], KnownTable]] = MappingProxyType(
    {"matrix": _matrix, "graph": _graph, "coordinates": _coordinates}
)
