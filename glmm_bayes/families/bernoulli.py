"""Bernoulli: one trial a row; which value is the success is never guessed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings, value_text
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.factors import observed_levels
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.binary import BinaryFamily
from glmm_bayes.families.probability_domains import log_of_successes
from glmm_bayes.families.reading import outside_support, refuse_trials
from glmm_bayes.families.traits import Notation, Support
from glmm_bayes.spec.expressions import quote


class Bernoulli(BinaryFamily):
    """0 or 1, with P(y = 1) = inverse link of the linear predictor."""

    name: ClassVar[str] = "bernoulli"
    notation: ClassVar[Notation] = Notation("Bernoulli(mu[i])", r"\mathrm{Bernoulli}(\mu_i)")
    support: ClassVar[Support] = Support(
        "successes", '0/1, booleans, two ordered levels; `success(y, "yes")` for words', is_discrete=True
    )

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        values, success = self._coded(columns, findings)
        label = f"P({columns.label} = {success})"
        ones = np.ones_like(values)
        return Response(columns.label, label, values, ones, additions=columns.additions, is_event=True)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return log_of_successes(y, 1.0, at["mu"], m)

    def _coded(self, columns: ResponseColumns, findings: Findings) -> tuple[Array, str]:
        column = columns.column
        if columns.success is not None:
            return self._level(columns, columns.success)
        if column.data_type == "boolean":
            return column.values.astype(np.float64), "True"
        if column.data_type == "number":
            return self._zero_one(columns, findings), "1"
        if column.ordered and len(column.levels) == 2:
            lower, higher = map(str, column.levels)
            message = f"'{columns.source}': {higher} counts as success, the higher of {lower} < {higher}."
            findings.note("response_coding", message, column=columns.source)
            return self._level(columns, higher)
        self._ask_for_success(columns, [str(level) for level in observed_levels(column)], findings)
        return np.zeros(len(column.values)), ""

    def _level(self, columns: ResponseColumns, level: str) -> tuple[Array, str]:
        hit = np.array([str(known) == level for known in columns.column.levels], dtype=bool)
        return hit[columns.column.values].astype(np.float64), level

    def _zero_one(self, columns: ResponseColumns, findings: Findings) -> Array:
        values = columns.column.values.astype(np.float64)
        bad = ~np.isin(values, (0.0, 1.0))
        distinct = np.unique(values)
        if bad.any() and len(distinct) == 2 and (distinct == np.floor(distinct)).all():
            self._ask_for_success(columns, [f"{value:.0f}" for value in distinct], findings)
        elif bad.any():
            hint = (
                'Proportions need their trials: write k | trials(n) with family="binomial".'
                if ((values >= 0) & (values <= 1)).all()
                else 'Counts are family="poisson"; numbers are family="gaussian".'
            )
            outside_support(columns, bad, self.name, "0 or 1", hint, findings)
        return values

    def _ask_for_success(self, columns: ResponseColumns, known: list[str], findings: Findings) -> None:
        name = columns.source
        if len(known) != 2:
            message = f"bernoulli needs two values: column '{name}' has {len(known)} ({value_text(known)})."
            hint = f'Write success({quote(name)}, "{known[0]}") ~ ... for one of them against the rest.'
            findings.error("response_coding", message, column=name, hint=hint if known else "")
            return
        message = f"'{name}' has the values {known[0]}, {known[1]}: which is the success?"
        hint = (
            f'Write success({quote(name)}, "{known[1]}") ~ ... or success({quote(name)}, "{known[0]}") ~ ....'
        )
        findings.error("response_coding", message, column=name, hint=hint)
