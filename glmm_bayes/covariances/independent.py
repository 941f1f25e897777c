"""Independent levels: what a grouping factor means unless something else is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.covariances.base import STANDARD_NORMAL, LevelCovariance, SampledVariable


class Independent(LevelCovariance):
    """A = I."""

    name: ClassVar[str] = "independent"
    is_independent: ClassVar[bool] = True

    def prepare(self, matrices: Mapping[str, Array]) -> None:
        """Nothing is known."""

    @property
    def has_equal_variances(self) -> bool:
        return True

    def sampled(self, size: int) -> tuple[SampledVariable, ...]:
        return (SampledVariable("", STANDARD_NORMAL, (self.n_levels, size)),)

    def effects(self, values: Sequence[Array], parameters: Mapping[str, Numbers], m: Maths = NUMPY) -> Array:
        return values[0]

    def matrix(self, parameters: Mapping[str, float]) -> Array:
        return np.eye(self.n_levels)

    def variance(self, parameters: Mapping[str, Array], members: NDArray[np.int64], weights: Array) -> Array:
        return np.asarray(self.row_variance(parameters, members, weights))[None]

    def row_variance(
        self, parameters: Mapping[str, Numbers], members: NDArray[np.int64], weights: Array, m: Maths = NUMPY
    ) -> Array:
        # Members that are the same level add up their weights; no matrix of the levels is needed.
        same = members[:, :, None] == members[:, None, :]
        return np.asarray(np.einsum("rm,rn,rmn->r", weights, weights, same.astype(np.float64)))
