"""Binomial: successes in a known number of trials."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings, row_text
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.graph.families.base import Array, Response, outside_support, require_numbers
from glmm_bayes.graph.families.binary import BinaryFamily

_SUPPORT = "whole numbers of successes of at least 0"


class Binomial(BinaryFamily):
    """Number of successes; the mean is the probability of one trial."""

    name: ClassVar[str] = "binomial"
    notation: ClassVar[str] = "Binomial(trials[i], mu[i])"
    latex: ClassVar[str] = r"\mathrm{Binomial}(n_i, \mu_i)"

    def read_response(self, columns: ResponseColumns, findings: Findings) -> Response:
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        label = f"probability of one trial of {columns.label}"
        if columns.trials is None:
            message = f"binomial needs numbers of trials beside '{columns.label}'."
            part, _, whole = columns.label.partition(" / ")
            trials = whole or "n"
            hint = f"Write {part} | trials({trials}) ~ ... or cbind(successes, failures) ~ ...."
            findings.error("trials", message, column=columns.column.name, hint=hint)
        if y is None or columns.trials is None:
            empty = np.zeros(len(columns.rows))
            return Response(columns.label, label, empty, empty)
        self._check(columns, y, columns.trials, findings)
        return Response(columns.label, label, y, columns.trials)

    def _check(self, columns: ResponseColumns, y: Array, n: Array, findings: Findings) -> None:
        name = columns.column.name
        bad = (y < 0) | (y != np.floor(y))
        if bad.any():
            fractions = ((y >= 0) & (y <= 1)).all()
            hint = "Proportions: write k | trials(n) with the number of successes k." if fractions else ""
            outside_support(columns, bad, self.name, _SUPPORT, hint, findings)
        odd = (n < 0) | (n != np.floor(n))
        if odd.any():
            rows = tuple(columns.rows[odd].tolist())
            message = f"trials must be whole numbers of at least 0 ({row_text(rows)})."
            findings.error("trials", message, column=name, rows=rows)
        over = (y > n) & ~bad & ~odd
        if over.any():
            rows = tuple(columns.rows[over].tolist())
            first = int(np.flatnonzero(over)[0])
            message = (
                f"successes exceed trials in {len(rows)} rows ({row_text(rows)}: "
                f"'{columns.label}' = {y[first]:g}, trials = {n[first]:g})."
            )
            findings.error("trials", message, column=name, rows=rows)
        if (n == 0).any():
            rows = tuple(columns.rows[n == 0].tolist())
            message = f"{len(rows)} rows have 0 trials ({row_text(rows)}): kept, they carry no information."
            findings.note("trials", message, column=name, rows=rows)

    def graph_log_density(self, value: Any, log_odds: Any, trials: Any) -> Any:
        from pymc.distributions.dist_math import binomln

        return binomln(trials, value) + super().graph_log_density(value, log_odds, trials)
