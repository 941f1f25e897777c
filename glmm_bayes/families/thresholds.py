"""Thresholds of ordinal families: their default prior and where sampling starts."""

from __future__ import annotations

from math import lgamma

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY, Array, Maths


def log_prior(thresholds: Array, link: Link, m: Maths = NUMPY, *, is_ordered: bool) -> Array:
    """Return the log density of the default prior of thresholds, at the average row.

    Ordered thresholds are the order statistics of as many draws of the latent variable, which is a
    uniform prior of the category probabilities; others are draws of it.

    Parameters
    ----------
    thresholds : array or graph variable, shape (..., threshold)
    link : Link
        A probability's: the slope of its inverse is the density of the latent variable.
    m : Maths
    is_ordered : bool
        Whether the thresholds ascend.
    """
    density = m.sum(link.log_inverse_derivative(thresholds, m))
    return density + lgamma(category_count(thresholds)) if is_ordered else density


def median_start(categories: int, link: Link) -> Array:
    """Return thresholds that give each of so many categories the same probability."""
    return np.asarray(link.link(np.arange(1, categories) / categories), dtype=np.float64)


def category_count(thresholds: Array) -> int:
    """Return the number of categories, one more than that of the thresholds on the last axis."""
    # A graph variable knows its shape by its type; an array has no type.
    static = getattr(thresholds, "type", thresholds).shape[-1]
    return int(static) + 1
