"""Draws, rows and an estimand in, expected responses out: integrated within each draw, row by row.

With normal random effects the sum of a new group's effects in one row is normal with one variance v,
whatever the number of factors and slopes, so that averaging over the population is a one-dimensional
integral of the inverse link. Distinct rows are computed once; draws are taken in blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError, row_text, value_text
from glmm_bayes.core.integrals import link_of_population_mean, population_mean
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.core.student_mixture import link_of_student_mean, student_population_mean
from glmm_bayes.design.column import as_labels
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand import Estimand
from glmm_bayes.effects.variance import Spread, spread_of
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.predictor import draw_blocks, rows_part

Array = NDArray[np.float64]
#: Takes expected responses, shape (draw, row), to averages, shape (draw, target).
Average = Callable[[Array], Array]


@dataclass(frozen=True)
class Expectation:
    """Expected responses and how they were integrated.

    Attributes
    ----------
    values : ndarray, shape (draw, target)
    rule : str
        ``exact``, ``normal mixture, 8 terms`` or ``trapezoid, n nodes``.
    error : float
        Largest absolute error of the integral over draws and rows.
    """

    values: Array
    rule: str
    error: float


def expected(
    fit: Fit, design: Design, estimand: Estimand, scale: str = "response", weights: Array | None = None
) -> Expectation:
    """Compute the expected response of each row, or weighted averages over rows, in every draw.

    Parameters
    ----------
    fit : Fit
    design : Design
        The rows.
    estimand : Estimand
    scale : {"response", "link"}
        ``link`` is the link of the response-scale value.
    weights : ndarray, shape (target, row), optional
        Averages to take over rows within each draw; each row of weights sums to 1.

    Raises
    ------
    PredictionError
        ``new_group`` if ``subject`` is asked for a level that the training rows did not have.
    """
    pieces, distinct, spread = distinct_pieces(fit, design, estimand)
    reduced = reduced_weights(weights, spread, len(distinct))
    n_draws = int(np.prod(fit.shape))
    result = np.empty((n_draws, len(design) if weights is None else len(weights)))
    rules: dict[str, None] = {}
    error = 0.0
    for block in draw_blocks(n_draws, len(distinct)):
        values, rule, bound = on_scale(fit, *pieces.predictor(block, distinct), scale)
        result[block] = values[:, spread] if reduced is None else values @ reduced.T
        rules[rule] = None
        error = max(error, bound)
    return Expectation(result, "; ".join(rules), error)


def distinct_pieces(
    fit: Fit, design: Design, estimand: Estimand
) -> tuple[Pieces, NDArray[np.int64], NDArray[np.int64]]:
    """Return what predictors are made of, one row of each kind, and the kind of each row."""
    pieces = _pieces(fit, design, estimand)
    return pieces, *_kinds(pieces)


def on_scale(
    fit: Fit, eta: Array, v: Array | None, heavy: Heavy | None, scale: str
) -> tuple[Array, str, float]:
    """Average over what is integrated; return values on the scale, the rule's name and its error."""
    if v is None:
        return (eta if scale == "link" else fit.link.inverse(eta)), "exact", 0.0
    if heavy is not None:
        return _over_student(fit, eta, v, heavy, scale)
    integral = population_mean(fit.link, eta, v)
    if scale == "link":
        return link_of_population_mean(fit.link, eta, v), integral.rule, integral.error
    return integral.value, integral.rule, integral.error


def _over_student(fit: Fit, eta: Array, v: Array, heavy: Heavy, scale: str) -> tuple[Array, str, float]:
    """Average over t effects: the identity link keeps the mean, an unbounded one has none."""
    if fit.link.name == "identity":
        return eta, "exact", 0.0
    if not isinstance(fit.link, ProbabilityLink):
        message = f"the population mean does not exist: t effects under the {fit.link.name} link have none."
        hint = 'Ask for estimand="typical" or "subject".'
        raise PredictionError(Finding("estimand_undefined", message, hint=hint))
    integral = student_population_mean(fit.link, eta, v, heavy.variance, heavy.df)
    if scale == "link":
        value = link_of_student_mean(fit.link, integral.value, eta, v + heavy.variance)
        return value, integral.rule, integral.error
    return integral.value, integral.rule, integral.error


@dataclass(frozen=True)
class Heavy:
    """Variance of Student's t effects, shape (draw, row), and their degrees of freedom, shape (draw,)."""

    variance: Array
    df: Array


@dataclass(frozen=True)
class Pieces:
    """The draws and columns that a linear predictor and its variance are made of."""

    design: Design
    beta: Array
    subject: tuple[tuple[GroupDesign, Array], ...]
    integrated: tuple[Spread, ...]

    def predictor(self, block: slice, rows: NDArray[np.int64]) -> tuple[Array, Array | None, Heavy | None]:
        """Return eta, and v if something is integrated, shape (draw, row); t effects apart."""
        eta = self.design.offset[rows] + self.beta[block] @ self.design.x[rows].T
        for group, b in self.subject:
            eta += rows_part(b[block], group.members[rows], group.weights[rows], group.z[rows])
        if not self.integrated:
            return eta, None, None
        v, heavy = np.zeros_like(eta), None
        for spread in self.integrated:
            normal, student = spread.variance(block, rows)
            v += normal
            if student is not None:
                heavy = Heavy(np.maximum(student, 0.0), spread.parameters["df"][block])
        # Rounding can leave a variance of zero slightly below it.
        return eta, np.maximum(v, 0.0), heavy


def _pieces(fit: Fit, design: Design, estimand: Estimand) -> Pieces:
    subject, integrated = [], []
    for group in design.groups:
        word = estimand.words[group.factor]
        if word == "subject":
            _check_known(group, design)
            subject.append((group, fit.needed(f"b_{group.slug}", 'estimand="subject"')))
        elif word == "population":
            integrated.append(spread_of(fit, design, group))
    if sum(spread.t_terms for spread in integrated) > 1:
        message = "several independent t effects in a row: their sum is no t, and is not integrated here."
        hint = 'Ask for estimand="typical" or "subject", or give one of them normal effects.'
        raise PredictionError(Finding("not_available", message, hint=hint))
    return Pieces(design, fit.flat["beta"], tuple(subject), tuple(integrated))


def _check_known(group: GroupDesign, design: Design) -> None:
    unseen = group.members < 0
    bad = unseen.any(axis=1)
    if bad.any():
        rows = tuple(design.table.rows[bad].tolist())
        found = _unseen_labels(group, design, unseen)
        levels = "1 level was" if len(found) == 1 else f"{len(found)} levels were"
        message = (
            f"'{group.factor}': {levels} not in the training data ({value_text(found)}; {row_text(rows)})."
        )
        hint = (
            'Ask for estimand="population" (average over groups), "typical" (effect 0) or '
            '"new_subject" (one new group).'
        )
        raise PredictionError(
            Finding("new_group", message, column=group.term.columns[0], rows=rows, hint=hint)
        )


def _unseen_labels(group: GroupDesign, design: Design, unseen: NDArray[np.bool_]) -> list[str]:
    """List the labels that are not known, in the order of the rows."""
    columns = [as_labels(design.table[name]) for name in group.term.columns]
    texts = np.stack([np.array(list(map(str, c.levels)), object)[c.values] for c in columns], axis=1)
    if group.term.is_membership:
        return list(dict.fromkeys(texts[unseen].tolist()))
    return list(dict.fromkeys(":".join(row) for row in texts[unseen[:, 0]].tolist()))


def _kinds(pieces: Pieces) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return one row of each kind, and for each row the kind that it is of."""
    design = pieces.design
    parts = [design.x, design.offset[:, None]]
    by_level = [group for group, _ in pieces.subject]
    parts += [group.z for group in by_level] + [spread.group.z for spread in pieces.integrated]
    by_level += [spread.group for spread in pieces.integrated if spread.needs_levels]
    parts += [group.members.astype(np.float64) for group in by_level]
    parts += [group.weights for group in by_level]
    return distinct_rows(np.hstack(parts))


def distinct_rows(keys: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the position of one row of each kind, and for each row its kind."""
    keys = np.ascontiguousarray(keys)
    # Rows are compared as bytes, much faster than sorting floats; adding 0.0 makes -0 and 0 the same.
    view = (keys + 0.0).view(np.dtype((np.void, keys.itemsize * keys.shape[1]))).reshape(-1)
    _, first, spread = np.unique(view, return_index=True, return_inverse=True)
    return first, spread.reshape(-1)


def reduced_weights(weights: Array | None, spread: NDArray[np.int64], size: int) -> Array | None:
    """Add up the weights of equal rows, shape (target, distinct row)."""
    if weights is None:
        return None
    return np.stack([np.bincount(spread, weights=row, minlength=size) for row in weights])
