"""Draws, rows and an estimand in, expected responses out: integrated within each draw, row by row.

With normal random effects the sum of a new group's effects in one row is normal with one variance v,
whatever the number of factors and slopes, so that averaging over the population is a one-dimensional
integral of the inverse link; where the mean depends on several linear predictors they are jointly
normal. Distinct rows are computed once; draws are taken in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.integrals import link_of_population_mean, population_mean
from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.core.student_mixture import link_of_student_mean, student_population_mean
from glmm_bayes.effects.pieces import Heavy, Parts, distinct_pieces
from glmm_bayes.effects.question import Question
from glmm_bayes.effects.rows import Rows
from glmm_bayes.infer.predictor import draw_blocks

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Expectation:
    """Expected responses and how they were integrated.

    Attributes
    ----------
    values : ndarray, shape (draw, target), or (draw, target, category)
    rule : str
        ``exact``, ``normal mixture, 8 terms`` or ``trapezoid, n nodes``.
    error : float
        Largest absolute error of the integral over draws and rows.
    """

    values: Array
    rule: str
    error: float


def expected(question: Question, rows: Rows, weights: Array | None = None) -> Expectation:
    """Compute the expected response of each row, or weighted averages over rows, in every draw.

    Parameters
    ----------
    question : Question
    rows : Rows
    weights : ndarray, shape (target, row), optional
        Averages to take over rows within each draw; each row of weights sums to 1.

    Raises
    ------
    PredictionError
        ``new_group`` if ``subject`` is asked for a level that the training rows did not have.
    """
    pieces, distinct, spread = distinct_pieces(question, rows)
    reduced = reduced_weights(weights, spread, len(distinct))
    n_draws = int(np.prod(question.fit.shape))
    result = np.empty(0)
    rules: dict[str, None] = {}
    error = 0.0
    for block in draw_blocks(n_draws, len(distinct) * pieces.width):
        values, rule, bound = on_scale(question, pieces.at(block, distinct))
        chosen = values[:, spread] if reduced is None else averaged(values, reduced)
        if not result.size:
            result = np.empty((n_draws, *chosen.shape[1:]))
        result[block] = chosen
        rules[rule] = None
        error = max(error, bound)
    return Expectation(result, "; ".join(rules), error)


def averaged(values: Array, weights: Array) -> Array:
    """Average over rows, shape (draw, target) or (draw, target, category)."""
    return np.asarray(np.moveaxis(np.tensordot(values, weights, axes=(1, 1)), -1, 1))


def on_scale(question: Question, found: Parts) -> tuple[Array, str, float]:
    """Average over what is integrated; return values on the scale, the rule's name and its error."""
    if not question.is_mu:
        return _of_family(question, found)
    eta, v = found.joint.at[question.single].eta, found.joint.variance.get(question.single)
    link = question.link
    if question.parameter is None and found.joint.variance:
        question.fit.family.check_mean(found.joint)
    if v is None:
        return (eta if question.scale == "link" else link.inverse(eta)), "exact", 0.0
    if found.heavy is not None:
        return _over_student(link, eta, v, found.heavy, question.scale)
    integral = population_mean(link, eta, v)
    if question.scale == "link":
        return link_of_population_mean(link, eta, v), integral.rule, integral.error
    return integral.value, integral.rule, integral.error


def _of_family(question: Question, found: Parts) -> tuple[Array, str, float]:
    """Average the mean of a response that is more than the inverse of one link."""
    family = question.fit.family
    if question.scale == "link":
        message = f"the mean of {family.name} is not the inverse link of one linear predictor."
        hint = f'Write parameter="{next(iter(found.joint.at))}" for the linear predictor of one.'
        raise PredictionError(Finding("scale", message, hint=hint))
    if found.heavy is not None:
        message = f"t effects under {family.name} are not integrated here."
        hint = 'Ask for estimand="typical" or "subject", or give them normal effects.'
        raise PredictionError(Finding("not_available", message, hint=hint))
    if not found.joint.variance:
        return family.mean(found.joint.at), "exact", 0.0
    integral = family.population_mean(found.joint)
    return integral.value, integral.rule, integral.error


def _over_student(link: Link, eta: Array, v: Array, heavy: Heavy, scale: str) -> tuple[Array, str, float]:
    """Average over t effects: the identity link keeps the mean, an unbounded one has none."""
    if link.name == "identity":
        return eta, "exact", 0.0
    if not isinstance(link, ProbabilityLink):
        message = f"the population mean does not exist: t effects under the {link.name} link have none."
        hint = 'Ask for estimand="typical" or "subject".'
        raise PredictionError(Finding("estimand_undefined", message, hint=hint))
    integral = student_population_mean(link, eta, v, heavy.variance, heavy.df)
    if scale == "link":
        value = link_of_student_mean(link, integral.value, eta, v + heavy.variance)
        return value, integral.rule, integral.error
    return integral.value, integral.rule, integral.error


def reduced_weights(weights: Array | None, spread: NDArray[np.int64], size: int) -> Array | None:
    """Add up the weights of equal rows, shape (target, distinct row)."""
    if weights is None:
        return None
    return np.stack([np.bincount(spread, weights=row, minlength=size) for row in weights])
