"""Expressions and a Table in, values out: the listed functions, and what they learn on the training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Finding, Findings, FormulaError, row_text, value_text
from glmm_bayes.core.exact_sums import exact_mean, exact_sd
from glmm_bayes.design.days import days_of
from glmm_bayes.design.factors import (
    learn_factor,
    match_factor,
    observed_levels,
    read_levels,
    refuse_as_predictor,
)
from glmm_bayes.design.group_means import group_means
from glmm_bayes.design.monotonic import read_monotonic
from glmm_bayes.design.registered_functions import registered_values
from glmm_bayes.design.splines import Learnt, basis, is_basis, learn, number, problem, width
from glmm_bayes.design.table import Column, Level, Table, as_labels, stray_words
from glmm_bayes.spec.expressions import TESTS, Binary, Call, Expr, Name, Number, Text, Unary
from glmm_bayes.spec.functions import DAYS, GROUP_MEANS
from glmm_bayes.spec.monotonic import is_monotonic
from glmm_bayes.spec.signatures import literal

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
    "sin": np.sin,
    "cos": np.cos,
    "asin": np.arcsin,
    "abs2": np.square,
    "as.integer": np.trunc,
    "I": lambda values: values,
}
_OF_SEVERAL: Mapping[str, Callable[[Any, Any], Any]] = {"pmin": np.minimum, "pmax": np.maximum}
_SCALED = ("scale", "standardize")
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
    "&": np.logical_and,
    "|": np.logical_or,
}


@dataclass
class Evaluator:
    """Evaluate expressions on a table, learning or replaying what calls and factors remember.

    Attributes
    ----------
    table : Table
    transforms : mapping of str to dict
        What calls learnt, by their canonical text.
    factors : mapping of str to tuple
        Levels of categorical factors, and of columns that are compared with a level.
    learning : bool
        True on the training rows: state is written. False on new data: it is read.
    findings : Findings
        Where values that cannot be computed are collected.
    by : frozenset of str
        Columns of ``gr(g, by = f)`` that are no predictors: whatever their texts spell, they are labels.
    """

    table: Table
    transforms: MutableMapping[str, Learnt]
    factors: MutableMapping[str, tuple[Level, ...]]
    learning: bool
    findings: Findings
    by: frozenset[str] = frozenset()

    def predictor(self, expression: Expr) -> Values | Column:
        """Evaluate a factor of an effect: numbers, a basis of shape (row, column), or labels."""
        if isinstance(expression, Name):
            return self._column(self.table[expression.name])
        if isinstance(expression, Call) and expression.function in ("C", "ordered"):
            return self.labels(expression)
        if isinstance(expression, Call) and is_basis(expression):
            return self._basis(expression)
        if isinstance(expression, Call) and is_monotonic(expression):
            column = read_monotonic(expression, self.table, self.findings, self.learning)
            return np.zeros(len(self.table)) if column is None else column
        return self.numbers(expression)

    def labels(self, call: Call) -> Column:
        """Evaluate ``C()`` or ``ordered()``."""
        return read_levels(call, self.table, self.findings, self.learning)

    def codes(self, factor: Expr, column: Column) -> NDArray[np.int64]:
        """Give each row the position of its level: learnt on the training rows, matched on new ones."""
        key = str(factor)
        if self.learning:
            # Whole numbers between those that occur are levels of a monotonic effect.
            keeps_all = is_monotonic(factor) and not column.declared
            codes, self.factors[key] = learn_factor(factor, column, self.findings, keeps_all)
            return codes
        return match_factor(factor, column, self.factors[key], self.table, self.findings)

    def _column(self, column: Column) -> Values | Column:
        if column.name in self.by and column.data_type in ("label", "date"):
            # A date is told with the numbers.
            return column if column.data_type == "label" else np.zeros(len(self.table))
        if refuse_as_predictor(column, self.table.rows, self.learning, self.findings):
            return np.zeros(len(self.table))
        if column.data_type == "number":
            return column.values.astype(np.float64)
        if column.data_type == "boolean":
            return Column(column.name, "label", column.values.astype(np.int64), (False, True))
        return column

    def _basis(self, call: Call) -> Values:
        before = len(self.findings.errors)
        values, key = self.numbers(call.arguments[0]), str(call)
        # What could not be read has been told; nothing can be learnt from its stand-in values.
        if len(self.findings.errors) > before:
            return np.zeros((len(values), width(call)))
        if self.learning and key not in self.transforms:
            wrong = problem(call, values)
            if wrong:
                column = (call.names() or (None,))[0]
                hint = "Choose fewer columns, or other knots."
                self.findings.error("rank_deficient", wrong, column=column, hint=hint)
                return np.zeros((len(values), width(call)))
            self.transforms[key] = learn(call, values)
        learnt = self.transforms[key]
        if not self.learning:
            self._warn_beyond(call, values, learnt)
        with np.errstate(all="ignore"):
            columns = basis(call, values, learnt)
        bad = ~np.isfinite(columns).all(axis=1)
        self._refuse_non_finite(call, bad)
        return np.where(bad[:, None], 0.0, columns)

    def _warn_beyond(self, call: Call, values: Values, learnt: Learnt) -> None:
        """Warn of new rows outside of the range in which the columns were learnt."""
        low, high = number(learnt, "lower"), number(learnt, "upper")
        rows = tuple(self.table.rows[(values < low) | (values > high)].tolist())
        if rows:
            lie = "row lies" if len(rows) == 1 else "rows lie"
            message = (
                f"'{call.arguments[0]}' was in [{low:g}, {high:g}]; {len(rows)} {lie} outside "
                f"({row_text(rows)}): {call.function} extrapolates there."
            )
            column = (call.names() or (None,))[0]
            self.findings.warning("extrapolation", message, column=column, rows=rows)

    def numbers(self, expression: Expr) -> Values:
        """Evaluate to finite numbers, shape (row,); what is not finite is collected by row."""
        faults: set[str] = set()
        with np.errstate(all="call", under="ignore", call=lambda fault, _: faults.add(fault)):
            values, bad = self.computed(expression)
        if faults == {"overflow"} and bad.any():
            self._refuse_overflow(expression, bad)
        else:
            self._refuse_non_finite(expression, bad)
        if not isinstance(expression, Name) and (large := np.abs(values) > LARGEST).any():
            self._refuse_overflow(expression, large)
        return values

    def unchecked(self, expression: Expr) -> Values:
        """Evaluate to numbers of which some may be infinite or missing, shape (row,)."""
        with np.errstate(all="ignore"):
            values = np.asarray(self._value(expression), np.float64)
        return np.array(np.broadcast_to(values, (len(self.table),)))

    def _refuse_overflow(self, expression: Expr, bad: NDArray[np.bool_]) -> None:
        rows, names = tuple(self.table.rows[bad].tolist()), expression.names()
        message = f"{expression} overflows in {row_text(rows)}{self._shown(expression, bad)}."
        hint = f"Rescale {' or '.join(repr(name) for name in names)}." if names else ""
        self.findings.error("scale", message, column=next(iter(names), None), rows=rows, hint=hint)

    def _refuse_non_finite(self, expression: Expr, bad: NDArray[np.bool_]) -> None:
        if bad.any():
            rows = tuple(self.table.rows[bad].tolist())
            where = f"{row_text(rows)}{self._shown(expression, bad)}"
            message = f"{expression} is not finite in {len(rows)} rows ({where})."
            names = expression.names()
            column = names[0] if names else None
            self.findings.error("non_finite", message, column=column, rows=rows, hint="Correct them.")

    def offset(self, expression: Expr) -> Values:
        """Evaluate an offset; where it is not finite, say what an exposure must be."""
        with np.errstate(all="ignore"):
            values, bad = self.computed(expression)
        if bad.any():
            rows = tuple(self.table.rows[bad].tolist())
            names = expression.names()
            where = row_text(rows)
            fault = f"offset({expression}) is not finite in {where}{self._shown(expression, bad)}"
            if len(names) == 1:
                value = self.table[names[0]].values[bad][0]
                fault = f"offset({expression}): {names[0]} is {value:g} in {where}"
            hint = f"Remove the rows or correct {' or '.join(repr(name) for name in names)}."
            column = names[0] if len(names) == 1 else None
            message = f"{fault}; exposure must be positive."
            self.findings.error("offset_domain", message, column=column, rows=rows, hint=hint)
        return values

    def computed(self, expression: Expr) -> tuple[Values, NDArray[np.bool_]]:
        """Evaluate to numbers, with zeros where they are not finite, and the mask of those rows."""
        before = len(self.findings.errors)
        values = np.broadcast_to(np.asarray(self._value(expression), np.float64), (len(self.table),))
        bad = ~np.isfinite(values)
        values = np.where(bad, 0.0, values)
        # What could not be read at all has been told; its stand-in values say nothing.
        told = len(self.findings.errors) > before
        return values, np.zeros_like(bad) if told else bad

    def _shown(self, expression: Expr, bad: NDArray[np.bool_]) -> str:
        """Show the first values of the numbers that the expression reads in the bad rows."""
        numbers = [self.table[name] for name in expression.names() if self.table[name].data_type == "number"]
        texts = [f"{column.name} = {value_text(column.values[bad].tolist())}" for column in numbers]
        return f": {'; '.join(texts)}" if texts else ""

    def _value(self, expression: Expr) -> Any:
        if isinstance(expression, Number):
            return expression.value
        if isinstance(expression, Name):
            return self._number_column(expression)
        if isinstance(expression, Unary):
            if expression.operator == "!":
                return 1.0 - self._truth(expression.operand)
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
        if column.data_type == "label" and not column.identifier:
            stray = stray_words(column, self.table.rows)
            clause = stray.clause or f"holds labels ({value_text(column.levels)})"
            message = f"column '{column.name}' {clause}; a number is needed."
            hint = f'Compare it, as in I({name} == "{column.levels[0]}"), or use it as it is.'
            self.findings.error(
                "column_type", message, column=column.name, rows=stray.rows, hint=stray.remedy or hint
            )
            return np.zeros(len(self.table))
        if refuse_as_predictor(column, self.table.rows, self.learning, self.findings):
            return np.zeros(len(self.table))
        return column.values.astype(np.float64)

    def _binary(self, expression: Binary) -> Any:
        left, right = expression.left, expression.right
        if expression.operator == "%in%":
            return self._is_one_of(left, right)
        if expression.operator in ("&", "|"):
            logic = _OPERATORS[expression.operator](self._truth(left), self._truth(right))
            return np.asarray(logic, np.float64)
        if expression.operator in ("==", "!=") and isinstance(right, Text) and isinstance(left, Name):
            hits = self._marked(left, right.value).astype(np.float64)
            return hits if expression.operator == "==" else 1.0 - hits
        values = self._value(left), self._value(right)
        result = _OPERATORS[expression.operator](*values)
        if expression.operator not in TESTS:
            return result
        # What compares with a number that is none is neither true nor false.
        return np.where(np.isnan(values[0]) | np.isnan(values[1]), np.nan, result)

    def _is_one_of(self, left: Expr, right: Expr) -> Values:
        """Mark the rows whose value is one of those listed."""
        values = literal(right)
        listed = values.arguments if isinstance(values, Call) else (values,)
        texts = [value.value for value in listed if isinstance(value, Text)]
        hits = np.zeros(len(self.table))
        if texts and isinstance(left, Name):
            for text in texts:
                hits = np.maximum(hits, self._marked(left, text))
        if len(texts) < len(listed):
            numbers = np.asarray(self._value(left), np.float64)
            known = np.isin(numbers, [value.value for value in listed if isinstance(value, Number)])
            hits = np.where(np.isnan(numbers), np.nan, np.maximum(hits, known))
        return hits

    def _truth(self, test: Expr) -> NDArray[np.bool_]:
        """Evaluate what is true or false in each row; a column must be of flags, or of 0 and 1."""
        values = np.broadcast_to(np.asarray(self._value(test)), (len(self.table),))
        bad = (values != 0) & (values != 1)
        if bad.any():
            rows = tuple(self.table.rows[bad].tolist())
            counterexamples = f"found {value_text(np.unique(values[bad]).tolist())} ({row_text(rows)})"
            message = f"'{test}' must be true or false, {counterexamples}."
            hint = f"Compare it, as in {test} > 1."
            column = (test.names() or (None,))[0]
            self.findings.error("column_type", message, column=column, rows=rows, hint=hint)
        return np.asarray(values == 1)

    def _ifelse(self, call: Call) -> Values:
        test, yes, no = call.arguments
        before = len(self.findings.errors)
        chosen, yes, no = self._truth(test), self._value(yes), self._value(no)
        if len(self.findings.errors) > before:
            return np.zeros(len(self.table))
        return np.asarray(np.where(chosen, yes, no), np.float64)

    def _group_means(self, call: Call) -> Values:
        """Means over groups, or what is left of a number within them."""

        def compute(table: Table) -> Values:
            inner = replace(self, table=table)
            return np.array(
                np.broadcast_to(np.asarray(inner._value(call.arguments[0]), np.float64), len(table))
            )

        before = len(self.findings.errors)
        values = compute(self.table)
        if len(self.findings.errors) > before:
            return np.zeros(len(self.table))
        kept = self.transforms, self.factors, self.learning, self.findings
        means = group_means(call, compute, self.table, *kept)
        return values - means if call.function == "within" else means

    def _marked(self, name: Name, level: str) -> NDArray[np.bool_]:
        """Mark the rows of a level; levels that the training rows did not have are refused."""
        column = as_labels(self.table[name.name], self.table.rows)
        # The levels are those of the column as a factor, whatever else it is in the formula.
        key = Call("C", (name,))
        if not self.learning:
            match_factor(name, column, self.factors[str(key)], self.table, self.findings)
        else:
            self.factors[str(key)] = observed_levels(column)
            if level not in map(str, column.levels):
                known = f"known: {value_text(column.levels)}."
                message = f"'{column.name}' has no level '{level}'; {known}"
                self.findings.error("unknown_level", message, column=column.name)
        return np.array([str(known) == level for known in column.levels], dtype=bool).take(column.values)

    def _call(self, call: Call) -> Any:
        if call.function in DAYS:
            return days_of(call, self.table, self.findings)
        if call.function == "ifelse":
            return self._ifelse(call)
        if call.function in GROUP_MEANS:
            return self._group_means(call)
        before = len(self.findings.errors)
        values = [np.asarray(self._value(argument), np.float64) for argument in call.arguments]
        if len(self.findings.errors) > before:
            return np.zeros(len(self.table))
        if call.function in _ELEMENTWISE:
            return _ELEMENTWISE[call.function](values[0])
        if call.function in _OF_SEVERAL:
            return reduce(_OF_SEVERAL[call.function], values)
        if call.function == "center" or call.function in _SCALED:
            learnt = self._moments(call, values[0])
            return (values[0] - number(learnt, "center")) / number(learnt, "scale")
        return registered_values(call, values, len(self.table), self.learning, self.findings)

    def _moments(self, call: Call, values: Values) -> Learnt:
        key = str(call)
        if self.learning and key not in self.transforms:
            spread = exact_sd(values) if call.function in _SCALED and values.size > 1 else 1.0
            if not spread > 0:
                message = f"{key}: '{call.arguments[0]}' is constant and cannot be scaled."
                column = (call.arguments[0].names() or (None,))[0]
                self.findings.error("constant_column", message, column=column, hint="Remove it.")
                spread = 1.0
            self.transforms[key] = {"center": exact_mean(values), "scale": spread}
        return self.transforms[key]
