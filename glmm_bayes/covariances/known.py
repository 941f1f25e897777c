"""A known covariance of the levels: pedigrees, phylogenies, kinship; ``gr(g, cov = K)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.covariances.base import STANDARD_NORMAL, Argument, SampledVariable, SumOfMatrices

#: Eigenvalues below this share of the largest are rounding.
_TOLERANCE = 1e-10


class Known(SumOfMatrices):
    """A = K, a symmetric matrix without negative eigenvalues; the sd is in units of K's diagonal."""

    name: ClassVar[str] = "known"
    arguments: ClassVar[Mapping[str, Argument]] = {"cov": Argument("matrix")}

    def prepare(self, matrices: Mapping[str, Array]) -> None:
        self.covariance = np.asarray(matrices["cov"])
        values, vectors = np.linalg.eigh(self.covariance)
        if not self.covariance.any():
            raise ValueError("must hold a variance above 0, found zeros only")
        if values[0] < -_TOLERANCE * abs(values[-1]):
            raise ValueError(f"must have no negative eigenvalue, found {values[0]:.4g}")
        # Levels that are copies of each other leave directions without variance: those are not sampled.
        kept = values > _TOLERANCE * values[-1]
        self.root = vectors[:, kept] * np.sqrt(values[kept])

    @property
    def has_equal_variances(self) -> bool:
        return False

    def sampled(self, size: int) -> tuple[SampledVariable, ...]:
        return (SampledVariable("", STANDARD_NORMAL, (self.root.shape[1], size)),)

    def effects(self, values: Sequence[Array], parameters: Mapping[str, Numbers], m: Maths = NUMPY) -> Array:
        return m.matmul(self.root, values[0])

    def weighted_matrices(self, parameters: Mapping[str, Numbers]) -> list[tuple[Numbers, Array]]:
        return [(1.0, self.covariance)]
