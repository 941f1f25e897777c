"""Unstructured: any correlation matrix, with an LKJ prior (Lewandowski, Kurowicka and Joe 2009)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from glmm_bayes.covariances.base import Array, EffectCovariance
from glmm_bayes.spec.prior import Prior


class Unstructured(EffectCovariance):
    """A standard deviation for each effect and a correlation for each pair."""

    name: ClassVar[str] = "unstructured"

    def correlation_root(self, name: str, prior: Prior) -> Any:
        import pymc as pm
        import pytensor.tensor as pt

        if self.size == 1:
            return pt.eye(1)
        # Under its default arguments PyMC's variable is the Cholesky factor.
        return pm.LKJCorr(name, n=self.size, eta=prior["eta"])

    def correlation(self, values: Array) -> Array:
        return np.asarray(values @ values.T) if self.size > 1 else np.eye(1)
