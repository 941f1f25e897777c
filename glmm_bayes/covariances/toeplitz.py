"""Toeplitz: a correlation for each distance between times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths, Numbers
from glmm_bayes.covariances.base import Argument, EffectCovariance, SampledVariable, beta_of, moved
from glmm_bayes.spec.prior import Prior


class Toeplitz(EffectCovariance):
    """One standard deviation and one correlation for each lag.

    What is sampled are partial autocorrelations, each free in (-1, 1); the recursion of Levinson and
    Durbin turns them into autocorrelations, so that every matrix is positive definite.

    References
    ----------
    Barndorff-Nielsen and Schou (1973), On the parametrization of autoregressive models by partial
    autocorrelations.
    """

    name: ClassVar[str] = "toeplitz"
    takes_equal_steps: ClassVar[bool] = True
    is_residual_like: ClassVar[bool] = True
    arguments: ClassVar[Mapping[str, Argument]] = {"heterogeneous": Argument("flag", False)}
    orders_levels: ClassVar[bool] = True

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return tuple((0, lag) for lag in range(1, self.size))

    def sampled(self, prior: Prior) -> tuple[SampledVariable, ...]:
        return (beta_of(prior, (self.size - 1,)),)

    def root(self, values: Sequence[Array], m: Maths = NUMPY) -> Array:
        partial = moved(values[0], -1.0)
        by_lag = m.stack(_autocorrelations([partial[lag] for lag in range(self.size - 1)]))
        ranks = np.arange(self.size)
        return m.cholesky(by_lag[np.abs(ranks[:, None] - ranks[None, :])])


def _autocorrelations(partial: list[Array]) -> list[Array]:
    """Return the autocorrelations at lags 0, 1, ... of the process with these partial ones."""
    result = [0.0 * partial[0] + 1.0]
    coefficients: list[Array] = []
    variance = result[0]
    for phi in partial:
        lag = len(coefficients)
        carried: Numbers = sum((coefficients[k] * result[lag - k] for k in range(lag)), 0.0)
        result.append(phi * variance + carried)
        coefficients = [coefficients[k] - phi * coefficients[lag - 1 - k] for k in range(lag)] + [phi]
        variance = variance * (1.0 - phi**2)
    return result
