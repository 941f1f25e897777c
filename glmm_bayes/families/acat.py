"""Adjacent category: the odds of each category against the one below it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.ordinal import OrdinalFamily, distances, sums_from_the_top
from glmm_bayes.families.traits import PROBABILITIES, Mu, Notation, Thresholds


class AdjacentCategory(OrdinalFamily):
    """log P(y = k + 1)/P(y = k) = disc * (mu - threshold k)."""

    name: ClassVar[str] = "acat"
    notation: ClassVar[Notation] = Notation(
        "AdjacentCategory(mu[i], thresholds, disc)",
        r"\mathrm{AdjacentCategory}(\mu_i, \tau, \mathrm{disc})",
        odds_ratio="odds ratio of the next category",
    )
    thresholds: ClassVar[Thresholds | None] = Thresholds(
        (("{y} = k + 1 | {y} in (k, k + 1)", r"{y} = k + 1 \mid {y} \in \{{k, k + 1\}}"),),
        event_rises=True,
        allows_specific=True,
    )
    mu: ClassVar[Mu] = Mu(("logit",), PROBABILITIES)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        gains = distances(at)
        chosen = sum(m.where(y > position + 0.5, -gain, 0.0) for position, gain in enumerate(gains))
        return chosen - m.logsumexp(_log_weights(at, m))

    def mean(self, at: RowValues) -> Array:
        weights = _log_weights(at, NUMPY)
        return np.asarray(np.exp(weights - NUMPY.logsumexp(weights)[..., None]))

    def score(self, expected: Array, at: RowValues) -> tuple[Array, Array]:
        fitted, given = map(sums_from_the_top, (self.mean(at), expected))
        return fitted - given, fitted + given

    def information(self, at: RowValues) -> Array:
        # The covariance of the indicators of y > k.
        beyond = sums_from_the_top(self.mean(at))
        both = np.minimum(beyond[..., :, None], beyond[..., None, :])
        return np.asarray(both - beyond[..., :, None] * beyond[..., None, :])

    def distances_of(self, logs: Array, link: Link) -> Array:
        return np.asarray(logs[..., :-1] - logs[..., 1:])


def _log_weights(at: RowValues, m: Maths) -> Array:
    """Return the logs of the probabilities up to a constant, categories on the last axis."""
    weights = [0.0 * at["mu"].eta]
    for distance in distances(at):
        weights.append(weights[-1] - distance)
    return m.stack(weights)
