"""Random effects of a grouping factor on the rows of a table: levels, codes, columns, blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.design.columns import DesignColumn, Predictors, code_terms
from glmm_bayes.design.levels import GroupLevel
from glmm_bayes.design.table import Level
from glmm_bayes.spec.model_spec import GroupTerm


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
    term: GroupTerm, predictors: Predictors
) -> tuple[tuple[DesignColumn, ...], tuple[tuple[int, ...], ...]]:
    """List the effects of a term, each block coded on its own, and which of them are correlated."""
    columns: list[DesignColumn] = []
    blocks = []
    for block in term.blocks:
        members = code_terms(block.effects, predictors.levels)
        blocks.append(tuple(range(len(columns), len(columns) + len(members))))
        columns.extend(members)
    return tuple(columns), tuple(blocks)
