"""A Fit in, what an estimating equation of the mean needs out: columns, outcomes, working variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.checks.nesting import partners
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.traits import POISSON_VARIANCE, WorkingVariance
from glmm_bayes.fit.fit import Fit


@dataclass(frozen=True)
class MeanModel:
    """What the mean is modelled by, and how much each row counts.

    Attributes
    ----------
    columns : ndarray, shape (row, coef)
    back : ndarray, shape (coef, coef)
        ``columns @ back`` are orthogonal and of one length, so that convergence is judged alike whatever
        the scales; ``back`` takes their coefficients to those of the columns.
    offset : ndarray, shape (row,)
        With the log of the exposure of ``rate()``.
    successes, trials : ndarray, shape (row,)
        The response and its number of trials, 1 where there are none.
    weights : ndarray or None
        Of ``weights()``.
    link : Link
    variance : WorkingVariance
    excess : float
        Excess variance of a negative binomial, at the posterior mean of its shape.
    """

    columns: Array
    back: Array
    offset: Array
    successes: Array
    trials: Array
    weights: Array | None
    link: Link
    variance: WorkingVariance
    excess: float


def mean_model(fit: Fit, verb: str) -> MeanModel:
    """Read a fit as a model of the mean, or say why an estimating equation of it is not that model.

    Raises
    ------
    PredictionError
        ``gee`` if the family, or what stands behind the bar of the formula, has no such equation;
        ``no_coefficients`` if the model has no fixed part.
    """
    if not fit.design.coefficients:
        raise PredictionError(Finding("no_coefficients", "the model has no fixed part."))
    variance = fit.family.working_variance
    if variance is None:
        message = (
            f"{verb} needs a family whose mean is 'mu' and whose variance is a function of it, found "
            f"'{fit.family.name}'."
        )
        hint = f"Families: {', '.join(_with_a_variance())}. gb.predictions and gb.pp_check take all families."
        raise PredictionError(Finding("gee", message, hint=hint))
    if variance.excess in fit.predictors:
        # Its rows differ in their excess; a working variance has one number at most.
        variance = POISSON_VARIANCE
    offset = fit.design.offset + _exposure(fit, verb)
    response, x = fit.response, fit.design.x
    weights = response.additions.weights
    return MeanModel(
        x,
        _back(x),
        offset,
        response.values,
        response.trials,
        weights,
        fit.link,
        variance,
        _excess(fit, variance),
    )


def _with_a_variance() -> list[str]:
    return [name for name in FAMILIES if FAMILIES[name].working_variance is not None]


def _exposure(fit: Fit, verb: str) -> Array | float:
    """Return the log exposure; refuse what an equation of the mean knows nothing of."""
    additions = fit.response.additions
    unsupported = [
        word
        for word, present in (
            ("cens()", additions.censored is not None),
            ("trunc()", additions.lower is not None or additions.upper is not None),
            ("se()", additions.se is not None),
            ("rate()", additions.rate is not None and fit.link.name != "log"),
        )
        if present
    ]
    if unsupported:
        message = (
            f"{verb} solves an equation of the mean, which {unsupported[0]} of the formula is no part of."
        )
        raise PredictionError(Finding("gee", message, column=fit.response.label))
    return 0.0 if additions.rate is None else np.log(additions.rate)


def _excess(fit: Fit, variance: WorkingVariance) -> float:
    if not isinstance(variance.excess, str):
        return variance.excess
    return float(1 / fit.needed(variance.excess, "the working variance").mean())


def _back(x: Array) -> Array:
    root = np.linalg.qr(x, mode="r")
    if np.linalg.matrix_rank(root) < root.shape[1]:
        message = (
            "columns of the fixed part depend on each other: no one set of coefficients solves for them."
        )
        raise PredictionError(Finding("gee", message, hint='Fit with rank="drop".'))
    return np.asarray(np.linalg.inv(root) * np.sqrt(len(x)))


def independent_groups(fit: Fit, factor: str | None, verb: str) -> tuple[GroupDesign, str]:
    """Choose the grouping factor whose levels are taken as independent; say how it was chosen.

    Without a name it is the only one, or the outermost of nested ones.

    Raises
    ------
    PredictionError
        ``no_random_effects``, ``unknown_factor`` or ``gee`` if factors are crossed, or rows belong to
        several levels.
    """
    groups = {g.factor: g for p in fit.predictors.values() for g in p.design.groups}
    if not groups:
        message = f"{verb} needs groups of rows that belong together: the model has no grouping factor."
        raise PredictionError(Finding("no_random_effects", message))
    if factor is None:
        factor, how = _outermost(groups, verb)
    elif isinstance(factor, str) and factor in groups:
        others = [name for name, group in groups.items() if not _is_within(group, groups[factor])]
        how = "as asked"
        if others:
            how += f"; groups that share a level of {' or '.join(others)} are not independent of each other"
    else:
        hint = " ".join(
            filter(None, (suggestion(str(factor), groups), f"Grouping factors: {', '.join(groups)}."))
        )
        raise PredictionError(Finding("unknown_factor", f"no grouping factor '{factor}'.", hint=hint))
    if groups[factor].term.is_membership:
        message = f"rows belong to several levels of '{factor}': {verb} needs groups that share no rows."
        raise PredictionError(Finding("gee", message, column=groups[factor].term.columns[0]))
    return groups[factor], how


def _is_within(inner: GroupDesign, outer: GroupDesign) -> bool:
    """Tell whether each level of a factor lies in one level of another."""
    if inner.term.is_membership or outer.term.is_membership:
        return inner.factor == outer.factor
    return bool((partners(outer.codes, inner.codes)[1] == 1).all())


def _outermost(groups: dict[str, GroupDesign], verb: str) -> tuple[str, str]:
    if len(groups) == 1:
        return next(iter(groups)), "the only grouping factor"
    for name, group in groups.items():
        inner = [other.factor for other in groups.values() if other.factor != name]
        if all(_is_within(other, group) for other in groups.values()):
            return name, f"the outermost grouping factor: {', '.join(inner)} nested in it"
    names = ", ".join(f"'{name}'" for name in groups)
    message = f"{verb} takes the levels of one factor as independent, and none of {names} holds the others."
    hint = f'Write factor="{next(iter(groups))}"; its standard errors leave the other factors out.'
    raise PredictionError(Finding("gee", message, hint=hint))
