"""Subject-specific coefficients beside the population-averaged ones that they imply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.arguments import check_flag, check_texts
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.words import ESTIMANDS, INTERVAL_PROBABILITY, interval_columns, interval_words
from glmm_bayes.effects.estimand.ordered_categories import discrimination
from glmm_bayes.effects.expectation.ordinal_projection import is_projected, project_ordered
from glmm_bayes.effects.expectation.projection import PROJECTIONS, project
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.effects.verbs.attenuation import ZLA
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import (
    draw_blocks,
    fixed_part,
    marginal_attenuation,
    marginal_variance,
)
from glmm_bayes.priors.implications import reading_of
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.spread import kinds_of_rows, spreads_of_draws
from glmm_bayes.spec.linear_predictor import MEAN

Array = NDArray[np.float64]


def coefficients(fit: Fit, projection: str = "quasi-likelihood", teaching: bool = False) -> pd.DataFrame:
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

    Returns
    -------
    pandas.DataFrame
        One row a coefficient: ``coef``; mean, sd and interval of the subject-specific coefficient
        (``subject_*``) and of the population-averaged one (``population_*``); ``attenuation``, the
        median of their ratio, blank where the subject-specific draws straddle zero; and for a logit
        or log link the ratios ``exp(coefficient)``. Of ordered categories the projection has thresholds of
        its own, and minimises the Kullback-Leibler divergence of the probabilities (``quasi-likelihood``) or
        the distances from thresholds (``hedeker``). Coefficients of further parameters (``sigma_x``), of
        unordered categories, of ordered ones with t or bridge effects or a formula of ``disc``, and of a
        ``mu`` that is not the mean have the subject-specific columns only, and ``ratio`` says what their
        ratio is. ``attrs`` names estimands, interval, projection and ``lack_of_fit``, the posterior mean of
        the largest gap between population means (of categories: probabilities) and projection.

    Raises
    ------
    PredictionError
        ``no_coefficients`` without a fixed part; ``projection`` if columns depend on each other, or the
        score equation could not be solved.

    References
    ----------
    Zeger, Liang and Albert (1988), Models for longitudinal data.
    Hedeker, du Toit, Demirtas and Gibbons (2018), A note on marginalization of regression parameters.
    """
    check_fit(fit)
    check_texts(projection=projection)
    check_flag("teaching", teaching)
    solve = PROJECTIONS[projection]
    if not sum(len(predictor.design.coefficients) for predictor in fit.predictors.values()):
        raise PredictionError(Finding("no_coefficients", "the model has no fixed part."))
    if is_projected(fit):
        return _ordinal_table(fit, projection)
    if not (fit.family.mean_is_mu and fit.design.coefficients):
        return _subject_table(fit, fit.predictors)
    is_marginal = fit.predictors[MEAN].is_marginal
    if is_marginal:
        gamma, (beta, gap) = fit.flat["beta"], _conditional_coefficients(fit)
    else:
        beta, (gamma, gap) = fit.flat["beta"], project(fit, solve)
    ratio = fit.family.ratio_name(fit.link)
    frame = _both_frame(fit.design.coefficients, beta, gamma, ratio)
    if teaching and fit.link.name == "logit":
        frame["zla_mean"] = _zeger_liang_albert(fit, beta).mean(axis=0)
    further = {name: predictor for name, predictor in fit.predictors.items() if name != MEAN}
    if further:
        frame = pd.concat([frame.assign(ratio=ratio), _subject_table(fit, further)], ignore_index=True)
    # Which of the two is the model's own, and how the other follows from it.
    subject = "subject-specific: what changes for a given group"
    population = f"population-averaged coefficient ({projection} projection)"
    if is_marginal:
        projection = "least squares of the conditional linear predictor"
        subject, population = f"{subject} ({projection})", "population-averaged coefficient (the model's own)"
    return _both_table(fit, frame, (subject, population), ratio, projection, gap)


def _ordinal_table(fit: Fit, projection: str) -> pd.DataFrame:
    """Put the coefficients of ordered categories beside those of the model without random effects."""
    projected, gap = project_ordered(fit, projection)
    predictors = fit.predictors.values()
    names = [
        f"{predictor.prefix}{coef}" for predictor in predictors for coef in predictor.design.coefficients
    ]
    beta = np.hstack([fit.flat[predictor.names.beta] for predictor in predictors])
    gamma = np.hstack([projected[predictor.name] for predictor in predictors])
    scale = discrimination(fit)
    assert scale is not None
    ratio = fit.family.ratio_name(fit.link)
    frame = _both_frame(names, beta, gamma, ratio, scale[..., None])
    subject = "subject-specific: what changes for a given group"
    population = f"population-averaged coefficient ({projection} projection)"
    return _both_table(fit, frame, (subject, population), ratio, projection, gap)


def _both_frame(
    names: Sequence[str], beta: Array, gamma: Array, ratio: str, scale: Array | float = 1.0
) -> pd.DataFrame:
    """Summarise subject-specific and population-averaged coefficients, and exp(scale * coefficient)."""
    frame = pd.DataFrame({"coef": names})
    sides = (("subject", beta), ("population", gamma))
    for word, draws in sides:
        frame = pd.concat([frame, summary_frame(draws).add_prefix(f"{word}_")], axis=1)
    frame["attenuation"] = _attenuation(beta, gamma)
    for word, draws in sides if ratio else ():
        frame = pd.concat([frame, _ratios(scale * draws, word)], axis=1)
    return frame


def _both_table(
    fit: Fit, frame: pd.DataFrame, words: tuple[str, str], ratio: str, projection: str, gap: Array
) -> pd.DataFrame:
    subject, population = words
    caption = f"subject_: {subject}; population_: {population}; mean and {interval_words()}"
    caption += f"; {ratio}: posterior median" if ratio else ""
    return captioned(
        frame,
        caption,
        fit,
        subject=subject,
        population=population,
        estimand_description=ESTIMANDS["population"],
        interval=interval_words(),
        ratio=f"{ratio} (posterior median)" if ratio else "",
        projection=projection,
        lack_of_fit=float(gap.mean()),
    )


def _zeger_liang_albert(fit: Fit, beta: Array) -> Array:
    """Return the approximation of population-averaged coefficients by one factor, shape (draw, coef)."""
    spreads = spreads_of_draws(fit.predictors[MEAN], fit.flat, fit.design)
    rows, kind = kinds_of_rows(fit.predictors[MEAN], fit.design)
    counts = np.bincount(kind) / len(kind)
    v = marginal_variance(spreads, np.zeros((len(beta), len(rows))), slice(None), rows) @ counts
    return np.asarray(marginal_attenuation(spreads, slice(None)) * beta / np.sqrt(1.0 + ZLA * v)[:, None])


def _ratios(draws: Array, word: str) -> pd.DataFrame:
    """Summarise ``exp(coefficient)`` by median and interval."""
    lower, upper = interval_columns()
    ratios = summary_frame(np.exp(draws))[[lower, upper]].add_prefix(f"{word}_ratio_")
    ratios.insert(0, f"{word}_ratio", np.median(np.exp(draws), axis=0))
    return ratios


def _subject_table(fit: Fit, predictors: Mapping[str, Predictor]) -> pd.DataFrame:
    """Summarise subject-specific coefficients of predictors that have no population-averaged ones."""
    parts = []
    called: dict[str, None] = {}
    for name, predictor in predictors.items():
        coefficients = [f"{predictor.prefix}{coef}" for coef in predictor.design.coefficients]
        draws = fit.flat[predictor.names.beta]
        columns = [pd.DataFrame({"coef": coefficients}), summary_frame(draws).add_prefix("subject_")]
        scale = discrimination(fit) if predictor.role in ("mean", "threshold") else np.ones(())
        ratio = reading_of(name, predictor.link, fit.family, fit.response).ratio
        if ratio and scale is not None:
            columns.append(_ratios(scale[..., None] * draws, "subject").assign(ratio=ratio))
            called[ratio] = None
        parts.append(pd.concat(columns, axis=1))
    ratios = " or ".join(called)
    caption = (
        "subject_: subject-specific coefficient, what changes for a given group, on the scale of each "
        f"parameter's linear predictor; mean and {interval_words()}"
        + (f"; {ratios}: posterior median" if ratios else "")
        + ("" if _has_t_effects(fit) else "; population-averaged answers: gb.predictions and gb.comparisons")
    )
    return captioned(
        pd.concat(parts, ignore_index=True),
        caption,
        fit,
        subject="subject-specific: what changes for a given group",
        interval=interval_words(),
        ratio=f"{ratios} (posterior median)" if ratios else "",
    )


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
    first, kind = kinds_of_rows(predictor, design)
    root = np.sqrt(np.bincount(kind).astype(np.float64))
    solve = np.linalg.pinv(design.x[first] * root[:, None])
    beta = fit.flat["beta"]
    result, gap = np.empty_like(beta), np.empty(len(beta))
    for block in draw_blocks(len(beta), len(design)):
        delta = fixed_part(fit.flat, predictor, design, block)[:, first]
        result[block] = ((delta - design.offset[first]) * root) @ solve.T
        fitted = design.offset[first] + result[block] @ design.x[first].T
        gap[block] = np.abs(fit.link.inverse(delta) - fit.link.inverse(fitted)).max(axis=1)
    return result, gap


def _attenuation(beta: Array, gamma: Array) -> Array:
    tail = (1 - INTERVAL_PROBABILITY) / 2
    low, high = np.quantile(beta, [tail, 1 - tail], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.median(gamma / beta, axis=0)
    return np.where((low > 0) | (high < 0), ratio, np.nan)
