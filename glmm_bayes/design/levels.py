"""Grouping columns in, levels and integer codes out: one factor, or observed combinations of several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.table import Level, Table, as_labels
from glmm_bayes.spec.model_spec import GroupTerm

#: A level of a grouping factor: one label for each of its columns.
GroupLevel = tuple[Level, ...]


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
