"""LinearPredictor and Table in, Design out; the same path with known state replays new data bit for bit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings, PredictionError, row_text
from glmm_bayes.core.slugs import slugs
from glmm_bayes.design.column import GroupLevel
from glmm_bayes.design.columns import DesignColumn, Part, code_terms, evaluate_predictors
from glmm_bayes.design.dependence import check_fixed
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.groups import (
    GroupDesign,
    by_terms,
    check_by,
    group_columns,
    learn_members,
    match_members,
    membership_weights,
)
from glmm_bayes.design.new_rows import read_new_rows, tell_declared_levels
from glmm_bayes.design.splines import Learnt
from glmm_bayes.design.table import Level, Table
from glmm_bayes.spec.linear_predictor import LinearPredictor

#: Relative to the sizes of what is added up.
_DEPENDENCE = 1e-7


@dataclass(frozen=True)
class DesignState:
    """What the training rows taught the design: enough to build the same columns from new rows.

    Attributes
    ----------
    kinds : mapping of str to str
        Kind of each used column: ``number``, ``boolean`` or ``label``.
    transforms : mapping of str to mapping
        What each call learnt, by its text: centre and scale, knots, coefficients of polynomials.
    factors : mapping of str to tuple
        Levels of each categorical predictor, in the order of its contrasts.
    groups : mapping of str to tuple of tuple
        Levels of each grouping factor.
    dropped : tuple of int
        Positions, among the fixed-effect columns as they are coded, of those that ``rank="drop"`` removed.
    has_intercept : bool
        False if thresholds stand in the place of the intercept: contrasts are coded as beside one.
    slugs : mapping of str to str
        Name in the posterior of each grouping factor, by its label.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    transforms: Mapping[str, Learnt] = field(default_factory=dict)
    factors: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[GroupLevel, ...]] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    has_intercept: bool = True
    slugs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Design:
    """The model's numbers on the rows of one table.

    Stored: ``predictor``, ``state``, ``table``. Derived from them: all else.

    Attributes
    ----------
    columns : tuple of DesignColumn
    x : ndarray, shape (row, coef)
        Fixed-effect columns in the user's coding.
    offset : ndarray, shape (row,)
        Sum of the offsets, on the scale of the linear predictor.
    groups : tuple of GroupDesign
    factor_values : mapping of Part to ndarray, shape (row,)
        Numbers of each factor that the columns are products of.
    """

    predictor: LinearPredictor
    state: DesignState
    table: Table
    columns: tuple[DesignColumn, ...]
    x: NDArray[np.float64]
    offset: NDArray[np.float64]
    groups: tuple[GroupDesign, ...]
    factor_values: Mapping[Part, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the fixed-effect coefficients."""
        return tuple(column.label for column in self.columns)

    def take(self, rows: NDArray[np.int64]) -> Design:
        """Keep the given rows."""
        return replace(
            self,
            table=self.table.take(rows),
            x=self.x[rows],
            offset=self.offset[rows],
            groups=tuple(group.take(rows) for group in self.groups),
            factor_values={part: values[rows] for part, values in self.factor_values.items()},
        )

    def group(self, factor: str) -> GroupDesign:
        """Return the random effects of a grouping factor by the name the user gave it."""
        return next(group for group in self.groups if group.factor == factor)


def build_design(
    predictor: LinearPredictor,
    table: Table,
    findings: Findings,
    transforms: Mapping[str, Learnt] | None = None,
    rank: str = "error",
    dropped: tuple[int, ...] = (),
    has_intercept: bool = True,
    names: Mapping[str, str] | None = None,
) -> Design:
    """Build the design of training rows; everything wrong is collected, then raised as one error.

    Parameters
    ----------
    predictor : LinearPredictor
    table : Table
    findings : Findings
    transforms : mapping of str to dict, optional
        What was learnt from these rows before; it is taken as it is.
    rank : {"error", "drop", "keep"}
        What to do with fixed-effect columns that depend on earlier ones.
    dropped : tuple of int
        Columns that were removed before; they are taken as they are.
    has_intercept : bool
        False leaves the column of the intercept out, once the others are checked beside it.
    names : mapping of str to str, optional
        Name of each grouping factor in the posterior, by its label.

    Raises
    ------
    DataError
        ``single_level``, ``column_type``, ``non_finite``, ``constant_column``, ``rank_deficient``,
        ``offset_domain``.
    """
    kinds = {name: column.data_type for name, column in table.columns.items()}
    named = slugs(group.label for group in predictor.groups) if names is None else names
    state = DesignState(kinds, transforms or {}, dropped=dropped, slugs=named)
    design = _assemble(predictor, table, state, findings, learning=True)
    findings.raise_errors()
    removed = check_fixed(design.columns, design.x, design.table.rows, findings, rank)
    findings.raise_errors()
    if removed:
        design = _keeping(design, [i for i in range(len(design.columns)) if i not in removed])
        design = replace(design, state=replace(design.state, dropped=removed))
    if not has_intercept:
        design = _keeping(design, [i for i, column in enumerate(design.columns) if column.factors])
        design = replace(design, state=replace(design.state, has_intercept=False))
    return design


def _keeping(design: Design, kept: list[int]) -> Design:
    """Keep some of the fixed-effect columns."""
    return replace(design, columns=tuple(design.columns[i] for i in kept), x=design.x[:, kept])


def replay_design(
    design: Design,
    data: object,
    with_groups: bool | Collection[str],
    findings: Findings | None = None,
) -> Design:
    """Build the design of new rows with the state that the training rows taught.

    Parameters
    ----------
    design : Design
        Of the training rows.
    data : DataFrame or mapping of columns
        The response may be absent.
    with_groups : bool or collection of str
        Grouping factors whose levels in the rows are needed: all, none, or those named. Their columns
        must be there.
    findings : Findings, optional
        Of ``PredictionError``; where notes about the rows are collected.

    Raises
    ------
    PredictionError
        ``newdata_schema``, ``new_level``, ``missing_values``, ``non_finite``, ``column_type``,
        ``data_container``.
    """
    predictor, state = design.predictor, design.state
    findings = Findings(PredictionError) if findings is None else findings
    every = [group.factor for group in predictor.groups]
    needed = frozenset(with_groups if isinstance(with_groups, Collection) else every if with_groups else ())
    try:
        table = read_new_rows(predictor, design.table, data, needed, findings)
        new = _assemble(predictor, table, state, findings, learning=False, needed=needed)
    except DataError as error:
        raise PredictionError(error.findings) from None
    tell_declared_levels(design.table, table, findings)
    findings.raise_errors()
    if state.dropped:
        _check_dependence(design, table, findings)
        findings.raise_errors()
    # A table was made by an effect from rows that have been told of.
    if not isinstance(data, Table):
        # The caller is two verbs away: predictions, its rows, and this.
        findings.warn(stacklevel=5)
    return new


def _check_dependence(design: Design, table: Table, findings: Findings) -> None:
    """Refuse new rows that leave the dependence by which columns were dropped: nothing is known there."""
    full_state = replace(design.state, dropped=(), has_intercept=True)
    train, new = (
        _assemble(design.predictor, rows, full_state, Findings(PredictionError), learning=False, needed=()).x
        for rows in (design.table, table)
    )
    dropped = list(design.state.dropped)
    kept = [position for position in range(train.shape[1]) if position not in dropped]
    weights = np.linalg.lstsq(train[:, kept], train[:, dropped], rcond=None)[0]
    gap = np.abs(new[:, dropped] - new[:, kept] @ weights)
    size = 1.0 + np.abs(new[:, dropped]) + np.abs(new[:, kept]) @ np.abs(weights)
    bad = (gap > _DEPENDENCE * size).any(axis=1)
    if bad.any():
        rows = tuple(table.rows[bad].tolist())
        message = (
            f'{len(rows)} rows leave the dependence of the training rows by which rank="drop" removed '
            f"columns ({row_text(rows)}): the data say nothing about them."
        )
        findings.error("rank_deficient", message, rows=rows, hint="Keep the dependence in the new rows.")


def _assemble(
    predictor: LinearPredictor,
    table: Table,
    state: DesignState,
    findings: Findings,
    learning: bool,
    needed: Collection[str] | None = None,
) -> Design:
    transforms = {key: dict(value) for key, value in state.transforms.items()}
    factors = dict(state.factors)
    levels = dict(state.groups)
    terms = [*predictor.fixed, *(effect for group in predictor.groups for effect in group.effects)]
    by = [term for group in predictor.groups for term in by_terms(group)]
    only_by = {str(term) for term in by} - {str(factor) for term in terms for factor in term.factors}
    names = frozenset(name for term in by if str(term) in only_by for name in term.names())
    evaluator = Evaluator(table, transforms, factors, learning, findings, names)
    evaluated = evaluate_predictors([*terms, *by], evaluator)
    coded = code_terms(predictor.fixed, evaluated.levels)
    kept = [column for i, column in enumerate(coded) if i not in state.dropped]
    columns = tuple(column for column in kept if column.factors or state.has_intercept)
    offset = np.sum([evaluator.offset(term) for term in predictor.offsets], axis=0) + np.zeros(len(table))
    groups = []
    for term in predictor.groups:
        check_by(term, evaluated, table, findings)
        effects, blocks = group_columns(term, evaluated)
        if learning:
            levels[term.factor] = learn_members(term, table, findings)
        known = levels[term.factor]
        if needed is None or term.factor in needed:
            weights, members = membership_weights(term, evaluator), match_members(term, table, known)
        else:
            weights, members = np.ones((len(table), 1)), np.full((len(table), 1), -1, np.int64)
        z = evaluated.matrix(effects)
        groups.append(GroupDesign(term, state.slugs[term.label], effects, blocks, known, members, weights, z))
    learnt = replace(state, transforms=transforms, factors=factors, groups=levels)
    x = evaluated.matrix(columns)
    used = [*coded, *(column for group in groups for column in group.columns)]
    factor_values = {part: evaluated.part(part) for column in used for part in column.factors}
    return Design(predictor, learnt, table, columns, x, offset, tuple(groups), factor_values)
