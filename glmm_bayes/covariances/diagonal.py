"""Diagonal: the effects of a level are independent, each with a standard deviation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.covariances.base import Argument, EffectCovariance


class Diagonal(EffectCovariance):
    """What ``||`` writes for effects that are numbers; ``heterogeneous = FALSE`` gives all one sd."""

    name: ClassVar[str] = "diagonal"
    is_plain: ClassVar[bool] = True
    is_residual_like: ClassVar[bool] = True
    arguments: ClassVar[Mapping[str, Argument]] = {"heterogeneous": Argument("flag", True)}

    @property
    def has_one_sd(self) -> bool:
        return self.size > 1 and not self.options.get("heterogeneous", True)

    @property
    def is_correlated(self) -> bool:
        return False

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return ()

    def root(self, values: Sequence[Array], m: Maths = NUMPY) -> Array:
        return np.eye(self.size)
