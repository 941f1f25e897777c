"""Compound symmetry: one correlation for every pair of effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.covariances.base import Argument, EffectCovariance, SampledVariable, beta_of, moved
from glmm_bayes.spec.prior import Prior


class CompoundSymmetry(EffectCovariance):
    """One standard deviation and one correlation, which lies above ``-1/(effects - 1)``.

    ``heterogeneous = TRUE`` gives each effect a standard deviation of its own.
    """

    name: ClassVar[str] = "compound_symmetry"
    is_residual_like: ClassVar[bool] = True
    arguments: ClassVar[Mapping[str, Argument]] = {"heterogeneous": Argument("flag", False)}
    orders_levels: ClassVar[bool] = True

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return ((0, 1),)

    def sampled(self, prior: Prior) -> tuple[SampledVariable, ...]:
        return (beta_of(prior),)

    def root(self, values: Sequence[Array], m: Maths = NUMPY) -> Array:
        rho = moved(values[0], -1.0 / (self.size - 1))
        return m.cholesky((1.0 - rho) * np.eye(self.size) + rho * np.ones((self.size, self.size)))
