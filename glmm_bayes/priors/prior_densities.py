"""Priors of single numbers in, their densities and quantiles out, without the time to import SciPy's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import special

from glmm_bayes.core.maths import Array, Numbers
from glmm_bayes.families.parameters import Law
from glmm_bayes.spec.prior import Prior

_LOG_2, _LOG_PI, _LOG_2PI = np.log(2.0), np.log(np.pi), np.log(2.0 * np.pi)


@dataclass(frozen=True)
class PriorDensity:
    """A standard distribution that is stretched and moved.

    Attributes
    ----------
    log_standard, quantile : callable
        Log density of the standard one, inside its support, and its quantiles.
    loc, scale : float
    lower, upper : float
        The ends of its support.
    """

    log_standard: Callable[[Array], Any]
    quantile: Callable[[Any], Any]
    loc: float = 0.0
    scale: float = 1.0
    lower: float = -np.inf
    upper: float = np.inf

    def logpdf(self, x: Numbers) -> Array:
        """Return the log density; minus infinity outside the support."""
        z = (np.asarray(x, np.float64) - self.loc) / self.scale
        is_inside = (z >= self.lower) & (z <= self.upper)
        with np.errstate(all="ignore"):
            inside = self.log_standard(z) - np.log(self.scale)
        return np.asarray(np.where(is_inside, inside, -np.inf))

    def ppf(self, q: Numbers) -> Array:
        """Return quantiles."""
        return np.asarray(self.quantile(q) * self.scale + self.loc)


def _log_normal(z: Array) -> Array:
    return np.asarray(-np.square(z) / 2.0 - _LOG_2PI / 2.0)


def _log_t(nu: float) -> Callable[[Array], Array]:
    constant = special.gammaln((nu + 1.0) / 2.0) - special.gammaln(nu / 2.0) - (np.log(nu) + _LOG_PI) / 2.0
    return lambda z: constant - (nu + 1.0) / 2.0 * np.log1p(np.square(z) / nu)


def _normal(loc: float, scale: float) -> PriorDensity:
    return PriorDensity(_log_normal, special.ndtri, loc, scale)


def _t(nu: float, loc: float, scale: float) -> PriorDensity:
    return PriorDensity(_log_t(nu), lambda q: special.stdtrit(nu, q), loc, scale)


def _cauchy(loc: float, scale: float) -> PriorDensity:
    return PriorDensity(
        lambda z: -_LOG_PI - np.log1p(np.square(z)), lambda q: np.tan(np.pi * (q - 0.5)), loc, scale
    )


def _laplace(loc: float, scale: float) -> PriorDensity:
    def quantile(q: Numbers) -> Any:
        return np.where(np.greater(q, 0.5), -np.log(2.0 * (1.0 - q)), np.log(2.0 * q))

    return PriorDensity(lambda z: -np.abs(z) - _LOG_2, quantile, loc, scale)


def _logistic(loc: float, scale: float) -> PriorDensity:
    return PriorDensity(lambda z: -np.abs(z) - 2.0 * np.log1p(np.exp(-np.abs(z))), special.logit, loc, scale)


def _uniform(lower: float, upper: float) -> PriorDensity:
    return PriorDensity(np.zeros_like, np.asarray, lower, upper - lower, 0.0, 1.0)


def _upper_half(whole: PriorDensity) -> PriorDensity:
    return PriorDensity(
        lambda z: whole.log_standard(z) + _LOG_2,
        lambda q: whole.quantile((1.0 + q) / 2.0),
        scale=whole.scale,
        lower=0.0,
    )


def _exponential(scale: float) -> PriorDensity:
    return PriorDensity(np.negative, lambda q: -np.log1p(np.negative(q)), scale=scale, lower=0.0)


def _gamma(alpha: float, scale: float) -> PriorDensity:
    return PriorDensity(
        lambda z: special.xlogy(alpha - 1.0, z) - z - special.gammaln(alpha),
        lambda q: special.gammaincinv(alpha, q),
        scale=scale,
        lower=0.0,
    )


def _inverse_gamma(alpha: float, scale: float) -> PriorDensity:
    return PriorDensity(
        lambda z: -(alpha + 1.0) * np.log(z) - special.gammaln(alpha) - 1.0 / z,
        lambda q: 1.0 / special.gammainccinv(alpha, q),
        scale=scale,
        lower=0.0,
    )


def _log_normal_prior(mu: float, sigma: float) -> PriorDensity:
    return PriorDensity(
        lambda z: _log_normal(np.log(z) / sigma) - np.log(sigma * z),
        lambda q: np.exp(sigma * special.ndtri(q)),
        scale=float(np.exp(mu)),
        lower=0.0,
    )


def _beta(alpha: float, beta: float) -> PriorDensity:
    return PriorDensity(
        lambda z: (
            special.xlog1py(beta - 1.0, -z) + special.xlogy(alpha - 1.0, z) - special.betaln(alpha, beta)
        ),
        lambda q: special.betaincinv(alpha, beta, q),
        lower=0.0,
        upper=1.0,
    )


DISTRIBUTIONS: Mapping[str, Callable[[Prior], PriorDensity]] = MappingProxyType(
    {
        "Normal": lambda p: _normal(p["mu"], p["sigma"]),
        "StudentT": lambda p: _t(p["nu"], p["mu"], p["sigma"]),
        "Cauchy": lambda p: _cauchy(p["alpha"], p["beta"]),
        "Laplace": lambda p: _laplace(p["mu"], p["b"]),
        "Logistic": lambda p: _logistic(p["mu"], p["s"]),
        "Uniform": lambda p: _uniform(p["lower"], p["upper"]),
        "HalfNormal": lambda p: _upper_half(_normal(0.0, p["sigma"])),
        "HalfStudentT": lambda p: _upper_half(_t(p["nu"], 0.0, p["sigma"])),
        "HalfCauchy": lambda p: _upper_half(_cauchy(0.0, p["beta"])),
        "Exponential": lambda p: _exponential(p["scale"]),
        "Gamma": lambda p: _gamma(p["alpha"], 1.0 / p["beta"]),
        "InverseGamma": lambda p: _inverse_gamma(p["alpha"], p["beta"]),
        "LogNormal": lambda p: _log_normal_prior(p["mu"], p["sigma"]),
        "Beta": lambda p: _beta(p["alpha"], p["beta"]),
    }
)


def distribution(prior: Prior) -> PriorDensity:
    """Return a distribution with ``logpdf`` and ``ppf``."""
    return DISTRIBUTIONS[prior.name](prior)


def median(law: Law) -> float:
    """Return the parameter's value at the median of the number that is sampled."""
    return float(law.value(distribution(law.prior).ppf(0.5)))
