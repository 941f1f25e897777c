"""Values that a family's class states about its notation, its response, its mean and its distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.maths import Array

#: The range of a probability, or a share.
PROBABILITIES = (0.0, 1.0)
#: The range of a mean above 0.
POSITIVE = (0.0, np.inf)
#: Links of probabilities: distribution functions of a latent variable.
PROBABILITY_LINKS = tuple(name for name in LINKS if isinstance(LINKS[name], ProbabilityLink))


@dataclass(frozen=True)
class Notation:
    """A distribution as a person writes it.

    Attributes
    ----------
    text, latex : str
        Of row i.
    odds_ratio : str
        What ``exp(coefficient)`` is called under the logit link.
    """

    text: str
    latex: str
    odds_ratio: str = "odds ratio"


@dataclass(frozen=True)
class Mu:
    """The parameter that the link ties to the linear predictor.

    Attributes
    ----------
    links : tuple of str
        That the family lists, its default first, beside those that users register.
    bounds : tuple of (float, float)
        Between which it lies.
    """

    links: tuple[str, ...]
    bounds: tuple[float, float] = (-np.inf, np.inf)


@dataclass(frozen=True)
class ResponseMean:
    """The mean of a response, given the parameters.

    Attributes
    ----------
    parameters : tuple of str
        That it depends on; all others may have random effects without any part in it.
    text : str or None
        How a person writes it, with ``{y}`` for the response; None where it is ``mu``; empty where it is a
        probability of each category.
    """

    parameters: tuple[str, ...] = ("mu",)
    text: str | None = None

    @property
    def is_mu(self) -> bool:
        """Whether it is the parameter ``mu``."""
        return self.text is None


@dataclass(frozen=True)
class Traits:
    """Classes of distributions that a family is one of, each with what only they allow.

    Attributes
    ----------
    is_exponential : bool
        An exponential family in mu: h'^2/Var(y) is the information of a row on its linear predictor.
    is_elliptical : bool
        A location ``mu`` and a scale ``sigma`` of normal or t residuals: known standard errors (``se()``) may
        add to ``sigma``, and residuals of several such responses may be correlated with each other.
    is_latent : bool
        A latent variable cut at thresholds, whose distribution function is the inverse link.
    of_a_sum : tuple of str or None
        Parameters that grow with the exposure of ``rate()``, beside the mean, where sums of independent
        units are of the same family; None where they are of another.
    """

    is_exponential: bool = False
    is_elliptical: bool = False
    is_latent: bool = False
    of_a_sum: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Support:
    """Where a response has values.

    Attributes
    ----------
    kind : {"real", "positive", "amount", "unit", "share", "angle", "count", "successes", ...}
        Or ``"categories"``, ``"ordered categories"``.
    coding : str
        What a response must be, and how it is coded: a cell of the table of families.
    is_discrete : bool
        Whether values are whole numbers, from 0.
    floor, ceiling : float or None
        The ends beyond which a continuous response has no values; None where there is none.
    floor_has_mass : bool
        Whether the floor itself has a probability: zeros beside positive numbers.
    """

    kind: str
    coding: str
    is_discrete: bool = False
    floor: float | None = None
    ceiling: float | None = None
    floor_has_mass: bool = False

    @property
    def is_real(self) -> bool:
        """Whether responses are numbers on the whole line."""
        return self.kind == "real"

    @property
    def is_circular(self) -> bool:
        """Whether responses are angles, whose mean is a direction and no average of numbers."""
        return self.kind == "angle"

    @property
    def counts_successes(self) -> bool:
        """Whether a response is a number of successes in trials."""
        return self.kind == "successes"

    @property
    def has_ordered_categories(self) -> bool:
        """Whether a response is one of several categories in order."""
        return self.kind == "ordered categories"

    @property
    def has_categories(self) -> bool:
        """Whether a response is one of several categories, in order or not."""
        return self.kind in ("categories", "ordered categories")


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
