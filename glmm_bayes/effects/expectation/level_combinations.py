"""The levels of the data that ``sample`` averages over, and what each adds to a linear predictor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand.factor_estimands import SAMPLE
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.fit.linear_predictor import rows_part
from glmm_bayes.priors.names import PredictorNames, prefix_of


@dataclass(frozen=True)
class Sampled:
    """One grouping factor in one linear predictor, whose levels of the data are averaged over.

    Attributes
    ----------
    group : GroupDesign
        On the rows.
    b : ndarray, shape (draw, level, effect)
    members, weights : ndarray, shape (combination, member)
        Of the training rows.
    occurs : ndarray of bool, shape (level, effect)
        Effects that a level has at all: under ``by`` some only.
    """

    group: GroupDesign
    b: Array
    members: NDArray[np.int64]
    weights: Array
    occurs: NDArray[np.bool_]

    def shift(self, block: slice, rows: NDArray[np.int64], index: int) -> Array:
        """Return what a combination's levels add to the linear predictor, shape (draw, row)."""
        shape = (len(rows), self.members.shape[1])
        members = np.broadcast_to(self.members[index], shape)
        weights = np.broadcast_to(self.weights[index], shape)
        return rows_part(self.b[block], members, weights, self.group.z[rows])

    def allowed(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which combinations have all effects of a row, shape (row, combination)."""
        needed = self.group.z[rows] != 0.0
        has = self.occurs[self.members].all(axis=1)
        return np.asarray(~(needed.astype(np.float64) @ ~has.T > 0.0))


@dataclass(frozen=True)
class Combinations:
    """Combinations of levels that occur in the data, equally weighted.

    Attributes
    ----------
    sampled : mapping of str to tuple of Sampled
        By parameter.
    size : int
    """

    sampled: Mapping[str, tuple[Sampled, ...]]
    size: int

    def shift(self, parameter: str, block: slice, rows: NDArray[np.int64], index: int) -> Array | float:
        """Return what a combination's levels add to a linear predictor, shape (draw, row)."""
        shifts = [each.shift(block, rows, index) for each in self.sampled[parameter]]
        return sum(shifts, start=np.zeros(())) if shifts else 0.0

    def allowed(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which combinations each row is averaged over, shape (row, combination)."""
        result = np.ones((len(rows), self.size), dtype=bool)
        for each in (each for some in self.sampled.values() for each in some):
            result &= each.allowed(rows)
        if not result.any(axis=1).all():
            message = "no combination of the data's levels has the effects of these rows."
            raise PredictionError(
                Finding("not_available", message, hint='Ask for estimand="population" or "typical".')
            )
        return result

    def columns(self, parameter: str) -> list[Array]:
        """Return the columns of a linear predictor that its levels' effects are multiplied with."""
        return [each.group.z for each in self.sampled[parameter]]


def combinations_of(question: Question, rows: Rows) -> Combinations | None:
    """List the combinations of the factors that are asked for as ``sample``; None if there are none."""
    fit, word_of_factor = question.fit, question.estimand.word_of_factor
    sampled_groups = [
        (name, index, group)
        for name, design in rows.designs.items()
        for index, group in enumerate(design.groups)
        if word_of_factor[group.factor] == SAMPLE
    ]
    if not sampled_groups:
        return None
    trained = [fit.predictors[name].design.groups[index] for name, index, _ in sampled_groups]
    keys = np.hstack([part for group in trained for part in (group.members, group.weights)])
    _, first = np.unique(keys, axis=0, return_index=True)
    sampled: dict[str, list[Sampled]] = {name: [] for name in rows.designs}
    for (name, _, group), training in zip(sampled_groups, trained, strict=True):
        b = fit.needed(PredictorNames(prefix_of(name)).of_factor("b", group.slug), 'estimand="sample"')
        sampled[name].append(
            Sampled(group, b, training.members[first], training.weights[first], training.occurs)
        )
    return Combinations({name: tuple(some) for name, some in sampled.items()}, len(first))
