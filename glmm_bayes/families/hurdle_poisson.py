"""Hurdle Poisson: zeros of their own, and Poisson counts truncated at zero."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import poisson_draws
from glmm_bayes.families.poisson import Poisson
from glmm_bayes.families.traits import Notation
from glmm_bayes.families.zero_counts import HurdleCounts, Truncated, first_arrival


class _TruncatedPoisson(Truncated):
    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu = np.asarray(at["mu"].value)
        return 1.0 + poisson_draws(rng, mu - first_arrival(rng, mu))


class HurdlePoisson(HurdleCounts):
    """Zero with probability ``hu``, else a Poisson count above 0; ``mu`` is the untruncated mean."""

    name: ClassVar[str] = "hurdle_poisson"
    notation: ClassVar[Notation] = Notation(
        "HurdlePoisson(mu[i], hu)", r"\mathrm{HurdlePoisson}(\mu_i, \mathrm{hu})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("hu",)
    rest: ClassVar[Truncated] = _TruncatedPoisson(Poisson())
