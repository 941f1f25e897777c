"""Subject-specific coefficients beside the population-averaged ones that they imply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import check_flag, check_texts
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.ordered_categories import discrimination
from glmm_bayes.effects.estimand.undefined import unless_undefined
from glmm_bayes.effects.expectation.ordinal_projection import is_projected, project_ordered
from glmm_bayes.effects.expectation.projection import PROJECTIONS, Projection, project
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.effects.result.two_sides import POPULATION, SUBJECT, TwoSides
from glmm_bayes.effects.verbs.attenuation import ZLA
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import (
    draw_blocks,
    fixed_part,
    marginal_attenuation,
    marginal_variance,
)
from glmm_bayes.priors.implications import reading_of
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.spread import patterns_of_rows, spreads_of_draws
from glmm_bayes.spec.linear_predictor import MEAN


def coefficients(
    fit: Fit,
    *,
    projection: str = "quasi-likelihood",
    teaching: bool = False,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Show what each coefficient says of one group and what it says of the population.

    Subject-specific coefficients are the model's ``beta``: what changes for a given group. The
    population-averaged ones are, in each draw, those of the model without random effects that comes
    nearest to the population means of the training rows. Under ``interpretation="population"`` it is
    the other way round: ``beta`` is population-averaged, and the subject-specific coefficients are, in
    each draw, those nearest to the conditional linear predictor of the training rows (least squares).

    Parameters
    ----------
    fit : Fit
    projection : {"quasi-likelihood", "hedeker"}
        ``quasi-likelihood`` solves the score equation that GEE with independence estimates;
        ``hedeker`` is least squares on the scale of the link.
    teaching : bool
        Under a logit link also ``zla_mean``: the approximation beta/sqrt(1 + c^2 v), c = 16 sqrt(3)/(15 pi),
        with the mean v over the rows. It is in textbooks, and 10 % off for the toenail trial: no result.
    hypothesis, probability, interval
        As in ``predictions``; rows are the subject-specific coefficients, then the population-averaged ones.

    Returns
    -------
    Effects
        Rows told apart by ``coef`` and ``estimand`` (``subject`` or ``population``). Beside the summary stand
        ``attenuation``, the median of their ratio, blank where the subject-specific interval straddles
        zero; and for a logit or log link the ratios ``exp(coefficient)`` by median and interval
        (``ratio_*``). ``side_by_side()`` and print have one row a coefficient: ``subject_*``,
        ``population_*``, ``attenuation``, ``subject_ratio``, ``population_ratio``.

        Of ordered categories the projection has thresholds of its own, and minimises the Kullback-Leibler
        divergence of the probabilities (``quasi-likelihood``) or the distances from thresholds
        (``hedeker``). Coefficients of further parameters (``sigma_x``), of unordered categories, of ordered
        ones with t or bridge effects or a formula of ``disc``, and of a ``mu`` that is not the mean are
        subject-specific only, and ``ratio`` says what their ratio is; so are all where the population has no
        mean, and ``attrs["omitted"]`` says why. ``attrs`` names estimands, interval, projection and
        ``lack_of_fit``, the posterior mean of the largest gap between population means (of categories:
        probabilities) and projection.

    Raises
    ------
    PredictionError
        ``no_coefficients`` without a fixed part; ``unknown_projection``; ``projection`` if columns depend on
        each other, or the score equation could not be solved; ``hypothesis``, ``values``, ``interval``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Zeger, Liang and Albert (1988), Models for longitudinal data.
    Hedeker, du Toit, Demirtas and Gibbons (2018), A note on marginalization of regression parameters.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y01 ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[2.9, -1.3, -0.8]]], "sd_ID": [[[1.2]]]})
    >>> gb.coefficients(fit).side_by_side()["population_mean"].round(2).tolist()
    [2.37, -1.1, -0.69]
    """
    check_fit(fit)
    check_texts(projection=projection)
    check_flag("teaching", teaching)
    shown = read_interval(probability, interval)
    solve = PROJECTIONS[projection]
    if not sum(len(predictor.design.coefficients) for predictor in fit.predictors.values()):
        raise PredictionError(Finding("no_coefficients", "the model has no fixed part."))
    sides = _sides(fit, projection, solve)
    zla = None
    if teaching and sides.population is not None and fit.family.mean_is_mu and fit.link.name == "logit":
        zla = _zeger_liang_albert(fit, sides.subject[0].draws).mean(axis=0)
    return _effects(fit, sides, zla, shown, hypothesis)


@dataclass(frozen=True)
class _Coefficients:
    """Coefficients of one linear predictor: names, draws, what exp(scale * coefficient) is called."""

    names: Sequence[str]
    draws: Array
    ratio: str
    scale: Array


@dataclass(frozen=True)
class _Sides:
    """Subject-specific coefficients; the population-averaged ones of the first of them, and how they follow.

    Attributes
    ----------
    subject : sequence of _Coefficients
    population : ndarray, shape (draw, coef), or None
    statements : tuple of str
        What each side is.
    projection : str
    gap : float
        Posterior mean of the largest gap that the projection leaves.
    undefined : str
        Why the population has no mean whose coefficients could be shown.
    """

    subject: Sequence[_Coefficients]
    population: Array | None = None
    statements: tuple[str, str] = ("", "")
    projection: str = ""
    gap: float = 0.0
    undefined: str = ""


_GIVEN_GROUP = "subject-specific: what changes for a given group"


def _sides(fit: Fit, projection: str, solve: Projection) -> _Sides:
    """Return both sides, or the subject-specific one where the other does not exist."""
    if is_projected(fit):
        return _ordinal_sides(fit, projection)
    undefined = ""
    if fit.family.mean_is_mu and fit.design.coefficients:
        sides, undefined = unless_undefined(lambda: _both_sides(fit, projection, solve))
        if sides is not None:
            return sides
    return _Sides(_subject_sides(fit, fit.predictors), undefined=undefined)


def _both_sides(fit: Fit, projection: str, solve: Projection) -> _Sides:
    """Project the coefficients of the mean, or the conditional predictor of a marginal model."""
    if fit.predictors[MEAN].is_marginal:
        gamma, (beta, gap) = fit.flat["beta"], _conditional_coefficients(fit)
        projection = "least squares of the conditional linear predictor"
        statements = (f"{_GIVEN_GROUP} ({projection})", "population-averaged coefficient (the model's own)")
    else:
        beta, (gamma, gap) = fit.flat["beta"], project(fit, solve)
        statements = (_GIVEN_GROUP, f"population-averaged coefficient ({projection} projection)")
    first = _Coefficients(fit.design.coefficients, beta, fit.family.ratio_name(fit.link), np.ones((1, 1)))
    further = {name: predictor for name, predictor in fit.predictors.items() if name != MEAN}
    return _Sides([first, *_subject_sides(fit, further)], gamma, statements, projection, float(gap.mean()))


def _ordinal_sides(fit: Fit, projection: str) -> _Sides:
    """Project the coefficients of ordered categories."""
    projected, gap = project_ordered(fit, projection)
    predictors = fit.predictors.values()
    names = [
        f"{predictor.prefix}{coef}" for predictor in predictors for coef in predictor.design.coefficients
    ]
    beta = np.hstack([fit.flat[predictor.names.beta] for predictor in predictors])
    gamma = np.hstack([projected[predictor.name] for predictor in predictors])
    scale = discrimination(fit)
    assert scale is not None
    first = _Coefficients(names, beta, fit.family.ratio_name(fit.link), scale[..., None])
    statements = (_GIVEN_GROUP, f"population-averaged coefficient ({projection} projection)")
    return _Sides([first], gamma, statements, projection, float(gap.mean()))


def _subject_sides(fit: Fit, predictors: Mapping[str, Predictor]) -> list[_Coefficients]:
    """List the coefficients of predictors that have no population-averaged ones."""
    sides = []
    for name, predictor in predictors.items():
        names = [f"{predictor.prefix}{coef}" for coef in predictor.design.coefficients]
        scale = discrimination(fit) if predictor.role in ("mean", "threshold") else np.ones(())
        ratio = reading_of(name, predictor.link, fit.family, fit.response).ratio
        has_ratio = bool(ratio) and scale is not None
        factor = np.ones((1, 1)) if scale is None else scale[..., None]
        draws = fit.flat[predictor.names.beta]
        sides.append(_Coefficients(names, draws, ratio if has_ratio else "", factor))
    return sides


def _effects(fit: Fit, sides: _Sides, zla: Array | None, shown: Interval, hypothesis: Any) -> Effects:
    """Put the rows of both sides below each other, and say what they are."""
    names = [name for side in sides.subject for name in side.names]
    called = [side.ratio for side in sides.subject for _ in side.names]
    gamma = sides.population
    both = 0 if gamma is None else gamma.shape[1]
    grid = pd.DataFrame(
        {"coef": names + names[:both], "estimand": [SUBJECT] * len(names) + [POPULATION] * both}
    )
    if any(called) and len(sides.subject) > (1 if both else 0):
        grid["ratio"] = called + called[:both]
    beside = None
    if zla is not None:
        beside = pd.DataFrame({"zla_mean": np.concatenate([zla, np.full(len(grid) - len(zla), np.nan)])})
    ratios = " or ".join(dict.fromkeys(filter(None, called[:both] if both else called)))
    statement, of_sides = _described(sides)
    beta = np.hstack([side.draws for side in sides.subject])
    return quantities(
        fit,
        beta if gamma is None else np.hstack([beta, gamma]),
        grid,
        shown,
        statement,
        quantity="coefficient",
        description=statement if both else _GIVEN_GROUP,
        remarks=_remarks(fit, ratios, sides),
        hypothesis=hypothesis,
        summarised=TwoSides(both, len(names), _scales(sides) if any(called) else None),
        beside=beside,
        link=fit.link.name,
        ratio=f"{ratios} (posterior median)" if ratios else "",
        **of_sides,
    )


def _scales(sides: _Sides) -> Array:
    """Return what each subject-specific coefficient is multiplied by in the log of its ratio."""
    return np.hstack(
        [np.broadcast_to(side.scale if side.ratio else np.nan, side.draws.shape) for side in sides.subject]
    )


def _described(sides: _Sides) -> tuple[str, dict[str, Any]]:
    """Return the statement of the caption, and what the result says of its two sides."""
    if sides.population is None:
        statement = (
            "subject_: subject-specific coefficient, what changes for a given group, on the scale of each "
            "parameter's linear predictor"
        )
        omitted = {"omitted": {POPULATION: sides.undefined}} if sides.undefined else {}
        return statement, {"subject": _GIVEN_GROUP, **omitted}
    subject, population = sides.statements
    of_sides = {
        "subject": subject,
        "population": population,
        "projection": sides.projection,
        "lack_of_fit": sides.gap,
    }
    return f"subject_: {subject}; population_: {population}", of_sides


def _remarks(fit: Fit, ratios: str, sides: _Sides) -> tuple[str, ...]:
    remarks = [f"{ratios}: posterior median"] if ratios else []
    if sides.undefined:
        remarks.append(f"{POPULATION}: not shown, {sides.undefined.removesuffix('.')}")
    elif sides.population is None and not _has_t_effects(fit):
        remarks.append("population-averaged answers: gb.predictions and gb.comparisons")
    return tuple(remarks)


def _zeger_liang_albert(fit: Fit, beta: Array) -> Array:
    """Return the approximation of population-averaged coefficients by one factor, shape (draw, coef)."""
    spreads = spreads_of_draws(fit.predictors[MEAN], fit.flat, fit.design)
    rows, pattern = patterns_of_rows(fit.predictors[MEAN], fit.design)
    counts = np.bincount(pattern) / len(pattern)
    v = marginal_variance(spreads, np.zeros((len(beta), len(rows))), slice(None), rows) @ counts
    return np.asarray(marginal_attenuation(spreads, slice(None)) * beta / np.sqrt(1.0 + ZLA * v)[:, None])


def _has_t_effects(fit: Fit) -> bool:
    return any(prior.is_student for part in fit.priors.predictors.values() for prior in part.groups)


def population_coefficients(fit: Fit, projection: str = "quasi-likelihood") -> Array:
    """Return draws of the population-averaged coefficients, shape (draw, coef)."""
    if fit.predictors[MEAN].is_marginal:
        return fit.flat["beta"]
    return project(fit, PROJECTIONS[projection])[0]


def subject_coefficients(fit: Fit) -> Array:
    """Return draws of the subject-specific coefficients, shape (draw, coef)."""
    return _conditional_coefficients(fit)[0] if fit.predictors[MEAN].is_marginal else fit.flat["beta"]


def _conditional_coefficients(fit: Fit) -> tuple[Array, Array]:
    """Return the coefficients nearest to the conditional predictor, shape (draw, coef), and their gap.

    The gap is the largest one of a draw between means at random effects of zero.
    """
    predictor, design = fit.predictors[MEAN], fit.design
    first, pattern = patterns_of_rows(predictor, design)
    root = np.sqrt(np.bincount(pattern).astype(np.float64))
    solve = np.linalg.pinv(design.x[first] * root[:, None])
    beta = fit.flat["beta"]
    result, gap = np.empty_like(beta), np.empty(len(beta))
    for block in draw_blocks(len(beta), len(design)):
        delta = fixed_part(fit.flat, predictor, design, block)[:, first]
        result[block] = ((delta - design.offset[first]) * root) @ solve.T
        fitted = design.offset[first] + result[block] @ design.x[first].T
        gap[block] = np.abs(fit.link.inverse(delta) - fit.link.inverse(fitted)).max(axis=1)
    return result, gap
