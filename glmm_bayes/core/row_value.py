"""A parameter of the response's distribution at each row, as its link and its linear predictor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.maths import NUMPY, Array, Maths


@dataclass(frozen=True)
class RowValue:
    """A parameter at each row: its value, and logs that keep their digits in the tails.

    Attributes
    ----------
    link : Link
        The identity for a parameter that is given as a number.
    eta : array or graph variable
        Linear predictor, shape (..., row), or (..., 1) for one value for all rows. A vector of values
        (thresholds) has one more, last axis.
    m : Maths
    """

    link: Link
    eta: Array
    m: Maths = NUMPY

    @property
    def value(self) -> Array:
        """The parameter on its own scale."""
        return self.link.inverse(self.eta, self.m)

    @property
    def log(self) -> Array:
        """Log of the value."""
        return self.link.log_inverse(self.eta, self.m)

    @property
    def log_complement(self) -> Array:
        """Log of one minus the value."""
        return self.link.log_complement(self.eta, self.m)

    @property
    def log_odds(self) -> Array:
        """Log of the value over one minus the value."""
        return self.link.log_odds(self.eta, self.m)


#: Parameters by name: ``mu``, ``sigma``, ``zi``, ...
RowValues = Mapping[str, RowValue]


def number(value: Array, m: Maths = NUMPY) -> RowValue:
    """Return a parameter that is given as it is."""
    return RowValue(LINKS["identity"], value, m)
