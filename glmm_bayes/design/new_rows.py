"""New rows in, a Table of what the training rows had out: columns matched by name, levels by label."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from glmm_bayes.core.errors import DataError, Findings, PredictionError, row_text, value_text
from glmm_bayes.design.column import no_numbers
from glmm_bayes.design.groups import by_terms
from glmm_bayes.design.table import Column, Frame, Table, as_frame, as_labels, read_table
from glmm_bayes.spec.linear_predictor import LinearPredictor


def read_new_rows(
    predictor: LinearPredictor,
    trained: Table,
    data: object,
    needed: Collection[str],
    findings: Findings,
) -> Table:
    """Read the columns of new rows that a design is made of; everything wrong is raised as one error.

    Parameters
    ----------
    predictor : LinearPredictor
    trained : Table
        The training rows.
    data : DataFrame, mapping, ... or Table
    needed : collection of str
        Grouping factors whose columns must be there.
    findings : Findings
    """
    names = _needed_names(predictor, needed)
    if isinstance(data, Table):
        table = data
    else:
        frame = _new_frame(data)
        for name in names:
            if not frame.positions(name):
                findings.error("newdata_schema", f"new data: column '{name}' missing.", column=name)
        findings.raise_errors()
        table = read_table(frame, names, findings)
    _check_kinds(trained, table, names, predictor, findings)
    findings.raise_errors()
    return _labelled(trained, table, names)


def _new_frame(data: object) -> Frame:
    try:
        return as_frame(data)
    except DataError as error:
        told = [replace(finding, message=f"newdata: {finding.message}") for finding in error.findings]
        raise PredictionError(told) from None


def _needed_names(predictor: LinearPredictor, needed: Collection[str]) -> list[str]:
    by_term = [term.names() for term in predictor.fixed] + [offset.names() for offset in predictor.offsets]
    for group in predictor.groups:
        by_term += [term.names() for term in (*group.effects, *by_terms(group))]
        if group.factor in needed:
            by_term += [group.columns, *(weight.names() for weight in group.weights)]
    return list(dict.fromkeys(name for term_names in by_term for name in term_names))


def _labelled(trained: Table, table: Table, names: list[str]) -> Table:
    """Read numbers as labels where the training column held labels: 7 and "7" are one level."""
    wanted = [
        name for name in names if trained[name].data_type == "label" and table[name].data_type == "number"
    ]
    return table.with_columns({name: as_labels(table[name]) for name in wanted})


def _check_kinds(
    trained: Table, table: Table, names: list[str], predictor: LinearPredictor, findings: Findings
) -> None:
    grouping = {name for group in predictor.groups for name in group.columns}
    for name in names:
        before, new = trained[name], table[name]
        is_label = before.data_type == "label" and new.data_type == "number"
        if before.data_type != new.data_type and not is_label and name not in grouping:
            where = no_numbers(new, table.rows) if before.data_type == "number" else ()
            told = f" ({row_text(where)})" if where else ""
            message = f"new data: '{name}': trained as {before.data_type}, got {new.data_type}{told}."
            hint = "Convert it to what it was."
            findings.error("newdata_schema", message, column=name, rows=where, hint=hint)
        elif before.declared and new.declared and _in_other_order(before, new):
            message = f"levels of '{name}' in another order: matched by label, not by position."
            findings.note("newdata_schema", message, column=name)


def _in_other_order(before: Column, new: Column) -> bool:
    position = {str(level): rank for rank, level in enumerate(before.levels)}
    ranks = [position[str(level)] for level in new.levels if str(level) in position]
    return ranks != sorted(ranks)


def tell_declared_levels(trained: Table, table: Table, findings: Findings) -> None:
    """Say of unseen levels which of them were declared on the training rows, but never observed."""
    for position, finding in enumerate(findings.collected):
        if finding.code != "new_level" or finding.column is None or finding.column not in table.columns:
            continue
        before, new = trained[finding.column], as_labels(table[finding.column])
        if not before.declared:
            continue
        observed = {str(before.levels[code]) for code in np.unique(before.values)}
        declared = set(map(str, before.levels)) - observed
        new_levels = [str(new.levels[code]) for code in np.unique(new.values)]
        unused = [level for level in new_levels if level in declared]
        if unused:
            message = (
                f"{finding.message} {value_text(unused)}: declared but never observed, "
                "no effect could be learnt."
            )
            findings.collected[position] = replace(finding, message=message)
