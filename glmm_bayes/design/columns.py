"""Terms in, design columns out: which contrasts a factor gets, and the numbers of each column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Finding
from glmm_bayes.design.contrasts import (
    POLY,
    TREATMENT,
    contrast_column,
    contrast_indices,
    contrast_label,
    contrast_of,
)
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.splines import is_basis, width
from glmm_bayes.design.table import Column, Level
from glmm_bayes.spec.expressions import Call, Expr
from glmm_bayes.spec.linear_predictor import Term
from glmm_bayes.spec.monotonic import is_monotonic

INTERCEPT_LABEL = "Intercept"

#: How one factor of a term is written as columns.
NUMBER, BASIS, CONTRAST, FULL, STEP = "number", "basis", "contrast", "full", "step"
#: What the steps of a monotonic factor add up to: in no design, but priors speak of it.
TOTAL = "total"
#: Most columns of the fixed part.
MAX_COLUMNS = 5000

#: Levels of each categorical factor, by the canonical text of the expression; numbers are absent.
FactorLevels = Mapping[str, tuple[Level, ...]]


@dataclass(frozen=True)
class Part:
    """What one factor contributes to a column.

    Attributes
    ----------
    factor : str
        Canonical text of the expression.
    coding : {"number", "basis", "contrast", "full", "step", "total"}
        A step is 1 above its level and 0 at it and below.
    level : str, int, bool or None
        The level that the column is about; None for numbers and trends.
    index : int
        Position of that level, or of the column in a basis; trends count from 1.
    contrast : str
        Name of the contrasts, for ``contrast`` and ``full``.
    size : int
        Number of the factor's levels.
    """

    factor: str
    coding: str
    level: Level | None = None
    index: int = 0
    contrast: str = ""
    size: int = 0

    @property
    def is_indicator(self) -> bool:
        """Whether the column is 1 at one level and 0 at all others."""
        return self.coding == FULL or (self.coding == CONTRAST and self.contrast == TREATMENT)

    @property
    def label(self) -> str:
        """What stands in brackets after the factor; empty for a number."""
        if self.coding in (NUMBER, TOTAL):
            return ""
        if self.coding == STEP:
            return f">{self.level}"
        if self.coding == BASIS:
            return str(self.index + 1)
        return contrast_label(TREATMENT if self.coding == FULL else self.contrast, self.level, self.index)

    def __str__(self) -> str:
        is_whole = self.coding in (NUMBER, TOTAL)
        return self.factor if is_whole else f"{self.factor}[{self.label}]"


@dataclass(frozen=True)
class DesignColumn:
    """One column of a design matrix: a product over factors; no factor at all is the intercept."""

    factors: tuple[Part, ...]
    term: Term

    @property
    def label(self) -> str:
        """The coefficient's name: ``Intercept``, ``x``, ``treatment[terbinafine]:time``."""
        return ":".join(str(part) for part in self.factors) or INTERCEPT_LABEL

    @property
    def key(self) -> frozenset[Part]:
        """What the column is, whatever the order of its factors."""
        return frozenset(self.factors)


def code_terms(terms: Sequence[Term], levels: FactorLevels) -> tuple[DesignColumn, ...]:
    """List the columns of terms, each factor coded as in R.

    A factor of a term is coded by its contrasts if what is left of the term without it is already
    spanned by earlier terms, and by one column a level otherwise.

    Raises
    ------
    DataError
        ``formula_too_large`` beyond ``MAX_COLUMNS`` columns, before any is made.

    References
    ----------
    Chambers and Hastie (1992), Statistical Models in S, section 2.4.
    """
    coded = list(_codings(terms, levels))
    _check_size(coded, levels)
    return tuple(column for term, codings in coded for column in _term_columns(term, codings, levels))


def _codings(terms: Sequence[Term], levels: FactorLevels) -> Iterator[tuple[Term, list[str]]]:
    spanned: set[frozenset[str]] = set()
    for term in terms:
        codings = []
        for factor in term.factors:
            if is_monotonic(factor) and str(factor) in levels:
                codings.append(STEP)
            elif str(factor) not in levels:
                codings.append(BASIS if is_basis(factor) else NUMBER)
            else:
                codings.append(CONTRAST if term.key - {str(factor)} in spanned else FULL)
        spanned.add(term.key)
        # One column a level adds up to what the term is without the factor.
        spanned.update(
            term.key - {str(factor)}
            for factor, coding in zip(term.factors, codings, strict=True)
            if coding == FULL and codings.count(FULL) == 1
        )
        yield term, codings


def _check_size(coded: Sequence[tuple[Term, list[str]]], levels: FactorLevels) -> None:
    total = 0
    for term, codings in coded:
        made = prod(
            len(_indices(factor, coding, levels))
            for factor, coding in zip(term.factors, codings, strict=True)
        )
        total += made
        if total > MAX_COLUMNS:
            of_levels = {str(f): f for f in term.factors if str(f) in levels}
            largest = max(of_levels, key=lambda name: len(levels[name]), default=str(term))
            has = f"'{largest}' has {len(levels[largest]):,} levels; " if of_levels else ""
            message = f"{term} makes {made:,} columns ({has}limit {MAX_COLUMNS})."
            names = of_levels[largest].names() if of_levels else term.names()
            hint = f"Use (1 | {names[0]})." if of_levels else "Remove terms."
            raise DataError(Finding("formula_too_large", message, column=names[0], hint=hint))


def _indices(factor: Expr, coding: str, levels: FactorLevels) -> range:
    """List the indices of the columns of one factor."""
    if coding == NUMBER:
        return range(1)
    if coding == BASIS:
        assert isinstance(factor, Call)
        return range(width(factor))
    size = len(levels[str(factor)])
    if coding == STEP:
        return range(size - 1)
    return range(size) if coding == FULL else contrast_indices(contrast_of(factor), size)


def _term_columns(term: Term, codings: Sequence[str], levels: FactorLevels) -> list[DesignColumn]:
    choices = [
        [_part(factor, coding, index, levels) for index in _indices(factor, coding, levels)]
        for factor, coding in zip(term.factors, codings, strict=True)
    ]
    # The first factor varies fastest, as in R.
    return [DesignColumn(tuple(reversed(factors)), term) for factors in product(*reversed(choices))]


def _part(factor: Expr, coding: str, index: int, levels: FactorLevels) -> Part:
    name = str(factor)
    if coding in (NUMBER, BASIS):
        return Part(name, coding, index=index)
    if coding == STEP:
        return Part(name, coding, levels[name][index], index, size=len(levels[name]))
    contrast = contrast_of(factor)
    level = None if coding == CONTRAST and contrast == POLY else levels[name][index]
    return Part(name, coding, level, index, contrast, len(levels[name]))


@dataclass(frozen=True)
class Predictors:
    """Values of all factors of all terms: numbers, bases, or codes into the levels of the training rows."""

    values: Mapping[str, NDArray[np.float64]]
    codes: Mapping[str, NDArray[np.int64]]
    levels: FactorLevels
    n_rows: int

    def matrix(self, columns: Sequence[DesignColumn]) -> NDArray[np.float64]:
        """Fill the design matrix, shape (row, column)."""
        result = np.empty((self.n_rows, len(columns)))
        for position, column in enumerate(columns):
            first, *others = column.factors or (None,)
            result[:, position] = 1.0 if first is None else self.part(first)
            for part in others:
                result[:, position] *= self.part(part)
        return result

    def part(self, part: Part) -> NDArray[Any]:
        """Return the numbers of one part, shape (row,); booleans where it marks a level."""
        if part.is_indicator:
            return np.equal(self.codes[part.factor], part.index)
        if part.coding == STEP:
            return np.greater(self.codes[part.factor], part.index)
        if part.coding == CONTRAST:
            return contrast_column(part.contrast, part.size, part.index)[self.codes[part.factor]]
        values = self.values[part.factor]
        return values[:, part.index] if part.coding == BASIS else values


def evaluate_predictors(terms: Sequence[Term], evaluator: Evaluator) -> Predictors:
    """Evaluate each factor once; its levels are learnt on training rows, matched by label on new rows."""
    values: dict[str, NDArray[np.float64]] = {}
    codes: dict[str, NDArray[np.int64]] = {}
    factors: dict[str, Expr] = {str(factor): factor for term in terms for factor in term.factors}
    for name, factor in factors.items():
        result = evaluator.predictor(factor)
        if isinstance(result, Column):
            codes[name] = evaluator.codes(factor, result)
        else:
            values[name] = result
    # Levels of columns that are compared, I(f == "a"), are known, too; those are no factors.
    levels = {name: known for name, known in evaluator.factors.items() if name in codes}
    return Predictors(values, codes, levels, len(evaluator.table))
