"""The mean of the logistic function over a normal: a mixture of eight normals."""

from __future__ import annotations

from typing import final

import numpy as np
from scipy import special

from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules.base import MeanRule
from glmm_bayes.core.mean_rules.by_trapezoid import TrapezoidRule
from glmm_bayes.core.trapezoid import ROOT_2PI, Integral, at_zero, by_blocks

LOGIT_ERROR = 2.2e-9
_MIXTURE_BLOCK = 2**14
_SMALLEST = float(np.finfo(np.float64).tiny)

#: Weights p and scales s of the logistic distribution as a mixture of eight normals (Monahan & Stefanski
#: 1992, table for k = 8).
MIXTURE = (
    (0.003246343272134, 1.365340806296348),
    (0.051517477033972, 1.059523971016916),
    (0.195077912673858, 0.830791313765644),
    (0.315569823632818, 0.650732166639391),
    (0.274149576158423, 0.508135425366489),
    (0.131076880695470, 0.396313345166341),
    (0.027912418727972, 0.308904252267995),
    (0.001449567805354, 0.238212616409306),
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

    @property
    def smooth(self) -> MeanRule:
        # The mixture has a seam of up to 2e-9 where the tail formula begins.
        return TrapezoidRule(self.link)

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
    for p, s in MIXTURE:
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
    for p, s in MIXTURE:
        precision = 1.0 / (s**-2 + v)
        a = np.sqrt(precision)
        density = (p / ROOT_2PI) * a * np.exp(-0.5 * precision * np.square(x))
        value += p * special.ndtr(a * x)
        slope += density
        in_v -= 0.5 * x * precision * density
    return value, slope, in_v
