"""What is asked of a fit: an estimand, a scale, and of which parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.factor_estimands import FactorWords
from glmm_bayes.effects.estimand.ordered_categories import SCORE, categories_shown
from glmm_bayes.effects.estimand.rows import parameter_link
from glmm_bayes.fit.fit import Fit
from glmm_bayes.spec.linear_predictor import MEAN

#: Scales whose averages over rows are those of what they are logs of.
LOG_SCALES = ("log", "log_complement")
#: Means below this, or above its reciprocal, may not have all their digits.
SMALL = 1e-290


@dataclass(frozen=True)
class Question:
    """What is asked of a fit, but for the rows.

    Attributes
    ----------
    fit : Fit
    estimand : FactorWords
    scale : {"response", "link", "log", "log_complement", "log_odds"}
        ``link`` is the link of the response-scale value; the others are functions of it that keep its
        digits: of averages in logs, and row by row.
    parameter : str or None
        A parameter with a linear predictor, on its own scales; None: the mean of the response.
    ordered : {"at_least", "score"} or None
        Of ordered categories, in the place of the probability of each.
    """

    fit: Fit
    estimand: FactorWords
    scale: str = "response"
    parameter: str | None = None
    ordered: str | None = None

    @property
    def scale_word(self) -> str:
        """The scale as it is asked for."""
        return self.ordered or ("link" if self.scale == "link" else "response")

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the answer has a number for; none where it is one number a row."""
        return () if self.is_mu else categories_shown(self.ordered, self.fit.response.categories)

    @property
    def is_mu(self) -> bool:
        """Whether one linear predictor and its link are all that the answer depends on."""
        return self.parameter is not None or self.fit.family.mean_is_mu

    @property
    def is_response(self) -> bool:
        """Whether the answer is a mean of the response, also where its parameter is named."""
        return self.parameter is None or (self.parameter == MEAN and self.fit.family.mean_is_mu)

    @property
    def single(self) -> str:
        """The parameter that is asked for, the mean where none is named."""
        return self.parameter or MEAN

    @property
    def link(self) -> Link:
        """The link of that parameter."""
        return parameter_link(self.fit, self.single)

    @property
    def is_probability(self) -> bool:
        """Whether what is asked for lies between 0 and 1: a probability, or a share."""
        if self.parameter is not None:
            return isinstance(self.link, ProbabilityLink)
        if self.ordered == SCORE:
            return False
        return self.fit.family.has_probability_mean(self.fit.link) or bool(self.fit.response.categories)

    @property
    def keeps_logs(self) -> bool:
        """Whether the mean is positive and the link's value has its log, however near it is to 0 or 1."""
        return self.is_mu and self.link.is_increasing and self.link.bounds[0] == 0.0

    @property
    def has_logs(self) -> bool:
        """Whether the mean has a log, however small or large it is."""
        family = self.fit.family
        if self.ordered == SCORE:
            return False
        return self.keeps_logs or (not self.is_mu and family.has_positive_mean(self.fit.link))

    @property
    def smallest(self) -> float:
        """The mean below which its log is computed by itself: probabilities of categories are differences."""
        return 1e-6 if self.categories else SMALL

    def from_link(self, value: Array) -> Array:
        """Put a value of the link on the scale."""
        if self.scale == "link":
            return value
        of_link = {
            "response": self.link.inverse,
            "log": self.link.log_inverse,
            "log_complement": self.link.log_complement,
            "log_odds": self.link.log_odds,
        }
        return np.asarray(of_link[self.scale](value))

    def from_mean(self, mean: Array) -> Array:
        """Put a mean on the scale."""
        if self.scale in ("response", "link"):
            return mean if self.scale == "response" else np.asarray(self.link.link(mean))
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.scale == "log":
                return np.log(mean)
            return np.log1p(-mean) if self.scale == "log_complement" else np.log(mean) - np.log1p(-mean)

    def within_bounds(self, values: Array) -> Array:
        """Take values on the scale back to where they must lie: averages of them leave it by rounding."""
        if self.scale != "response":
            return values
        if self.ordered == SCORE:
            return np.clip(values, 1.0, float(len(self.fit.response.categories)))
        if self.is_probability:
            return np.clip(values, 0.0, 1.0)
        return np.clip(values, *self.link.bounds) if self.is_mu else values


def angles_as(fit: Fit) -> str:
    """Say how means of angles are averaged and their intervals taken; nothing of other responses."""
    return "angles are numbers on the line, not on the circle" if fit.family.support.is_circular else ""


def without_one_predictor(fit: Fit, what: str, hint: str, code: str = "not_available") -> PredictionError:
    """Say that something needs a mean of one linear predictor, which that of the response is not."""
    mean = "probabilities of categories are" if fit.response.categories else f"that of {fit.family.name} is"
    message = f"{what} needs a mean that is the inverse link of one linear predictor; {mean} not."
    return PredictionError(Finding(code, message, hint=hint))
