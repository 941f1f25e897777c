"""Negative binomial with a variance in proportion to the mean: mu + mu/shape (NB1)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.incomplete import log_betainc_first, log_betainc_second
from glmm_bayes.core.log_gammas import log_negative_binomial
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import CountFamily, poisson_draws
from glmm_bayes.families.traits import POISSON_VARIANCE, Notation, WorkingVariance

_LARGEST_LOG_SIZE = 700.0


class NegativeBinomial1(CountFamily):
    """Counts with variance mu (1 + 1/shape); shape goes to infinity for the Poisson.

    A negative binomial of size ``mu * shape``, so sums of independent counts of one shape are of the
    same family. In glmmTMB's ``nbinom1`` the dispersion is 1/shape.
    """

    name: ClassVar[str] = "negative_binomial_1"
    notation: ClassVar[Notation] = Notation(
        "NegativeBinomial1(mu[i], shape)", r"\mathrm{NegativeBinomial1}(\mu_i, \mathrm{shape})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)
    working_variance: ClassVar[WorkingVariance | None] = POISSON_VARIANCE

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        mu = at["mu"]
        # From here on the size makes no difference, and exp() of more is that of this.
        log_size = m.minimum(mu.log + at["shape"].log, _LARGEST_LOG_SIZE)
        return log_negative_binomial(y, mu.value, m.exp(log_size), log_size, m)

    def variance(self, at: RowValues) -> Array:
        mu = np.asarray(at["mu"].value)
        return np.asarray(mu + mu / at["shape"].value)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        shape = at["shape"].value
        return poisson_draws(rng, rng.gamma(at["mu"].value * shape) / shape)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        size, odds = at["mu"].value * at["shape"].value, at["shape"].log
        return log_betainc_first(size, y + 1.0, m.expit(odds), m.expit(-odds), m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        size, odds = at["mu"].value * at["shape"].value, at["shape"].log
        return log_betainc_second(y + 1.0, size, m.expit(-odds), m.expit(odds), m)
