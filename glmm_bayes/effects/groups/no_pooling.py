"""A level's own rows in, its random effects by themselves out: maximum likelihood, without pooling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.groups.information import level_information, row_information, unit_of
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import fixed_part, group_part, single_values, subject_predictor
from glmm_bayes.priors.names import PLAIN
from glmm_bayes.spec.linear_predictor import MEAN

_STEPS = 60
_TOLERANCE = 1e-10
#: A level's own estimate beyond this on the linear predictor is the way to infinity.
_INFINITE = 25.0


def no_pooling(fit: Fit, group: GroupDesign) -> Array:
    """Return each level's own maximum-likelihood effects, shape (level, effect).

    The fixed part and the other factors' effects stand at their posterior means. Infinite where the
    likelihood rises for ever, at an end where the linear predictor has one; NaN where the level's rows
    cannot tell its effects apart.
    """
    offset = _posterior_mean_predictor(fit, without=group)
    others = _posterior_means(fit)
    b, unit = _start(fit, group), unit_of(fit)
    identified = _identified(group)
    for _ in range(_STEPS):
        eta = offset + (group.z * b[group.codes]).sum(axis=1)
        at = {**others, "mu": RowValue(fit.link, eta[None])}
        # Levels without a finite maximum walk outwards by about one unit a step.
        step = np.clip(_newton_step(fit, group, at, identified), -2.0 * unit, 2.0 * unit)
        if fit.family.has_bounded_predictor(fit.link):
            step = _inside(fit, group, eta, step)
        b = np.clip(b + step, -1e3 * unit, 1e3 * unit)
        if np.abs(step).max(initial=0.0) < _TOLERANCE * unit:
            break
    b[~identified] = np.nan
    return _to_infinity(fit, group, b, offset)


def _start(fit: Fit, group: GroupDesign) -> Array:
    """Return where the search starts: at zero, or where every row is between the ends of its predictor."""
    if fit.family.has_bounded_predictor(fit.link):
        # Each draw is between them, and so are posterior means.
        return np.asarray(fit.flat[PLAIN.of_factor("b", group.slug)].mean(axis=0))
    return np.zeros((len(group.levels), len(group.effects)))


def _inside(fit: Fit, group: GroupDesign, eta: Array, step: Array) -> Array:
    """Shorten the step of a level to at most half of the way to an end, shape (level, effect)."""
    low, high = fit.link.predictor_domain(fit.family.mu.bounds)
    move = (group.z * step[group.codes]).sum(axis=1)
    room = np.maximum(np.where(move > 0.0, high - eta, eta - low) - _TOLERANCE, 0.0)
    length = np.abs(move)
    share = np.divide(0.5 * room, length, out=np.full_like(length, np.inf), where=length > 0.0)
    shortened = np.ones(len(step))
    np.minimum.at(shortened, group.codes, share)
    return step * shortened[:, None]


def _posterior_mean_predictor(fit: Fit, without: GroupDesign) -> Array:
    means = {name: draws.mean(axis=0, keepdims=True) for name, draws in fit.flat.items()}
    eta = fixed_part(means, fit.predictors[MEAN], fit.design, slice(None))
    for group in fit.design.groups:
        if group.slug != without.slug:
            eta = eta + group_part(
                fit.flat[PLAIN.of_factor("b", group.slug)].mean(axis=0, keepdims=True), group
            )
    return np.asarray(eta[0])


def _identified(group: GroupDesign) -> NDArray[np.bool_]:
    """Tell for which levels the rows' effect columns have full rank."""
    levels, size = len(group.levels), len(group.effects)
    gram = np.zeros((levels, size, size))
    np.add.at(gram, group.codes, group.z[:, :, None] * group.z[:, None, :])
    # Under ``by`` a level has some of the effects only.
    has = group.occurs.sum(axis=1)
    return np.asarray(np.linalg.matrix_rank(gram, hermitian=True) == has)


def _posterior_means(fit: Fit) -> dict[str, RowValue]:
    """Return the parameters beside the mean at their posterior means, of one draw."""
    means = {name: draws.mean(axis=0, keepdims=True) for name, draws in fit.flat.items()}
    values = single_values(means, fit.priors, slice(None))
    for name, predictor in fit.predictors.items():
        if name != MEAN:
            eta = subject_predictor(means, predictor, slice(None))
            values[name] = RowValue(predictor.link, eta)
    return values


def _newton_step(fit: Fit, group: GroupDesign, at: RowValues, identified: NDArray[np.bool_]) -> Array:
    levels, size = len(group.levels), len(group.effects)
    slopes, weights = row_information(fit, at)
    score = np.zeros((levels, size))
    np.add.at(score, group.codes, group.z * slopes[0][:, None])
    information = level_information(group, weights)[0]
    ridge = 1e-12 * np.maximum(np.trace(information, axis1=1, axis2=2), 1e-300)
    information = information + ridge[:, None, None] * np.eye(size)
    step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
    return np.where(identified[:, None], step, 0.0)


def _at_an_end(fit: Fit, group: GroupDesign, b: Array) -> Array:
    """Decide exactly for intercepts: all successes or all failures (or counts of zero) have no maximum."""
    has_floor, has_ceiling = fit.family.infinite_ends(fit.link)
    if not group.is_intercept or not (has_floor or has_ceiling):
        return b
    levels = len(group.levels)
    successes = np.bincount(group.codes, fit.response.values, minlength=levels)
    result = np.where((successes == 0) & has_floor, -np.inf, b[:, 0])
    if has_ceiling:
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
