"""Draws, rows and an estimand in, expected responses out: integrated within each draw, row by row.

With normal random effects the sum of a new group's effects in one row is normal with one variance v,
whatever the number of factors and slopes, so that averaging over the population is a one-dimensional
integral of the inverse link; where the mean depends on several linear predictors they are jointly
normal. Distinct rows are computed once; draws are taken in blocks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.integrals import link_of_population_mean, population_mean
from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.student_mixture import link_of_student_mean, student_population_mean
from glmm_bayes.effects.estimand.averages import Averages
from glmm_bayes.effects.estimand.ordered_categories import of_probabilities
from glmm_bayes.effects.estimand.question import LOG_SCALES, SMALL, Question, without_one_predictor
from glmm_bayes.effects.estimand.row_weights import BlockWeights, added
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.expectation.cells import AnswerEvaluator, EvaluatedCell, Evaluates
from glmm_bayes.effects.expectation.predictor_draws import RowParameters, StudentVariance, distinct_patterns
from glmm_bayes.families.ordinal import log_sides

#: Bytes of the numbers that one question works on, unless the caller says otherwise.
MAX_MEMORY = 2e9
_LEAST_MEMORY = 1e6
_MOST_MEMORY = 1e300
#: Of a block, for each of its numbers: results, copies and what rules work on.
_BYTES_PER_ELEMENT = 400
#: Elements below which starting threads costs more than they save.
_WORTH_THREADS = 20_000
#: Blocks of draws that are worked on at once; NumPy and SciPy release the interpreter's lock.
THREADS = max(1, min(4, os.cpu_count() or 1))


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


def expected(
    question: Question, rows: Rows, averages: Averages | None = None, max_memory: float = MAX_MEMORY
) -> Expectation:
    """Compute the expected response of each row, or averages over rows, in every draw.

    Parameters
    ----------
    question : Question
    rows : Rows
    averages : Averages, optional
        Averages to take over rows within each draw.
    max_memory : float
        Bytes that the numbers being worked on may take.

    Raises
    ------
    PredictionError
        ``new_group`` if ``subject`` is asked for a level that the training rows did not have;
        ``max_memory`` if the answer itself would take more.
    """
    predictors, distinct, spread = distinct_patterns(question, rows, direct=True)
    evaluator = AnswerEvaluator(question, predictors, on_scale)
    return gathered(evaluator, distinct, spread, averages, max_memory)


def gathered(
    evaluator: Evaluates,
    distinct: NDArray[np.int64],
    spread: NDArray[np.int64],
    averages: Averages | None,
    max_memory: float,
) -> Expectation:
    """Evaluate distinct rows block by block of draws, and average or spread them over all rows."""
    n_draws, width = int(np.prod(evaluator.question.fit.shape)), evaluator.predictors.width
    weights = None if averages is None else averages.weights(spread, len(distinct))
    check_memory(n_draws, (len(spread) if weights is None else weights.targets) * width, max_memory)
    elements = max(1, int(max_memory / _BYTES_PER_ELEMENT / THREADS))
    cells = list(evaluator.cells(distinct, max(1, elements // width)))
    position = positions(distinct)
    largest = max(len(cell.rows) for cell in cells)
    per_draw = max(largest, 0 if weights is None else weights.numbers)
    size = max(1, min(elements // (per_draw * width), -(-n_draws // THREADS)))
    blocks = [slice(start, min(start + size, n_draws)) for start in range(0, n_draws, size)]

    def work(block: slice) -> tuple[Array, list[str], float]:
        return block_of(evaluator, cells, position, None if weights is None else weights.of(block), block)

    if n_draws * per_draw * width < _WORTH_THREADS:
        computed = list(map(work, blocks))
    else:
        with ThreadPoolExecutor(THREADS) as pool:
            computed = list(pool.map(work, blocks))
    values = np.concatenate([part for part, _, _ in computed])
    rules = dict.fromkeys(rule for _, names, _ in computed for rule in names)
    error = max(error for _, _, error in computed)
    return Expectation(values if weights is not None else values[:, spread], "; ".join(rules), error)


def positions(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each row of the designs stands among ``rows``."""
    result = np.empty(int(rows.max()) + 1, np.int64)
    result[rows] = np.arange(len(rows))
    return result


def block_of(
    evaluator: Evaluates,
    cells: Sequence[EvaluatedCell],
    position: NDArray[np.int64],
    weights: BlockWeights | None,
    block: slice,
) -> tuple[Array, list[str], float]:
    """Return values or averages of one block of draws, the rules used and the largest error."""
    total: Array | None = None
    of_cells: list[Array] = []
    order: list[NDArray[np.int64]] = []
    rules: list[str] = []
    worst = 0.0
    for cell in cells:
        values, rule, error = evaluator.values(block, cell)
        places = position[cell.rows]
        if weights is None:
            of_cells.append(values)
            order.append(places)
        else:
            total = added(total, weights, values, places, evaluator.question.scale in LOG_SCALES)
        rules.append(rule)
        worst = max(worst, error)
    if weights is not None:
        return np.asarray(total), rules, worst
    back = np.argsort(np.concatenate(order))
    return np.concatenate(of_cells, axis=1)[:, back], rules, worst


def check_memory(n_draws: int, numbers: int, max_memory: float) -> None:
    """Refuse an answer that takes more memory than allowed.

    Raises
    ------
    PredictionError
        ``max_memory``.
    """
    if not (isinstance(max_memory, int | float) and _LEAST_MEMORY <= max_memory <= _MOST_MEMORY):
        message = (
            f"max_memory must be a number of bytes from {_LEAST_MEMORY:g}, found {shown_value(max_memory)}."
        )
        raise PredictionError(Finding("max_memory", message))
    size = 8.0 * n_draws * numbers
    if size > max_memory:
        message = (
            f"{n_draws} draws of {numbers} numbers take {size / 1e9:.3g} GB, more than "
            f"max_memory={max_memory:.3g} bytes."
        )
        hint = "Average over rows (by=True, or columns in by), give fewer rows in newdata, or allow more."
        raise PredictionError(Finding("max_memory", message, hint=hint))


def on_scale(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Average over what is integrated; return values on the scale, the rule's name and its error."""
    if question.scale not in ("response", "link"):
        return _transformed(question, parameters)
    if not question.is_mu:
        return _of_family(question, parameters)
    eta, v = parameters.joint.at[question.single].eta, parameters.joint.variance.get(question.single)
    link = question.link
    if question.is_response and (v is not None or question.scale != "link"):
        question.fit.family.check_rows(parameters.joint)
    asks_population = "population" in question.estimand.word_of_factor.values()
    if question.parameter is None and (parameters.joint.variance or asks_population):
        question.fit.family.check_mean(parameters.joint)
    return _of_link(link, eta, v, question.scale, parameters)


def _of_link(
    link: Link, eta: Array, v: Array | None, scale: str, parameters: RowParameters
) -> tuple[Array, str, float]:
    """Average the inverse of one link."""
    if v is None:
        return (link.of_inverse(eta) if scale == "link" else link.inverse(eta)), *parameters.rule
    if parameters.heavy is not None:
        return _over_student(link, eta, v, parameters.heavy, scale)
    if parameters.attenuation is not None:
        eta, v = parameters.attenuation * eta, parameters.attenuation**2 * v
    integral = population_mean(link, eta, v, parameters.joint.smooth)
    rule, error = integral.rule, integral.error
    if parameters.solved:
        rule, error = f"{parameters.rule[0]}; {rule}", error + parameters.solved
    if scale == "link":
        return link_of_population_mean(link, eta, v, parameters.joint.smooth), rule, error
    return integral.value, rule, error


def _transformed(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Return a log of the mean, of one minus it, or of its odds."""
    if question.keeps_logs:
        # From the link of the mean, which keeps its digits where the mean rounds to 0 or 1.
        linear, rule, error = on_scale(replace(question, scale="link"), parameters)
        return question.from_link(linear), rule, error
    value, rule, error = on_scale(replace(question, scale="response"), parameters)
    least = question.smallest
    is_far = not (
        (value > least) & (value < min(1.0 / SMALL, 1.0 - least if question.is_probability else np.inf))
    ).all()
    if question.has_logs and (is_far or question.scale in LOG_SCALES):
        return _of_log_mean(question, parameters)
    if not error:
        return question.from_mean(value), rule, 0.0
    steepest = 1.0 / np.maximum(value * np.abs(1.0 - value), np.finfo(float).tiny)
    return question.from_mean(value), rule, error * float(steepest.max(initial=1.0))


def _of_log_mean(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Return a log of the mean of a family whose mean is more than the inverse of one link."""
    integral = question.fit.family.log_population_mean(parameters.joint)
    logs = integral.value
    if question.ordered:
        below, above = log_sides(logs)
        of_scale = {"log": above, "log_complement": below, "log_odds": above - below}
        return of_scale[question.scale], integral.rule, integral.error
    if question.scale == "log":
        return logs, integral.rule, integral.error
    if logs.ndim == 3:
        # One minus a category's probability is the sum of the others'.
        count = logs.shape[-1]
        others = [np.delete(logs, k, axis=-1) for k in range(count)]
        rest = np.stack([logsumexp(other, axis=-1) for other in others], axis=-1)
    else:
        rest = NUMPY.log1mexp(np.minimum(logs, -1e-300))
    return (rest if question.scale == "log_complement" else logs - rest), integral.rule, integral.error


def _of_family(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Average the mean of a response that is more than the inverse of one link."""
    family = question.fit.family
    if question.scale == "link":
        hint = f'Write parameter="{next(iter(parameters.joint.at))}" for the linear predictor of one.'
        raise without_one_predictor(question.fit, "scale='link'", hint, "scale")
    if parameters.heavy is not None:
        message = f"t effects under {family.name} are not integrated here."
        hint = 'Ask for estimand="typical" or "subject", or give them normal effects.'
        raise PredictionError(Finding("not_available", message, hint=hint))
    if parameters.joint.variance:
        integral = family.population_mean(parameters.joint)
        value, rule, error = integral.value, integral.rule, integral.error
    else:
        value, rule, error = family.mean(parameters.joint.at), "exact", 0.0
    if question.ordered:
        value, error = of_probabilities(question.ordered, value, error)
    return value, rule, error


def _over_student(
    link: Link, eta: Array, v: Array, heavy: StudentVariance, scale: str
) -> tuple[Array, str, float]:
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
