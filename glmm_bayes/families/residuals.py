"""Residuals of a row that are correlated between responses: multivariate normal or t, by Cholesky.

Written once for the graph and for arrays of draws.
"""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.log_gammas import log_gamma_ratio
from glmm_bayes.core.maths import Array, Maths

_LOG_2PI = 1.8378770664093453
_LOG_PI = 1.1447298858494002


def log_density(
    y: Array, mu: Array, sigma: Array, chol: Array, nu: Array | None = None, *, size: int, m: Maths
) -> Array:
    """Return the log density of each row, whose scale matrix is ``diag(sigma) R diag(sigma)``.

    Parameters
    ----------
    y : array or graph variable, shape (row, response)
    mu, sigma : array or graph variable, shape (..., row, response)
    chol : array or graph variable, shape (..., response, response)
        Cholesky factor of R.
    nu : array or graph variable, shape (...), optional
        Degrees of freedom; the residuals are normal without.
    size : int
        Number of responses.
    m : Maths

    Returns
    -------
    array or graph variable, shape (..., row)
    """
    e = (y - mu) / sigma
    z: list[Array] = []
    log_root: Array = np.zeros(())
    square: Array = np.zeros(())
    for k in range(size):
        rest: Array = np.zeros(())
        for j in range(k):
            rest = rest + chol[..., k, j, None] * z[j]
        diagonal = chol[..., k, k, None]
        z.append((e[..., k] - rest) / diagonal)
        log_root = log_root + m.log(sigma[..., k]) + m.log(diagonal)
        square = square + z[k] * z[k]
    if nu is None:
        return -0.5 * (square + size * _LOG_2PI) - log_root
    nu = nu[..., None]
    constant = log_gamma_ratio(0.5 * nu, 0.5 * size, m) - 0.5 * size * (m.log(nu) + _LOG_PI)
    return constant - log_root - 0.5 * (nu + size) * m.log1p(square / nu)


def random_residuals(
    rng: np.random.Generator, mu: Array, sigma: Array, chol: Array, nu: Array | None = None
) -> Array:
    """Draw the responses of each row, shape (row, response)."""
    unit = rng.standard_normal(np.shape(mu)) @ np.asarray(chol).T
    if nu is not None:
        unit = unit / np.sqrt(rng.chisquare(nu, size=(len(unit), 1)) / nu)
    return np.asarray(mu + sigma * unit)
