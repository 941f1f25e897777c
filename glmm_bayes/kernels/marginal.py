"""A model of normal responses and normal effects in, the density of its few other parameters out.

Effects and coefficients are integrated out exactly, in the C source of the same name; given each draw of
standard deviations, correlations and sigma they are drawn from their exact normal distribution. The
density equals the integral of the PyMC graph's over them, which tests hold it to.
"""

from __future__ import annotations

import ctypes
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.cross_products import cross_products
from glmm_bayes.kernels.kernel import Kernel, checked
from glmm_bayes.kernels.library import library
from glmm_bayes.kernels.memory import INT, REF
from glmm_bayes.priors.definition import ModelDefinition


class MarginalKernel(Kernel):
    """The posterior of a normal mixed model with its effects integrated out.

    Parameters
    ----------
    definition : ModelDefinition
        One that ``why_not_marginal`` has nothing against.

    Attributes
    ----------
    units : int
        Standard normal numbers that a draw of all effects and coefficients takes.
    """

    name: ClassVar[str] = "marginal"

    def __init__(self, definition: ModelDefinition) -> None:
        self._data = cross_products(definition)
        super().__init__(definition, self._data.factors, self._data.centre, self._data.root)
        self.numbers = int(self._data.struct.numbers)
        large = sum(factor.width for factor in self.factors if factor.is_large)
        self.units = int(self._data.struct.dense) + large

    @property
    def address(self) -> int:
        return ctypes.addressof(self._data.struct)

    def half_log_det(self, point: Array) -> float:
        """Return the log of what the density of a draw of the units at a point is divided by."""
        point, value = np.ascontiguousarray(point, np.float64), ctypes.c_double()
        given = (REF(point.ctypes.data), ctypes.byref(value), REF(self.address))
        checked(library().marginal_half_log_det(*given))
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
        out = np.empty((len(points), self.width))
        given = (REF(points.ctypes.data), REF(normal.ctypes.data), REF(out.ctypes.data))
        code = library().marginal_draw(INT(len(points)), *given, INT(out.shape[1]), REF(self.address))
        checked(code)
        return self.named(out)
