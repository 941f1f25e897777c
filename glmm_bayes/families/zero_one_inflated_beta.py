"""Beta with exact zeros and ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.proportions import BETA, EndsFamily
from glmm_bayes.families.traits import Notation, ResponseMean


class ZeroOneInflatedBeta(EndsFamily):
    """Zero or one with probability ``zoi``, else a beta number of mean ``mu`` and precision ``phi``.

    Among zeros and ones a one has probability ``coi``. The mean of the response is zoi coi + (1 - zoi) mu.
    """

    name: ClassVar[str] = "zero_one_inflated_beta"
    notation: ClassVar[Notation] = Notation(
        "ZeroOneInflatedBeta(mu[i], phi, zoi, coi)",
        r"\mathrm{ZeroOneInflatedBeta}(\mu_i, \phi, \mathrm{zoi}, \mathrm{coi})",
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "zoi", "coi"), "zoi coi + (1 - zoi) mu")
    auxiliaries: ClassVar[tuple[str, ...]] = ("phi", "zoi", "coi")

    def warn_without_ends(self, columns: ResponseColumns, y: Array, findings: Findings) -> None:
        if len(y) and not np.isin(y, (0.0, 1.0)).any():
            message = f"{self.name}: response '{columns.label}' has no zeros and no ones, "
            message += "so zoi and coi rest on their priors."
            findings.warning("response_support", message, column=columns.source)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        zoi, coi = at["zoi"], at["coi"]
        between = m.where(y > 0, m.where(y < 1, y, 0.5), 0.5)
        rest = zoi.log_complement + BETA.log_density(between, n, at, m)
        ends = zoi.log + m.where(y > 0, coi.log, coi.log_complement)
        return m.where(y > 0, m.where(y < 1, rest, ends), ends)

    def shares(self, at: RowValues) -> tuple[Array, Array, Array]:
        zoi, coi = at["zoi"], at["coi"]
        return zoi.value * np.exp(coi.log_complement), zoi.value * coi.value, np.exp(zoi.log_complement)

    def population_mean(self, joint: Joint) -> Integral:
        ones = joint.only("zoi", "coi").product("zoi", "coi", complement=False)
        between = joint.only("mu", "zoi").product("mu", "zoi", complement=True)
        rule = ones.rule if ones.rule == between.rule else f"{ones.rule}; {between.rule}"
        return Integral(ones.value + between.value, rule, ones.error + between.error)
