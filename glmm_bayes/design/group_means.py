"""A number and its groups in, the mean of each row's group out: learnt on the training rows.

New rows of a group that was there have the mean that was learnt, whatever their own numbers; of a group that
was not, the mean of the new rows as they were given, before any value was set in them.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, value_text
from glmm_bayes.design.factors import observed_levels
from glmm_bayes.design.splines import Learnt, numbers
from glmm_bayes.design.table import Level, Table, as_labels
from glmm_bayes.spec.expressions import Call, Name

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


def group_means(
    call: Call,
    compute: Callable[[Table], Values],
    table: Table,
    transforms: MutableMapping[str, Learnt],
    factors: MutableMapping[str, tuple[Level, ...]],
    learning: bool,
    findings: Findings,
) -> Values:
    """Return the mean of a number over each row's group, shape (row,).

    Parameters
    ----------
    call : Call
        ``ave``, ``between`` or ``within``: the number, then the columns that make the groups.
    compute : callable
        Evaluates the number on a table.
    table : Table
    transforms, factors : mapping
        Where means and levels are kept, or read on new rows.
    learning : bool
    findings : Findings
        Where new groups are noted.

    References
    ----------
    Neuhaus and Kalbfleisch (1998), Between- and within-cluster covariate effects in the analysis of clustered
    data.
    """
    key, groups = str(replace(call, function="ave")), call.arguments[1:]
    names = [group.name for group in groups if isinstance(group, Name)]
    levels_of = {name: f"{key}, levels of {name}" for name in names}
    if learning:
        for name in names:
            factors[levels_of[name]] = observed_levels(as_labels(table[name], table.rows))
    known = [factors[levels_of[name]] for name in names]
    cells = _cells(table, names, known)
    if learning:
        means = _means(cells, compute(table))
        transforms[key] = {"cells": list(map(float, means)), "means": list(means.values())}
    stored = transforms[key]
    learnt = dict(zip(numbers(stored, "cells").tolist(), numbers(stored, "means").tolist(), strict=True))
    distinct, where = np.unique(cells, return_inverse=True)
    row_means = np.array([learnt.get(cell, np.nan) for cell in distinct.tolist()], np.float64)[where]
    is_new = np.isnan(row_means)
    if is_new.any():
        row_means[is_new] = _of_new(call, compute, table, names, is_new, findings)
    return row_means


def _cells(table: Table, names: list[str], known: list[tuple[Level, ...]]) -> Codes:
    """Number the combination of known levels of each row; -1 where one of them is new."""
    cells, is_new = np.zeros(len(table), np.int64), np.zeros(len(table), bool)
    for name, levels in zip(names, known, strict=True):
        column = as_labels(table[name], table.rows)
        position = {str(level): code for code, level in enumerate(levels)}
        lookup = np.array([position.get(str(level), -1) for level in column.levels], dtype=np.int64)
        codes = lookup[column.values]
        is_new |= codes < 0
        cells = cells * len(levels) + codes
    return np.where(is_new, -1, cells)


def _means(cells: Codes, values: Values) -> dict[int, float]:
    distinct, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    sums = np.bincount(where, weights=values)
    return dict(zip(distinct.tolist(), (sums / counts).tolist(), strict=True))


def _of_new(
    call: Call,
    compute: Callable[[Table], Values],
    table: Table,
    names: list[str],
    is_new: NDArray[np.bool_],
    findings: Findings,
) -> Values:
    """Return the means over the rows as they were given, for the rows of new groups; say whose they are."""
    everyone = list(zip(*(_labels(table.given, name) for name in names), strict=True))
    code = {group: position for position, group in enumerate(dict.fromkeys(everyone))}
    means = _means(np.array([code[group] for group in everyone], np.int64), compute(table.given))
    rows = table.take(is_new)
    wanted = list(zip(*(_labels(rows, name) for name in names), strict=True))
    number, factor = call.arguments[0], ":".join(names)
    lost = np.array([group not in code for group in wanted], dtype=bool)
    if lost.any():
        where = tuple(rows.rows[lost].tolist())
        unknown = value_text(dict.fromkeys(":".join(g) for g in wanted if g not in code))
        message = f"{call}: {factor} {unknown} is in neither the data nor the new rows, and has no mean."
        hint = "Choose groups that are there."
        findings.error("new_level", message, column=names[0], rows=where, hint=hint)
        return np.zeros(len(wanted))
    listed = value_text(":".join(group) for group in dict.fromkeys(wanted))
    message = f"{call}: the data had no {factor} {listed}; its mean of {number} is that of the new rows."
    findings.note("group_means", message, column=names[0])
    return np.array([means[code[group]] for group in wanted], np.float64)


def _labels(table: Table, name: str) -> list[str]:
    column = as_labels(table[name], table.rows)
    levels = np.array(list(map(str, column.levels)), dtype=object)
    return list(levels[column.values])
