"""User's data in, Table out: only the columns that the model reads, typed, with their row labels."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Finding, Findings, PredictionError, row_text, value_text
from glmm_bayes.core.registry import suggestion
from glmm_bayes.spec.diagnosis import place, point
from glmm_bayes.spec.expressions import Span

Level = str | int | bool


@dataclass(frozen=True)
class Column:
    """One column of the data.

    Attributes
    ----------
    name : str
    kind : {"number", "boolean", "label"}
    values : ndarray, shape (row,)
        Numbers (float64 or int64), booleans, or for labels int64 codes into ``levels``.
    levels : tuple
        Labels in their declared order, else sorted; empty for numbers.
    ordered : bool
        True if the user declared an order of the levels.
    declared : bool
        True if the levels are the user's (a categorical), False if they were found.
    identifier : bool
        True if the values are identifiers, which can be levels of groups and nothing else.
    """

    name: str
    kind: str
    values: NDArray[Any]
    levels: tuple[Level, ...] = ()
    ordered: bool = False
    declared: bool = False
    identifier: bool = False

    def take(self, rows: NDArray[Any]) -> Column:
        """Keep the given rows (a mask or positions)."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True)
class Table:
    """The columns that a model reads, in the order of the spec, and the labels of their rows."""

    columns: Mapping[str, Column]
    rows: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, rows: NDArray[Any]) -> Table:
        """Keep the given rows (a mask or positions)."""
        return Table({name: column.take(rows) for name, column in self.columns.items()}, self.rows[rows])

    def with_columns(self, columns: Mapping[str, Column]) -> Table:
        """Put other columns in the place of those with the same names."""
        return Table({**self.columns, **columns}, self.rows)


def read_table(
    data: Any,
    names: Sequence[str],
    findings: Findings,
    text: str = "",
    missing: str = "error",
) -> Table:
    """Read the named columns of a data frame.

    Parameters
    ----------
    data : pandas.DataFrame or mapping of str to one-dimensional array
        Never modified.
    names : sequence of str
        The columns to read.
    findings : Findings
        Where everything wrong is collected; it raises before this function returns.
    text : str
        The formula, shown with a caret under an unknown column.
    missing : {"error", "drop"}
        What to do with rows that miss a value in one of these columns.

    Raises
    ------
    GlmmError
        Of the type of ``findings``: ``unknown_column``, ``duplicate_column``, ``column_type``,
        ``missing_values``, ``non_finite``, ``empty_data``.
    """
    frame = as_frame(data)
    _check_names(frame, names, findings, text)
    findings.raise_errors()
    rows = frame.index.to_numpy()
    read = {name: _read_column(frame[name], name, rows, findings) for name in names}
    findings.raise_errors()
    gaps = {name: mask for name, (_, mask) in read.items() if mask.any()}
    table = Table({name: column for name, (column, _) in read.items()}, rows)
    if gaps and missing == "error":
        _report_missing(gaps, rows, findings)
        findings.raise_errors()
    if gaps:
        table = _drop_missing(table, gaps, findings)
    _check_finite(table, findings)
    if not len(table):
        dropped = f", {len(rows)} dropped for {', '.join(gaps)}" if gaps else ""
        findings.error("empty_data", f"no rows to fit: {len(rows)} read{dropped}.", hint="Check the filter.")
    findings.raise_errors()
    return table


def as_frame(data: Any) -> pd.DataFrame:
    """Return the data frame, or make one of a mapping of columns."""
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, Mapping):
        try:
            is_one_row = bool(data) and all(np.ndim(value) == 0 for value in data.values())
            return pd.DataFrame(dict(data), index=[0] if is_one_row else None)
        except ValueError as error:
            message = f"columns of a mapping must be one-dimensional and of one length: {error}."
            raise DataError(Finding("data_container", message)) from None
    message = f"data must be a pandas DataFrame or a mapping of columns, found {type(data).__name__}."
    raise DataError(Finding("data_container", message, hint="Write pd.DataFrame(data)."))


def _check_names(frame: pd.DataFrame, names: Sequence[str], findings: Findings, text: str) -> None:
    have = list(frame.columns)
    for name in names:
        positions = [position for position, column in enumerate(have) if column == name]
        if not positions:
            listed = ", ".join(map(str, have[:30])) + (", ..." if len(have) > 30 else "")
            hint = " ".join(filter(None, (suggestion(name, map(str, have)), f"Columns: {listed}.")))
            message = f"{_where(text, name)}no column '{name}' in the data.{_caret(text, name)}"
            findings.error("unknown_column", message, column=name, hint=hint)
        elif len(positions) > 1:
            message = f"column '{name}' occurs {len(positions)} times (positions {positions})."
            findings.error("duplicate_column", message, column=name, hint="Rename one.")


def _span(text: str, name: str) -> Span | None:
    """Find the column where it stands as a word of its own in the formula."""
    match = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.(])", text)
    return Span(*match.span()) if match else None


def _where(text: str, name: str) -> str:
    span = _span(text, name)
    return f"{place(text, span)}: " if span else ""


def _caret(text: str, name: str) -> str:
    span = _span(text, name)
    return f"\n{point(text, span)}" if span else ""


def _read_column(
    series: pd.Series[Any], name: str, rows: NDArray[Any], findings: Findings
) -> tuple[Column, NDArray[np.bool_]]:
    gaps = series.isna().to_numpy(dtype=bool)
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(series, name, findings), gaps
    if pd.api.types.is_bool_dtype(dtype):
        return Column(name, "boolean", series.fillna(False).to_numpy(dtype=bool), (False, True)), gaps
    if pd.api.types.is_complex_dtype(dtype):
        _refuse(name, "complex", "a number or a label", "float(...) of its real part", findings)
    elif pd.api.types.is_numeric_dtype(dtype):
        if pd.api.types.is_unsigned_integer_dtype(dtype) and series.max() > np.iinfo(np.int64).max:
            message = f"column '{name}' holds whole numbers of 2**63 and more, which would wrap around."
            hint = f'Write data["{name}"].astype(str) if they are labels.'
            findings.error("column_type", message, column=name, hint=hint)
            return Column(name, "number", np.zeros(len(series))), gaps
        return _numeric(series, name, gaps), gaps
    elif pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        remedy = f'days = (data["{name}"] - data["{name}"].min()).dt.days'
        _refuse(name, str(dtype), "a number or a label", remedy, findings)
    else:
        return _texts(series, name, gaps, rows, findings), gaps
    return Column(name, "number", np.zeros(len(series))), gaps


def _refuse(name: str, found: str, kinds: str, remedy: str, findings: Findings) -> None:
    findings.error(
        "column_type",
        f"column '{name}' is {found}; it must be {kinds}.",
        column=name,
        hint=f"Write {remedy}.",
    )


def _categorical(series: pd.Series[Any], name: str, findings: Findings) -> Column:
    categories = series.cat.categories
    levels = tuple(_python(value) for value in categories)
    texts = [str(level) for level in levels]
    if len(set(texts)) < len(texts):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        message = f"levels of '{name}' are spelled alike: {value_text(twice)}."
        findings.error("column_type", message, column=name, hint="Rename one.")
    codes = series.cat.codes.to_numpy(dtype=np.int64)
    return Column(name, "label", np.maximum(codes, 0), levels, bool(series.cat.ordered), declared=True)


def _numeric(series: pd.Series[Any], name: str, gaps: NDArray[np.bool_]) -> Column:
    filled = series.mask(series.isna(), 0) if gaps.any() else series
    if pd.api.types.is_integer_dtype(series.dtype):
        return Column(name, "number", filled.to_numpy(dtype=np.int64))
    return Column(name, "number", filled.to_numpy(dtype=np.float64))


def _texts(
    series: pd.Series[Any], name: str, gaps: NDArray[np.bool_], rows: NDArray[Any], findings: Findings
) -> Column:
    values = series[~gaps].tolist()
    wrong = [
        (row, value) for row, value in zip(rows[~gaps], values, strict=True) if not isinstance(value, str)
    ]
    if wrong:
        row, value = wrong[0]
        message = f"column '{name}' is mixed: first {type(value).__name__} in row {row}."
        hint = f'Write data["{name}"].astype(str) if labels are meant.'
        findings.error("column_type", message, column=name, rows=tuple(r for r, _ in wrong), hint=hint)
        return Column(name, "label", np.zeros(len(series), np.int64), ("",))
    levels, inverse = np.unique(np.asarray(values, dtype=object), return_inverse=True)
    codes = np.zeros(len(series), np.int64)
    codes[~gaps] = inverse
    return Column(name, "label", codes, tuple(str(level) for level in levels))


def _python(value: Any) -> Level:
    """Turn a NumPy scalar into the Python value that JSON can hold."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return int(value)
    return str(value)


def _report_missing(gaps: Mapping[str, NDArray[np.bool_]], rows: NDArray[Any], findings: Findings) -> None:
    is_new = issubclass(findings.error_type, PredictionError)
    hint = "Fill them, or leave those rows out." if is_new else 'Fill them, or use missing="drop".'
    for name, mask in gaps.items():
        where = tuple(rows[mask].tolist())
        message = f"column '{name}': {len(where)} of {len(rows)} values missing ({row_text(where)})."
        message += "" if is_new else " Nothing was dropped."
        findings.error("missing_values", message, column=name, rows=where, hint=hint)


def _drop_missing(table: Table, gaps: Mapping[str, NDArray[np.bool_]], findings: Findings) -> Table:
    lost = np.any(list(gaps.values()), axis=0)
    where = tuple(table.rows[lost].tolist())
    counts = ", ".join(f"{name} {int(mask.sum())}" for name, mask in gaps.items())
    message = f"dropped {len(where)} of {len(table)} rows with missing values: {counts} ({row_text(where)})."
    findings.note("missing_values", message, rows=where)
    return table.take(~lost)


def _check_finite(table: Table, findings: Findings) -> None:
    for column in table.columns.values():
        if column.kind == "number" and column.values.dtype == np.float64:
            bad = ~np.isfinite(column.values)
            if bad.any():
                where = tuple(table.rows[bad].tolist())
                message = f"column '{column.name}': {len(where)} infinite values ({row_text(where)})."
                hint = 'Correct them; missing="drop" does not remove them.'
                findings.error("non_finite", message, column=column.name, rows=where, hint=hint)


def looks_like_numbers(levels: Sequence[Level]) -> bool:
    """Tell whether all labels are texts that spell numbers ("1", "2", "10")."""
    return bool(levels) and all(isinstance(level, str) and _is_number(level) for level in levels)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_labels(column: Column) -> Column:
    """Turn a column of whole numbers or booleans into labels, sorted by value, without loss.

    Raises
    ------
    DataError
        ``column_type`` if a number is not whole or at least 2**53, where floats stop being exact.
    """
    if column.kind == "label":
        return column
    values = column.values
    if values.dtype == np.float64:
        if not np.all((values == np.floor(values)) & (np.abs(values) < 2.0**53)):
            message = (
                f"column '{column.name}' is float64 with fractions; levels must be whole numbers or labels."
            )
            hint = f'Write data["{column.name}"].astype(str) if labels are meant.'
            raise DataError(Finding("column_type", message, column=column.name, hint=hint))
        values = values.astype(np.int64)
    levels, codes = np.unique(values, return_inverse=True)
    return Column(column.name, "label", codes.astype(np.int64), tuple(_python(level) for level in levels))


def nearest_level(level: Level, levels: Sequence[Level]) -> str:
    """Suggest the known level that is nearest in spelling."""
    near = difflib.get_close_matches(str(level), [str(known) for known in levels], n=1)
    return f"Did you mean '{near[0]}'?" if near else ""
