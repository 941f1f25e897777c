"""Variance components: standard deviations, correlations, and what they mean for two groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand.ordered_categories import discrimination
from glmm_bayes.effects.expectation.random_variance import spread_of
from glmm_bayes.effects.groups.latent_residual import latent_residual
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.effects.result.summary import ratio_of
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.priors.posterior import shared_labels
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.spread import depends_on_levels, patterns_of_rows
from glmm_bayes.spec.linear_predictor import MEAN

Z75 = 0.6744897501960817  # 75 % point of the standard normal


def variance_components(
    fit: Fit,
    *,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Summarise how much groups differ: standard deviations, correlations, shares and ratios.

    Parameters
    ----------
    fit : Fit
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        Rows told apart by ``factor`` and ``quantity``. For each factor: the sd of
        each effect and their correlations (scale of the linear predictor). For the mean, unless
        levels are tied: the variance (with random slopes its mean over the rows), its share in that
        of all factors, the median odds or rate ratio of two groups (normal intercepts; else
        ``median_ratio``), and the intraclass correlation on the latent scale: the share of the factor's
        variance in the sum of all and the latent residual's, which ``attrs["latent_residual"]`` names. Of a
        residual with one standard deviation that, in the unit of the response.

    Raises
    ------
    PredictionError
        ``no_random_effects`` if the model has neither random effects nor a residual standard deviation;
        ``hypothesis``, ``values``, ``interval``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Larsen, Petersen, Budtz-Jorgensen and Endahl (2000), Interpreting parameters in the logistic
    regression model with random effects. Goldstein, Browne and Rasbash (2002), Partitioning variation
    in multilevel models. Nakagawa, Johnson and Schielzeth (2017), The coefficient of determination and
    intra-class correlation coefficient.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]]})
    >>> gb.variance_components(fit).summary()[["quantity", "mean"]].round(3).values.tolist()
    [['sd Intercept', 0.5], ['variance', 0.25], ['median rate ratio', 1.611], ['ICC, latent scale', 0.449]]
    """
    check_fit(fit)
    shown = read_interval(probability, interval)
    rows: list[tuple[str, str, Array]] = []
    main = fit.priors.first
    has_shares = MEAN in fit.predictors and all(_has_shares(fit, group) for group in main.design.groups)
    variances = factor_variances(fit) if has_shares and main.design.groups else {}
    for name, predictor in fit.predictors.items():
        for group in predictor.design.groups:
            rows += _components(fit, group, predictor)
            if name == MEAN and variances:
                rows += _shares(fit, group, variances)
    rows += _joint(fit)
    if "sigma" in fit.priors.auxiliary:
        rows.append(("residual", "sigma" if len(fit.predictors) > 1 else "sd", fit.flat["sigma"]))
    if not rows:
        message = "the model has no random effects and no residual standard deviation."
        raise PredictionError(Finding("no_random_effects", message))
    grid = pd.DataFrame({"factor": [row[0] for row in rows], "quantity": [row[1] for row in rows]})
    statement = "variation between groups, scale of the linear predictor"
    further = [name for name in fit.predictors if name != MEAN]
    if further:
        statement += f"; {'_, '.join(further)}_: of that parameter"
    residual = latent_residual(fit) if variances else None
    description = "" if residual is None else residual.description
    return quantities(
        fit,
        np.stack([row[2] for row in rows], axis=1),
        grid,
        shown,
        statement,
        remarks=(f"latent residual: {description}",) if description else (),
        hypothesis=hypothesis,
        link=fit.link.name,
        latent_residual=description,
    )


def _has_shares(fit: Fit, group: GroupDesign) -> bool:
    """Tell whether a variance of the factor is that of each of its levels, none tied to another."""
    prior = fit.group_prior(group.slug)
    is_independent = all(block.levels.is_independent for block in prior.blocks)
    return is_independent and not depends_on_levels(group, prior)


def has_one_variance(fit: Fit, group: GroupDesign) -> bool:
    """Tell whether every row has the one variance sd^2 of a normal intercept from the factor."""
    prior = fit.group_prior(group.slug)
    return group.is_intercept and not depends_on_levels(group, prior) and prior.is_plain


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
        sampled = predictor.names.of_factor(name, group.slug)
        rows.append((group.factor, name, fit.needed(sampled, "variance_components")))
    return rows


def _joint(fit: Fit) -> list[tuple[str, str, Array]]:
    """List correlations between effects of different linear predictors."""
    rows = []
    for shared in fit.priors.shared:
        corr = fit.needed(shared.names.correlation, "variance_components")
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


def _shares(fit: Fit, group: GroupDesign, variances: Mapping[str, Array]) -> list[tuple[str, str, Array]]:
    """List a factor's variance, its share in all of them, median ratio and intraclass correlation."""
    variance, every = variances[group.factor], np.asarray(sum(variances.values()))
    rows = [(group.factor, "variance", variance)]
    if len(variances) > 1:
        rows.append((group.factor, "share of the groups' variance", variance / every))
    disc = discrimination(fit)
    # The ratio of two new groups is that of two means, where these exist.
    ratio = "" if fit.family.has_bounded_predictor(fit.link) else fit.family.ratio_name(fit.link)
    if ratio and disc is not None and has_one_variance(fit, group):
        rows.append((group.factor, f"median {ratio}", ratio_of(disc * np.sqrt(2 * variance) * Z75)))
    residual = latent_residual(fit)
    if residual is not None:
        rows.append((group.factor, "ICC, latent scale", variance / (every + residual.variance)))
    return rows


def factor_variances(fit: Fit) -> dict[str, Array]:
    """Return draws of each factor's variance, the mean over the rows of the data, shape (draw,).

    With random slopes a row's variance depends on it (Johnson 2014).
    """
    predictor, design = fit.priors.first, fit.priors.first.design
    first, pattern = patterns_of_rows(predictor, design)
    shares = np.bincount(pattern) / len(pattern)
    result: dict[str, Array] = {}
    for group in design.groups:
        spread = spread_of(fit, design, group, predictor.name)
        normal, heavy = spread.variance(slice(None), first)
        variance = normal if heavy is None else normal + heavy
        if group.factor in result:
            variance = variance + result[group.factor]
        mean = spread.covariance[:, 0, 0] if spread.prior.is_bridge else variance @ shares
        result[group.factor] = np.asarray(mean)
    return result
