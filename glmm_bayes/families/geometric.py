"""Geometric: counts with variance mu + mu^2, the negative binomial with shape 1."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import CountFamily, poisson_draws
from glmm_bayes.families.traits import Notation, Traits, WorkingVariance, excess_variance


class Geometric(CountFamily):
    """Counts of failures before the first success, with mean ``mu``: P(y) = mu^y / (1 + mu)^(y + 1)."""

    name: ClassVar[str] = "geometric"
    notation: ClassVar[Notation] = Notation("Geometric(mu[i])", r"\mathrm{Geometric}(\mu_i)")
    working_variance: ClassVar[WorkingVariance | None] = excess_variance(1.0)
    traits: ClassVar[Traits] = Traits(is_exponential=True)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        log_mu = at["mu"].log
        return -y * m.softplus(-log_mu) - m.softplus(log_mu)

    def variance(self, at: RowValues) -> Array:
        mu = np.asarray(at["mu"].value)
        return np.asarray(mu + mu**2)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu = np.asarray(at["mu"].value)
        return poisson_draws(rng, rng.standard_exponential(mu.shape) * mu)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return m.log1mexp(self._log_survival(y, n, at, m))

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return -(y + 1.0) * m.softplus(-at["mu"].log)
