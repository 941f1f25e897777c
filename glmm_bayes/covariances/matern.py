"""Matern: the correlation of two points falls with their distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.covariances.base import STANDARD_NORMAL, Argument, LevelCovariance, SampledVariable
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
    meanings: ClassVar[Mapping[str, str]] = {"range": "distance over which the correlation falls"}

    def prepare(self, matrices: Mapping[str, Array]) -> None:
        from scipy.spatial.distance import pdist, squareform

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

    def sampled(self, size: int) -> tuple[SampledVariable, ...]:
        return (SampledVariable("", STANDARD_NORMAL, (self.n_levels, size)),)

    def effects(self, values: Sequence[Array], parameters: Mapping[str, Numbers], m: Maths = NUMPY) -> Array:
        return m.matmul(m.cholesky(self._covariance(self.distances, parameters, m)), values[0])

    def matrix(self, parameters: Mapping[str, float]) -> Array:
        return np.asarray(self._covariance(self.distances, parameters, NUMPY))

    def _covariance(self, distances: Array, parameters: Mapping[str, Numbers], m: Maths) -> Array:
        h = np.sqrt(2.0 * self.options["nu"]) * (distances / parameters["range"])
        polynomials: dict[float, Numbers] = {0.5: 1.0, 1.5: 1.0 + h, 2.5: 1.0 + h + h**2 / 3.0}
        return polynomials[self.options["nu"]] * m.exp(-h) + np.where(distances == 0, _NUGGET, 0.0)

    def variance(self, parameters: Mapping[str, Array], members: NDArray[np.int64], weights: Array) -> Array:
        if members.shape[1] == 1:
            return np.asarray(self.row_variance({}, members, weights))[None]
        each = ({"range": value} for value in parameters["range"])
        return np.stack([self.row_variance(of_draw, members, weights) for of_draw in each])

    def row_variance(
        self, parameters: Mapping[str, Numbers], members: NDArray[np.int64], weights: Array, m: Maths = NUMPY
    ) -> Array:
        if members.shape[1] == 1:
            return (1.0 + _NUGGET) * weights[:, 0] ** 2
        distances = self.distances[members[:, :, None], members[:, None, :]]
        products = weights[:, :, None] * weights[:, None, :]
        return (products * self._covariance(distances, parameters, m)).sum(axis=(1, 2))
