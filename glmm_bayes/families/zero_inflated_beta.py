"""Beta with exact zeros."""

from __future__ import annotations

from typing import ClassVar

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Array
from glmm_bayes.families.proportions import BETA, ProportionFamily
from glmm_bayes.families.zero_parts import Component, Hurdle


class ZeroInflatedBeta(Hurdle, ProportionFamily):
    """Zero with probability ``zi``, else a beta number of mean ``mu`` and precision ``phi``.

    A beta number is never zero, so ``zi`` is the probability of any zero.
    """

    name: ClassVar[str] = "zero_inflated_beta"
    notation: ClassVar[str] = "ZeroInflatedBeta(mu[i], phi, zi)"
    latex: ClassVar[str] = r"\mathrm{ZeroInflatedBeta}(\mu_i, \phi, \mathrm{zi})"
    mean_text: ClassVar[str] = "(1 - zi) mu"
    auxiliaries: ClassVar[tuple[str, ...]] = ("phi", "zi")
    mean_parameters: ClassVar[tuple[str, ...]] = ("mu", "zi")
    has_cdf: ClassVar[bool] = True
    takes_ones: ClassVar[bool] = False
    coding: ClassVar[str] = "numbers of at least 0 and below 1"
    zero: ClassVar[str] = "zi"
    inside: ClassVar[float] = 0.5
    rest: ClassVar[Component] = BETA

    def warn_without_ends(self, columns: ResponseColumns, y: Array, findings: Findings) -> None:
        self.warn_without_zeros(columns, y, findings)
