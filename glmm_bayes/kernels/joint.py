"""A model of a listed family with normal effects in, the density of all its parameters out.

The C source of the same name has the density and its gradient; it equals the PyMC graph's, which tests hold
it to. What is sampled in the place of coefficients and effects is a pilot's choice.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.factors import factors_of
from glmm_bayes.kernels.kernel import Kernel, checked, free_of_order
from glmm_bayes.kernels.laws import number_at, real_law
from glmm_bayes.kernels.library import library
from glmm_bayes.kernels.likelihood import likelihood_struct, numbers_of_rows
from glmm_bayes.kernels.memory import INT, REF, Memory
from glmm_bayes.kernels.ordered_rows import OrderedRows, ordered_rows
from glmm_bayes.kernels.pilot import FactorMap, Pilot
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import basis_of

#: Dimensions from which trajectories of a normal density pay.
_MANY = 50


class JointStruct(ctypes.Structure):
    """A model, as the C source declares it."""

    _fields_ = (
        *((name, INT) for name in ("numbers", "rows", "coefficients", "others", "factors")),
        *((name, REF) for name in ("factor", "other_law")),
        *((name, REF) for name in ("offset", "columns", "other_columns", "code", "z", "y", "n")),
        *((name, REF) for name in ("weights", "prior_mean", "prior_shift", "prior_root")),
        *((name, REF) for name in ("likelihood", "map")),
    )


class MapStruct(ctypes.Structure):
    """What a pilot says of the effects of a factor, as the C source declares it."""

    _fields_ = (
        ("is_whole", INT),
        *((name, REF) for name in ("precision", "values", "product", "direct", "start", "column", "cross")),
    )


class JointKernel(Kernel):
    """The posterior of a mixed model of a listed family, all effects with it.

    Parameters
    ----------
    definition : ModelDefinition
        One that ``why_not_joint`` has nothing against.
    rows : OrderedRows
    pilot : Pilot
    """

    name: ClassVar[str] = "joint"

    def __init__(self, definition: ModelDefinition, rows: OrderedRows, pilot: Pilot) -> None:
        factors = factors_of(definition.priors.first, 0)
        super().__init__(definition, factors, pilot.centre, pilot.root)
        self.rows, self.pilot = rows, pilot
        self._memory, self.struct = Memory(), JointStruct()
        self._likelihood = likelihood_struct(definition, self._memory)
        self._put_rows()
        self._put_factors()
        self._put_laws()
        self._put_coefficients()
        self._put_level()

    def _put_rows(self) -> None:
        response, array = self.definition.first.response, self._memory.array
        struct, rows = self.struct, self.rows
        struct.rows, struct.offset = len(rows.order), array(rows.offset + rows.basis @ self._centre)
        struct.y, struct.n = map(array, numbers_of_rows(self.definition, rows.order))
        struct.other_columns = array(rows.others.T)
        if response.additions.weights is not None:
            struct.weights = array(response.additions.weights[rows.order])

    def _put_factors(self) -> None:
        struct, memory, widths = self.struct, self._memory, [factor.width for factor in self.factors]
        struct.factors = len(widths)
        struct.factor = memory.factors(self.factors, [sum(widths[:k]) for k in range(len(widths))])
        columns = [self._columns_of(column) for column in self.rows.columns]
        addresses, maps = REF * max(1, len(columns)), MapStruct * max(1, len(columns))
        struct.code = memory.struct(addresses(*(memory.array(one, np.int32) for one in self.rows.codes)))
        struct.z = memory.struct(addresses(*columns))
        struct.map = memory.struct(maps(*map(self._map_of, self.pilot.maps)))

    def _columns_of(self, columns: Array) -> int | None:
        """Keep the columns of a factor's effects; nothing where there is one and it is 1."""
        return None if columns.shape[1] == 1 and (columns == 1.0).all() else self._memory.array(columns.T)

    def _map_of(self, one: FactorMap) -> MapStruct:
        array = self._memory.array
        numbers = (array(values) for values in (one.precision, one.values, one.product, one.direct))
        places = (array(values, np.int64) for values in (one.start, one.column))
        return MapStruct(int(one.is_whole), *numbers, *places, array(one.cross))

    def _put_laws(self) -> None:
        struct, prior = self.struct, self._predictor.fixed
        struct.likelihood = self._memory.struct(self._likelihood)
        struct.others, struct.coefficients = len(prior.others), len(prior.mean)
        struct.other_law = self._memory.laws([real_law(law) for _, law in prior.others])
        self.numbers = self.hyper + struct.coefficients + sum(factor.width for factor in self.factors)
        struct.numbers = self.numbers

    def _put_level(self) -> None:
        """Tell what centring the columns adds, where thresholds have a law less that."""
        prior, thresholds = self._predictor.fixed, self.definition.priors.thresholds
        if thresholds is None or thresholds.prior is None:
            return
        self._likelihood.level = float(prior.from_normal[0] @ self._centre)
        self._likelihood.level_columns = self._memory.array(prior.from_normal[0] @ self._root)
        self._likelihood.level_others = self._memory.array(prior.from_others[0])

    def _put_coefficients(self) -> None:
        prior, struct, array = self._predictor.fixed, self.struct, self._memory.array
        own = np.linalg.cholesky(prior.covariance) if prior.mean.size else np.empty((0, 0))
        struct.columns = array((self.rows.basis @ self._root).T)
        self.prior_root = solved(own, self._root)
        self.prior_mean = solved(self._root, prior.mean - self._centre)
        self.prior_shift = solved(self._root, prior.shift)
        struct.prior_root, struct.prior_mean = array(self.prior_root), array(self.prior_mean)
        struct.prior_shift = array(self.prior_shift)

    @property
    def address(self) -> int:
        return ctypes.addressof(self.struct)

    @property
    def is_near_normal(self) -> bool:
        return self.has_pilot and self.numbers >= _MANY

    @property
    def has_pilot(self) -> bool:
        """Whether it is known what the rows tell of the effects, where there are any."""
        return len(self.pilot.maps) == len(self.factors)

    @property
    def start(self) -> Array:
        """The pilot's point."""
        return np.concatenate([self.pilot.hyper, np.zeros(self.numbers - self.hyper)])

    @property
    def reach(self) -> Array:
        """How far the numbers of a point go."""
        return np.concatenate([self.pilot.reach, np.ones(self.numbers - self.hyper)])

    def predictors(self, point: Array) -> Array:
        """Return the linear predictor of each row at a point."""
        point, found = np.ascontiguousarray(point, np.float64), np.empty(len(self.rows.order))
        checked(library().joint_predictors(*map(_address, (point, found)), REF(self.address)))
        return found

    def rows_at(self, point: Array, predictors: Array, derivatives: bool = True) -> Array:
        """Return each row's log likelihood at its linear predictor; its derivative there, minus the second.

        Only the numbers in front are read of the point.
        """
        point, predictors = (np.ascontiguousarray(values, np.float64) for values in (point, predictors))
        found = np.empty((3 if derivatives else 1, len(predictors)))
        given = (*map(_address, (point, predictors, found)), INT(derivatives), REF(self.address))
        checked(library().joint_rows(*given))
        return found

    def scales(self, point: Array) -> list[Array]:
        """Return the root of the covariance of each factor's effects at a point, shape (effect, effect)."""
        found = np.empty(sum(factor.size**2 for factor in self.factors))
        point = np.ascontiguousarray(point, np.float64)
        checked(library().joint_scales(REF(point.ctypes.data), REF(found.ctypes.data), REF(self.address)))
        parts = np.split(found, np.cumsum([factor.size**2 for factor in self.factors]))
        return [part.reshape(factor.size, -1) for part, factor in zip(parts, self.factors, strict=False)]

    def others_at(self, point: Array) -> Array:
        """Return the coefficients whose priors are not normal, at a point."""
        at = sum(factor.numbers for factor in self.factors)
        laws = self._predictor.fixed.others
        return np.array([number_at(law, float(point[at + k])) for k, (_, law) in enumerate(laws)])

    def expand(self, point: Array) -> dict[str, Array]:
        """Return the reported variables of a point, shape (1, ...)."""
        point, out = np.ascontiguousarray(point, np.float64), np.empty((1, self.width))
        given = (REF(point.ctypes.data), REF(out.ctypes.data), REF(self.address))
        checked(library().joint_expand(ctypes.c_uint64(self.numbers), ctypes.c_uint64(self.width), *given))
        return self.named(out)


def plain_kernel(definition: ModelDefinition, centres: Mapping[str, Array]) -> JointKernel:
    """Return the kernel without a pilot: effects non-centred, coefficients in the units of their priors.

    Parameters
    ----------
    definition : ModelDefinition
    centres : mapping of str to ndarray
        Where what the graph samples starts, by its names.
    """
    predictor = definition.priors.first
    prior, factors = predictor.fixed, factors_of(predictor, 0)
    given = np.asarray(centres.get(basis_of(predictor.names.beta), prior.mean), np.float64)
    centre = free_of_order(given, np.sqrt(np.diagonal(prior.covariance)))
    root = np.linalg.cholesky(prior.covariance) if centre.size else np.empty((0, 0))
    blank = JointKernel(
        definition, ordered_rows(definition, factors), Pilot(np.empty(0), np.empty(0), centre, root)
    )
    hyper = blank.centre(centres)[: blank.hyper]
    return JointKernel(definition, blank.rows, Pilot(hyper, np.ones(blank.hyper), centre, root))


def _address(values: Array) -> ctypes.c_void_p:
    return REF(values.ctypes.data)


def solved(root: Array, values: Array) -> Array:
    """Return what a matrix, which may be empty, takes to the values."""
    return np.linalg.solve(root, values) if root.size else values
