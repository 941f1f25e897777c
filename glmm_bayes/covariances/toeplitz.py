"""Toeplitz: a correlation for each distance between times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from glmm_bayes.covariances.base import Argument, Array, EffectCovariance, scaled_beta
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
    arguments: ClassVar[Mapping[str, Argument]] = {"heterogeneous": Argument("flag", False)}
    orders_levels: ClassVar[bool] = True

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return tuple((0, lag) for lag in range(1, self.size))

    def correlation_root(self, name: str, prior: Prior) -> Any:
        import pytensor.tensor as pt

        partial = scaled_beta(name, prior["eta"], -1.0, shape=self.size - 1)
        by_lag = pt.stack(_autocorrelations([partial[lag] for lag in range(self.size - 1)], pt))
        return pt.linalg.cholesky(by_lag[self._lags()])

    def _lags(self) -> Any:
        ranks = np.arange(self.size)
        return np.abs(ranks[:, None] - ranks[None, :])

    def correlation(self, values: Array) -> Array:
        partial = [np.float64(value) for value in 2.0 * np.atleast_1d(values) - 1.0]
        return np.asarray(np.stack(_autocorrelations(partial, np))[self._lags()])


def _autocorrelations(partial: list[Any], module: Any) -> list[Any]:
    """Return the autocorrelations at lags 0, 1, ... of the process with these partial ones."""
    result = [module.ones_like(partial[0])]
    coefficients: list[Any] = []
    variance = result[0]
    for own in partial:
        lag = len(coefficients)
        carried: Any = sum((coefficients[k] * result[lag - k] for k in range(lag)), 0.0)
        result.append(own * variance + carried)
        coefficients = [coefficients[k] - own * coefficients[lag - 1 - k] for k in range(lag)] + [own]
        variance = variance * (1.0 - own**2)
    return result
