"""A family and what its checker was given in, the points of its parameters that it is checked at out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import is_number, listed
from glmm_bayes.core.errors import Finding, FormulaError, shown_value
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.families import Family

Array = NDArray[np.float64]

#: Sizes of numbers that densities are summed up at.
_SMALL, _LARGE = 1e-6, 1e6


def given_parameters(family: Family, parameters: object) -> Mapping[str, Any]:
    """Return the values of further parameters that were given, all of them the family's own."""
    if parameters is None:
        return {}
    known = f"Its parameters beside mu: {', '.join(family.auxiliaries) or 'none'}."
    if not isinstance(parameters, Mapping):
        found = shown_value(parameters)
        message = f"parameters must be a mapping of names to lists of numbers, found {found}."
        raise FormulaError(Finding("custom_family", message, hint=known))
    strange = [name for name in parameters if name not in family.auxiliaries]
    if strange:
        message = f"{family.name} has no parameter {shown_value(strange[0])}."
        raise FormulaError(Finding("custom_family", f"parameters: {message}", hint=known))
    return parameters


def mean_bounds(family: Family, support: str) -> tuple[float, float]:
    """Return the bounds of ``mu``."""
    if not family.mean_is_mu or support == "real":
        ends = [LINKS[name].bounds for name in family.links]
        return min(low for low, _ in ends), max(high for _, high in ends)
    return (0.0, 1.0) if support == "unit" else (0.0, np.inf)


def values_of(name: str, given: object, bounds: tuple[float, float]) -> Array:
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


def usual(family: Family, name: str) -> Array:
    """Return values one unit of the link beside the middle of the default prior."""
    kind = family.kinds[name]
    return np.asarray(LINKS[kind.link].inverse(kind.centre(1.0) + np.array([-1.0, 1.0])))


def usual_means(family: Family, support: str) -> tuple[float, ...]:
    """Return values of ``mu`` to check at, inside what the default link and the support allow."""
    link = LINKS[family.links[0]]
    if isinstance(link, ProbabilityLink):
        return (0.2, 0.45, 0.6, 0.8)
    if link.name == "identity" and (support == "real" or not family.mean_is_mu):
        return (-1.5, 0.3, 1.0, 6.0)
    return (0.3, 1.0, 2.5, 6.0)
