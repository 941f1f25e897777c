"""A variable and rows in; the values to compare, and the rows with the variable set to one of them, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError, value_text
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.design import Design
from glmm_bayes.design.table import Column, Level, Table


@dataclass(frozen=True)
class Point:
    """One value that a variable is set to in every row; or a shift of each row's own value."""

    label: str
    value: Level | float
    is_shift: bool = False


#: What several variables are set to together.
Change = Mapping[str, Point]

_PAIRINGS = ("reference", "pairwise", "sequential")
_SPANS = ("sd", "2sd", "iqr", "minmax")


def changes(
    designs: Sequence[Design], variables: str | Sequence[str] | Mapping[str, Any], values: Any
) -> list[tuple[Change, Change]]:
    """List the pairs (values, references) to compare; several variables change together.

    Raises
    ------
    PredictionError
        ``unknown_column``, ``values``, ``new_level``.
    """
    if isinstance(variables, Mapping):
        if values is not None:
            message = "values are given twice: by the mapping of variables and by values=."
            raise PredictionError(Finding("values", message))
        asked: dict[str, Any] = dict(variables)
    else:
        names = [variables] if isinstance(variables, str) else variables
        if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
            message = f"the variable must be the name of a column, or several names, found {variables!r}."
            raise PredictionError(Finding("unknown_column", message))
        asked = dict.fromkeys(names, values)
    if not asked:
        raise PredictionError(Finding("values", "no variable to compare."))
    parts = [[(name, pair) for pair in contrasts(designs, name, asked[name])] for name in asked]
    return [
        ({name: pair[0] for name, pair in combined}, {name: pair[1] for name, pair in combined})
        for combined in product(*parts)
    ]


def contrasts(designs: Sequence[Design], variable: str, values: Any) -> list[tuple[Point, Point]]:
    """List the pairs (value, reference) of one variable to compare."""
    column = _predictor(designs, variable)
    levels = next((found for design in designs if (found := _levels(design, column))), ())
    pairing = values if isinstance(values, str) and values in _PAIRINGS else "reference"
    if isinstance(values, str) and values in _SPANS:
        points = _span(column, levels, values)
    elif values is None or (isinstance(values, str) and values in _PAIRINGS):
        points = _default_points(column, levels)
    elif isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or len(values) < 2:
        message = f"values must hold a reference and at least one value to compare, found {values!r}."
        hint = f"Or write one of: {', '.join((*_PAIRINGS, *_SPANS))}."
        raise PredictionError(Finding("values", message, hint=hint))
    else:
        points = [_given(column, levels, value) for value in values]
    if len(points) < 2:
        message = f"'{column.name}' has one value in the training rows: nothing to compare."
        raise PredictionError(Finding("values", message, column=column.name))
    if pairing == "pairwise":
        return [(high, low) for low, high in combinations(points, 2)]
    if pairing == "sequential":
        return list(zip(points[1:], points[:-1], strict=True))
    return [(point, points[0]) for point in points[1:]]


def _span(column: Column, levels: Sequence[Level], span: str) -> list[Point]:
    """Return two values of a number, as far apart as the word says of the training rows."""
    if levels or column.kind != "number":
        message = f"'{column.name}' is no number: values='{span}' has no meaning for it."
        raise PredictionError(Finding("values", message, column=column.name))
    x = column.values.astype(np.float64)
    if span in ("sd", "2sd"):
        half = (0.5 if span == "sd" else 1.0) * float(x.std(ddof=1))
        low, high = float(x.mean()) - half, float(x.mean()) + half
    else:
        ends = (25.0, 75.0) if span == "iqr" else (0.0, 100.0)
        low, high = np.percentile(x, ends).tolist()
    if low == high:
        message = (
            f"'{column.name}' does not vary in the training rows: values='{span}' has no meaning for it."
        )
        raise PredictionError(Finding("values", message, column=column.name))
    return [Point(f"{low:.6g}", low), Point(f"{high:.6g}", high)]


def predictor_names(designs: Sequence[Design]) -> list[str]:
    """List the columns that linear predictors read, but for those of grouping factors."""
    return list(dict.fromkeys(name for design in designs for name in _names(design)))


def checked_value(designs: Sequence[Design], variable: str, value: Any) -> Level | float:
    """Return a value that a variable can have, as the rows hold it.

    Raises
    ------
    PredictionError
        ``unknown_column``, ``values``, ``new_level``.
    """
    column = _predictor(designs, variable)
    levels = next((found for design in designs if (found := _levels(design, column))), ())
    return _given(column, levels, value).value


def _predictor(designs: Sequence[Design], variable: str) -> Column:
    names = [name for design in designs for name in _names(design)]
    if variable not in names:
        known = list(dict.fromkeys(names))
        hint = " ".join(filter(None, (suggestion(variable, known), f"Predictors: {', '.join(known)}.")))
        message = f"'{variable}' is not a predictor of the model."
        raise PredictionError(Finding("unknown_column", message, column=variable, hint=hint))
    return designs[0].table[variable]


def _names(design: Design) -> list[str]:
    """List the columns that a linear predictor reads, but for those of grouping factors."""
    spec = design.spec
    terms = [*spec.fixed, *(effect for group in spec.groups for effect in group.effects)]
    names = [name for term in terms for name in term.names()]
    return names + [name for offset in spec.offsets for name in offset.names()]


def _levels(design: Design, column: Column) -> tuple[Level, ...]:
    """Return the levels that the training rows had, the reference first; none for a number."""
    spec = design.spec
    terms = [*spec.fixed, *(effect for group in spec.groups for effect in group.effects)]
    for factor in (factor for term in terms for factor in term.factors):
        if factor.names() == (column.name,) and str(factor) in design.state.factors:
            return design.state.factors[str(factor)]
    return ()


def _default_points(column: Column, levels: Sequence[Level]) -> list[Point]:
    if levels:
        return [Point(str(level), level) for level in levels]
    if column.kind == "number" and np.isin(column.values, (0, 1)).all():
        return [Point("0", 0.0), Point("1", 1.0)]
    if column.kind == "number":
        return [Point(column.name, 0.0, is_shift=True), Point(f"{column.name} + 1", 1.0, is_shift=True)]
    # A label that enters through a comparison only, as in I(trt == "drug").
    return [Point(str(level), level) for level in column.levels]


def _given(column: Column, levels: Sequence[Level], value: Any) -> Point:
    known = levels or column.levels
    if known:
        for level in known:
            if str(level) == str(value):
                return Point(str(level), level)
        message = f"'{column.name}' has no level '{value}'; known: {value_text(known)}."
        if str(value) in map(str, column.levels):
            message += f" '{value}' was declared but never observed: no effect could be learnt."
        raise PredictionError(Finding("new_level", message, column=column.name))
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        message = f"'{column.name}' is a number; {value!r} is not."
        raise PredictionError(Finding("values", message, column=column.name))
    # The whole number, not six digits of it: 20240101 and 20240102 must not read alike.
    return Point(repr(number).removesuffix(".0"), number)


def with_values(table: Table, change: Change) -> Table:
    """Return the rows with variables set to points in every row."""
    for variable, point in change.items():
        table = with_value(table, variable, point)
    return table


def with_value(table: Table, variable: str, point: Point) -> Table:
    """Return the rows with the variable set to the point in every row."""
    column = table[variable]
    size = len(column.values)
    if column.kind == "label":
        # One level is enough: new rows are matched with the training levels by label.
        changed = Column(variable, "label", np.zeros(size, np.int64), (point.label,))
    elif column.kind == "boolean":
        changed = Column(variable, "boolean", np.full(size, bool(point.value)), (False, True))
    elif point.is_shift:
        changed = Column(variable, "number", column.values + float(point.value))
    else:
        changed = Column(variable, "number", np.full(size, float(point.value)))
    return table.with_columns({variable: changed})
