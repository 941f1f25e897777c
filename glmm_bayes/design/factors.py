"""A column and a call in, labels out; and the levels of training rows, which new rows are matched with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, Findings, FormulaError, row_text, value_text
from glmm_bayes.design.contrasts import MOST_TRENDS, POLY, REFERENCE, contrast_of
from glmm_bayes.design.table import (
    Column,
    Level,
    Stray,
    Table,
    as_labels,
    looks_like_numbers,
    nearest_level,
    stray_words,
)
from glmm_bayes.spec.expressions import Call, Expr, Name, Text, quote


def read_levels(call: Call, table: Table, findings: Findings, learning: bool) -> Column:
    """Read ``C(x, ...)`` or ``ordered(x, ...)`` as labels, on training rows in the order of its contrasts."""
    name = call.arguments[0]
    if not isinstance(name, Name):
        message = f"{call}: {call.function}() takes a column."
        raise FormulaError(Finding("formula_syntax", message, hint="Compute the column first."))
    column = as_labels(table[name.name], table.rows)
    named = Column(str(call), "label", column.values, column.levels, column.ordered, column.declared)
    # New rows are matched by label, so the order of their levels does not matter.
    if not learning:
        return named
    if call.function == "ordered":
        return _in_order(call, named, table, findings)
    reference = dict(call.options).get("ref")
    if isinstance(reference, Text):
        return _with_reference(call, named, reference.value, findings)
    return named


def observed_levels(column: Column) -> tuple[Level, ...]:
    """List the levels that occur, in their order."""
    counts = np.bincount(column.values, minlength=len(column.levels))
    return tuple(level for level, count in zip(column.levels, counts, strict=True) if count)


def learn_factor(
    factor: Expr, column: Column, findings: Findings, keeps_all: bool = False
) -> tuple[NDArray[np.int64], tuple[Level, ...]]:
    """Keep the levels that occur, or all of them, and give each row the position of its level."""
    levels = column.levels if keeps_all else observed_levels(column)
    name = _column_name(factor)
    unused = [level for level in column.levels if level not in set(levels)]
    if unused:
        message = f"'{factor}': levels {value_text(unused)} never occur; dropped, kept in the schema."
        findings.note("unused_levels", message, column=name)
    if len(levels) == 1:
        message = f"'{factor}' has one level ('{levels[0]}'): its effect cannot be learnt."
        findings.error("single_level", message, column=name, hint=f"Remove {factor}.")
    if contrast_of(factor) == POLY and len(levels) > MOST_TRENDS:
        message = f"{factor}: '{name}' has {len(levels):,} levels; trends are computed for {MOST_TRENDS}."
        findings.error("formula_function", message, column=name, hint="Write ns() of its number.")
    if keeps_all:
        return column.values, levels
    counts = np.bincount(column.values, minlength=len(column.levels))
    position = np.cumsum(counts > 0) - 1
    return position[column.values].astype(np.int64), levels


def match_factor(
    factor: Expr, column: Column, known: tuple[Level, ...], table: Table, findings: Findings
) -> NDArray[np.int64]:
    """Match the levels of new rows with those of the training rows by label, never by position."""
    position = {str(level): code for code, level in enumerate(known)}
    lookup = np.array([position.get(str(level), -1) for level in column.levels], dtype=np.int64)
    codes = lookup[column.values] if len(lookup) else np.zeros(0, np.int64)
    if (codes < 0).any():
        rows = tuple(table.rows[codes < 0].tolist())
        unseen = sorted({str(column.levels[code]) for code in np.unique(column.values[codes < 0])})
        message = f"'{factor}' has {value_text(unseen)} ({row_text(rows)}); known: {value_text(known)}."
        name = _column_name(factor)
        hint = nearest_level(unseen[0], known)
        # A column that is a factor and is compared as well is told once.
        if ("new_level", name) not in {(error.code, error.column) for error in findings.errors}:
            findings.error("new_level", message, column=name, rows=rows, hint=hint)
    return codes


def _column_name(factor: Expr) -> str:
    return factor.names()[0] if factor.names() else str(factor)


def _with_reference(call: Call, column: Column, reference: str, findings: Findings) -> Column:
    """Put the reference first, or last where the last level is the one without a column."""
    name, contrast = _column_name(call), contrast_of(call)
    if contrast not in REFERENCE:
        message = f'{call}: contrast "{contrast}" has no reference level.'
        raise FormulaError(Finding("formula_function", message, column=name, hint="Leave ref out."))
    known = [str(level) for level in observed_levels(column)]
    if reference not in known:
        message = f"{call}: '{name}' has no level '{reference}'; known: {value_text(known)}."
        findings.error("unknown_level", message, column=name, hint=nearest_level(reference, known))
        return column
    texts = [str(level) for level in column.levels]
    others = [text for text in texts if text != reference]
    order = [reference, *others] if REFERENCE[contrast] == 0 else [*others, reference]
    return _reordered(column, [texts.index(text) for text in order], column.ordered, column.declared)


def _in_order(call: Call, column: Column, table: Table, findings: Findings) -> Column:
    """Put the levels in the order of the call, which must list all that occur."""
    order = [argument.value for argument in call.arguments[1:] if isinstance(argument, Text)]
    texts = [str(level) for level in column.levels]
    stray = np.array([text not in order for text in texts], bool)[column.values]
    if stray.any():
        rows = tuple(table.rows[stray].tolist())
        unlisted = sorted({texts[code] for code in np.unique(column.values[stray])})
        message = f"{call} does not list {value_text(unlisted)} ({row_text(rows)})."
        hint = "List all levels, lowest first."
        findings.error("unknown_level", message, column=_column_name(call), rows=rows, hint=hint)
        return column
    levels = tuple(column.levels[texts.index(text)] if text in texts else text for text in order)
    codes = np.array([order.index(text) if text in order else -1 for text in texts], np.int64)
    return Column(column.name, "label", codes[column.values], levels, ordered=True, declared=True)


def _reordered(column: Column, order: list[int], ordered: bool, declared: bool) -> Column:
    levels: tuple[Level, ...] = tuple(column.levels[position] for position in order)
    codes = np.argsort(order)[column.values].astype(np.int64)
    return Column(column.name, "label", codes, levels, ordered, declared)


def refuse_as_predictor(column: Column, rows: NDArray[Any], learning: bool, findings: Findings) -> bool:
    """Tell whether a column's type keeps it from being a predictor, and what to write instead."""
    name, fault, hint = column.name, "", f"Write C({quote(column.name)}) if levels are meant"
    # New rows are matched with the levels that were learnt, whatever those look like.
    stray = stray_words(column, rows) if learning else Stray()
    if column.data_type == "date":
        fault, hint = "is a date", f'Write days_since({quote(name)}, "2020-01-01") or C({quote(name)})'
    elif column.identifier:
        fault = "holds identifiers"
    elif column.data_type == "number" and _is_wide(column):
        fault = "holds whole numbers beyond 2**53, which arithmetic cannot tell apart"
    elif stray.clause:
        fault, hint = stray.clause, f"{stray.remedy} {hint}"
    elif _is_numbers_as_text(column) and learning:
        fault, hint = f"holds numbers as text ({value_text(column.levels)})", f"{hint}, else convert it"
        hint += " to numbers"
    if fault:
        message = f"column '{name}' {fault}; a predictor must be numbers or labels."
        findings.error("column_type", message, column=name, rows=stray.rows, hint=f"{hint}.")
    return bool(fault)


def _is_wide(column: Column) -> bool:
    values = column.values
    return values.dtype.kind == "i" and bool(((values > 2**53) | (values < -(2**53))).any())


def _is_numbers_as_text(column: Column) -> bool:
    return column.data_type == "label" and not column.declared and looks_like_numbers(column)
