"""Means over Student's t effects: a normal whose variance varies, integrated over that variance.

A t effect with standard deviation sd and d degrees of freedom is normal with variance s sd^2, where
s = (d - 2)/(2 g) and g is Gamma(d/2, 1), so that s has mean 1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from glmm_bayes.core.integrals import link_of_population_mean, population_mean
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules import TrapezoidRule, rule_of
from glmm_bayes.core.trapezoid import Integral

#: The density of log g is left out where it is below exp(-40) of its largest value.
_DROP = 40.0
#: Largest step of log g: the integrand is analytic within pi/2 of the real line.
_STEP = 0.25
#: Variances above which a normal is wide, and so wide that two terms of an expansion are enough.
_WIDE, _VERY_WIDE = 64.0, 1e5
#: Nodes of the inversion of a characteristic function: enough up to 12 standard deviations.
_FREQUENCIES = 96
#: Measured against quadrature for cloglog at sd from 8 to 1e4.
_WIDE_ERROR = 1e-8


def student_population_mean(link: Link, eta: Array, v: Array, heavy: Array, df: Array) -> Integral:
    """Return E[h(eta + sqrt(v) Z + T)], T a t effect with variance ``heavy``.

    Parameters
    ----------
    link : Link
        Its inverse is bounded.
    eta, v, heavy : ndarray, shape (draw, row)
        Fixed part, variance of the normal effects, variance of the t effects.
    df : ndarray, shape (draw,)
        Degrees of freedom, above 2.

    Returns
    -------
    Integral
        Error: the difference from the rule with every second node, larger by far than the true one, and
        the error of the inner integrals.
    """
    factors, weights = _nodes(df)
    full, half = np.zeros_like(eta), np.zeros_like(eta)
    inner = 0.0
    every_second = weights[:, ::2].sum(axis=1, keepdims=True)
    for node in range(factors.shape[1]):
        mean, error = _bounded_mean(link, eta, v + heavy * factors[:, node, None])
        inner = max(inner, error)
        full += weights[:, node, None] * mean
        if node % 2 == 0:
            half += weights[:, node, None] * mean / every_second
    error = inner + float(np.abs(full - half).max(initial=0.0))
    return Integral(full, f"mixture over variances, {factors.shape[1]} nodes", error)


def _bounded_mean(link: Link, eta: Array, v: Array) -> tuple[Array, float]:
    """Return population means at variances of any size, and their error.

    The trapezoid rule needs nodes in proportion to the sd. For a wide normal the same integral is
    E[Phi((eta - X)/sd)] over the latent variable X whose distribution function h is: smooth in X.
    """
    if not isinstance(rule_of(link), TrapezoidRule) or not (v > _WIDE).any():
        mean = population_mean(link, eta, v)
        return mean.value, mean.error
    narrow = population_mean(link, eta, np.minimum(v, _WIDE))
    result = np.array(narrow.value)
    if link.name == "cauchit":
        wide = v > _WIDE
        result[wide] = _wide_cauchit(eta[wide], np.sqrt(v[wide]))
        return result, max(narrow.error, _WIDE_ERROR)
    points, weights = _latent(link)
    sd = np.sqrt(np.maximum(v, _WIDE))
    middle = (v > _WIDE) & (v <= _VERY_WIDE)
    result[middle] = sum(
        weight * ndtr((eta[middle] - point) / sd[middle])
        for point, weight in zip(points, weights, strict=True)
    )
    far = v > _VERY_WIDE
    centre = float(weights @ points)
    a = (eta[far] - centre) / sd[far]
    spread = float(weights @ (points - centre) ** 2)
    # Two terms of the expansion in 1/sd: Phi'' = -a phi.
    density = np.exp(-0.5 * a**2) / np.sqrt(2 * np.pi)
    result[far] = ndtr(a) - 0.5 * spread / sd[far] ** 2 * a * density
    return result, max(narrow.error, _WIDE_ERROR)


def _wide_cauchit(eta: Array, sd: Array) -> Array:
    """Return the mean under the cauchit link by inverting a characteristic function.

    Its latent variable has no variance, and too much mass far out for points on a line.
    """
    x, w = np.polynomial.legendre.leggauss(_FREQUENCIES)
    # exp(-81/2) is nothing.
    nodes, weights = 4.5 * (x + 1.0), 4.5 * w
    total = np.zeros_like(eta)
    for s, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        total += weight / s * np.sin(s * eta / sd) * np.exp(-s / sd - 0.5 * s**2)
    return np.asarray(0.5 + total / np.pi)


def _latent(link: Link) -> tuple[Array, Array]:
    """Return points and weights of the distribution whose distribution function is the inverse link."""
    points = np.arange(-40.0, 40.0, 0.25)
    weights = np.asarray(link.inverse_derivative(points))
    return points, weights / weights.sum()


def link_of_student_mean(link: Link, mean: Array, eta: Array, v: Array) -> Array:
    """Return the link of a mean, finite where the mean rounds to an end of its range."""
    inside = (mean > 0.0) & (mean < 1.0)
    safe = np.where(inside, mean, 0.5)
    return np.where(inside, link.link(safe), link_of_population_mean(link, eta, v))


def _nodes(df: Array) -> tuple[Array, Array]:
    """Return factors s and their weights, shape (draw, node); weights of a draw add up to 1."""
    shape = np.asarray(df, np.float64) / 2.0
    mode = np.log(shape)
    # Left of its mode log density falls like shape * u, right of it like exp(u): both ends by bound.
    lower = mode - _DROP / shape - np.sqrt(2.0 * _DROP / shape)
    upper = mode + np.minimum(np.sqrt(2.0 * _DROP / shape), np.log1p(_DROP / shape) + 1.0)
    step = np.minimum(_STEP, 0.5 / np.sqrt(shape))
    count = 2 * int(np.ceil(np.max((upper - lower) / step) / 2)) + 1
    log_g = lower[:, None] + (upper - lower)[:, None] * np.linspace(0.0, 1.0, count)[None, :]
    log_density = shape[:, None] * log_g - np.exp(log_g)
    weights = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    factors = (shape - 1.0)[:, None] / np.exp(log_g)
    return factors, weights / weights.sum(axis=1, keepdims=True)
