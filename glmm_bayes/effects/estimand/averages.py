"""Rows and the columns to average within in; weights of the averages and what each is of out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from glmm_bayes.core.arguments import names_of, plain_flag
from glmm_bayes.core.distinct import refuse_repeats
from glmm_bayes.core.errors import (
    DataError,
    Finding,
    Findings,
    PredictionError,
    row_text,
    shown_value,
    value_text,
)
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.table import Column, as_frame, as_labels, read_table
from glmm_bayes.effects.estimand.row_weights import (
    BayesianBootstrap,
    FixedWeights,
    Weights,
    bootstrap_weights,
)
from glmm_bayes.effects.estimand.rows import Rows, response_columns

#: Where a grid of rows says in its ``attrs`` what rows it holds.
GRID_WORDS = "glmm_bayes_grid"
#: And what these are, so that rows chosen from them or changed are not called so: columns and a hash.
GRID_ROWS = "glmm_bayes_grid_rows"

#: Columns of the tables that effects are summarised in, of any level and kind.
_OWN_COLUMNS = re.compile(r"mean|sd|variable|contrast|(eti|hdi)[0-9._]+_[lu]b")


@dataclass(frozen=True)
class Averages:
    """Averages over rows within each draw.

    Attributes
    ----------
    target : ndarray of int64, shape (row,)
        Which average a row belongs to.
    share : ndarray, shape (row,)
        Weight of a row relative to the others of its target.
    grid : pandas.DataFrame
        What each target is.
    description : str
        Over which rows, within what, how weighted.
    bootstrap : BayesianBootstrap or None
    unit : ndarray of int64, shape (row,)
        Whose weight the bootstrap draws; empty without one.
    pattern : ndarray of int64, shape (row,)
        Row of the table that is evaluated in the row's place; empty where it is the row itself.
    """

    target: NDArray[np.int64]
    share: Array
    grid: pd.DataFrame
    description: str
    bootstrap: BayesianBootstrap | None = None
    unit: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    pattern: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def of_patterns(self, pattern: NDArray[np.int64]) -> Averages:
        """Return the same averages for a table with a row of each pattern, given the pattern of all rows."""
        return replace(self, pattern=pattern)

    def single_patterns(self, pattern: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Return the one pattern of each average's rows, given that of every row; None if some differ."""
        counted = self.share > 0.0
        target, pattern = self.target[counted], pattern[counted]
        first = np.zeros(len(self.grid), np.int64)
        first[target] = pattern
        return first if (first[target] == pattern).all() else None

    def weights(self, pattern: NDArray[np.int64], patterns: int) -> Weights:
        """Return weights over rows of one pattern each, given the pattern of every row of the table."""
        pattern = pattern[self.pattern] if self.pattern.size else pattern
        if self.bootstrap is not None:
            return bootstrap_weights(self.bootstrap, self.unit, self.share, self.target, pattern, patterns)
        targets = len(self.grid)
        total = np.bincount(self.target, weights=self.share, minlength=targets)
        entries = (self.share / total[self.target], (self.target, pattern))
        return FixedWeights(sparse.csr_array(sparse.coo_array(entries, shape=(targets, patterns))))


def averages(
    rows: Rows,
    by: str | Sequence[str] | bool | None,
    newdata: Any,
    weights: Any = None,
    compared: Sequence[str] = (),
) -> Averages | None:
    """Return the averages to take over rows: over all of them, or within combinations of columns.

    Parameters
    ----------
    rows : Rows
    by : str, sequence of str, bool or None
        Columns that the model reads, or columns of ``newdata``.
    newdata : DataFrame, mapping or None
    weights : str, array or BayesianBootstrap, optional
        A column, or one number a row, or weights drawn anew in every draw.
    compared : sequence of str
        Variables that a comparison sets; they cannot be averaged within.

    Raises
    ------
    PredictionError
        ``by``, ``weights``, ``unknown_column``, ``missing_values``, ``non_finite``, ``column_type``.
    """
    by = plain_flag(by)
    if by is None or by is False:
        _refuse_weights(weights)
        return None
    target, grid, names = _targets(rows, by, newdata, compared)
    over = "the rows of the data" if newdata is None else describe_rows(newdata)
    over_rows = f"averaged over {over}" + (f" within {', '.join(names)}" if names else "")
    if isinstance(weights, BayesianBootstrap):
        unit = np.arange(len(rows)) if weights.unit is None else _codes(rows, weights.unit, newdata, "unit")
        over_rows += f", {weights.words}"
        return Averages(target, np.ones(len(rows)), grid, over_rows, weights, unit)
    share, how = _shares(rows, weights, newdata)
    empty = np.bincount(target, weights=share, minlength=len(grid)) <= 0.0
    if empty.any():
        message = f"weights add up to zero in {int(empty.sum())} of {len(grid)} averages."
        raise PredictionError(Finding("weights", message))
    return Averages(target, share, grid, f"{over_rows}, {how}")


def each_row(rows: Rows, weights: Any) -> Averages:
    """Return the averages over one row each.

    Raises
    ------
    PredictionError
        ``weights`` if there are any.
    """
    _refuse_weights(weights)
    return Averages(np.arange(len(rows)), np.ones(len(rows)), grid_frame(rows), "")


def _refuse_weights(weights: Any) -> None:
    if weights is not None:
        message = "weights are those of an average over rows, and each row is asked for by itself."
        raise PredictionError(Finding("weights", message, hint="Write by=True, or the columns in by."))


def _targets(
    rows: Rows, by: Any, newdata: Any, compared: Sequence[str]
) -> tuple[NDArray[np.int64], pd.DataFrame, tuple[str, ...]]:
    """Return which average each row belongs to, what each is, and the columns that tell them apart."""
    if by is True:
        return np.zeros(len(rows), np.int64), pd.DataFrame(index=range(1)), ()
    names = _names(by, compared)
    frame = pd.DataFrame({name: shown_values(rows, name, newdata) for name in names})
    codes = frame.groupby(list(names), observed=True, sort=True).ngroup().to_numpy()
    first = np.unique(codes, return_index=True)[1]
    return codes.astype(np.int64), frame.iloc[first].reset_index(drop=True), names


def _codes(rows: Rows, name: str, newdata: Any, argument: str) -> NDArray[np.int64]:
    return pd.factorize(pd.Series(shown_values(rows, name, newdata, argument)))[0].astype(np.int64)


def _shares(rows: Rows, weights: Any, newdata: Any) -> tuple[Array, str]:
    """Return one weight a row and how the average is weighted, in words."""
    if weights is None:
        return np.ones(len(rows)), "equally weighted"
    if isinstance(weights, str):
        values, how = shown_values(rows, weights, newdata, "weights"), f"weighted by {weights}"
    else:
        values, how = _given_weights(rows, weights), "with the weights given"
    try:
        numbers = np.empty(0) if np.iscomplexobj(values) else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    if numbers.shape != (len(rows),):
        message = f"weights must be a column of numbers or one number a row ({len(rows.given_labels)} rows)."
        raise PredictionError(Finding("weights", message))
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0.0)))
    if bad.size:
        labels = tuple(rows.table.rows[bad].tolist())
        message = f"weights must be finite and not negative, found {value_text(numbers[bad].tolist())}"
        raise PredictionError(Finding("weights", f"{message} ({row_text(labels)}).", rows=labels))
    return numbers, how


def _given_weights(rows: Rows, weights: Any) -> NDArray[Any]:
    """Return one weight a row of those given by themselves: a Series by its index, all else by position."""
    labels = rows.given_labels
    if isinstance(weights, pd.Series) and not weights.index.equals(pd.Index(labels)):
        if not weights.index.is_unique:
            message = "weights are a Series whose index holds labels twice, and is not that of the rows."
            raise PredictionError(Finding("weights", message, hint="Give weights.to_numpy() in row order."))
        missing = ~pd.Index(labels).isin(weights.index)
        if missing.any():
            lacking = tuple(labels[missing].tolist())
            gap = "shares no label with the rows" if missing.all() else "lacks some rows"
            message = f"weights are matched by index, and that of the Series {gap} ({row_text(lacking)})."
            hint = "Give it the index of the rows, or weights.to_numpy() in row order."
            raise PredictionError(Finding("weights", message, rows=lacking, hint=hint))
        weights = weights.reindex(pd.Index(labels))
    try:
        values = np.asarray(weights)
    except (TypeError, ValueError):
        return np.empty(0)
    return rows.of_given(values) if values.shape == (len(labels),) else np.empty(0)


def describe_rows(newdata: Any) -> str:
    """Name rows that are not those of the data: a grid that nobody has changed says what it is itself."""
    attrs = getattr(newdata, "attrs", {})
    if GRID_WORDS not in attrs or GRID_ROWS not in attrs:
        return "the rows of newdata"
    names, _ = attrs[GRID_ROWS]
    is_whole = set(names) <= set(newdata.columns) and fingerprint(newdata[list(names)]) == attrs[GRID_ROWS]
    return str(attrs[GRID_WORDS]) if is_whole else "the rows of newdata"


def fingerprint(frame: pd.DataFrame) -> tuple[tuple[str, ...], str]:
    """Return the columns of a frame, and a number for its rows in whatever order they stand."""
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return tuple(map(str, frame.columns)), f"{len(frame)} rows, {int(hashes.sum(dtype=np.uint64)):016x}"


def _names(by: Any, compared: Sequence[str]) -> tuple[str, ...]:
    names = names_of(sorted(by, key=str) if isinstance(by, set | frozenset) else by)
    if not names:
        message = f"by must be the name of a column, a list of names, True or None, found {shown_value(by)}."
        raise PredictionError(Finding("by", message))
    for name in (name for name in names if name in compared):
        message = f"by='{name}': the compared variable is set in every row and cannot be averaged within."
        hint = "Leave it out of by; values=[...] chooses what is compared."
        raise PredictionError(Finding("by", message, column=name, hint=hint))
    refuse_repeats("by", names)
    return names


def grid_frame(rows: Rows) -> pd.DataFrame:
    """Return the predictors' columns of the rows as the user gave them."""
    response = response_columns(rows)
    keep = [name for name in rows.table.columns if name not in response]
    return pd.DataFrame({name: shown_column(rows.table[name]) for name in keep}, index=range(len(rows)))


def free_names(grid: pd.DataFrame, *taken: str) -> tuple[pd.DataFrame, list[str]]:
    """Rename columns of the rows that are called like columns of a summary; say which.

    Parameters
    ----------
    grid : pandas.DataFrame
    *taken : str
        Names of further columns that stand beside those of the rows.

    Returns
    -------
    grid : pandas.DataFrame
    notes : list of str
    """
    names = other_names(grid, [name for name in map(str, grid.columns) if _OWN_COLUMNS.fullmatch(name)])
    names |= other_names(grid, taken)
    notes = [f"column '{name}' of the rows is shown as '{other}'." for name, other in names.items()]
    return grid.rename(columns=names), notes


def other_names(frame: pd.DataFrame, taken: Iterable[str]) -> dict[str, str]:
    """Return another name, one that no column has, for each column that is called by a name that is taken."""
    return {name: free_name(frame, f"{name}_") for name in taken if name in frame.columns}


def free_name(frame: pd.DataFrame, name: str) -> str:
    """Return the name if no column of the frame has it, else one with as many underscores as it takes."""
    while name in frame.columns:
        name += "_"
    return name


def shown_values(rows: Rows, name: str, newdata: Any, argument: str = "by") -> NDArray[Any] | pd.Categorical:
    """Return a column of the rows, or of ``newdata``, as the user gave it."""
    if name in rows.table.columns:
        return shown_column(rows.table[name])
    if newdata is not None and as_frame(newdata).positions(name):
        try:
            column = read_table(newdata, [name], Findings(PredictionError))[name]
            return shown_column(column if rows.kept is None else column.take(rows.kept))
        except DataError as error:
            raise PredictionError(error.findings) from None
    where = "among those the model reads" if newdata is None else "in newdata"
    known = list(rows.table.columns if newdata is None else map(str, as_frame(newdata).columns))
    beside = "" if newdata is not None else "Others come with newdata=, as in newdata=data."
    hint = " ".join(filter(None, (suggestion(name, known), f"Columns: {value_text(known)}.", beside)))
    message = f"{argument}: no column '{name}' {where}."
    raise PredictionError(Finding("unknown_column", message, column=name, hint=hint))


def shown_column(column: Column) -> NDArray[Any] | pd.Categorical:
    """Return a column's values as the user gave them."""
    if column.data_type in ("number", "boolean"):
        return column.values
    if column.data_type == "date":
        return column.values.astype("datetime64[ns]")
    labelled = as_labels(column)
    labels = pd.Index([str(level) for level in labelled.levels], dtype=object)
    codes: list[int] = labelled.values.tolist()
    return pd.Categorical.from_codes(codes, labels)
