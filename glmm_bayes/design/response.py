"""The left side of a formula in, typed columns out; the family decides what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.response_additions import Additions, read_additions
from glmm_bayes.design.splines import Learnt
from glmm_bayes.design.table import Column, Table, as_labels
from glmm_bayes.spec.calls import OF_LEVELS
from glmm_bayes.spec.expressions import Binary, Call, Expr, Name, Text, Unary
from glmm_bayes.spec.response_term import ResponseTerm

#: Columns of ``cbind()`` that are successes and failures; more are categories.
_BINARY = 2


@dataclass(frozen=True)
class ResponseColumns:
    """What the data say about the response, before a family reads it.

    Attributes
    ----------
    label : str
        The response as the user wrote it.
    column : Column
        Numbers, booleans or labels.
    source : str
        The first column of the data that the response reads.
    trials : ndarray or None
        Numbers of trials, where the formula gives them.
    trials_term : Expr or None
        What ``trials()`` holds, where the formula has it.
    success : str or None
        The level that counts as success, where the formula names it.
    rows : ndarray
        Row labels, for messages.
    additions : Additions
        What else stands after the bar.
    counts : ndarray or None
        Numbers in each category, shape (row, category), where ``cbind()`` holds three columns or more;
        ``column`` is the first of them then, and ``trials`` their sum.
    categories : tuple of str
        The columns of ``counts`` as they are written.
    transforms : mapping of str to mapping
        What each call in the response learnt, by its text.
    expression : Expr or None
        The response as the formula has it.
    """

    label: str
    column: Column
    source: str
    trials: NDArray[np.float64] | None
    trials_term: Expr | None
    success: str | None
    rows: NDArray[Any]
    additions: Additions = field(default_factory=Additions)
    counts: NDArray[np.float64] | None = None
    categories: tuple[str, ...] = ()
    transforms: Mapping[str, Learnt] = field(default_factory=dict)
    expression: Expr | None = None


def read_response(
    term: ResponseTerm, table: Table, findings: Findings, transforms: Mapping[str, Learnt] | None = None
) -> ResponseColumns:
    """Evaluate the response's expression and what stands after its bar.

    Parameters
    ----------
    term : ResponseTerm
    table : Table
        The training rows.
    findings : Findings
        Where all that is wrong is collected.
    transforms : mapping of str to dict, optional
        What calls learnt from these rows before; what the response calls is taken as it is.
    """
    calls = {str(call) for call in _calls((term.expression, *term.additions))}
    learnt = {key: dict(value) for key, value in (transforms or {}).items() if key in calls}
    evaluator = Evaluator(table, learnt, {}, True, findings)
    expression = term.expression
    source = expression.names()[0]
    trials_term = next((call.arguments[0] for call in term.additions if call.function == "trials"), None)
    trials = evaluator.numbers(trials_term) if trials_term else None
    success = None
    counts: NDArray[np.float64] | None = None
    categories: tuple[str, ...] = ()
    if isinstance(expression, Call) and expression.function == "cbind":
        if trials_term:
            message = f"{expression} says the trials of '{source}'; trials({trials_term}) says them again."
            evaluator.findings.error("trials", message, column=source, hint="Leave one of the two out.")
        counts = _cbind(expression, evaluator)
        label = str(expression.arguments[0])
        column, trials = Column(label, "number", counts[:, 0]), counts.sum(axis=1)
        categories = tuple(map(str, expression.arguments))
    elif isinstance(expression, Call) and expression.function == "success":
        column, success, label = _success(expression, evaluator)
    else:
        column, label = _plain(expression, evaluator), str(expression)
    if column.data_type == "date" or column.identifier:
        what = "dates" if column.data_type == "date" else "identifiers"
        message = f"the response '{label}' holds {what}; numbers, booleans or labels can be modelled."
        hint = f'Write days_since({label}, "2020-01-01") ~ ...' if column.data_type == "date" else ""
        evaluator.findings.error("column_type", message, column=source, hint=hint)
    additions = read_additions(term, column, evaluator)
    rows = evaluator.table.rows
    if len(categories) <= _BINARY:
        counts, categories = None, ()
    return ResponseColumns(
        label,
        column,
        source,
        trials,
        trials_term,
        success,
        rows,
        additions,
        counts,
        categories,
        learnt,
        term.expression,
    )


def _calls(expressions: Iterable[Expr]) -> Iterator[Call]:
    """List all calls that some expressions hold."""
    for expression in expressions:
        if isinstance(expression, Call):
            yield expression
            yield from _calls(expression.arguments)
        elif isinstance(expression, Binary):
            yield from _calls((expression.left, expression.right))
        elif isinstance(expression, Unary):
            yield from _calls((expression.operand,))


def _plain(expression: Expr, evaluator: Evaluator) -> Column:
    if isinstance(expression, Name):
        return evaluator.table[expression.name]
    if isinstance(expression, Call) and expression.function in OF_LEVELS:
        return evaluator.labels(expression)
    return Column(str(expression), "number", evaluator.numbers(expression))


def _cbind(call: Call, evaluator: Evaluator) -> NDArray[np.float64]:
    """Read the columns of ``cbind()``, shape (row, column)."""
    counts = np.column_stack([evaluator.numbers(argument) for argument in call.arguments])
    for argument, values in zip(call.arguments, counts.T, strict=True):
        bad = (values < 0) | (values != np.floor(values))
        if bad.any():
            rows = tuple(evaluator.table.rows[bad].tolist())
            message = f"{argument} must be whole numbers of at least 0 ({row_text(rows)}: "
            message += f"{value_text(values[bad].tolist())})."
            column = argument.names()[0] if argument.names() else None
            evaluator.findings.error("trials", message, column=column, rows=rows)
    return counts


def _success(call: Call, evaluator: Evaluator) -> tuple[Column, str, str]:
    expression, level = call.arguments
    column = as_labels(_plain(expression, evaluator))
    wanted = level.value if isinstance(level, Text) else str(level)
    if wanted not in [str(known) for known in column.levels]:
        message = f"'{expression}' has no level '{wanted}'; known: {value_text(column.levels)}."
        evaluator.findings.error("response_coding", message, column=column.name)
    return column, wanted, str(expression)
