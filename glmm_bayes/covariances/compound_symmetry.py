"""Compound symmetry: one correlation for every pair of effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from glmm_bayes.covariances.base import Argument, Array, EffectCovariance, scaled_beta
from glmm_bayes.spec.prior import Prior


class CompoundSymmetry(EffectCovariance):
    """One standard deviation and one correlation, which lies above ``-1/(effects - 1)``.

    ``heterogeneous = TRUE`` gives each effect a standard deviation of its own.
    """

    name: ClassVar[str] = "compound_symmetry"
    arguments: ClassVar[Mapping[str, Argument]] = {"heterogeneous": Argument("flag", False)}
    orders_levels: ClassVar[bool] = True

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return ((0, 1),)

    def correlation_root(self, name: str, prior: Prior) -> Any:
        import pytensor.tensor as pt

        rho = scaled_beta(name, prior["eta"], -1.0 / (self.size - 1))
        return pt.linalg.cholesky((1.0 - rho) * pt.eye(self.size) + rho * pt.ones((self.size, self.size)))

    def correlation(self, values: Array) -> Array:
        lower = -1.0 / (self.size - 1)
        rho = lower + (1.0 - lower) * float(values)
        return np.asarray((1.0 - rho) * np.eye(self.size) + rho)
