"""What every link supplies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths

#: Below this the functions are their leading term to the last bit.
FAR = -30.0


class Link(ABC):
    """How the mean is tied to the linear predictor: ``link(mu) = eta``, ``mu = inverse(eta)``.

    Each function acts element by element: its result has the shape of what it takes.

    Attributes
    ----------
    name : str
        The word a user writes.
    latex : str
        The link of the mean of row i as a person writes it.
    bounds : tuple of float
        Between which ``inverse`` lies, whatever the linear predictor.
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
    bounds: ClassVar[tuple[float, float]] = (0.0, np.inf)
    strip: ClassVar[float]
    exponential_tail: ClassVar[bool] = False
    is_increasing: ClassVar[bool] = True
    has_pole: ClassVar[bool] = False
    ratio: ClassVar[str] = ""

    @abstractmethod
    def link(self, mu: Array) -> Array:
        """Return the linear predictor of a mean."""

    @abstractmethod
    def inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return the mean at a linear predictor."""

    @abstractmethod
    def inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return the first derivative of ``inverse``."""

    @abstractmethod
    def inverse_second_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return the second derivative of ``inverse``."""

    def predictor_domain(self, mean_range: tuple[float, float]) -> tuple[float, float]:
        """Return between which linear predictors the mean lies in a range; infinite where there is no end.

        Parameters
        ----------
        mean_range : tuple of float
            The lowest and the highest mean that a family has: 0 and 1 for a probability.

        Returns
        -------
        tuple of float
            The lower and the upper end, on the scale of the linear predictor.

        Examples
        --------
        >>> from glmm_bayes.core.links import LINKS
        >>> LINKS["log"].predictor_domain((0.0, 1.0))
        (-inf, 0.0)
        """
        low, high = max(mean_range[0], self.bounds[0]), min(mean_range[1], self.bounds[1])
        with np.errstate(all="ignore"):
            # Adding 0 makes -0 and 0 one.
            ends = sorted(float(end) + 0.0 for end in self.link(np.array([low, high])))
        return ends[0], ends[1]

    def of_inverse(self, eta: Array) -> Array:
        """Return link(inverse(eta)): ``eta`` itself, but where two linear predictors have one mean."""
        return eta

    def log_inverse_derivative(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return log|d mu / d eta|; links whose derivative underflows early keep its digits."""
        return m.log(m.abs(self.inverse_derivative(eta, m)))

    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return log(inverse(eta)), accurate also where the mean is near 0 or, for a probability, 1."""
        return m.log(self.inverse(eta, m))

    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return log(1 - inverse(eta)), for a probability accurate near 0 and 1."""
        return m.log1p(-self.inverse(eta, m))

    def log_odds(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return log(inverse(eta) / (1 - inverse(eta)))."""
        return self.log_inverse(eta, m) - self.log_complement(eta, m)


class ProbabilityLink(Link):
    """A link whose mean is a probability; both tails keep their relative accuracy.

    Attributes
    ----------
    latent_variance : float or None
        Variance of the latent variable whose distribution function ``inverse`` is, if it has one.
    prior_centre, prior_scale : float
        Normal prior of the intercept and scale of effects that put the probability in (.0074, .9926):
        the links agree in the 2.5 and 97.5 % points.
    mirror : str
        The link whose inverse at -eta is one minus this one's at eta.
    """

    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    latent_variance: ClassVar[float | None] = None
    prior_centre: ClassVar[float] = 0.0
    prior_scale: ClassVar[float]
    mirror: ClassVar[str]

    @abstractmethod
    def log_inverse(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return log(inverse(eta)), accurate where the probability is near 0 or 1."""

    @abstractmethod
    def log_complement(self, eta: Array, m: Maths = NUMPY) -> Array:
        """Return log(1 - inverse(eta)), accurate where the probability is near 0 or 1."""

    @abstractmethod
    def link_of_log_complement(self, log_complement: Array) -> Array:
        """Return the linear predictor at which log(1 - mean) has this value, however low it is."""
