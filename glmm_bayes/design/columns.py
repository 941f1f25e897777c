"""Terms in, design columns out: which contrasts a factor gets, and the numbers of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import row_text, value_text
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.table import Column, Level, nearest_level
from glmm_bayes.spec.expressions import Expr
from glmm_bayes.spec.model_spec import Term

INTERCEPT_LABEL = "Intercept"

#: How one factor of a term is written as columns.
NUMBER, CONTRAST, FULL = "number", "contrast", "full"

#: Levels of each categorical factor, by the canonical text of the expression; numbers are absent.
FactorLevels = Mapping[str, tuple[Level, ...]]


@dataclass(frozen=True)
class Part:
    """What one factor contributes to a column: the factor, its coding, and the level it marks."""

    factor: str
    coding: str
    level: Level | None = None

    def __str__(self) -> str:
        return self.factor if self.coding == NUMBER else f"{self.factor}[{self.level}]"


@dataclass(frozen=True)
class DesignColumn:
    """One column of a design matrix: a product of parts; no part at all is the intercept."""

    parts: tuple[Part, ...]
    term: Term

    @property
    def label(self) -> str:
        """The coefficient's name: ``Intercept``, ``x``, ``treatment[terbinafine]:time``."""
        return ":".join(str(part) for part in self.parts) or INTERCEPT_LABEL

    @property
    def key(self) -> frozenset[Part]:
        """What the column is, whatever the order of its parts."""
        return frozenset(self.parts)


def code_terms(terms: Sequence[Term], levels: FactorLevels) -> tuple[DesignColumn, ...]:
    """List the columns of terms with treatment contrasts, as R does.

    A factor of a term is coded by contrasts against its first level if what is left of the term
    without it is already spanned by earlier terms, and by one column a level otherwise.

    References
    ----------
    Chambers and Hastie (1992), Statistical Models in S, section 2.4.
    """
    spanned: set[frozenset[str]] = set()
    columns: list[DesignColumn] = []
    for term in terms:
        codings = []
        for factor in term.factors:
            rest = term.key - {str(factor)}
            if str(factor) not in levels:
                codings.append(NUMBER)
            elif rest in spanned:
                codings.append(CONTRAST)
            else:
                codings.append(FULL)
        spanned.add(term.key)
        # One column a level adds up to what the term is without the factor.
        spanned.update(
            term.key - {str(factor)}
            for factor, coding in zip(term.factors, codings, strict=True)
            if coding == FULL and codings.count(FULL) == 1
        )
        columns.extend(_term_columns(term, codings, levels))
    return tuple(columns)


def _term_columns(term: Term, codings: Sequence[str], levels: FactorLevels) -> list[DesignColumn]:
    choices = []
    for factor, coding in zip(term.factors, codings, strict=True):
        name = str(factor)
        if coding == NUMBER:
            choices.append([Part(name, NUMBER)])
        else:
            shown = levels[name][1:] if coding == CONTRAST else levels[name]
            choices.append([Part(name, coding, level) for level in shown])
    # The first factor varies fastest, as in R.
    return [DesignColumn(tuple(reversed(parts)), term) for parts in product(*reversed(choices))]


@dataclass(frozen=True)
class Predictors:
    """Values of all factors of all terms: numbers, or codes into the levels of the training rows."""

    values: Mapping[str, NDArray[np.float64]]
    codes: Mapping[str, NDArray[np.int64]]
    levels: FactorLevels
    n_rows: int

    def matrix(self, columns: Sequence[DesignColumn]) -> NDArray[np.float64]:
        """Fill the design matrix, shape (row, column)."""
        result = np.ones((self.n_rows, len(columns)))
        for position, column in enumerate(columns):
            for part in column.parts:
                result[:, position] *= self.part(part)
        return result

    def part(self, part: Part) -> NDArray[np.float64]:
        """Return the numbers of one part, shape (row,)."""
        if part.coding == NUMBER:
            return self.values[part.factor]
        position = [None, *self.levels[part.factor]].index(part.level) - 1
        hits: NDArray[np.bool_] = self.codes[part.factor] == position
        return hits.astype(np.float64)


def evaluate_predictors(
    terms: Sequence[Term], evaluator: Evaluator, known: dict[str, tuple[Level, ...]]
) -> Predictors:
    """Evaluate each factor once; learn its levels on training rows, match them by label on new rows.

    Parameters
    ----------
    known : dict of str to tuple
        Levels of the categorical factors. Filled while learning, read on replay.
    """
    values: dict[str, NDArray[np.float64]] = {}
    codes: dict[str, NDArray[np.int64]] = {}
    factors: dict[str, Expr] = {str(factor): factor for term in terms for factor in term.factors}
    for name, factor in factors.items():
        result = evaluator.predictor(factor)
        if not isinstance(result, Column):
            values[name] = result
        elif evaluator.learning:
            codes[name], known[name] = _observed(result, factor, evaluator)
        else:
            codes[name] = _matched(result, factor, known[name], evaluator)
    return Predictors(values, codes, known, len(evaluator.table))


def _observed(
    column: Column, factor: Expr, evaluator: Evaluator
) -> tuple[NDArray[np.int64], tuple[Level, ...]]:
    """Keep the levels that occur, in their order."""
    counts = np.bincount(column.values, minlength=len(column.levels))
    levels = tuple(level for level, count in zip(column.levels, counts, strict=True) if count)
    name = factor.names()[0] if factor.names() else str(factor)
    unused = [level for level, count in zip(column.levels, counts, strict=True) if not count]
    if unused:
        message = f"'{factor}': levels {value_text(unused)} never occur; dropped, kept in the schema."
        evaluator.findings.note("unused_levels", message, column=name)
    if len(levels) == 1:
        message = f"'{factor}' has one level ('{levels[0]}'): its effect cannot be learnt."
        evaluator.findings.error("single_level", message, column=name, hint=f"Remove {factor}.")
    position = np.cumsum(counts > 0) - 1
    return position[column.values].astype(np.int64), levels


def _matched(
    column: Column, factor: Expr, known: tuple[Level, ...], evaluator: Evaluator
) -> NDArray[np.int64]:
    """Match the levels of new rows with those of the training rows by label, never by position."""
    position = {str(level): code for code, level in enumerate(known)}
    lookup = np.array([position.get(str(level), -1) for level in column.levels], dtype=np.int64)
    codes = lookup[column.values] if len(lookup) else np.zeros(0, np.int64)
    if (codes < 0).any():
        rows = tuple(evaluator.table.rows[codes < 0].tolist())
        found = sorted({str(column.levels[code]) for code in column.values[codes < 0]})
        message = f"'{factor}' has {value_text(found)} ({row_text(rows)}); known: {value_text(known)}."
        name = factor.names()[0] if factor.names() else str(factor)
        hint = nearest_level(found[0], known)
        evaluator.findings.error("new_level", message, column=name, rows=rows, hint=hint)
    return codes
