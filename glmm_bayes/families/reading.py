"""A response's columns in; its numbers, or what is wrong with them as a response of a family, out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.design.factors import observed_levels
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.design.table import looks_like_numbers, stray_words
from glmm_bayes.families.regions import Region, censored_regions, inner_point, stand_ins, without_region
from glmm_bayes.families.traits import Support


def require_numbers(columns: ResponseColumns, family: str, support: str, findings: Findings) -> Array | None:
    """Return the response as floats, or collect why it is not a number."""
    column = columns.column
    if column.data_type == "number":
        return _of_some_spread(columns, column.values.astype(np.float64), findings)
    stray = stray_words(column, columns.rows)
    message = (
        f"{family} needs {support}: column '{column.name}' {stray.clause or f'holds {_kind_words(columns)}'}."
    )
    is_binary = column.data_type == "boolean" or len(observed_levels(column)) == 2
    hint = 'A two-valued response is family="bernoulli".' if is_binary else ""
    if looks_like_numbers(column):
        hint = f'They look like numbers: write data["{columns.source}"].astype(float) if they are.'
    findings.error("column_type", message, column=columns.source, rows=stray.rows, hint=stray.remedy or hint)
    return None


def _of_some_spread(columns: ResponseColumns, values: Array, findings: Findings) -> Array:
    """Refuse numbers that differ by less than what has a square."""
    spread = float(np.ptp(values)) if values.size else 0.0
    if 0.0 < spread < 1 / LARGEST:
        message = f"the values of '{columns.column.name}' differ by {spread:g} at most, whose square is 0."
        findings.error("scale", message, column=columns.source, hint=f"Rescale '{columns.source}'.")
    return values


def _kind_words(columns: ResponseColumns) -> str:
    if columns.column.data_type == "boolean":
        return "booleans"
    return f"labels ({value_text(columns.column.levels)})"


def outside_support(
    columns: ResponseColumns, bad: NDArray[np.bool_], family: str, support: str, hint: str, findings: Findings
) -> None:
    """Collect the rows whose response lies outside the family's support."""
    rows = tuple(columns.rows[bad].tolist())
    name = columns.column.name
    values = value_text(columns.column.values[bad].tolist())
    message = (
        f"{family} needs {support}: column '{name}' has {len(rows)} values outside it "
        f"({row_text(rows)}: {values})."
    )
    findings.error("response_support", message, column=columns.source, rows=rows, hint=hint)


def with_stand_ins(
    columns: ResponseColumns, family: str, support: Support, findings: Findings
) -> tuple[ResponseColumns, Region]:
    """Put a number of its region in the place of each censored response; return the regions, too.

    Rows in which no response of the family can lie are collected.
    """
    y, additions = columns.column.values.astype(np.float64), columns.additions
    region = censored_regions(support, y, additions)
    lost = without_region(support, *region, additions)
    if lost.any():
        _refuse_regions(family, columns, lost, findings)
    inside = np.where(lost, inner_point(support), stand_ins(support, y, region, additions))
    return replace(columns, column=replace(columns.column, values=inside)), region


def _refuse_regions(
    family: str, columns: ResponseColumns, lost: NDArray[np.bool_], findings: Findings
) -> None:
    """Collect the censored rows in which no response of the family can lie."""
    rows, name = tuple(columns.rows[lost].tolist()), columns.column.name
    bounds = columns.additions.lower is not None or columns.additions.upper is not None
    where = f"the support of {family}" + (" within the bounds of trunc()" if bounds else "")
    values = value_text(columns.column.values[lost].tolist())
    message = f"cens(): nothing of {where} is left in the region of '{name}' in {len(rows)} rows "
    message += f"({row_text(rows)}: {values})."
    hint = "Correct them: a left-censored response lies at or below its value, a right-censored one above it."
    findings.error("censoring", message, column=columns.source, rows=rows, hint=hint)


def refuse_trials(columns: ResponseColumns, family: str, findings: Findings) -> None:
    """Collect trials that the family has no use for."""
    if columns.trials is not None:
        message = f"{family} has no trials, but the formula gives them for '{columns.label}'."
        findings.error("trials", message, column=columns.source, hint='Use family="binomial".')


def refuse_constant(columns: ResponseColumns, y: Array, findings: Findings) -> None:
    """Collect a response that is the same number in every row."""
    if len(y) and np.ptp(y) == 0:
        message = f"response '{columns.label}' is constant ({y[0]:g}): nothing to model."
        findings.error("constant_column", message, column=columns.source)
