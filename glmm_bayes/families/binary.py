"""What bernoulli and binomial share: the density and the scales of priors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.base import Array, Family, Response, Scales, probability_scales

PROBABILITY_LINKS = ("logit", "probit", "cloglog", "loglog", "cauchit")


class BinaryFamily(Family):
    """Numbers of successes in trials; ``mu`` is the probability of one."""

    links: ClassVar[tuple[str, ...]] = PROBABILITY_LINKS
    is_discrete: ClassVar[bool] = True
    has_latent_response: ClassVar[bool] = True
    is_exponential: ClassVar[bool] = True

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        return probability_scales(link)

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        constant = m.gammaln(n + 1) - m.gammaln(y + 1) - m.gammaln(n - y + 1)
        return constant + y * at["mu"].log_odds + n * at["mu"].log_complement

    def variance(self, at: RowValues) -> Array:
        return np.exp(self.log_variance(at))

    def log_variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].log + at["mu"].log_complement)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        drawn = rng.binomial(n.astype(np.int64), at["mu"].value)
        return np.asarray(drawn, np.float64)
