"""Links of means that are no probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glmm_bayes.core.links.base import FAR, Link
from glmm_bayes.core.maths import NUMPY, Array, Maths


@final
@dataclass(frozen=True)
class Identity(Link):
    """mu = eta."""

    name: ClassVar[str] = "identity"
    latex: ClassVar[str] = r"\mu_i"
    bounds: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    strip: ClassVar[float] = np.inf

    def link(self, mu: Array) -> Array:
        return np.array(mu, dtype=np.float64)

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return np.array(eta, dtype=np.float64) if m is NUMPY else eta

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.full_like(eta, 1.0)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.full_like(eta, 0.0)


@final
@dataclass(frozen=True)
class Log(Link):
    """mu = exp(eta); infinite where exp overflows."""

    name: ClassVar[str] = "log"
    latex: ClassVar[str] = r"\log \mu_i"
    strip: ClassVar[float] = np.inf
    exponential_tail: ClassVar[bool] = True
    ratio: ClassVar[str] = "rate ratio"

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(mu)

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        if m is not NUMPY:
            return m.exp(eta)
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return self.inverse(eta, m)

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return self.inverse(eta, m)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.where(eta < 0.0, m.log1mexp(eta), -np.inf)


@final
@dataclass(frozen=True)
class LogComplement(Link):
    """mu = 1 - exp(eta): coefficients are logs of ratios of 1 - mu, such as probabilities to survive.

    The mean falls as the linear predictor rises.
    """

    name: ClassVar[str] = "logc"
    latex: ClassVar[str] = r"\log(1 - \mu_i)"
    bounds: ClassVar[tuple[float, float]] = (-np.inf, 1.0)
    strip: ClassVar[float] = np.inf
    is_increasing: ClassVar[bool] = False
    ratio: ClassVar[str] = "risk ratio of the complement"

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log1p(-np.asarray(mu, np.float64))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.expm1(eta)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.exp(eta)

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.exp(eta)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.where(eta < 0.0, m.log1mexp(eta), -np.inf)

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta


@final
@dataclass(frozen=True)
class Sqrt(Link):
    """mu = eta^2, for means of at least 0; eta and -eta have the same mean."""

    name: ClassVar[str] = "sqrt"
    latex: ClassVar[str] = r"\sqrt{\mu_i}"
    strip: ClassVar[float] = np.inf
    is_increasing: ClassVar[bool] = False

    def link(self, mu: Array) -> Array:
        return np.sqrt(mu)

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta * eta

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 2.0 * eta

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.full_like(eta, 2.0)

    def predictor_domain(self, mean_range: tuple[float, float]) -> tuple[float, float]:
        # Predictors of both signs have means of at least 0.
        return -np.inf, np.inf

    def of_inverse(self, eta: Array) -> Array:
        return np.abs(eta)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 2.0 * m.log(m.abs(eta))


@final
@dataclass(frozen=True)
class Softplus(Link):
    """mu = log(1 + exp(eta)): like exp far below 0, like eta far above; branch points at +-i pi."""

    name: ClassVar[str] = "softplus"
    latex: ClassVar[str] = r"\log(e^{\mu_i} - 1)"
    strip: ClassVar[float] = np.pi
    exponential_tail: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return mu + np.log(-np.expm1(-np.asarray(mu)))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.softplus(eta)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.expit(eta)

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.softplus(-eta)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.expit(eta) * m.expit(-eta)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.where(eta < FAR, eta, m.log(m.softplus(m.maximum(eta, FAR))))


@final
@dataclass(frozen=True)
class Inverse(Link):
    """mu = 1/eta, for means above 0: linear predictors must be above 0, too."""

    name: ClassVar[str] = "inverse"
    latex: ClassVar[str] = r"1/\mu_i"
    bounds: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    strip: ClassVar[float] = np.nan
    is_increasing: ClassVar[bool] = False
    has_pole: ClassVar[bool] = True

    def predictor_domain(self, mean_range: tuple[float, float]) -> tuple[float, float]:
        # Means of both signs have predictors of both; those of one sign, of one.
        return (-np.inf, np.inf) if mean_range[0] < 0.0 else super().predictor_domain(mean_range)

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return 1.0 / np.asarray(mu, np.float64)

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        with np.errstate(divide="ignore"):
            return 1.0 / eta

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -1.0 / (eta * eta)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 2.0 / eta**3

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.log(eta)


@final
@dataclass(frozen=True)
class InverseSquared(Link):
    """mu = 1/sqrt(eta), for means above 0: linear predictors must be above 0, too."""

    name: ClassVar[str] = "inverse_squared"
    latex: ClassVar[str] = r"1/\mu_i^2"
    strip: ClassVar[float] = np.nan
    is_increasing: ClassVar[bool] = False
    has_pole: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return 1.0 / np.square(np.asarray(mu, np.float64))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        with np.errstate(divide="ignore"):
            return 1.0 / m.sqrt(eta)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -0.5 * eta**-1.5

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 0.75 * eta**-2.5

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -0.5 * m.log(eta)


@final
@dataclass(frozen=True)
class TanHalf(Link):
    """mu = 2 arctan(eta): angles between -pi and pi; branch points at +-i."""

    name: ClassVar[str] = "tan_half"
    latex: ClassVar[str] = r"\tan(\mu_i/2)"
    bounds: ClassVar[tuple[float, float]] = (-np.pi, np.pi)
    strip: ClassVar[float] = 1.0

    def predictor_domain(self, mean_range: tuple[float, float]) -> tuple[float, float]:
        # The tangent of pi/2 rounds to a number.
        return -np.inf, np.inf

    def link(self, mu: Array) -> Array:
        return np.tan(0.5 * np.asarray(mu))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 2.0 * m.arctan2(eta, 1.0)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 2.0 / (1.0 + eta * eta)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        square = 1.0 + eta * eta
        return -4.0 * eta / (square * square)
