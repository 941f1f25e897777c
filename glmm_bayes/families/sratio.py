"""Stopping ratio: an ordered response stops at each category with a probability of its own."""

from __future__ import annotations

from typing import ClassVar

from glmm_bayes.families.sequential import SequentialFamily
from glmm_bayes.families.traits import Notation, Thresholds


class StoppingRatio(SequentialFamily):
    """P(y = k | y >= k) = inverse link of disc * (threshold k - mu)."""

    name: ClassVar[str] = "sratio"
    notation: ClassVar[Notation] = Notation(
        "StoppingRatio(mu[i], thresholds, disc)",
        r"\mathrm{StoppingRatio}(\mu_i, \tau, \mathrm{disc})",
        odds_ratio="odds ratio of going on",
    )
    thresholds: ClassVar[Thresholds | None] = Thresholds(
        (("{y} = k | {y} >= k", r"{y} = k \mid {y} \ge k"),), allows_specific=True
    )
