"""Pairs of grouping factors in, findings out: which is nested in which, as written and as the labels say."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.checks.subject import Subject
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.table import as_labels

Integers = NDArray[np.int64]


def check_nesting(subject: Subject, findings: Findings) -> None:
    """Find out whether factors that are written as nested or crossed are so in the data."""
    groups = [group for group in subject.design.groups if not group.term.is_membership]
    for outer, inner in permutations(groups, 2):
        _tell_nested(subject, outer, inner, findings)
    rows = len(subject.design)
    for one, other in combinations(groups, 2):
        if _is_one_partition(one, other, subject):
            _tell_same(one, other, subject, findings)
        # Rows are nested in any factor: an observation-level effect is no mistake.
        elif all(len(group.term.columns) == 1 and len(group.levels) < rows for group in (one, other)):
            _tell_crossed(one, other, findings)


def _is_one_partition(one: GroupDesign, other: GroupDesign, subject: Subject) -> bool:
    """Tell whether two factors have the same groups, and effects of the same kind."""
    if one.factor == other.factor or not set(one.effects) & set(other.effects):
        return False
    if not subject.residual_like >= {one.factor, other.factor}:
        return False
    return all((counts == 1).all() for counts in partners(one.codes, other.codes))


def _tell_same(one: GroupDesign, other: GroupDesign, subject: Subject, findings: Findings) -> None:
    names = [*subject.sds(one), *subject.sds(other)]
    message = (
        f"'{one.factor}' and '{other.factor}' are the same groups under two names: "
        f"{' and '.join(names)} are told apart by their priors only."
    )
    column = other.term.columns[0]
    findings.warning("group_identifiability", message, column=column, hint="Drop one.")


def _tell_nested(subject: Subject, outer: GroupDesign, inner: GroupDesign, findings: Findings) -> None:
    """Say what (1 | a/b) became, if b has fewer labels than there are pairs."""
    pair, first = inner.term.columns, outer.term.columns
    if len(pair) != len(first) + 1 or not set(first) < set(pair):
        return
    name = next(column for column in pair if column not in first)
    labels = len(np.unique(as_labels(subject.design.table[name]).values))
    if labels == len(inner.levels) or any(g.term.columns == (name,) for g in subject.design.groups):
        return
    message = (
        f"(1 | {'/'.join([outer.factor, name])}): '{name}' has {labels} labels, {inner.factor} has "
        f"{len(inner.levels)} pairs; fitted {outer.term} + {inner.term}."
    )
    findings.note("implicit_nesting", message, column=name)


def _tell_crossed(one: GroupDesign, other: GroupDesign, findings: Findings) -> None:
    partners_of_one, partners_of_other = partners(one.codes, other.codes)
    nested_one, nested_other = (partners_of_one == 1).all(), (partners_of_other == 1).all()
    written = f"{one.term} + {other.term}"
    column = other.term.columns[0]
    if nested_one and nested_other:
        # Other effects of the same groups.
        return
    if nested_one or nested_other:
        inner, outer = (one, other) if nested_one else (other, one)
        message = (
            f"each '{inner.factor}' occurs in one '{outer.factor}' only, yet {written} is written: nested, "
            "not crossed; same model if labels are unique."
        )
        hint = f"Write (1 | {outer.factor}/{inner.factor})."
        findings.warning("implicit_nesting", message, column=inner.term.columns[0], hint=hint)
    else:
        several = int((partners_of_other > 1).sum())
        message = (
            f"{written}: {several} of {len(other.levels)} labels of '{other.factor}' occur in several "
            f"'{one.factor}': crossed."
        )
        hint = f"If such labels mean different things, write (1 | {one.factor}/{other.factor})."
        findings.note("implicit_nesting", message, column=column, hint=hint)


def partners(one: Integers, other: Integers) -> tuple[Integers, Integers]:
    """Count with how many levels of the other factor each level of a factor occurs."""
    width = int(other.max()) + 1
    pairs = np.unique(one * width + other)
    return np.bincount(pairs // width), np.bincount(pairs % width)
