"""Diagonal: the effects of a level are independent, each with a standard deviation of its own."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from glmm_bayes.graph.covariances.base import Array, EffectCovariance
from glmm_bayes.spec.prior import Prior


class Diagonal(EffectCovariance):
    """What ``||`` writes for effects that are numbers."""

    name: ClassVar[str] = "diagonal"

    @property
    def is_correlated(self) -> bool:
        return False

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return ()

    def correlation_root(self, name: str, prior: Prior) -> Any:
        import pytensor.tensor as pt

        return pt.eye(self.size)

    def correlation(self, values: Array) -> Array:
        return np.eye(self.size)
