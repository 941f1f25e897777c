"""Grouping columns in, integer codes out: levels of one factor or observed combinations of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.columns import DesignColumn, Predictors, code_terms
from glmm_bayes.design.table import Level, Table, as_labels
from glmm_bayes.spec.expressions import quote
from glmm_bayes.spec.model_spec import GroupTerm

#: A level of a grouping factor: one label for each of its columns.
GroupLevel = tuple[Level, ...]

FEW_LEVELS = 5


@dataclass(frozen=True)
class GroupDesign:
    """Random effects of one grouping factor on the rows of a table.

    Attributes
    ----------
    term : GroupTerm
    slug : str
        The factor in the names of the posterior: ``sd_<slug>``.
    columns : tuple of DesignColumn
        One for each effect; their order is that of the blocks.
    blocks : tuple of tuple of int
        Positions of the effects that are correlated with each other.
    levels : tuple of tuple
        The factor's levels on the training rows.
    codes : ndarray of int64, shape (row,)
        Position of each row's level, -1 for a level that the training rows did not have.
    z : ndarray, shape (row, effect)
        The effects' columns.
    """

    term: GroupTerm
    slug: str
    columns: tuple[DesignColumn, ...]
    blocks: tuple[tuple[int, ...], ...]
    levels: tuple[GroupLevel, ...]
    codes: NDArray[np.int64]
    z: NDArray[np.float64]

    @property
    def factor(self) -> str:
        """The grouping factor as the user wrote it."""
        return self.term.factor

    @property
    def effects(self) -> tuple[str, ...]:
        """Names of the effects: ``Intercept``, ``Days``."""
        return tuple(column.label for column in self.columns)

    @cached_property
    def labels(self) -> tuple[Level, ...]:
        """One label for each level: the level itself, or the labels of a combination joined by ``:``."""
        joined = [level[0] if len(level) == 1 else ":".join(map(str, level)) for level in self.levels]
        # Labels that hold a colon can collide; then all are shown as tuples.
        return tuple(joined) if len(set(joined)) == len(joined) else tuple(map(str, self.levels))

    @property
    def is_correlated(self) -> bool:
        """True if some block holds more than one effect."""
        return any(len(block) > 1 for block in self.blocks)


def group_columns(
    term: GroupTerm, predictors: Predictors, findings: Findings
) -> tuple[tuple[DesignColumn, ...], tuple[tuple[int, ...], ...]]:
    """List the effects of a term and which of them are correlated."""
    coded = code_terms(term.effects, predictors.levels)
    columns: list[DesignColumn] = []
    blocks = []
    for block in term.blocks:
        members = [column for column in coded if column.term in block]
        if len(term.blocks) > 1 and len(members) > len(block):
            message = (
                f"{term}: a categorical effect among independent effects is not available in this release."
            )
            factor = next(column for column in members if column.parts).parts[0].factor
            hint = f"Write (0 + {factor} | {quote(term.columns[0])}) as the only term of {term.factor}."
            findings.error("not_available", message, column=factor, hint=hint)
        blocks.append(tuple(range(len(columns), len(columns) + len(members))))
        columns.extend(members)
    return tuple(columns), tuple(blocks)


def learn_levels(term: GroupTerm, table: Table, findings: Findings) -> tuple[GroupLevel, ...]:
    """List the levels that occur, sorted in the order of each column's own levels."""
    labels = [as_labels(table[name]) for name in term.columns]
    stacked = np.stack([column.values for column in labels], axis=1)
    observed = np.unique(stacked, axis=0)
    levels = tuple(
        tuple(column.levels[code] for column, code in zip(labels, row, strict=True)) for row in observed
    )
    if len(levels) == 1:
        name = ":".join(map(str, levels[0]))
        message = f"'{term.factor}' has one level ('{name}'): its variance cannot be learnt."
        findings.error("single_level", message, column=term.columns[0], hint=f"Remove {term}.")
    elif len(levels) < FEW_LEVELS:
        message = (
            f"'{term.factor}' has {len(levels)} levels: its standard deviation rests mostly on its prior."
        )
        hint = f"Consider {term.factor} as a fixed effect, and read how the prior matters."
        findings.warning("few_groups", message, column=term.columns[0], hint=hint)
    return levels


def match_levels(term: GroupTerm, table: Table, levels: Sequence[GroupLevel]) -> NDArray[np.int64]:
    """Give each row the position of its level, -1 where the level is not among those known."""
    labels = [as_labels(table[name]) for name in term.columns]
    stacked = np.stack([column.values for column in labels], axis=1)
    # Labels are compared as text, so that 7, "7" and a category 7 are one level.
    position = {tuple(map(str, level)): code for code, level in enumerate(levels)}
    distinct, inverse = np.unique(stacked, axis=0, return_inverse=True)
    found = [
        position.get(tuple(str(column.levels[code]) for column, code in zip(labels, row, strict=True)), -1)
        for row in distinct
    ]
    return np.asarray(found, dtype=np.int64)[inverse.reshape(-1)]
