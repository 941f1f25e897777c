"""Hurdle lognormal: zeros of their own, and positive numbers with a lognormal law."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.exact_sums import exact_mean, exact_sd
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.families.amounts import HurdleAmounts
from glmm_bayes.families.base import Response
from glmm_bayes.families.lognormal import LogNormal
from glmm_bayes.families.scales import Scales
from glmm_bayes.families.traits import Mu, Notation, ResponseMean
from glmm_bayes.families.zeros_and_hurdles import Component


class HurdleLognormal(HurdleAmounts):
    """Zero with probability ``hu``, else a number whose log is normal with mean ``mu`` and sd ``sigma``."""

    name: ClassVar[str] = "hurdle_lognormal"
    notation: ClassVar[Notation] = Notation(
        "HurdleLognormal(mu[i], sigma, hu)", r"\mathrm{HurdleLognormal}(\mu_i, \sigma, \mathrm{hu})"
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(
        ("mu", "sigma", "hu"), "(1 - hu) exp(mu + sigma^2/2)"
    )
    mu: ClassVar[Mu] = Mu(("identity",))
    auxiliaries: ClassVar[tuple[str, ...]] = ("sigma", "hu")
    rest: ClassVar[Component] = LogNormal()

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        logs, spread = _logs(response, offset), self.spread(response, offset)
        return Scales(exact_mean(logs) if logs.size else 0.0, 2.5 * spread, 2.5 * spread, spread)

    def spread(self, response: Response, offset: Array) -> float:
        logs = _logs(response, offset)
        return (exact_sd(logs) if logs.size > 1 else 0.0) or 1.0

    def has_positive_mean(self, link: Link) -> bool:
        return True

    def population_mean(self, joint: Joint) -> Integral:
        if "sigma" in joint.variance:
            message = (
                f"the population mean does not exist: {self.name} with random effects on sigma has none."
            )
            hint = 'Ask for estimand="typical" or "subject".'
            raise PredictionError(Finding("estimand_undefined", message, hint=hint))
        # The mean of the positive numbers is exp(mu + sigma^2/2): a log link with another centre.
        centre = joint.at["mu"].eta + 0.5 * joint.at["sigma"].value ** 2
        at = {**joint.at, "mu": RowValue(LINKS["log"], centre)}
        return replace(joint, at=at).only("mu", "hu").product("mu", "hu", complement=True)


def _logs(response: Response, offset: Array) -> Array:
    some = response.supported > 0
    return np.asarray(np.log(response.supported[some]) - offset[some])
