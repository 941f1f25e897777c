"""Linear predictors in, PyTensor expressions out: the graph's side of each link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_ROOT_HALF = 0.7071067811865476  # sqrt(1/2)


def _probit_log_odds(eta: Any) -> Any:
    # log(Phi / (1 - Phi)) by two tail-safe logs; Phi itself rounds to 1 beyond 8.3.
    return _log_normal_cdf(eta) - _log_normal_cdf(-eta)


def _log_normal_cdf(x: Any) -> Any:
    """Return log Phi(x) to rounding (PyMC's own is good to 7 digits only, by a short constant)."""
    import pytensor.tensor as pt

    # Each branch sees its own side only, for an infinite value in the other would poison the gradient.
    low, high = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
    lower = pt.log(pt.erfcx(-low * _ROOT_HALF) / 2) - low**2 / 2
    upper = pt.log1p(-pt.erfc(high * _ROOT_HALF) / 2)
    return pt.switch(x < -1.0, lower, upper)


def _cloglog_log_odds(eta: Any) -> Any:
    # p = 1 - exp(-m) with m = exp(eta), so that p/(1 - p) = exp(m) - 1.
    import pymc as pm

    m = pm.math.exp(eta)
    return m + pm.math.log1mexp(-m)


#: Log odds of the probability, by link: the one form in which PyMC's binary variables are stable.
LOG_ODDS: Mapping[str, Callable[[Any], Any]] = {
    "logit": lambda eta: eta,
    "probit": _probit_log_odds,
    "cloglog": _cloglog_log_odds,
}
