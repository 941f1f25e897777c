"""What every covariance structure supplies: the variables it samples, and its root once in ``Maths``.

The random effects of a block have Cov(b_jk, b_lm) = A_jl Sigma_km. A structure of *effects* says how the
effects of one level are correlated (Sigma, with a standard deviation for each effect), a structure of
*levels* how the levels are (A). Either leaves the other at its default: unstructured, and independent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.spec.prior import Prior

#: The law of effects before their root is applied.
STANDARD_NORMAL = Prior("Normal", mu=0.0, sigma=1.0)


@dataclass(frozen=True)
class Argument:
    """What may be written for one argument of a structure.

    Attributes
    ----------
    value_type : {"matrix", "graph", "coordinates", "number", "flag"}
        The first three are entries of ``known={...}``; coordinates may also be columns.
    default : float or bool or None
        None: it must be given.
    choices : tuple of float
        The numbers that are allowed; empty if all are.
    """

    value_type: str
    default: float | bool | None = None
    choices: tuple[float, ...] = ()


@dataclass(frozen=True)
class SampledVariable:
    """A variable that a structure samples.

    Attributes
    ----------
    suffix : str
        What its name has after the structure's.
    law : Prior
        ``LKJ`` is of a matrix, whose Cholesky factor is what is sampled.
    shape : tuple of int
    """

    suffix: str
    law: Prior
    shape: tuple[int, ...] = ()


class EffectCovariance(ABC):
    """Correlation of the effects of one level.

    Parameters
    ----------
    positions : sequence of float
        Where the effects stand: their rank, or the number that names the level (equal steps need
        not be).
    options : mapping of str to float or bool
        By the names in ``arguments``.
    """

    name: ClassVar[str]
    arguments: ClassVar[Mapping[str, Argument]] = {}
    #: The block's effects must be the levels of one factor, in their order.
    orders_levels: ClassVar[bool] = False
    #: Their distances play no part: levels are taken as equally spaced.
    takes_equal_steps: ClassVar[bool] = False
    #: The matrix stays one of its kind in another coding of the effects, so that priors may be meant there.
    fits_any_coding: ClassVar[bool] = False
    #: Standard deviations and correlations, as they are named, say all: equations need no further word.
    is_plain: ClassVar[bool] = False
    #: No two effects of a level are tied more closely than a residual of single rows may be.
    is_residual_like: ClassVar[bool] = False

    def __init__(self, positions: Sequence[float], options: Mapping[str, float]) -> None:
        self.positions = np.asarray(positions, np.float64)
        self.options = dict(options)

    @property
    def size(self) -> int:
        """Number of effects."""
        return len(self.positions)

    @property
    def has_one_sd(self) -> bool:
        """True if all effects share one standard deviation."""
        return self.orders_levels and not self.options.get("heterogeneous", False)

    @property
    def is_correlated(self) -> bool:
        """True if effects of a level may be correlated."""
        return self.size > 1

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of effects whose correlations say all; the others follow from them."""
        return tuple((i, j) for j in range(self.size) for i in range(j))

    def sampled(self, prior: Prior) -> tuple[SampledVariable, ...]:
        """List what is sampled, with an LKJ prior of the correlations; one variable, or none."""
        return ()

    @abstractmethod
    def root(self, values: Sequence[Array], m: Maths = NUMPY) -> Array:
        """Return a Cholesky factor of the correlation matrix, shape (effect, effect).

        Parameters
        ----------
        values : sequence of array or graph variable
            Of the variables in ``sampled``, in their order.
        m : Maths
            Functions of the kind of array that they are.
        """


class LevelCovariance(ABC):
    """Covariance of the levels of a grouping factor.

    Parameters
    ----------
    matrices : mapping of str to ndarray
        What the arguments hold, in the order of the factor's levels.
    options : mapping of str to float or bool
    """

    name: ClassVar[str]
    arguments: ClassVar[Mapping[str, Argument]] = {}
    #: Parameters beside the standard deviation, and where each lives.
    parameters: ClassVar[Mapping[str, str]] = {}
    #: What each of them is, in a few words.
    meanings: ClassVar[Mapping[str, str]] = {}
    #: Levels have nothing to do with each other.
    is_independent: ClassVar[bool] = False
    #: Whether an area without a neighbour has an effect.
    allows_islands: ClassVar[bool] = False

    def __init__(self, n_levels: int, matrices: Mapping[str, Array], options: Mapping[str, float]) -> None:
        self.n_levels = n_levels
        self.options = dict(options)
        self.prepare(matrices)

    @abstractmethod
    def prepare(self, matrices: Mapping[str, Array]) -> None:
        """Check the matrices and compute what draws and variances need; raise ``ValueError`` in words."""

    def default_priors(self) -> Mapping[str, Prior]:
        """Return the default prior of each parameter."""
        return {}

    @abstractmethod
    def sampled(self, size: int) -> tuple[SampledVariable, ...]:
        """List the standard normal variables that ``size`` effects of each level are made of."""

    @abstractmethod
    def effects(self, values: Sequence[Array], parameters: Mapping[str, Numbers], m: Maths = NUMPY) -> Array:
        """Return effects whose levels have the covariance A, shape (level, effect): a root times values.

        Parameters
        ----------
        values : sequence of array or graph variable
            Of the variables in ``sampled``, in their order.
        parameters : mapping of str to array or graph variable
        m : Maths
        """

    @abstractmethod
    def matrix(self, parameters: Mapping[str, float]) -> Array:
        """Return A, in NumPy, for one value of each parameter, shape (level, level)."""

    @property
    def has_equal_variances(self) -> bool:
        """True if every level, a new one too, has the variance 1 and levels are never mixed."""
        return False

    @abstractmethod
    def variance(self, parameters: Mapping[str, Array], members: NDArray[np.int64], weights: Array) -> Array:
        """Return w'Aw of each row, shape (draw, row) or (1, row).

        Parameters
        ----------
        parameters : mapping of str to ndarray, shape (draw,)
        members : ndarray, shape (row, member)
            Levels that a row belongs to.
        weights : ndarray, shape (row, member)
        """

    @abstractmethod
    def row_variance(
        self, parameters: Mapping[str, Numbers], members: NDArray[np.int64], weights: Array, m: Maths = NUMPY
    ) -> Array:
        """Return w'Aw of each row for one value of each parameter, shape (row,)."""


class SumOfMatrices(LevelCovariance):
    """A structure whose A is a weighted sum of constant matrices; only the weights depend on parameters."""

    @abstractmethod
    def weighted_matrices(self, parameters: Mapping[str, Numbers]) -> list[tuple[Numbers, Array]]:
        """Return the weights, shape (draw,), (1,) or single numbers, each with its matrix (level, level)."""

    def matrix(self, parameters: Mapping[str, float]) -> Array:
        return np.asarray(sum(weight * part for weight, part in self.weighted_matrices(parameters)))

    def variance(self, parameters: Mapping[str, Array], members: NDArray[np.int64], weights: Array) -> Array:
        total: Numbers = 0.0
        for weight, part in self.weighted_matrices(parameters):
            total = total + np.reshape(weight, (-1, 1)) * quadratic_form(part, members, weights)[None]
        return np.asarray(total)

    def row_variance(
        self, parameters: Mapping[str, Numbers], members: NDArray[np.int64], weights: Array, m: Maths = NUMPY
    ) -> Array:
        first, *others = (
            weight * quadratic_form(part, members, weights)
            for weight, part in self.weighted_matrices(parameters)
        )
        return sum(others, first)


def quadratic_form(matrix: Array, members: NDArray[np.int64], weights: Array) -> Array:
    """Return w'Aw of each row, shape (row,)."""
    chosen = matrix[members[:, :, None], members[:, None, :]]
    return np.asarray(np.einsum("rm,rn,rmn->r", weights, weights, chosen))


def beta_of(prior: Prior, shape: tuple[int, ...] = ()) -> SampledVariable:
    """Return the variable in (0, 1) that makes correlations in an interval: LKJ's law of one, moved there."""
    return SampledVariable("_raw", Prior("Beta", alpha=prior["eta"], beta=prior["eta"]), shape)


def moved(raw: Array, lower: float) -> Array:
    """Move such a variable to (lower, 1)."""
    return lower + (1.0 - lower) * raw
