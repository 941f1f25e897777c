"""Generalized Poisson (Consul and Jain 1973): counts with a longer tail than the negative binomial's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.log_gammas import log_poisson
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.counts import CountFamily, poisson_draws
from glmm_bayes.families.traits import POISSON_VARIANCE, Notation, WorkingVariance


class GeneralizedPoisson(CountFamily):
    """Counts with variance mu (1 + 1/shape)^2; shape goes to infinity for the Poisson.

    With lambda = 1/(1 + shape) and theta = mu (1 - lambda) the probability of y is
    theta (theta + lambda y)^(y - 1) exp(-theta - lambda y) / y!. Only overdispersion is in the family:
    below the Poisson's variance these numbers do not add up to one.

    References
    ----------
    Consul, P. C. & Jain, G. C. (1973). A generalization of the Poisson distribution. Technometrics 15.
    """

    name: ClassVar[str] = "generalized_poisson"
    notation: ClassVar[Notation] = Notation(
        "GeneralizedPoisson(mu[i], shape)", r"\mathrm{GeneralizedPoisson}(\mu_i, \mathrm{shape})"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)
    working_variance: ClassVar[WorkingVariance | None] = POISSON_VARIANCE

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        # log(1 - lambda) and log lambda.
        log_theta = at["mu"].log - m.softplus(-at["shape"].log)
        theta, spill = m.exp(log_theta), m.exp(-m.softplus(at["shape"].log))
        # A Poisson probability at theta + lambda y, less what is not a power of y in it.
        mean = theta + spill * m.maximum(y, 1.0)
        log_mean = m.log(mean)
        return m.where(y > 0, log_poisson(y, mean, log_mean, m) + log_theta - log_mean, -theta)

    def variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value * (1.0 + 1.0 / at["shape"].value) ** 2)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        # All descendants of a Poisson number of ancestors, each with a Poisson number of children.
        spill = np.broadcast_to(1.0 / (1.0 + at["shape"].value), np.shape(at["mu"].value))
        generation = poisson_draws(rng, at["mu"].value * (1.0 - spill))
        total = generation
        while generation.any():
            generation = poisson_draws(rng, spill * generation)
            total = total + generation
        return total
