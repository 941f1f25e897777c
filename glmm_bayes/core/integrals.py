"""Means over a normal: linear predictors and variances come in; means of the inverse link go out.

With ``eta`` the fixed part of a linear predictor, ``v`` the variance of its random part and ``h`` the
inverse link, the population mean is m(eta, v) = E[h(eta + sqrt(v) Z)], Z standard normal. Each link has
one rule: a closed form, a mixture of normals (logit) or the trapezoid rule (every other link).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from glmm_bayes.core.links import Link, Logit, ProbabilityLink

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

LOGIT_ERROR = 2.2e-9
_TOLERANCE = 1e-10
# Each derivative or power multiplies the error of the trapezoid rule by up to log(4/tol)/d, about 15.
_TIGHT_TOLERANCE = 1e-14
_WINDOW = 8.0
_WIDEST_STEP = 0.5
_ROUNDING = 2e-14
_ROOT_2PI = float(np.sqrt(2.0 * np.pi))
# Doubles in one working array: small enough to stay in the cache of one core.
_BLOCK = 2**17
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


@dataclass(frozen=True)
class Integral:
    """A block of integrals, how they were computed and how wrong they can be.

    Attributes
    ----------
    value : ndarray
        The integrals, in the broadcast shape of the arguments.
    rule : str
        ``"exact"``, ``"normal mixture, 8 terms"`` or ``"trapezoid, n nodes"``.
    error : float
        Certified bound of the absolute error, largest over the block; 0 for exact forms.
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
    def for_block(cls, strip: float, sigma: float, tol: float = _TOLERANCE) -> Trapezoid:
        """Return the rule for integrands of this strip and standard deviations up to ``sigma``."""
        step = _WIDEST_STEP
        if sigma > 0.0:
            step = min(step, 2.0 * np.pi * strip / (sigma * np.log(4.0 / tol)))
        # An even number on each side of zero, so that every second node is a rule again.
        return cls.with_intervals(4 * int(np.ceil(_WINDOW / (2.0 * step))))

    @property
    def name(self) -> str:
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

    def tilted_mean(self, function: Function, centre: Array, sd: Array) -> Array:
        """Return the same mean as exp(centre + sd^2/2) E[f(x) exp(-x)] with x about centre + sd^2."""

        def quotient(x: Array) -> Array:
            # Below -700 the quotient has long reached its limit, and exp would overflow.
            x = np.maximum(x, -700.0)
            return function(x) * np.exp(-x)

        v = np.square(sd)
        return np.exp(centre + 0.5 * v) * self.mean(quotient, centre + v, sd)

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
        return float((2.0 * _ROOT_2PI / ends * np.exp(exponent)).max() + rounding)


def trapezoid_mean(
    function: Function,
    eta: ArrayLike,
    v: ArrayLike,
    *,
    strip: float,
    tol: float = _TOLERANCE,
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
        Sets the step; the certified error is in the result.
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
    eta, v = _broadcast(eta, v)
    rule = Trapezoid.for_block(strip, _largest_sd(v), tol)

    def kernel(centre: Array, v: Array) -> tuple[Array]:
        sd = np.sqrt(v)
        low = (centre < -0.5 * v) & exponential_tail
        if not low.any():
            value = rule.mean(function, centre, sd)
        else:
            value = np.empty_like(centre)
            value[~low] = rule.mean(function, centre[~low], sd[~low])
            value[low] = rule.tilted_mean(function, centre[low], sd[low])
        return (_at_zero(value, function, centre, v),)

    (value,) = _by_blocks(kernel, eta, v, 1, _BLOCK // rule.nodes.size)
    error = rule.error_bound(strip, np.sqrt(v), float(np.abs(value).max(initial=0.0)))
    return Integral(value, rule.name, error)


def _broadcast(eta: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    """Return both as float64 arrays of one shape; a variance must be finite and not negative."""
    v = np.asarray(v, dtype=np.float64)
    if not (v.min(initial=0.0) >= 0.0 and v.max(initial=0.0) < np.inf):
        raise ValueError("variances must be finite and not negative.")
    eta, v = np.broadcast_arrays(np.asarray(eta, dtype=np.float64), v)
    return eta, v


def _largest_sd(v: Array) -> float:
    return float(np.sqrt(v.max(initial=0.0)))


def _by_blocks(
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


def _at_zero(value: Array, function: Function, eta: Array, v: Array) -> Array:
    """Put function(eta) itself where the variance is zero."""
    zero = v == 0.0
    if zero.any():
        value[zero] = function(eta[zero])
    return value


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
        result = self._mean_of(self.link.inverse, eta, v, _TOLERANCE)
        if isinstance(self.link, ProbabilityLink):
            # The weights sum to one up to rounding.
            np.minimum(result.value, 1.0, out=result.value)
        return result

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        slope = self._mean_of(self.link.inverse_derivative, eta, v, _TIGHT_TOLERANCE).value
        curvature = self._mean_of(self.link.inverse_second_derivative, eta, v, _TIGHT_TOLERANCE).value
        return slope, np.asarray(0.5 * curvature)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return self._mean_of(lambda x: np.square(self.link.inverse(x)), eta, v, _TIGHT_TOLERANCE).value

    def variance(self, eta: Array, v: Array) -> Array:
        rule = Trapezoid.for_block(self.link.strip, _largest_sd(v), _TIGHT_TOLERANCE)

        def kernel(eta: Array, v: Array) -> tuple[Array]:
            return (np.where(v == 0.0, 0.0, rule.variance(self.link.inverse, eta, np.sqrt(v))),)

        return _by_blocks(kernel, eta, v, 1, _BLOCK // rule.nodes.size)[0]

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        link = self.link
        mean = self.mean(eta, v).value
        if not isinstance(link, ProbabilityLink):
            return np.asarray(link.link(mean))
        rule = Trapezoid.for_block(link.strip, _largest_sd(v))

        def kernel(eta: Array, v: Array) -> tuple[Array]:
            return (np.minimum(rule.log_mean(link.log_complement, eta, np.sqrt(v)), 0.0),)

        # 1 - m would lose the digits of a complement near zero, so it has an integral of its own.
        (log_complement,) = _by_blocks(kernel, eta, v, 1, _BLOCK // rule.nodes.size)
        low = link.link(np.minimum(mean, 0.5))
        value = np.where(mean < 0.5, low, link.link_of_log_complement(log_complement))
        return _at_zero(value, np.positive, eta, v)

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
            return (_at_zero(value, self.link.inverse, eta, v),)

        (value,) = _by_blocks(kernel, eta, v, 1, _MIXTURE_BLOCK)
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
            d_eta = _at_zero(d_eta, link.inverse_derivative, eta, v)
            return d_eta, _at_zero(d_v, lambda x: 0.5 * link.inverse_second_derivative(x), eta, v)

        d_eta, d_v = _by_blocks(kernel, eta, v, 2, _MIXTURE_BLOCK)
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
            return (_at_zero(np.where(eta < 0.0, odds, -odds), np.positive, eta, v),)

        return _by_blocks(kernel, eta, v, 1, _MIXTURE_BLOCK)[0]


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
        density = (p / _ROOT_2PI) * a * np.exp(-0.5 * precision * np.square(x))
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


def _rule(link: Link) -> MeanRule:
    return _RULES.get(link.name, TrapezoidRule)(link)


def population_mean(link: Link, eta: ArrayLike, v: ArrayLike) -> Integral:
    """Return m = E[h(eta + sqrt(v) Z)], the mean over the random part of the linear predictor.

    Parameters
    ----------
    link : Link
        The link; h is its inverse.
    eta : array_like
        Fixed part of the linear predictor.
    v : array_like
        Variance of the random part, broadcast against ``eta``.

    Returns
    -------
    Integral
        Value on the scale of the mean, rule and certified error. All variances zero: h itself.

    Raises
    ------
    ValueError
        If a variance is negative or not finite.
    """
    eta, v = _broadcast(eta, v)
    if not v.any():
        return Integral(np.asarray(link.inverse(eta)), "exact", 0.0)
    return _rule(link).mean(eta, v)


def population_mean_derivatives(link: Link, eta: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    """Return dm/d eta and dm/dv of the population mean m; dm/dv = E[h''] / 2.

    Parameters and errors are those of :func:`population_mean`. Under the logit link the first is within
    1.6e-8 and the second within 6e-8.
    """
    return _rule(link).derivatives(*_broadcast(eta, v))


def second_moment(link: Link, eta: ArrayLike, v: ArrayLike) -> Array:
    """Return E[h(eta + sqrt(v) Z)^2].

    Parameters and errors are those of :func:`population_mean`. For variances use
    :func:`population_variance`: the difference from m^2 loses digits.
    """
    return _rule(link).second_moment(*_broadcast(eta, v))


def population_variance(link: Link, eta: ArrayLike, v: ArrayLike) -> Array:
    """Return Var[h(eta + sqrt(v) Z)], the variance of the mean between groups.

    Parameters and errors are those of :func:`population_mean`. Its relative error is below 1e-5 where m
    lies between 1e-6 and 1 - 1e-6, however small v is.
    """
    return _rule(link).variance(*_broadcast(eta, v))


def link_of_population_mean(link: Link, eta: ArrayLike, v: ArrayLike) -> Array:
    """Return link(m), the population mean on the scale of the linear predictor.

    It keeps its digits where m is near 0 or 1 and is finite where m is 0 or 1 to the last digit (under
    cloglog without accuracy there). Parameters and errors are those of :func:`population_mean`.
    """
    return _rule(link).link_of_mean(*_broadcast(eta, v))


def logit_population_mean_log_odds(eta: ArrayLike, v: ArrayLike) -> Array:
    """Return log(m / (1 - m)) under the logit link, by the tail formula.

    Parameters and errors are those of :func:`population_mean`.
    """
    return link_of_population_mean(Logit(), eta, v)
