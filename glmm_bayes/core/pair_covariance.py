"""Two rows of one group in, the covariance of their means out: E[h1 h2] - m1 m2."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import Link
from glmm_bayes.core.trapezoid import Trapezoid, largest_sd

Array = NDArray[np.float64]

_BLOCK = 2**10


def pair_covariance(
    link: Link, eta: tuple[ArrayLike, ArrayLike], v: tuple[ArrayLike, ArrayLike], c: ArrayLike
) -> Array:
    """Return Cov(h(eta_1 + b_1), h(eta_2 + b_2)) of normal b with variances v and covariance c.

    Closed for identity, log and sqrt; else the mean given b_1 is that of a normal again, so that one
    integral by the trapezoid rule is left.

    Parameters
    ----------
    link : Link
        h is its inverse.
    eta, v : tuple of two array_like
        Linear predictors at random effects of zero, and variances.
    c : array_like
        Covariance, broadcast against them.
    """
    arrays = np.broadcast_arrays(*(np.asarray(part, np.float64) for part in (*eta, *v, c)))
    first, second, v_first, v_second, shared = arrays
    if link.name == "identity":
        return shared.copy()
    if link.name == "log":
        means = link.inverse(first + 0.5 * v_first) * link.inverse(second + 0.5 * v_second)
        return np.asarray(means * np.expm1(shared))
    if link.name == "sqrt":
        return np.asarray(4.0 * first * second * shared + 2.0 * np.square(shared))
    return _by_trapezoid(link, *(part.ravel() for part in arrays)).reshape(shared.shape)


def _by_trapezoid(
    link: Link, first: Array, second: Array, v_first: Array, v_second: Array, shared: Array
) -> Array:
    rule = Trapezoid.for_block(link.strip, largest_sd(v_first))
    result = np.zeros(first.shape)
    for start in range(0, len(first), _BLOCK):
        run = slice(start, start + _BLOCK)
        sd = np.sqrt(v_first[run])
        slope = np.divide(shared[run], sd, out=np.zeros_like(sd), where=sd > 0.0)
        rest = np.maximum(v_second[run] - np.square(slope), 0.0)
        values = link.inverse(first[run] + np.multiply.outer(rule.nodes, sd))
        centres = second[run] + np.multiply.outer(rule.nodes, slope)
        given = population_mean(link, centres, np.broadcast_to(rest, centres.shape), smooth=True).value
        gaps = values - rule.weights @ values
        result[run] = rule.weights @ (gaps * (given - rule.weights @ given))
    return result
