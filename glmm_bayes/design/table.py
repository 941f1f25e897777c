"""User's data in, Table out: only the columns that the model reads, typed, with their row labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, PredictionError
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.column import (
    Column,
    Level,
    Stray,
    as_labels,
    looks_like_numbers,
    nearest_level,
    stray_words,
)
from glmm_bayes.design.column_types import read_column
from glmm_bayes.design.containers.frames import Frame, as_frame
from glmm_bayes.design.label_notes import note_labels
from glmm_bayes.design.missing import check_finite, complete_rows, report_missing
from glmm_bayes.spec.column_names import ColumnNames
from glmm_bayes.spec.diagnosis import place, point
from glmm_bayes.spec.expressions import Span

__all__ = [
    "Column",
    "Frame",
    "Level",
    "Stray",
    "Table",
    "as_frame",
    "as_labels",
    "looks_like_numbers",
    "nearest_level",
    "read_table",
    "stray_words",
]

_COLUMNS_SHOWN = 30


@dataclass(frozen=True)
class Table:
    """The columns that a model reads, in the order of the spec, and the labels of their rows.

    Attributes
    ----------
    columns : mapping of str to Column
    rows : ndarray, shape (row,)
    origin : Table or None
        The table as the user gave it, where rows were chosen from it or values set in it: means over the
        groups of new rows are taken of that one.
    """

    columns: Mapping[str, Column]
    rows: NDArray[Any]
    origin: Table | None = None

    @property
    def given(self) -> Table:
        """The table as the user gave it."""
        return self if self.origin is None else self.origin

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, rows: NDArray[Any]) -> Table:
        """Keep the given rows (a mask or positions)."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Table(columns, self.rows[rows], self.given)

    def only(self, names: Sequence[str]) -> Table:
        """Keep the named columns, in the order of the names."""
        return Table({name: self.columns[name] for name in names}, self.rows, self.origin)

    def with_columns(self, columns: Mapping[str, Column]) -> Table:
        """Put other columns in the place of those with the same names."""
        return Table({**self.columns, **columns}, self.rows, self.given)


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
    data : DataFrame, Table, mapping, structured array, Dataset or Frame
        Of pandas, polars, pyarrow, NumPy or xarray. Never modified, and nothing of it is shared.
    names : sequence of str
        The columns to read; ``ColumnNames`` say of which ones a row may have no value.
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
    rows = frame.rows
    read = {name: read_column(frame.series(frame.positions(name)[0]), name, rows, findings) for name in names}
    findings.raise_errors()
    told = names if isinstance(names, ColumnNames) else ColumnNames(names)
    ends = told.open_ended
    gaps = {name: mask for name, (_, mask) in read.items() if mask.any() and name not in ends}
    table = Table(
        {name: _open_ended(*pair) if name in ends else pair[0] for name, pair in read.items()}, rows
    )
    if gaps and missing == "error":
        report_missing(gaps, rows, findings, told.of_censoring, told.bounds)
        findings.raise_errors()
    if gaps:
        # What was dropped is no part of the table.
        table = replace(table.take(complete_rows(gaps, rows, findings)), origin=None)
    finite = [column for name, column in table.columns.items() if name not in ends | told.bounds]
    check_finite(finite, table.rows, findings, told.of_censoring)
    if not len(table):
        dropped = f", {len(rows)} dropped for {', '.join(gaps)}" if gaps else ""
        hint = f"Check the filter, or fill '{next(iter(gaps))}'." if gaps else "Check the filter."
        is_new = issubclass(findings.error_type, PredictionError)
        message = "newdata has no rows." if is_new else f"no rows to fit: {len(rows)} read{dropped}."
        findings.error("empty_data", message, column=next(iter(gaps), None), hint=hint)
    findings.raise_errors()
    if not issubclass(findings.error_type, PredictionError):
        for column in table.columns.values():
            note_labels(column, table.rows, findings)
        findings.raise_errors()
    return table


def _open_ended(column: Column, gaps: NDArray[np.bool_]) -> Column:
    """Keep the gaps of a column of numbers as what they are: a row may have no use for it."""
    if not gaps.any() or not (column.data_type == "number" or gaps.all()):
        return column
    values = np.where(gaps, np.nan, np.zeros(len(gaps)) if gaps.all() else column.values)
    return Column(column.name, "number", values)


def _check_names(frame: Frame, names: Sequence[str], findings: Findings, text: str) -> None:
    for name in names:
        positions = frame.positions(name)
        if not positions:
            _tell_unknown(frame, name, findings, text)
        elif len(positions) > 1:
            message = f"column '{name}' occurs {len(positions)} times (positions {positions})."
            findings.error("duplicate_column", message, column=name, hint="Rename one.")


def _tell_unknown(frame: Frame, name: str, findings: Findings, text: str) -> None:
    have = list(map(str, frame.columns))
    if name in have:
        type_name = type(frame.columns[have.index(name)]).__name__
        message = f"the name of column {name} is of type {type_name}; names must be text."
        findings.error("column_type", message, column=name, hint="Rename it to a text.")
        return
    listed = ", ".join(have[:_COLUMNS_SHOWN]) + (", ..." if len(have) > _COLUMNS_SHOWN else "")
    near = suggestion(name, have)
    twins = [
        f"{_code_points(name)} was asked for, {_code_points(other)} is there."
        for other in have
        if f"'{other}'" in near and _look_alike(name, other)
    ]
    hint = " ".join(filter(None, (near, *twins, f"Columns: {listed}.")))
    message = f"{_where(text, name)}no column '{name}' in the data.{_caret(text, name)}"
    findings.error("unknown_column", message, column=name, hint=hint)


def _look_alike(one: str, other: str) -> bool:
    """Tell whether two names may look the same in print: other scripts, other or invisible spaces."""
    return not (one + other).isascii() or "".join(one.split()) == "".join(other.split())


def _code_points(name: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in name)


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
