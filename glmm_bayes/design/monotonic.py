"""The column of a monotonic effect in, its levels in their order out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.design.column import EXACT
from glmm_bayes.design.factors import observed_levels, read_levels
from glmm_bayes.design.table import Column, Table, as_labels
from glmm_bayes.spec.expressions import Call, Text, quote

#: Most levels of whole numbers, observed or not.
MAX_LEVELS = 200


def read_monotonic(call: Call, table: Table, findings: Findings, learning: bool) -> Column | None:
    """Read ``mo(x)``: levels in their declared order, or every whole number from the least to the largest.

    Returns
    -------
    Column or None
        None if the column has no order of levels; what is wrong has been collected.
    """
    inner = call.arguments[0]
    if isinstance(inner, Call):
        return replace(read_levels(inner, table, findings, learning), name=str(call))
    column = table[inner.names()[0]]
    if column.data_type == "number":
        return _whole_numbers(call, column, table, findings, learning)
    if learning and not _has_order(call, column, findings):
        return None
    return replace(as_labels(column, table.rows), name=str(call))


def _has_order(call: Call, column: Column, findings: Findings) -> bool:
    if column.data_type == "label" and column.ordered and not column.identifier:
        return True
    name = quote(column.name)
    fault, hint = f"holds {column.data_type}s", f"Write {name} as it is."
    if column.data_type == "date":
        fault, hint = "is a date", f'Write days_since({name}, "2020-01-01").'
    elif column.identifier:
        fault, hint = "holds identifiers", f"Remove {call}."
    elif column.data_type == "label":
        known = observed_levels(column)
        fault = f"has the levels {value_text(known)} in no declared order"
        listed = ", ".join(str(Text(str(level))) for level in known)
        hint = f"Write mo(ordered({name}, {listed})) with the levels in their order, lowest first."
    message = f"column '{column.name}' {fault}; {call} needs ordered levels or whole numbers."
    findings.error("column_type", message, column=column.name, hint=hint)
    return False


def _whole_numbers(
    call: Call, column: Column, table: Table, findings: Findings, learning: bool
) -> Column | None:
    values = column.values
    bad = (values != np.floor(values)) | (np.abs(values) >= EXACT)
    if bad.any():
        rows = tuple(table.rows[bad].tolist())
        examples = f"{row_text(rows)}: {value_text(values[bad].tolist())}"
        message = f"{call} needs ordered levels or whole numbers: column '{column.name}' has {len(rows)} "
        message += f"others ({examples})."
        hint = f"Write {quote(column.name)} as it is, or round it first."
        findings.error("column_type", message, column=column.name, rows=rows, hint=hint)
        return None
    if not learning:
        return replace(as_labels(column, table.rows), name=str(call))
    low, high = int(values.min()), int(values.max())
    if high - low >= MAX_LEVELS:
        message = f"{call}: '{column.name}' goes from {low} to {high}, and each whole number is a level "
        message += f"(limit {MAX_LEVELS})."
        hint = f"Write {quote(column.name)} or a spline of it, or merge its values."
        findings.error("formula_too_large", message, column=column.name, hint=hint)
        return None
    levels = tuple(range(low, high + 1))
    return Column(str(call), "label", values.astype(np.int64) - low, levels, ordered=True)
