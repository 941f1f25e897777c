"""Probabilities of ordered categories in; those of a category or a higher one, or the expected score, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.families.base import Response
from glmm_bayes.families.ordinal import sums_from_the_top
from glmm_bayes.fit.fit import Fit

#: P(y >= k), for each category k but the lowest.
AT_LEAST = "at_least"
#: Expected position of the category, the lowest counted as 1.
SCORE = "score"
#: What may be asked of a response with ordered categories in the place of the probability of each.
ORDERED = (AT_LEAST, SCORE)


def categories_shown(scale: str | None, categories: tuple[str, ...]) -> tuple[str, ...]:
    """List the categories that an answer has a number for; none where it is one number."""
    if scale == SCORE:
        return ()
    return categories[1:] if scale == AT_LEAST else categories


def label_of(scale: str, response: Response) -> str:
    """Name what is asked for."""
    if scale == AT_LEAST:
        return f"P({response.name} >= k)"
    return f"expected score of {response.name} ({score_words(response.categories)})"


def score_words(categories: Sequence[str]) -> str:
    """Say what the positions of categories are."""
    return f"{categories[0]} is 1, {categories[-1]} is {len(categories)}"


def of_probabilities(scale: str, probabilities: Array, error: float) -> tuple[Array, float]:
    """Return what is asked of probabilities, shape (draw, row, category), and its largest error."""
    count = probabilities.shape[-1]
    if scale == AT_LEAST:
        return sums_from_the_top(probabilities), error * (count - 1)
    scores = np.arange(1.0, count + 1.0)
    # The probabilities add up to 1: their errors count from the middle of the scale.
    return probabilities @ scores, error * float(np.abs(scores - scores.mean()).sum())


def has_ordered_categories(fit: Fit) -> bool:
    """Tell whether the response has categories with an order."""
    return fit.family.support.has_ordered_categories


def discrimination(fit: Fit) -> Array | None:
    """Return what multiplies an ordinal linear predictor: draws, or one number; None if it has a formula."""
    if "disc" in fit.predictors:
        return None
    if "disc" in fit.priors.auxiliary:
        return fit.flat["disc"]
    return np.asarray(float(fit.priors.constants.get("disc", 1.0)))


def one_discrimination(fit: Fit) -> Array:
    """Return what multiplies an ordinal linear predictor in all rows: draws, or one number.

    Raises
    ------
    PredictionError
        ``not_available`` if it has a formula.
    """
    disc = discrimination(fit)
    if disc is None:
        message = "disc has a formula of its own: the ratio of two groups differs from row to row."
        raise PredictionError(Finding("not_available", message, hint='Use gb.fan(fit, parameter="mu").'))
    return disc
