"""A link and the size of a mean in, the scales of the default priors of its linear predictor out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.links import Link, ProbabilityLink


@dataclass(frozen=True)
class Scales:
    """Scales of the default priors on the linear predictor (statistics: Gelman et al. 2008).

    Attributes
    ----------
    intercept_mean, intercept_sd : float
        Normal prior of the intercept at the average row.
    effect : float
        Sd of the effect of a full swing of a predictor.
    group_sd : float
        Scale of the half-normal prior of a group's standard deviation.
    has_cauchy_intercept : bool
        Whether the intercept's prior is Cauchy with that centre and scale.
    """

    intercept_mean: float
    intercept_sd: float
    effect: float
    group_sd: float
    has_cauchy_intercept: bool = False


def probability_scales(link: Link) -> Scales:
    """Return the scales of a probability's linear predictor."""
    assert isinstance(link, ProbabilityLink)
    scale = link.prior_scale
    if link.latent_variance is None:
        return Scales(0.0, 1.0, scale, scale, has_cauchy_intercept=True)
    return Scales(link.prior_centre, scale, scale, scale)


def positive_scales(link: Link, mean: float) -> Scales:
    """Return the scales of a positive mean's linear predictor: those of the log link, to first order.

    A step of one on the log of the mean is a step of ``mean / h'(eta)`` on the linear predictor.
    """
    centre = np.asarray(link.link(np.array(mean)))
    unit = float(mean / np.abs(link.inverse_derivative(centre)))
    return Scales(float(centre), 2.5 * unit, 1.5 * unit, 1.5 * unit)
