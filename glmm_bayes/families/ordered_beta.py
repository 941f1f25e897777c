"""Ordered beta: one linear predictor for zeros, ones and the numbers between them (Kubinec 2022)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.proportions import BETA, EndsFamily
from glmm_bayes.families.traits import Notation, ResponseMean, Thresholds


class OrderedBeta(EndsFamily):
    """Zero, one or a beta number of mean ``mu`` = F(eta), by two ascending thresholds t.

    P(0) = 1 - F(eta - t1) and P(1) = F(eta - t2), with F the inverse link. The beta part holds eta in
    place, so that intercept and both thresholds are identified.

    References
    ----------
    Kubinec, R. (2022). Ordered beta regression: a parsimonious, well-fitting model for continuous data
    with lower and upper bounds. Political Analysis 31.
    """

    name: ClassVar[str] = "ordered_beta"
    notation: ClassVar[Notation] = Notation(
        "OrderedBeta(mu[i], phi, thresholds)", r"\mathrm{OrderedBeta}(\mu_i, \phi, \tau)"
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(text="P({y} = 1) + P(0 < {y} < 1) mu")
    thresholds: ClassVar[Thresholds | None] = Thresholds(
        (("{y} > 0", "{y} > 0"), ("{y} = 1", "{y} = 1")),
        event_rises=True,
        is_ordered=True,
        keeps_intercept=True,
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("phi",)

    def threshold_labels(self, response: Response) -> tuple[str, ...]:
        return ("zero|between", "between|one")

    def warn_without_ends(self, columns: ResponseColumns, y: Array, findings: Findings) -> None:
        for end, what, number in ((0.0, "zeros", "first"), (1.0, "ones", "second")):
            if len(y) and not (y == end).any():
                message = f"{self.name}: response '{columns.label}' has no {what}, "
                message += f"so the {number} threshold rests on its prior."
                findings.warning("response_support", message, column=columns.source)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        low, high = _beyond(at, m)
        between = m.where(y > 0, m.where(y < 1, y, 0.5), 0.5)
        rest = _log_between(low, high, m) + BETA.log_density(between, n, at, m)
        return m.where(y > 0, m.where(y < 1, rest, high.log), low.log_complement)

    def shares(self, at: RowValues) -> tuple[Array, Array, Array]:
        low, high = _beyond(at, NUMPY)
        return np.exp(low.log_complement), np.exp(high.log), np.exp(_log_between(low, high, NUMPY))


def _beyond(at: RowValues, m: Maths) -> tuple[RowValue, RowValue]:
    """Return the probabilities to be above the first and above the second threshold."""
    link, eta, thresholds = at["mu"].link, at["mu"].eta, at["thresholds"].value
    return RowValue(link, eta - thresholds[..., 0], m), RowValue(link, eta - thresholds[..., 1], m)


def _log_between(low: RowValue, high: RowValue, m: Maths) -> Array:
    """Return log(P_low - P_high) from the tail in which both keep their digits."""
    upper = low.log + m.log1mexp(high.log - low.log)
    lower = high.log_complement + m.log1mexp(low.log_complement - high.log_complement)
    return m.where(low.log < high.log_complement, upper, lower)
