"""Compiled graphs in, their log density, gradient and reported variables at single points out."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glmm_bayes.core.maths import Array

_DOUBLES = ctypes.POINTER(ctypes.c_double)


class NutpieDensity:
    """The functions that nutpie has compiled, called as it calls them: nothing is compiled anew."""

    def __init__(self, compiled: Any, free: int) -> None:
        self._compiled = compiled
        names, slices, shapes = compiled.shape_info
        self._variables = list(zip(names, slices, shapes, strict=True))
        #: Of the sampled variables, in the order of a point.
        self.shapes: list[tuple[int, ...]] = [tuple(map(int, shape)) for shape in shapes[:free]]

    def value(self, point: Array) -> tuple[float, Array]:
        """Return the log density and its gradient; NaN where they are not numbers."""
        gradient, value = np.full_like(point, np.nan), np.full(1, np.nan)
        self._compiled.compiled_logp_func.ctypes(
            self._compiled.n_dim, _pointer(point), _pointer(gradient), _pointer(value), self._data
        )
        return float(value[0]), gradient

    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables, shape (1, ...)."""
        out = np.full(self._compiled.n_expanded, np.nan)
        self._compiled.compiled_expand_func.ctypes(
            self._compiled.n_dim, self._compiled.n_expanded, _pointer(point), _pointer(out), self._data
        )
        return {name: out[span].reshape(1, *map(int, shape)) for name, span, shape in self._variables}

    @property
    def _data(self) -> Any:
        return self._compiled.user_data.ctypes.data


class GraphDensity:
    """The same functions of a graph that PyMC samples."""

    def __init__(
        self, model: Any, names: Sequence[str], overrides: Mapping[Any, Array], mode: str | None = None
    ) -> None:
        from pymc.blocking import DictToArrayBijection
        from pymc.initial_point import make_initial_point_fn

        start = make_initial_point_fn(
            model=model, overrides=dict(overrides), jitter_rvs=set(), return_transformed=True
        )(0)
        self._values = [model.rvs_to_values[variable] for variable in model.free_RVs]
        first = {value.name: np.asarray(start[value.name], np.float64) for value in self._values}
        self.first = first
        raveled = DictToArrayBijection.map(first)
        self._map, self.centre = raveled.point_map_info, np.asarray(raveled.data, np.float64)
        self.shapes = [first[value.name].shape for value in self._values]
        #: What PyMC's steps take too.
        self.function = model.logp_dlogp_function(
            self._values, ravel_inputs=True, initial_point=first, mode=mode
        )
        self.function.trust_input = True
        variables = model.free_RVs + [model[name] for name in names if model[name] not in model.free_RVs]
        self._all = [variable.name for variable in variables]
        outputs = model.replace_rvs_by_values(variables)
        self._expand = model.compile_fn(
            outputs, inputs=self._values, point_fn=True, mode="FAST_COMPILE", on_unused_input="ignore"
        )

    def value(self, point: Array) -> tuple[float, Array]:
        """Return the log density and its gradient."""
        from pymc.blocking import RaveledVars

        value, gradient = self.function(RaveledVars(point, self._map))
        return float(value), np.asarray(gradient, np.float64)

    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables, shape (1, ...)."""
        return {name: value[None] for name, value in self._at(point).items()}

    def initial_values(self, point: Array) -> dict[str, Array]:
        """Return the sampled variables as PyMC takes a start: on the scale of their priors."""
        variables = self._at(point)
        return {name: variables[name] for name in self._all[: len(self._values)]}

    def _at(self, point: Array) -> dict[str, Array]:
        from pymc.blocking import DictToArrayBijection, RaveledVars

        values = DictToArrayBijection.rmap(RaveledVars(point, self._map))
        return {
            name: np.asarray(value, np.float64)
            for name, value in zip(self._all, self._expand(values), strict=True)
        }


def _pointer(array: Array) -> Any:
    return array.ctypes.data_as(_DOUBLES)
