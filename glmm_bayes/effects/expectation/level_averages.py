"""Answers at each combination of levels that ``sample`` asks for in; their average over the levels out.

Order of operations: the mean of the response is averaged over the levels, and put on the scale that is asked
for afterwards. Where the link is that of a positive mean or of a probability, means are added up by their
logs, so that their digits are kept where they round to 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.links import Link, ProbabilityLink
from glmm_bayes.core.links.of_logs import link_of_logs
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.question import LOG_SCALES, Question
from glmm_bayes.effects.expectation.predictor_draws import AllPredictors, RowParameters

Answer = tuple[Array, str, float]

#: Takes parameters to values on the question's scale, the rule's name and its error.
OnScale = Callable[[Question, RowParameters], Answer]
#: Takes the parameters of rows and of their neighbours to means and slopes on the question's scale.
SlopeOnScale = Callable[..., tuple[Array, Array, str, float]]


@dataclass
class LogSum:
    """Sum of values times the exponentials of logs, which may be too small or too large for a float."""

    peak: Array | float = -np.inf
    total: Array | float = 0.0

    def add(self, log: Array, value: Array | float = 1.0) -> None:
        """Add ``value * exp(log)``."""
        peak = np.maximum(self.peak, log)
        # Both sides of a difference may be -inf: nothing was added, and nothing is.
        with np.errstate(invalid="ignore"):
            old, new = np.exp(self.peak - peak), np.exp(log - peak)
        self.total = self.total * np.where(np.isfinite(peak), old, 0.0) + np.where(
            np.isfinite(peak), value * new, 0.0
        )
        self.peak = peak

    @property
    def log(self) -> Array:
        """Log of the sum."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.peak + np.log(self.total))

    def over(self, log: Array) -> Array:
        """Return the sum divided by ``exp(log)``."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(self.total * np.exp(self.peak - log))


def mean_over_levels(
    question: Question,
    on_scale: OnScale,
    predictors: AllPredictors,
    parameters: RowParameters,
    block: slice,
    rows: NDArray[np.int64],
) -> Answer:
    """Return the mean of rows on the question's scale, averaged over the levels that are asked for.

    Parameters
    ----------
    question : Question
    on_scale : callable
    predictors : AllPredictors
        Of the rows.
    parameters : RowParameters
        Theirs at levels' effects of zero.
    block : slice
    rows : ndarray of int64
    """
    if predictors.combinations is None:
        return on_scale(question, parameters)
    rules = _Rules()
    if question.scale in LOG_SCALES and not question.keeps_logs:
        sum_of_logs = LogSum()
        for share, (at,) in _levels([predictors], [parameters], block, rows):
            sum_of_logs.add(rules.keep(on_scale(question, at)) + _along(_log(share), predictors.width))
        return sum_of_logs.log, rules.rule, rules.error
    if not _adds_logs(question):
        linear = replace(question, scale="response")
        total: Array | float = 0.0
        for share, (at,) in _levels([predictors], [parameters], block, rows):
            total = total + rules.keep(on_scale(linear, at)) * _along(share, predictors.width)
        return question.from_mean(np.asarray(total)), rules.rule, rules.error
    below, above = LogSum(), LogSum()
    for share, (at,) in _levels([predictors], [parameters], block, rows):
        linear_value = rules.keep(on_scale(replace(question, scale="link"), at))
        _add(question.link, below, above, linear_value, share)
    link_value = link_of_logs(question.link, below.log, above.log)
    return question.from_link(link_value), rules.rule, rules.error


def slope_over_levels(
    question: Question,
    compute: SlopeOnScale,
    sides: Sequence[AllPredictors],
    parameters: Sequence[RowParameters],
    block: slice,
    rows: NDArray[np.int64],
) -> tuple[Array, Array, str, float]:
    """Return mean and slope of rows on the question's scale, averaged over the levels that are asked for.

    The slope on the scale of the link is the averaged slope over h' at the link of the averaged mean.

    Parameters
    ----------
    question, block, rows
        As in ``mean_over_levels``.
    compute : callable
    sides : sequence of AllPredictors
        Of the rows, and of their neighbours.
    parameters : sequence of RowParameters
    """
    if sides[0].combinations is None:
        return compute(question, *parameters)
    rules, link = _Rules(), question.link
    if question.scale != "link" or not _adds_logs(question):
        linear = replace(question, scale="response")
        mean: Array | float = 0.0
        slope: Array | float = 0.0
        for share, moved in _levels(sides, parameters, block, rows):
            mean_there, slope_there, rule, error = compute(linear, *moved)
            weight = _along(share, sides[0].width)
            mean = mean + rules.keep((mean_there, rule, error)) * weight
            slope = slope + slope_there * weight
        if question.scale == "link":
            mean = question.from_mean(np.asarray(mean))
            slope = slope / link.inverse_derivative(mean)
        return np.asarray(mean), np.asarray(slope), rules.rule, rules.error
    below, above, steep = LogSum(), LogSum(), LogSum()
    for share, moved in _levels(sides, parameters, block, rows):
        mean_there, slope_there, rule, error = compute(question, *moved)
        _add(link, below, above, rules.keep((mean_there, rule, error)), share)
        steep.add(link.log_inverse_derivative(mean_there) + _log(share), slope_there)
    value = link_of_logs(link, below.log, above.log)
    return value, steep.over(link.log_inverse_derivative(value)), rules.rule, rules.error


class _Rules:
    """The rules that were used, and the largest error."""

    def __init__(self) -> None:
        self._rules: dict[str, None] = {}
        self.error = 0.0

    def keep(self, answer: Answer) -> Array:
        """Note by which rule an answer was computed, and return its values."""
        values, rule, error = answer
        self._rules[rule] = None
        self.error = max(self.error, error)
        return values

    @property
    def rule(self) -> str:
        """All rules, in the order of their first use."""
        return "; ".join(self._rules)


def _levels(
    sides: Sequence[AllPredictors], parameters: Sequence[RowParameters], block: slice, rows: NDArray[np.int64]
) -> Iterator[tuple[Array, list[RowParameters]]]:
    """Give each row's share of each combination of levels, and the parameters there."""
    combinations = sides[0].combinations
    assert combinations is not None
    allowed = combinations.allowed(rows)
    shares = allowed / allowed.sum(axis=1, keepdims=True)
    for index in range(combinations.size):
        moved = [
            _with_levels(at, predictors, block, rows, index)
            for at, predictors in zip(parameters, sides, strict=True)
        ]
        yield shares[:, index], moved


def _with_levels(
    parameters: RowParameters, predictors: AllPredictors, block: slice, rows: NDArray[np.int64], index: int
) -> RowParameters:
    """Add the random effects of one combination of levels to the linear predictors."""
    assert predictors.combinations is not None
    at = dict(parameters.joint.at)
    for name in predictors.draws:
        at[name] = replace(
            at[name], eta=at[name].eta + predictors.combinations.shift(name, block, rows, index)
        )
    return replace(parameters, joint=replace(parameters.joint, at=at))


def _adds_logs(question: Question) -> bool:
    """Tell whether means are added up by their logs: on a scale whose digits these keep."""
    return question.scale != "response" and question.keeps_logs


def _add(link: Link, below: LogSum, above: LogSum, value: Array, share: Array) -> None:
    """Add the mean with a value of the link, and one minus it."""
    below.add(np.asarray(link.log_inverse(value)) + _log(share))
    if isinstance(link, ProbabilityLink):
        above.add(np.asarray(link.log_complement(value)) + _log(share))
    else:
        above.add(np.zeros_like(value))


def _log(share: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(share)


def _along(share: Array, width: int) -> Array:
    """Shape a row's share like values, (row,) or (row, category)."""
    return share[:, None] if width > 1 else share
