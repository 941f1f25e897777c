"""Thresholds of ordinal families: their default prior and where sampling starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import lgamma, log, pi
from types import MappingProxyType
from typing import Any

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.families.base import Array

_LOG_ROOT_2PI = 0.9189385332046727


def _cloglog(x: Any, m: Maths) -> Any:
    return x - m.exp(x)


#: Log densities of the latent variables whose distribution functions are the inverse links.
_LOG_LATENT: Mapping[str, Callable[[Any, Maths], Any]] = MappingProxyType(
    {
        "logit": lambda x, m: -m.softplus(x) - m.softplus(-x),
        "probit": lambda x, m: -0.5 * x * x - _LOG_ROOT_2PI,
        "cloglog": _cloglog,
        "loglog": lambda x, m: _cloglog(-x, m),
        "cauchit": lambda x, m: -m.log1p(x * x) - log(pi),
    }
)


def log_prior(thresholds: Any, link: Link, m: Maths = NUMPY, *, is_ordered: bool) -> Any:
    """Return the log density of the default prior of thresholds, at the average row.

    Ordered thresholds are the order statistics of as many draws of the latent variable, which is a
    uniform prior of the category probabilities; others are draws of it.

    Parameters
    ----------
    thresholds : array or graph variable, shape (..., threshold)
    link : Link
        A probability's.
    m : Maths
    is_ordered : bool
        Whether the thresholds ascend.
    """
    density = m.sum(_LOG_LATENT[link.name](thresholds, m))
    return density + lgamma(category_count(thresholds)) if is_ordered else density


def median_start(categories: int, link: Link) -> Array:
    """Return thresholds that give each of so many categories the same probability."""
    return np.asarray(link.link(np.arange(1, categories) / categories), dtype=np.float64)


def category_count(thresholds: Any) -> int:
    """Return the number of categories, one more than that of the thresholds on the last axis."""
    # A graph variable knows its shape by its type; an array has no type.
    static = getattr(thresholds, "type", thresholds).shape[-1]
    return int(static) + 1
