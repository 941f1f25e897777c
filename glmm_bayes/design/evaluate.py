"""Expressions and a Table in, values out: the listed functions, and what they learn on the training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, Findings, FormulaError, row_text, value_text
from glmm_bayes.design.table import Column, Level, Table, as_labels, looks_like_numbers
from glmm_bayes.spec.expressions import Binary, Call, Expr, Name, Number, Text, Unary

Values = NDArray[np.float64]

_ELEMENTWISE: Mapping[str, Callable[[Values], Any]] = {
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "I": lambda values: values,
}
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "==": np.equal,
    "!=": np.not_equal,
    ">=": np.greater_equal,
    "<=": np.less_equal,
    ">": np.greater,
    "<": np.less,
}


@dataclass
class Evaluator:
    """Evaluate expressions on a table, learning or replaying the state of ``center`` and ``scale``.

    Attributes
    ----------
    table : Table
    transforms : mapping of str to dict
        What was learnt, by the canonical text of the call.
    learning : bool
        True on the training rows: state is written. False on new data: it is read.
    findings : Findings
        Where values that cannot be computed are collected.
    """

    table: Table
    transforms: MutableMapping[str, dict[str, float]]
    learning: bool
    findings: Findings

    def predictor(self, expression: Expr) -> Values | Column:
        """Evaluate a factor of a fixed or random effect: numbers, or a column of labels."""
        if isinstance(expression, Name):
            column = self.table[expression.name]
            if column.kind == "number":
                return column.values.astype(np.float64)
            self._refuse_numbers_as_text(column)
            if column.kind == "boolean":
                return Column(column.name, "label", column.values.astype(np.int64), (False, True))
            return column
        if isinstance(expression, Call) and expression.function == "C":
            return self._levels(expression)
        return self.numbers(expression)

    def numbers(self, expression: Expr) -> Values:
        """Evaluate to finite numbers, shape (row,); what is not finite is collected by row."""
        values, bad = self.computed(expression)
        if bad.any():
            rows = tuple(self.table.rows[bad].tolist())
            where = f"{row_text(rows)}{self._shown(expression, bad)}"
            message = f"{expression} is not finite in {len(rows)} rows ({where})."
            names = expression.names()
            column = names[0] if names else None
            self.findings.error("non_finite", message, column=column, rows=rows, hint="Correct them.")
        return values

    def offset(self, expression: Expr) -> Values:
        """Evaluate an offset; where it is not finite, say what an exposure must be."""
        values, bad = self.computed(expression)
        if bad.any():
            rows = tuple(self.table.rows[bad].tolist())
            names = expression.names()
            where = row_text(rows)
            found = f"offset({expression}) is not finite in {where}{self._shown(expression, bad)}"
            if len(names) == 1:
                value = self.table[names[0]].values[bad][0]
                found = f"offset({expression}): {names[0]} is {value:g} in {where}"
            hint = f"Remove the rows or correct {' or '.join(repr(name) for name in names)}."
            column = names[0] if len(names) == 1 else None
            message = f"{found}; exposure must be positive."
            self.findings.error("offset_domain", message, column=column, rows=rows, hint=hint)
        return values

    def computed(self, expression: Expr) -> tuple[Values, NDArray[np.bool_]]:
        """Evaluate to numbers, with zeros where they are not finite, and the mask of those rows."""
        before = len(self.findings.errors)
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(self._value(expression), np.float64), (len(self.table),))
        bad = ~np.isfinite(values)
        values = np.where(bad, 0.0, values)
        # What could not be read at all has been told; its stand-in values say nothing.
        told = len(self.findings.errors) > before
        return values, np.zeros_like(bad) if told else bad

    def _shown(self, expression: Expr, bad: NDArray[np.bool_]) -> str:
        """Show the first values of the numbers that the expression reads in the bad rows."""
        numbers = [self.table[name] for name in expression.names() if self.table[name].kind == "number"]
        texts = [f"{column.name} = {value_text(column.values[bad].tolist())}" for column in numbers]
        return f": {'; '.join(texts)}" if texts else ""

    def _value(self, expression: Expr) -> Any:
        if isinstance(expression, Number):
            return expression.value
        if isinstance(expression, Name):
            return self._number_column(expression)
        if isinstance(expression, Unary):
            value = self._value(expression.operand)
            return -value if expression.operator == "-" else value
        if isinstance(expression, Binary):
            return self._binary(expression)
        if isinstance(expression, Call):
            return self._call(expression)
        message = f"{expression} is not a number."
        raise FormulaError(
            Finding("formula_syntax", message, hint="Numbers and columns can be computed with.")
        )

    def _number_column(self, name: Name) -> Values:
        column = self.table[name.name]
        if column.kind == "label":
            message = (
                f"column '{column.name}' holds labels ({value_text(column.levels)}); a number is needed."
            )
            hint = f'Compare it, as in I({name} == "{column.levels[0]}"), or use it as it is.'
            self.findings.error("column_type", message, column=column.name, hint=hint)
            return np.zeros(len(self.table))
        return column.values.astype(np.float64)

    def _binary(self, expression: Binary) -> Any:
        left, right = expression.left, expression.right
        if expression.operator in ("==", "!=") and isinstance(right, Text) and isinstance(left, Name):
            column = as_labels(self.table[left.name])
            if self.learning and right.value not in map(str, column.levels):
                known = f"known: {value_text(column.levels)}."
                message = f"'{column.name}' has no level '{right.value}'; {known}"
                self.findings.error("unknown_level", message, column=column.name)
            hits = np.array([str(level) == right.value for level in column.levels], dtype=bool)[column.values]
            return hits if expression.operator == "==" else ~hits
        return _OPERATORS[expression.operator](self._value(left), self._value(right))

    def _call(self, call: Call) -> Any:
        argument = self._value(call.arguments[0])
        if call.function in _ELEMENTWISE:
            return _ELEMENTWISE[call.function](np.asarray(argument, np.float64))
        learnt = self._learn(call, np.asarray(argument, np.float64))
        return (argument - learnt["center"]) / learnt["scale"]

    def _learn(self, call: Call, values: Values) -> dict[str, float]:
        key = str(call)
        if self.learning and key not in self.transforms:
            spread = float(np.std(values, ddof=1)) if call.function == "scale" and values.size > 1 else 1.0
            if not spread > 0:
                message = f"{key}: '{call.arguments[0]}' is constant and cannot be scaled."
                column = (call.arguments[0].names() or (None,))[0]
                self.findings.error("constant_column", message, column=column, hint="Remove it.")
                spread = 1.0
            self.transforms[key] = {"center": float(np.mean(values)), "scale": spread}
        return self.transforms[key]

    def _levels(self, call: Call) -> Column:
        name = call.arguments[0]
        if not isinstance(name, Name):
            message = f"{call}: C() takes a column."
            raise FormulaError(Finding("formula_syntax", message, hint="Compute the column first."))
        column = as_labels(self.table[name.name])
        reference = dict(call.options).get("ref")
        # New rows are matched by label, so their reference does not matter.
        if reference is None or not self.learning:
            return Column(str(call), "label", column.values, column.levels, column.ordered, column.declared)
        return self._with_reference(column, str(getattr(reference, "value", reference)), str(call))

    def _with_reference(self, column: Column, reference: str, name: str) -> Column:
        texts = [str(level) for level in column.levels]
        if reference not in texts:
            message = f"{name}: '{column.name}' has no level '{reference}'; known: {value_text(texts)}."
            self.findings.error("unknown_level", message, column=column.name)
            return column
        first = texts.index(reference)
        order = [first] + [position for position in range(len(texts)) if position != first]
        codes = np.argsort(order)[column.values].astype(np.int64)
        levels: tuple[Level, ...] = tuple(column.levels[position] for position in order)
        return Column(name, "label", codes, levels, column.ordered, column.declared)

    def _refuse_numbers_as_text(self, column: Column) -> None:
        # New rows are matched with the levels that were learnt, whatever those look like.
        if (
            self.learning
            and column.kind == "label"
            and not column.declared
            and looks_like_numbers(column.levels)
        ):
            message = (
                f"column '{column.name}' holds numbers as text ({value_text(column.levels)}); "
                "a predictor must be numbers or labels."
            )
            hint = f"Write C({column.name}) if levels are meant, else convert it to numbers."
            self.findings.error("column_type", message, column=column.name, hint=hint)
