"""Random effects: each level's estimate, how far it was shrunk, and what it would be on its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.registry import suggestion
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.core.words import interval_words
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.several import MEAN
from glmm_bayes.effects.summaries import summary_frame
from glmm_bayes.effects.variance import depends_on_levels
from glmm_bayes.graph.families.binary import BinaryFamily
from glmm_bayes.graph.families.counts import CountFamily
from glmm_bayes.graph.likelihood import adjusted, log_likelihood
from glmm_bayes.graph.predictors import Predictor
from glmm_bayes.infer.captioned import captioned
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.predictor import (
    draw_blocks,
    fixed_part,
    group_part,
    single_values,
    subject_predictor,
    subject_values,
)

Array = NDArray[np.float64]

_STEPS = 60
#: Of differences of the log likelihood, on the linear predictor.
_STEP = 1e-3
_TOLERANCE = 1e-10
#: A level's own estimate beyond this on the linear predictor is the way to infinity.
_INFINITE = 25.0


def random_effects(fit: Fit, factor: str | None = None) -> pd.DataFrame:
    """List each level's random effects, their shrinkage, and the estimate without pooling.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        One grouping factor; default: all.

    Returns
    -------
    pandas.DataFrame
        Columns ``factor``, ``level``, ``effect``; posterior ``mean``, ``sd`` and interval (scale of the
        linear predictor); ``shrinkage`` in (0, 1): the level's variance given the other parameters as
        a share of the variance between groups, 0 no pooling, 1 complete pooling, averaged over draws
        (exact for gaussian models, Laplace's value otherwise); ``no_pooling``: the maximum of the
        level's own likelihood with the other parts of the predictor at their posterior means, infinite
        where all its outcomes are at one end of the scale, missing where it does not exist. Both are
        missing where levels are correlated with each other or share rows (``mm``), and for effects on
        further parameters and on categories, which have the parameter's name in front.

    Raises
    ------
    PredictionError
        If there is no such grouping factor.

    References
    ----------
    Gelman and Pardoe (2006), Bayesian measures of explained variance and pooling in multilevel models.
    """
    every = [(predictor, group) for predictor in fit.predictors.values() for group in predictor.design.groups]
    names = list(dict.fromkeys(group.factor for _, group in every))
    if factor is not None and factor not in names:
        hint = " ".join(filter(None, (suggestion(factor, names), f"Grouping factors: {', '.join(names)}.")))
        raise PredictionError(Finding("unknown_factor", f"no grouping factor '{factor}'.", hint=hint))
    if not names:
        raise PredictionError(Finding("no_random_effects", "the model has no random effects."))
    wanted = [(predictor, group) for predictor, group in every if factor in (None, group.factor)]
    table = pd.concat([_table(fit, group, predictor) for predictor, group in wanted], ignore_index=True)
    estimand = "subject-specific effects of each level, scale of the linear predictor"
    rule = "exact" if fit.family.name == "gaussian" else "Laplace's value"
    caption = (
        f"{estimand}; mean and {interval_words()}; shrinkage: 0 no pooling, 1 complete pooling ({rule}); "
        "no_pooling: the level's own rows only, infinite where all its outcomes lie at one end"
    )
    return captioned(table, caption, estimand_description=estimand, interval=interval_words(), shrinkage=rule)


def _table(fit: Fit, group: GroupDesign, predictor: Predictor) -> pd.DataFrame:
    b = fit.needed(predictor.variable(f"b_{group.slug}"), "random_effects")
    size = len(group.effects)
    frame = pd.DataFrame(
        {
            "factor": group.factor,
            "level": np.repeat(np.array(group.labels, dtype=object), size),
            "effect": [f"{predictor.prefix}{effect}" for effect in group.effects] * len(group.levels),
        }
    )
    frame = pd.concat([frame, summary_frame(b.reshape(len(b), -1))], axis=1)
    # Levels that share rows or are correlated have no estimate of their own.
    is_mean = predictor.name == MEAN
    alone = is_mean and not depends_on_levels(group, fit.group_prior(group.slug))
    alone = alone and not _is_spatial(fit, group)
    missing = np.full(len(frame), np.nan)
    frame["shrinkage"] = shrinkage_factors(fit, group).reshape(-1) if alone else missing
    frame["no_pooling"] = no_pooling(fit, group).reshape(-1) if alone else missing
    return frame[_occurs(group).reshape(-1)].reset_index(drop=True)


def _occurs(group: GroupDesign) -> NDArray[np.bool_]:
    """Tell which effects of ``by`` a level has at all, shape (level, effect); all others occur."""
    result = np.ones((len(group.levels), len(group.effects)), dtype=bool)
    by = [position for block in group.blocks if block.block.by for position in block.positions]
    result[:, by] = False
    for member in range(group.members.shape[1]):
        rows, effects = np.nonzero(group.z[:, by])
        result[group.members[rows, member], np.asarray(by, np.int64)[effects]] = True
    return result


def _is_spatial(fit: Fit, group: GroupDesign) -> bool:
    return any(block.levels.name != "independent" for block in fit.group_prior(group.slug).blocks)


def shrinkage_factors(fit: Fit, group: GroupDesign) -> Array:
    """Return Cov(b_j | y, theta)_kk / Sigma_kk, averaged over draws, shape (level, effect)."""
    covariance = fit.covariance(group.slug)
    levels, size = len(group.levels), len(group.effects)
    total = np.zeros((levels, size))
    for block in draw_blocks(len(covariance), max(len(fit.design), levels * size * size)):
        at = subject_values(fit.flat, fit.priors, block)
        information = _information(fit, group, _slopes(fit, at)[1])
        sigma = covariance[block][:, None]
        # (I + Sigma I_j)^-1 Sigma is the level's covariance given the other parameters.
        own = np.linalg.solve(np.eye(size) + sigma @ information, np.broadcast_to(sigma, information.shape))
        prior = np.maximum(np.diagonal(sigma, axis1=2, axis2=3), np.finfo(float).tiny)
        total += (np.diagonal(own, axis1=2, axis2=3) / prior).sum(axis=0)
    return total / len(covariance)


def _slopes(fit: Fit, at: RowValues) -> tuple[Array, Array]:
    """Return score and information of each row on the mean's linear predictor, shape (draw, row).

    Expected information in exponential families; elsewhere what the observed response holds, by
    differences of its log likelihood, and none where that is convex.
    """
    additions = fit.response.additions
    is_plain = additions.censored is None and additions.lower is None and additions.upper is None
    if fit.family.is_exponential and is_plain and additions.rate is None:
        values = adjusted(fit.family, at, additions, NUMPY)
        mu, slope = values["mu"].value, fit.link.inverse_derivative(values["mu"].eta)
        variance = np.maximum(fit.family.variance(values), np.finfo(float).tiny)
        weights = 1.0 if additions.weights is None else additions.weights
        residual = fit.response.values - fit.response.trials * mu
        return weights * residual * slope / variance, weights * fit.response.trials * slope**2 / variance
    step = _STEP * _scale(fit)
    below, middle, above = (_row_likelihood(fit, at, shift) for shift in (-step, 0.0, step))
    return (above - below) / (2 * step), np.maximum(2 * middle - above - below, 0.0) / step**2


def _row_likelihood(fit: Fit, at: RowValues, shift: float) -> Array:
    response, mu = fit.response, at["mu"]
    moved = {**at, "mu": replace(mu, eta=mu.eta + shift)}
    found = log_likelihood(fit.family, response.values, response.trials, moved, response.additions, NUMPY)
    return np.asarray(found)


def _information(fit: Fit, group: GroupDesign, weights: Array) -> Array:
    """Add up w z z' over the rows of each level, shape (draw, level, effect, effect)."""
    levels, size = len(group.levels), len(group.effects)
    result = np.empty((len(weights), levels, size, size))
    order = np.argsort(group.codes, kind="stable")
    starts = np.searchsorted(group.codes[order], np.arange(levels))
    for first in range(size):
        for second in range(first + 1):
            products = weights * (group.z[:, first] * group.z[:, second])
            sums = np.add.reduceat(products[:, order], starts, axis=1)
            result[:, :, first, second] = result[:, :, second, first] = sums
    return result


def no_pooling(fit: Fit, group: GroupDesign) -> Array:
    """Return each level's own maximum-likelihood effects, shape (level, effect).

    The fixed part and the other factors' effects stand at their posterior means. Infinite where the
    likelihood rises for ever; NaN where the level's rows cannot tell its effects apart.
    """
    offset = _posterior_mean_predictor(fit, without=group)
    others = _posterior_means(fit)
    levels, size = len(group.levels), len(group.effects)
    b = np.zeros((levels, size))
    identified = _identified(group)
    for _ in range(_STEPS):
        eta = offset + (group.z * b[group.codes]).sum(axis=1)
        at = {**others, "mu": RowValue(fit.link, eta[None])}
        step = _newton_step(fit, group, at, identified)
        # Levels without a finite maximum walk outwards by about one unit a step.
        b = np.clip(
            b + np.clip(step, -2.0 * _scale(fit), 2.0 * _scale(fit)), -1e3 * _scale(fit), 1e3 * _scale(fit)
        )
        if np.abs(step).max(initial=0.0) < _TOLERANCE * _scale(fit):
            break
    b[~identified] = np.nan
    return _to_infinity(fit, group, b, offset)


def _scale(fit: Fit) -> float:
    """Return the unit of the linear predictor: the response's spread for an identity link, else 1."""
    return float(np.ptp(fit.response.values)) or 1.0 if fit.link.name == "identity" else 1.0


def _posterior_mean_predictor(fit: Fit, without: GroupDesign) -> Array:
    beta = fit.flat["beta"].mean(axis=0, keepdims=True)
    eta = fixed_part(beta, fit.design)
    for group in fit.design.groups:
        if group.slug != without.slug:
            eta = eta + group_part(fit.flat[f"b_{group.slug}"].mean(axis=0, keepdims=True), group)
    return np.asarray(eta[0])


def _identified(group: GroupDesign) -> NDArray[np.bool_]:
    """Tell for which levels the rows' effect columns have full rank."""
    levels, size = len(group.levels), len(group.effects)
    gram = np.zeros((levels, size, size))
    np.add.at(gram, group.codes, group.z[:, :, None] * group.z[:, None, :])
    # Under ``by`` a level has some of the effects only.
    has = _occurs(group).sum(axis=1)
    return np.asarray(np.linalg.matrix_rank(gram, hermitian=True) == has)


def _posterior_means(fit: Fit) -> dict[str, RowValue]:
    """Return the parameters beside the mean at their posterior means, of one draw."""
    means = {name: draws.mean(axis=0, keepdims=True) for name, draws in fit.flat.items()}
    values = single_values(means, fit.priors, slice(None))
    for name, predictor in fit.predictors.items():
        if name != MEAN:
            eta = subject_predictor(means, predictor.design, slice(None), predictor.prefix)
            values[name] = RowValue(predictor.link, eta)
    return values


def _newton_step(fit: Fit, group: GroupDesign, at: RowValues, identified: NDArray[np.bool_]) -> Array:
    levels, size = len(group.levels), len(group.effects)
    slopes, weights = _slopes(fit, at)
    score = np.zeros((levels, size))
    np.add.at(score, group.codes, group.z * slopes[0][:, None])
    information = _information(fit, group, weights)[0]
    ridge = 1e-12 * np.maximum(np.trace(information, axis1=1, axis2=2), 1e-300)
    information = information + ridge[:, None, None] * np.eye(size)
    step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
    return np.where(identified[:, None], step, 0.0)


def _at_an_end(fit: Fit, group: GroupDesign, b: Array) -> Array:
    """Decide exactly for intercepts: all successes or all failures (or counts of zero) have no maximum."""
    ends_are_infinite = isinstance(fit.family, BinaryFamily | CountFamily)
    if group.effects != ("Intercept",) or not ends_are_infinite:
        return b
    levels = len(group.levels)
    successes = np.bincount(group.codes, fit.response.values, minlength=levels)
    result = np.where(successes == 0, -np.inf, b[:, 0])
    if isinstance(fit.family, BinaryFamily):
        trials = np.bincount(group.codes, fit.response.trials, minlength=levels)
        result = np.where(successes == trials, np.inf, result)
    return result[:, None]


def _to_infinity(fit: Fit, group: GroupDesign, b: Array, offset: Array) -> Array:
    """Mark effects of levels whose rows all run to an end of the scale as infinite."""
    if fit.link.name == "identity":
        return b
    b = _at_an_end(fit, group, b)
    contribution = (group.z * np.nan_to_num(b, posinf=0.0, neginf=0.0)[group.codes]).sum(axis=1)
    runaway = np.abs(contribution) > _INFINITE
    levels = np.unique(group.codes[runaway])
    result = b.copy()
    size = b.shape[1]
    if size == 1:
        result[levels] = np.sign(result[levels]) * np.inf
    else:
        # With several effects the direction of divergence is not one effect's: the estimate does not exist.
        result[levels] = np.nan
    return result
