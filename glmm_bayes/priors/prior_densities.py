"""Priors of single numbers in, their densities and quantiles in SciPy out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import stats

from glmm_bayes.families.parameters import Law
from glmm_bayes.spec.prior import Prior

DISTRIBUTIONS: Mapping[str, Callable[[Prior], Any]] = MappingProxyType(
    {
        "Normal": lambda p: stats.norm(p["mu"], p["sigma"]),
        "StudentT": lambda p: stats.t(p["nu"], p["mu"], p["sigma"]),
        "Cauchy": lambda p: stats.cauchy(p["alpha"], p["beta"]),
        "Laplace": lambda p: stats.laplace(p["mu"], p["b"]),
        "Logistic": lambda p: stats.logistic(p["mu"], p["s"]),
        "Uniform": lambda p: stats.uniform(p["lower"], p["upper"] - p["lower"]),
        "HalfNormal": lambda p: stats.halfnorm(scale=p["sigma"]),
        "HalfStudentT": lambda p: _HalfStudentT(p["nu"], p["sigma"]),
        "HalfCauchy": lambda p: stats.halfcauchy(scale=p["beta"]),
        "Exponential": lambda p: stats.expon(scale=p["scale"]),
        "Gamma": lambda p: stats.gamma(p["alpha"], scale=1.0 / p["beta"]),
        "InverseGamma": lambda p: stats.invgamma(p["alpha"], scale=p["beta"]),
        "LogNormal": lambda p: stats.lognorm(p["sigma"], scale=np.exp(p["mu"])),
        "Beta": lambda p: stats.beta(p["alpha"], p["beta"]),
    }
)


class _HalfStudentT:
    """The half of a Student's t distribution above 0."""

    def __init__(self, nu: float, sigma: float) -> None:
        self._whole = stats.t(nu, 0.0, sigma)

    def logpdf(self, x: float) -> float:
        return float(self._whole.logpdf(x)) + np.log(2.0) if x > 0 else -np.inf

    def ppf(self, q: float) -> float:
        return float(self._whole.ppf(0.5 + q / 2))


def distribution(prior: Prior) -> Any:
    """Return a distribution with ``logpdf`` and ``ppf``."""
    return DISTRIBUTIONS[prior.name](prior)


def median(law: Law) -> float:
    """Return the parameter's value at the median of the number that is sampled."""
    return float(law.value(distribution(law.prior).ppf(0.5)))
