"""First-order autoregression: the correlation of two times is rho to the power of their distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.covariances.base import Argument, EffectCovariance, SampledVariable, beta_of, moved
from glmm_bayes.spec.prior import Prior


class AR1(EffectCovariance):
    """One standard deviation and the correlation of neighbouring times.

    Levels that are whole numbers keep their distances: times 1, 2, 4 have correlations rho, rho^2 and
    rho^3. ``heterogeneous = TRUE`` gives each time a standard deviation of its own.
    """

    name: ClassVar[str] = "ar1"
    arguments: ClassVar[Mapping[str, Argument]] = {"heterogeneous": Argument("flag", False)}
    orders_levels: ClassVar[bool] = True

    @property
    def steps(self) -> Array:
        """Distances of neighbouring times, in units of the greatest step that divides them all."""
        gaps = np.rint(np.diff(self.positions)).astype(np.int64)
        return np.asarray(gaps / np.gcd.reduce(gaps), np.float64)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        closest = int(np.argmin(self.steps))
        return ((closest, closest + 1),)

    def sampled(self, prior: Prior) -> tuple[SampledVariable, ...]:
        return (beta_of(prior),)

    def root(self, values: Sequence[Array], m: Maths = NUMPY) -> Array:
        rho = moved(values[0], -1.0)
        times = np.concatenate([[0.0], np.cumsum(self.steps)])
        distances = np.abs(times[:, None] - times[None, :])
        # The derivative of rho^0 is not a number at rho = 0.
        powers = m.where(distances > 0, rho ** np.maximum(distances, 1.0), 1.0)
        # Given the time before, a time depends on no earlier one: its own part has this variance.
        steps = np.concatenate([[1.0], self.steps])
        innovation_sd = m.where(np.arange(self.size) > 0, m.sqrt(1.0 - rho ** (2.0 * steps)), 1.0)
        return m.where(np.tri(self.size, dtype=bool), powers, 0.0) * innovation_sd[None, :]
