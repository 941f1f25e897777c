"""Exponential: times to an event whose hazard is constant."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.positive import PositiveFamily, within_positive
from glmm_bayes.families.traits import SQUARED_VARIANCE, Notation, WorkingVariance


class Exponential(PositiveFamily):
    """Positive numbers with mean ``mu`` and variance mu^2; the hazard is 1/mu."""

    name: ClassVar[str] = "exponential"
    notation: ClassVar[Notation] = Notation(
        "Exponential(mean mu[i])", r"\mathrm{Exponential}(\mathrm{mean} = \mu_i)"
    )
    working_variance: ClassVar[WorkingVariance | None] = SQUARED_VARIANCE

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return -at["mu"].log - m.exp(_log_hazard(y, at, m))

    def variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value ** 2)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu = np.asarray(at["mu"].value)
        return within_positive(mu * rng.standard_exponential(mu.shape))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return LINKS["cloglog"].log_inverse(_log_hazard(y, at, m), m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return LINKS["cloglog"].log_complement(_log_hazard(y, at, m), m)


def _log_hazard(y: Array, at: RowValues, m: Maths) -> Array:
    """Return the log of the cumulative hazard."""
    return m.log(y) - at["mu"].log
