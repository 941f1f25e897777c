"""Grouping factors in, findings out: too few levels, too few rows a level, effects that do not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.checks.subject import Subject
from glmm_bayes.design.column import as_labels
from glmm_bayes.design.groups import GroupDesign

FEW_LEVELS = 5


def check_few_groups(subject: Subject, findings: Findings) -> None:
    """Find factors with so few levels that the prior decides on their standard deviation."""
    for group in subject.design.groups:
        if len(group.levels) >= FEW_LEVELS:
            continue
        first, *others = subject.sds(group)
        prior = subject.priors[subject.predictors[0].sd_of(group.slug, group.effects[0])]
        message = (
            f"'{group.factor}' has {len(group.levels)} levels: {first} rests mostly on its prior ({prior})"
        )
        so = f", and so {'do' if len(others) > 1 else 'does'} {' and '.join(others)}" if others else ""
        message += f"{so}."
        hint = f"Consider {group.factor} as a fixed effect, and see how the answer changes with the prior."
        findings.warning("few_groups", message, column=group.term.columns[0], hint=hint)


def check_rows_a_level(subject: Subject, findings: Findings) -> None:
    """Find random effects that are as many as the rows, and so compete with the residual."""
    for group in subject.design.groups:
        rows, levels, effects = len(subject.design), len(group.levels), len(group.effects)
        if levels * effects < rows or group.term.is_membership or group.factor not in subject.residual_like:
            continue
        column = group.term.columns[0]
        if effects == 1:
            what = f"{group.term}: one row a level"
        else:
            what = f"{group.term}: {levels * effects} effects for {rows} rows"
        told, is_warning = _of_single_rows(subject, group)
        report = findings.warning if is_warning else findings.note
        report("group_identifiability", f"{what}{told}", column=column)


#: Parameters of parts that have a likelihood of their own: no variation of the rows beside them.
_APART = ("hu", "zoi", "coi", "disc")


def _of_single_rows(subject: Subject, group: GroupDesign) -> tuple[str, bool]:
    """Say what the standard deviation of effects of single rows is, and whether that is a warning."""
    names = subject.sds(group)
    name = " and ".join(names)
    if subject.is_of_mean and subject.outcome.is_of_one_trial:
        known = "are known from their priors only" if len(names) > 1 else "is known from its prior only"
        return f" of one trial, so {name} {known}.", True
    if not subject.is_of_mean:
        return f", and one row says little of {name}, which rests on its prior.", True
    rivals = [one for one in subject.auxiliaries if one not in _APART]
    if rivals:
        listed = " and ".join([name, *rivals])
        if _adds_to_residual(subject, group):
            return f", so {listed} are told apart by their priors only.", True
        return f": {listed} are extra variation of single rows, and hardly told apart.", True
    if subject.outcome.has_known_errors:
        beyond = " beyond that of the other groups" if len(subject.design.groups) > 1 else ""
        return f" with a known standard error; {name} is the heterogeneity of true effects{beyond}.", False
    fixed = [one for one in subject.fixed if one not in _APART]
    if fixed:
        beyond = " and ".join(fixed)
        return f": an observation-level effect; {name} is what rows vary by beyond the fixed {beyond}.", False
    are = "are" if len(names) > 1 else "is"
    return f": an observation-level effect; {name} {are} the overdispersion.", False


def _adds_to_residual(subject: Subject, group: GroupDesign) -> bool:
    """Tell whether an effect of single rows and the residual are two normal numbers with one sum."""
    return subject.outcome.has_normal_residual and bool((np.ptp(group.z, axis=0) == 0).any())


def check_by(subject: Subject, findings: Findings) -> None:
    """Tell of ``by = f`` whose levels change within a level of the factor."""
    for group in subject.design.groups:
        for by in dict.fromkeys(block.block.by for block in group.blocks if block.block.by):
            codes = as_labels(subject.design.table[by]).values
            pairs = np.unique(np.stack([group.codes, codes], axis=1), axis=0)
            shared = int((np.bincount(pairs[:, 0], minlength=len(group.levels)) > 1).sum())
            if shared and not group.term.is_membership:
                message = (
                    f"by = {by}: {shared} levels of '{group.factor}' have rows of several levels of '{by}', "
                    "and an independent effect for each of them."
                )
                hint = f"If effects of one level belong together, write (0 + {by} | {group.factor})."
                findings.warning("by_varies", message, column=by, hint=hint)


def check_varying(subject: Subject, findings: Findings) -> None:
    """Find effects that vary over a factor but within few of its levels."""
    for group in subject.design.groups:
        if group.term.is_membership:
            continue
        count = len(group.levels)
        for term, varies in _varies_within(group).items():
            number = int(varies.sum())
            if number == count:
                continue
            message = f"({term} | {group.factor}): '{term}' varies within {number} of {count} levels only."
            is_rare = number < FEW_LEVELS or 2 * number < count
            report = findings.warning if is_rare else findings.note
            report("group_identifiability", message, column=group.term.columns[0])


def _varies_within(group: GroupDesign) -> dict[str, NDArray[np.bool_]]:
    """Tell for each effect but the intercept within which levels it takes more than one value."""
    result: dict[str, NDArray[np.bool_]] = {}
    # Each level's values stand together, so that a change within it is a change from row to row.
    order = np.argsort(group.codes, kind="stable")
    codes = group.codes[order]
    same = codes[1:] == codes[:-1]
    # The first part of such a column says whose covariance matrix it has; it does not vary within a level.
    stratified = {place for block in group.blocks if block.by is not None for place in block.positions}
    for position, column in enumerate(group.columns):
        if not column.factors or position in stratified:
            continue
        values = group.z[order, position]
        changed = codes[1:][same & (values[1:] != values[:-1])]
        varies = np.bincount(changed, minlength=len(group.levels)) > 0
        name = str(column.term)
        result[name] = result[name] | varies if name in result else varies
    return result


def check_fixed_and_random(subject: Subject, findings: Findings) -> None:
    """Find factors whose levels have fixed effects and random effects."""
    design = subject.design
    for group in design.groups:
        if "Intercept" not in group.effects or group.term.is_membership:
            continue
        for term in design.predictor.fixed:
            if not term.factors or set(term.names()) != set(group.term.columns):
                continue
            column = group.term.columns[0]
            if all(str(factor) in design.state.factors for factor in term.factors):
                message = f"'{group.factor}' is both a fixed and a random effect."
                findings.warning("group_identifiability", message, column=column, hint="Drop one.")
            elif len(term.factors) == 1 == len(group.term.columns):
                message = (
                    f"'{column}' is a number in the fixed part and the {len(group.levels)} levels of a "
                    f"factor in {group.term}."
                )
                findings.note("number_as_factor", message, column=column)
