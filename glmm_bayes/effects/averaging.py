"""Rows and the columns to average within in; weights of the averages and what each is of out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Finding, Findings, PredictionError, value_text
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.table import Column, as_frame, as_labels, read_table
from glmm_bayes.effects.rows import Rows

Array = NDArray[np.float64]

#: Columns of the tables that effects are summarised in.
_OWN_COLUMNS = re.compile(r"mean|sd|variable|contrast|eti[0-9_]+_[lu]b")


@dataclass(frozen=True)
class Averages:
    """Averages over rows: their weights, shape (target, row), and what each target is."""

    weights: Array
    grid: pd.DataFrame
    by: tuple[str, ...]


def averages(
    rows: Rows, by: str | Sequence[str] | bool | None, newdata: Any, compared: str | None = None
) -> Averages | None:
    """Return the weights of averages over rows: all of them, or within combinations of columns.

    Parameters
    ----------
    rows : Rows
    by : str, sequence of str, bool or None
        Columns that the model reads, or columns of ``newdata``.
    newdata : DataFrame, mapping or None
    compared : str, optional
        The variable that a comparison sets; it cannot be averaged within.

    Raises
    ------
    PredictionError
        ``by``, ``unknown_column``, ``missing_values``, ``non_finite``, ``column_type``.
    """
    if by is None or by is False:
        return None
    size = len(rows)
    if by is True:
        return Averages(np.full((1, size), 1.0 / size), pd.DataFrame(index=range(1)), ())
    names = _names(by, compared)
    frame = pd.DataFrame({name: _values(rows, name, newdata) for name in names})
    grouped = frame.groupby(list(names), observed=True, sort=True)
    codes = grouped.ngroup().to_numpy()
    weights = np.zeros((grouped.ngroups, size))
    weights[codes, np.arange(size)] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    _, first = np.unique(codes, return_index=True)
    return Averages(weights, frame.iloc[first].reset_index(drop=True), names)


def _names(by: Any, compared: str | None) -> tuple[str, ...]:
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, Iterable) else ()
    if not names or not all(isinstance(name, str) for name in names):
        message = f"by must be the name of a column, a list of names, True or None, found {by!r}."
        raise PredictionError(Finding("by", message))
    if compared in names:
        message = f"by='{compared}': the compared variable is set in every row and cannot be averaged within."
        hint = "Leave it out of by; values=[...] chooses what is compared."
        raise PredictionError(Finding("by", message, column=compared, hint=hint))
    return tuple(dict.fromkeys(names))


def grid_frame(rows: Rows) -> pd.DataFrame:
    """Return the predictors' columns of the rows as the user gave them."""
    response = {name for design in rows.designs.values() for name in design.spec.response.names()}
    keep = [name for name in rows.table.columns if name not in response]
    return pd.DataFrame({name: _shown(rows.table[name]) for name in keep}, index=range(len(rows)))


def free_names(grid: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Rename columns of the rows that are called like columns of the summary; say which.

    Returns
    -------
    grid : pandas.DataFrame
    notes : list of str
    """
    names: dict[str, str] = {}
    for name in map(str, grid.columns):
        if _OWN_COLUMNS.fullmatch(name):
            other = f"{name}_"
            while other in grid.columns or other in names.values():
                other += "_"
            names[name] = other
    notes = [f"column '{name}' of the rows is shown as '{other}'." for name, other in names.items()]
    return grid.rename(columns=names), notes


def _values(rows: Rows, name: str, newdata: Any) -> Any:
    if name in rows.table.columns:
        return _shown(rows.table[name])
    if newdata is not None and as_frame(newdata).positions(name):
        try:
            return _shown(read_table(newdata, [name], Findings(PredictionError))[name])
        except DataError as error:
            raise PredictionError(error.findings) from None
    where = "among those the model reads" if newdata is None else "in newdata"
    known = list(rows.table.columns if newdata is None else map(str, as_frame(newdata).columns))
    hint = " ".join(filter(None, (suggestion(name, known), f"Columns: {value_text(known)}.")))
    message = f"by: no column '{name}' {where}."
    raise PredictionError(Finding("unknown_column", message, column=name, hint=hint))


def _shown(column: Column) -> Any:
    if column.kind in ("number", "boolean"):
        return column.values
    labelled = as_labels(column)
    labels = pd.Index([str(level) for level in labelled.levels], dtype=object)
    codes: list[int] = labelled.values.tolist()
    return pd.Categorical.from_codes(codes, labels)
