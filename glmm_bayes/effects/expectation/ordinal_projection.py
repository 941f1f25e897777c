"""Ordered categories: the model without random effects that comes nearest to population probabilities.

A population has probabilities P_k of categories in each row; the model that is projected on has thresholds
and coefficients of its own. ``quasi-likelihood`` maximises the expected log likelihood sum w P_k log p_k, as
the model without random effects does with independent responses of that population. ``hedeker`` is least
squares on the distances between thresholds and linear predictor that P_k would have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.ordered_categories import discrimination, has_ordered_categories
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import training_rows
from glmm_bayes.effects.expectation.cells import AnswerEvaluator
from glmm_bayes.effects.expectation.expectation import block_of, on_scale, positions
from glmm_bayes.effects.expectation.predictor_draws import distinct_patterns
from glmm_bayes.effects.expectation.projection import orthonormal, refuse_unsolved, root
from glmm_bayes.families.ordinal import OrdinalFamily
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import draw_blocks
from glmm_bayes.spec.linear_predictor import MEAN

#: Steps that compute the information anew: it changes little near the solution, and is dear.
_INFORMED_STEPS = 2
#: Products of columns that are held at once.
_PRODUCTS = 2**22


@dataclass(frozen=True)
class _Distances:
    """Distances disc * (offset + x'gamma) between thresholds and linear predictors, by covariate pattern.

    Attributes
    ----------
    family : OrdinalFamily
    at : mapping of str to RowValue
        Parameters of which all but the thresholds are zero, so that these are the distances.
    x : ndarray, shape (pattern, threshold, coef)
    offset : ndarray, shape (pattern, 1)
    weights : ndarray, shape (pattern,)
    rows : ndarray, shape (pattern,)
        Numbers of rows.
    """

    family: OrdinalFamily
    at: RowValues
    x: Array
    offset: Array
    weights: Array
    rows: Array

    @property
    def flat(self) -> Array:
        return self.x.reshape(-1, self.x.shape[-1])

    def of(self, gamma: Array, disc: Array) -> RowValues:
        """Return the parameters at coefficients, shape (draw, coef)."""
        linear = (gamma @ self.flat.T).reshape(len(gamma), *self.x.shape[:2])
        return {**self.at, "thresholds": number(disc * (self.offset + linear))}

    def least_squares(self, logs: Array, disc: Array) -> Array:
        """Regress the distances that probabilities would have; rows weigh the same."""
        target = self.family.distances_of(logs, self.at[MEAN].link) / disc - self.offset
        weights = np.sqrt(np.repeat(self.rows, self.x.shape[1]))
        sides = self.flat * weights[:, None], (target.reshape(len(logs), -1) * weights).T
        return np.asarray(np.linalg.lstsq(*sides, rcond=None)[0].T)

    def likeliest(self, logs: Array, disc: Array) -> Array:
        """Maximise the expected log likelihood of categories with probabilities that have these logs."""
        expected, weights = np.exp(logs), disc * self.weights[:, None]
        known: list[Array] = []

        def equations(gamma: Array, observed: bool) -> tuple[Array, Array, Array]:
            at = self.of(gamma, disc)
            score, size = (
                (weights * part).reshape(len(gamma), -1) for part in self.family.score(expected, at)
            )
            if len(known) < _INFORMED_STEPS or observed:
                known.append(self._information(self.family.information(at) * (disc * weights)[..., None]))
            return score @ self.flat, size @ np.abs(self.flat), known[-1]

        gamma, is_solved = root(equations, self.flat, self.least_squares(logs, disc))
        refuse_unsolved(is_solved)
        return gamma

    def _information(self, of_distances: Array) -> Array:
        """Take the information on distances to that on coefficients, shape (draw, coef, coef)."""
        patterns, thresholds, size = self.x.shape
        total = np.zeros((len(of_distances), size * size))
        step = max(1, _PRODUCTS // (thresholds * size) ** 2)
        for start in range(0, patterns, step):
            x = self.x[start : start + step]
            products = np.einsum("ijq,ilr->ijlqr", x, x).reshape(-1, size * size)
            total += of_distances[:, start : start + step].reshape(len(total), -1) @ products
        return total.reshape(-1, size, size)


def is_projected(fit: Fit) -> bool:
    """Tell whether coefficients of ordered categories have population-averaged ones.

    Effects are normal, and so is what is integrated in each distance: no formula of disc.
    """
    has_further = any(predictor.role == "further" for predictor in fit.predictors.values())
    priors = [prior for predictor in fit.priors.predictors.values() for prior in predictor.groups]
    is_normal = not any(prior.is_student or prior.is_bridge for prior in priors)
    return has_ordered_categories(fit) and not has_further and is_normal


def project_ordered(fit: Fit, projection: str) -> tuple[Mapping[str, Array], Array]:
    """Return projected coefficients of each predictor, shape (draw, coef), and the largest gap in each draw.

    The gap is that between the population's probabilities of categories and the projection's.
    """
    question = Question(fit, read_estimand("population", fit))
    predictors, rows, spread = distinct_patterns(question, training_rows(fit))
    together = _distances(fit, rows, spread)
    back = orthonormal(together.flat, np.repeat(together.rows, together.x.shape[1]))
    together = replace(together, x=together.x @ back)
    evaluators = [
        AnswerEvaluator(replace(question, scale=scale), predictors, on_scale) for scale in ("response", "log")
    ]
    cells, place = list(evaluators[0].cells(rows, len(rows))), positions(rows)
    coefficients, gap = [], []
    disc = np.broadcast_to(np.asarray(discrimination(fit)), len(fit.flat["beta"]))[:, None, None]
    numbers = together.flat.size * (together.x.shape[1] + 1)
    for block in draw_blocks(len(fit.flat["beta"]), numbers):
        probabilities = block_of(evaluators[0], cells, place, None, block)[0]
        is_near = (probabilities > question.smallest).all()
        logs = np.log(probabilities) if is_near else block_of(evaluators[1], cells, place, None, block)[0]
        solve = together.least_squares if projection == "hedeker" else together.likeliest
        gamma = solve(logs, disc[block])
        fitted = together.family.mean(together.of(gamma, disc[block]))
        gap.append(np.abs(np.exp(logs) - fitted).max(axis=(1, 2)))
        coefficients.append(gamma @ back.T)
    return _by_predictor(fit, np.concatenate(coefficients)), np.concatenate(gap)


def _distances(fit: Fit, rows: NDArray[np.int64], pattern: NDArray[np.int64]) -> _Distances:
    """Put the columns of thresholds, common and specific coefficients side by side."""
    family = fit.family
    assert isinstance(family, OrdinalFamily)
    count = len(fit.response.categories) - 1
    columns = [np.broadcast_to(np.eye(count), (len(rows), count, count))]
    offset = np.zeros((len(rows), 1))
    for name, predictor in fit.predictors.items():
        x = predictor.design.x[rows]
        block = np.zeros((len(rows), count, x.shape[1]))
        at = slice(None) if name == MEAN else slice(_threshold(fit, name), _threshold(fit, name) + 1)
        block[:, at] = -x[:, None]
        columns.append(block)
        if name == MEAN:
            offset = -predictor.design.offset[rows][:, None]
    at_zero = {MEAN: RowValue(fit.link, np.zeros((1, 1))), "disc": number(np.ones((1, 1)))}
    given = fit.response.additions.weights
    weights = np.bincount(pattern, weights=given, minlength=len(rows)).astype(np.float64)
    counts = np.bincount(pattern, minlength=len(rows)).astype(np.float64)
    return _Distances(family, at_zero, np.concatenate(columns, axis=2), offset, weights, counts)


def _threshold(fit: Fit, name: str) -> int:
    """Return the position of the threshold that category-specific effects belong to."""
    return [other for other in fit.predictors if other != MEAN].index(name)


def _by_predictor(fit: Fit, gamma: Array) -> dict[str, Array]:
    start = len(fit.response.categories) - 1
    result = {}
    for name, predictor in fit.predictors.items():
        size = len(predictor.design.coefficients)
        result[name] = gamma[:, start : start + size]
        start += size
    return result
