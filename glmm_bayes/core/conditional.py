"""The conditional linear predictor whose population mean follows a formula.

With ``eta`` the link of the population mean and ``v`` the variance of the random part b, the conditional
linear predictor Delta solves m(Delta, v) = E h(Delta + b) = h(eta): the marginalized multilevel model
(Heagerty 1999; Heagerty and Zeger 2000). Written once, for NumPy arrays and for graphs. In a graph its
derivatives are those of the solution: h'(eta)/m_eta and -m_v/m_eta.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.core.mean_rules.logit import MIXTURE
from glmm_bayes.core.trapezoid import ROOT_2PI, Trapezoid

#: Takes x, v, eta to link(m(x, v)) - eta and its first two derivatives in x.
Gap = Callable[[Array, Array, Array, Maths], tuple[Array, Array, Array]]

#: Of Zeger, Liang and Albert (1988): 16 sqrt(3) / (15 pi), squared.
_ATTENUATION = 0.345842973499
_WEIGHTS, _SCALES = np.array(MIXTURE).T
_PRECISIONS = _SCALES**-2.0
_LOGIT_STEPS = 3
_CLOGLOG_STEPS = 5
_NODES = Trapezoid.with_intervals(256)
#: Of the population mean, for standard deviations up to the largest that is certified.
_ERROR, _CERTIFIED = 1e-8, 10.0
_CHECKED = np.linspace(-12.0, 12.0, 97)
_EULER = 0.577215664901533
#: 6/pi^2: a Gumbel variable has the variance of a normal with this precision.
_GUMBEL_PRECISION = 0.607927101854027
_SMALLEST_VARIANCE = 1e-20
_LARGEST_LOG_HAZARD = 300.0
_SMALLEST = float(np.finfo(np.float64).tiny)


def conditional_predictor(link: Link, eta: Array, v: Array, m: Maths = NUMPY) -> Array:
    """Return the conditional linear predictor Delta, for which E h(Delta + sqrt(v) Z) = h(eta).

    Parameters
    ----------
    link : Link
        One of ``CONDITIONAL``.
    eta : array
        Link of the population mean.
    v : array
        Variance of the random part, broadcast against ``eta``.
    m : Maths

    Returns
    -------
    array
        Exact for identity, log and probit; for logit by the mixture of eight normals, for cloglog by the
        trapezoid rule, within 1e-8 on the scale of the mean for standard deviations up to 10.

    References
    ----------
    Heagerty, P. J. (1999). Marginally specified logistic-normal models for longitudinal binary data.
    Heagerty, P. J. & Zeger, S. L. (2000). Marginalized multilevel models and likelihood inference.
    """
    return CONDITIONAL[link.name](eta, v, m)


def conditional_error(link: Link, v: float) -> float:
    """Return the error of the population mean at the conditional predictor, for variances up to ``v``.

    Zero for closed forms; beyond the certified range the largest one measured at link(m) in [-12, 12].
    """
    if link.name in ("identity", "log", "probit"):
        return 0.0
    if v <= _CERTIFIED**2:
        return _ERROR
    variance = np.full(len(_CHECKED), v)
    integral = population_mean(link, conditional_predictor(link, _CHECKED, variance), variance)
    return float(np.abs(integral.value - link.inverse(_CHECKED)).max()) + integral.error


def _identity(eta: Array, v: Array, m: Maths) -> Array:
    return eta + 0.0 * v


def _log(eta: Array, v: Array, m: Maths) -> Array:
    return eta - 0.5 * v


def _probit(eta: Array, v: Array, m: Maths) -> Array:
    return eta * m.sqrt(1.0 + v)


def _logit(eta: Array, v: Array, m: Maths) -> Array:
    # Odd in eta: the lower half keeps its digits.
    low = m.where(eta < 0.0, eta, -eta)
    start = low * m.sqrt(1.0 + _ATTENUATION * v)
    return m.where(eta < 0.0, 1.0, -1.0) * _solved(_logit_gap, start, low, v, _LOGIT_STEPS, m)


def _cloglog(eta: Array, v: Array, m: Maths) -> Array:
    start = (eta + _EULER) * m.sqrt(1.0 + _GUMBEL_PRECISION * v) - _EULER
    # The mean lies between those at the outermost nodes.
    reach = float(_NODES.nodes[-1]) * _standard_deviation(v, m)
    return _solved(_cloglog_gap, start, eta, v, _CLOGLOG_STEPS, m, reach)


def _standard_deviation(v: Array, m: Maths) -> Array:
    # The derivative of a square root has no value at 0.
    return m.sqrt(m.maximum(v, _SMALLEST_VARIANCE))


def _solved(
    gap: Gap, start: Array, eta: Array, v: Array, steps: int, m: Maths, reach: Numbers = np.inf
) -> Array:
    """Take steps of Halley's method as constants, then one of Newton's, whose derivatives are the root's.

    The root lies within ``reach`` of ``eta``.
    """
    x = m.minimum(m.maximum(start, eta - reach), eta + reach)
    for _ in range(steps):
        value, slope, curvature = gap(x, v, eta, m)
        x = x - 2.0 * value * slope / (2.0 * slope * slope - value * curvature)
        x = m.minimum(m.maximum(x, eta - reach), eta + reach)
    x = m.constant(x)
    value, slope, _ = gap(x, v, eta, m)
    return x - value / slope


def _logit_gap(x: Array, v: Array, eta: Array, m: Maths) -> tuple[Array, Array, Array]:
    """Return the gap on the logit scale for x and eta below 0, as ``LogitRule`` has the mean there."""
    is_tail = x < -0.5 * v
    inner = m.where(is_tail, -x - v, x)
    s0, s1, s2 = _mixture(inner, v, m)
    first = m.where(is_tail, (s0 - s1) / s0, s1 / s0)
    second = m.where(is_tail, (s0 - 2.0 * s1 + s2) / s0, s2 / s0)
    log_mean = m.where(is_tail, x + 0.5 * v, 0.0) + m.log(s0)
    mean = m.exp(log_mean)
    other = 1.0 - mean
    curvature = second / other - first * first * (1.0 - 2.0 * mean) / (other * other)
    return log_mean - m.log1p(-mean) - eta, first / other, curvature


def _mixture(x: Array, v: Array, m: Maths) -> tuple[Array, Array, Array]:
    """Return S(x, v) and its first two derivatives in x."""
    a = 1.0 / m.sqrt(_PRECISIONS + _column(v))
    z = a * _column(x)
    density = (_WEIGHTS / ROOT_2PI) * a * m.exp(-0.5 * z * z)
    value = m.maximum(m.sum(_WEIGHTS * m.normal_cdf(z)), _SMALLEST)
    return value, m.sum(density), -m.sum(a * z * density)


def _cloglog_gap(x: Array, v: Array, eta: Array, m: Maths) -> tuple[Array, Array, Array]:
    """Return the gap on the scale of log(-log(1 - m)), with the digits of m and of 1 - m."""
    sd = _standard_deviation(v, m)
    # Beyond exp(300) a node's probability is 1 to the last bit, and squares would overflow.
    hazard = m.exp(m.minimum(_column(x) + _column(sd) * _NODES.nodes, _LARGEST_LOG_HAZARD))
    logs = np.log(_NODES.weights) - hazard
    log_other = m.logsumexp(logs)
    shares = m.exp(logs - _column(log_other))
    mean = -m.sum(_NODES.weights * m.expm1(-hazard))
    total = m.where(mean < 0.5, -m.log1p(-m.minimum(mean, 0.9)), -log_other)
    first = m.sum(shares * hazard)
    second = m.sum(shares * (hazard - hazard * hazard)) + first * first
    slope = first / total
    return m.log(total) - eta, slope, second / total - slope * slope


def _column(x: Array) -> Array:
    return x[..., None]


#: The links whose conditional predictor is known.
CONDITIONAL: Mapping[str, Callable[[Array, Array, Maths], Array]] = MappingProxyType(
    {"identity": _identity, "log": _log, "probit": _probit, "logit": _logit, "cloglog": _cloglog}
)
