"""Links: linear predictors or means come in, as NumPy arrays; means, predictors and slopes go out.

All functions work element by element on float64 and raise no floating-point warning for |eta| <= 40.
A mean at the edge of its range (a probability of 0 or 1) maps to an infinite linear predictor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import Registry

Array = NDArray[np.float64]

_INVERSE_ROOT_2PI = float(1.0 / np.sqrt(2.0 * np.pi))
# exp(700) is finite, and every inverse link here is constant beyond it to the last bit.
_LARGEST_EXPONENT = 700.0


def _exp(eta: Array) -> Array:
    """Return exp(eta) without overflow."""
    return np.exp(np.minimum(eta, _LARGEST_EXPONENT))


class Link(ABC):
    """How the mean is tied to the linear predictor: ``link(mu) = eta``, ``mu = inverse(eta)``.

    Attributes
    ----------
    name : str
        The word a user writes.
    latex : str
        The link of the mean of row i as a person writes it.
    domain : str
        The means that the link allows, in words.
    strip : float
        Half-width of the strip around the real line in which ``inverse`` is analytic and bounded; it
        sets the step of the trapezoid rule (``numpy.inf``: no limit).
    exponential_tail : bool
        Whether ``inverse(eta)`` falls like exp(eta) for eta far below zero.
    """

    name: ClassVar[str]
    latex: ClassVar[str]
    domain: ClassVar[str]
    strip: ClassVar[float]
    exponential_tail: ClassVar[bool] = False

    @abstractmethod
    def link(self, mu: Array) -> Array:
        """Return the linear predictor of a mean."""

    @abstractmethod
    def inverse(self, eta: Array) -> Array:
        """Return the mean at a linear predictor."""

    @abstractmethod
    def inverse_derivative(self, eta: Array) -> Array:
        """Return the first derivative of ``inverse``."""

    @abstractmethod
    def inverse_second_derivative(self, eta: Array) -> Array:
        """Return the second derivative of ``inverse``."""


class ProbabilityLink(Link):
    """A link whose mean is a probability; both tails keep their relative accuracy."""

    domain: ClassVar[str] = "probabilities between 0 and 1"

    @abstractmethod
    def log_inverse(self, eta: Array) -> Array:
        """Return log(inverse(eta)), accurate where the probability is near 0 or 1."""

    @abstractmethod
    def log_complement(self, eta: Array) -> Array:
        """Return log(1 - inverse(eta)), accurate where the probability is near 0 or 1."""

    @abstractmethod
    def link_of_log_complement(self, log_complement: Array) -> Array:
        """Return the linear predictor at which log(1 - mean) has this value, however low it is."""


@final
@dataclass(frozen=True)
class Identity(Link):
    """mu = eta."""

    name: ClassVar[str] = "identity"
    latex: ClassVar[str] = r"\mu_i"
    domain: ClassVar[str] = "all real numbers"
    strip: ClassVar[float] = np.inf

    def link(self, mu: Array) -> Array:
        return np.array(mu, dtype=np.float64)

    def inverse(self, eta: Array) -> Array:
        return np.array(eta, dtype=np.float64)

    def inverse_derivative(self, eta: Array) -> Array:
        return np.ones_like(eta, dtype=np.float64)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.zeros_like(eta, dtype=np.float64)


@final
@dataclass(frozen=True)
class Log(Link):
    """mu = exp(eta); infinite where exp overflows."""

    name: ClassVar[str] = "log"
    latex: ClassVar[str] = r"\log \mu_i"
    domain: ClassVar[str] = "numbers above 0"
    strip: ClassVar[float] = np.inf
    exponential_tail: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(mu)

    def inverse(self, eta: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return self.inverse(eta)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return self.inverse(eta)


@final
@dataclass(frozen=True)
class Logit(ProbabilityLink):
    """mu = 1 / (1 + exp(-eta)); the nearest poles are at +-i pi."""

    name: ClassVar[str] = "logit"
    latex: ClassVar[str] = r"\operatorname{logit} \mu_i"
    strip: ClassVar[float] = np.pi
    exponential_tail: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        return special.logit(mu)

    def inverse(self, eta: Array) -> Array:
        return special.expit(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return special.expit(eta) * special.expit(-eta)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return -self.inverse_derivative(eta) * np.tanh(0.5 * eta)

    def log_inverse(self, eta: Array) -> Array:
        return special.log_expit(eta)

    def log_complement(self, eta: Array) -> Array:
        return special.log_expit(-eta)

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
    latex: ClassVar[str] = r"\Phi^{-1}(\mu_i)"
    strip: ClassVar[float] = 3.0

    def link(self, mu: Array) -> Array:
        return special.ndtri(mu)

    def inverse(self, eta: Array) -> Array:
        return special.ndtr(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return _INVERSE_ROOT_2PI * np.exp(-0.5 * np.square(eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        return -eta * self.inverse_derivative(eta)

    def log_inverse(self, eta: Array) -> Array:
        return special.log_ndtr(eta)

    def log_complement(self, eta: Array) -> Array:
        return special.log_ndtr(-eta)

    def link_of_log_complement(self, log_complement: Array) -> Array:
        return -special.ndtri_exp(log_complement)


@final
@dataclass(frozen=True)
class Cloglog(ProbabilityLink):
    """mu = 1 - exp(-exp(eta)); bounded where the real part of exp(eta) is positive."""

    name: ClassVar[str] = "cloglog"
    latex: ClassVar[str] = r"\log(-\log(1 - \mu_i))"
    strip: ClassVar[float] = 0.5 * np.pi
    exponential_tail: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-np.log1p(-mu))

    def inverse(self, eta: Array) -> Array:
        return -np.expm1(-_exp(eta))

    def inverse_derivative(self, eta: Array) -> Array:
        return np.exp(eta - _exp(eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        hazard = _exp(eta)
        return np.exp(eta - hazard) * (1.0 - hazard)

    def log_inverse(self, eta: Array) -> Array:
        # log(1 - exp(-y)) loses digits in one form for small y, in the other for large y; below -30
        # the hazard y itself is the probability to the last digit, and may underflow later.
        hazard = _exp(np.maximum(eta, -30.0))
        small = np.log(-np.expm1(-np.minimum(hazard, 1.0)))
        large = np.log1p(-np.exp(-np.maximum(hazard, 1.0)))
        return np.where(eta < -30.0, eta, np.where(eta < 0.0, small, large))

    def log_complement(self, eta: Array) -> Array:
        return -_exp(eta)

    def link_of_log_complement(self, log_complement: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-log_complement)


LINKS: Registry[Link] = Registry(
    "link",
    {link.name: link for link in (Identity(), Log(), Logit(), Probit(), Cloglog())},
    FormulaError,
)
