"""Functions, centres and standard deviations in; means over a normal by the trapezoid rule out.

The rule is exact to rounding for functions that are analytic in a wide enough strip, and its error bound
follows from that strip (Trefethen and Weideman 2014).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from glmm_bayes.core.maths import Array

Function = Callable[[Array], Array]

TOLERANCE = 1e-10
_WINDOW = 8.0
_WIDEST_STEP = 0.5
_ROUNDING = 2e-14
#: A rule and its nested half differ by about the square root of the finer one's error.
_SUSPICIOUS = 1e-4
_REFINEMENTS = 4
ROOT_2PI = float(np.sqrt(2.0 * np.pi))
# Doubles in one working array: small enough to stay in the cache of one core.
BLOCK = 2**17


@dataclass(frozen=True)
class Integral:
    """A block of integrals, how they were computed and how wrong they can be.

    Attributes
    ----------
    value : ndarray
        The integrals, in the broadcast shape of the arguments.
    rule : str
        ``"exact"``, ``"normal mixture, 8 terms"`` or ``"trapezoid, n nodes"``; over several linear
        predictors also ``"product trapezoid, n nodes"`` or ``"scrambled Sobol, r x n points"``.
    error : float
        Certified bound of the absolute error, largest over the block; 0 for exact forms, infinite where
        there is none.
    """

    value: Array
    rule: str
    error: float


@dataclass(frozen=True)
class Trapezoid:
    """The normalised trapezoid rule for means over a standard normal, on [-8, 8].

    References
    ----------
    Trefethen, L. N. & Weideman, J. A. C. (2014). The exponentially convergent trapezoidal rule.
    """

    nodes: Array
    weights: Array
    step: float

    @classmethod
    def with_intervals(cls, intervals: int) -> Trapezoid:
        """Return the rule with this even number of intervals."""
        nodes = np.linspace(-_WINDOW, _WINDOW, intervals + 1)
        density = np.exp(-0.5 * np.square(nodes))
        return cls(nodes, density / density.sum(), 2.0 * _WINDOW / intervals)

    @classmethod
    def for_block(cls, strip: float, sigma: float, tol: float = TOLERANCE) -> Trapezoid:
        """Return the rule for integrands of this strip and standard deviations up to ``sigma``."""
        step = _WIDEST_STEP
        if sigma > 0.0:
            step = min(step, 2.0 * np.pi * strip / (sigma * np.log(4.0 / tol)))
        return cls.with_step(step)

    @classmethod
    def with_step(cls, step: float) -> Trapezoid:
        """Return the rule with this step or a slightly smaller one."""
        # An even number on each side of zero, so that every second node is a rule again.
        return cls.with_intervals(4 * int(np.ceil(_WINDOW / (2.0 * step))))

    @property
    def name(self) -> str:
        """The rule as results state it: ``trapezoid, n nodes``."""
        return f"trapezoid, {self.nodes.size} nodes"

    def half(self) -> Trapezoid:
        """Return the nested rule on every second node.

        The two differ by about the square root of the error of the finer one: more than 1e-4 means
        that the finer one must be refined.
        """
        return Trapezoid.with_intervals((self.nodes.size - 1) // 2)

    def mean(self, function: Function, centre: Array, sd: Array) -> Array:
        """Return E[function(centre + sd Z)] for one-dimensional ``centre`` and ``sd``."""
        return self.weights @ function(centre + np.multiply.outer(self.nodes, sd))

    def mean_and_gap(self, function: Function, centre: Array, sd: Array) -> tuple[Array, Array]:
        """Return the mean, and how far that of the nested rule on every second node is from it."""
        values = function(centre + np.multiply.outer(self.nodes, sd))
        mean = self.weights @ values
        coarse = self.weights[::2] / self.weights[::2].sum()
        return mean, np.abs(coarse @ values[::2] - mean)

    def tilted_mean(self, function: Function, centre: Array, sd: Array) -> tuple[Array, Array]:
        """Return the same mean as exp(centre + sd^2/2) E[f(x) exp(-x)] with x about centre + sd^2."""

        def quotient(x: Array) -> Array:
            # Below -700 the quotient has long reached its limit, and exp would overflow.
            x = np.maximum(x, -700.0)
            return function(x) * np.exp(-x)

        v = np.square(sd)
        scale = np.exp(centre + 0.5 * v)
        mean, gap = self.mean_and_gap(quotient, centre + v, sd)
        return scale * mean, scale * gap

    def log_mean(self, log_function: Function, centre: Array, sd: Array) -> Array:
        """Return log E[exp(log_function(centre + sd Z))], which cannot underflow."""
        logs = log_function(centre + np.multiply.outer(self.nodes, sd))
        largest = logs.max(axis=0)
        return largest + np.log(self.weights @ np.exp(logs - largest))

    def variance(self, function: Function, centre: Array, sd: Array) -> Array:
        """Return Var[function(centre + sd Z)] as the mean square about the mean."""
        values = function(centre + np.multiply.outer(self.nodes, sd))
        return self.weights @ np.square(values - self.weights @ values)

    def error_bound(self, strip: float, sd: Array, largest: float) -> float:
        """Bound the absolute error, largest over the block.

        Parameters
        ----------
        strip : float
            Half-width of the strip of analyticity of the integrand.
        sd : ndarray
            Standard deviations of the block.
        largest : float
            Largest absolute value of the integral.
        """
        positive = sd[sd > 0.0]
        rounding = 2.0 * special.ndtr(-_WINDOW) + _ROUNDING * max(1.0, largest)
        if positive.size == 0:
            return float(rounding)
        # The residue at the nearest pole, largest at one of the two ends of sd. A pole farther away than
        # 2 pi / step is out of reach, and the integrand only smoother: such an sd counts as the edge.
        reach = min(strip, 2.0 * np.pi * float(positive.max()) / self.step)
        ends = np.maximum([positive.min(), positive.max()], reach * self.step / (2.0 * np.pi))
        distance = reach / ends
        exponent = 0.5 * np.square(distance) - 2.0 * np.pi * distance / self.step
        return float((2.0 * ROOT_2PI / ends * np.exp(exponent)).max() + rounding)


def trapezoid_mean(
    function: Function,
    eta: ArrayLike,
    v: ArrayLike,
    *,
    strip: float,
    tol: float = TOLERANCE,
    exponential_tail: bool = False,
) -> Integral:
    """Integrate any function of one linear predictor over its normal random part.

    Parameters
    ----------
    function : callable
        Function of an array of linear predictors, evaluated element by element.
    eta : array_like
        Fixed part of the linear predictor.
    v : array_like
        Variance of the random part, broadcast against ``eta``.
    strip : float
        Half-width of the strip around the real line in which the function is analytic and bounded.
    tol : float
        Sets the step; the certified error is in the result. Where the nested half rule differs by more
        than 1e-4, the step is halved, up to four times: a witness that needs no strip.
    exponential_tail : bool
        Whether the function falls like exp(x) far below zero. Below -v/2 the normal is then tilted,
        E f(x) = exp(eta + v/2) E[f(x + v) exp(-x - v)], which keeps the relative accuracy.

    Returns
    -------
    Integral
        E[function(eta + sqrt(v) Z)].

    Raises
    ------
    ValueError
        If a variance is negative or not finite.

    References
    ----------
    Trefethen, L. N. & Weideman, J. A. C. (2014). The exponentially convergent trapezoidal rule.
    """
    eta, v = broadcast(eta, v)
    rule = Trapezoid.for_block(strip, largest_sd(v), tol)
    for _ in range(_REFINEMENTS + 1):
        value, gap = _by_rule(rule, function, eta, v, exponential_tail)
        witness = float((gap / np.maximum(np.abs(value), 1.0)).max(initial=0.0))
        if not witness > _SUSPICIOUS:
            break
        rule = Trapezoid.with_intervals(2 * (rule.nodes.size - 1))
    error = rule.error_bound(strip, np.sqrt(v), float(np.abs(value).max(initial=0.0)))
    if witness > _SUSPICIOUS:
        error = max(error, float(gap.max()))
    return Integral(value, rule.name, error)


def _by_rule(
    rule: Trapezoid, function: Function, eta: Array, v: Array, exponential_tail: bool
) -> tuple[Array, Array]:
    """Return means by one rule, and the gaps to its nested half."""

    def kernel(centre: Array, v: Array) -> tuple[Array, Array]:
        sd = np.sqrt(v)
        low = (centre < -0.5 * v) & exponential_tail
        if not low.any():
            value, gap = rule.mean_and_gap(function, centre, sd)
        else:
            value, gap = np.empty_like(centre), np.empty_like(centre)
            value[~low], gap[~low] = rule.mean_and_gap(function, centre[~low], sd[~low])
            value[low], gap[low] = rule.tilted_mean(function, centre[low], sd[low])
        return at_zero(value, function, centre, v), gap

    value, gap = by_blocks(kernel, eta, v, 2, BLOCK // rule.nodes.size)
    return value, gap


def broadcast(eta: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    """Return both as float64 arrays of one shape; a variance must be finite and not negative."""
    v = np.asarray(v, dtype=np.float64)
    if not (v.min(initial=0.0) >= 0.0 and v.max(initial=0.0) < np.inf):
        raise ValueError("variances must be finite and not negative.")
    eta, v = np.broadcast_arrays(np.asarray(eta, dtype=np.float64), v)
    return eta, v


def largest_sd(v: Array) -> float:
    """Return the square root of the largest variance; 0 if there is none."""
    return float(np.sqrt(v.max(initial=0.0)))


def by_blocks(
    kernel: Callable[[Array, Array], tuple[Array, ...]], eta: Array, v: Array, results: int, rows: int
) -> list[Array]:
    """Apply a kernel to consecutive runs of ``rows`` elements and put the results together."""
    flat_eta, flat_v = eta.reshape(-1), v.reshape(-1)
    out = [np.empty(flat_eta.size) for _ in range(results)]
    for start in range(0, flat_eta.size, max(1, rows)):
        run = slice(start, start + max(1, rows))
        for target, piece in zip(out, kernel(flat_eta[run], flat_v[run]), strict=True):
            target[run] = piece
    return [target.reshape(eta.shape) for target in out]


def at_zero(value: Array, function: Function, eta: Array, v: Array) -> Array:
    """Put function(eta) itself where the variance is zero."""
    zero = v == 0.0
    if zero.any():
        value[zero] = function(eta[zero])
    return value
