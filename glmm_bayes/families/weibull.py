"""Weibull: times to an event whose hazard is a power of time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.log_gammas import log_gamma_1p
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.positive import PositiveFamily, within_positive
from glmm_bayes.families.traits import SQUARED_VARIANCE, Notation, WorkingVariance


class Weibull(PositiveFamily):
    """Positive numbers with mean ``mu``; the hazard grows like time to the power shape - 1."""

    name: ClassVar[str] = "weibull"
    notation: ClassVar[Notation] = Notation(
        "Weibull(mean mu[i], shape)", r"\mathrm{Weibull}(\mathrm{mean} = \mu_i, \mathrm{shape})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)
    working_variance: ClassVar[WorkingVariance | None] = SQUARED_VARIANCE

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        log_hazard = _log_hazard(y, at, m)
        return at["shape"].log - m.log(y) + log_hazard - m.exp(log_hazard)

    def variance(self, at: RowValues) -> Array:
        mu, shape = at["mu"].value, at["shape"].value
        log_ratio = log_gamma_1p(2.0 / shape, NUMPY) - 2.0 * log_gamma_1p(1.0 / shape, NUMPY)
        return np.asarray(mu**2 * NUMPY.expm1(log_ratio))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        shape = np.asarray(at["shape"].value)
        log_scale = at["mu"].log - log_gamma_1p(1.0 / shape, NUMPY)
        log_unit = np.log(rng.standard_exponential(np.broadcast_shapes(log_scale.shape, shape.shape)))
        return within_positive(NUMPY.exp(log_scale + log_unit / shape))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return LINKS["cloglog"].log_inverse(_log_hazard(y, at, m), m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return LINKS["cloglog"].log_complement(_log_hazard(y, at, m), m)


def _log_hazard(y: Array, at: RowValues, m: Maths) -> Array:
    """Return the log of the cumulative hazard, (y Gamma(1 + 1/shape) / mu)^shape."""
    shape = at["shape"].value
    return shape * (m.log(y) - at["mu"].log + log_gamma_1p(1.0 / shape, m))
