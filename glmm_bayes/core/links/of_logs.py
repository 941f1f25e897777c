"""A mean that is given by its log, and that of one minus it, in; its link out."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.links import LINKS, Link, ProbabilityLink
from glmm_bayes.core.maths import Array


def link_of_logs(link: Link, log_mean: Array, log_complement: Array) -> Array:
    """Return the link of a mean that is given by its log and, of a probability, the log of one minus it."""
    if link.name == "log":
        return log_mean
    if isinstance(link, ProbabilityLink):
        mirror = LINKS[link.mirror]
        assert isinstance(mirror, ProbabilityLink)
        low = -mirror.link_of_log_complement(np.minimum(log_mean, -1e-300))
        high = link.link_of_log_complement(np.minimum(log_complement, -1e-300))
        return np.asarray(np.where(log_mean < log_complement, low, high))
    # Softplus far below 0 is its argument's exponential to the last digit.
    with np.errstate(over="ignore"):
        return np.asarray(np.where(log_mean < -40.0, log_mean, link.link(np.exp(log_mean))))
