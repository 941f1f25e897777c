"""What ordinal families share: thresholds on a latent scale, and how the response is read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.design.several import of_threshold
from glmm_bayes.families.base import Response
from glmm_bayes.families.categories import CategoryFamily
from glmm_bayes.families.category_responses import read_ordered
from glmm_bayes.families.thresholds import category_count
from glmm_bayes.families.traits import PROBABILITIES, PROBABILITY_LINKS, Mu, ResponseMean, Support


class OrdinalFamily(CategoryFamily):
    """Categories in order, with one threshold between each and the next."""

    mu: ClassVar[Mu] = Mu(PROBABILITY_LINKS, PROBABILITIES)
    support: ClassVar[Support] = Support(
        "ordered categories",
        'an ordered categorical, whole numbers, `ordered(y, "low", "high")`',
        is_discrete=True,
    )
    defaults: ClassVar[Mapping[str, float]] = MappingProxyType({"disc": 1.0})
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "disc"), "")

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        return read_ordered(columns, self.name, findings)

    def log_mean(self, at: RowValues) -> Array:
        one, count = np.ones(()), category_count(at["thresholds"].eta)
        return NUMPY.stack([self.log_density(k * one, one, at, NUMPY) for k in range(count)])

    @abstractmethod
    def score(self, expected: Array, at: RowValues) -> tuple[Array, Array]:
        """Return the derivatives of sum_k P_k log p_k in the distances, and the sizes of their terms.

        Parameters
        ----------
        expected : ndarray, shape (draw, row, category)
            Probabilities P_k.
        at : mapping of str to RowValue
            Parameters, at which categories have the probabilities p_k.

        Returns
        -------
        score, size : ndarray, shape (draw, row, threshold)
        """

    @abstractmethod
    def information(self, at: RowValues) -> Array:
        """Return the expected information on the distances, shape (draw, row, threshold, threshold)."""

    @abstractmethod
    def distances_of(self, logs: Array, link: Link) -> Array:
        """Return the distances at which categories have probabilities with these logs, on the last axis."""

    def variance(self, at: RowValues) -> Array:
        """Return the variance of the category's score, 1 for the lowest category, 2 for the next, ..."""
        probabilities = self.mean(at)
        scores = np.arange(1.0, probabilities.shape[-1] + 1.0)
        centre = probabilities @ scores
        return np.asarray((probabilities * np.square(scores - centre[..., None])).sum(axis=-1))


def distances(at: RowValues) -> list[Array]:
    """Return disc * (threshold - linear predictor) for each threshold, with what is specific to it."""
    thresholds, eta, disc = at["thresholds"].eta, at["mu"].eta, at["disc"].value
    result = []
    for position in range(category_count(thresholds) - 1):
        specific = at.get(of_threshold(position + 1))
        predictor = eta if specific is None else eta + specific.eta
        result.append(disc * (thresholds[..., position] - predictor))
    return result


def sums_from_the_top(probabilities: Array) -> Array:
    """Return P(y > k) at each threshold, of the probabilities of the categories."""
    return np.cumsum(probabilities[..., :0:-1], axis=-1)[..., ::-1]


def log_sides(logs: Array) -> tuple[Array, Array]:
    """Return the logs of P(y <= k) and of P(y > k) at each threshold, of those of the categories."""
    below = np.logaddexp.accumulate(logs[..., :-1], axis=-1)
    above = np.logaddexp.accumulate(logs[..., :0:-1], axis=-1)[..., ::-1]
    return below, above
