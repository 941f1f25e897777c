"""Poisson with extra zeros."""

from __future__ import annotations

from typing import ClassVar

from glmm_bayes.families.poisson import Poisson
from glmm_bayes.families.traits import Notation
from glmm_bayes.families.zero_counts import CountsWithZeroPart
from glmm_bayes.families.zeros_and_hurdles import Component, ZeroInflated


class ZeroInflatedPoisson(ZeroInflated, CountsWithZeroPart):
    """An extra zero with probability ``zi``, else a Poisson count of mean ``mu``."""

    name: ClassVar[str] = "zero_inflated_poisson"
    notation: ClassVar[Notation] = Notation(
        "ZeroInflatedPoisson(mu[i], zi)", r"\mathrm{ZeroInflatedPoisson}(\mu_i, \mathrm{zi})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("zi",)
    rest: ClassVar[Component] = Poisson()
