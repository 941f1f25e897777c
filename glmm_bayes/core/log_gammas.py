"""Logs of gamma functions and of laws made of them, for arrays and graphs, whose large terms are gone.

log Gamma(y + a) - log Gamma(a) loses all its digits where ``a`` is large, and so does y log(mu) - mu - log y!
where ``y`` is. Here each gamma function is Stirling's formula with Binet's remainder, the large terms are
put together by hand, and what is left are deviances, which are small where they are to be (Loader 2000).

References
----------
Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.maths import Array, Maths, Numbers

#: Of a share and of its complement.
Pair = tuple[Numbers, Numbers]

_HALF_LOG_2PI = 0.9189385332046727
#: Binet's remainder is three terms of a series in 1/x from here on, good to 3e-14.
_LARGE = 30.0
_BINET = (1 / 12, -1 / 360, 1 / 1260)
#: Above it log Gamma(1 + x) itself has its digits.
_SMALL = 0.25
_ONE_MINUS_EULER = 0.42278433509846713
#: zeta(k) - 1 for k = 2, ..., 18.
_ZETA = (
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993,
    0.01734306198444914, 0.00834927738192283, 0.00407735619794434, 0.00200839282608221,
    0.0009945751278180853, 0.0004941886041194646, 0.00024608655330804830, 0.00012271334757848915,
    6.124813505870483e-05, 3.0588236307020493e-05, 1.5282259408651872e-05, 7.6371976378997626e-06,
    3.817293264999840e-06,
)  # fmt: skip
#: Above 0, so that a quotient whose shape and mean are both 0 to the last digit is a number.
_TINY = np.float64(1e-300)
_HUGE = np.float64(1e300)
_LEAST_LOG_SIZE = -200.0
#: A size that no count tells from an infinite one.
_POISSON = np.float64(1e100)
_LOG_POISSON = float(np.log(_POISSON))


def binet(x: Numbers, log_x: Numbers, m: Maths) -> Array:
    """Return log Gamma(x) less Stirling's (x - 1/2) log x - x + log(2 pi)/2, for x of at least 0."""
    # Each branch sees its own side only: the gradient of the other must be finite, too.
    near, inverse = m.minimum(x, _LARGE), 1.0 / m.maximum(x, _LARGE)
    # Gamma(x) is Gamma(1 + x)/x, whose log is finite where x is 0 to the last digit but its log is known.
    small = m.gammaln(1.0 + near) - (near + 0.5) * log_x + (near - _HALF_LOG_2PI)
    return m.where(x < _LARGE, small, _binet_series(inverse))


def _binet_series(inverse: Array) -> Array:
    """Return Binet's remainder at 1/x, x large."""
    square = inverse * inverse
    return inverse * (_BINET[0] + square * (_BINET[1] + square * _BINET[2]))


def excess(d: Numbers, m: Maths) -> Array:
    """Return d - (exp(d) - 1), at most 0: -d^2/2 near 0."""
    return d - m.expm1(d)


def log_gamma_ratio(a: Numbers, step: Numbers, m: Maths) -> Array:
    """Return log Gamma(a + step) - log Gamma(a) for a above 0 and steps of at least 0."""
    total = a + step
    log_a, log_total = m.log(a), m.log(total)
    powers = (a - 0.5) * m.log1p(step / a) + step * (log_total - 1.0)
    return powers + binet(total, log_total, m) - binet(a, log_a, m)


def log_gamma_1p(x: Numbers, m: Maths) -> Array:
    """Return log Gamma(1 + x) for x of at least 0, with all digits where x is small."""
    near = m.minimum(x, _SMALL)
    series: Numbers = 0.0
    for order in range(len(_ZETA) + 1, 1, -1):
        series = (series + (-1.0) ** order * _ZETA[order - 2] / order) * near
    series = near * (_ONE_MINUS_EULER + series) - m.log1p(near)
    return m.where(x < _SMALL, series, m.gammaln(1.0 + m.maximum(x, _SMALL)))


def log_factorial_rest(y: Numbers, m: Maths) -> Array:
    """Return log y! less y log y - y, for y of at least 0: what is left of a factorial in a deviance."""
    some = m.maximum(y, 1.0)
    log_some = m.log(some)
    near, inverse = m.minimum(some, _LARGE), 1.0 / m.maximum(some, _LARGE)
    small = m.where(y > 0, m.gammaln(1.0 + near) - near * log_some + near, 0.0)
    return m.where(y < _LARGE, small, 0.5 * log_some + (_HALF_LOG_2PI + _binet_series(inverse)))


def log_poisson(y: Numbers, mu: Numbers, log_mu: Numbers, m: Maths) -> Array:
    """Return the log probability of a count ``y`` of mean ``mu``."""
    some = m.where(y > 0, y, 1.0)
    log_probability = some * excess(log_mu - m.log(some), m) - log_factorial_rest(some, m)
    return m.where(y > 0, log_probability, -mu)


def log_negative_binomial(y: Numbers, mu: Numbers, size: Numbers, log_size: Numbers, m: Maths) -> Array:
    """Return the log probability of a count ``y`` of mean ``mu`` and variance ``mu + mu^2/size``.

    ``size`` may be 0 or so large that the law is Poisson's, to the last digit.
    """
    # Beyond it the law is Poisson's; squares, which gradients of quotients have, stay finite.
    size, log_size = m.minimum(size, _POISSON), m.minimum(log_size, _LOG_POISSON)
    low, high = m.minimum(mu, y), m.maximum(mu, y)
    gap = high - low
    # log((size + mu) / (size + y)) and log(mu (size + y) / (y (size + mu))), both of the sign of mu - y.
    of_size = m.log1p(m.minimum(gap / m.maximum(size + low, _TINY), _HUGE))
    share = size / m.maximum(size + high, _TINY)
    of_mean = m.log1p(share * m.minimum(gap / m.maximum(m.where(y > 0, low, 1.0), _TINY), _HUGE))
    deviance = y * of_mean - size * of_size
    rising = m.where(y > 0, _rising_rest(m.maximum(y, 1.0), size, log_size, m), 0.0)
    return m.where(mu > y, deviance, -deviance) + rising - log_factorial_rest(y, m)


def log_beta_binomial(
    y: Numbers, n: Numbers, log_mu: Numbers, log_rest: Numbers, phi: Numbers, log_phi: Numbers, m: Maths
) -> Array:
    """Return the log probability of ``y`` successes in ``n`` trials, whose probability is a beta number.

    It is that of two negative binomial counts, of sizes mu phi and (1 - mu) phi, given their sum, which
    is a negative binomial count of size phi; all three at their most probable odds, n/phi.
    """
    trials = m.maximum(n, 1.0)
    log_joint: Numbers = 0.0
    for count, log_p in ((y, log_mu), (n - y, log_rest)):
        # Below this size the log probability of a count is a line in log p, to the last digit, while squares
        # of sizes, which gradients divide by, are no numbers soon.
        safe = m.maximum(log_p, _LEAST_LOG_SIZE - log_phi)
        log_size = safe + log_phi
        log_joint = log_joint + log_negative_binomial(count, n * m.exp(safe), m.exp(log_size), log_size, m)
        log_joint = log_joint + m.where(count > 0, log_p - safe, 0.0)
    of_sum = _rising_rest(trials, phi, log_phi, m) - log_factorial_rest(n, m)
    return log_joint - m.where(n > 0, of_sum, 0.0)


def log_beta_density(
    y: Numbers, log_mu: Numbers, log_rest: Numbers, phi: Numbers, log_phi: Numbers, m: Maths
) -> Array:
    """Return the log density of a beta number of mean ``mu`` and precision ``phi``, 0 < y < 1."""
    log_y, log_other = m.log(y), m.log1p(-y)
    kernel = beta_kernel((log_y, log_other), (log_mu, log_rest), phi, log_phi, m)
    return kernel - log_y - log_other


def beta_kernel(logs: Pair, log_means: Pair, total: Numbers, log_total: Numbers, m: Maths) -> Array:
    """Return log(x^a (1 - x)^b / B(a, b)).

    Parameters
    ----------
    logs : pair of array
        Logs of x and of 1 - x.
    log_means : pair of array
        Logs of a/(a + b) and of b/(a + b).
    total, log_total : array
        a + b and its log.
    """
    result = binet(total, log_total, m) - 0.5 * log_total - _HALF_LOG_2PI
    rounding: list[Array] = []
    reach: Numbers = 0.0
    for log_x, log_p in zip(logs, log_means, strict=True):
        log_size, d = log_p + log_total, log_x - log_p
        size = m.exp(log_size)
        result = result + size * d + 0.5 * log_size - binet(size, log_size, m)
        reach = m.maximum(reach, m.abs(d))
        rounding.append(size * m.expm1(m.minimum(m.maximum(d, -1.0), 1.0)))
    # a (x/p - 1) + b ((1 - x)/(1 - p) - 1) is 0 for p = a/(a + b), but for the rounding of both sums.
    return result - m.constant(m.where(reach < 1.0, rounding[0] + rounding[1], 0.0))


def log_gamma_kernel(a: Numbers, log_a: Numbers, log_ratio: Numbers, m: Maths) -> Array:
    """Return log(x^a exp(-x) / Gamma(a)) at x = a exp(log_ratio)."""
    return a * excess(log_ratio, m) + 0.5 * log_a - _HALF_LOG_2PI - binet(a, log_a, m)


def _rising_rest(y: Numbers, size: Numbers, log_size: Numbers, m: Maths) -> Array:
    """Return log(Gamma(size + y) / Gamma(size)) less the powers that a deviance takes, for y above 0."""
    total = size + y
    log_total = m.log(total)
    return 0.5 * (log_size - log_total) + binet(total, log_total, m) - binet(size, log_size, m)
