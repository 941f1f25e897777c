"""``slopes``: how fast expected responses change with a number, at each row and averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmm_bayes.core.arguments import check_texts, plain_flag
from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, Findings, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import Registry
from glmm_bayes.design.table import Column
from glmm_bayes.effects.estimand.averages import averages, each_row, free_names
from glmm_bayes.effects.estimand.estimand import Estimand, merged_estimand
from glmm_bayes.effects.estimand.rows import Rows, new_rows, predictors_of
from glmm_bayes.effects.estimand.target_rows import confounded_factors
from glmm_bayes.effects.estimand.variables import NANOSECONDS_A_DAY, Covariate, held_means, variable_of
from glmm_bayes.effects.expectation.answer import (
    asks_new,
    attributes,
    effects_of,
    quantity_of,
    question_of,
    rows_of,
)
from glmm_bayes.effects.expectation.column_derivatives import sides_of
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, gathered
from glmm_bayes.effects.expectation.new_group_means import slopes_of_new
from glmm_bayes.effects.expectation.new_groups import seed_of
from glmm_bayes.effects.expectation.predictor_draws import distinct_patterns
from glmm_bayes.effects.expectation.slopes_exact import SlopeEvaluator, SlopeMeasure
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.hypotheses import contrast_rows
from glmm_bayes.fit.fit import Fit, check_fit

#: What is reported of a slope, the value of the variable and the mean, row by row.
_MEASURES: Registry[SlopeMeasure] = Registry(
    "measure",
    {
        "dydx": lambda slope, x, mean: slope,
        "eyex": lambda slope, x, mean: slope * x / mean,
        "eydx": lambda slope, x, mean: slope / mean,
        "dyex": lambda slope, x, mean: slope * x,
    },
    PredictionError,
    aliases={"slope": "dydx", "derivative": "dydx", "elasticity": "eyex"},
)
#: Those that depend on the variable's own value, and so on where its zero is.
_OF_VALUES = ("eyex", "dyex")
#: Those that divide by the mean.
_OF_MEANS = ("eyex", "eydx")
_LABELS = {
    "dydx": "slope of {quantity} in {variable}",
    "eyex": "elasticity of {quantity} in {variable}",
    "eydx": "relative slope of {quantity} in {variable}",
    "dyex": "change of {quantity} for a relative change of {variable}",
}


@dataclass(frozen=True)
class Moving:
    """The variable of a slope, in the unit of the slope: dates are counted in days.

    Raises
    ------
    PredictionError
        ``slope`` if it is no number or date, or a measure needs a zero that dates do not have.
    """

    variable: Covariate
    measure: str

    def __post_init__(self) -> None:
        column = self.variable.column
        if column.data_type != "number" and not self.variable.is_date:
            message = f"'{column.name}' is a {column.data_type}, and a slope is that of a number."
            raise PredictionError(Finding("slope", message, column=column.name, hint="Use gb.comparisons."))
        if self.variable.is_date and self.measure in _OF_VALUES:
            message = f"measure='{self.measure}' is relative to the variable, and '{column.name}' is a date."
            raise PredictionError(Finding("slope", message, column=column.name, hint="Write dydx or eydx."))

    @property
    def description(self) -> str:
        """The variable, with the unit of a slope where it has one."""
        return f"{self.variable.name}, per day" if self.variable.is_date else self.variable.name

    @property
    def _first(self) -> int:
        # Days are counted from the first date of the data, so that they keep their digits.
        return int(self.variable.column.values.min())

    def numbers(self, column: Column) -> Array:
        """Return the values of rows as numbers."""
        if not self.variable.is_date:
            return column.values.astype(np.float64)
        return np.asarray((column.values - self._first) / NANOSECONDS_A_DAY)

    def column(self, numbers: Array) -> Column:
        """Return numbers as values of rows."""
        if not self.variable.is_date:
            return Column(self.variable.name, "number", numbers)
        since = np.round(numbers * NANOSECONDS_A_DAY).astype(np.int64)
        return Column(self.variable.name, "date", self._first + since)


def slopes(
    fit: Fit,
    variable: str,
    *,
    newdata: Any = None,
    by: str | Sequence[str] | bool | None = None,
    weights: Any = None,
    estimand: str | Mapping[str, str] | Estimand = "population",
    per: str | None = None,
    scale: str = "response",
    measure: str = "dydx",
    parameter: str | None = None,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
    seed: int | None = None,
    max_memory: float = MAX_MEMORY,
) -> Effects:
    """Compute how fast expected responses change with a number, averaged over rows within each draw.

    Each row's slope is taken at its own value of the variable. Of a population mean m it is
    (d eta/dx) dm/d eta + (dv/dx) dm/dv: the second part is that of random slopes, whose variance changes
    with x.

    Parameters
    ----------
    fit : Fit
    variable : str
        A number, or a date under ``days_since()``, whose slope is per day; for a factor use
        ``comparisons``.
    newdata, by, weights, estimand
        As in ``predictions``; ``by`` defaults to all rows, and False gives each row by itself.
    per : {"label"}, optional
        Of new groups, as in ``predictions``: one for all rows, also for rows with different labels, or
        one for each label; the same at every value of the variable.
    scale : {"response", "link", "at_least", "score"}
        As in ``predictions``.
    measure : {"dydx", "eyex", "eydx", "dyex"}
        Slope, elasticity, relative slope, and change for a relative change of the variable; row by row.
    parameter, hypothesis, probability, interval, seed, max_memory
        As in ``predictions``.

    Returns
    -------
    Effects
        One row for each average, or each row of the data; draws of dims (chain, draw, row), ``dydx`` in units
        of the response for one unit of the variable. ``attrs["derivative_error"]`` is the largest relative
        error of the derivatives of the design's columns.

    Raises
    ------
    PredictionError
        ``slope`` if the variable is no number, the model reads it as a factor or in a way that has no slope,
        or a date is asked for an elasticity; ``unknown_column``; ``unknown_measure``; else as
        ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Williams (2012), Using the margins command to estimate and interpret adjusted predictions and
    marginal effects.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> round(float(gb.slopes(fit, "Days").summary()["mean"][0]), 9)
    10.0
    """
    check_fit(fit)
    check_texts(variable=variable)
    shown = read_interval(probability, interval)
    how = _MEASURES[measure]
    merged = merged_estimand(
        estimand, scale=scale, parameter=parameter, newdata=newdata, weights=weights, per=per
    )
    parameter, newdata, weights = merged.parameter, merged.newdata, merged.weights
    question = question_of(fit, merged, merged.scale)
    start = seed_of(fit, seed)
    designs = [predictor.design for predictor in predictors_of(fit, parameter).values()]
    moving = Moving(variable_of(designs, variable), measure)
    rows, notes = rows_of(question, newdata)
    notes += confounded_factors(fit, [variable], newdata)
    by = plain_flag(by)
    groups = each_row(rows, weights) if by is False else averages(rows, _all(by), newdata, weights)
    assert groups is not None
    findings = Findings(PredictionError)

    def build(values: Array) -> Rows:
        table = rows.table.with_columns({variable: moving.column(values)})
        return new_rows(fit, table, question.estimand, findings, parameter)

    x = moving.numbers(rows.table[variable])
    sides = sides_of(rows, build, variable, x)
    middle, plus, minus = (
        distinct_patterns(question, each, direct=True)[0] for each in (rows, sides.plus, sides.minus)
    )
    columns = [*middle.columns(), *plus.columns(), *minus.columns()]
    first, spread = distinct_rows(np.hstack([x[:, None], *columns]))
    evaluator = SlopeEvaluator(question, middle, plus, minus, x, how, measure in _OF_MEANS)
    if asks_new(question, rows):
        every = (rows, sides.plus, sides.minus)
        result = slopes_of_new(evaluator, every, spread, start, groups, max_memory)
    else:
        result = gathered(evaluator, first, spread, groups, max_memory)
    grid, renamed = free_names(groups.grid)
    grid.insert(0, "variable", variable)
    label = _LABELS[measure].format(quantity=quantity_of(question), variable=moving.description)
    label += held_means(designs, [variable])
    attrs = attributes(question, rows, result, label, start) | {
        "measure": measure,
        "null": 0.0,
        "average": groups.description,
        "derivative_error": sides.error,
    }
    effects = effects_of(question, result.values, grid, attrs, notes + renamed, shown, merged)
    return effects if hypothesis is None else contrast_rows(effects, hypothesis)


def _all(by: str | Sequence[str] | bool | None) -> str | Sequence[str] | bool:
    return True if by is None else by
