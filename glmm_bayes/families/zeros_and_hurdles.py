"""Families with a part of zeros: extra zeros beside those of a law, or the only zeros (hurdle)."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family
from glmm_bayes.families.traits import ResponseMean

_NEVER = float("-inf")


class Component(Protocol):
    """The law of a response; every family is one."""

    @property
    def has_cdf(self) -> bool:
        """Whether it has a distribution function."""

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log f(y)."""

    def mean(self, at: RowValues) -> Array:
        """Return the mean."""

    def log_mean(self, at: RowValues) -> Array:
        """Return the log of the mean."""

    def variance(self, at: RowValues) -> Array:
        """Return the variance."""

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        """Draw responses."""

    def log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y <= y)."""

    def log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y > y)."""

    def log_between(self, low: Array, high: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(low < Y <= high)."""


class ZeroPart(Family):
    """A zero with some probability, else a draw of another law.

    Attributes
    ----------
    zero : str
        The parameter that is the probability.
    rest : Component
        The other law.
    """

    response_mean: ClassVar[ResponseMean] = ResponseMean(text="")
    zero: ClassVar[str]
    rest: ClassVar[Component]

    @property
    def has_cdf(self) -> bool:
        return self.rest.has_cdf

    def mean(self, at: RowValues) -> Array:
        return np.asarray(np.exp(at[self.zero].log_complement) * self.rest.mean(at))

    def log_mean(self, at: RowValues) -> Array:
        return np.asarray(at[self.zero].log_complement + self.rest.log_mean(at))

    def variance(self, at: RowValues) -> Array:
        # The law of total variance over the two parts.
        zero, share = np.asarray(at[self.zero].value), np.exp(at[self.zero].log_complement)
        return np.asarray(share * (self.rest.variance(at) + zero * self.rest.mean(at) ** 2))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        rest = self.rest.random(rng, n, at)
        return np.where(rng.random(rest.shape) < at[self.zero].value, 0.0, rest)

    def log_between(self, low: Array, high: Array, n: Array, at: RowValues, m: Maths) -> Array:
        # No zero lies there, and beside the zeros the rest may be too small to be told in a tail.
        above = low if self.is_discrete else np.where(low > 0, low, 0.5 * high)
        rest = self.rest.log_between(above, high, n, at, m)
        if (above != low).any():
            rest = m.where(low > 0, rest, self.rest.log_cdf(high, n, at, m))
        return at[self.zero].log_complement + rest

    def population_mean(self, joint: Joint) -> Integral:
        return joint.only("mu", self.zero).product("mu", self.zero, complement=True)

    def warn_without_zeros(self, columns: ResponseColumns, y: Array, findings: Findings) -> None:
        """Warn of a response without any zero."""
        if len(y) and not (y == 0).any():
            message = (
                f"{self.name}: response '{columns.label}' has no zeros, so {self.zero} rests on its prior."
            )
            findings.warning("response_support", message, column=columns.source)


class ZeroInflated(ZeroPart):
    """Extra zeros with probability ``zi`` beside the zeros of a law."""

    zero: ClassVar[str] = "zi"
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "zi"), "(1 - zi) mu")

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        rest = at["zi"].log_complement + self.rest.log_density(y, n, at, m)
        return m.where(y > 0, rest, m.logaddexp(at["zi"].log, rest))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        rest = at["zi"].log_complement + self.rest.log_cdf(m.maximum(y, 0.0), n, at, m)
        return m.where(y < 0, _NEVER, m.logaddexp(at["zi"].log, rest))

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        rest = self.rest.log_survival(m.maximum(y, 0.0), n, at, m)
        return m.where(y < 0, 0.0, at["zi"].log_complement + rest)


class Hurdle(ZeroPart):
    """All zeros come from one part, with probability ``hu``; the other law has none."""

    zero: ClassVar[str] = "hu"
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "hu"), "")
    #: A response at which the other law's functions and their gradients are finite.
    inside: ClassVar[float] = 1.0

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        rest = self.rest.log_density(self._above(y, m), n, at, m)
        return m.where(y > 0, at[self.zero].log_complement + rest, at[self.zero].log)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        rest = at[self.zero].log_complement + self.rest.log_cdf(self._above(y, m), n, at, m)
        here = m.where(y < 0, _NEVER, at[self.zero].log)
        return m.where(y > 0, m.logaddexp(at[self.zero].log, rest), here)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        rest = self.rest.log_survival(self._above(y, m), n, at, m)
        return m.where(y < 0, 0.0, at[self.zero].log_complement + m.where(y > 0, rest, 0.0))

    def _above(self, y: Array, m: Maths) -> Array:
        return m.where(y > 0, y, self.inside)
