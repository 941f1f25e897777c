"""One column of a container in, a typed Column out: exact, or refused with what to write instead."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.design.column import EXACT, Column, Level, distinct_values, python_level
from glmm_bayes.design.containers.plain import ColumnValues

Mask = NDArray[np.bool_]

_INT64 = np.iinfo(np.int64)
_NANOSECONDS = {"ns": 1, "us": 1_000}
#: Python's own types, the narrower first, and how a column of them is read.
_PYTHON_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool, np.bool_), "boolean"),
    ((int, np.integer, float, np.floating, Decimal), "number"),
    ((str,), "text"),
    ((UUID, bytes), "identifier"),
    ((dt.date, np.datetime64), "date"),
    ((dt.timedelta, np.timedelta64), "duration"),
    ((complex, np.complexfloating), "complex"),
    ((list, tuple, dict, set, np.ndarray), "nested"),
)
_REMEDIES: Mapping[str, str] = {
    "duration": 'Write data["{name}"].dt.total_seconds() / 86400 for days.',
    "complex": "Give its real and imaginary parts as two columns.",
    "nested": "Give each part a column of its own.",
    "other": 'Write data["{name}"].astype(str) if labels are meant.',
}


def read_column(
    series: ColumnValues, name: str, rows: NDArray[Any], findings: Findings
) -> tuple[Column, Mask]:
    """Read a column and where it misses values; what stands in the gaps has no meaning.

    Parameters
    ----------
    series : narwhals.Series or PlainValues
    name : str
        What the formula calls it.
    rows : ndarray
        Labels of the rows, for messages.
    findings : Findings
        Where a column that cannot be used is told, as ``column_type``.
    """
    if signalling := _signalling(series):
        where = tuple(rows[signalling].tolist())
        message = f"column '{name}' holds signalling NaNs ({row_text(where)})."
        findings.error("column_type", message, column=name, rows=where, hint="Make them None.")
        return _stand_in(name, len(rows)), np.zeros(len(rows), bool)
    gaps = series.is_null().to_numpy().astype(bool)
    if isinstance(series.dtype, nw.Categorical | nw.Enum):
        return _categorical(series, name, rows, findings), gaps
    # Without the gaps: NumPy has no whole number and no boolean for them.
    present = series.filter((~gaps).tolist()) if gaps.any() else series
    column = _spread(_present(present, name, rows[~gaps] if gaps.any() else rows, findings), gaps)
    return column, gaps | np.isnan(column.values) if column.values.dtype == np.float64 else gaps


def _signalling(series: ColumnValues) -> list[int]:
    """List the positions of Decimals that no comparison can look at."""
    if series.dtype != nw.Object:
        return []
    return [at for at, value in enumerate(series.to_list()) if isinstance(value, Decimal) and value.is_snan()]


def _present(series: ColumnValues, name: str, rows: NDArray[Any], findings: Findings) -> Column:
    dtype = series.dtype
    if dtype in (nw.Float64, nw.Float32, nw.Float16):
        return Column(name, "number", np.array(series.to_numpy(), dtype=np.float64))
    if dtype.is_integer() and dtype not in (nw.Int128, nw.UInt128):
        return _whole(name, series.to_numpy())
    if dtype == nw.Boolean:
        return Column(name, "boolean", np.array(series.to_numpy(), dtype=bool), (False, True))
    if dtype == nw.String:
        return _texts(name, series.to_numpy())
    if isinstance(dtype, nw.Date | nw.Datetime):
        return _dates(name, series, rows, findings)
    return _python_values(name, series.to_list(), rows, findings)


def _spread(column: Column, gaps: Mask) -> Column:
    """Put the present values back between the gaps."""
    if not gaps.any():
        return column
    values = np.zeros(len(gaps), column.values.dtype)
    values[~gaps] = column.values
    return Column(column.name, column.data_type, values, column.levels, identifier=column.identifier)


def _whole(name: str, values: NDArray[Any]) -> Column:
    """Keep whole numbers exact: as numbers, or as labels where a float could not hold them."""
    if values.size and (int(values.max()) > EXACT or int(values.min()) < -EXACT):
        codes, distinct = distinct_values(values)
        levels = tuple(int(value) for value in distinct.tolist())
        return Column(name, "label", codes, levels, identifier=True)
    return Column(name, "number", np.array(values, dtype=np.int64))


def _texts(name: str, values: NDArray[Any]) -> Column:
    codes, distinct = distinct_values(values.astype(object))
    # Python's order of texts is that of their code points.
    texts = [str(text) for text in distinct.tolist()]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return Column(name, "label", rank[codes], tuple(texts[position] for position in order))


def _categorical(series: Any, name: str, rows: NDArray[Any], findings: Findings) -> Column:
    native, ordered = series.to_native(), True
    if series.implementation.is_polars():
        if not isinstance(series.dtype, nw.Enum):
            # Its categories are those of the whole process, in no order that anybody declared.
            read = read_column(series.cast(nw.String), name, rows, findings)[0]
            return replace(read, declared=True)
        codes, categories = native.to_physical().fill_null(0).to_numpy(), series.dtype.categories
    elif hasattr(getattr(native, "cat", None), "codes"):
        codes, categories, ordered = native.cat.codes.to_numpy(), native.cat.categories, native.cat.ordered
    else:
        arrow = native.array.__arrow_array__() if hasattr(native, "array") else native
        unified = arrow.unify_dictionaries().combine_chunks()
        codes = unified.indices.fill_null(0).to_numpy(zero_copy_only=False)
        categories, ordered = unified.dictionary.to_pylist(), unified.type.ordered
    levels = tuple(python_level(value) for value in categories)
    if any(value is None for value in categories):
        message = f"column '{name}' has a null among its categories."
        hint = f'Write data["{name}"].dictionary_decode().'
        findings.error("column_type", message, column=name, hint=hint)
    _check_spelling(name, levels, findings)
    return Column(name, "label", np.maximum(codes.astype(np.int64), 0), levels, bool(ordered), declared=True)


def _check_spelling(name: str, levels: Sequence[Level], findings: Findings) -> None:
    texts = [str(level) for level in levels]
    if len(set(texts)) < len(texts):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        message = f"levels of '{name}' are spelled alike: {value_text(twice)}."
        findings.error("column_type", message, column=name, hint="Rename one.")


def _dates(name: str, present: Any, rows: NDArray[Any], findings: Findings) -> Column:
    unit = "ns" if getattr(present.dtype, "time_unit", "us") == "ns" else "us"
    counts = present.dt.timestamp(unit).to_numpy().astype(np.int64)
    read = _moments(name, counts, _NANOSECONDS[unit], rows, findings)
    return replace(read, zoned=getattr(present.dtype, "time_zone", None) is not None)


def _moments(
    name: str, counts: NDArray[np.int64], nanoseconds: int, rows: NDArray[Any], findings: Findings
) -> Column:
    limit = _INT64.max // nanoseconds
    outside = (counts > limit) | (counts < -limit)
    if outside.any():
        where = tuple(rows[outside].tolist())
        message = f"column '{name}': {len(where)} dates outside the years 1678 to 2261 ({row_text(where)})."
        findings.error("column_type", message, column=name, rows=where, hint="Give them as numbers.")
        counts = np.zeros_like(counts)
    return Column(name, "date", counts * nanoseconds)


def _python_values(name: str, values: list[Any], rows: NDArray[Any], findings: Findings) -> Column:
    data_types = {python_type: _python_data_type(python_type) for python_type in set(map(type, values))}
    distinct = set(data_types.values())
    if len(distinct) > 1:
        counts = Counter(data_types[type(value)] for value in values)
        # The few among the many are told; of as many, those that are no text.
        expected = max(counts, key=lambda data_type: (counts[data_type], data_type == "text"))
        wrong = [at for at, value in enumerate(values) if data_types[type(value)] != expected]
        where, stray = tuple(rows[wrong].tolist()), type(values[wrong[0]]).__name__
        message = f"column '{name}' is mixed: {stray} in {row_text(where)}."
        hint = _REMEDIES["other"].format(name=name)
        findings.error("column_type", message, column=name, rows=where, hint=hint)
        return _stand_in(name, len(values))
    data_type = next(iter(distinct), "text")
    if data_type in _READERS:
        return _READERS[data_type](name, values, rows, findings)
    message = f"column '{name}' holds {type(values[0]).__name__}; it must hold numbers or labels."
    findings.error("column_type", message, column=name, hint=_REMEDIES[data_type].format(name=name))
    return _stand_in(name, len(values))


def _python_data_type(python_type: type) -> str:
    return next((word for types, word in _PYTHON_KINDS if issubclass(python_type, types)), "other")


def _stand_in(name: str, size: int) -> Column:
    """Return a column that is never looked at: an error is on its way."""
    return Column(name, "label", np.zeros(size, np.int64), ("",))


def _python_booleans(name: str, values: list[Any], rows: NDArray[Any], findings: Findings) -> Column:
    return Column(name, "boolean", np.array(values, dtype=bool), (False, True))


def _python_numbers(name: str, values: list[Any], rows: NDArray[Any], findings: Findings) -> Column:
    if not any(isinstance(value, float | np.floating) for value in values):
        integers = [_as_int(value) for value in values]
        if None not in integers:
            wide = any(not _INT64.min <= value <= _INT64.max for value in integers if value is not None)
            return _whole(name, np.array(integers, dtype=object if wide else np.int64))
    inexact = [at for at, value in enumerate(values) if _is_rounded(value)]
    if inexact:
        where = tuple(rows[inexact].tolist())
        message = (
            f"column '{name}' mixes fractions with whole numbers beyond 2**53, which would be rounded "
            f"({row_text(where)})."
        )
        hint = _REMEDIES["other"].format(name=name)
        findings.error("column_type", message, column=name, rows=where, hint=hint)
    return Column(name, "number", np.array([float(value) for value in values], dtype=np.float64))


def _as_int(value: Any) -> int | None:
    """Return a whole Decimal or integer exactly; None for anything else."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else None
    return int(value)


def _is_rounded(value: Any) -> bool:
    if isinstance(value, float | np.floating):
        return False
    integer = _as_int(value)
    return integer is not None and abs(integer) > EXACT


def _python_texts(name: str, values: list[Any], rows: NDArray[Any], findings: Findings) -> Column:
    held = np.empty(len(values), dtype=object)
    held[:] = values
    return _texts(name, held)


def _python_identifiers(name: str, values: list[Any], rows: NDArray[Any], findings: Findings) -> Column:
    # b'ab' is written as such: one text for each content, whatever its encoding.
    column = _python_texts(name, [str(value) for value in values], rows, findings)
    return Column(name, "label", column.values, column.levels, identifier=True)


def _python_dates(name: str, values: list[Any], rows: NDArray[Any], findings: Findings) -> Column:
    aware = [getattr(value, "tzinfo", None) is not None for value in values]
    if any(aware) and not all(aware):
        row = rows[aware.index(False)]
        message = f"column '{name}' is mixed: moments with a time zone, and first one without in row {row}."
        where = tuple(rows[~np.array(aware)].tolist())
        findings.error("column_type", message, column=name, rows=where, hint="Give all of them one.")
    universal = [_universal(value) for value in values]
    moments = np.array(universal, dtype="datetime64[us]")
    column = _moments(name, moments.astype(np.int64), 1_000, rows, findings)
    # Python's own moments end at microseconds; those of pandas do not.
    beyond = np.array([_nanosecond(value) for value in universal], dtype=np.int64)
    return Column(name, "date", column.values + beyond, zoned=any(aware))


def _nanosecond(value: Any) -> int:
    """Return what a moment has beyond its microseconds."""
    if isinstance(value, np.datetime64):
        return int(value.astype(np.int64) % 1_000) if np.datetime_data(value.dtype) == ("ns", 1) else 0
    return int(getattr(value, "nanosecond", 0))


def _universal(value: Any) -> Any:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value


_READERS: Mapping[str, Callable[[str, list[Any], NDArray[Any], Findings], Column]] = {
    "boolean": _python_booleans,
    "number": _python_numbers,
    "text": _python_texts,
    "identifier": _python_identifiers,
    "date": _python_dates,
}
