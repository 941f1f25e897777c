"""Negative binomial: counts with variance mu + mu^2/shape (NB2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from glmm_bayes.core.incomplete import log_betainc_first, log_betainc_second
from glmm_bayes.core.log_gammas import log_negative_binomial
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import CountFamily, poisson_draws
from glmm_bayes.families.traits import NAKAGAWA, Notation, Traits, WorkingVariance, excess_variance


class NegativeBinomial(CountFamily):
    """Counts with variance mu + mu^2/shape; shape goes to infinity for the Poisson."""

    name: ClassVar[str] = "negative_binomial"
    notation: ClassVar[Notation] = Notation(
        "NegativeBinomial(mu[i], shape)", r"\mathrm{NegativeBinomial}(\mu_i, \mathrm{shape})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)
    working_variance: ClassVar[WorkingVariance | None] = excess_variance("shape")
    traits: ClassVar[Traits] = Traits(of_a_sum=("shape",))

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        mu, shape = at["mu"], at["shape"]
        value = log_negative_binomial(y, mu.value, shape.value, shape.log, m)
        # No log of the mean is left in it that would be no number where the mean is below 0.
        return value if mu.link.bounds[0] >= 0.0 else m.where(mu.value < 0.0, -np.inf, value)

    def variance(self, at: RowValues) -> Array:
        mu = at["mu"].value
        return np.asarray(mu + mu**2 / at["shape"].value)

    def log_scale_residual(self, at: RowValues, mean: Callable[[], Array]) -> tuple[Array, str] | None:
        value = np.log1p(1.0 / mean() + 1.0 / at["shape"].value[:, 0])
        return value, f"log(1 + 1/M + 1/shape), {NAKAGAWA}"

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        shape = at["shape"].value
        rate = rng.gamma(np.broadcast_to(shape, np.shape(at["mu"].value))) * (at["mu"].value / shape)
        return poisson_draws(rng, rate)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        log_ratio = at["mu"].log - at["shape"].log
        return log_betainc_first(at["shape"].value, y + 1.0, m.expit(-log_ratio), m.expit(log_ratio), m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        log_ratio = at["mu"].log - at["shape"].log
        return log_betainc_second(y + 1.0, at["shape"].value, m.expit(log_ratio), m.expit(-log_ratio), m)
