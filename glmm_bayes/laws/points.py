"""A family and what its checker was given in, the points of its parameters that it is checked at out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmm_bayes.core.arguments import is_number, listed
from glmm_bayes.core.errors import Finding, FormulaError, shown_value
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.maths import Array
from glmm_bayes.families import Family
from glmm_bayes.laws.inputs import SPECIFIC, THRESHOLDS, Inputs, inputs_of

#: Sizes of numbers that densities are summed up at.
_SMALL, _LARGE = 1e-6, 1e6
#: Linear predictors of categories, and angles.
_PREDICTORS, _ANGLES = (-1.3, -0.2, 0.4, 1.1), (-2.5, -0.4, 0.7, 3.0)


@dataclass(frozen=True)
class Points:
    """Points of a family's parameters.

    Attributes
    ----------
    inputs : Inputs
    values : mapping of str to ndarray, shape (point,)
        Of each name of ``inputs``; ``mu`` on its own scale, of ordinal families that of the predictor.
    """

    inputs: Inputs
    values: Mapping[str, Array]

    @property
    def size(self) -> int:
        """Number of points."""
        return len(next(iter(self.values.values())))

    def text(self, point: int) -> str:
        """Write the parameters of a point."""
        return ", ".join(f"{name} = {values[point]:.4g}" for name, values in self.values.items())


def points_of(family: Family, mu: Sequence[float] | None, parameters: object) -> Points:
    """Combine values of ``mu`` with those of the further parameters; what was not given is usual.

    Raises
    ------
    FormulaError
        ``custom_family`` if the family has no such parameter, or values are out of their range.
    """
    inputs = inputs_of(family)
    given = _given_parameters(family, inputs, parameters)
    settings = {
        name: _values_of(f"parameters['{name}']", given[name], LINKS[family.kinds[name].link].bounds)
        if name in given
        else _usual(family, name)
        for name in inputs.parameters
    }
    if len({values.shape for values in settings.values()}) > 1:
        message = "parameters must have equally many values: " + ", ".join(
            f"{name} {values.size}" for name, values in settings.items()
        )
        raise FormulaError(Finding("custom_family", f"{message}.", hint="Give values for each of them."))
    means = _values_of("mu", _usual_means(family) if mu is None else mu, mean_bounds(family))
    times = len(next(iter(settings.values()))) if settings else 1
    size = len(means) * times
    # A second linear predictor takes the values in the opposite order.
    values = {
        name: np.repeat(means[:: (-1) ** position], times) for position, name in enumerate(inputs.predictors)
    }
    values |= {name: np.tile(setting, len(means)) for name, setting in settings.items()}
    constants = THRESHOLDS | SPECIFIC
    values |= {name: np.full(size, constants[name]) for name in (*inputs.thresholds, *inputs.specific)}
    return Points(inputs, values)


def _given_parameters(family: Family, inputs: Inputs, parameters: object) -> Mapping[str, Any]:
    """Return the values of further parameters that were given, all of them the family's own."""
    if parameters is None:
        return {}
    known = f"Its parameters beside mu: {', '.join(inputs.parameters) or 'none'}."
    if not isinstance(parameters, Mapping):
        value = shown_value(parameters)
        message = f"parameters must be a mapping of names to lists of numbers, found {value}."
        raise FormulaError(Finding("custom_family", message, hint=known))
    strange = [name for name in parameters if name not in inputs.parameters]
    if strange:
        message = f"{family.name} has no parameter {shown_value(strange[0])}."
        raise FormulaError(Finding("custom_family", f"parameters: {message}", hint=known))
    return parameters


def mu_is_predictor(family: Family) -> bool:
    """Tell whether ``mu`` is a linear predictor itself: that of a family of categories."""
    return family.support.has_categories


def mean_bounds(family: Family) -> tuple[float, float]:
    """Return between which numbers ``mu`` lies."""
    if mu_is_predictor(family):
        return -np.inf, np.inf
    low, high = family.mu.bounds
    ends = [LINKS[name].bounds for name in family.links]
    return max(low, min(end for end, _ in ends)), min(high, max(end for _, end in ends))


def _values_of(name: str, given: object, bounds: tuple[float, float]) -> Array:
    """Return the numbers of an argument: between its bounds, and of a size to be summed over."""
    values = listed(given)
    values = [given] if values is None else values
    if values and all(_is_usable(value, bounds) for value in values):
        return np.asarray(values, np.float64)
    low, high = (f"{end:g}" for end in bounds)
    inside = f"between {low} and {high}" if np.isfinite(bounds).any() else "finite"
    message = f"{name} must hold numbers {inside}, from {_SMALL:g} to {_LARGE:g} in size or 0, found "
    raise FormulaError(Finding("custom_family", f"{message}{shown_value(given)}."))


def _is_usable(value: object, bounds: tuple[float, float]) -> bool:
    if not is_number(value) or not bounds[0] < value < bounds[1]:
        return False
    return value == 0 or bool(_SMALL <= abs(value) <= _LARGE)


def _usual(family: Family, name: str) -> Array:
    """Return values one unit of the link beside the middle of the default prior."""
    parameter = family.kinds[name]
    return np.asarray(LINKS[parameter.link].inverse(parameter.centre(1.0) + np.array([-1.0, 1.0])))


def _usual_means(family: Family) -> tuple[float, ...]:
    if mu_is_predictor(family):
        return _PREDICTORS
    if family.support.kind == "angle":
        return _ANGLES
    link = LINKS[family.links[0]]
    if isinstance(link, ProbabilityLink):
        return (0.2, 0.45, 0.6, 0.8)
    if link.name == "identity" and (family.support.kind == "real" or not family.mean_is_mu):
        return (-1.5, 0.3, 1.0, 6.0)
    return (0.3, 1.0, 2.5, 6.0)
