"""What stands after the response's bar in, checked numbers of each row out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import row_text, value_text
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.table import Column
from glmm_bayes.spec.expressions import TESTS, Binary, Call, Expr, Flag, Name, Number, Unary
from glmm_bayes.spec.response_term import ResponseTerm

Values = NDArray[np.float64]

#: Codes of censoring, by what the data may say.
CENSORING: Mapping[str | int, int] = {"none": 0, "left": -1, "right": 1, "interval": 2} | {
    code: code for code in (0, -1, 1, 2)
}


@dataclass(frozen=True)
class Additions:
    """What the formula adds to the response after its bar; None where it is not written.

    Attributes
    ----------
    weights : ndarray or None
        Powers of the likelihood, ``weights(w)``, shape (row,): nonnegative, not all zero.
    se : ndarray or None
        Known standard errors, ``se(s)``, shape (row,): positive; at least 0 beside sigma.
    se_adds_sigma : bool
        True for ``se(s, sigma = TRUE)``: the variance is that of the error and of sigma together.
    censored : ndarray of int8 or None
        0 none, -1 left, 1 right, 2 interval, shape (row,).
    interval_end : ndarray or None
        Upper ends of the intervals, shape (row,); above the response where ``censored`` is 2, infinite
        for an open end. Of other rows they mean nothing, and may be missing.
    lower, upper : ndarray or None
        Bounds of the truncation, which belong to the support, shape (row,); infinite on a side that
        ``trunc()`` leaves open.
    rate : ndarray or None
        Exposures, ``rate(e)``, shape (row,): positive.
    region : pair of ndarray or None
        What the family makes of censoring and bounds: the number that a censored response lies above and
        the number that it does not exceed, shape (row,).
    """

    weights: Values | None = None
    se: Values | None = None
    se_adds_sigma: bool = False
    censored: NDArray[np.int8] | None = None
    interval_end: Values | None = None
    lower: Values | None = None
    upper: Values | None = None
    rate: Values | None = None
    region: tuple[Values, Values] | None = None

    def take(self, rows: NDArray[np.int64]) -> Additions:
        """Keep the given rows."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        taken: dict[str, Any] = {name: value[rows] for name, value in arrays.items()}
        region = self.region and (self.region[0][rows], self.region[1][rows])
        return replace(self, **taken, region=region)


def read_additions(term: ResponseTerm, column: Column, evaluator: Evaluator) -> Additions:
    """Evaluate what stands after the bar, ``trials()`` left aside, and check it against the response."""
    calls = {call.function: call for call in term.additions}
    reader = _AdditionReader(column, term.expression, evaluator)
    censored, ends = reader.censoring(calls["cens"]) if "cens" in calls else (None, None)
    lower, upper = reader.bounds(calls["trunc"], censored) if "trunc" in calls else (None, None)
    return Additions(
        weights=reader.weights(calls["weights"]) if "weights" in calls else None,
        se=reader.errors(calls["se"]) if "se" in calls else None,
        se_adds_sigma="se" in calls and ("sigma", Flag(True)) in calls["se"].options,
        censored=censored,
        interval_end=ends,
        lower=lower,
        upper=upper,
        rate=reader.exposure(calls["rate"]) if "rate" in calls else None,
    )


def _event_of(expression: Expr) -> Expr | None:
    """Return ``event`` of ``1 - event``, which says what was seen and not what is censored."""
    if isinstance(expression, Binary) and expression.operator == "-" and expression.left == Number(1.0):
        return expression.right
    return None


@dataclass(frozen=True)
class _AdditionReader:
    """Read one addition after the other; each method collects what is wrong with its own."""

    column: Column
    response: Expr
    evaluator: Evaluator

    def weights(self, call: Call) -> Values:
        """Read ``weights(w)``."""
        values, sound = self._numbers(call.arguments[0])
        negative = values < 0
        if sound and negative.any():
            sentence = f"{call}: {int(negative.sum())} negative values ({{rows}})."
            self._refuse("weights", call.arguments[0], sentence, negative, "Weights are powers, at least 0.")
        elif sound and len(values) and not values.any():
            message = f"{call}: all zero: no row counts."
            self._error("weights", call.arguments[0], message, hint="Weights are powers, at least 0.")
        return values

    def errors(self, call: Call) -> Values:
        """Read ``se(s)``."""
        values, sound = self._numbers(call.arguments[0])
        beside_sigma = ("sigma", Flag(True)) in call.options
        bad = values < 0 if beside_sigma else values <= 0
        # Its square, and one over it, are numbers.
        bad |= (values > 0) & (values < 1 / LARGEST)
        if sound:
            must = "be at least 0" if beside_sigma else "be positive"
            sentence = f"se({call.arguments[0]}) must {must} ({{rows}}: {{values}})."
            hint = "" if beside_sigma else "A standard error of 0 would fix the mean at the response."
            self._refuse("weights", call.arguments[0], sentence, bad, hint, values)
        return values

    def exposure(self, call: Call) -> Values:
        """Read ``rate(e)``."""
        values, sound = self._numbers(call.arguments[0])
        if sound:
            sentence = f"{call}: {call.arguments[0]} is {{values}} in {{rows}}; exposure must be positive."
            hint = f"Remove the rows or correct '{call.arguments[0]}'."
            self._refuse("offset_domain", call.arguments[0], sentence, values <= 0, hint, values)
        return values

    def bounds(self, call: Call, censored: NDArray[np.int8] | None) -> tuple[Values, Values]:
        """Read ``trunc(lb, ub)``; a bound itself is a value that the response can have.

        A censored response lies somewhere inside them, wherever its ends are.
        """
        size = len(self.evaluator.table)
        options, sound = dict(call.options), True
        bounds = {"lb": np.full(size, -np.inf), "ub": np.full(size, np.inf)}
        for key, expression in options.items():
            before = len(self.evaluator.findings.errors)
            bounds[key] = self.evaluator.unchecked(expression)
            sentence = f"{call}: '{expression}' is no number in {{count}} rows ({{rows}})."
            hint = "Write inf, or -inf, in rows without that bound."
            self._refuse("truncation", expression, sentence, np.isnan(bounds[key]), hint)
            sound = sound and len(self.evaluator.findings.errors) == before
        lower, upper = bounds["lb"], bounds["ub"]
        crossed = lower >= upper
        if sound and crossed.any():
            self._refuse("truncation", call, f"{call}: lb must be below ub ({{rows}}).", crossed)
        elif sound and self.column.data_type == "number":
            y = self.column.values.astype(np.float64)
            sentence = (
                f"{call}: '{self.response}' is outside its bounds in {{count}} rows ({{rows}}: {{values}})."
            )
            hint = "Correct the rows or the bounds: a truncated sample holds no such values."
            outside = (y < lower) | (y > upper)
            if censored is not None:
                outside &= censored == 0
            self._refuse("truncation", self.response, sentence, outside, hint, y)
        return lower, upper

    def censoring(self, call: Call) -> tuple[NDArray[np.int8], Values | None]:
        """Read ``cens(c)`` or ``cens(c, y2)``."""
        codes, known = self._codes(call)
        interval = codes == CENSORING["interval"]
        if len(call.arguments) == 1:
            sentence = (
                f"{call}: {{count}} rows are interval-censored ({{rows}}); their upper ends are missing."
            )
            hint = f"Write cens({call.arguments[0]}, y2), with a column of upper ends."
            self._refuse("censoring", call.arguments[0], sentence, interval, hint)
            return codes, None
        ends, sound = self._ends(call, interval)
        if known and not interval.any():
            message = f"{call}: no row is interval-censored, so that '{call.arguments[1]}' is not used."
            column = next(iter(call.arguments[1].names()), None)
            self.evaluator.findings.note("censoring", message, column=column)
        if sound and self.column.data_type == "number":
            y = self.column.values.astype(np.float64)
            sentence = (
                f"{call}: '{call.arguments[1]}' must be above '{self.response}' in interval-censored rows"
            )
            bad = interval & (ends <= y)
            hint = "It is the upper end of the interval."
            self._refuse(
                "censoring", call.arguments[1], f"{sentence} ({{rows}}: {{values}}).", bad, hint, ends
            )
        return codes, ends

    def _ends(self, call: Call, interval: NDArray[np.bool_]) -> tuple[Values, bool]:
        """Read the upper ends of intervals: infinite where open, missing where there is no interval."""
        before, expression = len(self.evaluator.findings.errors), call.arguments[1]
        ends = self.evaluator.unchecked(expression)
        sentence = f"{call}: '{expression}' is missing in {{count}} interval-censored rows ({{rows}})."
        hint = "Fill the upper ends; a row without one is right-censored."
        self._refuse("censoring", expression, sentence, interval & np.isnan(ends), hint)
        return ends, len(self.evaluator.findings.errors) == before

    def _codes(self, call: Call) -> tuple[NDArray[np.int8], bool]:
        """Read the kind of censoring of each row, and whether it could be read."""
        expression, table = call.arguments[0], self.evaluator.table
        compared = isinstance(expression, Binary | Unary) and expression.operator in (*TESTS, "!")
        column = table[expression.name] if isinstance(expression, Name) else None
        flags = column is not None and (
            column.data_type == "boolean" or any(isinstance(level, bool) for level in column.levels)
        )
        if compared or flags:
            message = f"{call}: '{expression}' is boolean: True means \"event seen\" in some software, "
            inside = f"({expression})" if compared else str(expression)
            hint = (
                f"Write cens(I({expression})) if True means right-censored, cens(I(1 - {inside})) if it "
                "means that the event was seen."
            )
            self._error("censoring", expression, f'{message}"censored" in other.', hint=hint)
            return np.zeros(len(table), np.int8), False
        if column is not None and column.data_type == "label":
            values = np.array(column.levels, dtype=object)[column.values]
        else:
            values, sound = self._numbers(expression)
            if not sound:
                return np.zeros(len(table), np.int8), False
        event = _event_of(expression)
        if event is not None:
            return self._of_events(event, 1.0 - values.astype(np.float64))
        codes = [CENSORING.get(value) for value in values.tolist()]
        bad = np.array([code is None for code in codes], dtype=bool)
        sentence = f'{call} must be "none", "left", "right" or "interval" (or 0, -1, 1, 2)'
        self._refuse("censoring", expression, f"{sentence}, found {{values}} ({{rows}}).", bad, "", values)
        return np.array([code or 0 for code in codes], dtype=np.int8), not bad.any()

    def _of_events(self, event: Expr, seen: Values) -> tuple[NDArray[np.int8], bool]:
        """Read whether an event was seen in each row, 1 or 0; a row without one is right-censored."""
        bad = (seen != 0) & (seen != 1)
        sentence = f"the event '{event}' must be 0 or 1, or true or false, found {{values}} ({{rows}})."
        hint = f"Write Surv(time, {event} == 2), or cens(1 - ({event} == 2)), if 2 says that it was seen."
        self._refuse("censoring", event, sentence, bad, hint, seen)
        if not bad.any() and self.evaluator.learning:
            count = int(seen.sum())
            what = f"{event} = 1" if isinstance(event, Name) else str(event)
            message = f"{what} is an event ({count} of {len(seen)} rows); other rows are right-censored."
            self.evaluator.findings.note("censoring", message, column=next(iter(event.names()), None))
        return np.asarray(1 - seen, np.int8), not bad.any()

    def _numbers(self, expression: Expr) -> tuple[Values, bool]:
        """Evaluate, and say whether all values could be read; those that could not are told already."""
        before = len(self.evaluator.findings.errors)
        values = self.evaluator.numbers(expression)
        return values, len(self.evaluator.findings.errors) == before

    def _refuse(
        self,
        code: str,
        expression: Expr,
        sentence: str,
        bad: NDArray[np.bool_],
        hint: str = "",
        values: NDArray[np.float64] | NDArray[np.object_] | None = None,
    ) -> None:
        """Collect an error about the bad rows, if there are any."""
        if bad.any():
            rows = tuple(self.evaluator.table.rows[bad].tolist())
            shown = "" if values is None else value_text(dict.fromkeys(values[bad].tolist()))
            told = {"rows": row_text(rows), "values": shown, "count": str(len(rows))}
            for key, text in told.items():
                sentence = sentence.replace(f"{{{key}}}", text)
            self._error(code, expression, sentence, rows, hint)

    def _error(
        self, code: str, expression: Expr, message: str, rows: tuple[object, ...] = (), hint: str = ""
    ) -> None:
        column = next(iter(expression.names()), None)
        self.evaluator.findings.error(code, message, column=column, rows=rows, hint=hint)
