"""Laws of the rows beyond the zero part: what a family with one takes from gamma, lognormal and beta."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.graph.families.base import Array

_LOG_ROOT_2PI = 0.9189385332046727
_TINY = float(np.finfo(np.float64).tiny)
_BELOW_ONE = float(np.nextafter(1.0, 0.0))


class Part(Protocol):
    """The law of a response; every family is one."""

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        """Return log f(y)."""

    def mean(self, at: RowValues) -> Array:
        """Return the mean."""

    def variance(self, at: RowValues) -> Array:
        """Return the variance."""

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        """Draw responses."""

    def log_cdf(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        """Return log P(Y <= y)."""

    def log_survival(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        """Return log P(Y > y)."""


class GammaPart:
    """Gamma with mean ``mu`` and ``shape``."""

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        shape, log_ratio = at["shape"].value, m.log(y) - at["mu"].log
        kernel = shape * (at["shape"].log + log_ratio - m.exp(log_ratio))
        return kernel - m.log(y) - m.gammaln(shape)

    def mean(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value)

    def variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value ** 2 / at["shape"].value)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, shape = np.broadcast_arrays(at["mu"].value, at["shape"].value)
        # A tiny shape underflows to zero, which is no draw of this law.
        return np.asarray(np.maximum(rng.gamma(shape) * (mu / shape), _TINY))

    def log_cdf(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        return m.log(m.gammainc(at["shape"].value, at["shape"].value * y / at["mu"].value))

    def log_survival(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        return m.log(m.gammaincc(at["shape"].value, at["shape"].value * y / at["mu"].value))


class LognormalPart:
    """Lognormal whose log has mean ``mu`` and standard deviation ``sigma``."""

    def _standardised(self, y: Any, at: RowValues, m: Maths) -> Any:
        return (m.log(y) - at["mu"].value) / at["sigma"].value

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        z = self._standardised(y, at, m)
        return -0.5 * z * z - at["sigma"].log - m.log(y) - _LOG_ROOT_2PI

    def mean(self, at: RowValues) -> Array:
        return np.asarray(NUMPY.exp(at["mu"].value + 0.5 * at["sigma"].value ** 2))

    def variance(self, at: RowValues) -> Array:
        return np.asarray(self.mean(at) ** 2 * np.expm1(at["sigma"].value ** 2))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, sigma = np.broadcast_arrays(at["mu"].value, at["sigma"].value)
        return np.asarray(np.exp(mu + sigma * rng.standard_normal(mu.shape)))

    def log_cdf(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        return m.log_normal_cdf(self._standardised(y, at, m))

    def log_survival(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        return m.log_normal_cdf(-self._standardised(y, at, m))


def beta_sizes(at: RowValues) -> tuple[Any, Any]:
    """Return the logs of a = mu phi and b = (1 - mu) phi, finite where mu is 0 or 1 to the last digit."""
    log_phi = at["phi"].log
    return at["mu"].log + log_phi, at["mu"].log_complement + log_phi


def beta_draws(rng: np.random.Generator, at: RowValues) -> Array:
    """Draw proportions strictly between 0 and 1."""
    a, b = (np.maximum(np.exp(size), _TINY) for size in beta_sizes(at))
    return np.asarray(np.clip(rng.beta(a, b), _TINY, _BELOW_ONE))


class BetaPart:
    """Beta with mean ``mu`` and precision ``phi``."""

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        log_a, log_b = beta_sizes(at)
        a, b, phi = m.exp(log_a), m.exp(log_b), at["phi"].value
        # log Gamma(a) = log Gamma(1 + a) - log a, which is finite where a is 0 to the last digit.
        constant = m.gammaln(1.0 + phi) - m.gammaln(1.0 + a) - m.gammaln(1.0 + b)
        kernel = (a - 1.0) * m.log(y) + (b - 1.0) * m.log1p(-y)
        return kernel + constant + log_a + log_b - at["phi"].log

    def mean(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value)

    def variance(self, at: RowValues) -> Array:
        mu = at["mu"]
        return np.asarray(mu.value * np.exp(mu.log_complement) / (1.0 + at["phi"].value))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        return beta_draws(rng, at)

    def log_cdf(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        log_a, log_b = beta_sizes(at)
        return m.log(m.betainc(m.exp(log_a), m.exp(log_b), y))

    def log_survival(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        log_a, log_b = beta_sizes(at)
        return m.log(m.betainc(m.exp(log_b), m.exp(log_a), 1.0 - y))
