"""Binomial with extra rows of no success."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Response
from glmm_bayes.families.binomial import Binomial
from glmm_bayes.families.traits import PROBABILITIES, PROBABILITY_LINKS, Mu, Notation, Traits, WorkingVariance
from glmm_bayes.families.zeros_and_hurdles import Component, ZeroInflated


class ZeroInflatedBinomial(ZeroInflated, Binomial):
    """No success with probability ``zi``, else a binomial number; the mean of one trial is (1 - zi) mu.

    ``variance`` is that of a single trial, like the binomial's.
    """

    name: ClassVar[str] = "zero_inflated_binomial"
    notation: ClassVar[Notation] = Notation(
        "ZeroInflatedBinomial(trials[i], mu[i], zi)",
        r"\mathrm{ZeroInflatedBinomial}(n_i, \mu_i, \mathrm{zi})",
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("zi",)
    mu: ClassVar[Mu] = Mu(PROBABILITY_LINKS, PROBABILITIES)
    working_variance: ClassVar[WorkingVariance | None] = None
    traits: ClassVar[Traits] = Traits()
    rest: ClassVar[Component] = Binomial()

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        response = Binomial._read(self, columns, findings)
        # Rows without trials say nothing of zeros.
        self.warn_without_zeros(columns, response.values[np.greater(response.trials, 0)], findings)
        return response
