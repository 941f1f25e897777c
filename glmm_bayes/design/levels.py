"""Grouping columns in, levels and integer codes out: one factor, or observed combinations of several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, value_text
from glmm_bayes.design.column import Column, GroupLevel, Level, as_labels, distinct_values
from glmm_bayes.design.table import Table
from glmm_bayes.spec.linear_predictor import GroupTerm


def learn_levels(term: GroupTerm, table: Table, findings: Findings) -> tuple[GroupLevel, ...]:
    """List the levels that occur, sorted in the order of each column's own levels."""
    columns = [as_labels(table[name], table.rows) for name in term.columns]
    levels, _ = _observed(columns)
    for position, column in enumerate(columns):
        _note_unused(column, {level[position] for level in levels}, findings)
    if len(levels) == 1:
        name = ":".join(map(str, levels[0]))
        message = f"'{term.factor}' has one level ('{name}'): its variance cannot be learnt."
        findings.error("single_level", message, column=term.columns[0], hint=f"Remove {term}.")
    return levels


def _note_unused(column: Column, used: set[Level], findings: Findings) -> None:
    """Tell once of levels that were declared and never occur."""
    unused = [level for level in column.levels if level not in used]
    if unused:
        message = f"'{column.name}': levels {value_text(unused)} never occur; dropped, kept in the schema."
        if message not in {finding.message for finding in findings.collected}:
            findings.note("unused_levels", message, column=column.name)


def match_levels(term: GroupTerm, table: Table, levels: Sequence[GroupLevel]) -> NDArray[np.int64]:
    """Give each row the position of its level, -1 where the level is not among those known."""
    observed, codes = _observed([as_labels(table[name], table.rows) for name in term.columns])
    # Labels are compared as text, so that 7, "7" and a category 7 are one level.
    position = {tuple(map(str, level)): code for code, level in enumerate(levels)}
    level_codes = [position.get(tuple(map(str, level)), -1) for level in observed]
    return np.asarray(level_codes, dtype=np.int64)[codes]


def _observed(columns: Sequence[Column]) -> tuple[tuple[GroupLevel, ...], NDArray[np.int64]]:
    """List the combinations that occur, and give each row the position of its own."""
    codes, first = distinct_values(columns[0].values)
    positions = [first]
    for column in columns[1:]:
        # Dense codes are fewer than the rows, so that the product of sizes cannot overflow.
        codes, keys = distinct_values(codes * len(column.levels) + column.values)
        before, last = np.divmod(keys, len(column.levels))
        positions = [*(earlier[before] for earlier in positions), last]
    labels = [
        [column.levels[code] for code in codes.tolist()]
        for column, codes in zip(columns, positions, strict=True)
    ]
    return tuple(zip(*labels, strict=True)), codes
