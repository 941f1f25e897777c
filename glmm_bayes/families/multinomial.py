"""Multinomial: numbers of each of several categories in a known number of trials."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.traits import Notation, Support
from glmm_bayes.families.unordered import UnorderedFamily, log_probabilities

_SUPPORT = "whole numbers of at least 0"


class Multinomial(UnorderedFamily):
    """Numbers of each category, shape (row, category); the mean is the probabilities of one trial."""

    name: ClassVar[str] = "multinomial"
    notation: ClassVar[Notation] = Notation(
        "Multinomial(trials[i], softmax(0, mu[i]))",
        r"\mathrm{Multinomial}(n_i, \operatorname{softmax}(0, \mu_i))",
    )
    support: ClassVar[Support] = Support(
        "categories",
        "`cbind(a, b, c)`, numbers of each category; the first is the reference",
        is_discrete=True,
    )

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        counts = columns.counts
        label = "P(category = k)"
        if counts is None:
            message = f"multinomial needs a column of numbers for each category beside '{columns.label}'."
            hint = 'Write cbind(a, b, c) ~ .... One category in each row is family="categorical".'
            findings.error("response_coding", message, column=columns.source, hint=hint)
            empty = np.zeros(len(columns.rows))
            return Response(
                columns.label, label, empty[:, None], empty, additions=columns.additions, is_event=True
            )
        _check(columns, counts, columns.categories, findings)
        trials = counts.sum(axis=1)
        return Response(
            columns.label, label, counts, trials, columns.categories, columns.additions, is_event=True
        )

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        constant = m.gammaln(n + 1) - m.sum(m.gammaln(y + 1))
        return constant + m.sum(y * log_probabilities(at, m))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        """Draw numbers of each category, shape (draw, row, category)."""
        return rng.multinomial(n.astype(np.int64), self.mean(at)).astype(np.float64)


def _check(columns: ResponseColumns, counts: Array, categories: tuple[str, ...], findings: Findings) -> None:
    """Collect numbers that are none, and tell of rows and categories without any."""
    bad = (counts < 0) | (counts != np.floor(counts))
    for position in np.flatnonzero(bad.any(axis=0)):
        rows = tuple(columns.rows[bad[:, position]].tolist())
        values = value_text(counts[bad[:, position], position].tolist())
        name = categories[position]
        message = f"multinomial needs {_SUPPORT}: column '{name}' has {len(rows)} values outside it "
        message += f"({row_text(rows)}: {values})."
        findings.error("response_support", message, column=name, rows=rows)
    message = f"'{columns.label}': {categories[0]} is the reference, the first category."
    findings.note("response_coding", message, column=categories[0])
    for position in np.flatnonzero(counts.sum(axis=0) == 0):
        message = f"'{categories[position]}' is 0 in all rows: its coefficients rest on their priors."
        findings.warning("degenerate_response", message, column=categories[position])
    empty = counts.sum(axis=1) == 0
    if empty.any():
        rows = tuple(columns.rows[empty].tolist())
        message = f"{len(rows)} rows have 0 trials ({row_text(rows)}): kept, they carry no information."
        findings.note("trials", message, column=columns.source, rows=rows)
