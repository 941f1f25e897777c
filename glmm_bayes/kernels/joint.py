"""A model of a listed family with normal effects in, the density of all its parameters out, non-centred.

The C source of the same name has the density and its gradient; it equals the PyMC graph's, which tests hold
it to.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.factors import Factor, factors_of, order_of_rows
from glmm_bayes.kernels.kernel import Kernel, checked, free_of_order
from glmm_bayes.kernels.laws import real_law
from glmm_bayes.kernels.library import library
from glmm_bayes.kernels.likelihood import likelihood_struct, numbers_of_rows
from glmm_bayes.kernels.memory import INT, REF, Memory
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import basis_of

#: Half the step of the differences that give curvatures of rows.
_STEP = 1e-4


class JointStruct(ctypes.Structure):
    """A model, as the C source declares it."""

    _fields_ = (
        *((name, INT) for name in ("numbers", "rows", "coefficients", "others", "factors")),
        *((name, REF) for name in ("factor", "other_law")),
        *((name, REF) for name in ("offset", "columns", "other_columns", "code", "z", "y", "n")),
        *((name, REF) for name in ("weights", "prior_mean", "prior_shift", "prior_root", "likelihood")),
    )


class JointKernel(Kernel):
    """The posterior of a mixed model of a listed family, all effects with it.

    Parameters
    ----------
    definition : ModelDefinition
        One that ``why_not_joint`` has nothing against.
    centres : mapping of str to ndarray
        Where what the graph samples starts, by its names: coefficients are counted from there.
    """

    name: ClassVar[str] = "joint"

    def __init__(self, definition: ModelDefinition, centres: Mapping[str, Array]) -> None:
        predictor = definition.priors.first
        prior, design = predictor.fixed, predictor.design
        given = np.asarray(centres.get(basis_of(predictor.names.beta), prior.mean), np.float64)
        centre = free_of_order(given, np.sqrt(np.diagonal(prior.covariance)))
        super().__init__(definition, factors_of(predictor, 0), centre, np.eye(len(centre)))
        self._memory, self.struct = Memory(), JointStruct()
        self._likelihood = likelihood_struct(definition, self._memory)
        order = self._order()
        # Where thresholds take the intercept, the first coefficient is what centring the columns adds to it.
        x = design.x[order] if design.state.has_intercept else np.insert(design.x[order], 0, 1.0, axis=1)
        basis = x @ prior.from_normal
        offset = self._offset(order) + basis @ centre
        self._put_rows(order, offset, x @ prior.from_others)
        self._put_factors(order)
        self._put_laws()
        self._root = self._pilot(basis, offset, centres)
        self._put_coefficients(basis)
        self._put_level()

    def _order(self) -> NDArray[np.int64]:
        response, design = self.definition.first.response, self._predictor.design
        parts = [response.values, response.trials, design.offset, design.x]
        added = (response.additions.weights, response.additions.rate)
        return order_of_rows([*parts, *(part for part in added if part is not None)], self.factors)

    def _offset(self, order: NDArray[np.int64]) -> Array:
        offset, rate = self._predictor.design.offset[order], self.definition.first.response.additions.rate
        is_log = self.definition.first.link.name == "log"
        return offset + np.log(rate[order]) if rate is not None and is_log else offset

    def _put_rows(self, order: NDArray[np.int64], offset: Array, others: Array) -> None:
        response, array = self.definition.first.response, self._memory.array
        struct = self.struct
        struct.rows, struct.offset = len(order), array(offset)
        struct.y, struct.n = map(array, numbers_of_rows(self.definition, order))
        struct.other_columns = array(others.T)
        if response.additions.weights is not None:
            struct.weights = array(response.additions.weights[order])

    def _put_factors(self, order: NDArray[np.int64]) -> None:
        struct, widths = self.struct, [factor.width for factor in self.factors]
        struct.factors = len(widths)
        struct.factor = self._memory.factors(self.factors, [sum(widths[:k]) for k in range(len(widths))])
        codes = [self._memory.array(factor.group.codes[order], np.int32) for factor in self.factors]
        columns = [self._columns_of(factor, order) for factor in self.factors]
        addresses = REF * max(1, len(codes))
        struct.code = self._memory.struct(addresses(*codes))
        struct.z = self._memory.struct(addresses(*columns))

    def _columns_of(self, factor: Factor, order: NDArray[np.int64]) -> int | None:
        """Keep the columns of a factor's effects; nothing where there is one and it is 1."""
        columns = factor.columns(order)
        return None if factor.size == 1 and (columns == 1.0).all() else self._memory.array(columns.T)

    def _put_laws(self) -> None:
        struct, prior = self.struct, self._predictor.fixed
        struct.likelihood = self._memory.struct(self._likelihood)
        struct.others, struct.coefficients = len(prior.others), len(prior.mean)
        struct.other_law = self._memory.laws([real_law(law) for _, law in prior.others])
        hyper = self._before_shared + self._likelihood.sampled
        self.numbers = struct.numbers = hyper + struct.coefficients + sum(f.width for f in self.factors)

    @property
    def _before_shared(self) -> int:
        """How many numbers of a point stand before those that rows share."""
        return sum(factor.numbers for factor in self.factors) + len(self._predictor.fixed.others)

    def _put_level(self) -> None:
        """Tell what centring the columns adds, where thresholds have a law less that."""
        prior, thresholds = self._predictor.fixed, self.definition.priors.thresholds
        if thresholds is None or thresholds.prior is None:
            return
        self._likelihood.level = float(prior.from_normal[0] @ self._centre)
        self._likelihood.level_columns = self._memory.array(prior.from_normal[0] @ self._root)
        self._likelihood.level_others = self._memory.array(prior.from_others[0])

    def _put_coefficients(self, basis: Array) -> None:
        prior, struct, array = self._predictor.fixed, self.struct, self._memory.array
        own = np.linalg.cholesky(prior.covariance) if prior.mean.size else np.empty((0, 0))
        struct.columns = array((basis @ self._root).T)
        struct.prior_root = array(_solved(own, self._root))
        struct.prior_mean = array(_solved(self._root, prior.mean - self._centre))
        struct.prior_shift = array(_solved(self._root, prior.shift))

    def _pilot(self, basis: Array, offset: Array, centres: Mapping[str, Array]) -> Array:
        """Return the root of the coefficients' covariance at the centre, without effects: a fixed map."""
        prior = self._predictor.fixed
        if not prior.mean.size:
            return np.empty((0, 0))
        information = (basis * self._curvature(offset, centres)[:, None]).T @ basis
        try:
            covariance = np.linalg.inv(np.linalg.inv(prior.covariance) + information)
            return np.asarray(np.linalg.cholesky(covariance))
        except np.linalg.LinAlgError:
            return np.asarray(np.linalg.cholesky(prior.covariance))

    def _curvature(self, offset: Array, centres: Mapping[str, Array]) -> Array:
        """Return minus the second derivative of each row's log likelihood in its linear predictor."""
        shared = np.ascontiguousarray(self.centre(centres)[self._before_shared :])
        slopes = []
        for shift in (_STEP, -_STEP):
            eta, out = np.ascontiguousarray(offset + shift), np.empty(len(offset))
            given = (REF(eta.ctypes.data), REF(shared.ctypes.data), REF(out.ctypes.data))
            library().joint_slopes(*given, REF(self.address))
            slopes.append(out)
        curvature = (slopes[1] - slopes[0]) / (2 * _STEP)
        return np.where(np.isfinite(curvature), np.maximum(curvature, 0.0), 0.0)

    @property
    def address(self) -> int:
        return ctypes.addressof(self.struct)

    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables of a point, shape (1, ...)."""
        point, out = np.ascontiguousarray(point, np.float64), np.empty((1, self.width))
        given = (REF(point.ctypes.data), REF(out.ctypes.data), REF(self.address))
        checked(library().joint_expand(ctypes.c_uint64(self.numbers), ctypes.c_uint64(self.width), *given))
        return self.named(out)


def _solved(root: Array, values: Array) -> Array:
    return np.linalg.solve(root, values) if root.size else values
