"""Gaussian: numbers with a residual standard deviation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.numbers import RealFamily
from glmm_bayes.families.traits import CONSTANT_VARIANCE, Notation, Traits, WorkingVariance

_LOG_ROOT_2PI = 0.9189385332046727


class Gaussian(RealFamily):
    """Normal with mean ``mu`` and standard deviation ``sigma``."""

    name: ClassVar[str] = "gaussian"
    notation: ClassVar[Notation] = Notation("Normal(mu[i], sigma^2)", r"\mathrm{Normal}(\mu_i, \sigma^2)")
    auxiliaries: ClassVar[tuple[str, ...]] = ("sigma",)
    traits: ClassVar[Traits] = Traits(is_exponential=True, is_elliptical=True)
    working_variance: ClassVar[WorkingVariance | None] = CONSTANT_VARIANCE

    def has_normal_residual(self, link: Link) -> bool:
        return link.name == "identity"

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        z = (y - at["mu"].value) / at["sigma"].value
        return -0.5 * z * z - at["sigma"].log - _LOG_ROOT_2PI

    def variance(self, at: RowValues) -> Array:
        shape = np.broadcast_shapes(np.shape(at["mu"].eta), np.shape(at["sigma"].eta))
        return np.broadcast_to(at["sigma"].value ** 2, shape)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, sigma = np.broadcast_arrays(at["mu"].value, at["sigma"].value)
        return mu + sigma * rng.standard_normal(mu.shape)

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return m.log_normal_cdf((y - at["mu"].value) / at["sigma"].value)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return m.log_normal_cdf((at["mu"].value - y) / at["sigma"].value)
