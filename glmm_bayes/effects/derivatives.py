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
from glmm_bayes.core.errors import Finding, GlmmError, PredictionError
from glmm_bayes.core.integrals import population_mean_derivatives
from glmm_bayes.core.joint import Joint
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.evaluation import Cell
from glmm_bayes.effects.expectation import on_scale
from glmm_bayes.effects.pieces import Parts, Pieces, Whole
from glmm_bayes.effects.question import Question
from glmm_bayes.effects.rows import Rows
from glmm_bayes.infer.predictor import marginal_attenuation, marginal_variance

Array = NDArray[np.float64]

#: Steps of the differences, as shares of the row's value or the column's spread; the best one is kept.
_STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
_LEAST_SHARE = 1e-3
_ENOUGH = 1e-12
#: Weights of f(x + kh) - f(x - kh), k = 1, 2, 3: orders six and four.
_SIXTH = np.array([45.0, -9.0, 1.0]) / 60.0
_FOURTH = np.array([8.0, -1.0, 0.0]) / 12.0
#: Step along a direction of the linear predictors, for means of several of them.
_ALONG = 0.02

#: Builds the rows' designs with the variable at other values.
Builder = Callable[[Array], Rows]


@dataclass(frozen=True)
class Sides:
    """Rows on both sides of each row, one derivative away, and how exact the derivatives are."""

    plus: Rows
    minus: Rows
    error: float


def sides_of(rows: Rows, build: Builder, variable: str) -> Sides:
    """Differentiate every column of the designs by the variable, at each row's own value.

    Raises
    ------
    PredictionError
        ``slope`` if the variable is no number, or rows near the rows have no design.
    """
    column = rows.table[variable]
    if column.kind != "number":
        message = f"'{variable}' is a {column.kind}, and a slope is that of a number."
        raise PredictionError(Finding("slope", message, column=variable, hint="Use gb.comparisons."))
    x = column.values.astype(np.float64)
    best: list[Array] = []
    errors: list[Array] = []
    for step in _STEPS:
        try:
            found = _differences(x, step, build)
        except GlmmError as error:
            refusal = error
            continue
        best, errors = _better(best, errors, *found)
        if max((float(part.max(initial=0.0)) for part in errors), default=0.0) <= _ENOUGH:
            break
    if not best:
        message = f"the model reads '{variable}' in a way that has no slope ({refusal.findings[0].message})"
        raise PredictionError(Finding("slope", message, column=variable, hint="Use gb.comparisons."))
    largest = max((float(part.max(initial=0.0)) for part in errors), default=0.0)
    return Sides(_moved(rows, best, 1.0), _moved(rows, best, -1.0), largest)


def _arrays(rows: Rows) -> list[Array]:
    """Return all columns that differ with a variable, those of one design after the other."""
    result = []
    for design in rows.designs.values():
        result += [design.x, design.offset[:, None]]
        for group in design.groups:
            result += [group.z, group.weights]
    return result


def _differences(x: Array, step: float, build: Builder) -> tuple[list[Array], list[Array]]:
    """Return derivatives of order six, and how far those of order four are from them."""
    spread = float(x.std()) or float(np.abs(x).max()) or 1.0
    near = np.where(x == 0.0, spread, np.minimum(np.abs(x), spread))
    h = step * np.maximum(near, _LEAST_SHARE * spread)
    pairs = []
    for k in (1, 2, 3):
        high, low = x + k * h, x - k * h
        pairs.append((_arrays(build(high)), _arrays(build(low))))
    derivatives, errors = [], []
    for parts in zip(*(zip(high, low, strict=True) for high, low in pairs), strict=True):
        gaps = np.stack([high - low for high, low in parts], axis=-1) / h[:, None, None]
        derivative = gaps @ _SIXTH
        rounding = np.finfo(float).eps * np.stack([np.abs(high) for high, _ in parts]).max(axis=0)
        scale = np.maximum(np.abs(derivative), 1.0 / spread)
        derivatives.append(derivative)
        errors.append((np.abs(gaps @ _FOURTH - derivative) + rounding / h[:, None]) / scale)
    return derivatives, errors


def _better(
    best: list[Array], errors: list[Array], found: list[Array], worse: list[Array]
) -> tuple[list[Array], list[Array]]:
    """Keep of each number the one with the smaller error."""
    if not best:
        return found, worse
    closer = [new < old for new, old in zip(worse, errors, strict=True)]
    kept = [np.where(c, new, old) for c, new, old in zip(closer, found, best, strict=True)]
    return kept, [np.minimum(new, old) for new, old in zip(worse, errors, strict=True)]


def _moved(rows: Rows, derivatives: Sequence[Array], sign: float) -> Rows:
    """Return the rows with their columns moved by the derivatives."""
    parts = iter(derivatives)
    designs = {name: _moved_design(design, parts, sign) for name, design in rows.designs.items()}
    return Rows(designs, rows.table)


def _moved_design(design: Design, parts: Iterator[Array], sign: float) -> Design:
    x, offset = design.x + sign * next(parts), design.offset + sign * next(parts)[:, 0]
    groups = tuple(_moved_group(group, parts, sign) for group in design.groups)
    return replace(design, x=x, offset=offset, groups=groups)


def _moved_group(group: GroupDesign, parts: Iterator[Array], sign: float) -> GroupDesign:
    z, weights = next(parts), next(parts)
    if np.abs(weights).max(initial=0.0) > 0.0:
        message = f"the weights of '{group.factor}' change with the variable."
        raise PredictionError(Finding("slope", message, hint="Use gb.comparisons."))
    return replace(group, z=group.z + sign * z)


@dataclass(frozen=True)
class SlopeEvaluator:
    """Slopes of a question's answer at rows, in blocks of draws.

    Attributes
    ----------
    question : Question
    whole, plus, minus : Whole
        Of the rows, and of the rows to both sides.
    x : ndarray, shape (row,)
        The variable.
    measure : SlopeMeasure
    """

    question: Question
    whole: Whole
    plus: Whole
    minus: Whole
    x: Array
    measure: SlopeMeasure

    def cells(self, rows: NDArray[np.int64], most: int) -> Iterator[Cell]:
        """Split rows into cells of at most ``most`` rows."""
        for start in range(0, len(rows), most):
            yield Cell(rows[start : start + most], False)

    def values(self, block: slice, cell: Cell) -> tuple[Array, str, float]:
        """Return slopes of a cell in a block of draws, shape (draw, row) or (draw, row, category)."""
        rows = cell.rows
        three = parts_of_sides(self.whole, self.plus, self.minus, block, rows)
        combinations = self.whole.combinations
        if combinations is None:
            mean, slope, rule, error = _mean_and_slope(self.question, *three)
        else:
            allowed = combinations.allowed(rows)
            count = allowed.sum(axis=1)
            mean, slope, error = np.zeros(()), np.zeros(()), 0.0
            for index in range(combinations.size):
                shifted = [
                    _shifted(parts, whole, block, rows, index)
                    for parts, whole in zip(three, (self.whole, self.plus, self.minus), strict=True)
                ]
                one, its_slope, rule, worst = _mean_and_slope(self.question, *shifted)
                share = (allowed[:, index] / count).reshape(-1, *(1,) * (one.ndim - 2))
                mean, slope, error = mean + share * one, slope + share * its_slope, max(error, worst)
        x = self.x[rows].reshape(-1, *(1,) * (slope.ndim - 2))
        return self.measure(slope, x, mean), rule, error


#: Takes slopes, values of the variable and means to what is reported.
SlopeMeasure = Callable[[Array, Array, Array], Array]


def parts_of_sides(
    whole: Whole, plus: Whole, minus: Whole, block: slice, rows: NDArray[np.int64]
) -> tuple[Parts, Parts, Parts]:
    """Return the parameters of rows and, one derivative to each side, of their neighbours.

    A conditional predictor is no linear function of the columns: its derivative is that of the solution,
    (h'(eta) eta' - m_v v') / m_eta.
    """
    parts, high, low = (each.at(block, rows) for each in (whole, plus, minus))
    for name, pieces in whole.pieces.items():
        if pieces.marginal:
            sides = plus.pieces[name], minus.pieces[name]
            change = _conditional_change(pieces, *sides, block, rows)
            at_zero = pieces.at_zero(block, rows)
            high = _recentred(high, name, at_zero + change - sides[0].at_zero(block, rows))
            low = _recentred(low, name, at_zero - change - sides[1].at_zero(block, rows))
    return parts, high, low


def _recentred(parts: Parts, name: str, shift: Array) -> Parts:
    value = parts.joint.at[name]
    at = {**parts.joint.at, name: replace(value, eta=value.eta + shift)}
    return replace(parts, joint=replace(parts.joint, at=at))


def _conditional_change(
    pieces: Pieces, plus: Pieces, minus: Pieces, block: slice, rows: NDArray[np.int64]
) -> Array:
    """Return the derivative of the conditional predictor, shape (draw, row)."""
    etas = [each.of_columns(block, rows) for each in (pieces, plus, minus)]
    v, v_plus, v_minus = (
        marginal_variance(each.marginal, eta, block, rows)
        for each, eta in zip((pieces, plus, minus), etas, strict=True)
    )
    eta, link = etas[0], pieces.link
    f = marginal_attenuation(pieces.marginal, block)
    d_v = 0.5 * f * f * (v_plus - v_minus)
    v = f * f * v
    in_eta, in_v = population_mean_derivatives(link, conditional_predictor(link, eta, v), v)
    target = link.inverse_derivative(eta) * 0.5 * (etas[1] - etas[2])
    return np.asarray((target - in_v * d_v) / in_eta / f)


def _shifted(parts: Parts, whole: Whole, block: slice, rows: NDArray[np.int64], index: int) -> Parts:
    """Add the random effects of one combination of levels to the linear predictors."""
    assert whole.combinations is not None
    at = dict(parts.joint.at)
    for name in whole.pieces:
        at[name] = replace(at[name], eta=at[name].eta + whole.combinations.shift(name, block, rows, index))
    return replace(parts, joint=replace(parts.joint, at=at))


def _mean_and_slope(
    question: Question, parts: Parts, plus: Parts, minus: Parts
) -> tuple[Array, Array, str, float]:
    """Return the mean on the scale, its slope, the rule of the mean and its error."""
    mean, rule, error = on_scale(question, parts)
    if not question.is_mu or parts.heavy is not None:
        slope, gap = _along(question, parts, plus, minus)
        return mean, slope, rule, max(error, gap)
    name, link = question.single, question.link
    eta = parts.joint.at[name].eta
    d_eta = 0.5 * (plus.joint.at[name].eta - minus.joint.at[name].eta)
    v = parts.joint.variance.get(name)
    if v is None:
        slope = d_eta if question.scale == "link" else link.inverse_derivative(eta) * d_eta
        return mean, np.asarray(slope), rule, error
    d_v = 0.5 * (plus.joint.variance[name] - minus.joint.variance[name])
    if (f := parts.attenuation) is not None:
        eta, d_eta, v, d_v = f * eta, f * d_eta, f * f * v, f * f * d_v
    in_eta, in_v = population_mean_derivatives(link, eta, v)
    slope = in_eta * d_eta + in_v * d_v
    if question.scale == "link":
        slope = slope / link.inverse_derivative(mean)
    return mean, np.asarray(slope), rule, error


def _along(question: Question, parts: Parts, plus: Parts, minus: Parts) -> tuple[Array, float]:
    """Differentiate an answer that has no derivative in closed form, by differences along the direction."""
    size = _sizes(parts, plus, minus)
    t = _ALONG / size

    def at(k: int) -> Array:
        return on_scale(question, _between(parts, plus, minus, k * t))[0]

    gaps = np.stack([at(k) - at(-k) for k in (1, 2, 3)], axis=-1)
    step = t.reshape(*t.shape, *(1,) * (gaps.ndim - 3))
    slope, coarse = gaps @ _SIXTH / step, gaps @ _FOURTH / step
    return slope, float(np.abs(slope - coarse).max(initial=0.0))


def _sizes(parts: Parts, plus: Parts, minus: Parts) -> Array:
    """Return how fast the linear predictors and variances change, at least 1, shape (draw, row)."""
    size = np.ones(())
    for name, value in parts.joint.at.items():
        if np.ndim(value.eta) == 2:
            change = 0.5 * (plus.joint.at[name].eta - minus.joint.at[name].eta)
            size = np.maximum(size, np.abs(change))
    for name, v in parts.joint.variance.items():
        change = 0.5 * (plus.joint.variance[name] - minus.joint.variance[name])
        # Variances stay positive within three steps.
        size = np.maximum(size, 6.0 * _ALONG * np.abs(change) / np.maximum(v, 1e-12))
    return np.asarray(size)


def _between(parts: Parts, plus: Parts, minus: Parts, t: Array) -> Parts:
    """Return the parameters at a distance along the direction."""

    def moved(middle: Array, high: Array, low: Array) -> Array:
        return np.asarray(middle + t * 0.5 * (high - low))

    joint, high, low = parts.joint, plus.joint, minus.joint
    at = {
        name: replace(value, eta=moved(value.eta, high.at[name].eta, low.at[name].eta))
        if name in joint.variance or (np.ndim(value.eta) == 2 and value.eta.shape[1] > 1)
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
    heavy = parts.heavy
    if heavy is not None and plus.heavy is not None and minus.heavy is not None:
        heavy = replace(heavy, variance=moved(heavy.variance, plus.heavy.variance, minus.heavy.variance))
    return Parts(Joint(at, variance, covariance), heavy)
