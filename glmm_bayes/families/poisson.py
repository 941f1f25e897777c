"""Poisson: counts with variance equal to the mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from glmm_bayes.core.incomplete import log_gammainc, log_gammaincc
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import CountFamily, poisson_draws
from glmm_bayes.families.traits import NAKAGAWA, POISSON_VARIANCE, Notation, Traits, WorkingVariance


class Poisson(CountFamily):
    """Counts with variance equal to the mean."""

    name: ClassVar[str] = "poisson"
    notation: ClassVar[Notation] = Notation("Poisson(mu[i])", r"\mathrm{Poisson}(\mu_i)")
    working_variance: ClassVar[WorkingVariance | None] = POISSON_VARIANCE
    traits: ClassVar[Traits] = Traits(is_exponential=True, of_a_sum=())

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return y * at["mu"].log - at["mu"].value - m.gammaln(y + 1)

    def variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value)

    def log_scale_residual(self, at: RowValues, mean: Callable[[], Array]) -> tuple[Array, str] | None:
        return np.log1p(1.0 / mean()), f"log(1 + 1/M), {NAKAGAWA}"

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        return poisson_draws(rng, at["mu"].value)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return log_gammaincc(y + 1.0, at["mu"].value, m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return log_gammainc(y + 1.0, at["mu"].value, m)
