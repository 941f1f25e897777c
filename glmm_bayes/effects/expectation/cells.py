"""What an answer is made of and rows in; expected responses out, block by block of draws.

Rows that share all but one linear predictor (one variance, one set of further parameters) are a cell:
in each draw their expected responses are one smooth function of that predictor, which is tabulated
where the cell is large enough to gain by it. All other rows are evaluated one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules import rule_of
from glmm_bayes.core.tabulated import tabulate
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.expectation.level_averages import OnScale, mean_over_levels
from glmm_bayes.effects.expectation.predictor_draws import AllPredictors

Positions = NDArray[np.int64]

#: A table is made where a cell has this many rows for each point at which the function is evaluated.
ROWS_PER_POINT = 3
#: The fewest points that any table needs, times the above.
_SMALLEST_CELL = 40


@dataclass(frozen=True)
class EvaluatedCell:
    """Rows that are evaluated together.

    Attributes
    ----------
    rows : ndarray of int64
        Positions in the designs.
    is_curve : bool
        Whether their values are one function of the main linear predictor in each draw.
    """

    rows: Positions
    is_curve: bool


class Evaluates(Protocol):
    """Computes an answer at cells of rows, in blocks of draws."""

    @property
    def question(self) -> Question:
        """What is asked."""
        ...

    @property
    def predictors(self) -> AllPredictors:
        """The linear predictors that the answer depends on."""
        ...

    def cells(self, rows: Positions, most: int) -> Iterator[EvaluatedCell]:
        """Split rows into cells of at most ``most`` rows."""
        ...

    def values(self, block: slice, cell: EvaluatedCell) -> tuple[Array, str, float]:
        """Return values of a cell in a block of draws, the rule that gave them, and its largest error."""
        ...


def split(rows: Positions, keys: Sequence[Array] | None, most: int) -> Iterator[EvaluatedCell]:
    """Split rows into cells of at most ``most`` rows: curves where many rows are equal in the keys.

    Parameters
    ----------
    rows : ndarray of int64
    keys : sequence of ndarray, shape (all rows, column), or None
        Columns of all that a value depends on but for the main linear predictor; None: no curves.
    most : int
    """
    curves: list[Positions] = []
    rest = rows
    if keys is not None and len(rows) >= _SMALLEST_CELL:
        pattern = np.zeros(len(rows), np.int64)
        if keys:
            pattern = distinct_rows(np.hstack([key[rows] for key in keys]))[1]
        counts = np.bincount(pattern)
        large = np.flatnonzero(counts >= _SMALLEST_CELL)
        curves = [rows[pattern == one] for one in large] if len(large) <= len(rows) // _SMALLEST_CELL else []
        rest = rows[counts[pattern] < _SMALLEST_CELL]
    for group, is_curve in [*((curve, True) for curve in curves), (rest, False)]:
        for start in range(0, len(group), most):
            yield EvaluatedCell(group[start : start + most], is_curve)


@dataclass(frozen=True)
class AnswerEvaluator:
    """A question, what its answer is made of, and how it is computed at given parameters.

    Attributes
    ----------
    question : Question
    predictors : AllPredictors
    on_scale : callable
        Averages over what is integrated.
    integrates : bool
        Whether it does so numerically also where the mean has a closed form.
    """

    question: Question
    predictors: AllPredictors
    on_scale: OnScale
    integrates: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether a value costs no more than looking it up, or cannot be looked up."""
        fit = self.question.fit
        if self.question.is_response and fit.family.has_bounded_predictor(fit.link):
            # A table has points beyond the rows, where there may be no mean.
            return True
        integrated = any(predictor.integrated for predictor in self.predictors.draws.values())
        if self.predictors.combinations is not None:
            return False
        if not self.question.is_mu:
            return not integrated
        return not integrated or (rule_of(self.question.link).is_closed and not self.integrates)

    def cells(self, rows: Positions, most: int) -> Iterator[EvaluatedCell]:
        """Split rows into cells of at most ``most`` rows."""
        return split(rows, None if self.is_closed else self.predictors.columns_beside_main(), most)

    def values(self, block: slice, cell: EvaluatedCell) -> tuple[Array, str, float]:
        """Return values of a cell in a block of draws, the rule that gave them, and its largest error.

        Values have the shape (draw, row) or (draw, row, category).
        """
        if cell.is_curve and (tabulated := self._by_table(block, cell.rows)):
            return tabulated
        return self._direct(block, cell.rows, None)

    def _by_table(self, block: slice, rows: Positions) -> tuple[Array, str, float] | None:
        main = self.predictors.main
        eta = self.predictors.draws[main].eta(block, rows)
        rules: dict[str, float] = {}

        def curve(points: Array) -> Array:
            values, rule, error = self._direct(block, rows[:1], points)
            rules[rule] = max(error, rules.get(rule, 0.0))
            return values

        table = tabulate(curve, eta.min(axis=1), eta.max(axis=1), len(rows) // ROWS_PER_POINT)
        if table is None:
            return None
        rule = "; ".join(dict.fromkeys(f"{name}, tabulated" for name in rules))
        return table.at(eta), rule, max(rules.values()) + table.error

    def _direct(self, block: slice, rows: Positions, eta: Array | None) -> tuple[Array, str, float]:
        parameters = self.predictors.at(block, rows, eta)
        return mean_over_levels(self.question, self.on_scale, self.predictors, parameters, block, rows)
