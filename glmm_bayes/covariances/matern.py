"""Matern: the correlation of two points falls with their distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from glmm_bayes.covariances.base import Argument, Array, LevelCovariance
from glmm_bayes.spec.prior import Prior

#: Added to the diagonal: keeps the Cholesky factor of nearly equal points finite.
_NUGGET = 1e-8


class Matern(LevelCovariance):
    """A_jk = the Matern correlation of smoothness ``nu`` (0.5, 1.5 or 2.5) at the points' distance.

    With h = distance/range: exp(-h); (1 + sqrt(3) h) exp(-sqrt(3) h); (1 + sqrt(5) h + 5 h^2/3)
    exp(-sqrt(5) h). Each level has 1e-8 of variance of its own beside it. The default prior of
    ``range`` puts 95 % between the smallest and the largest distance of two points.

    References
    ----------
    Rasmussen and Williams (2006), Gaussian processes for machine learning, section 4.2.
    """

    name: ClassVar[str] = "matern"
    arguments: ClassVar[Mapping[str, Argument]] = {
        "coordinates": Argument("coordinates"),
        "nu": Argument("number", 1.5, (0.5, 1.5, 2.5)),
    }
    parameters: ClassVar[Mapping[str, str]] = {"range": "positive"}

    def prepare(self, matrices: Mapping[str, Array]) -> None:
        distances = pdist(matrices["coordinates"])
        if not (distances > 0).all():
            raise ValueError("must give every level a place of its own; two levels share one")
        self.extent = float(distances.min()), float(distances.max())
        self.distances = squareform(distances)

    @property
    def has_equal_variances(self) -> bool:
        return True

    def default_priors(self) -> Mapping[str, Prior]:
        near, far = np.log(self.extent)
        return {"range": Prior("LogNormal", mu=(near + far) / 2, sigma=max((far - near) / 4, 0.5))}

    def effects(self, name: str, size: int, parameters: Mapping[str, Any]) -> Any:
        import pymc as pm
        import pytensor.tensor as pt

        correlation = _correlation(self.distances / parameters["range"], self.options["nu"], pt)
        root = pt.linalg.cholesky(correlation + _NUGGET * np.eye(self.n_levels))
        return pt.dot(root, pm.Normal(name, shape=(self.n_levels, size)))

    def matrix(self, parameters: Mapping[str, float]) -> Array:
        scaled = self.distances / parameters["range"]
        return np.asarray(_correlation(scaled, self.options["nu"], np) + _NUGGET * np.eye(self.n_levels))

    def variance(self, parameters: Mapping[str, Array], members: NDArray[np.int64], weights: Array) -> Array:
        if members.shape[1] == 1:
            return np.asarray((1.0 + _NUGGET) * weights[:, 0] ** 2)[None]
        rows = []
        for value in parameters["range"]:
            chosen = self.matrix({"range": value})[members[:, :, None], members[:, None, :]]
            rows.append(np.einsum("rm,rn,rmn->r", weights, weights, chosen))
        return np.stack(rows)

    def row_variance(self, parameters: Mapping[str, Any], members: NDArray[np.int64], weights: Array) -> Any:
        import pytensor.tensor as pt

        if members.shape[1] == 1:
            return (1.0 + _NUGGET) * weights[:, 0] ** 2
        distances = self.distances[members[:, :, None], members[:, None, :]]
        chosen = _correlation(distances / parameters["range"], self.options["nu"], pt)
        products = weights[:, :, None] * weights[:, None, :]
        return (products * (chosen + _NUGGET * (distances == 0))).sum(axis=(1, 2))


def _correlation(scaled: Any, nu: float, module: Any) -> Any:
    if nu == 0.5:
        return module.exp(-scaled)
    h = np.sqrt(2.0 * nu) * scaled
    polynomial = 1.0 + h if nu == 1.5 else 1.0 + h + h**2 / 3.0
    return polynomial * module.exp(-h)
