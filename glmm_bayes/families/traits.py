"""Values that a family's class states about its response, its mean and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.links import LINKS, ProbabilityLink

Array = NDArray[np.float64]

#: The range of a probability, or a share.
PROBABILITIES = (0.0, 1.0)
#: The range of a mean above 0.
POSITIVE = (0.0, np.inf)
#: Links of probabilities: distribution functions of a latent variable.
PROBABILITY_LINKS = tuple(name for name in LINKS if isinstance(LINKS[name], ProbabilityLink))


@dataclass(frozen=True)
class Support:
    """Where a response has values.

    Attributes
    ----------
    kind : {"real", "positive", "unit", "count", "categories", ...}
        In one word.
    is_discrete : bool
        Whether values are whole numbers, from 0.
    floor, ceiling : float or None
        The ends beyond which a continuous response has no values; None where there is none.
    floor_has_mass : bool
        Whether the floor itself has a probability: zeros beside positive numbers.
    """

    kind: str
    is_discrete: bool = False
    floor: float | None = None
    ceiling: float | None = None
    floor_has_mass: bool = False


@dataclass(frozen=True)
class Thresholds:
    """Cut points of a latent scale that a family has.

    Attributes
    ----------
    events : tuple of (str, str)
        What a threshold divides, as text and in LaTeX; one for all thresholds, or one each.
    event_rises : bool
        Whether such an event grows more probable with the linear predictor.
    is_ordered : bool
        Whether thresholds ascend.
    keeps_intercept : bool
        Whether the linear predictor has an intercept beside them.
    allows_specific : bool
        Whether coefficients may differ between thresholds: ``cs()``.
    """

    events: tuple[tuple[str, str], ...]
    event_rises: bool = False
    is_ordered: bool = False
    keeps_intercept: bool = False
    allows_specific: bool = False


@dataclass(frozen=True)
class WorkingVariance:
    """The variance of a response as a function of its mean, up to a constant.

    Attributes
    ----------
    name : str
        As generalized linear models call the distribution that has it.
    of_mean : callable
        Takes means and the excess to variances.
    excess : float or str
        What stands before the square of the mean beside the mean itself: a number, or one over the parameter
        of this name.
    """

    name: str
    of_mean: Callable[[Array, float], Array]
    excess: float | str = 0.0


#: What M is in formulas of the residual on the scale of a log link.
NAKAGAWA = "M the population mean over the rows (Nakagawa, Johnson and Schielzeth 2017)"

#: Of numbers whose variance has nothing to do with their mean.
CONSTANT_VARIANCE = WorkingVariance("gaussian", lambda mu, excess: np.ones_like(mu))
#: Of successes, and of shares.
BINOMIAL_VARIANCE = WorkingVariance("binomial", lambda mu, excess: mu * (1 - mu))
#: Of counts.
POISSON_VARIANCE = WorkingVariance("poisson", lambda mu, excess: mu)
#: Of positive numbers with a constant coefficient of variation.
SQUARED_VARIANCE = WorkingVariance("gamma", lambda mu, excess: mu**2)


def excess_variance(excess: float | str) -> WorkingVariance:
    """Return the variance of a negative binomial; ``excess`` is a number, or the parameter it is one over."""
    return WorkingVariance("negative binomial", lambda mu, excess: mu + excess * mu**2, excess)
