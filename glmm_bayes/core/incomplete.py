"""Logs of incomplete gamma and beta functions, for arrays and for graphs, that keep both tails.

The smaller of the two tails is computed; where it underflows, a continued fraction gives its log. What
a branch does not use it is not asked for: the gradient there could be that of log 0.
"""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.log_gammas import beta_kernel, log_gamma_kernel
from glmm_bayes.core.maths import Array, Booleans, Maths, Numbers

#: Below this a tail is near its underflow.
_SMALLEST = 1e-290
_TINY = 1e-300
#: Of the continued fractions: enough for 9 digits of the log wherever a tail is as small as that.
_LEVELS = 2
#: A first or second argument that is not computed with beyond.
_LARGEST = 1e15


def log_gammainc(a: Numbers, x: Numbers, m: Maths) -> Array:
    """Return log P(a, x)."""
    lower = m.gammainc(a, x)
    upper = m.gammaincc(a, m.where(lower > 0.5, x, a))
    near = m.where(lower > 0.5, m.log1p(-upper), m.log(m.gammainc(a, m.where(lower > _SMALLEST, x, a))))
    return m.where(lower > _SMALLEST, near, _log_small_lower(a, x, m))


def log_gammaincc(a: Numbers, x: Numbers, m: Maths) -> Array:
    """Return log Q(a, x)."""
    upper = m.gammaincc(a, x)
    lower = m.gammainc(a, m.where(upper > 0.5, x, a))
    near = m.where(upper > 0.5, m.log1p(-lower), m.log(m.gammaincc(a, m.where(upper > _SMALLEST, x, a))))
    return m.where(upper > _SMALLEST, near, _log_small_upper(a, x, m))


def log_betainc(a: Numbers, b: Numbers, x: Numbers, rest: Numbers, m: Maths) -> Array:
    """Return log I_x(a, b), where ``rest`` is 1 - x with all its digits."""
    share = m.betainc(a, b, x)
    is_small, is_large = share < _SMALLEST, share > 0.5
    # I_x(a, b) = 1 - I_rest(b, a).
    first, second = m.where(is_large, b, a), m.where(is_large, a, b)
    place = m.where(is_small, a / (a + b), m.where(is_large, m.maximum(rest, _TINY), x))
    tail = m.betainc(first, second, place)
    near = m.where(is_large, m.log1p(-m.minimum(tail, 0.75)), m.log(m.maximum(tail, _SMALLEST)))
    return m.where(is_small, _log_small_beta(a, b, x, rest, m), near)


def log_betainc_first(a: Numbers, b: Numbers, x: Numbers, rest: Numbers, m: Maths) -> Array:
    """Return log I_x(a, b), whose ``a`` may be so large that 1 - x has no digits in x."""
    is_large, u = _gamma_limit(a, b, rest, m)
    direct = log_betainc(m.minimum(a, _LARGEST), b, x, rest, m)
    return m.where(is_large, log_gammaincc(b, u, m), direct)


def log_betainc_second(a: Numbers, b: Numbers, x: Numbers, rest: Numbers, m: Maths) -> Array:
    """Return log I_x(a, b), whose ``b`` may be so large that x has no digits in 1 - x."""
    is_large, u = _gamma_limit(b, a, x, m)
    direct = log_betainc(a, m.minimum(b, _LARGEST), x, rest, m)
    return m.where(is_large, log_gammainc(a, u, m), direct)


def _gamma_limit(large: Numbers, other: Numbers, rest: Numbers, m: Maths) -> tuple[Booleans, Array]:
    """Tell where I_x(large, other) is Q(other, u) to more digits than it has itself, and give u.

    It is the first term of DiDonato and Morris (1992), section 9; what is left out is of the size of
    other^3/large^2, and of other (1 - x)^2.
    """
    total = large + 0.5 * (other - 1.0)
    enough = m.where(other * rest * rest < 1e-9, 1e5 * other * m.sqrt(m.sqrt(other)), np.inf)
    is_large = total > enough
    u = -total * m.log1p(-m.minimum(rest, 0.5))
    return is_large, m.where(is_large, u, other)


def _log_small_lower(a: Numbers, x: Numbers, m: Maths) -> Array:
    """Return log P(a, x) by the continued fraction DLMF 8.9.1, which wants x below a."""
    x = m.minimum(x, a)
    fraction = a + 2.0 * _LEVELS
    for level in range(_LEVELS, 0, -1):
        fraction = a + 2.0 * level - 1.0 + level * x / fraction
        fraction = a + 2.0 * level - 2.0 - (a + level - 1.0) * x / fraction
    return _log_gamma_kernel(a, x, m) - m.log(fraction)


def _log_small_upper(a: Numbers, x: Numbers, m: Maths) -> Array:
    """Return log Q(a, x) by the continued fraction DLMF 8.9.2, which wants x above a."""
    x = m.maximum(x, a + 1.0)
    fraction = x - a + 1.0 + 2.0 * _LEVELS
    for level in range(_LEVELS, 0, -1):
        fraction = x - a + 2.0 * level - 1.0 - level * (level - a) / fraction
    return _log_gamma_kernel(a, x, m) - m.log(fraction)


def _log_small_beta(a: Numbers, b: Numbers, x: Numbers, rest: Numbers, m: Maths) -> Array:
    """Return log I_x(a, b) by the continued fraction DLMF 8.17.22, which wants x below a/(a + b)."""
    total = a + b
    x, rest = m.minimum(x, a / total), m.maximum(rest, b / total)
    fraction: Numbers = 1.0
    for level in reversed(range(_LEVELS)):
        odd, even = a + 2.0 * level, level + 1.0
        fraction = 1.0 + even * (b - even) * x / ((odd + 1.0) * (odd + 2.0)) / fraction
        fraction = 1.0 - (a + level) * (a + b + level) * x / (odd * (odd + 1.0)) / fraction
    log_a, log_b, log_total = m.log(a), m.log(b), m.log(total)
    logs = (m.log(m.maximum(x, _TINY)), m.log(rest))
    kernel = beta_kernel(logs, (log_a - log_total, log_b - log_total), total, log_total, m)
    return kernel - log_a - m.log(fraction)


def _log_gamma_kernel(a: Numbers, x: Numbers, m: Maths) -> Array:
    log_a = m.log(a)
    return log_gamma_kernel(a, log_a, m.log(m.maximum(x, _TINY)) - log_a, m)
