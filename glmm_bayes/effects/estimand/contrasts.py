"""Variables and rows in; the values to compare, and the rows with the variables set to them, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

from glmm_bayes.core.arguments import kept, listed, names_of
from glmm_bayes.core.distinct import refuse_repeats
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.design.design import Design
from glmm_bayes.effects.estimand.variables import Covariate, Point, variable_of

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
        values_of: dict[str, Any] = dict(variables)
    else:
        names = names_of(variables)
        if not names:
            shown = shown_value(variables)
            message = f"the variable must be the name of a column, or several names, found {shown}."
            raise PredictionError(Finding("unknown_column", message))
        refuse_repeats("variable", names)
        values_of = dict.fromkeys(names, kept(values))
    if not values_of:
        raise PredictionError(Finding("values", "no variable to compare."))
    pairs = [[(name, pair) for pair in contrasts(designs, name, values_of[name])] for name in values_of]
    return [
        ({name: pair[0] for name, pair in combined}, {name: pair[1] for name, pair in combined})
        for combined in product(*pairs)
    ]


def contrasts(designs: Sequence[Design], name: str, values: Any) -> list[tuple[Point, Point]]:
    """List the pairs (value, reference) of one variable to compare."""
    variable = variable_of(designs, name)
    pairing = values if isinstance(values, str) and values in _PAIRINGS else "reference"
    points = _points(variable, values)
    if len(points) < 2:
        message = f"'{name}' has one value in the training rows: nothing to compare."
        raise PredictionError(Finding("values", message, column=name))
    if pairing == "pairwise":
        return [(high, low) for low, high in combinations(points, 2)]
    if pairing == "sequential":
        return list(zip(points[1:], points[:-1], strict=True))
    return [(point, points[0]) for point in points[1:]]


def _points(variable: Covariate, values: Any) -> list[Point]:
    if values is None or (isinstance(values, str) and values in _PAIRINGS):
        return variable.default_points()
    if isinstance(values, str) and values in _SPANS:
        return variable.span(values)
    given = listed(values) or []
    if len(given) < 2 or any(listed(value) is not None for value in given):
        message = (
            f"values must hold a reference and at least one value to compare, found {shown_value(values)}."
        )
        hint = f"Or write one of: {', '.join((*_PAIRINGS, *_SPANS))}."
        raise PredictionError(Finding("values", message, hint=hint))
    points = [variable.point(value) for value in given]
    refuse_repeats("values", [point.label for point in points], variable.name)
    return points
