"""Continuation ratio: an ordered response goes beyond each category with a probability of its own."""

from __future__ import annotations

from typing import ClassVar

from glmm_bayes.families.sequential import SequentialFamily
from glmm_bayes.families.traits import Notation, Thresholds


class ContinuationRatio(SequentialFamily):
    """P(y > k | y >= k) = inverse link of disc * (mu - threshold k)."""

    name: ClassVar[str] = "cratio"
    notation: ClassVar[Notation] = Notation(
        "ContinuationRatio(mu[i], thresholds, disc)",
        r"\mathrm{ContinuationRatio}(\mu_i, \tau, \mathrm{disc})",
        odds_ratio="odds ratio of going on",
    )
    thresholds: ClassVar[Thresholds | None] = Thresholds(
        (("{y} > k | {y} >= k", r"{y} > k \mid {y} \ge k"),), event_rises=True, allows_specific=True
    )
