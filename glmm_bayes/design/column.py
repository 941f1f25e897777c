"""One typed column, and how its numbers, booleans and dates become labels without loss."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Finding, row_text, value_text
from glmm_bayes.design.spellings import affix, is_number, is_plain_number, is_stand_in

Level = str | int | bool
#: What the values of a column are.
DataType = Literal["number", "boolean", "label", "date"]
#: A level of a grouping factor: one label for each of its columns.
GroupLevel = tuple[Level, ...]

#: Texts are numbers if this share of their rows, and as many different ones, spell numbers.
_SHARE_OF_NUMBERS, _DISTINCT_NUMBERS = 0.9, 10
_DAY_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
#: Above it a float no longer tells neighbouring whole numbers apart.
EXACT = 2**53
#: Whole numbers are counted rather than sorted where they span at most so many times the rows.
_DENSE = 8
#: So many levels may be unused, however few rows there are; and so many for each row.
_UNUSED, _UNUSED_A_ROW = 100_000, 10


@dataclass(frozen=True)
class Column:
    """One column of the data.

    Attributes
    ----------
    name : str
    data_type : {"number", "boolean", "label", "date"}
    values : ndarray, shape (row,)
        Numbers (float64 or int64), booleans, int64 nanoseconds since 1970-01-01 (UTC) for dates, or
        int64 codes into ``levels`` for labels.
    levels : tuple
        Labels in their declared order, else sorted; empty for numbers and dates.
    ordered : bool
        True if the user declared an order of the levels.
    declared : bool
        True if the levels are the user's (a categorical), False if they were found.
    identifier : bool
        True for labels that name and do not measure: UUIDs, bytes, whole numbers beyond 2**53. They
        can group rows but not predict.
    zoned : bool
        True for dates that came with a time zone: their values are in UTC, where a day may be another one.
    """

    name: str
    data_type: DataType
    values: NDArray[Any]
    levels: tuple[Level, ...] = ()
    ordered: bool = False
    declared: bool = False
    identifier: bool = False
    zoned: bool = False

    def take(self, rows: NDArray[Any]) -> Column:
        """Keep the given rows (a mask or positions)."""
        return replace(self, values=self.values[rows])


def too_many_unused(column: Column) -> int:
    """Count the levels that no row has, where they are far more than the rows; else 0.

    A categorical of a filtered frame may keep the levels of the whole one; each costs memory and space in
    files for nothing.
    """
    if column.data_type != "label" or len(column.levels) <= _UNUSED:
        return 0
    unused = len(column.levels) - len(np.unique(column.values))
    return unused if unused > max(_UNUSED, _UNUSED_A_ROW * len(column.values)) else 0


def unlike_read(column: Column) -> str:
    """Say what about a column's levels no container's column is read as; empty if all is well."""
    flags = (column.ordered, column.declared, column.identifier)
    if column.data_type != "label":
        levels = (False, True) if column.data_type == "boolean" else ()
        # True is 1 in Python.
        same = column.levels == levels and all(isinstance(level, bool) for level in column.levels)
        return "" if same and not any(flags) else f"levels of a column that is a {column.data_type}"
    if column.declared:
        alike = len(set(map(str, column.levels))) < len(column.levels)
        return "levels that are spelled alike" if alike else "declared identifiers" * column.identifier
    if column.ordered or set(map(type, column.levels)) not in ({str}, {int}):
        return "an order or mixed types of levels that nobody declared"
    if {int} == set(map(type, column.levels)) and not column.identifier:
        return "numbers as labels that nobody declared"
    texts = [level for level in column.levels if isinstance(level, str)]
    numbers = [level for level in column.levels if isinstance(level, int)]
    ascend = texts == sorted(set(texts)) and numbers == sorted(set(numbers))
    return "" if ascend else "levels that nobody declared, out of their order"


def as_labels(column: Column, rows: NDArray[Any] | None = None) -> Column:
    """Turn whole numbers, booleans or dates into labels, sorted by value, without loss.

    Parameters
    ----------
    column : Column
    rows : ndarray, optional
        Row labels, for the message.

    Raises
    ------
    DataError
        ``column_type`` if a number is not whole or at least 2**53, where floats stop being exact.
    """
    if column.data_type == "label":
        return column
    values = column.values
    if values.dtype == np.float64:
        bad = (values != np.floor(values)) | (np.abs(values) >= EXACT)
        if bad.any():
            what = "fractions" if (values != np.floor(values)).any() else "numbers beyond 2**53"
            message = (
                f"column '{column.name}' is float64 with {what}; levels must be whole numbers or labels."
            )
            hint = f'Write data["{column.name}"].astype(str) if labels are meant.'
            where = () if rows is None else tuple(rows[bad].tolist())
            if where:
                examples = f" ({row_text(where)}: {value_text(values[bad].tolist())})"
                message = message.replace(";", f"{examples};", 1)
            raise DataError(Finding("column_type", message, column=column.name, rows=where, hint=hint))
        values = values.astype(np.int64)
    codes, distinct = distinct_values(values)
    shown = date_text if column.data_type == "date" else python_level
    return Column(column.name, "label", codes, tuple(shown(value) for value in distinct.tolist()))


def distinct_values(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give each value the position of its own among the distinct ones, which are sorted."""
    # Sorting the few distinct values alone; NumPy would sort all rows.
    if values.dtype.kind == "O":
        listed = values.tolist()
        uniques = sorted(dict.fromkeys(listed))
        positions = {value: position for position, value in enumerate(uniques)}
        distinct = np.empty(len(uniques), object)
        distinct[:] = uniques
        return np.fromiter(map(positions.__getitem__, listed), np.int64, len(listed)), distinct
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    if values.dtype.kind in "iu" and int(high) - int(low) < _DENSE * len(values):
        places = (values - low).astype(np.int64)
        occurs = np.zeros(int(high) - int(low) + 1, np.bool_)
        occurs[places] = True
        return (np.cumsum(occurs) - 1)[places], np.flatnonzero(occurs).astype(values.dtype) + low
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), distinct


def python_level(value: Any) -> Level:
    """Turn a value into the Python label that JSON can hold."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return int(value)
    return str(value)


def dates_of(column: Column) -> NDArray[np.int64] | None:
    """Read texts that are all days, as ``2020-01-31``, as nanoseconds since 1970; None if one is not."""
    if column.data_type != "label" or not all(
        isinstance(level, str) and _DAY_TEXT.match(level) for level in column.levels
    ):
        return None
    try:
        days = np.array([np.datetime64(str(level), "D") for level in column.levels], "M8[D]")
    except ValueError:
        return None
    return np.asarray(days.astype("M8[ns]").astype(np.int64)[column.values])


def date_text(nanoseconds: int) -> str:
    """Write nanoseconds since 1970 as ``2020-01-31``; with the time of day if not midnight."""
    day, time = str(np.datetime64(nanoseconds, "ns")).split("T")
    clock, fraction = time.split(".")
    digits = fraction.rstrip("0")
    if digits:
        return f"{day}T{clock}.{digits}"
    return day if clock == "00:00:00" else f"{day}T{clock}"


def looks_like_numbers(column: Column) -> bool:
    """Tell whether all labels are texts that spell numbers ("1", "2", "10"; also "inf" and "nan")."""
    levels = column.levels
    if levels and all(_is(is_number, level) or _is_no_finite(level) for level in levels):
        return True
    return bool(column.values.size) and bool(rows_of_numbers(column).all())


def rows_of_numbers(column: Column) -> NDArray[np.bool_]:
    """Mark the rows that spell numbers in a column of texts that are meant as numbers.

    Parameters
    ----------
    column : Column

    Returns
    -------
    ndarray of bool, shape (row,)
        All False where the texts are labels: fewer than ten different ones spell numbers, or others stand in
        more than one row in ten and are not all words for a missing value; or where somebody declared them
        to be categories.
    """
    none = np.zeros(len(column.values), bool)
    if column.data_type != "label" or column.declared or column.identifier or not column.levels:
        return none
    for spells in _spellings(column):
        numbers: NDArray[np.bool_] = spells[column.values]
        if len(np.unique(column.values[numbers])) >= _DISTINCT_NUMBERS and (
            numbers.sum() >= _SHARE_OF_NUMBERS * len(numbers) or _are_missing(column, ~numbers)
        ):
            return numbers
    return none


def _spellings(column: Column) -> Iterator[NDArray[np.bool_]]:
    """Mark the levels that are numbers: plainly, in any writing, and with the affix that most rows have."""
    yield np.array([_is(is_plain_number, level) for level in column.levels], bool)
    written = np.array([_is(is_number, level) for level in column.levels], bool)
    yield written
    affixes = [
        "" if is_one else affix(str(level)) for level, is_one in zip(column.levels, written, strict=True)
    ]
    distinct = {word: position for position, word in enumerate(dict.fromkeys(affixes))}
    codes = np.array([distinct[word] for word in affixes], np.int64)
    counts = np.bincount(codes[column.values], minlength=len(distinct))
    if "" in distinct:
        counts[distinct[""]] = 0
    if counts.any():
        yield written | (codes == np.argmax(counts))


def _are_missing(column: Column, rows: NDArray[np.bool_]) -> bool:
    return all(_is(is_stand_in, column.levels[code]) for code in np.unique(column.values[rows]))


@dataclass(frozen=True)
class Stray:
    """Words among texts that are numbers otherwise: "4O" among 200 ages.

    Attributes
    ----------
    clause : str
        What the column holds; empty where there is no such word.
    rows : tuple
        Labels of their rows.
    remedy : str
    """

    clause: str = ""
    rows: tuple[Any, ...] = ()
    remedy: str = ""


def stray_words(column: Column, rows: NDArray[Any]) -> Stray:
    """Name the stray words of a column, their rows and what to do with them."""
    numbers = rows_of_numbers(column)
    where = tuple(rows[~numbers].tolist())
    if not where or len(where) == len(numbers):
        return Stray()
    others = value_text([f"'{column.levels[code]}'" for code in column.values[~numbers].tolist()])
    clause = f"holds {int(numbers.sum())} numbers as text, and others ({row_text(where)}: {others})"
    if _are_missing(column, ~numbers):
        return Stray(
            clause, where, "Make these rows missing (None) if that is meant, and convert it to numbers."
        )
    return Stray(clause, where, "Correct these rows and convert it to numbers.")


def no_numbers(column: Column, rows: NDArray[Any]) -> tuple[Any, ...]:
    """List the rows of a column of labels that spell no number; none where no row does."""
    spells = np.array([_is(is_number, level) for level in column.levels], bool)
    return tuple(rows[~spells[column.values]].tolist()) if spells.any() else ()


def _is(spelt: Callable[[str], bool], level: Level) -> bool:
    return isinstance(level, str) and spelt(level)


def _is_no_finite(level: Level) -> bool:
    return isinstance(level, str) and level.strip().lower().lstrip("+-") in ("nan", "inf", "infinity")


def nearest_level(level: Level, levels: Sequence[Level]) -> str:
    """Suggest the known level that is nearest in spelling."""
    near = difflib.get_close_matches(str(level), [str(known) for known in levels], n=1)
    return f"Did you mean '{near[0]}'?" if near else ""
