"""A Fit and a variable in; rows that move one predictor and hold the others, and the curves there, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, Findings, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.describe.equations import all_groups
from glmm_bayes.design.column import date_text
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign, by_terms
from glmm_bayes.design.table import Column, Table
from glmm_bayes.effects.estimand.factor_estimands import FactorWords, read_estimand
from glmm_bayes.effects.estimand.factors_needed import factors_needed
from glmm_bayes.effects.estimand.grid import held_words
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import new_rows
from glmm_bayes.effects.estimand.undefined import unless_undefined
from glmm_bayes.effects.estimand.variables import NANOSECONDS_A_DAY, variable_names, variable_of
from glmm_bayes.effects.expectation.expectation import expected
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import BLOCK_ELEMENTS, group_part
from glmm_bayes.plots.canvas import compact
from glmm_bayes.priors.names import PLAIN
from glmm_bayes.spec.linear_predictor import Term

_POINTS = 60
_GROUPS = 60
_PANELS = 4
_LEVELS = 12


@dataclass(frozen=True)
class Panel:
    """Rows of one panel, one for each point, and the positions of the levels shown in it."""

    title: str
    rows: Table
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Scenario:
    """What moves along the axis, and what is held.

    Attributes
    ----------
    variable : str
        The predictor along the axis; empty if the model has none.
    x : ndarray, shape (point,)
        Its values; positions if it is categorical.
    labels : tuple of str
        Names of the positions; empty for a number.
    panels : tuple of Panel
    group : GroupDesign or None
        The grouping factor whose levels have curves of their own.
    held : str
        Where the other predictors are held.
    left_out : str
        Levels that are not shown.
    is_date : bool
        Whether the values are dates, as days since 1970.
    """

    variable: str
    x: Array
    labels: tuple[str, ...]
    panels: tuple[Panel, ...]
    group: GroupDesign | None
    held: str
    left_out: str
    is_date: bool = False

    def place(self, point: int) -> str:
        """Name one of the values on the axis."""
        if self.labels:
            return self.labels[point]
        if self.is_date:
            return date_text(round(self.x[point]) * NANOSECONDS_A_DAY)
        return compact(float(self.x[point]))


@dataclass(frozen=True)
class Values:
    """Curves of one panel.

    Attributes
    ----------
    curves : mapping of str to ndarray, shape (draw, point)
        Draws, by estimand.
    groups : ndarray, shape (group, point)
        Posterior means.
    left_out : str
        Why the population has no curve.
    """

    curves: Mapping[str, Array]
    groups: Array
    left_out: str = ""


def predictors(design: Design) -> list[str]:
    """List the columns that the fixed part reads, in the order of the formula."""
    return list(dict.fromkeys(name for term in design.predictor.fixed for name in term.names()))


def is_factor(design: Design, name: str) -> bool:
    """Tell whether a column is categorical: by its use in the formula, its kind, or by two values."""
    variable = variable_of([design], name)
    grouping = {column for group in design.predictor.groups for column in group.columns}
    if variable.levels or name in grouping:
        return True
    return not variable.is_date and len(np.unique(variable.column.values)) <= 2


def _group_terms(design: Design) -> list[Term]:
    """List what varies over groups, and the columns of ``by``."""
    return [term for group in design.predictor.groups for term in (*group.effects, *by_terms(group))]


def _needed(fit: Fit) -> frozenset[str]:
    """List the grouping factors on whose levels the population's variance depends."""
    estimand = read_estimand("population", fit)
    needed = [factors_needed(predictor, estimand) for predictor in fit.predictors.values()]
    return frozenset[str]().union(*needed)


def main_group(design: Design) -> GroupDesign | None:
    """Return the grouping factor with the most levels."""
    return max(design.groups, key=lambda group: len(group.levels), default=None)


def plan(fit: Fit, variable: str | None) -> Scenario:
    """Choose the axis, the panels, the values held and the groups shown."""
    design = fit.design
    names = predictors(design)
    _check(variable, names)
    factors = [name for name in names if is_factor(design, name)]
    numbers = [name for name in names if name not in factors]
    along = variable or next(iter(numbers or factors), "")
    across = next((name for name in factors if name != along), "") if along in numbers else ""
    moving, x, labels, gone = _axis(design, along, along in factors)
    base, held = _held(fit, {along, across}, len(x))
    rows = Table(base | moving, np.arange(len(x)))
    panels = [Panel("", rows, _spread(fit, np.ones(len(design), np.bool_), _GROUPS))]
    if across:
        column = design.table[across]
        values, more = _frequent(column, _PANELS)
        gone += more
        panels = [_panel(fit, rows, column, value, len(values)) for value in values]
    is_date = along in numbers and design.table[along].data_type == "date"
    return Scenario(along, x, labels, tuple(panels), main_group(design), held, gone, is_date)


def _check(variable: str | None, names: list[str]) -> None:
    if variable is not None and variable not in names:
        hint = " ".join(filter(None, (suggestion(variable, names), f"Predictors: {', '.join(names)}.")))
        message = f"variable: '{variable}' is not a predictor of the model."
        raise PredictionError(Finding("unknown_column", message, column=variable, hint=hint))


def _axis(
    design: Design, along: str, categorical: bool
) -> tuple[dict[str, Column], Array, tuple[str, ...], str]:
    """Return the moving column, its positions, their names, and which levels are left out."""
    if not along:
        return {}, np.zeros(1), ("all rows",), ""
    column = design.table[along]
    if not categorical and column.data_type == "date":
        dates = np.linspace(column.values.min(), column.values.max(), _POINTS).astype(np.int64)
        return {along: replace(column, values=dates)}, dates / NANOSECONDS_A_DAY, (), ""
    if not categorical:
        x: Array = np.linspace(column.values.min(), column.values.max(), _POINTS, dtype=np.float64)
        return {along: replace(column, values=x)}, x, (), ""
    values, gone = _frequent(column, _LEVELS)
    moving = replace(column, values=np.array(values, dtype=column.values.dtype))
    names = tuple(_text(column, value) for value in values)
    return {along: moving}, np.arange(len(values), dtype=np.float64), names, gone


def _frequent(column: Column, most: int) -> tuple[list[Any], str]:
    """Return the most frequent values in their order, and a sentence if some are left out."""
    values, counts = np.unique(column.values, return_counts=True)
    kept = np.sort(np.argsort(-counts, kind="stable")[:most])
    gone = f" The {most} most frequent of {len(values)} levels of {column.name} are shown."
    return list(values[kept]), gone if len(values) > most else ""


def _text(column: Column, value: Any) -> str:
    if column.data_type == "label":
        return str(column.levels[value])
    if column.data_type == "date":
        return date_text(int(value))
    return str(bool(value)) if column.data_type == "boolean" else compact(float(value))


def _held(fit: Fit, moving: set[str], size: int) -> tuple[dict[str, Column], str]:
    """Hold variables where a typical grid does, and grouping factors at their most frequent level."""
    design = fit.design
    designs = [predictor.design for predictor in fit.predictors.values()]
    variables = variable_names(designs)
    names: list[str] = []
    needed = _needed(fit)
    for other in (predictor.design for predictor in fit.predictors.values()):
        names += predictors(other) + [name for term in _group_terms(other) for name in term.names()]
        names += [name for offset in other.predictor.offsets for name in offset.names()]
        for group in other.predictor.groups:
            if group.factor in needed:
                names += [*group.columns, *(name for weight in group.weights for name in weight.names())]
    base, held_texts = {}, []
    for name in dict.fromkeys(name for name in names if name not in moving):
        column = design.table[name]
        if name in variables:
            variable = variable_of(designs, name)
            point, why = variable.typical()
            held_texts.append(held_words(variable, point, why))
            base[name] = variable.at(column.take(np.zeros(size, np.int64)), point)
        else:
            value = _frequent(column, 1)[0][0]
            held_texts.append(f"{name} at {_text(column, value)} (most frequent)")
            base[name] = replace(column, values=np.full(size, value))
    return base, ", ".join(held_texts)


def _panel(fit: Fit, rows: Table, column: Column, value: Any, panels: int) -> Panel:
    held = replace(column, values=np.full(len(rows), value, dtype=column.values.dtype))
    inside = np.asarray(fit.design.table[column.name].values == value)
    groups = _spread(fit, inside, _GROUPS // panels)
    return Panel(f"{column.name} = {_text(column, value)}", rows.with_columns({column.name: held}), groups)


def _spread(fit: Fit, inside: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Choose levels that have rows inside, evenly over the order of their random effects."""
    group = main_group(fit.design)
    if group is None or any(
        PLAIN.of_factor("b", other.slug) not in fit.flat for other in _settled_factors(fit.design, group)
    ):
        return np.zeros(0, np.int64)
    mean = fit.flat[PLAIN.of_factor("b", group.slug)].mean(axis=0, keepdims=True)
    effect = group_part(mean, group)[0]
    score = np.bincount(group.codes, effect) / np.bincount(group.codes)
    known = np.unique(group.codes[inside])
    ordered = known[np.argsort(score[known], kind="stable")]
    return np.asarray(ordered[np.unique(np.linspace(0, len(ordered) - 1, most).round().astype(np.int64))])


def _settled_factors(design: Design, group: GroupDesign) -> list[GroupDesign]:
    """List the factors that a level of the group settles: itself, and those it is nested in."""
    return [other for other in design.groups if set(other.term.columns) <= set(group.term.columns)]


def other_factors(design: Design, group: GroupDesign) -> list[str]:
    """List the grouping factors whose effects are at zero in the groups' own curves."""
    settled = [other.factor for other in _settled_factors(design, group)]
    return [other.factor for other in design.groups if other.factor not in settled]


def compute(fit: Fit, scenario: Scenario, panel: Panel) -> Values:
    """Compute the curves of one panel."""
    population, left_out = unless_undefined(lambda: expected_on(fit, panel.rows, "population"))
    curves = {} if population is None else {"population": population}
    curves["typical"] = expected_on(fit, panel.rows, "typical")
    batches = [_group_means(fit, scenario, panel.rows, some) for some in _batches(fit, scenario, panel)]
    groups = np.concatenate(batches) if batches else np.zeros((0, len(scenario.x)))
    return Values(curves, groups, left_out)


def expected_on(fit: Fit, table: Table, word: str) -> Array:
    """Return draws of the mean on some rows, shape (draw, row) or (draw, row, category)."""
    return _expected(fit, table, read_estimand(word, fit))


def _expected(fit: Fit, table: Table, estimand: FactorWords) -> Array:
    rows = new_rows(fit, table, estimand, Findings(PredictionError))
    return expected(Question(fit, estimand), rows).values


def _batches(fit: Fit, scenario: Scenario, panel: Panel) -> Iterator[NDArray[np.int64]]:
    """Split the groups so that draws x groups x points stay within one block."""
    size = max(1, BLOCK_ELEMENTS // (int(np.prod(fit.shape)) * len(scenario.x)))
    for start in range(0, len(panel.groups), size):
        yield panel.groups[start : start + size]


def _group_means(fit: Fit, scenario: Scenario, rows: Table, levels: NDArray[np.int64]) -> Array:
    """Return posterior means of the levels' own curves, shape (level, point)."""
    group = scenario.group
    assert group is not None
    points = len(scenario.x)
    first = np.array([int(np.argmax(group.codes == level)) for level in levels])
    table = rows.take(np.tile(np.arange(points), len(levels)))
    columns = {name for other in fit.design.groups for name in other.term.columns}
    columns |= {n for other in fit.design.groups for w in other.term.weights for n in w.names()} - {
        scenario.variable
    }
    group_columns = {name: fit.design.table[name].take(np.repeat(first, points)) for name in sorted(columns)}
    settled = {other.factor for other in _settled_factors(fit.design, group)}
    every = all_groups(fit.predictors)
    estimands = {g.factor: "subject" if g.factor in settled else "typical" for g in every}
    values = _expected(fit, table.with_columns(group_columns), FactorWords(estimands)).mean(axis=0)
    return np.asarray(values.reshape(len(levels), points))
