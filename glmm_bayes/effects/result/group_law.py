"""How the expected response of a row is distributed over posterior draws and new groups, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.normal_mixture import mixture_quantile


@dataclass(frozen=True, eq=False)
class GroupLaw:
    """Distribution of h(eta_s + b), b ~ N(0, v_s), over draws s and new groups b.

    Its distribution function is F(m) = mean_s Phi((link(m) - eta_s) / sqrt(v_s)), because every link is
    strictly increasing. Rows with equal columns are of one pattern.

    Attributes
    ----------
    link : Link
    scale : {"response", "link"}
    eta, v : ndarray, shape (draw, pattern)
    mean : ndarray, shape (pattern,)
        Mean over draws and new groups.
    pattern : ndarray, shape (row,)
    """

    link: Link
    scale: str
    eta: Array
    v: Array
    mean: Array
    pattern: NDArray[np.int64]

    def means(self) -> Array:
        """Return the mean of each row."""
        return np.asarray(self.mean[self.pattern])

    def quantile(self, probability: float) -> Array:
        """Return the root of F(m) = probability for each row."""
        roots = mixture_quantile(self.eta, np.sqrt(self.v), probability)
        values = roots if self.scale == "link" else self.link.inverse(roots)
        return np.asarray(values[self.pattern])
