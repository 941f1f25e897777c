"""Random effects: each level's estimate, how far it was shrunk, and what it would be on its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.groups.information import level_information, row_information
from glmm_bayes.effects.groups.no_pooling import no_pooling
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import draw_blocks, needed_variables, subject_values
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.spread import depends_on_levels
from glmm_bayes.spec.linear_predictor import MEAN

ESTIMAND = "subject-specific effects of each level, scale of the linear predictor"


def random_effects(
    fit: Fit,
    factor: str | None = None,
    *,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """List each level's random effects, their shrinkage, and the estimate without pooling.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        One grouping factor; default: all.
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        Rows told apart by ``factor``, ``level`` and ``effect``, on the scale of the linear predictor.
        Beside their summary: ``shrinkage`` in (0, 1): the level's variance given the other parameters as
        a share of the variance between groups, 0 no pooling, 1 complete pooling, averaged over draws
        (exact for means of gaussian models, Laplace's value otherwise); ``information``: what the
        level's rows tell about the effect (one over the variance that they alone would leave it, the
        level's other effects held), averaged over draws; ``no_pooling``: the maximum of the level's own
        likelihood with the other parts of the predictor at their posterior means, infinite where all
        its outcomes are at one end of the scale, missing where it does not exist. The three are missing
        where levels are correlated with each other or share rows (``mm``); effects on further parameters
        and on categories, which have the parameter's name in front, have no ``no_pooling``.

        ``attrs["pooling"]`` holds Gelman and Pardoe's lambda of each effect of each factor, by its name
        (``"Intercept | subject"``): 0 where levels are estimated each by itself, 1 where they are all
        pooled into one.

    Raises
    ------
    PredictionError
        ``unknown_factor``; ``no_random_effects`` if the model has none; ``hypothesis``, ``values``,
        ``interval``.
    DataError
        ``draws_missing`` if the draws of the random effects, or others that the rows' own predictors
        need, are not in the fit.

    Notes
    -----
    No pooling and partial pooling are in the table. Complete pooling is the model without the term: its
    coefficients are population-averaged, not those of a typical group, so compare the two on the scale of
    the response (``gb.predictions``).

    Never estimate the standard deviation between groups, or average over groups, from the column ``mean``:
    posterior means differ less than the groups do. Use ``gb.variance_components`` and ``gb.predictions``.

    References
    ----------
    Gelman and Pardoe (2006), Bayesian measures of explained variance and pooling in multilevel models.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> draws = {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]], "b_subject": np.zeros((1, 1, 59, 1))}
    >>> effects = gb.random_effects(gb.Fit.from_draws(model, draws))
    >>> round(float(effects.summary()["shrinkage"][0]), 3)
    0.269
    """
    check_fit(fit)
    check_texts(factor=factor)
    shown = read_interval(probability, interval)
    wanted = chosen_groups(fit, factor)
    for name in needed_variables(fit.priors):
        fit.needed(name, "shrinkage")
    levels = [_levels(fit, group, predictor) for predictor, group in wanted]
    rule = _rule(fit, {predictor.name for predictor, _ in wanted})
    lambdas: dict[str, float] = {}
    for predictor, group in wanted:
        lambdas |= pooling_factors(fit, group, predictor)
    remarks = (
        f"shrinkage: 0 no pooling, 1 complete pooling ({rule})",
        "no_pooling: the level's own rows only, infinite where all its outcomes lie at one end",
        f"pooling factor lambda: {', '.join(f'{key}: {value:.2f}' for key, value in lambdas.items())}",
    )
    return quantities(
        fit,
        np.hstack([draws for draws, _, _ in levels]),
        pd.concat([grid for _, grid, _ in levels], ignore_index=True),
        shown,
        ESTIMAND,
        quantity="random effect",
        description=ESTIMAND,
        remarks=remarks,
        hypothesis=hypothesis,
        beside=pd.concat([beside for _, _, beside in levels], ignore_index=True),
        link=fit.link.name,
        shrinkage=rule,
        pooling=lambdas,
    )


def _rule(fit: Fit, parameters: set[str]) -> str:
    """Say how the shrinkage factors were computed: normal responses with a linear mean have them exactly."""
    additions = fit.response.additions
    is_plain = additions.censored is None and additions.lower is None and additions.upper is None
    if not (fit.family.has_normal_residual(fit.link) and is_plain):
        return "Laplace's value"
    return "exact" if parameters == {MEAN} else "exact for the mean, Laplace's value for other parameters"


def chosen_groups(fit: Fit, factor: str | None) -> list[tuple[Predictor, GroupDesign]]:
    """List the random effects of one grouping factor, or of all, with the linear predictor of each.

    Raises
    ------
    PredictionError
        ``unknown_factor`` or ``no_random_effects``.
    """
    every = [(predictor, group) for predictor in fit.predictors.values() for group in predictor.design.groups]
    names = list(dict.fromkeys(group.factor for _, group in every))
    if not names:
        raise PredictionError(Finding("no_random_effects", "the model has no random effects."))
    if factor is not None and factor not in names:
        hint = " ".join(filter(None, (suggestion(factor, names), f"Grouping factors: {', '.join(names)}.")))
        raise PredictionError(Finding("unknown_factor", f"no grouping factor '{factor}'.", hint=hint))
    return [(predictor, group) for predictor, group in every if factor in (None, group.factor)]


def only_factor(fit: Fit) -> str:
    """Return the grouping factor of a model that has one.

    Raises
    ------
    PredictionError
        ``unknown_factor`` if there are several, ``no_random_effects`` if there is none.
    """
    names = list(dict.fromkeys(group.factor for _, group in chosen_groups(fit, None)))
    if len(names) > 1:
        message = f"the model has {len(names)} grouping factors: {', '.join(names)}."
        raise PredictionError(Finding("unknown_factor", message, hint=f'Write factor="{names[0]}".'))
    return names[0]


def effect_draws(fit: Fit, group: GroupDesign, predictor: Predictor) -> Array:
    """Return the draws of each level's effects, shape (draw, level, effect)."""
    return fit.needed(predictor.names.of_factor("b", group.slug), "random_effects")


def _levels(fit: Fit, group: GroupDesign, predictor: Predictor) -> tuple[Array, pd.DataFrame, pd.DataFrame]:
    """Return draws of each level's effects, shape (draw, row), their grid, and how they were pooled."""
    b = effect_draws(fit, group, predictor)
    size = len(group.effects)
    grid = pd.DataFrame(
        {
            "factor": group.factor,
            "level": np.repeat(np.array(group.labels, dtype=object), size),
            "effect": [f"{predictor.prefix}{effect}" for effect in group.effects] * len(group.levels),
        }
    )
    # Levels that share rows or are correlated have no estimate of their own.
    prior = fit.group_prior(group.slug, predictor.name)
    is_spatial = any(not block.levels.is_independent for block in prior.blocks)
    alone = not depends_on_levels(group, prior) and not is_spatial
    missing = np.full(b.shape[1:], np.nan)
    shrinkage, information = shrinkage_factors(fit, group, predictor) if alone else (missing, missing)
    unpooled = no_pooling(fit, group) if alone and predictor.name == MEAN else missing
    numbers = {"shrinkage": shrinkage, "information": information, "no_pooling": unpooled}
    beside = pd.DataFrame({name: values.reshape(-1) for name, values in numbers.items()})
    occurs = group.occurs.reshape(-1)
    return b.reshape(len(b), -1)[:, occurs], grid[occurs], beside[occurs]


def shrinkage_factors(fit: Fit, group: GroupDesign, predictor: Predictor) -> tuple[Array, Array]:
    """Return Cov(b_j | y, theta)_kk / Sigma_kk and the information on it, averaged over draws.

    Both have shape (level, effect).
    """
    covariance = fit.covariance(group.slug, predictor.name)
    levels, size = len(group.levels), len(group.effects)
    total, known = np.zeros((levels, size)), np.zeros((levels, size))
    for block in draw_blocks(len(covariance), max(len(fit.design), levels * size * size)):
        at = subject_values(fit.flat, fit.priors, block)
        information = level_information(group, row_information(fit, at, predictor.name)[1])
        sigma = covariance[block][:, None]
        # (I + Sigma I_j)^-1 Sigma is the level's covariance given the other parameters.
        posterior = np.linalg.solve(
            np.eye(size) + sigma @ information, np.broadcast_to(sigma, information.shape)
        )
        prior = np.maximum(np.diagonal(sigma, axis1=2, axis2=3), np.finfo(float).tiny)
        total += (np.diagonal(posterior, axis1=2, axis2=3) / prior).sum(axis=0)
        known += np.diagonal(information, axis1=2, axis2=3).sum(axis=0)
    return total / len(covariance), known / len(covariance)


def pooling_factors(fit: Fit, group: GroupDesign, predictor: Predictor) -> dict[str, float]:
    """Return lambda = 1 - Var_j(E b_j) / E(Var_j b_j) of each effect, by its name in the formula."""
    b, has = effect_draws(fit, group, predictor), group.occurs
    result = {}
    for position, effect in enumerate(group.effects):
        of_levels = b[:, has[:, position], position]
        spread = of_levels.var(axis=1).mean()
        share = of_levels.mean(axis=0).var() / spread if spread > 0 else np.nan
        result[pooling_name(f"{predictor.prefix}{effect}", group.factor)] = float(1 - share)
    return result


def pooling_name(effect: str, factor: str) -> str:
    """Name an effect of a factor as ``attrs["pooling"]`` does."""
    return f"{effect} | {factor}"
