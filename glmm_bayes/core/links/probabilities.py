"""Links of probabilities: their inverses are distribution functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from scipy import special

from glmm_bayes.core.links.base import FAR, ProbabilityLink
from glmm_bayes.core.maths import NUMPY, Array, Maths

_LOG_ROOT_2PI = 0.9189385332046727
_LOG_PI = 1.1447298858494002


@final
@dataclass(frozen=True)
class Logit(ProbabilityLink):
    """mu = 1 / (1 + exp(-eta)); the nearest poles are at +-i pi."""

    name: ClassVar[str] = "logit"
    mirror: ClassVar[str] = "logit"
    latex: ClassVar[str] = r"\operatorname{logit} \mu_i"
    strip: ClassVar[float] = np.pi
    exponential_tail: ClassVar[bool] = True
    ratio: ClassVar[str] = "odds ratio"
    latent_variance: ClassVar[float | None] = np.pi**2 / 3
    prior_scale: ClassVar[float] = 2.5

    def link(self, mu: Array) -> Array:
        return special.logit(mu)

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.expit(eta)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.expit(eta) * m.expit(-eta)

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.softplus(-eta) - m.softplus(eta)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -self.inverse_derivative(eta, m) * m.tanh(0.5 * eta)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.softplus(-eta)

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.softplus(eta)

    def log_odds(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta

    def link_of_log_complement(self, log_complement: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-np.expm1(log_complement)) - log_complement


@final
@dataclass(frozen=True)
class Probit(ProbabilityLink):
    """mu = Phi(eta), the standard normal distribution function.

    Phi is entire but grows like exp(y^2/2) along the imaginary axis. Half-width 3 leaves the trapezoid
    rule an error of exp(-298/9) = 4e-15 at its default tolerance, below what the certificate promises.
    """

    name: ClassVar[str] = "probit"
    mirror: ClassVar[str] = "probit"
    latex: ClassVar[str] = r"\Phi^{-1}(\mu_i)"
    strip: ClassVar[float] = 3.0
    latent_variance: ClassVar[float | None] = 1.0
    prior_scale: ClassVar[float] = 1.25

    def link(self, mu: Array) -> Array:
        return special.ndtri(mu)

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.normal_cdf(eta)

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.exp(self.log_inverse_derivative(eta, m))

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -0.5 * eta * eta - _LOG_ROOT_2PI

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -eta * self.inverse_derivative(eta, m)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.log_normal_cdf(eta)

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.log_normal_cdf(-eta)

    def link_of_log_complement(self, log_complement: Array) -> Array:
        return -special.ndtri_exp(log_complement)


@final
@dataclass(frozen=True)
class Cloglog(ProbabilityLink):
    """mu = 1 - exp(-exp(eta)); bounded where the real part of exp(eta) is positive."""

    name: ClassVar[str] = "cloglog"
    mirror: ClassVar[str] = "loglog"
    latex: ClassVar[str] = r"\log(-\log(1 - \mu_i))"
    strip: ClassVar[float] = 0.5 * np.pi
    exponential_tail: ClassVar[bool] = True
    latent_variance: ClassVar[float | None] = np.pi**2 / 6
    prior_centre: ClassVar[float] = -1.65
    prior_scale: ClassVar[float] = 1.65

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-np.log1p(-mu))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.expm1(-m.exp(eta))

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.exp(self.log_inverse_derivative(eta, m))

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return eta - m.exp(eta)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        hazard = m.exp(eta)
        return m.exp(eta - hazard) * (1.0 - hazard)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        # Far below 0 the hazard itself is the probability to the last digit, and may underflow later.
        return m.where(eta < FAR, eta, m.log1mexp(-m.exp(m.maximum(eta, FAR))))

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.exp(eta)

    def link_of_log_complement(self, log_complement: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-log_complement)


@final
@dataclass(frozen=True)
class Loglog(ProbabilityLink):
    """mu = exp(-exp(-eta)): one minus cloglog at -eta."""

    name: ClassVar[str] = "loglog"
    mirror: ClassVar[str] = "cloglog"
    latex: ClassVar[str] = r"-\log(-\log \mu_i)"
    strip: ClassVar[float] = 0.5 * np.pi
    latent_variance: ClassVar[float | None] = np.pi**2 / 6
    prior_centre: ClassVar[float] = 1.65
    prior_scale: ClassVar[float] = 1.65

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return -np.log(-np.log(mu))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.exp(-m.exp(-eta))

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.exp(self.log_inverse_derivative(eta, m))

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -eta - m.exp(-eta)

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        hazard = m.exp(-eta)
        return m.exp(-eta - hazard) * (hazard - 1.0)

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.exp(-eta)

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.where(-eta < FAR, -eta, m.log1mexp(-m.exp(m.maximum(-eta, FAR))))

    def link_of_log_complement(self, log_complement: Array) -> Array:
        with np.errstate(divide="ignore"):
            # The hazard -log(1 - q), q = exp(log_complement), is q itself where q is small.
            hazard = -NUMPY.log1mexp(np.maximum(log_complement, FAR))
            return np.where(log_complement < FAR, -log_complement, -np.log(hazard))


@final
@dataclass(frozen=True)
class Cauchit(ProbabilityLink):
    """mu = 1/2 + arctan(eta)/pi; poles at +-i. The latent variable has no variance."""

    name: ClassVar[str] = "cauchit"
    mirror: ClassVar[str] = "cauchit"
    latex: ClassVar[str] = r"\tan(\pi(\mu_i - 1/2))"
    strip: ClassVar[float] = 1.0
    prior_scale: ClassVar[float] = 2.5

    def link(self, mu: Array) -> Array:
        # tan loses the digits of a probability near 0 or 1, whose distance to the end it takes here.
        low = np.minimum(mu, 1.0 - np.asarray(mu))
        with np.errstate(divide="ignore"):
            size = 1.0 / np.tan(np.pi * low)
        middle = np.tan(np.pi * (np.asarray(mu) - 0.5))
        return np.where(low > 0.25, middle, np.where(np.asarray(mu) < 0.5, -size, size))

    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        return m.arctan2(1.0, -eta) / np.pi

    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return 1.0 / (np.pi * (1.0 + eta * eta))

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        return -m.log1p(eta * eta) - _LOG_PI

    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        square = 1.0 + eta * eta
        return -2.0 * eta / (np.pi * (square * square))

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        # Near 1 the distance to it keeps the digits.
        return m.where(eta > 0.0, m.log1p(-self.inverse(-eta, m)), m.log(self.inverse(eta, m)))

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        return self.log_inverse(-eta, m)

    def link_of_log_complement(self, log_complement: Array) -> Array:
        return np.asarray(-self.link(np.exp(log_complement)))
