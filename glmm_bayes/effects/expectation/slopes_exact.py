"""Slopes of expected responses: designs a little to each side of every row in, exact derivatives out.

The columns of the design are differentiated numerically, once, at each row's own value; all else is
exact. With x' and z' the derivatives of a row's columns, those of the linear predictor and of the
variance of its random part are x'beta and 2 z' Sigma z; both are half the difference of what the two
rows (x + x', z + z') and (x - x', z - z') have, because one is linear and the other quadratic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.conditional import conditional_predictor
from glmm_bayes.core.integrals import population_mean, population_mean_derivatives
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules import rule_of
from glmm_bayes.core.tabulated import tabulate
from glmm_bayes.effects.estimand.question import SMALL, Question
from glmm_bayes.effects.expectation.cells import ROWS_PER_POINT, EvaluatedCell, split
from glmm_bayes.effects.expectation.column_derivatives import FOURTH, SIXTH
from glmm_bayes.effects.expectation.expectation import on_scale
from glmm_bayes.effects.expectation.level_averages import slope_over_levels
from glmm_bayes.effects.expectation.predictor_draws import AllPredictors, PredictorDraws, RowParameters
from glmm_bayes.fit.linear_predictor import marginal_attenuation, marginal_variance

#: Step along a direction of the linear predictors, for means of several of them.
_ALONG = 0.02


@dataclass(frozen=True)
class SlopeEvaluator:
    """Slopes of a question's answer at rows, in blocks of draws.

    Attributes
    ----------
    question : Question
    predictors, plus, minus : AllPredictors
        Of the rows, and of the rows to both sides.
    x : ndarray, shape (row,)
        The variable.
    measure : SlopeMeasure
    is_relative : bool
        Whether it divides by the mean.
    """

    question: Question
    predictors: AllPredictors
    plus: AllPredictors
    minus: AllPredictors
    x: Array
    measure: SlopeMeasure
    is_relative: bool = False

    def cells(self, rows: NDArray[np.int64], most: int) -> Iterator[EvaluatedCell]:
        """Split rows into cells of at most ``most`` rows."""
        return split(rows, self._beside_main() if self._has_curves else None, most)

    @property
    def _has_curves(self) -> bool:
        """Whether mean and derivatives are functions of one linear predictor where variances are equal."""
        main = self.predictors.draws[self.predictors.main]
        is_single = self.question.is_mu and self.predictors.main == self.question.single
        is_plain = self.predictors.combinations is None and not main.marginal and bool(main.integrated)
        return is_single and is_plain and not rule_of(self.question.link).is_closed

    def _beside_main(self) -> list[Array]:
        return [
            column
            for side in (self.predictors, self.plus, self.minus)
            for column in side.columns_beside_main()
        ]

    def values(self, block: slice, cell: EvaluatedCell) -> tuple[Array, str, float]:
        """Return slopes of a cell in a block of draws, the rule that gave them, and its largest error.

        Slopes have the shape (draw, row) or (draw, row, category).
        """
        rows = cell.rows
        if cell.is_curve and (tabulated := self._by_table(block, rows)):
            return tabulated
        return self.at_parameters(self.parameters(block, rows), block, rows)

    def parameters(
        self, block: slice, rows: NDArray[np.int64]
    ) -> tuple[RowParameters, RowParameters, RowParameters]:
        """Return the parameters of rows and of their neighbours."""
        return parameters_of_sides(self.predictors, self.plus, self.minus, block, rows)

    def at_parameters(
        self, three: Sequence[RowParameters], block: slice, rows: NDArray[np.int64]
    ) -> tuple[Array, str, float]:
        """Return slopes at the parameters of rows and of their neighbours, the rule, and its error."""
        sides = (self.predictors, self.plus, self.minus)
        mean, slope, rule, error = slope_over_levels(
            self.question, _mean_and_slope, sides, three, block, rows
        )
        x = self.x[rows].reshape(-1, *(1,) * (slope.ndim - 2))
        if not self._needs_logs(mean):
            return self.measure(slope, x, mean), rule, error
        relative, error = self._relative(three, block, rows, error)
        return self.measure(relative, x, np.ones_like(relative)), rule, error

    def _relative(
        self, three: Sequence[RowParameters], block: slice, rows: NDArray[np.int64], error: float
    ) -> tuple[Array, float]:
        """Return the slope of the log of the mean, and its error."""
        sides = (self.predictors, self.plus, self.minus)
        if not self.question.keeps_logs:
            slope, gap = _along(replace(self.question, scale="log"), *three)
            return slope, max(error, gap)
        # h'/h times the slope on the scale of the link, where mean and slope leave the range of a float.
        on_link = replace(self.question, scale="link")
        value, steep, *_ = slope_over_levels(on_link, _mean_and_slope, sides, three, block, rows)
        link = self.question.link
        return steep * np.exp(link.log_inverse_derivative(value) - link.log_inverse(value)), error

    def _needs_logs(self, mean: Array) -> bool:
        """Tell whether means that are divided by have too few digits, or none."""
        question = self.question
        has_logs = question.keeps_logs or (question.has_logs and self.predictors.combinations is None)
        if not self.is_relative or question.scale != "response" or not has_logs:
            return False
        return bool((~(mean >= SMALL) | (mean > 1.0 / SMALL)).any())

    def _by_table(self, block: slice, rows: NDArray[np.int64]) -> tuple[Array, str, float] | None:
        """Look mean and derivatives up in tables of this block's draws."""
        one = parameters_of_sides(self.predictors, self.plus, self.minus, block, rows[:1])
        if one[0].heavy is not None or one[0].attenuation is not None:
            return None
        name, link = self.question.single, self.question.link
        v, high, low = (parameters.joint.variance[name] for parameters in one)
        eta, plus, minus = (
            side.draws[name].eta(block, rows) for side in (self.predictors, self.plus, self.minus)
        )
        rules: dict[str, float] = {}

        def curve(points: Array) -> Array:
            spread = np.broadcast_to(v, points.shape)
            integral = population_mean(link, points, spread, smooth=True)
            rules[integral.rule] = max(integral.error, rules.get(integral.rule, 0.0))
            derivatives = population_mean_derivatives(link, points, spread, smooth=True)
            return np.stack([integral.value, *derivatives], axis=-1)

        table = tabulate(curve, eta.min(axis=1), eta.max(axis=1), len(rows) // ROWS_PER_POINT)
        if table is None:
            return None
        values = table.at(eta)
        if self._needs_logs(values[..., 0]):
            return None
        mean, slope = (
            values[..., 0],
            values[..., 1] * 0.5 * (plus - minus) + values[..., 2] * 0.5 * (high - low),
        )
        if self.question.scale == "link":
            mean = link.link(mean)
            slope = slope / link.inverse_derivative(mean)
        rule = "; ".join(f"{name}, tabulated" for name in rules)
        x = self.x[rows]
        return self.measure(slope, x, mean), rule, max(rules.values()) + table.error


#: Takes slopes, values of the variable and means to what is reported.
SlopeMeasure = Callable[[Array, Array, Array], Array]


def parameters_of_sides(
    predictors: AllPredictors,
    plus: AllPredictors,
    minus: AllPredictors,
    block: slice,
    rows: NDArray[np.int64],
) -> tuple[RowParameters, RowParameters, RowParameters]:
    """Return the parameters of rows and, one derivative to each side, of their neighbours.

    A conditional predictor is no linear function of the columns: its derivative is that of the solution,
    (h'(eta) eta' - m_v v') / m_eta.
    """
    parameters, high, low = (each.at(block, rows) for each in (predictors, plus, minus))
    for name, predictor in predictors.draws.items():
        if predictor.marginal:
            sides = plus.draws[name], minus.draws[name]
            change = _conditional_change(predictor, *sides, block, rows)
            at_zero = predictor.at_zero(block, rows)
            high = _recentred(high, name, at_zero + change - sides[0].at_zero(block, rows))
            low = _recentred(low, name, at_zero - change - sides[1].at_zero(block, rows))
    return parameters, high, low


def _recentred(parameters: RowParameters, name: str, shift: Array) -> RowParameters:
    value = parameters.joint.at[name]
    at = {**parameters.joint.at, name: replace(value, eta=value.eta + shift)}
    return replace(parameters, joint=replace(parameters.joint, at=at))


def _conditional_change(
    predictor: PredictorDraws,
    plus: PredictorDraws,
    minus: PredictorDraws,
    block: slice,
    rows: NDArray[np.int64],
) -> Array:
    """Return the derivative of the conditional predictor, shape (draw, row)."""
    etas = [each.of_columns(block, rows) for each in (predictor, plus, minus)]
    v, v_plus, v_minus = (
        marginal_variance(each.marginal, eta, block, rows)
        for each, eta in zip((predictor, plus, minus), etas, strict=True)
    )
    eta, link = etas[0], predictor.link
    f = marginal_attenuation(predictor.marginal, block)
    d_v = 0.5 * f * f * (v_plus - v_minus)
    v = f * f * v
    in_eta, in_v = population_mean_derivatives(link, conditional_predictor(link, eta, v), v)
    target = link.inverse_derivative(eta) * 0.5 * (etas[1] - etas[2])
    return np.asarray((target - in_v * d_v) / in_eta / f)


def _mean_and_slope(
    question: Question, parameters: RowParameters, plus: RowParameters, minus: RowParameters
) -> tuple[Array, Array, str, float]:
    """Return the mean on the scale, its slope, the rule of the mean and its error."""
    mean, rule, error = on_scale(question, parameters)
    if not question.is_mu or parameters.heavy is not None:
        slope, gap = _along(question, parameters, plus, minus)
        return mean, slope, rule, max(error, gap)
    name, link = question.single, question.link
    eta = parameters.joint.at[name].eta
    d_eta = 0.5 * (plus.joint.at[name].eta - minus.joint.at[name].eta)
    v = parameters.joint.variance.get(name)
    if v is None:
        slope = link.inverse_derivative(eta) * d_eta
        if question.scale == "link":
            # Where h' underflows, and the link of the mean is the predictor, they cancel.
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = np.where(mean == eta, d_eta, slope / link.inverse_derivative(mean))
        return mean, np.asarray(slope), rule, error
    d_v = 0.5 * (plus.joint.variance[name] - minus.joint.variance[name])
    if (f := parameters.attenuation) is not None:
        eta, d_eta, v, d_v = f * eta, f * d_eta, f * f * v, f * f * d_v
    in_eta, in_v = population_mean_derivatives(link, eta, v)
    slope = in_eta * d_eta + in_v * d_v
    if question.scale != "link":
        return mean, np.asarray(slope), rule, error
    steep = link.inverse_derivative(mean)
    lost = ~(np.abs(steep) > SMALL) | ~(np.abs(steep) < 1.0 / SMALL)
    slope = slope / np.where(lost, 1.0, steep)
    if lost.any():
        # Where the mean leaves the range of a float, its link does not.
        along, gap = _along(question, parameters, plus, minus)
        slope, error = np.where(lost, along, slope), max(error, gap)
    return mean, np.asarray(slope), rule, error


def _along(
    question: Question, parameters: RowParameters, plus: RowParameters, minus: RowParameters
) -> tuple[Array, float]:
    """Differentiate an answer that has no derivative in closed form, by differences along the direction."""
    size = _sizes(parameters, plus, minus)
    t = _ALONG / size

    def at(k: int) -> Array:
        return on_scale(question, _between(parameters, plus, minus, k * t))[0]

    gaps = np.stack([at(k) - at(-k) for k in (1, 2, 3)], axis=-1)
    step = t.reshape(*t.shape, *(1,) * (gaps.ndim - 3))
    slope, coarse = gaps @ SIXTH / step, gaps @ FOURTH / step
    return slope, float(np.abs(slope - coarse).max(initial=0.0))


def _sizes(parameters: RowParameters, plus: RowParameters, minus: RowParameters) -> Array:
    """Return how fast the linear predictors and variances change, at least 1, shape (draw, row)."""
    size = np.ones(())
    for name, value in parameters.joint.at.items():
        if np.ndim(value.eta) == 2:
            change = 0.5 * (plus.joint.at[name].eta - minus.joint.at[name].eta)
            size = np.maximum(size, np.abs(change))
    for name, v in parameters.joint.variance.items():
        change = 0.5 * (plus.joint.variance[name] - minus.joint.variance[name])
        # Variances stay positive within three steps.
        size = np.maximum(size, 6.0 * _ALONG * np.abs(change) / np.maximum(v, 1e-12))
    return np.asarray(size)


def _between(parameters: RowParameters, plus: RowParameters, minus: RowParameters, t: Array) -> RowParameters:
    """Return the parameters at a distance along the direction."""

    def moved(middle: Array, high: Array, low: Array) -> Array:
        return np.asarray(middle + t * 0.5 * (high - low))

    joint, high, low = parameters.joint, plus.joint, minus.joint
    at = {
        name: replace(value, eta=moved(value.eta, high.at[name].eta, low.at[name].eta))
        # Thresholds are a vector in every draw, and no function of the variable.
        if np.ndim(value.eta) == 2
        else value
        for name, value in joint.at.items()
    }
    variance = {
        name: np.maximum(moved(v, high.variance[name], low.variance[name]), 0.0)
        for name, v in joint.variance.items()
    }
    covariance = {
        pair: moved(c, high.covariance[pair], low.covariance[pair]) for pair, c in joint.covariance.items()
    }
    heavy = parameters.heavy
    if heavy is not None and plus.heavy is not None and minus.heavy is not None:
        heavy = replace(heavy, variance=moved(heavy.variance, plus.heavy.variance, minus.heavy.variance))
    return RowParameters(Joint(at, variance, covariance), heavy)
