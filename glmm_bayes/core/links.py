"""Links: linear predictors or means come in; means, predictors and slopes go out.

All functions work element by element and raise no floating-point warning for |eta| <= 40. Inverses and
their logs are written once for NumPy arrays and for variables of a graph (``m``); what only the draws
need takes NumPy arrays. A mean at the edge of its range maps to an infinite linear predictor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.core.registry import Registry

Array = NDArray[np.float64]

_INVERSE_ROOT_2PI = float(1.0 / np.sqrt(2.0 * np.pi))
#: Below this the functions are their leading term to the last bit.
_FAR = -30.0


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
    is_increasing : bool
        Whether ``inverse`` increases strictly over the whole line.
    has_pole : bool
        Whether ``inverse`` has a pole on the line, so that no population mean exists.
    ratio : str
        What ``exp(coefficient)`` is ("odds ratio"); empty if it has no name.
    """

    name: ClassVar[str]
    latex: ClassVar[str]
    domain: ClassVar[str]
    strip: ClassVar[float]
    exponential_tail: ClassVar[bool] = False
    is_increasing: ClassVar[bool] = True
    has_pole: ClassVar[bool] = False
    ratio: ClassVar[str] = ""

    @abstractmethod
    def link(self, mu: Array) -> Array:
        """Return the linear predictor of a mean."""

    @abstractmethod
    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        """Return the mean at a linear predictor."""

    @abstractmethod
    def inverse_derivative(self, eta: Array) -> Array:
        """Return the first derivative of ``inverse``."""

    @abstractmethod
    def inverse_second_derivative(self, eta: Array) -> Array:
        """Return the second derivative of ``inverse``."""

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        """Return log(inverse(eta)), accurate also where the mean is near 0 or, for a probability, 1."""
        return m.log(self.inverse(eta, m))

    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
        """Return log(1 - inverse(eta)), for a probability accurate near 0 and 1."""
        return m.log1p(-self.inverse(eta, m))


class ProbabilityLink(Link):
    """A link whose mean is a probability; both tails keep their relative accuracy.

    Attributes
    ----------
    latent_variance : float or None
        Variance of the latent variable whose distribution function ``inverse`` is, if it has one.
    prior_centre, prior_scale : float
        Normal prior of the intercept and scale of effects that put the probability in (.0074, .9926):
        the links agree in the 2.5 and 97.5 % points.
    """

    domain: ClassVar[str] = "probabilities between 0 and 1"
    latent_variance: ClassVar[float | None] = None
    prior_centre: ClassVar[float] = 0.0
    prior_scale: ClassVar[float]

    @abstractmethod
    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        """Return log(inverse(eta)), accurate where the probability is near 0 or 1."""

    @abstractmethod
    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
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

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return np.array(eta, dtype=np.float64) if m is NUMPY else eta

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
    ratio: ClassVar[str] = "rate ratio"

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(mu)

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        if m is not NUMPY:
            return m.exp(eta)
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return np.asarray(self.inverse(eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.asarray(self.inverse(eta))

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return eta


@final
@dataclass(frozen=True)
class Logit(ProbabilityLink):
    """mu = 1 / (1 + exp(-eta)); the nearest poles are at +-i pi."""

    name: ClassVar[str] = "logit"
    latex: ClassVar[str] = r"\operatorname{logit} \mu_i"
    strip: ClassVar[float] = np.pi
    exponential_tail: ClassVar[bool] = True
    ratio: ClassVar[str] = "odds ratio"
    latent_variance: ClassVar[float | None] = np.pi**2 / 3
    prior_scale: ClassVar[float] = 2.5

    def link(self, mu: Array) -> Array:
        return special.logit(mu)

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.expit(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return special.expit(eta) * special.expit(-eta)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return -self.inverse_derivative(eta) * np.tanh(0.5 * eta)

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -m.softplus(-eta)

    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -m.softplus(eta)

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
    latent_variance: ClassVar[float | None] = 1.0
    prior_scale: ClassVar[float] = 1.25

    def link(self, mu: Array) -> Array:
        return special.ndtri(mu)

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.normal_cdf(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return _INVERSE_ROOT_2PI * np.exp(-0.5 * np.square(eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        return -eta * self.inverse_derivative(eta)

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.log_normal_cdf(eta)

    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.log_normal_cdf(-eta)

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
    latent_variance: ClassVar[float | None] = np.pi**2 / 6
    prior_centre: ClassVar[float] = -1.65
    prior_scale: ClassVar[float] = 1.65

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-np.log1p(-mu))

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -m.expm1(-m.exp(eta))

    def inverse_derivative(self, eta: Array) -> Array:
        return np.exp(eta - NUMPY.exp(eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        hazard = NUMPY.exp(eta)
        return np.asarray(np.exp(eta - hazard) * (1.0 - hazard))

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        # Far below 0 the hazard itself is the probability to the last digit, and may underflow later.
        return m.where(eta < _FAR, eta, m.log1mexp(-m.exp(m.maximum(eta, _FAR))))

    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -m.exp(eta)

    def link_of_log_complement(self, log_complement: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(-log_complement)


@final
@dataclass(frozen=True)
class Loglog(ProbabilityLink):
    """mu = exp(-exp(-eta)): one minus cloglog at -eta."""

    name: ClassVar[str] = "loglog"
    latex: ClassVar[str] = r"-\log(-\log \mu_i)"
    strip: ClassVar[float] = 0.5 * np.pi
    latent_variance: ClassVar[float | None] = np.pi**2 / 6
    prior_centre: ClassVar[float] = 1.65
    prior_scale: ClassVar[float] = 1.65

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return -np.log(-np.log(mu))

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.exp(-m.exp(-eta))

    def inverse_derivative(self, eta: Array) -> Array:
        return np.exp(-eta - NUMPY.exp(-eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        hazard = NUMPY.exp(-eta)
        return np.asarray(np.exp(-eta - hazard) * (hazard - 1.0))

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -m.exp(-eta)

    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.where(-eta < _FAR, -eta, m.log1mexp(-m.exp(m.maximum(-eta, _FAR))))

    def link_of_log_complement(self, log_complement: Array) -> Array:
        with np.errstate(divide="ignore"):
            # log(-log(1 - q)) with q = exp(log_complement), whose leading term is log q.
            small = log_complement < _FAR
            inner = -np.log1p(-np.exp(np.maximum(log_complement, _FAR)))
            return np.where(small, -log_complement, -np.log(inner))


@final
@dataclass(frozen=True)
class Cauchit(ProbabilityLink):
    """mu = 1/2 + arctan(eta)/pi; poles at +-i. The latent variable has no variance."""

    name: ClassVar[str] = "cauchit"
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

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.arctan2(1.0, -eta) / np.pi

    def inverse_derivative(self, eta: Array) -> Array:
        return np.asarray(1.0 / (np.pi * (1.0 + np.square(eta))))

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.asarray(-2.0 * eta / (np.pi * np.square(1.0 + np.square(eta))))

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.log(self.inverse(eta, m))

    def log_complement(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.log(self.inverse(-eta, m))

    def link_of_log_complement(self, log_complement: Array) -> Array:
        return np.asarray(-self.link(np.exp(log_complement)))


@final
@dataclass(frozen=True)
class Sqrt(Link):
    """mu = eta^2, for means of at least 0; eta and -eta have the same mean."""

    name: ClassVar[str] = "sqrt"
    latex: ClassVar[str] = r"\sqrt{\mu_i}"
    domain: ClassVar[str] = "numbers of at least 0"
    strip: ClassVar[float] = np.inf
    is_increasing: ClassVar[bool] = False

    def link(self, mu: Array) -> Array:
        return np.sqrt(mu)

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return eta * eta

    def inverse_derivative(self, eta: Array) -> Array:
        return np.asarray(2.0 * eta)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.full_like(eta, 2.0, dtype=np.float64)

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return 2.0 * m.log(m.abs(eta))


@final
@dataclass(frozen=True)
class Softplus(Link):
    """mu = log(1 + exp(eta)): like exp far below 0, like eta far above; branch points at +-i pi."""

    name: ClassVar[str] = "softplus"
    latex: ClassVar[str] = r"\log(e^{\mu_i} - 1)"
    domain: ClassVar[str] = "numbers above 0"
    strip: ClassVar[float] = np.pi
    exponential_tail: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return mu + np.log(-np.expm1(-np.asarray(mu)))

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.softplus(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return special.expit(eta)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return special.expit(eta) * special.expit(-eta)

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return m.where(eta < _FAR, eta, m.log(m.softplus(m.maximum(eta, _FAR))))


@final
@dataclass(frozen=True)
class Inverse(Link):
    """mu = 1/eta, for means above 0: linear predictors must be above 0, too."""

    name: ClassVar[str] = "inverse"
    latex: ClassVar[str] = r"1/\mu_i"
    domain: ClassVar[str] = "numbers above 0, at linear predictors above 0"
    strip: ClassVar[float] = np.nan
    is_increasing: ClassVar[bool] = False
    has_pole: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return 1.0 / np.asarray(mu, np.float64)

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        with np.errstate(divide="ignore"):
            return 1.0 / eta

    def inverse_derivative(self, eta: Array) -> Array:
        return np.asarray(-1.0 / np.square(eta))

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.asarray(2.0 / np.asarray(eta, np.float64) ** 3)

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -m.log(eta)


@final
@dataclass(frozen=True)
class InverseSquared(Link):
    """mu = 1/sqrt(eta), for means above 0: linear predictors must be above 0, too."""

    name: ClassVar[str] = "inverse_squared"
    latex: ClassVar[str] = r"1/\mu_i^2"
    domain: ClassVar[str] = "numbers above 0, at linear predictors above 0"
    strip: ClassVar[float] = np.nan
    is_increasing: ClassVar[bool] = False
    has_pole: ClassVar[bool] = True

    def link(self, mu: Array) -> Array:
        with np.errstate(divide="ignore"):
            return 1.0 / np.square(np.asarray(mu, np.float64))

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        with np.errstate(divide="ignore"):
            return 1.0 / m.sqrt(eta)

    def inverse_derivative(self, eta: Array) -> Array:
        return np.asarray(-0.5 * np.asarray(eta, np.float64) ** -1.5)

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.asarray(0.75 * np.asarray(eta, np.float64) ** -2.5)

    def log_inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return -0.5 * m.log(eta)


@final
@dataclass(frozen=True)
class TanHalf(Link):
    """mu = 2 arctan(eta): angles between -pi and pi; branch points at +-i."""

    name: ClassVar[str] = "tan_half"
    latex: ClassVar[str] = r"\tan(\mu_i/2)"
    domain: ClassVar[str] = "angles between -pi and pi"
    strip: ClassVar[float] = 1.0

    def link(self, mu: Array) -> Array:
        return np.tan(0.5 * np.asarray(mu))

    def inverse(self, eta: Any, m: Maths = NUMPY) -> Any:
        return 2.0 * m.arctan2(eta, 1.0)

    def inverse_derivative(self, eta: Array) -> Array:
        return np.asarray(2.0 / (1.0 + np.square(eta)))

    def inverse_second_derivative(self, eta: Array) -> Array:
        return np.asarray(-4.0 * eta / np.square(1.0 + np.square(eta)))


_ALL: tuple[Link, ...] = (
    Identity(),
    Log(),
    Logit(),
    Probit(),
    Cloglog(),
    Loglog(),
    Cauchit(),
    Sqrt(),
    Softplus(),
    Inverse(),
    InverseSquared(),
    TanHalf(),
)

LINKS: Registry[Link] = Registry("link", {link.name: link for link in _ALL}, FormulaError)
