"""Intrinsic conditional autoregression: an area is normal around the mean of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.covariances.base import STANDARD_NORMAL, Argument, SampledVariable, SumOfMatrices
from glmm_bayes.covariances.neighbours import laplacian_root


class ICAR(SumOfMatrices):
    """A = (D - W)^-, the generalised inverse: effects add up to zero in each connected part of the map.

    The standard deviation is that of Besag's conditional law: an area with n neighbours has the
    variance ``sd^2/n`` given them. It is not the sd of the areas' effects, which depends on the map.

    References
    ----------
    Besag, York and Mollie (1991), Bayesian image restoration, with two applications in spatial
    statistics.
    """

    name: ClassVar[str] = "icar"
    arguments: ClassVar[Mapping[str, Argument]] = {"graph": Argument("graph")}

    def prepare(self, matrices: Mapping[str, Array]) -> None:
        # Areas without rows come last: they shape the map, and have no effects of their own.
        self.root = laplacian_root(matrices["graph"])[: self.n_levels]

    def sampled(self, size: int) -> tuple[SampledVariable, ...]:
        return (SampledVariable("", STANDARD_NORMAL, (self.root.shape[1], size)),)

    def effects(self, values: Sequence[Array], parameters: Mapping[str, Numbers], m: Maths = NUMPY) -> Array:
        return m.matmul(self.root, values[0])

    def weighted_matrices(self, parameters: Mapping[str, Numbers]) -> list[tuple[Numbers, Array]]:
        return [(1.0, np.asarray(self.root @ self.root.T))]
