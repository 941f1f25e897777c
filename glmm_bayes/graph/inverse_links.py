"""Linear predictors in, PyTensor expressions out: the graph's side of each link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def _probit_log_odds(eta: Any) -> Any:
    # log(Phi / (1 - Phi)) by two tail-safe logs; Phi itself rounds to 1 beyond 8.3.
    from pymc.distributions.dist_math import normal_lcdf

    return normal_lcdf(0.0, 1.0, eta) - normal_lcdf(0.0, 1.0, -eta)


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
