"""Categorical: one of several categories without an order."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.category_responses import read_unordered
from glmm_bayes.families.traits import Notation, Support
from glmm_bayes.families.unordered import UnorderedFamily, log_odds, log_probabilities


class Categorical(UnorderedFamily):
    """One category a row, with log P(y = k)/P(y = reference) = mu of category k."""

    name: ClassVar[str] = "categorical"
    notation: ClassVar[Notation] = Notation(
        "Categorical(softmax(0, mu[i]))", r"\mathrm{Categorical}(\operatorname{softmax}(0, \mu_i))"
    )
    support: ClassVar[Support] = Support(
        "categories", "words or categories; the first is the reference", is_discrete=True
    )

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        return read_unordered(columns, self.name, findings)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        logs = log_probabilities(at, m)
        positions = range(len(log_odds(at)) + 1)
        picked = (m.where(m.abs(y - position) < 0.5, logs[..., position], 0.0) for position in positions)
        return sum(picked, start=np.zeros(()))
