"""Fixed part and response in, findings out: what predicts a count or proportion completely, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.checks.recession import separated
from glmm_bayes.design.checks.subject import Subject
from glmm_bayes.spec.linear_predictor import Term

Mask = NDArray[np.bool_]

_HINT = "Merge levels, or state a prior."
# With more columns the smallest set of them that separates is not looked for.
_MOST_NAMED = 50
_CELLS_SHOWN = 3


@dataclass(frozen=True)
class Cell:
    """A level of a term, or a combination of levels, whose rows all lie at one end."""

    label: str
    end: int
    rows: Mask


def check_separation(subject: Subject, findings: Findings) -> None:
    """Find levels, then combinations of columns, that predict the response completely."""
    outcome = subject.outcome
    if not outcome.has_floor or outcome.constant_end or not subject.design.columns:
        return
    left = outcome.informative.copy()
    for term in subject.design.predictor.fixed:
        if term.factors and all(str(factor) in subject.codes for factor in term.factors):
            cells = unmixed_cells(subject, term, left)
            _report_cells(subject, term, cells, findings)
            for cell in cells:
                left &= ~cell.rows
    # A level's own coefficient takes its rows wherever another direction would move them.
    _check_columns(subject, left, findings)


def unmixed_cells(subject: Subject, term: Term, left: Mask) -> list[Cell]:
    """List the cells of a term of factors, in their order, whose remaining rows all lie at one end."""
    names = [str(factor) for factor in term.factors]
    stacked = np.stack([subject.codes[name] for name in names], axis=1)
    ends = subject.outcome.ends
    observed, cell = np.unique(stacked[left], axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    size = np.bincount(cell, minlength=len(observed))
    total = np.bincount(cell, weights=ends[left], minlength=len(observed))
    result = []
    for position in np.flatnonzero(np.abs(total) == size):
        codes = observed[position]
        label = ":".join(
            f"{name}[{subject.design.state.factors[name][code]}]"
            for name, code in zip(names, codes, strict=True)
        )
        result.append(Cell(label, int(np.sign(total[position])), left & (stacked == codes).all(axis=1)))
    return result


def _report_cells(subject: Subject, term: Term, cells: Sequence[Cell], findings: Findings) -> None:
    if not cells:
        return
    rows = tuple(subject.design.table.rows[np.any([cell.rows for cell in cells], axis=0)].tolist())
    first, *others = [f"({_count(subject, cell)})" for cell in cells[:_CELLS_SHOWN]]
    text = f"{cells[0].label} predicts '{subject.outcome.label}' completely {first}"
    for cell, count in zip(cells[1:], others, strict=False):
        text += f"; so does {cell.label} {count}"
    more = len(cells) - _CELLS_SHOWN
    text += f"; so do {more} more" if more > 0 else ""
    message = f"{text}: {_held_by(subject, [cell.label for cell in cells[:_CELLS_SHOWN]])}."
    findings.warning("separation", message, column=term.names()[0], rows=rows, hint=_HINT)


def _count(subject: Subject, cell: Cell) -> str:
    number = int(cell.rows.sum())
    return f"{number} of {number} rows are {subject.outcome.end_text(cell.end)}"


def _held_by(subject: Subject, labels: Sequence[str]) -> str:
    """Say which priors set the coefficients; a cell of reference levels has none of its own."""
    with_prior = [label for label in labels if subject.mean.coefficient(label) in subject.priors]
    if len(labels) == 1 == len(with_prior):
        return (
            f"its coefficient is set by the prior {subject.priors[subject.mean.coefficient(with_prior[0])]}"
        )
    if len(with_prior) == len(labels):
        return f"their coefficients are set by the priors {_priors(subject, with_prior)}"
    return "what sets a reference level apart is set by the priors alone"


def _priors(subject: Subject, labels: Sequence[str]) -> str:
    return ", ".join(subject.prior(subject.mean.coefficient(label)) for label in labels)


def _check_columns(subject: Subject, left: Mask, findings: Findings) -> None:
    """Find columns that together move rows to their ends; name the fewest that do."""
    design, outcome = subject.design, subject.outcome
    ends = outcome.ends
    rows = np.flatnonzero(left)
    if not len(rows):
        return
    # Rows alike in the fixed part are one row: between the ends if they lie at different ones.
    _, first, alike = np.unique(subject.distinct[1][rows], return_index=True, return_inverse=True)
    alike = alike.reshape(-1)
    total = np.bincount(alike, weights=ends[rows])
    merged = np.where(np.abs(total) == np.bincount(alike), np.sign(total), 0).astype(np.int64)
    x = design.x[rows[first]]
    hit = separated(x, merged)
    if not hit.any():
        return
    used = list(range(x.shape[1]))
    if len(used) <= _MOST_NAMED:
        for position in sorted(used, key=lambda i: (not design.columns[i].factors, -i)):
            fewer = [index for index in used if index != position]
            if fewer and separated(x[:, fewer], merged).any():
                used = fewer
        hit = separated(x[:, used], merged)
    _report_columns(subject, used, rows[hit[alike]], findings)


def _report_columns(subject: Subject, used: list[int], rows: NDArray[np.int64], findings: Findings) -> None:
    design = subject.design
    columns = [design.columns[position] for position in used if design.columns[position].factors]
    labels = [column.label for column in columns] or ["Intercept"]
    names = ", ".join(labels[:_MOST_NAMED])
    verb = "predicts" if len(labels) == 1 else "together predict"
    whose = "its coefficient is" if len(labels) == 1 else "their coefficients are"
    few = len(labels) <= _CELLS_SHOWN
    priors = (
        f"the prior{'s' if len(labels) > 1 else ''} {_priors(subject, labels)}" if few else "their priors"
    )
    message = (
        f"{names} {verb} '{subject.outcome.label}' completely in {len(rows)} of {len(design)} rows: "
        f"{whose} set by {priors}."
    )
    name = columns[0].term.names()[0] if columns else None
    where = tuple(design.table.rows[rows].tolist())
    is_numeric = not any(part.level is not None for column in columns for part in column.factors)
    hint = "State a prior, or leave a column out." if is_numeric else _HINT
    findings.warning("separation", message, column=name, rows=where, hint=hint)


def check_unmixed_levels(subject: Subject, findings: Findings) -> None:
    """Count the levels of each grouping factor whose rows all lie at one end."""
    outcome = subject.outcome
    if not outcome.has_floor or outcome.constant_end:
        return
    rows = outcome.informative
    for group in subject.design.groups:
        levels = len(group.levels)
        if group.term.is_membership or levels == len(subject.design):
            continue
        size = np.bincount(group.codes[rows], minlength=levels)
        total = np.bincount(group.codes[rows], weights=outcome.ends[rows], minlength=levels)
        low, high = (int(((total == sign * size) & (size > 0)).sum()) for sign in (-1, 1))
        if not low + high:
            continue
        ends = [(number, end) for number, end in ((low, -1), (high, 1)) if number]
        counts = " and ".join(f"{number} hold only {outcome.end_text(end)}" for number, end in ends)
        message = (
            f"'{group.factor}': of {levels} levels {counts} in '{outcome.label}'; their effects are held by "
            f"{subject.mean.sd(group.slug)}, as in any mixed model."
        )
        findings.note("separation", message, column=group.term.columns[0])
