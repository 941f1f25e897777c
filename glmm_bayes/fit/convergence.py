"""The draws of one parameter in, their Monte Carlo error, effective sample sizes and R-hat out.

ArviZ has the same numbers; it is not asked for them, since to import it takes longer than most fits.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from glmm_bayes.core.maths import Array

#: Of an effective sample size of the tails: that of the worse of these quantiles.
_TAILS = (0.05, 0.95)


def mcse_mean(draws: Array) -> float:
    """Return the Monte Carlo standard error of the mean of (chain, draw) draws."""
    return float(np.std(draws, ddof=1) / np.sqrt(_ess(_halves(draws))))


def ess_bulk(draws: Array) -> float:
    """Return the effective sample size of rank-normalized draws."""
    return _ess(_normal_scores(_halves(draws)))


def ess_tail(draws: Array) -> float:
    """Return the smaller of the effective sample sizes of the 5% and the 95% quantile."""
    sizes = [_ess(_halves(draws <= np.quantile(draws, tail))) for tail in _TAILS]
    return min(sizes)


def r_hat(draws: Array) -> float:
    """Return the larger R-hat of the rank-normalized halves of chains: of bulk and of tails."""
    halves = _halves(draws)
    folded = np.abs(halves - np.median(halves))
    bulk, tails = (_split_r_hat(_normal_scores(values)) for values in (halves, folded))
    return max(bulk, tails)


def _halves(draws: NDArray[np.generic]) -> Array:
    """Split each chain in two; a draw in the middle is left out."""
    half = draws.shape[1] // 2
    return np.vstack((draws[:, :half], draws[:, -half:])).astype(np.float64, copy=False)


def _normal_scores(draws: Array) -> Array:
    """Return the normal quantiles of ranks, of which equal draws share the mean."""
    _, place, count = np.unique(draws.ravel(), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks = (0.5 * (last + (last - count + 1)))[place]
    return np.asarray(ndtri((ranks - 0.375) / (draws.size + 0.25))).reshape(draws.shape)


def _split_r_hat(chains: Array) -> float:
    size = chains.shape[1]
    between = size * np.var(np.mean(chains, axis=1), ddof=1)
    within = np.mean(np.var(chains, axis=1, ddof=1))
    return float(np.sqrt((between / within + size - 1) / size))


def _ess(chains: Array) -> float:
    """Return the effective sample size by the initial monotone sequence of autocorrelations.

    References
    ----------
    Geyer (1992), Practical Markov chain Monte Carlo.
    """
    count, size = chains.shape
    if np.ptp(chains) < np.finfo(np.float64).resolution:
        return float(chains.size)
    covariance = np.mean(_autocovariance(chains).T.copy(), axis=1)
    within = covariance[0] * size / (size - 1.0)
    total = within * (size - 1.0) / size
    if count > 1:
        total += np.var(chains.mean(axis=1), ddof=1)
    correlation = 1.0 - (within - covariance) / total
    correlation[0] = 1.0
    if np.isnan(correlation).any():
        return np.nan
    time = max(_correlation_time(correlation), 1 / np.log10(count * size))
    return float(count * size / time)


def _autocovariance(chains: Array) -> Array:
    size = chains.shape[1]
    length = _smooth(2 * size)
    waves = np.fft.rfft(chains - chains.mean(axis=1, keepdims=True), n=length, axis=1)
    return np.asarray(np.fft.irfft(waves * np.conjugate(waves), n=length, axis=1)[:, :size] / size)


def _smooth(least: int) -> int:
    """Return the first whole number from ``least`` on without a prime factor above 5."""
    number = least
    while True:
        rest = number
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return number
        number += 1


def _correlation_time(correlation: Array) -> float:
    """Sum up autocorrelations as far as pairs of them are positive, no pair larger than the one before."""
    pairs = [correlation[:2]]
    while 2 * len(pairs) + 2 < len(correlation) and pairs[-1].sum() > 0.0:
        pairs.append(correlation[2 * len(pairs) : 2 * len(pairs) + 2].copy())
    *kept, last = pairs
    for before, pair in pairwise(kept):
        if pair.sum() > before.sum():
            pair[:] = before.sum() / 2.0
    final = last[0] if last[0] > 0.0 or last.sum() >= 0.0 else 0.0
    return float(-1.0 + 2.0 * np.sum(np.concatenate([*kept, []])) + final)
