"""BYM2: a spatial and an independent part of the areas' effects, with the share of the spatial one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.covariances.base import STANDARD_NORMAL, Argument, SampledVariable, SumOfMatrices
from glmm_bayes.covariances.neighbours import laplacian_root, mean_variance
from glmm_bayes.spec.editions import CURRENT, scales_each_part
from glmm_bayes.spec.prior import Prior


class BYM2(SumOfMatrices):
    """A = (1 - share) I + share (D - W)^-/s, with s the geometric mean of a part's intrinsic variances.

    So the standard deviation is that of the areas' effects, near enough the same on every map, and in
    each connected part of it. An area without a neighbour has the independent part alone.

    References
    ----------
    Riebler, Sorbye, Simpson and Rue (2016), An intuitive Bayesian spatial model for disease mapping
    that accounts for scaling. Freni-Sterrantino, Ventrucci and Rue (2018), A note on intrinsic conditional
    autoregressive models for disconnected graphs.
    """

    name: ClassVar[str] = "bym2"
    arguments: ClassVar[Mapping[str, Argument]] = {"graph": Argument("graph")}
    parameters: ClassVar[Mapping[str, str]] = {"share": "unit"}
    meanings: ClassVar[Mapping[str, str]] = {"share": "spatial share of the variance"}
    allows_islands: ClassVar[bool] = True

    def prepare(self, matrices: Mapping[str, Array]) -> None:
        # Scales are those of whole parts; areas without rows come last.
        each = scales_each_part(int(self.options.get("edition", CURRENT)))
        root = laplacian_root(matrices["graph"], is_scaled=each)
        self.root = root[: self.n_levels] if each else root[: self.n_levels] / np.sqrt(mean_variance(root))

    def default_priors(self) -> Mapping[str, Prior]:
        return {"share": Prior("Uniform", lower=0.0, upper=1.0)}

    def sampled(self, size: int) -> tuple[SampledVariable, ...]:
        return (
            SampledVariable("", STANDARD_NORMAL, (self.n_levels, size)),
            SampledVariable("_spatial", STANDARD_NORMAL, (self.root.shape[1], size)),
        )

    def effects(self, values: Sequence[Array], parameters: Mapping[str, Numbers], m: Maths = NUMPY) -> Array:
        independent, spatial = values
        share = parameters["share"]
        return m.sqrt(1.0 - share) * independent + m.sqrt(share) * m.matmul(self.root, spatial)

    def weighted_matrices(self, parameters: Mapping[str, Numbers]) -> list[tuple[Numbers, Array]]:
        share = parameters["share"]
        return [(1.0 - share, np.eye(self.n_levels)), (share, np.asarray(self.root @ self.root.T))]
