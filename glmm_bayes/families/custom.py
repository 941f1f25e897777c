"""Families that a user wrote: their functions behind the same face as the listed ones.

The functions take arrays of one value a row; what a support means for reading responses and for the
scales of priors is that of the listed families.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from glmm_bayes.core.errors import Finding, FormulaError, PredictionError
from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.beta import Beta
from glmm_bayes.families.counts import CountFamily
from glmm_bayes.families.numbers import RealFamily
from glmm_bayes.families.parameters import PARAMETERS, ParameterKind, own_kind
from glmm_bayes.families.positive import PositiveFamily
from glmm_bayes.families.scales import Scales, probability_scales
from glmm_bayes.families.traits import Mu, Notation, ResponseMean
from glmm_bayes.spec.custom_family import CustomFamily, arguments_of

_SMALLEST = float(np.finfo(np.float64).tiny)
_BELOW_ONE = 1.0 - float(np.finfo(np.float64).epsneg)

# The classes are abstract, which their type cannot be.
_SUPPORTS: Mapping[str, Any] = MappingProxyType(
    {"real": RealFamily, "positive": PositiveFamily, "unit": Beta, "count": CountFamily}
)


class FamilyOfFunctions(Family):
    """A family of a user's functions.

    Attributes
    ----------
    source : CustomFamily
        What the user wrote.
    density_of_arrays : callable
        Takes arrays of ``y``, ``mu`` and each further parameter, shape (row,), to the log density, where
        that is written in PyTensor.
    """

    source: ClassVar[CustomFamily]
    density_of_arrays: ClassVar[Callable[..., Array] | None] = None

    def __reduce__(self) -> tuple[Callable[..., Family], tuple[object, ...]]:
        # The class is made from the functions, and so it is again where a pickle is read.
        return custom_family, (self.source, self.density_of_arrays)

    @property
    def is_custom(self) -> bool:
        return True

    @property
    def has_cdf(self) -> bool:
        return False

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        values = {name: _value(at[name], m) for name in self.source.names}
        density: Callable[..., Array] = self.source.log_density
        if self.source.is_portable:
            return density(y=y, **values, m=m)
        if m is not NUMPY:
            return density(y=y, **values)
        if self.density_of_arrays is None:
            message = f"the density of {self.name} is written in PyTensor, and was not compiled for arrays."
            raise FormulaError(Finding("custom_family", message, hint="Call gb.register_family."))
        y, *arrays = np.broadcast_arrays(y, *values.values())
        dtype = np.int64 if self.is_discrete else np.float64
        rows = self.density_of_arrays(y.ravel().astype(dtype), *map(np.ravel, arrays))
        return np.reshape(rows, y.shape)

    def takes(self, link: Link) -> bool:
        return not self.source.links and super().takes(link)

    def has_positive_mean(self, link: Link) -> bool:
        return self.source.mean is None and super().has_positive_mean(link)

    def mean(self, at: RowValues) -> Array:
        if self.source.mean is None:
            return super().mean(at)
        return self._of_parameters(self.source.mean, at)

    def variance(self, at: RowValues) -> Array:
        return self._of_parameters(self.source.variance, at)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        values = {name: _value(at[name], NUMPY) for name in self.source.names}
        shape = np.broadcast_shapes(np.shape(n), *map(np.shape, values.values()))
        # One draw a row, also where a parameter has one value for all rows.
        values = {name: np.broadcast_to(value, shape) for name, value in values.items()}
        drawn = np.asarray(self.source.random(rng=rng, **values), np.float64)
        if drawn.shape != shape:
            message = f"random of {self.name} must return draws of the shape of mu, {shape}; "
            raise PredictionError(
                Finding("custom_family", f"{message}found {drawn.shape}.", hint="Write size=mu.shape.")
            )
        return drawn

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        if isinstance(link, ProbabilityLink):
            return probability_scales(link)
        if self.source.support == "unit":
            # Then mu is no mean, and the data do not tell its size.
            return Scales(0.0, 2.5, 1.5, 1.5)
        return super().scales(link, response, offset)  # type: ignore[safe-super]  # the support's own

    def _of_parameters(self, function: Callable[..., Any], at: RowValues) -> Array:
        values = {name: _value(at[name], NUMPY) for name in self.source.names}
        moment = function(**{name: values[name] for name in arguments_of(function, values)})
        shape = np.broadcast_shapes(*map(np.shape, values.values()))
        return np.array(np.broadcast_to(np.asarray(moment, np.float64), shape))


def custom_family(source: CustomFamily, density_of_arrays: Callable[..., Array] | None = None) -> Family:
    """Make the family of a user's functions.

    Parameters
    ----------
    source : CustomFamily
    density_of_arrays : callable, optional
        The density of arrays, shape (row,), of a family whose density is written in PyTensor.

    Raises
    ------
    FormulaError
        ``custom_family`` if a parameter that is named like ours lives elsewhere.
    """
    base = _SUPPORTS[source.support]
    class_name = "".join(part.title() for part in source.name.split("_"))
    mean, links = source.mean, source.links or base.mu.links
    further = "".join(f", {name}" for name in source.parameters)
    latex = "".join(rf", \mathrm{{{name}}}" for name in source.parameters)
    made: Family = type(
        class_name,
        (FamilyOfFunctions, base),
        {
            "__doc__": f"The family {source.name} of a user's functions.",
            "source": source,
            "density_of_arrays": None if density_of_arrays is None else staticmethod(density_of_arrays),
            "name": source.name,
            "notation": Notation(f"{class_name}(mu[i]{further})", rf"\mathrm{{{class_name}}}(\mu_i{latex})"),
            # Where mu is no mean, its links alone say where it lives.
            "mu": Mu(links, base.mu.bounds) if mean is None else Mu(links),
            "auxiliaries": tuple(source.parameters),
            "kinds": MappingProxyType(PARAMETERS | _own_kinds(source)),
            "response_mean": ResponseMean() if mean is None else _mean_of_functions(mean, source),
            "working_variance": None,
        },
    )()
    return made


def _mean_of_functions(mean: Callable[..., Any], source: CustomFamily) -> ResponseMean:
    parameters = arguments_of(mean, source.names)
    return ResponseMean(parameters, f"f({', '.join(parameters)})")


def _own_kinds(source: CustomFamily) -> dict[str, ParameterKind]:
    result = {}
    for name, support in source.parameters.items():
        known = PARAMETERS.get(name)
        if known is not None and known.support != support:
            message = f"{name} is {known.meaning} elsewhere, which is {known.support}, not {support}."
            hint = "Choose another name for the parameter."
            raise FormulaError(Finding("custom_family", message, hint=hint))
        result[name] = known or own_kind(name, support, source.name)
    return result


def _value(row: RowValue, m: Maths) -> Array:
    """Return a parameter's value; a probability that rounds to 0 or 1 stays between them."""
    if isinstance(row.link, ProbabilityLink):
        return m.minimum(m.maximum(row.value, _SMALLEST), _BELOW_ONE)
    return row.value
