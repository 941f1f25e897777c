"""The variance of the residual on the scale of the linear predictor, and which of its definitions that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import number
from glmm_bayes.effects.estimand.ordered_categories import discrimination
from glmm_bayes.effects.verbs.predictions import predictions
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import single_values
from glmm_bayes.spec.linear_predictor import MEAN


@dataclass(frozen=True)
class Residual:
    """Draws of the latent residual's variance, shape (draw,), and what it is, in words."""

    variance: Array
    description: str


def latent_residual(fit: Fit) -> Residual | None:
    """Return the variance of the residual on the scale of the linear predictor, where there is one.

    Binary, binomial and ordinal responses: of the latent variable, pi^2/3 (logit), 1 (probit), pi^2/6
    (cloglog). Identity link: of the response. Log link (Nakagawa, Johnson and Schielzeth 2017), with M the
    population mean over the rows of the data: log(1 + 1/M) for poisson, log(1 + 1/M + 1/shape) for
    negative_binomial, trigamma(shape) for gamma.
    """
    draws = len(fit.flat["beta"])
    if isinstance(fit.link, ProbabilityLink) and fit.family.traits.is_latent:
        disc = discrimination(fit)
        if disc is None or fit.link.latent_variance is None:
            return None
        variance = fit.link.latent_variance / np.square(disc)
        return Residual(
            np.broadcast_to(variance, draws), f"that of the {fit.link.name} link's latent variable"
        )
    additions = fit.response.additions
    if additions.se is not None or additions.rate is not None or set(fit.predictors) != {MEAN}:
        # Known errors and exposures differ from row to row.
        return None
    if fit.link.name == "identity" and fit.family.mean_is_mu and fit.family.mu.bounds[0] < 0:
        singles = single_values(fit.flat, fit.priors, slice(None))
        variance = fit.family.variance({"mu": number(np.zeros((draws, 1))), **singles})[:, 0]
        return Residual(variance, "that of the response")
    return _of_log_link(fit) if fit.link.name == "log" else None


def _of_log_link(fit: Fit) -> Residual | None:
    singles = single_values(fit.flat, fit.priors, slice(None))
    residual = fit.family.log_scale_residual(
        singles, lambda: predictions(fit, by=True).draws.to_numpy().ravel()
    )
    return None if residual is None else Residual(*residual)
