"""Unstructured: any correlation matrix, with an LKJ prior (Lewandowski, Kurowicka and Joe 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.covariances.base import EffectCovariance, SampledVariable
from glmm_bayes.spec.prior import Prior


class Unstructured(EffectCovariance):
    """A standard deviation for each effect and a correlation for each pair."""

    name: ClassVar[str] = "unstructured"
    fits_any_coding: ClassVar[bool] = True
    is_plain: ClassVar[bool] = True
    is_residual_like: ClassVar[bool] = True

    def sampled(self, prior: Prior) -> tuple[SampledVariable, ...]:
        return (SampledVariable("", prior, (self.size, self.size)),) if self.size > 1 else ()

    def root(self, values: Sequence[Array], m: Maths = NUMPY) -> Array:
        return values[0] if values else np.eye(self.size)
