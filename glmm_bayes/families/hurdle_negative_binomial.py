"""Hurdle negative binomial: zeros of their own, and negative binomial counts truncated at zero."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import poisson_draws
from glmm_bayes.families.negative_binomial import NegativeBinomial
from glmm_bayes.families.traits import Notation, ResponseMean
from glmm_bayes.families.zero_counts import HurdleCounts, Truncated, first_arrival

_BELOW_ONE = float(np.nextafter(1.0, 0.0))


class _TruncatedNegativeBinomial(Truncated):
    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        # A negative binomial is a Poisson number of clusters of logarithmic size. Given one cluster, the
        # others are again a negative binomial, with the share of the shape that is left.
        mu, shape = np.broadcast_arrays(at["mu"].value, at["shape"].value)
        clusters = shape * np.log1p(mu / shape)
        left = shape * (1.0 - first_arrival(rng, clusters) / clusters)
        first = rng.logseries(np.minimum(mu / (mu + shape), _BELOW_ONE)).astype(np.float64)
        return np.asarray(first + poisson_draws(rng, rng.gamma(np.maximum(left, 0.0)) * (mu / shape)))


class HurdleNegativeBinomial(HurdleCounts):
    """Zero with probability ``hu``, else an NB2 count above 0; ``mu`` is the untruncated mean."""

    name: ClassVar[str] = "hurdle_negative_binomial"
    notation: ClassVar[Notation] = Notation(
        "HurdleNegativeBinomial(mu[i], shape, hu)",
        r"\mathrm{HurdleNegativeBinomial}(\mu_i, \mathrm{shape}, \mathrm{hu})",
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape", "hu")
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "shape", "hu"), "(1 - hu) mu/(1 - P(0))")
    rest: ClassVar[Truncated] = _TruncatedNegativeBinomial(NegativeBinomial())
