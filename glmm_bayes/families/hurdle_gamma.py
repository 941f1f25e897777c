"""Hurdle gamma: zeros of their own, and positive numbers with a gamma law."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.families.amounts import HurdleAmounts
from glmm_bayes.families.base import Response
from glmm_bayes.families.gamma import Gamma
from glmm_bayes.families.scales import Scales, positive_scales
from glmm_bayes.families.traits import POSITIVE, Mu, Notation, ResponseMean
from glmm_bayes.families.zeros_and_hurdles import Component


class HurdleGamma(HurdleAmounts):
    """Zero with probability ``hu``, else a gamma number of mean ``mu`` and variance mu^2/shape."""

    name: ClassVar[str] = "hurdle_gamma"
    notation: ClassVar[Notation] = Notation(
        "HurdleGamma(mu[i], shape, hu)", r"\mathrm{HurdleGamma}(\mu_i, \mathrm{shape}, \mathrm{hu})"
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "hu"), "(1 - hu) mu")
    mu: ClassVar[Mu] = Mu(("log", "identity", "inverse", "softplus"), POSITIVE)
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape", "hu")
    rest: ClassVar[Component] = Gamma()

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        some = response.supported > 0
        if not some.any():
            return positive_scales(link, 1.0)
        total = float(response.supported[some].sum())
        if link.name == "log":
            return Scales(float(np.log(total) - logsumexp(offset[some])), 2.5, 1.5, 1.5)
        return positive_scales(link, total / int(some.sum()))
