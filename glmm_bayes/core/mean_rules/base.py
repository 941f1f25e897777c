"""What every rule for means over a normal supplies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.trapezoid import Integral


class MeanRule(ABC):
    """How means of one inverse link are computed.

    Parameters
    ----------
    link : Link
        The link; ``eta`` and ``v`` of the methods have one shape, that of the results.
    """

    def __init__(self, link: Link) -> None:
        self.link = link

    #: Whether a mean costs no more than an elementary function.
    is_closed: ClassVar[bool] = False

    @property
    def smooth(self) -> MeanRule:
        """Return a rule for the same link whose means are smooth in eta to rounding."""
        return self

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
