"""A ModelSpec of several linear predictors in, a Design for each out; labels join their random effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.design import Design, build_design
from glmm_bayes.design.table import Table
from glmm_bayes.spec.model_spec import GroupTerm, LinearPredictor, ModelSpec

#: The predictor of the mean, among those of further parameters.
MEAN = "mu"


def build_designs(
    spec: ModelSpec, table: Table, findings: Findings, rank: str = "error"
) -> Mapping[str, Design]:
    """Build the design of each linear predictor on the same rows.

    Parameters
    ----------
    spec : ModelSpec
    table : Table
        With the columns of all predictors; rows that miss one value are missing from all.
    findings : Findings
    rank : {"error", "drop", "keep"}
        As in ``build_design``.

    Returns
    -------
    mapping of str to Design
        That of the mean under ``mu``, then those of further parameters that have a formula.

    Raises
    ------
    DataError
        As ``build_design``; ``label`` if effects of different factors carry one label.
    """
    shared_labels(spec, findings)
    findings.raise_errors()
    designs = {MEAN: build_design(replace(spec, further={}), table, findings, rank=rank)}
    for name, predictor in spec.further.items():
        if isinstance(predictor, LinearPredictor):
            own = replace(
                spec, fixed=predictor.fixed, groups=predictor.groups, offsets=predictor.offsets, further={}
            )
            designs[name] = build_design(own, table, findings, rank=rank)
    return designs


def shared_labels(spec: ModelSpec, findings: Findings) -> dict[str, tuple[tuple[str, GroupTerm], ...]]:
    """List where each label of ``(1 |id| g)`` stands: the parameter, and its random effects.

    Effects under one label are correlated over all predictors, so that their factor must be one.
    """
    predictors = {MEAN: spec.predictor} | {
        name: value for name, value in spec.further.items() if isinstance(value, LinearPredictor)
    }
    found: dict[str, tuple[tuple[str, GroupTerm], ...]] = {}
    for parameter, predictor in predictors.items():
        for group in predictor.groups:
            for label in dict.fromkeys(block.label for block in group.blocks if block.label):
                found[label] = (*found.get(label, ()), (parameter, group))
    for label, places in found.items():
        factors = dict.fromkeys(group.factor for _, group in places)
        if len({frozenset(group.columns) for _, group in places}) > 1:
            message = f"the label '{label}' stands at different grouping factors: {', '.join(factors)}."
            hint = f"Write (1 |{label}| {next(iter(factors))}) in each, or another label."
            findings.error("label", message, column=places[0][1].columns[0], hint=hint)
    return found
