"""The left side of a formula in, typed columns out; the family decides what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import row_text, value_text
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.table import Column, as_labels
from glmm_bayes.spec.expressions import Call, Expr, Name, Text
from glmm_bayes.spec.model_spec import ResponseTerm


@dataclass(frozen=True)
class ResponseColumns:
    """What the data say about the response, before a family reads it.

    Attributes
    ----------
    label : str
        The response as the user wrote it.
    column : Column
        Numbers, booleans or labels.
    trials : ndarray or None
        Numbers of trials, where the formula gives them.
    success : str or None
        The level that counts as success, where the formula names it.
    rows : ndarray
        Row labels, for messages.
    """

    label: str
    column: Column
    trials: NDArray[np.float64] | None
    success: str | None
    rows: NDArray[Any]


def read_response(term: ResponseTerm, evaluator: Evaluator) -> ResponseColumns:
    """Evaluate the response's expression and what stands behind its bar."""
    expression = term.expression
    trials = _trials(term, evaluator)
    success = None
    if isinstance(expression, Call) and expression.function == "cbind":
        column, trials, label = _cbind(expression, evaluator)
    elif isinstance(expression, Call) and expression.function == "success":
        column, success, label = _success(expression, evaluator)
    else:
        column, label = _plain(expression, evaluator), str(expression)
    return ResponseColumns(label, column, trials, success, evaluator.table.rows)


def _plain(expression: Expr, evaluator: Evaluator) -> Column:
    if isinstance(expression, Name):
        return evaluator.table[expression.name]
    if isinstance(expression, Call) and expression.function == "ordered":
        return evaluator.labels(expression)
    return Column(str(expression), "number", evaluator.numbers(expression))


def _cbind(call: Call, evaluator: Evaluator) -> tuple[Column, NDArray[np.float64], str]:
    successes, failures = (evaluator.numbers(argument) for argument in call.arguments)
    for argument, values in zip(call.arguments, (successes, failures), strict=True):
        bad = (values < 0) | (values != np.floor(values))
        if bad.any():
            rows = tuple(evaluator.table.rows[bad].tolist())
            message = f"{argument} must be whole numbers of at least 0 ({row_text(rows)}: "
            message += f"{value_text(values[bad].tolist())})."
            column = argument.names()[0] if argument.names() else None
            evaluator.findings.error("trials", message, column=column, rows=rows)
    return Column(str(call.arguments[0]), "number", successes), successes + failures, str(call.arguments[0])


def _success(call: Call, evaluator: Evaluator) -> tuple[Column, str, str]:
    expression, level = call.arguments
    column = as_labels(_plain(expression, evaluator))
    wanted = level.value if isinstance(level, Text) else str(level)
    if wanted not in [str(known) for known in column.levels]:
        message = f"'{expression}' has no level '{wanted}'; known: {value_text(column.levels)}."
        evaluator.findings.error("response_coding", message, column=column.name)
    return column, wanted, str(expression)


def _trials(term: ResponseTerm, evaluator: Evaluator) -> NDArray[np.float64] | None:
    for addition in term.additions:
        if addition.function == "trials":
            return evaluator.numbers(addition.arguments[0])
    return None
