"""Projections: the model without random effects that comes nearest to the population means of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.registry import Registry
from glmm_bayes.core.row_value import RowValue
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import training_rows
from glmm_bayes.effects.expectation.cells import AnswerEvaluator
from glmm_bayes.effects.expectation.expectation import block_of, on_scale, positions
from glmm_bayes.effects.expectation.predictor_draws import distinct_patterns
from glmm_bayes.families.likelihood import adjusted
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import draw_blocks, fixed_part, single_values
from glmm_bayes.spec.linear_predictor import MEAN

_MOST_STEPS = 200
# Of the scores, relative to the sum of the sizes of their terms: rounding.
_TOLERANCE = 1e-13
# A linear predictor moves by no more in one step: beyond are regions where a mean rounds to 0 or 1.
_LONGEST_MOVE = 3.0
# Steps without observed information: enough wherever the projection fits well.
_FISHER_STEPS = 8
# Of central differences: their error is then near 1e-10 of the slope.
_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class DistinctRows:
    """Distinct rows: columns, offset, total weight, number of rows, known errors and exposure."""

    x: Array
    offset: Array
    trials: Array
    rows: Array
    additions: Additions


#: Takes population means of the cells, and the link of these, to coefficients, shape (draw, coef).
Projection = Callable[[Fit, DistinctRows, Array, Array, slice], Array]
#: Takes linear predictors to scores, their sizes before cancellation and the expected information,
#: each of shape (draw, cell).
Scores = Callable[[Array], tuple[Array, Array, Array]]
#: Takes coefficients, and whether their observed information is wanted, to sums of scores, their sizes before
#: cancellation, each of shape (draw, coef), and the information, shape (draw, coef, coef).
Equations = Callable[[Array, bool], tuple[Array, Array, Array]]


#: What was projected of living fits, by the rule: a report shows again what was printed.
_PROJECTED: WeakKeyDictionary[Fit, dict[Projection, tuple[Array, Array]]] = WeakKeyDictionary()


def project(fit: Fit, solve: Projection) -> tuple[Array, Array]:
    """Return projected coefficients, shape (draw, coef), and the largest gap in each draw.

    They are computed once for a fit, and are not to be written to.
    """
    known = _PROJECTED.setdefault(fit, {})
    if solve not in known:
        known[solve] = _projected(fit, solve)
        for values in known[solve]:
            values.flags.writeable = False
    return known[solve]


def _projected(fit: Fit, solve: Projection) -> tuple[Array, Array]:
    design = fit.design
    question = Question(fit, read_estimand("population", fit))
    predictors = distinct_patterns(question, training_rows(fit))[0]
    additions = fit.response.additions
    beside = [part[:, None] for part in (additions.se, additions.rate) if part is not None]
    rows, spread = distinct_rows(np.hstack([*predictors.columns(), *beside]))
    counts = np.bincount(spread, minlength=len(rows)).astype(np.float64)
    weights = 1.0 if additions.weights is None else additions.weights
    trials = np.bincount(spread, weights=weights * fit.response.trials, minlength=len(rows))
    # Orthonormal columns: both projections are equivariant, and raw ones can be nearly dependent.
    back = orthonormal(design.x[rows], counts)
    of_rows = Additions(
        se=None if additions.se is None else additions.se[rows],
        se_adds_sigma=additions.se_adds_sigma,
        rate=None if additions.rate is None else additions.rate[rows],
    )
    cells = DistinctRows(design.x[rows] @ back, design.offset[rows], trials, counts, of_rows)
    evaluators = [
        AnswerEvaluator(replace(question, scale=scale), predictors, on_scale)
        for scale in ("response", "link")
    ]
    together, place = list(evaluators[0].cells(rows, len(rows))), positions(rows)
    beta = fit.flat["beta"]
    gamma, gap = np.empty_like(beta), np.empty(len(beta))
    for block in draw_blocks(len(beta), len(rows) * max(1, beta.shape[1])):
        mean, link_of_mean = (block_of(one, together, place, None, block)[0] for one in evaluators)
        gamma[block] = solve(fit, cells, mean, link_of_mean, block)
        fitted = fit.link.inverse(cells.offset + gamma[block] @ cells.x.T)
        gap[block] = np.abs(mean - fitted).max(axis=1)
    return gamma @ back.T, gap


def orthonormal(x: Array, counts: Array) -> Array:
    """Return the matrix that makes columns orthonormal when multiplied from the right.

    Raises
    ------
    PredictionError
        ``projection`` if they depend on each other.
    """
    factor = np.linalg.qr(x * np.sqrt(counts)[:, None], mode="r")
    if np.linalg.matrix_rank(factor) < factor.shape[1]:
        message = "columns of the fixed part depend on each other: no one set of coefficients projects them."
        raise PredictionError(
            Finding("projection", message, hint='Fit with rank="drop", or use predictions.')
        )
    return np.asarray(np.linalg.inv(factor))


def _hedeker(fit: Fit, cells: DistinctRows, mean: Array, link_of_mean: Array, block: slice) -> Array:
    """Regress the link of the population means, less the offset, on the columns; rows weigh the same."""
    target = link_of_mean - cells.offset
    root = np.sqrt(cells.rows)
    solution = np.linalg.lstsq(cells.x * root[:, None], (target * root).T, rcond=None)[0]
    return np.asarray(solution.T)


def _others(fit: Fit, block: slice) -> dict[str, RowValue]:
    """Return the other parameters; those with a formula at their mean over the training rows."""
    values = single_values(fit.flat, fit.priors, block)
    for name, predictor in fit.predictors.items():
        if name != MEAN:
            eta = fixed_part(fit.flat, predictor, predictor.design, block)
            values[name] = RowValue(predictor.link, eta.mean(axis=1, keepdims=True))
    return values


def _quasi_likelihood(fit: Fit, cells: DistinctRows, mean: Array, link_of_mean: Array, block: slice) -> Array:
    """Solve sum w x (h'/V)(m - h(x'gamma)) = 0."""
    others = _others(fit, block)
    # The response of a row is that of its whole exposure.
    exposure = 1.0 if cells.additions.rate is None else cells.additions.rate

    def scores(eta: Array) -> tuple[Array, Array, Array]:
        fitted, slope = fit.link.inverse(eta), fit.link.inverse_derivative(eta)
        at = adjusted(fit.family, {"mu": RowValue(fit.link, eta), **others}, cells.additions, NUMPY)
        # Slope and variance may underflow where their ratio does not.
        ratio = np.exp(fit.link.log_inverse_derivative(eta) - fit.family.log_variance(at))
        weight = cells.trials * exposure**2 * np.where(slope < 0, -ratio, ratio)
        return weight * (mean - fitted), np.abs(weight) * (np.abs(mean) + np.abs(fitted)), weight * slope

    def equations(gamma: Array, observed: bool) -> tuple[Array, Array, Array]:
        eta = cells.offset + gamma @ cells.x.T
        score, size, information = scores(eta)
        if observed:
            information = _observed(scores, eta, information)
        matrix = np.einsum("su,uk,ul->skl", information, cells.x, cells.x, optimize=True)
        return score @ cells.x, size @ np.abs(cells.x), matrix

    start = _hedeker(fit, cells, mean, link_of_mean, block)
    gamma, is_solved = root(equations, cells.x, start)
    refuse_unsolved(is_solved)
    return gamma


def root(equations: Equations, x: Array, gamma: Array) -> tuple[Array, Array]:
    """Solve score equations in each draw; return solutions and which are ones.

    Newton's method with the expected information, after some steps the observed one. A step that passes
    the point where the score along it vanishes, and leaves more than half of it on the other side, is
    halved.

    Parameters
    ----------
    equations : callable
    x : ndarray, shape (place, coef)
        What a step changes linear predictors by, which bounds its length.
    gamma : ndarray, shape (draw, coef)
        Where to start.
    """
    step, along = np.zeros_like(gamma), np.full(len(gamma), np.inf)
    is_solved = np.zeros(len(gamma), dtype=bool)
    for count in range(_MOST_STEPS):
        trial = gamma + step
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            total, size, information = equations(trial, count >= _FISHER_STEPS)
            # A comparison with what is not a number is false: such a step is halved too.
            is_near = (total * step).sum(axis=1) >= -0.5 * along
            is_near &= np.isfinite(information).all(axis=(1, 2))
        gamma[is_near] = trial[is_near]
        is_solved |= is_near & (np.abs(total) <= _TOLERANCE * size).all(axis=1)
        if is_solved.all():
            break
        step[~is_near] /= 2
        step[is_near] = _steps(total[is_near], information[is_near], x)
        along = np.where(is_near, (total * step).sum(axis=1), along)
    return gamma, is_solved


def _steps(total: Array, information: Array, x: Array) -> Array:
    """Divide scores, shape (draw, coef), by the information, whose least eigenvalues are raised."""
    roots, vectors = np.linalg.eigh(information)
    roots = np.maximum(roots, np.finfo(float).eps * roots[:, -1:] + np.finfo(float).tiny)
    step = np.einsum("skl,sl->sk", vectors, np.einsum("skl,sk->sl", vectors, total) / roots)
    longest = np.abs(step @ x.T).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, _LONGEST_MOVE / np.maximum(longest, _LONGEST_MOVE)))


def refuse_unsolved(is_solved: Array) -> None:
    """Refuse a projection that some draws have no solution of.

    Raises
    ------
    PredictionError
        ``projection``.
    """
    if is_solved.all():
        return
    message = (
        f"the quasi-likelihood projection did not converge in {_MOST_STEPS} steps "
        f"in {np.count_nonzero(is_solved == 0)} of {len(is_solved)} draws."
    )
    raise PredictionError(Finding("projection", message, hint='Write projection="hedeker".'))


def _observed(scores: Scores, eta: Array, expected: Array) -> Array:
    """Return minus the slope of the scores; the expected information where that is not positive."""
    h = _DIFFERENCE * (1 + np.abs(eta))
    observed = (scores(eta - h)[0] - scores(eta + h)[0]) / (2 * h)
    return np.where(observed > 0, observed, expected)


PROJECTIONS: Registry[Projection] = Registry(
    "projection", {"quasi-likelihood": _quasi_likelihood, "hedeker": _hedeker}, PredictionError
)
