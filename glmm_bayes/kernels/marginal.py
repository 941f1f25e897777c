"""A model of normal responses and normal effects in, the density of its few other parameters out.

Effects and coefficients are integrated out exactly, in the C source of the same name; given each draw of
standard deviations, correlations and sigma they are drawn from their exact normal distribution. The
density equals the integral of the PyMC graph's over them, which tests hold it to.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.families.parameters import Law, law_of
from glmm_bayes.kernels.cross_products import cross_products
from glmm_bayes.kernels.factors import Factor
from glmm_bayes.kernels.laws import coordinate
from glmm_bayes.kernels.library import library
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import alone, sampled_for

_P, _I = ctypes.c_void_p, ctypes.c_int64


class Marginal:
    """The posterior of a normal mixed model with its effects integrated out.

    Parameters
    ----------
    definition : ModelDefinition
        One that ``why_not_marginal`` has nothing against.

    Attributes
    ----------
    numbers : int
        That are sampled: standard deviations and partial correlations of each factor, coefficients whose
        prior is not normal, sigma; each on the whole line.
    units : int
        Standard normal numbers that a draw of all effects and coefficients takes.
    """

    def __init__(self, definition: ModelDefinition) -> None:
        self.definition = definition
        self._predictor = definition.priors.first
        self._sigma: Law | None = definition.priors.auxiliary.get("sigma")
        self._data = cross_products(definition)
        self.numbers = int(self._data.struct.numbers)
        self.units = int(self._data.struct.dense) + sum(
            factor.width for factor in self._data.factors if factor.is_large
        )

    @cached_property
    def functions(self) -> tuple[int, int]:
        """Addresses of the functions that a sampler calls: the density, and what it keeps of a point."""
        found = library()
        return _address(found.marginal_logp), _address(found.marginal_expand)

    @property
    def address(self) -> int:
        """Address of what these functions are given."""
        return ctypes.addressof(self._data.struct)

    def value(self, point: Array) -> tuple[float, Array]:
        """Return the log density of a point, up to a constant, and its gradient."""
        point = np.ascontiguousarray(point, np.float64)
        gradient, value = np.empty(self.numbers), ctypes.c_double()
        given = (_P(point.ctypes.data), _P(gradient.ctypes.data), ctypes.byref(value), _P(self.address))
        code = _checked(library().marginal_logp(ctypes.c_uint64(self.numbers), *given))
        return (value.value, gradient) if code == 0 else (-np.inf, np.full(self.numbers, np.nan))

    def half_log_det(self, point: Array) -> float:
        """Return the log of what the density of a draw of the units at a point is divided by."""
        point, value = np.ascontiguousarray(point, np.float64), ctypes.c_double()
        given = (_P(point.ctypes.data), ctypes.byref(value), _P(self.address))
        _checked(library().marginal_half_log_det(*given))
        return value.value

    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables of a point, shape (1, ...); effects at their conditional means."""
        return self.draws(point[None], np.zeros((1, self.units)))

    def draws(self, points: Array, normal: Array) -> dict[str, Array]:
        """Draw what was integrated out, and name all.

        Parameters
        ----------
        points : ndarray, shape (draw, number)
        normal : ndarray, shape (draw, unit)
            Standard normal numbers.

        Returns
        -------
        dict of str to ndarray, shape (draw, ...)
            The variables of the posterior; NaN where the density of a point is none.
        """
        points, normal = (np.ascontiguousarray(values, np.float64) for values in (points, normal))
        out = np.empty((len(points), sum(self._widths)))
        given = (_P(points.ctypes.data), _P(normal.ctypes.data), _P(out.ctypes.data))
        code = library().marginal_draw(_I(len(points)), *given, _I(out.shape[1]), _P(self.address))
        if _checked(code):
            shapes = self.definition.posterior.shapes
            return {name: np.full((len(points), *shape), np.nan) for name, shape in shapes.items()}
        parts = np.split(out, np.cumsum(self._widths)[:-1], axis=1)
        found = dict(self._named(parts))
        return {name: found[name] for name in self.definition.posterior}

    @cached_property
    def _widths(self) -> list[int]:
        """Numbers of a drawn row, part by part, as the C source writes them."""
        prior, factors = self._predictor.fixed, self._data.factors
        of_factors = [*(f.width for f in factors), *(f.size for f in factors), *(f.size**2 for f in factors)]
        return [len(prior.mean), *of_factors, len(prior.others), 1]

    def _named(self, parts: list[Array]) -> Iterator[tuple[str, Array]]:
        prior, names, factors = self._predictor.fixed, self._predictor.names, self._data.factors
        gamma = self._data.centre + parts[0] @ self._data.root.T
        yield names.beta, gamma @ prior.from_normal.T + parts[-2] @ prior.from_others.T
        for index, factor in enumerate(factors):
            drawn = (parts[1 + index + kind * len(factors)] for kind in range(3))
            yield from factor.named(names, *drawn).items()
        yield "sigma", parts[-1][:, 0]

    def centre(self, values: Mapping[str, Array]) -> Array:
        """Return the point at values of what the graph samples, by its names; correlations are at 0."""
        result = [number for factor in self._data.factors for number in self._centre_of(factor, values)]
        name = self._predictor.names.beta
        for position, law in self._predictor.fixed.others:
            result.append(coordinate(law, float(values[alone(name, position)])))
        if self._sigma is not None:
            value = float(values[sampled_for("sigma", self._sigma.transform)])
            result.append(coordinate(self._sigma.prior, value))
        # Where chains start is free; rounded, it does not depend on the order of the rows.
        return np.array([float(f"{number:.6g}") for number in result])

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


def _address(function: object) -> int:
    return ctypes.cast(function, _P).value or 0  # type: ignore[arg-type]


def _checked(code: int) -> int:
    if code < 0:
        raise MemoryError("a kernel found no memory")
    return code
