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
from glmm_bayes.kernels.kinds import KINDS
from glmm_bayes.kernels.laws import number_at, positive_law, real_law
from glmm_bayes.kernels.library import library
from glmm_bayes.kernels.memory import INT, REF, Memory
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import basis_of

#: Half the step of the differences that give curvatures of rows.
_STEP = 1e-4


class JointStruct(ctypes.Structure):
    """A model, as the C source declares it."""

    _fields_ = (
        *((name, INT) for name in ("numbers", "rows", "coefficients", "others", "factors", "kind")),
        *((name, REF) for name in ("factor", "other_law", "further_law")),
        ("further", ctypes.c_double),
        *((name, REF) for name in ("offset", "columns", "other_columns", "code", "z", "y", "trials")),
        *((name, REF) for name in ("weights", "prior_mean", "prior_shift", "prior_root")),
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
        order = self._order()
        basis = design.x[order] @ prior.from_normal
        offset = self._offset(order) + basis @ centre
        self._put_rows(order, offset)
        self._put_factors(order)
        self._put_laws()
        self._root = self._pilot(basis, offset, centres)
        self._put_coefficients(basis)

    def _order(self) -> NDArray[np.int64]:
        response, design = self.definition.first.response, self._predictor.design
        parts = [response.values, response.trials, design.offset, design.x]
        added = (response.additions.weights, response.additions.rate)
        return order_of_rows([*parts, *(part for part in added if part is not None)], self.factors)

    def _offset(self, order: NDArray[np.int64]) -> Array:
        offset, rate = self._predictor.design.offset[order], self.definition.first.response.additions.rate
        return offset if rate is None else offset + np.log(rate[order])

    def _put_rows(self, order: NDArray[np.int64], offset: Array) -> None:
        response, array = self.definition.first.response, self._memory.array
        struct, prior = self.struct, self._predictor.fixed
        struct.rows, struct.offset = len(order), array(offset)
        struct.y, struct.trials = array(response.values[order]), array(response.trials[order])
        struct.other_columns = array((self._predictor.design.x[order] @ prior.from_others).T)
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
        struct, prior, one = self.struct, self._predictor.fixed, self.definition.first
        struct.kind = KINDS[one.family.name, one.link.name]
        struct.others, struct.coefficients = len(prior.others), len(prior.mean)
        struct.other_law = self._memory.laws([real_law(law) for _, law in prior.others])
        if self._law is not None:
            struct.further_law = self._memory.laws([positive_law(self._law)])
        elif self.further:
            struct.further = float(self.definition.priors.constants[self.further])
        hyper = sum(factor.numbers for factor in self.factors) + struct.others + (self._law is not None)
        self.numbers = struct.numbers = hyper + struct.coefficients + sum(f.width for f in self.factors)

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
        known = float(self.struct.further)
        if self._law is not None:
            at = sum(factor.numbers for factor in self.factors) + len(self._predictor.fixed.others)
            sampled = number_at(self._law.prior, float(self.centre(centres)[at]))
            known = float(self._law.value(np.asarray(sampled)))
        slopes = []
        for shift in (_STEP, -_STEP):
            eta, out = np.ascontiguousarray(offset + shift), np.empty(len(offset))
            given = (REF(eta.ctypes.data), ctypes.c_double(known), REF(out.ctypes.data))
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
