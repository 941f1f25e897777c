"""Beta-binomial: successes in trials whose probability varies between rows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.log_gammas import log_beta_binomial
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.families.beta import Beta
from glmm_bayes.families.binomial import Binomial
from glmm_bayes.families.probability_domains import has_ends, refuse_outside, where_probability
from glmm_bayes.families.traits import Notation, Traits


class BetaBinomial(Binomial):
    """Number of successes, with a probability drawn anew in each row from a beta law of mean ``mu``.

    The variance of y in n trials is n mu (1 - mu) (1 + (n - 1)/(1 + phi)): two trials of one row have
    correlation 1/(1 + phi), and a single trial has the variance of a Bernoulli, which is what
    ``variance`` returns.
    """

    name: ClassVar[str] = "beta_binomial"
    notation: ClassVar[Notation] = Notation(
        "BetaBinomial(trials[i], mu[i], phi)", r"\mathrm{BetaBinomial}(n_i, \mu_i, \phi)"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("phi",)
    traits: ClassVar[Traits] = Traits()

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        mu, phi = at["mu"], at["phi"]

        def density(inside: RowValue) -> Array:
            return log_beta_binomial(y, n, inside.log, inside.log_complement, phi.value, phi.log, m)

        return where_probability(mu, density, m)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        if has_ends(at["mu"].link):
            refuse_outside(at["mu"])
        return np.asarray(rng.binomial(n.astype(np.int64), Beta().random(rng, n, at)), np.float64)
