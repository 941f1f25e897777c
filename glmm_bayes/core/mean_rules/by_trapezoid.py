"""Means over a normal by the trapezoid rule, and what keeps their digits in both tails."""

from __future__ import annotations

from typing import final

import numpy as np
from scipy import special

from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.mean_rules.base import MeanRule
from glmm_bayes.core.trapezoid import (
    BLOCK,
    TOLERANCE,
    Function,
    Integral,
    Trapezoid,
    at_zero,
    by_blocks,
    largest_sd,
    trapezoid_mean,
)

# Each derivative or power multiplies the error of the trapezoid rule by up to log(4/tol)/d, about 15.
TIGHT_TOLERANCE = 1e-14
#: Means below this may not have all their digits.
SMALL = 1e-290
#: Means under the loglog link below this are computed where their integrand has its mass.
_LOW = 1e-3


class TrapezoidRule(MeanRule):
    """Any link, from the half-width of its strip; derivatives and squares with a tighter step."""

    def mean(self, eta: Array, v: Array) -> Integral:
        result = self._mean_of(self.link.inverse, eta, v, TOLERANCE)
        if isinstance(self.link, ProbabilityLink):
            # The weights sum to one up to rounding.
            np.minimum(result.value, 1.0, out=result.value)
        return result

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        slope = self._mean_of(self.link.inverse_derivative, eta, v, TIGHT_TOLERANCE).value
        curvature = self._mean_of(self.link.inverse_second_derivative, eta, v, TIGHT_TOLERANCE).value
        return slope, np.asarray(0.5 * curvature)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return self._mean_of(lambda x: np.square(self.link.inverse(x)), eta, v, TIGHT_TOLERANCE).value

    def variance(self, eta: Array, v: Array) -> Array:
        rule = Trapezoid.for_block(self.link.strip, largest_sd(v), TIGHT_TOLERANCE)

        def kernel(eta: Array, v: Array) -> tuple[Array]:
            return (np.where(v == 0.0, 0.0, rule.variance(self.link.inverse, eta, np.sqrt(v))),)

        return by_blocks(kernel, eta, v, 1, BLOCK // rule.nodes.size)[0]

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        link = self.link
        mean = self.mean(eta, v).value
        # Where the mean leaves the range of a float, a tail like exp(eta) has the log of it left.
        far = link.exponential_tail & (mean < SMALL)
        if not isinstance(link, ProbabilityLink):
            return np.asarray(np.where(far, eta + 0.5 * v, link.link(np.where(far, 1.0, mean))))
        low = np.where(far, eta + 0.5 * v, link.link(np.where(far, 0.5, np.minimum(mean, 0.5))))
        # 1 - m would lose the digits of a complement near zero, so it has an integral of its own.
        log_complement = np.minimum(self._log_complement_mean(link, eta, v), 0.0)
        value = np.where(mean < 0.5, low, link.link_of_log_complement(log_complement))
        return at_zero(value, np.positive, eta, v)

    def _log_complement_mean(self, link: ProbabilityLink, eta: Array, v: Array) -> Array:
        """Return log(1 - m)."""
        rule = Trapezoid.for_block(link.strip, largest_sd(v))

        def kernel(eta: Array, v: Array) -> tuple[Array]:
            return (rule.log_mean(link.log_complement, eta, np.sqrt(v)),)

        return by_blocks(kernel, eta, v, 1, BLOCK // rule.nodes.size)[0]

    def _mean_of(self, function: Function, eta: Array, v: Array, tol: float) -> Integral:
        link = self.link
        return trapezoid_mean(
            function, eta, v, strip=link.strip, tol=tol, exponential_tail=link.exponential_tail
        )


@final
class CloglogRule(TrapezoidRule):
    """1 - m falls faster than any exponential of eta; it is the mean of the mirrored link."""

    def _log_complement_mean(self, link: ProbabilityLink, eta: Array, v: Array) -> Array:
        return _log_loglog_mean(-eta, v)


@final
class LoglogRule(TrapezoidRule):
    """The mirror image of cloglog; h^2 is h itself at eta - log 2."""

    def mean(self, eta: Array, v: Array) -> Integral:
        result = super().mean(eta, v)
        low = (result.value < _LOW) & (v > 0.0)
        result.value[low] = np.exp(_log_loglog_mean(eta[low], v[low]))
        return result

    def second_moment(self, eta: Array, v: Array) -> Array:
        return self.mean(eta - np.log(2.0), v).value

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return -CloglogRule(LINKS["cloglog"]).link_of_mean(-eta, v)


def _log_loglog_mean(eta: Array, v: Array) -> Array:
    """Return log E[exp(-exp(-eta - sd Z))], with relative accuracy of the mean however low it is.

    The integrand has its mass at z = w/sd, w exp(w) = v exp(-eta), and the width 1/sqrt(1 + w) there: the
    rule is centred at it and its step is divided by sqrt(1 + w).
    """

    def kernel(eta: Array, v: Array) -> tuple[Array]:
        sd = np.sqrt(v)
        w = special.lambertw(v * NUMPY.exp(-eta), 0).real
        shift = np.divide(w, sd, out=np.zeros_like(w), where=sd > 0.0)
        step = Trapezoid.for_block(0.5 * np.pi, largest_sd(v)).step / np.sqrt(1.0 + w.max(initial=0.0))
        rule = Trapezoid.with_step(step)
        logs = -NUMPY.exp(-(eta + w + np.multiply.outer(rule.nodes, sd)))
        logs -= np.multiply.outer(rule.nodes, shift) + 0.5 * np.square(shift)
        largest = logs.max(axis=0)
        return (largest + np.log(rule.weights @ np.exp(logs - largest)),)

    # The number of nodes is the kernel's own; at 512 the block is of the usual size.
    return by_blocks(kernel, eta, v, 1, BLOCK // 512)[0]
