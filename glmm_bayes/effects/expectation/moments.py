"""A fit and rows in, the parts of a row's variance out: between groups, and within a group.

Of ordered categories the response is their score: the position of the category, the lowest counted as 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.integrals import population_variance
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.pair_covariance import pair_covariance, pair_covariance_of
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.effects.estimand.averages import grid_frame
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.ordered_categories import (
    SCORE,
    has_ordered_categories,
    of_probabilities,
    score_words,
)
from glmm_bayes.effects.estimand.question import Question, without_one_predictor
from glmm_bayes.effects.estimand.undefined import check_new_groups
from glmm_bayes.effects.expectation.answer import rows_of
from glmm_bayes.effects.expectation.cells import AnswerEvaluator
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, gathered, on_scale
from glmm_bayes.effects.expectation.predictor_draws import RowParameters, distinct_patterns
from glmm_bayes.families.likelihood import adjusted
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import single_values
from glmm_bayes.spec.linear_predictor import MEAN

_CENTRE = "score at zero"


@dataclass(frozen=True)
class Moments:
    """Of each pattern of covariates in each draw, shape (draw, pattern), and the pattern of each row.

    Attributes
    ----------
    at : mapping of str to RowValue
        Parameters at random effects of zero.
    mean : ndarray
        Population mean m.
    between : ndarray
        Var_b(mu): variance of the mean between groups.
    within : ndarray
        E_b V(mu): variance within a group.
    eta, v : ndarray
        Fixed part of the linear predictor and variance of its random part.
    pattern : ndarray of int64, shape (row,)
    variances : mapping of str to ndarray
        Of each grouping factor's part.
    """

    at: RowValues
    mean: Array
    between: Array
    within: Array
    eta: Array
    v: Array
    pattern: NDArray[np.int64]
    variances: Mapping[str, Array]


def moments(fit: Fit, newdata: Any = None) -> tuple[Moments, pd.DataFrame]:
    """Compute mean and variances of rows in each draw, and what the rows are.

    Raises
    ------
    PredictionError
        ``not_available`` for families whose mean is not the inverse link of one linear predictor (but for
        ordered categories, of which it is the score), for further linear predictors (of ordered categories
        for their random effects), for t effects, and for new rows of a response with known standard errors;
        ``estimand_undefined`` where a variance does not exist.
    """
    question = _question(fit)
    check_new_groups(fit)
    rows, _ = rows_of(question, newdata)
    se = fit.response.additions.se
    if se is not None and newdata is not None:
        message = "the variance of a row depends on its known standard error, which new rows do not have."
        raise PredictionError(Finding("not_available", message, hint="Leave newdata out: rows of the data."))
    predictors, first, pattern = distinct_patterns(question, rows)
    if se is not None:
        first, pattern = distinct_rows(np.hstack([*predictors.columns(), se[:, None]]))
    joint = predictors.at(slice(None), first).joint
    eta = joint.at[MEAN].eta
    v = joint.variance.get(MEAN, np.zeros_like(eta))
    if question.is_mu:
        predictors = replace(predictors, singles=_singles(fit))
    evaluator = AnswerEvaluator(
        question, predictors, _three if question.is_mu else _three_of_scores, integrates=True
    )
    three = gathered(evaluator, first, np.arange(len(first)), None, MAX_MEMORY).values
    mean, between, within = np.moveaxis(three, -1, 0)
    if se is not None:
        within = _with_known_errors(fit, first, eta)
    if not (np.isfinite(between).all() and np.isfinite(within).all()):
        message = f"the variance of {fit.family.name} is infinite or beyond double precision in some draws."
        raise PredictionError(
            Finding("estimand_undefined", message, hint="Use gb.fan: quantiles always exist.")
        )
    by_factor: dict[str, Array] = {}
    for spread in predictors.draws[MEAN].integrated:
        variance = spread.variance(slice(None), first)[0]
        factor = spread.group.factor
        by_factor[factor] = by_factor[factor] + variance if factor in by_factor else variance
    return Moments(joint.at, mean, between, within, eta, v, pattern, by_factor), grid_frame(rows)


def _question(fit: Fit) -> Question:
    """Ask for the mean of the response, or for the expected score of its categories."""
    population = read_estimand("population", fit)
    further = [name for name in fit.predictors if name != MEAN]
    if fit.family.mean_is_mu and not further:
        return Question(fit, population)
    is_ordered = has_ordered_categories(fit)
    if is_ordered and not any(fit.predictors[name].design.groups for name in further):
        return Question(fit, population, ordered=SCORE)
    if fit.family.mean_is_mu or is_ordered:
        names = " and ".join(name for name in further if fit.predictors[name].design.groups or not is_ordered)
        has = "random effects" if is_ordered else "a formula"
        message = f"variances are split for one linear predictor of the mean; {names} has {has} of its own."
        raise PredictionError(Finding("not_available", message, hint="Use gb.predictions."))
    raise without_one_predictor(fit, "a share of variance", "Use gb.predictions and gb.comparisons.")


def _singles(fit: Fit) -> dict[str, RowValue]:
    """Return the parameters with one value for all rows, which variances depend on, over all draws."""
    values = single_values(fit.flat, fit.priors, slice(None))
    # Under se() without sigma there is none; the variance of such rows is computed apart.
    absent = {name: number(np.zeros((1, 1))) for name in fit.family.auxiliaries if name not in values}
    return values | absent if fit.response.additions.se is not None else values


def _with_known_errors(fit: Fit, rows: NDArray[np.int64], eta: Array) -> Array:
    """Return the variance of responses with known standard errors, which does not depend on their mean."""
    additions = fit.response.additions
    assert additions.se is not None
    of_rows = replace(additions, se=additions.se[rows])
    at = {**_singles(fit), MEAN: RowValue(fit.link, eta)}
    variance = fit.family.variance(adjusted(fit.family, at, of_rows, NUMPY))
    return np.broadcast_to(variance, eta.shape)


def _three(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Return mean, variance between groups and mean variance within, shape (draw, row, 3)."""
    _refuse_unintegrated(parameters)
    fit, eta = question.fit, parameters.joint.at[MEAN].eta
    v = np.broadcast_to(parameters.joint.variance.get(MEAN, np.zeros(())), eta.shape)
    at = {**parameters.joint.at, MEAN: RowValue(fit.link, eta)}
    within = Joint(at, {MEAN: v} if v.any() else {}, smooth=parameters.joint.smooth).mean(fit.family.variance)
    mean, rule, error = on_scale(question, parameters)
    between = population_variance(fit.link, eta, v)
    return np.stack([mean, between, np.broadcast_to(within.value, eta.shape)], axis=-1), rule, error


def _refuse_unintegrated(parameters: RowParameters) -> None:
    if parameters.heavy is not None or parameters.attenuation is not None:
        message = "variances under t and bridge effects are not integrated here."
        raise PredictionError(Finding("not_available", message, hint="Use gb.variance_components."))


def _three_of_scores(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Return the same of the score of ordered categories."""
    _refuse_unintegrated(parameters)
    family = question.fit.family
    # Squares of differences from the score at zero keep the digits of a small variance.
    centre = _score(question.fit, parameters.joint.at)

    def of_group(at: RowValues) -> Array:
        gap = _score(question.fit, at) - at[_CENTRE].eta
        return np.stack([gap, np.square(gap), family.variance(at)], axis=-1)

    at = {**parameters.joint.at, _CENTRE: number(centre)}
    integral = replace(parameters.joint, at=at).mean(of_group)
    gap, square, within = np.moveaxis(integral.value, -1, 0)
    between = np.maximum(square - np.square(gap), 0.0)
    return np.stack([centre + gap, between, within], axis=-1), integral.rule, integral.error


def _score(fit: Fit, at: RowValues) -> Array:
    """Return the expected score at parameters, shape (draw, row)."""
    return of_probabilities(SCORE, fit.family.mean(at), 0.0)[0]


def covariance_of_means(
    fit: Fit, of_rows: Moments, first: NDArray[np.int64], second: NDArray[np.int64], shared: Array
) -> Array:
    """Return the covariance of the means of pairs of rows whose random parts have a covariance.

    Parameters
    ----------
    fit : Fit
    of_rows : Moments
    first, second : ndarray of int64, shape (pair,)
        Kinds of rows.
    shared : ndarray, shape (draw, pair)
        Covariance of the linear predictors' random parts.
    """
    v = of_rows.v[:, first], of_rows.v[:, second]
    if fit.family.mean_is_mu:
        return pair_covariance(fit.link, (of_rows.eta[:, first], of_rows.eta[:, second]), v, shared)
    one = {name: _at_rows(value, first) for name, value in of_rows.at.items()}
    other = one if second is first else {name: _at_rows(value, second) for name, value in of_rows.at.items()}
    return pair_covariance_of(lambda at: _score(fit, at), (one, other), MEAN, v, shared)


def _at_rows(value: RowValue, patterns: NDArray[np.int64]) -> RowValue:
    """Return a parameter at some rows; thresholds and others that all rows share are as they were."""
    is_of_rows = np.ndim(value.eta) == 2 and np.shape(value.eta)[1] > 1
    return replace(value, eta=value.eta[:, patterns]) if is_of_rows else value


def response_words(fit: Fit) -> str:
    """Say what varies: the response, or the score of its categories."""
    if fit.family.mean_is_mu:
        return "responses"
    return f"scores of {fit.response.name} ({score_words(fit.response.categories)})"
