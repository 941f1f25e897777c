"""What families with categories share: the mean is the vector of their probabilities."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.scales import Scales, probability_scales
from glmm_bayes.families.traits import ResponseMean


class CategoryFamily(Family):
    """One of several categories, or numbers of each; its mean has one more axis, of the categories."""

    response_mean: ClassVar[ResponseMean] = ResponseMean(text="")

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        return replace(probability_scales(link), intercept_mean=0.0)

    @abstractmethod
    def mean(self, at: RowValues) -> Array:
        """Return the probability of each category, shape (draw, row, category)."""

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        """Draw positions of categories from 0, shape (draw, row)."""
        upper = np.cumsum(self.mean(at), axis=-1)[..., :-1]
        shape = np.broadcast_shapes(upper.shape[:-1], np.shape(n))
        return np.sum(rng.random(shape)[..., None] >= upper, axis=-1).astype(np.float64)

    def has_positive_mean(self, link: Link) -> bool:
        return True

    def _of_mean(self, joint: Joint) -> Joint:
        # Every parameter that a family of categories has moves the probabilities.
        return joint

    def population_mean(self, joint: Joint) -> Integral:
        return joint.mean(self.mean)
