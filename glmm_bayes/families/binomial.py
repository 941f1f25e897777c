"""Binomial: successes in a known number of trials."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.design.column import EXACT
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.binary import BinaryFamily
from glmm_bayes.families.reading import outside_support, require_numbers
from glmm_bayes.families.traits import Notation, Support
from glmm_bayes.spec.expressions import Binary, Call, Expr

Mask = NDArray[np.bool_]

_SUPPORT = "whole numbers of successes of at least 0"


class Binomial(BinaryFamily):
    """Number of successes; the mean is the probability of one trial."""

    name: ClassVar[str] = "binomial"
    notation: ClassVar[Notation] = Notation("Binomial(trials[i], mu[i])", r"\mathrm{Binomial}(n_i, \mu_i)")
    support: ClassVar[Support] = Support("successes", r"`cbind(s, f)` or `s \| trials(n)`", is_discrete=True)

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        label = f"probability of one trial of {columns.label}"
        if columns.trials is None:
            message = f"{self.name} needs numbers of trials beside '{columns.label}'."
            findings.error("trials", message, column=columns.source, hint=_spelling(columns, y))
        if y is None or columns.trials is None:
            empty = np.zeros(len(columns.rows))
            return Response(columns.label, label, empty, empty)
        self._check(columns, y, columns.trials, findings)
        return Response(columns.label, label, y, columns.trials, additions=columns.additions)

    def _check(self, columns: ResponseColumns, y: Array, n: Array, findings: Findings) -> None:
        name = columns.source
        bad = (y < 0) | (y != np.floor(y))
        if bad.any():
            outside_support(columns, bad, self.name, _SUPPORT, _of_proportions(columns.label, y, n), findings)
        odd = (n < 0) | (n != np.floor(n)) | (n >= EXACT)
        over = (y > n) & ~bad & ~odd
        if columns.trials_term is not None:
            _check_trials(columns, columns.trials_term, y, n, odd, over, findings)
        if (n == 0).any():
            rows = tuple(columns.rows[n == 0].tolist())
            message = f"{len(rows)} rows have 0 trials ({row_text(rows)}): kept, they carry no information."
            findings.note("trials", message, column=name, rows=rows)


def _check_trials(
    columns: ResponseColumns, term: Expr, y: Array, n: Array, odd: Mask, over: Mask, findings: Findings
) -> None:
    """Collect trials that are no numbers of trials, and successes above them."""
    if odd.any():
        rows = tuple(columns.rows[odd].tolist())
        most = " and below 2**53" if (n >= EXACT).any() else ""
        message = f"trials({term}) must be whole numbers of at least 0{most} ({row_text(rows)}: "
        message += f"{value_text(n[odd].tolist())})."
        findings.error("trials", message, column=next(iter(term.names()), columns.source), rows=rows)
    if over.any():
        rows = tuple(columns.rows[over].tolist())
        first = int(np.flatnonzero(over)[0])
        trials = f"'{term}'" if term.names() else "trials"
        message = f"successes exceed trials in {len(rows)} rows ({row_text(rows)}: "
        message += f"'{columns.label}' = {y[first]:g}, {trials} = {n[first]:g})."
        findings.error("trials", message, column=columns.source, rows=rows)


def _spelling(columns: ResponseColumns, y: Array | None) -> str:
    """Tell how to write trials beside a response that has none."""
    label, share = columns.label, columns.expression
    if isinstance(share, Call) and share.function == "I":
        share = share.arguments[0]
    if isinstance(share, Binary) and share.operator == "/":
        return f"Write {share.left} | trials({share.right}) ~ ... or cbind(successes, failures) ~ ...."
    if y is not None and _are_proportions(y):
        return "Proportions: write k | trials(n) ~ ... with the number of successes k."
    hint = f"Write {label} | trials(n) ~ ... or cbind(successes, failures) ~ ...."
    single = y is not None and len(y) > 0 and bool(np.isin(y, (0.0, 1.0)).all())
    return f'One trial in each row is family="bernoulli". {hint}' if single else hint


def _are_proportions(y: Array) -> bool:
    return bool(((y >= 0) & (y <= 1)).all() and (y != np.floor(y)).any())


def _of_proportions(label: str, y: Array, n: Array) -> str:
    """Tell whether proportions can be numbers of successes divided by the trials."""
    if not _are_proportions(y):
        return ""
    n_whole = int(np.isclose(y * n, np.round(y * n), rtol=0, atol=1e-6).sum())
    if n_whole == len(y):
        return f"Proportions: '{label}' times its trials is whole in all rows; write that number instead."
    return (
        f"Proportions: '{label}' times its trials is whole in {n_whole} of {len(y)} rows only, so these are "
        "not its trials; write k | trials(n) with the number of successes k."
    )
