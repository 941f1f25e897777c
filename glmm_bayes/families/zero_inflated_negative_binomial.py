"""Negative binomial with extra zeros."""

from __future__ import annotations

from typing import ClassVar

from glmm_bayes.families.negative_binomial import NegativeBinomial
from glmm_bayes.families.traits import Notation
from glmm_bayes.families.zero_counts import CountsWithZeroPart
from glmm_bayes.families.zeros_and_hurdles import Component, ZeroInflated


class ZeroInflatedNegativeBinomial(ZeroInflated, CountsWithZeroPart):
    """An extra zero with probability ``zi``, else a negative binomial count (NB2) of mean ``mu``."""

    name: ClassVar[str] = "zero_inflated_negative_binomial"
    notation: ClassVar[Notation] = Notation(
        "ZeroInflatedNegativeBinomial(mu[i], shape, zi)",
        r"\mathrm{ZeroInflatedNegativeBinomial}(\mu_i, \mathrm{shape}, \mathrm{zi})",
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape", "zi")
    rest: ClassVar[Component] = NegativeBinomial()
