"""Two rows of one group in, the covariance of their means out: E[h1 h2] - m1 m2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glmm_bayes.core.cubature import product_trapezoid
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.integrand import Integrand, RowFunction
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules import is_unbounded
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.core.trapezoid import Trapezoid, largest_sd

_BLOCK = 2**10
#: Of the mean given the first random part, which is an integral itself.
_TOLERANCE = 1e-9
_REST, _CENTRES = "variance given the first", ("centre", "centre of the other")
_NORMAL = "standard normal"
#: Hermite polynomials that a function is written in, at first and then, and the share of its variance that
#: may be left out.
_TERMS, _NEGLIGIBLE = (24, 64), 1e-9


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
    if is_unbounded(link):
        return _of_unbounded(link, *(part.reshape(-1, 1) for part in arrays)).reshape(shared.shape)
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


def _of_unbounded(
    link: Link, first: Array, second: Array, v_first: Array, v_second: Array, shared: Array
) -> Array:
    rows: tuple[RowValues, RowValues] = ({"mu": RowValue(link, first)}, {"mu": RowValue(link, second)})
    return pair_covariance_of(lambda at: at["mu"].value, rows, "mu", (v_first, v_second), shared)


def pair_covariance_of(
    function: RowFunction,
    rows: tuple[RowValues, RowValues],
    name: str,
    v: tuple[ArrayLike, ArrayLike],
    c: ArrayLike,
) -> Array:
    """Return the covariance of a function of parameters in two rows, whose parameter ``name`` is random.

    The sum over n of rho^n a_n b_n, with rho the correlation of the random parts and a_n, b_n the
    coefficients of the function in Hermite polynomials (Mehler 1866); what is left out is at most
    rho^(N + 1) of the variance that the first N do not hold. Where that is not small the mean given the first
    random part is integrated instead.

    Parameters
    ----------
    function : callable
        Takes parameters to an array, shape (draw, row).
    rows : tuple of two mappings of str to RowValue
        Parameters at random effects of zero, linear predictors of shape (draw, row).
    name : str
        The parameter with normal random parts.
    v, c
        As in ``pair_covariance``, shape (draw, row).
    """
    v_first, v_second, shared = np.broadcast_arrays(*(np.asarray(part, np.float64) for part in (*v, c)))
    sd = np.sqrt(v_first * v_second)
    rho = np.clip(np.divide(shared, sd, out=np.zeros_like(sd), where=sd > 0.0), -1.0, 1.0)
    for count in _TERMS:
        first = _Series.of(function, rows[0], name, v_first, count)
        second = first if rows[1] is rows[0] else _Series.of(function, rows[1], name, v_second, count)
        left_out = np.abs(rho) ** (count + 1) * np.sqrt(first.rest * second.rest)
        if (left_out <= _NEGLIGIBLE * np.sqrt(first.variance * second.variance)).all():
            powers = rho[..., None] ** np.arange(1, count + 1)
            return np.asarray((powers * first.terms * second.terms).sum(axis=-1))
    return _by_condition(function, rows, name, (v_first, v_second), shared)


@dataclass(frozen=True)
class _Series:
    """A function of one normal in Hermite polynomials: coefficients from the first on, and its variance."""

    terms: Array
    variance: Array

    @property
    def rest(self) -> Array:
        """Variance that the terms do not hold."""
        return np.asarray(np.maximum(self.variance - np.square(self.terms).sum(axis=-1), 0.0))

    @classmethod
    def of(cls, function: RowFunction, at: RowValues, name: str, v: Array, count: int) -> _Series:
        """Integrate the function times each polynomial over the random part of a parameter."""
        given = {**at, _CENTRES[0]: number(np.asarray(function(at))), _NORMAL: number(np.zeros_like(v))}

        def products(values: RowValues) -> Array:
            gap = function(values) - values[_CENTRES[0]].eta
            z = values[_NORMAL].eta
            return np.stack([gap, np.square(gap), *(gap * h for h in _hermite(z, count))], axis=-1)

        loadings = {name: np.sqrt(v)[None], _NORMAL: np.ones_like(v)[None]}
        means = product_trapezoid(Integrand(products, given, loadings)).value
        return cls(means[..., 2:], np.maximum(means[..., 1] - np.square(means[..., 0]), 0.0))


def _hermite(z: Array, count: int) -> Iterator[Array]:
    """Give the first normalised Hermite polynomials but for the constant one."""
    before, now = np.ones_like(z), z
    for n in range(1, count + 1):
        yield now
        before, now = now, (z * now - np.sqrt(n) * before) / np.sqrt(n + 1)


def _by_condition(
    function: RowFunction, rows: tuple[RowValues, RowValues], name: str, v: tuple[Array, Array], c: Array
) -> Array:
    first, second = rows
    sd = np.sqrt(v[0])
    slope = np.divide(c, sd, out=np.zeros_like(sd), where=sd > 0.0)
    other = {key: f"{key} of the other" for key in second}
    at = {**first, **{other[key]: value for key, value in second.items()}}
    at[_REST] = number(np.maximum(v[1] - np.square(slope), 0.0))
    at |= {key: number(np.asarray(function(one))) for key, one in zip(_CENTRES, rows, strict=True)}

    def both(values: RowValues) -> Array:
        gap = function({key: values[key] for key in first}) - values[_CENTRES[0]].eta
        rest = {key: values[other[key]] for key in second}
        given = Joint(rest, {name: values[_REST].eta}).mean(function).value - values[_CENTRES[1]].eta
        return np.stack([gap, given, gap * given], axis=-1)

    integral = product_trapezoid(Integrand(both, at, {name: sd[None], other[name]: slope[None]}), _TOLERANCE)
    means = np.moveaxis(integral.value, -1, 0)
    return np.asarray(means[2] - means[0] * means[1])
