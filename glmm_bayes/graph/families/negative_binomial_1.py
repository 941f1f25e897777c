"""Negative binomial with a variance in proportion to the mean: mu + mu/shape (NB1)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from glmm_bayes.core.incomplete import log_betainc
from glmm_bayes.core.maths import Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.graph.families.base import Array
from glmm_bayes.graph.families.counts import CountFamily, log_rising_factorial, poisson_draws


class NegativeBinomial1(CountFamily):
    """Counts with variance mu (1 + 1/shape); shape goes to infinity for the Poisson.

    A negative binomial of size ``mu * shape``, so sums of independent counts of one shape are of the
    same family. In glmmTMB's ``nbinom1`` the dispersion is 1/shape.
    """

    name: ClassVar[str] = "negative_binomial_1"
    notation: ClassVar[str] = "NegativeBinomial1(mu[i], shape)"
    latex: ClassVar[str] = r"\mathrm{NegativeBinomial1}(\mu_i, \mathrm{shape})"
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)
    has_cdf: ClassVar[bool] = True

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        log_shape = at["shape"].log
        log_size = at["mu"].log + log_shape
        size = m.exp(log_size)
        rising = log_rising_factorial(y, size, log_size, m)
        # The probability of a success is shape/(1 + shape) in each row.
        return rising - m.gammaln(y + 1) - size * m.softplus(-log_shape) - y * m.softplus(log_shape)

    def variance(self, at: RowValues) -> Array:
        mu = np.asarray(at["mu"].value)
        return np.asarray(mu + mu / at["shape"].value)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        shape = at["shape"].value
        return poisson_draws(rng, rng.gamma(at["mu"].value * shape) / shape)

    def log_cdf(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        size, odds = at["mu"].value * at["shape"].value, at["shape"].log
        return log_betainc(size, y + 1.0, m.expit(odds), m.expit(-odds), m)

    def log_survival(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        size, odds = at["mu"].value * at["shape"].value, at["shape"].log
        return log_betainc(y + 1.0, size, m.expit(-odds), m.expit(odds), m)
