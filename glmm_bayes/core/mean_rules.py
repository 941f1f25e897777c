"""One rule for each link: a closed form, a mixture of normals (logit), or the trapezoid (the others)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.core.trapezoid import (
    BLOCK,
    ROOT_2PI,
    TOLERANCE,
    Function,
    Integral,
    Trapezoid,
    at_zero,
    by_blocks,
    largest_sd,
    trapezoid_mean,
)

Array = NDArray[np.float64]

LOGIT_ERROR = 2.2e-9
# Each derivative or power multiplies the error of the trapezoid rule by up to log(4/tol)/d, about 15.
TIGHT_TOLERANCE = 1e-14
_MIXTURE_BLOCK = 2**14
_SMALLEST = float(np.finfo(np.float64).tiny)

# Weights p and scales s of the logistic distribution as a mixture of eight normals (Monahan & Stefanski
# 1992, table for k = 8).
_MIXTURE = (
    (0.003246343272134, 1.365340806296348),
    (0.051517477033972, 1.059523971016916),
    (0.195077912673858, 0.830791313765644),
    (0.315569823632818, 0.650732166639391),
    (0.274149576158423, 0.508135425366489),
    (0.131076880695470, 0.396313345166341),
    (0.027912418727972, 0.308904252267995),
    (0.001449567805354, 0.238212616409306),
)


class MeanRule(ABC):
    """How means of one inverse link are computed.

    Parameters
    ----------
    link : Link
        The link; ``eta`` and ``v`` of the methods have one shape, that of the results.
    """

    def __init__(self, link: Link) -> None:
        self.link = link

    @abstractmethod
    def mean(self, eta: Array, v: Array) -> Integral:
        """Return m = E h."""

    @abstractmethod
    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        """Return dm/d eta and dm/dv."""

    @abstractmethod
    def second_moment(self, eta: Array, v: Array) -> Array:
        """Return E h^2."""

    @abstractmethod
    def variance(self, eta: Array, v: Array) -> Array:
        """Return E (h - m)^2."""

    @abstractmethod
    def link_of_mean(self, eta: Array, v: Array) -> Array:
        """Return link(m)."""


@final
class IdentityRule(MeanRule):
    """m = eta."""

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(eta.copy(), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        return np.ones_like(eta), np.zeros_like(eta)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return np.asarray(np.square(eta) + v)

    def variance(self, eta: Array, v: Array) -> Array:
        return v.copy()

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return eta.copy()


@final
class LogRule(MeanRule):
    """m = exp(eta + v/2); infinite where exp overflows (Zeger, Liang & Albert 1988)."""

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(np.asarray(self.link.inverse(eta + 0.5 * v)), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        mean = self.mean(eta, v).value
        return mean, np.asarray(0.5 * mean)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return np.asarray(self.link.inverse(2.0 * (eta + v)))

    def variance(self, eta: Array, v: Array) -> Array:
        # exp(2 eta + v) (exp(v) - 1) in a form in which neither factor overflows before the product.
        return np.asarray(self.link.inverse(2.0 * (eta + v)) * -np.expm1(-v))

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.asarray(eta + 0.5 * v)


@final
class ProbitRule(MeanRule):
    """m = Phi(a), a = eta / sqrt(1 + v) (Zeger, Liang & Albert 1988; second moment: Owen 1956)."""

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(np.asarray(special.ndtr(self.link_of_mean(eta, v))), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        a = self.link_of_mean(eta, v)
        slope = np.asarray(self.link.inverse_derivative(a) / np.sqrt(1.0 + v))
        return slope, np.asarray(-0.5 * eta * slope / (1.0 + v))

    def second_moment(self, eta: Array, v: Array) -> Array:
        a = self.link_of_mean(eta, v)
        return np.asarray(special.ndtr(a) - self._twice_owen(a, v))

    def variance(self, eta: Array, v: Array) -> Array:
        a = self.link_of_mean(eta, v)
        value = special.ndtr(a) * special.ndtr(-a) - self._twice_owen(a, v)
        # Rounding leaves +-1e-17 where the variance is zero.
        return np.asarray(np.where(v == 0.0, 0.0, np.maximum(value, 0.0)))

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.asarray(eta / np.sqrt(1.0 + v))

    @staticmethod
    def _twice_owen(a: Array, v: Array) -> Array:
        return 2.0 * special.owens_t(a, 1.0 / np.sqrt(1.0 + 2.0 * v))


@final
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
        if not isinstance(link, ProbabilityLink):
            return np.asarray(link.link(mean))
        rule = Trapezoid.for_block(link.strip, largest_sd(v))

        def kernel(eta: Array, v: Array) -> tuple[Array]:
            return (np.minimum(rule.log_mean(link.log_complement, eta, np.sqrt(v)), 0.0),)

        # 1 - m would lose the digits of a complement near zero, so it has an integral of its own.
        (log_complement,) = by_blocks(kernel, eta, v, 1, BLOCK // rule.nodes.size)
        low = link.link(np.minimum(mean, 0.5))
        value = np.where(mean < 0.5, low, link.link_of_log_complement(log_complement))
        return at_zero(value, np.positive, eta, v)

    def _mean_of(self, function: Function, eta: Array, v: Array, tol: float) -> Integral:
        link = self.link
        return trapezoid_mean(
            function, eta, v, strip=link.strip, tol=tol, exponential_tail=link.exponential_tail
        )


@final
class LogitRule(MeanRule):
    """The logistic function as a mixture of eight normals, exact to 2.2e-9.

    S(x, v) = sum_k p_k Phi(a_k x), a_k = s_k / sqrt(1 + s_k^2 v), is accurate absolutely. Odds and
    ratios need relative accuracy, so the smaller of m and 1 - m is computed as L(x) at x = -|eta|:
    S(x, v) for x >= -v/2, and below that exp(x + v/2) S(-x - v, v), an exact identity.

    References
    ----------
    Monahan, J. F. & Stefanski, L. A. (1992). Normal scale mixture approximations to F*(z) and
    computation of the logistic-normal integral.
    Stefanski, L. A. (1991). A normal scale mixture representation of the logistic distribution.
    """

    def mean(self, eta: Array, v: Array) -> Integral:
        def kernel(eta: Array, v: Array) -> tuple[Array]:
            log_scale, inner = _tilt(eta, v)
            lower = np.exp(log_scale) * _mixture(inner, v)
            value = np.where(eta < 0.0, lower, 1.0 - lower)
            return (at_zero(value, self.link.inverse, eta, v),)

        (value,) = by_blocks(kernel, eta, v, 1, _MIXTURE_BLOCK)
        return Integral(value, "normal mixture, 8 terms", LOGIT_ERROR)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        def kernel(eta: Array, v: Array) -> tuple[Array, Array]:
            log_scale, inner = _tilt(eta, v)
            value, slope, in_v = _mixture_derivatives(inner, v)
            # Differentiating exp(x + v/2) S(-x - v, v) where the tail formula holds, S(x, v) elsewhere.
            tail = log_scale < 0.0
            scale = np.exp(log_scale)
            d_eta = np.where(tail, scale * (value - slope), slope)
            d_v = np.where(tail, scale * (0.5 * value - slope + in_v), in_v)
            d_v = np.where(eta < 0.0, d_v, -d_v)
            link = self.link
            d_eta = at_zero(d_eta, link.inverse_derivative, eta, v)
            return d_eta, at_zero(d_v, lambda x: 0.5 * link.inverse_second_derivative(x), eta, v)

        d_eta, d_v = by_blocks(kernel, eta, v, 2, _MIXTURE_BLOCK)
        return d_eta, d_v

    def second_moment(self, eta: Array, v: Array) -> Array:
        # h^2 = h - h'
        return np.asarray(self.mean(eta, v).value - self.derivatives(eta, v)[0])

    def variance(self, eta: Array, v: Array) -> Array:
        # The mixture's 1e-8 would be all there is of a small variance.
        return TrapezoidRule(self.link).variance(eta, v)

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        def kernel(eta: Array, v: Array) -> tuple[Array]:
            log_scale, inner = _tilt(eta, v)
            # Beyond standard deviations of 76 the mixture underflows at its seam.
            log_lower = log_scale + np.log(np.maximum(_mixture(inner, v), _SMALLEST))
            odds = log_lower - np.log1p(-np.exp(log_lower))
            return (at_zero(np.where(eta < 0.0, odds, -odds), np.positive, eta, v),)

        return by_blocks(kernel, eta, v, 1, _MIXTURE_BLOCK)[0]


def _tilt(eta: Array, v: Array) -> tuple[Array, Array]:
    """Return the log factor and the argument of S in L(-|eta|); the factor is 0 outside the tail."""
    distance = np.abs(eta)
    log_scale = np.minimum(0.5 * v - distance, 0.0)
    return log_scale, np.where(log_scale < 0.0, distance - v, -distance)


def _mixture(x: Array, v: Array) -> Array:
    """Return S(x, v) for one-dimensional arrays."""
    total, work = np.zeros_like(x), np.empty_like(x)
    for p, s in _MIXTURE:
        # a_k x = x / sqrt(1/s_k^2 + v), in place: this loop is where the time goes.
        np.add(v, s**-2, out=work)
        np.sqrt(work, out=work)
        np.divide(x, work, out=work)
        special.ndtr(work, out=work)
        work *= p
        total += work
    return total


def _mixture_derivatives(x: Array, v: Array) -> tuple[Array, Array, Array]:
    """Return S, dS/dx and dS/dv."""
    value, slope, in_v = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for p, s in _MIXTURE:
        precision = 1.0 / (s**-2 + v)
        a = np.sqrt(precision)
        density = (p / ROOT_2PI) * a * np.exp(-0.5 * precision * np.square(x))
        value += p * special.ndtr(a * x)
        slope += density
        in_v -= 0.5 * x * precision * density
    return value, slope, in_v


# A link without an entry is integrated by the trapezoid rule.
_RULES: dict[str, type[MeanRule]] = {
    "identity": IdentityRule,
    "log": LogRule,
    "probit": ProbitRule,
    "logit": LogitRule,
}


def rule_of(link: Link) -> MeanRule:
    return _RULES.get(link.name, TrapezoidRule)(link)
