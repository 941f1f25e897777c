"""Linear predictors in, a Design for each out; labels join their random effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.slugs import slugs
from glmm_bayes.design.columns import DesignColumn
from glmm_bayes.design.dependence import check_fixed
from glmm_bayes.design.design import Design, DesignState, build_design
from glmm_bayes.design.table import Table
from glmm_bayes.spec.linear_predictor import INTERCEPT, MEAN, GroupTerm, LinearPredictor

#: The predictors of category-specific effects, which share one design.
SPECIFIC = "cs"


def of_threshold(number: int) -> str:
    """Name the linear predictor of the category-specific effects at a threshold, counted from 1."""
    return f"{SPECIFIC}_{number}"


def build_designs(
    predictors: Mapping[str, LinearPredictor],
    table: Table,
    findings: Findings,
    rank: str = "error",
    has_intercept: bool = True,
    known: Mapping[str, DesignState] | None = None,
) -> Mapping[str, Design]:
    """Build the design of each linear predictor on the same rows.

    Parameters
    ----------
    predictors : mapping of str to LinearPredictor
        By parameter, the mean's first.
    table : Table
        With the columns of all predictors; rows that miss one value are missing from all.
    findings : Findings
    rank : {"error", "drop", "keep"}
        As in ``build_design``.
    has_intercept : bool
        Whether the mean has an intercept; thresholds stand in its place otherwise.
    known : mapping of str to DesignState, optional
        What was learnt from these rows, and which columns were removed, before.

    Returns
    -------
    mapping of str to Design
        That of the mean under ``mu``, then those of further parameters that have a formula; that of
        category-specific effects under ``cs``.

    Raises
    ------
    DataError
        As ``build_design``; ``label`` if effects of different factors carry one label.
    """
    labelled(predictors, findings)
    findings.raise_errors()
    every = dict(predictors)
    if predictors[MEAN].specific:
        every[SPECIFIC] = LinearPredictor((INTERCEPT, *predictors[MEAN].specific))
    without_intercept = {SPECIFIC} if has_intercept else {MEAN, SPECIFIC}
    # One factor has one name in the posterior, whichever parameters depend on it.
    names = slugs(dict.fromkeys(group.label for predictor in every.values() for group in predictor.groups))
    designs = {}
    for name, predictor in every.items():
        before = (known or {}).get(name, DesignState())
        designs[name] = build_design(
            predictor,
            table,
            findings,
            before.transforms or None,
            rank,
            before.dropped,
            name not in without_intercept,
            names,
        )
    if SPECIFIC in designs and rank != "keep":
        check_specific(designs[MEAN], designs[SPECIFIC], findings)
        findings.raise_errors()
    return designs


def check_specific(mean: Design, specific: Design, findings: Findings) -> None:
    """Collect category-specific columns that depend on those of the mean: their sum is all that is known."""
    columns = (DesignColumn((), INTERCEPT), *mean.columns, *specific.columns)
    x = np.column_stack([np.ones(len(mean)), mean.x, specific.x])
    dependences = Findings(findings.error_type)
    check_fixed(columns, x, mean.table.rows, dependences, "error")
    hint = 'Remove one; or rank="keep" keeps both, told apart by their priors alone.'
    findings.collected += [replace(finding, hint=hint) for finding in dependences.collected]


def labelled(
    predictors: Mapping[str, LinearPredictor], findings: Findings
) -> dict[str, tuple[tuple[str, GroupTerm], ...]]:
    """List where each label of ``(1 |id| g)`` stands: the parameter, and its random effects.

    Effects under one label are correlated over all predictors, so that their factor must be one.
    """
    places_of: dict[str, tuple[tuple[str, GroupTerm], ...]] = {}
    for parameter, predictor in predictors.items():
        for group in predictor.groups:
            for label in dict.fromkeys(block.label for block in group.blocks if block.label):
                places_of[label] = (*places_of.get(label, ()), (parameter, group))
    for label, places in places_of.items():
        factors = dict.fromkeys(group.factor for _, group in places)
        if len({frozenset(group.columns) for _, group in places}) > 1:
            message = f"the label '{label}' stands at different grouping factors: {', '.join(factors)}."
            hint = f"Write (1 |{label}| {next(iter(factors))}) in each, or another label."
            findings.error("label", message, column=places[0][1].columns[0], hint=hint)
    return places_of
