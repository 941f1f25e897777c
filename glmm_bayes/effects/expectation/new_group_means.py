"""Rows of groups that nobody has seen in, their expected responses out: drawn, and in distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.averages import Averages
from glmm_bayes.effects.estimand.question import LOG_SCALES, Question
from glmm_bayes.effects.estimand.row_weights import added
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, Expectation, check_memory, on_scale
from glmm_bayes.effects.expectation.level_averages import mean_over_levels
from glmm_bayes.effects.expectation.new_groups import NewGroups, new_groups
from glmm_bayes.effects.expectation.predictor_draws import RowParameters, distinct_patterns
from glmm_bayes.effects.expectation.slopes_exact import SlopeEvaluator
from glmm_bayes.effects.result.group_law import GroupLaw
from glmm_bayes.fit.linear_predictor import draw_blocks


def expected_of_new(
    question: Question,
    rows: Rows,
    seed: int,
    averages: Averages | None = None,
    max_memory: float = MAX_MEMORY,
) -> Expectation:
    """Compute the expected response of each row, or averages over rows, at drawn effects of new groups.

    Parameters
    ----------
    question, rows, averages, max_memory
        As in ``expected``; of a factor that is ``new_subject`` there is one new group, or one a label.
    seed : int
        Together with the factor, and the label where these tell groups apart, it fixes the effects of a
        new group in every draw.
    """
    # New groups are no part of these draws: their effects are added block by block.
    predictors, _, pattern = distinct_patterns(question, rows)
    groups = new_groups(question, rows, seed)

    def values(at: NDArray[np.int64]) -> tuple[Array, str, float]:
        parameters = _with_new(predictors.at(slice(None), at), groups, at)
        return mean_over_levels(question, on_scale, predictors, parameters, slice(None), at)

    return _gathered(question, predictors.width, values, groups, pattern, averages, max_memory)


def slopes_of_new(
    evaluator: SlopeEvaluator,
    sides: tuple[Rows, Rows, Rows],
    pattern: NDArray[np.int64],
    seed: int,
    averages: Averages,
    max_memory: float,
) -> Expectation:
    """Compute slopes of rows, or averages of them, at drawn effects of new groups.

    Parameters
    ----------
    evaluator : SlopeEvaluator
    sides : tuple of Rows
        The rows and their neighbours on both sides, which have the same new groups.
    pattern : ndarray of int64
        Equal for rows that agree in all but the new groups.
    seed, averages, max_memory
        As in ``expected_of_new``.
    """
    question = evaluator.question
    groups = [new_groups(question, rows, seed) for rows in sides]

    def values(at: NDArray[np.int64]) -> tuple[Array, str, float]:
        three = evaluator.parameters(slice(None), at)
        moved = [_with_new(parameters, new, at) for parameters, new in zip(three, groups, strict=True)]
        return evaluator.at_parameters(moved, slice(None), at)

    every = [new for one in groups for new in one]
    return _gathered(question, evaluator.predictors.width, values, every, pattern, averages, max_memory)


def _gathered(
    question: Question,
    width: int,
    compute: Callable[[NDArray[np.int64]], tuple[Array, str, float]],
    groups: Sequence[NewGroups],
    pattern: NDArray[np.int64],
    averages: Averages | None,
    max_memory: float,
) -> Expectation:
    """Compute all draws of distinct rows block by block of rows, and average or spread them over all rows."""
    # Labels first, so that rows of one label stand together and its effects are drawn once a block.
    keys = [part for group in groups for part in (group.members, group.weights, group.group.z)]
    first, spread = distinct_rows(np.hstack([*keys, pattern[:, None]]).astype(np.float64))
    n_draws = int(np.prod(question.fit.shape))
    weights = None if averages is None else averages.weights(spread, len(first))
    check_memory(n_draws, (len(spread) if weights is None else weights.targets) * width, max_memory)
    drawn = None if weights is None else weights.of(slice(0, n_draws))
    blocks: list[Array] = []
    total: Array | None = None
    rules: dict[str, None] = {}
    error = 0.0
    size = n_draws * width * max(group.group.z.shape[1] for group in groups)
    for block in draw_blocks(len(first), size):
        values, rule, bound = compute(first[block])
        if drawn is None:
            blocks.append(values)
        else:
            places = np.arange(block.start, block.stop)
            total = added(total, drawn, values, places, question.scale in LOG_SCALES)
        rules[rule] = None
        error = max(error, bound)
    result = np.asarray(total) if drawn is not None else np.concatenate(blocks, axis=1)[:, spread]
    return Expectation(result, "; ".join(rules), error)


def _with_new(
    parameters: RowParameters, groups: tuple[NewGroups, ...], rows: NDArray[np.int64]
) -> RowParameters:
    """Add the effects of new groups to the linear predictors."""
    at = dict(parameters.joint.at)
    for group in groups:
        value = at[group.parameter]
        at[group.parameter] = replace(value, eta=value.eta + group.part(rows))
    return replace(parameters, joint=replace(parameters.joint, at=at))


def law_of_new(
    question: Question, rows: Rows, averages: Averages | None
) -> tuple[GroupLaw, Expectation] | None:
    """Return the distribution of each row over draws and new groups, and how its mean was integrated.

    An average over rows that are all alike, and of one new group, is distributed as each of them. None where
    the distribution is no mixture of normals on the scale of one linear predictor: some factor is
    integrated or averaged over its levels, the effects of new groups are Student's t, the mean is not a
    strictly increasing function of one predictor.
    """
    estimand = question.estimand
    if (
        {"population", "sample"} & set(estimand.word_of_factor.values())
        or not question.is_mu
        or not question.link.is_increasing
    ):
        return None
    fit, name = question.fit, question.single
    new = [group for group in rows.designs[name].groups if group.factor in estimand.new]
    if not new or any(
        (prior := fit.group_prior(group.slug, name)).is_student or prior.is_bridge for group in new
    ):
        return None
    averaged_question = replace(question, estimand=estimand.averaged_over_new)
    predictors, first, spread = distinct_patterns(averaged_question, rows)
    pattern = spread if averages is None else averages.single_patterns(spread)
    if pattern is None or (averages is not None and estimand.labelled):
        return None
    parameters = predictors.at(slice(None), first)
    eta, v = parameters.joint.at[name].eta, parameters.joint.variance[name]
    means = Expectation(eta, *parameters.rule)
    if question.scale == "response":
        means = Expectation(*on_scale(averaged_question, parameters))
        means = replace(means, values=question.within_bounds(means.values))
    law = GroupLaw(question.link, question.scale, eta, v, means.values.mean(axis=0), pattern)
    return law, means
