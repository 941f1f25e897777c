"""What categorical and multinomial share: a linear predictor for each category but the first."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.categories import CategoryFamily
from glmm_bayes.families.traits import PROBABILITIES, Mu


class UnorderedFamily(CategoryFamily):
    """The linear predictors are log odds of each category against the first, the reference."""

    mu: ClassVar[Mu] = Mu(("logit",), PROBABILITIES)

    def mean(self, at: RowValues) -> Array:
        return np.asarray(np.exp(log_probabilities(at, NUMPY)))

    def log_mean(self, at: RowValues) -> Array:
        return np.asarray(log_probabilities(at, NUMPY))

    def variance(self, at: RowValues) -> Array:
        """Return the variance of the indicator of each category, shape (draw, row, category)."""
        probabilities = self.mean(at)
        return probabilities * (1.0 - probabilities)


def log_odds(at: RowValues) -> list[Array]:
    """Return the linear predictors of all categories but the first, in their order: they are all there is."""
    return [value.eta for value in at.values()]


def log_probabilities(at: RowValues, m: Maths) -> Array:
    """Return the logs of the probabilities of the categories, on a new last axis."""
    predictors = log_odds(at)
    odds = m.stack([0.0 * predictors[0], *predictors])
    return odds - m.logsumexp(odds)[..., None]
