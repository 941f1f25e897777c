"""Gamma: positive numbers with a constant coefficient of variation."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from scipy import special

from glmm_bayes.core.incomplete import log_gammainc, log_gammaincc
from glmm_bayes.core.log_gammas import log_gamma_kernel
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.positive import PositiveFamily, within_positive
from glmm_bayes.families.traits import SQUARED_VARIANCE, Notation, WorkingVariance


class Gamma(PositiveFamily):
    """Positive numbers with mean ``mu`` and variance mu^2/shape."""

    name: ClassVar[str] = "gamma"
    notation: ClassVar[Notation] = Notation(
        "Gamma(mean mu[i], shape)", r"\mathrm{Gamma}(\mathrm{mean} = \mu_i, \mathrm{shape})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)
    working_variance: ClassVar[WorkingVariance | None] = SQUARED_VARIANCE

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        shape, log_ratio = at["shape"], m.log(y) - at["mu"].log
        return log_gamma_kernel(shape.value, shape.log, log_ratio, m) - m.log(y)

    def variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value ** 2 / at["shape"].value)

    def log_scale_residual(self, at: RowValues, mean: Callable[[], Array]) -> tuple[Array, str] | None:
        return np.asarray(special.polygamma(1, at["shape"].value[:, 0])), "trigamma(shape)"

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, shape = np.broadcast_arrays(at["mu"].value, at["shape"].value)
        return within_positive(rng.standard_gamma(shape) * (mu / shape))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return log_gammainc(at["shape"].value, _standard(y, at, m), m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return log_gammaincc(at["shape"].value, _standard(y, at, m), m)


def _standard(y: Array, at: RowValues, m: Maths) -> Array:
    """Return y in units of the scale, which has the standard gamma distribution."""
    return m.exp(at["shape"].log + m.log(y) - at["mu"].log)
