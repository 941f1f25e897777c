"""Random effects of a grouping factor on the rows of a table: levels, codes, columns, blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings, row_text
from glmm_bayes.design.column import GroupLevel
from glmm_bayes.design.columns import FULL, DesignColumn, Part, Predictors, code_terms
from glmm_bayes.design.contrasts import TREATMENT
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.levels import learn_levels, match_levels
from glmm_bayes.design.table import Level, Table, as_labels
from glmm_bayes.spec.expressions import Name, quote
from glmm_bayes.spec.linear_predictor import Block, GroupTerm, Term

#: Shares may be rounded to four digits.
_WEIGHTS = 1e-3


@dataclass(frozen=True)
class EffectBlock:
    """Where the effects of one block stand among those of their grouping factor.

    Attributes
    ----------
    block : Block
        As it was written.
    positions : tuple of int
        Of its effects, next to each other.
    by : str, int, bool or None
        The level of ``gr(g, by = f)`` whose covariance matrix this is.
    """

    block: Block
    positions: tuple[int, ...]
    by: Level | None = None

    def __len__(self) -> int:
        return len(self.positions)


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
    blocks : tuple of EffectBlock
        Effects of one block share a covariance matrix; blocks are independent.
    levels : tuple of tuple
        The factor's levels on the training rows.
    members : ndarray of int64, shape (row, member)
        Positions of the levels that a row belongs to, -1 for a level that the training rows did not
        have. One member, but for ``mm(a, b)``.
    weights : ndarray, shape (row, member)
        Share of each member's effects in the row; 1 if there is one member.
    z : ndarray, shape (row, effect)
        The effects' columns.
    """

    term: GroupTerm
    slug: str
    columns: tuple[DesignColumn, ...]
    blocks: tuple[EffectBlock, ...]
    levels: tuple[GroupLevel, ...]
    members: NDArray[np.int64]
    weights: NDArray[np.float64]
    z: NDArray[np.float64]

    @property
    def factor(self) -> str:
        """The grouping factor as the user wrote it."""
        return self.term.factor

    @property
    def codes(self) -> NDArray[np.int64]:
        """Position of each row's level; of its first member, if it has several. Shape (row,)."""
        return self.members[:, 0]

    def take(self, rows: NDArray[np.int64]) -> GroupDesign:
        """Keep the given rows."""
        return replace(self, members=self.members[rows], weights=self.weights[rows], z=self.z[rows])

    @property
    def effects(self) -> tuple[str, ...]:
        """Names of the effects: ``Intercept``, ``Days``."""
        return tuple(column.label for column in self.columns)

    @property
    def starts_with_intercept(self) -> bool:
        """Whether the first effect is the level's intercept."""
        return bool(self.columns) and not self.columns[0].factors

    @property
    def is_intercept(self) -> bool:
        """Whether the level's intercept is its only effect."""
        return len(self.columns) == 1 and self.starts_with_intercept

    @cached_property
    def occurs(self) -> NDArray[np.bool_]:
        """Tell which effects each level has in these rows, shape (level, effect): all, but under ``by``."""
        result = np.ones((len(self.levels), len(self.effects)), dtype=bool)
        by = [position for block in self.blocks if block.block.by for position in block.positions]
        result[:, by] = False
        rows, effects = np.nonzero(self.z[:, by])
        for member in range(self.members.shape[1]):
            result[self.members[rows, member], np.asarray(by, np.int64)[effects]] = True
        return result

    @cached_property
    def labels(self) -> tuple[Level, ...]:
        """One label for each level: the level itself, or the labels of a combination joined by ``:``."""
        joined = [level[0] if len(level) == 1 else ":".join(map(str, level)) for level in self.levels]
        # Labels that hold a colon can collide; then all are shown as tuples.
        return tuple(joined) if len(set(joined)) == len(joined) else tuple(map(str, self.levels))


def group_columns(
    term: GroupTerm, predictors: Predictors
) -> tuple[tuple[DesignColumn, ...], tuple[EffectBlock, ...]]:
    """List the effects of a term, each block coded on its own, and the blocks that they make.

    A block with ``by = f`` becomes one block for each level of ``f``, whose effects are zero in the rows
    of the other levels.
    """
    columns: list[DesignColumn] = []
    blocks: list[EffectBlock] = []
    for block in term.blocks:
        members = code_terms(block.effects, predictors.levels)
        # A column of numbers has no levels: it has been refused, and its term is coded without.
        levels = predictors.levels.get(quote(block.by), (None,)) if block.by else (None,)
        for index, level in enumerate(levels):
            start = len(columns)
            if level is not None:
                part = Part(quote(block.by), FULL, level, index, TREATMENT, len(levels))
                columns.extend(_within(Name(block.by), part, member) for member in members)
            else:
                columns.extend(members)
            blocks.append(EffectBlock(block, tuple(range(start, len(columns))), level))
    return tuple(columns), tuple(blocks)


def _within(by: Name, part: Part, column: DesignColumn) -> DesignColumn:
    return DesignColumn((part, *column.factors), Term((by, *column.term.factors)))


def by_terms(term: GroupTerm) -> list[Term]:
    """Return the columns of ``by = f`` as terms, so that they are evaluated with the other factors."""
    return [Term((Name(block.by),)) for block in term.blocks if block.by]


def check_by(term: GroupTerm, predictors: Predictors, table: Table, findings: Findings) -> None:
    """Collect columns of ``by = f`` that are numbers or dates."""
    for name in dict.fromkeys(block.by for block in term.blocks if block.by):
        data_type = table[name].data_type
        if quote(name) not in predictors.levels and data_type in ("number", "date"):
            message = f"column '{name}' holds {data_type}s; by = {quote(name)} needs levels."
            hint = f'Write data["{name}"].astype("category") if levels are meant.'
            findings.error("column_type", message, column=name, hint=hint)


def membership_weights(term: GroupTerm, evaluator: Evaluator) -> NDArray[np.float64]:
    """Return the weights of a row's members, shape (row, member); equal shares if none are written."""
    size = len(term.columns) if term.is_membership else 1
    rows = len(evaluator.table)
    if not term.weights:
        return np.full((rows, size), 1.0 / size)
    weights = np.stack([evaluator.numbers(weight) for weight in term.weights], axis=1)
    if evaluator.learning:
        _check_weights(term, weights, evaluator)
    return weights


def _check_weights(term: GroupTerm, weights: NDArray[np.float64], evaluator: Evaluator) -> None:
    """Refuse weights below zero or all zero; warn where they do not add up to one."""
    rows, column = evaluator.table.rows, term.weights[0].names()[0] if term.weights[0].names() else None
    bad = (weights < 0).any(axis=1) | (weights == 0).all(axis=1)
    if bad.any():
        where = tuple(rows[bad].tolist())
        message = f"weights of {term.factor} must not be negative or all zero ({row_text(where)})."
        evaluator.findings.error("weights", message, column=column, rows=where)
    odd = np.abs(weights.sum(axis=1) - 1.0) > _WEIGHTS
    if odd.any() and not bad.any():
        where = tuple(rows[odd].tolist())
        message = (
            f"weights of {term.factor} do not add up to 1 in {len(where)} rows ({row_text(where)}): "
            "taken as they are."
        )
        hint = "Divide them by their sum if shares are meant, as brms does by itself."
        evaluator.findings.warning("weights", message, column=column, rows=where, hint=hint)


def learn_members(term: GroupTerm, table: Table, findings: Findings) -> tuple[GroupLevel, ...]:
    """List the levels of a grouping factor; those of all members together for ``mm(a, b)``."""
    if not term.is_membership:
        return learn_levels(term, table, findings)
    quiet = Findings(DataError)
    member_levels = [level for single in _members(term) for level in learn_levels(single, table, quiet)]
    declared = {table[name].levels for name in term.columns if table[name].declared}
    if len(declared) == 1 and all(table[name].declared for name in term.columns):
        seen = {level[0] for level in member_levels}
        levels: tuple[GroupLevel, ...] = tuple((level,) for level in declared.pop() if level in seen)
    else:
        # 7 in one column and "7" in another are one level, as they are for new rows.
        distinct = {str(level[0]): level for level in reversed(member_levels)}.values()
        levels = tuple(sorted(distinct, key=lambda level: (str(type(level[0])), level[0])))
    if len(levels) == 1:
        message = f"'{term.factor}' has one level ('{levels[0][0]}'): its variance cannot be learnt."
        findings.error("single_level", message, column=term.columns[0], hint=f"Remove {term}.")
    return levels


def match_members(term: GroupTerm, table: Table, levels: Sequence[GroupLevel]) -> NDArray[np.int64]:
    """Give each row the positions of its levels, shape (row, member); below 0 where a level is not known.

    Members of ``mm(a, b)`` that are the same new level have the same number below 0.
    """
    members = np.stack([match_levels(single, table, levels) for single in _members(term)], axis=1)
    if term.is_membership and (members < 0).any():
        texts = np.stack([_texts(table, column) for column in term.columns], axis=1)
        _, position = np.unique(texts[members < 0], return_inverse=True)
        members[members < 0] = -1 - position
    return members


def _texts(table: Table, column: str) -> NDArray[np.str_]:
    labels = as_labels(table[column])
    texts: NDArray[np.str_] = np.array([str(level) for level in labels.levels])[labels.values]
    return texts


def _members(term: GroupTerm) -> list[GroupTerm]:
    """Return one term for each member of a row, whose levels are matched by themselves."""
    if not term.is_membership:
        return [term]
    return [replace(term, columns=(column,), is_membership=False) for column in term.columns]
