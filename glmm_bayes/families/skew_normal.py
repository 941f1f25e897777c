"""Skew normal: numbers whose distribution leans to one side."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.numbers import RealFamily
from glmm_bayes.families.traits import CONSTANT_VARIANCE, Notation, WorkingVariance

_LOG_ROOT_HALF_PI = 0.22579135264472744
_ROOT_2_OVER_PI = 0.7978845608028654


class SkewNormal(RealFamily):
    """Skew normal (Azzalini 1985) with mean ``mu``, standard deviation ``sigma`` and slant ``alpha``.

    Positive ``alpha`` gives the long tail to large values; 0 is the normal.
    """

    name: ClassVar[str] = "skew_normal"
    notation: ClassVar[Notation] = Notation(
        "SkewNormal(mean mu[i], sd sigma, alpha)",
        r"\mathrm{SkewNormal}(\mathrm{mean} = \mu_i, \mathrm{sd} = \sigma, \alpha)",
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("sigma", "alpha")
    working_variance: ClassVar[WorkingVariance | None] = CONSTANT_VARIANCE

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        alpha = at["alpha"].value
        centre, log_scale = _centre_and_log_scale(alpha, m)
        z = centre + (y - at["mu"].value) / at["sigma"].value * m.exp(-log_scale)
        # log 2 - log sqrt(2 pi) is minus log sqrt(pi / 2).
        kernel = m.log_normal_cdf(alpha * z) - 0.5 * z * z - _LOG_ROOT_HALF_PI
        return kernel - at["sigma"].log - log_scale

    def variance(self, at: RowValues) -> Array:
        shape = np.broadcast_shapes(*(np.shape(at[name].eta) for name in ("mu", "sigma", "alpha")))
        return np.broadcast_to(at["sigma"].value ** 2, shape)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, sigma, alpha = np.broadcast_arrays(*(at[name].value for name in ("mu", "sigma", "alpha")))
        centre, log_scale = _centre_and_log_scale(alpha, NUMPY)
        one, other = rng.standard_normal((2, *mu.shape))
        z = (alpha * np.abs(one) + other) / np.sqrt(1.0 + alpha * alpha)
        return np.asarray(mu + sigma * (z - centre) * np.exp(log_scale))


def _centre_and_log_scale(alpha: Array, m: Maths) -> tuple[Array, Array]:
    """Return the mean and minus the log of the sd of the standard skew normal."""
    centre = _ROOT_2_OVER_PI * alpha / m.sqrt(1.0 + alpha * alpha)
    return centre, -0.5 * m.log1p(-centre * centre)
