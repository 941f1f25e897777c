"""Variance components: standard deviations, correlations, and what they mean for two groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.core.row_value import number
from glmm_bayes.core.words import interval_words
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.several import MEAN
from glmm_bayes.effects.coefficients import discrimination
from glmm_bayes.effects.summaries import summary_frame
from glmm_bayes.graph.predictors import Predictor
from glmm_bayes.graph.priors import shared_labels
from glmm_bayes.graph.spread import depends_on_levels
from glmm_bayes.infer.captioned import captioned
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.predictor import single_values

Array = NDArray[np.float64]

_Z75 = 0.6744897501960817  # 75 % point of the standard normal


def variance_components(fit: Fit) -> pd.DataFrame:
    """Summarise how much groups differ.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        Columns ``factor``, ``quantity``, ``mean``, ``sd`` and the interval. For each factor: the sd of
        each effect and their correlations (scale of the linear predictor). For models whose random
        effects are normal intercepts of independent levels only also the variance, the median odds or
        rate ratio of two groups of the factor, and the intraclass correlation on the latent scale (share
        of the factor's variance in the sum of all variances and the latent residual variance; logit,
        probit, cloglog and identity links).

    References
    ----------
    Larsen, Petersen, Budtz-Jorgensen and Endahl (2000), Interpreting parameters in the logistic
    regression model with random effects. Goldstein, Browne and Rasbash (2002), Partitioning variation
    in multilevel models.
    """
    rows: list[tuple[str, str, Array]] = []
    main = fit.priors.first
    intercepts_only = all(_is_plain(fit, group) for group in main.design.groups)
    for name, predictor in fit.predictors.items():
        for group in predictor.design.groups:
            rows += _components(fit, group, predictor)
            if intercepts_only and name == MEAN:
                rows += _ratios(fit, group)
    rows += _joint(fit)
    if "sigma" in fit.priors.auxiliary:
        rows.append(("residual", "sigma" if len(fit.predictors) > 1 else "sd", fit.flat["sigma"]))
    if not rows:
        message = "the model has no random effects and no residual standard deviation."
        raise PredictionError(Finding("no_random_effects", message))
    frame = pd.DataFrame({"factor": [row[0] for row in rows], "quantity": [row[1] for row in rows]})
    table = pd.concat([frame, summary_frame(np.stack([row[2] for row in rows], axis=1))], axis=1)
    estimand = "variation between groups, scale of the linear predictor"
    further = [name for name in fit.predictors if name != MEAN]
    if further:
        estimand += f"; {'_, '.join(further)}_: of that parameter"
    caption = f"{estimand}; mean and {interval_words()}"
    return captioned(table, caption, estimand_description=estimand, interval=interval_words())


def _is_plain(fit: Fit, group: GroupDesign) -> bool:
    """Tell whether every row has the one variance sd^2 of a normal intercept from the factor."""
    prior = fit.group_prior(group.slug)
    return group.effects == ("Intercept",) and not depends_on_levels(group, prior) and prior.is_plain


def _components(fit: Fit, group: GroupDesign, predictor: Predictor) -> list[tuple[str, str, Array]]:
    covariance = fit.covariance(group.slug, predictor.name)
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    prior = fit.group_prior(group.slug, predictor.name)
    # Effects of a further parameter are told apart by its name.
    effects = [f"{predictor.prefix}{effect}" for effect in group.effects]
    shown = [prior.sd_of_effect.index(one) for one in dict.fromkeys(prior.sd_of_effect)]
    rows = [(group.factor, f"sd {effects[k]}", sd[:, k]) for k in shown]
    for first, second in prior.pairs:
        corr = covariance[:, first, second] / (sd[:, first] * sd[:, second])
        rows.append((group.factor, f"corr {effects[first]}, {effects[second]}", corr))
    for name in prior.single_values:
        own = predictor.variable(f"{name}_{group.slug}")
        rows.append((group.factor, name, fit.needed(own, "variance_components")))
    return rows


def _joint(fit: Fit) -> list[tuple[str, str, Array]]:
    """List correlations between effects of different linear predictors."""
    rows = []
    for shared in fit.priors.shared:
        corr = fit.needed(f"joint_corr_{shared.label}", "variance_components")
        labels = shared_labels(shared, fit.priors)
        owner = [member for member, positions in enumerate(shared.positions) for _ in positions]
        first, index = shared.members[0]
        factor = fit.predictors[first].design.groups[index].factor
        rows += [
            (factor, f"corr {labels[i]}, {labels[j]}", corr[:, i, j])
            for j in range(shared.size)
            for i in range(j)
            if owner[i] != owner[j]
        ]
    return rows


def _ratios(fit: Fit, group: GroupDesign) -> list[tuple[str, str, Array]]:
    own = fit.covariance(group.slug)[:, 0, 0]
    rows = [(group.factor, "variance", own)]
    disc = discrimination(fit)
    if (ratio := fit.family.ratio_name(fit.link)) and disc is not None:
        rows.append((group.factor, f"median {ratio}", np.exp(disc * np.sqrt(2 * own) * _Z75)))
    residual = latent_residual(fit)
    if residual is not None:
        total = sum((fit.covariance(other.slug)[:, 0, 0] for other in fit.design.groups), np.zeros_like(own))
        rows.append((group.factor, "ICC, latent scale", own / (total + residual)))
    return rows


def latent_residual(fit: Fit) -> Array | float | None:
    """Return the variance of the residual on the scale of the linear predictor, where there is one."""
    if isinstance(fit.link, ProbabilityLink) and fit.family.has_latent_response:
        disc = discrimination(fit)
        return None if disc is None else fit.link.latent_variance / np.square(disc)
    if fit.response.additions.se is not None:
        # Known errors differ from row to row.
        return None
    if fit.link.name == "identity" and fit.family.mean_is_mu and set(fit.predictors) == {MEAN}:
        singles = single_values(fit.flat, fit.priors, slice(None))
        draws = len(fit.flat["beta"])
        return fit.family.variance({"mu": number(np.zeros((draws, 1))), **singles})[:, 0]
    return None
