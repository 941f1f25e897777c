"""What every kernel is: a density of a point, and the variables of the posterior from what C writes of it."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.families.parameters import law_of
from glmm_bayes.kernels.factors import Factor
from glmm_bayes.kernels.laws import coordinate
from glmm_bayes.kernels.library import library
from glmm_bayes.kernels.likelihood import shared_centre
from glmm_bayes.kernels.memory import REF
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import THRESHOLDS, alone, sampled_for


class Kernel(ABC):
    """A posterior in C.

    Coefficients are ``centre + root @ units``. A row that C writes of a draw holds: the coefficients' units;
    effects of each factor, level by level; standard deviations of the effects of each factor; Cholesky
    factors of their correlations; the other coefficients; the further parameters; thresholds at the average
    row.

    Attributes
    ----------
    definition : ModelDefinition
    factors : list of Factor
    numbers : int
        Of a point, each on the whole line: standard deviations and partial correlations of each factor,
        coefficients whose prior is not normal, the family's further parameters or thresholds; then what the
        kernel has more.
    """

    name: ClassVar[str]
    numbers: int

    def __init__(
        self, definition: ModelDefinition, factors: list[Factor], centre: Array, root: Array
    ) -> None:
        self.definition = definition
        self.factors = factors
        self._predictor = definition.priors.first
        self._centre, self._root = centre, root
        self._further = definition.first.family.auxiliaries
        thresholds = definition.priors.thresholds
        self._thresholds = 0 if thresholds is None else len(thresholds.labels)

    @property
    def hyper(self) -> int:
        """How many numbers stand in front: of the factors, the other coefficients, the further parameters."""
        own = sum(factor.numbers for factor in self.factors) + len(self._predictor.fixed.others)
        return own + len(self.definition.priors.auxiliary) + self._thresholds

    @property
    @abstractmethod
    def address(self) -> int:
        """Address of what the functions in C are given."""

    @abstractmethod
    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables of a point, shape (1, ...)."""

    @property
    def is_near_normal(self) -> bool:
        """Whether what is sampled is near a standard normal density in many dimensions."""
        return False

    @cached_property
    def functions(self) -> tuple[int, int]:
        """Addresses of the functions that a sampler calls: the density, and what it keeps of a point."""
        found = library()
        named = (getattr(found, f"{self.name}_{function}") for function in ("logp", "expand"))
        logp, expand = (ctypes.cast(function, REF).value or 0 for function in named)
        return logp, expand

    def value(self, point: Array) -> tuple[float, Array]:
        """Return the log density of a point, up to a constant, and its gradient."""
        point = np.ascontiguousarray(point, np.float64)
        gradient, value = np.empty(self.numbers), ctypes.c_double()
        given = (
            REF(point.ctypes.data),
            REF(gradient.ctypes.data),
            ctypes.byref(value),
            REF(self.address),
        )
        function = getattr(library(), f"{self.name}_logp")
        code = checked(function(ctypes.c_uint64(self.numbers), *given))
        return (value.value, gradient) if code == 0 else (-np.inf, np.full(self.numbers, np.nan))

    @cached_property
    def _widths(self) -> list[int]:
        """Numbers of a written row, part by part."""
        prior, factors = self._predictor.fixed, self.factors
        of_factors = [*(f.width for f in factors), *(f.size for f in factors), *(f.size**2 for f in factors)]
        return [len(prior.mean), *of_factors, len(prior.others), len(self._further) + self._thresholds]

    @property
    def width(self) -> int:
        """Numbers of a written row."""
        return sum(self._widths)

    def named(self, rows: Array) -> dict[str, Array]:
        """Return the variables of the posterior, shape (draw, ...), from rows that C has written."""
        parts = np.split(rows, np.cumsum(self._widths)[:-1], axis=1)
        found = dict(self._variables(parts))
        return {name: found[name] for name in self.definition.posterior}

    def _variables(self, parts: list[Array]) -> Iterator[tuple[str, Array]]:
        prior, names = self._predictor.fixed, self._predictor.names
        gamma = self._centre + parts[0] @ self._root.T
        beta = gamma @ prior.from_normal.T + parts[-2] @ prior.from_others.T
        if self._thresholds:
            # Thresholds take the intercept, and what centring the columns adds to it.
            yield THRESHOLDS, parts[-1][:, len(self._further) :] - beta[:, :1]
            beta = beta[:, 1:]
        yield names.beta, beta
        for index, factor in enumerate(self.factors):
            drawn = (parts[1 + index + kind * len(self.factors)] for kind in range(3))
            yield from factor.named(names, *drawn).items()
        yield from zip(self._further, parts[-1].T, strict=False)

    def centre(self, values: Mapping[str, Array]) -> Array:
        """Return the point at values of what the graph samples, by its names; all else is at 0."""
        result = [number for factor in self.factors for number in self._centre_of(factor, values)]
        name = self._predictor.names.beta
        for position, law in self._predictor.fixed.others:
            result.append(coordinate(law, float(values[alone(name, position)])))
        result += shared_centre(self.definition, values)
        rounded = free_of_order(np.array(result), np.ones(len(result)))
        return np.concatenate([rounded, np.zeros(self.numbers - len(rounded))])

    def _centre_of(self, factor: Factor, values: Mapping[str, Array]) -> Iterator[float]:
        laws = [law_of(law) for law in factor.prior.sd]
        base = factor.prior.sampled_sds(self._predictor.names.of_factor("sd", factor.group.slug))
        together = values.get(sampled_for(base, laws[0].transform))
        for position, law in enumerate(laws):
            if together is not None:
                value = float(np.ravel(together)[position])
            else:
                value = float(values[sampled_for(sampled_for(base, position), law.transform)])
            yield coordinate(law.prior, value)
        yield from [0.0] * (factor.numbers - len(laws))


def free_of_order(values: Array, units: Array) -> Array:
    """Round numbers to a billionth of a unit each: then they do not depend on the order of the rows."""
    return np.round(values / units, 9) * units


def checked(code: int) -> int:
    """Return the code of a function in C, or tell that it found no memory."""
    if code < 0:
        raise MemoryError("a kernel found no memory")
    return code
