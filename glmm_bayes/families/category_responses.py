"""Responses that are categories in; positions of categories from 0 out, or what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.design.column import Column, Stray, as_labels, looks_like_numbers, stray_words
from glmm_bayes.design.factors import observed_levels
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.reading import outside_support, refuse_trials
from glmm_bayes.spec.expressions import Text, quote

_ORDERED = "ordered categories or whole numbers"
_LABELS = "categories or text"
#: Whole numbers farther apart are no neighbours on a scale.
_LONGEST_SCALE = 20
_TWO_VALUED = 'A two-valued response is family="bernoulli".'


def read_ordered(columns: ResponseColumns, family: str, findings: Findings) -> Response:
    """Read a response whose categories have an order, which is never guessed from text."""
    column = _labels(columns, family, _ORDERED, findings)
    if column is None or not _enough(columns, column, 3, family, findings):
        return _response(columns, None)
    is_number = columns.column.data_type == "number"
    if not is_number and not column.ordered:
        _ask_for_order(columns, column, findings)
        return _response(columns, None)
    order = " < ".join(map(str, column.levels))
    source = "its values, ascending" if is_number else "as declared"
    message = f"'{columns.source}': {order} ({source})."
    unseen, hint = _between(columns.column.values) if is_number else "", ""
    if unseen:
        message += f" {unseen} was never seen and is no category of the model."
        hint = f"If it is one, write ordered({quote(columns.source)}, ...) with all categories in order."
    findings.note("response_coding", message, column=columns.source, hint=hint)
    _warn_unused(columns, column, findings)
    return _response(columns, column)


def read_unordered(columns: ResponseColumns, family: str, findings: Findings) -> Response:
    """Read a response whose categories have no order; the first is the reference."""
    column = columns.column
    stray = stray_words(column, columns.rows)
    if column.data_type == "number" or stray.clause or (not column.declared and looks_like_numbers(column)):
        _refuse_numbers(columns, family, stray, findings)
        return _response(columns, None)
    labels = _labels(columns, family, _LABELS, findings)
    if labels is None:
        return _response(columns, None)
    column = _without_unused(columns, labels, findings)
    if not _enough(columns, column, 2, family, findings):
        return _response(columns, None)
    reference = column.levels[0]
    where = "declared" if column.declared else "in sorted order"
    message = f"'{columns.source}': {reference} is the reference, the first category {where}."
    if column.ordered:
        message += " The order of the others is not used."
    hint = 'The order counts in family="cumulative".' if column.ordered else ""
    findings.note("response_coding", message, column=columns.source, hint=hint)
    if len(column.levels) == 2:
        message = f"'{columns.source}' has two categories: {family} is then the bernoulli model."
        findings.note("response_coding", message, column=columns.source, hint='Use family="bernoulli".')
    return _response(columns, column)


def _labels(columns: ResponseColumns, family: str, support: str, findings: Findings) -> Column | None:
    """Return the response as labels, or collect why it holds no categories."""
    refuse_trials(columns, family, findings)
    column = columns.column
    if columns.success is not None:
        message = f"{family} needs all categories of '{columns.source}'; success() keeps one only."
        hint = f'Write {quote(columns.source)} ~ ..., or use family="bernoulli".'
        findings.error("response_coding", message, column=columns.source, hint=hint)
        return None
    if column.data_type == "date" or column.identifier:
        # Told where the response was evaluated.
        return None
    if column.data_type == "boolean":
        message = f"{family} needs {support}: column '{column.name}' holds booleans."
        findings.error("column_type", message, column=columns.source, hint=_TWO_VALUED)
        return None
    if column.data_type == "number":
        bad = (column.values != np.floor(column.values)) | (np.abs(column.values) >= 2.0**53)
        if bad.any():
            hint = 'Numbers on a scale are family="gaussian".'
            outside_support(columns, bad, family, support, hint, findings)
            return None
    return as_labels(column, columns.rows)


def _response(columns: ResponseColumns, column: Column | None) -> Response:
    """Return the response; one category of zeros where it could not be read."""
    ones = np.ones(len(columns.rows))
    values: Array = 0.0 * ones if column is None else column.values.astype(np.float64)
    categories = () if column is None else tuple(map(str, column.levels))
    # ordered(rating, ...) is told by its column.
    name = columns.label if columns.column.data_type == "number" else columns.source
    label, additions = f"P({name} = k)", columns.additions
    return Response(
        columns.label, label, values, ones, categories, additions=additions, name=name, is_event=True
    )


def _ask_for_order(columns: ResponseColumns, column: Column, findings: Findings) -> None:
    known = [str(level) for level in observed_levels(column)]
    name = columns.source
    message = f"'{name}' has the values {value_text(known)} in no declared order."
    listed = ", ".join(str(Text(level)) for level in known)
    hint = f"Write ordered({quote(name)}, {listed}) ~ ... with the values in their order, lowest first."
    if looks_like_numbers(column):
        hint = f'They look like numbers: write data["{name}"].astype(float) if they are. {hint}'
    findings.error("response_coding", message, column=name, hint=hint)


def _warn_unused(columns: ResponseColumns, column: Column, findings: Findings) -> None:
    unused = _unused(column)
    if unused:
        message = f"'{columns.source}': categories {value_text(unused)} never occur; kept, "
        message += "so thresholds beside them rest on their prior."
        hint = "Remove them from the declared levels if they cannot occur."
        findings.warning("unused_levels", message, column=columns.source, hint=hint)


def _between(values: NDArray[np.float64] | NDArray[np.int64]) -> str:
    """Write the whole numbers that lie between those that occur, and do not."""
    seen = np.unique(values).astype(np.int64)
    if seen[-1] - seen[0] > _LONGEST_SCALE:
        # Codes, such as 10, 20 and 30, between which nothing was to be seen.
        return ""
    gaps = [(int(low) + 1, int(high) - 1) for low, high in pairwise(seen) if high - low > 1]
    return ", ".join(f"{low}" if low == high else f"{low} to {high}" for low, high in gaps)


def _unused(column: Column) -> list[str]:
    seen = set(observed_levels(column))
    return [str(level) for level in column.levels if level not in seen]


def _without_unused(columns: ResponseColumns, column: Column, findings: Findings) -> Column:
    """Keep the levels that occur, as a factor does."""
    unused = _unused(column)
    if not unused:
        return column
    message = f"'{columns.source}': categories {value_text(unused)} never occur; dropped."
    findings.note("unused_levels", message, column=columns.source)
    codes, levels = np.unique(column.values, return_inverse=True)[1], observed_levels(column)
    return replace(column, values=codes.astype(np.int64), levels=levels)


def _enough(columns: ResponseColumns, column: Column, least: int, family: str, findings: Findings) -> bool:
    """Tell whether there are enough categories, and more than one that occurs; else collect it."""
    seen = observed_levels(column)
    if len(seen) == 1:
        message = f"response '{columns.label}' is constant ({seen[0]}): nothing to model."
        findings.error("constant_column", message, column=columns.source)
    elif len(column.levels) < least:
        levels = value_text(column.levels)
        message = f"{family} needs at least {least} categories: '{columns.source}' has "
        message += f"{len(column.levels)} ({levels})."
        findings.error("response_coding", message, column=columns.source, hint=_TWO_VALUED)
    return len(seen) > 1 and len(column.levels) >= least


def _refuse_numbers(columns: ResponseColumns, family: str, stray: Stray, findings: Findings) -> None:
    name = columns.source
    clause = stray.clause or (
        "holds numbers" if columns.column.data_type == "number" else "holds numbers as text"
    )
    message = f"{family} needs {_LABELS}: column '{columns.column.name}' {clause}."
    hint = f"Write C({quote(name)}) ~ ... if they are codes of categories."
    findings.error("column_type", message, column=name, rows=stray.rows, hint=hint)
