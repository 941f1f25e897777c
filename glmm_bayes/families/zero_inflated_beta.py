"""Beta with exact zeros."""

from __future__ import annotations

from typing import ClassVar

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.maths import Array
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.proportions import BETA, ProportionFamily
from glmm_bayes.families.traits import Notation, ResponseMean, Support
from glmm_bayes.families.zeros_and_hurdles import Component, Hurdle


class ZeroInflatedBeta(Hurdle, ProportionFamily):
    """Zero with probability ``zi``, else a beta number of mean ``mu`` and precision ``phi``.

    A beta number is never zero, so ``zi`` is the probability of any zero.
    """

    name: ClassVar[str] = "zero_inflated_beta"
    notation: ClassVar[Notation] = Notation(
        "ZeroInflatedBeta(mu[i], phi, zi)", r"\mathrm{ZeroInflatedBeta}(\mu_i, \phi, \mathrm{zi})"
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "zi"), "(1 - zi) mu")
    auxiliaries: ClassVar[tuple[str, ...]] = ("phi", "zi")
    takes_ones: ClassVar[bool] = False
    support: ClassVar[Support] = Support(
        "share", "numbers of at least 0 and below 1", floor=0.0, ceiling=1.0, floor_has_mass=True
    )
    zero: ClassVar[str] = "zi"
    inside: ClassVar[float] = 0.5
    rest: ClassVar[Component] = BETA

    def warn_without_ends(self, columns: ResponseColumns, y: Array, findings: Findings) -> None:
        self.warn_without_zeros(columns, y, findings)
