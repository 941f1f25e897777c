"""What families of counts with a zero part share: the reading, and counts truncated at zero."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.counts import CountFamily
from glmm_bayes.families.traits import ResponseMean
from glmm_bayes.families.zeros_and_hurdles import Hurdle, ZeroPart


class CountsWithZeroPart(ZeroPart, CountFamily):
    """Counts, some of whose zeros come from a part of their own."""

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        response = CountFamily._read(self, columns, findings)
        self.warn_without_zeros(columns, response.values, findings)
        return response


class Truncated(ABC):
    """A family of counts given that the count is above 0."""

    def __init__(self, family: Family) -> None:
        self.family = family

    @property
    def has_cdf(self) -> bool:
        """Whether the family has a distribution function."""
        return self.family.has_cdf

    def log_share(self, at: RowValues, m: Maths) -> Array:
        """Return log P(Y > 0) of the family, accurate where it is small."""
        return m.log1mexp(self._log_zero(at, m))

    def _log_zero(self, at: RowValues, m: Maths) -> Array:
        return self.family.log_density(np.zeros(()), np.ones(()), at, m)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y = y | Y > 0)."""
        return self.family.log_density(y, n, at, m) - self.log_share(at, m)

    def mean(self, at: RowValues) -> Array:
        """Return E[Y | Y > 0]."""
        return np.asarray(np.exp(self.log_mean(at)))

    def log_mean(self, at: RowValues) -> Array:
        """Return log E[Y | Y > 0]."""
        return np.asarray(at["mu"].log - self.log_share(at, NUMPY))

    def variance(self, at: RowValues) -> Array:
        """Return Var(Y | Y > 0)."""
        # E[Y^2 | Y > 0] = E[Y^2] / P(Y > 0), and P(Y > 0) = mu / mean; never below 0 by rounding.
        mean, mu = self.mean(at), np.asarray(at["mu"].value)
        return np.maximum(mean * (self.family.variance(at) / mu + mu - mean), 0.0)

    @abstractmethod
    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        """Draw counts above 0."""

    def log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y <= y | Y > 0)."""
        below = self.family.log_cdf(y, n, at, m)
        return below + m.log1mexp(self._log_zero(at, m) - below) - self.log_share(at, m)

    def log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y > y | Y > 0)."""
        return self.family.log_survival(y, n, at, m) - self.log_share(at, m)

    def log_between(self, low: Array, high: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(low < Y <= high | Y > 0)."""
        return self.family.log_between(low, high, n, at, m) - self.log_share(at, m)


def first_arrival(rng: np.random.Generator, rate: Array) -> Array:
    """Draw the first event of a Poisson process of rate 1 on [0, rate] that has at least one.

    The number of the other events is Poisson with mean ``rate`` minus this time.
    """
    return np.minimum(-np.log1p(rng.random(rate.shape) * np.expm1(-rate)), rate)


class HurdleCounts(Hurdle, CountsWithZeroPart):
    """Counts above 0 follow a law truncated at zero; the mean is (1 - hu) mu / (1 - f(0))."""

    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "hu"), "(1 - hu) mu/(1 - P(0))")
    rest: ClassVar[Truncated]

    def population_mean(self, joint: Joint) -> Integral:
        joint = joint.only(*self.response_mean.parameters)
        if set(joint.variance) <= {"mu", "hu"}:
            return joint.conditional(self.rest.mean, "mu", "hu", complement=True)
        return joint.mean(self.mean)
