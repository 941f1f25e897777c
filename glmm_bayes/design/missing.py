"""Gaps and infinite values: told by column and row, or dropped by one mask for all columns and counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Findings, PredictionError, row_text, value_text
from glmm_bayes.design.column import Column

Gaps = Mapping[str, NDArray[np.bool_]]

_CENSORED = (
    "Fill them: a row says by its value where it was seen or censored, and a sample without such rows is "
    "biased; an interval that is open below is left-censored at its upper end."
)

_BOUND = "Write inf, or -inf, in rows without that bound."


def report_missing(
    gaps: Gaps,
    rows: NDArray[Any],
    findings: Findings,
    of_censoring: Collection[str] = (),
    bounds: Collection[str] = (),
) -> None:
    """Report each column's missing values as an error."""
    is_new = issubclass(findings.error_type, PredictionError)
    usual = "Fill them, or leave those rows out." if is_new else 'Fill them, or use missing="drop".'
    for name, mask in gaps.items():
        hint = _CENSORED if name in of_censoring else _BOUND if name in bounds else usual
        where = tuple(rows[mask].tolist())
        message = f"column '{name}': {len(where)} of {len(rows)} values missing ({row_text(where)})."
        message += "" if is_new else " Nothing was dropped."
        findings.error("missing_values", message, column=name, rows=where, hint=hint)


def complete_rows(gaps: Gaps, rows: NDArray[Any], findings: Findings) -> NDArray[np.bool_]:
    """Return the mask of the rows that miss nothing, and note how many others there are."""
    lost: NDArray[np.bool_] = np.any(list(gaps.values()), axis=0)
    where = tuple(rows[lost].tolist())
    counts = ", ".join(f"{name} {int(mask.sum())}" for name, mask in gaps.items())
    message = f"dropped {len(where)} of {len(rows)} rows with missing values: {counts} ({row_text(where)})."
    findings.note("missing_values", message, rows=where)
    return ~lost


def check_finite(
    columns: Iterable[Column], rows: NDArray[Any], findings: Findings, of_censoring: Collection[str] = ()
) -> None:
    """Report values that are infinite, or have infinite squares, as an error: nothing removes them."""
    for column in columns:
        if column.data_type == "number" and column.values.dtype == np.float64:
            bad = ~np.isfinite(column.values)
            if bad.any():
                where = tuple(rows[bad].tolist())
                message = f"column '{column.name}': {len(where)} infinite values ({row_text(where)})."
                hint = 'Correct them; missing="drop" does not remove them.'
                if column.name in of_censoring:
                    hint = "Correct them; an interval that is open below is left-censored at its upper end."
                findings.error("non_finite", message, column=column.name, rows=where, hint=hint)
            _check_size(column, rows, findings)


def _check_size(column: Column, rows: NDArray[Any], findings: Findings) -> None:
    large = np.isfinite(column.values) & (np.abs(column.values) > LARGEST)
    if large.any():
        where = tuple(rows[large].tolist())
        examples = f"{row_text(where)}: {value_text(column.values[large].tolist())}"
        message = f"column '{column.name}': {len(where)} values beyond {LARGEST:g}, whose squares overflow "
        hint = f"Correct them, or rescale '{column.name}'."
        findings.error("scale", f"{message}({examples}).", column=column.name, rows=where, hint=hint)
