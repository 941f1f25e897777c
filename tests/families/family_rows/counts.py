"""Overdispersed counts, and mixtures with zeros and ones, written from SciPy's laws."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special, stats

from tests.families.family_laws import OF_PROBABILITIES, Row

COUNTS = np.arange(6000.0)[:, None]


class Masses:
    """Counts with a given probability mass; the moments are sums, the draws use the inverse."""

    def __init__(self, logpmf, shape):
        self.logpmf, self.shape = logpmf, shape

    @cached_property
    def masses(self):
        return np.exp(self.logpmf(np.reshape(COUNTS, (-1,) + (1,) * len(self.shape))))

    def mean(self):
        return np.tensordot(COUNTS[:, 0], self.masses, 1)

    def var(self):
        return np.tensordot(COUNTS[:, 0] ** 2, self.masses, 1) - self.mean() ** 2

    def rvs(self, random_state):
        return (self.masses.cumsum(axis=0) < random_state.random(self.shape)).sum(axis=0)


@dataclass
class ZeroTruncated:
    """A SciPy law of counts, given that the count is above 0."""

    plain: Any

    def logpmf(self, y):
        return np.where(y > 0, self.plain.logpmf(y) - np.log(self.plain.sf(0)), -np.inf)

    def cdf(self, y):
        return np.where(y > 0, (self.plain.cdf(y) - self.plain.cdf(0)) / self.plain.sf(0), 0.0)

    def sf(self, y):
        return np.where(y > 0, self.plain.sf(y) / self.plain.sf(0), 1.0)

    def mean(self):
        return (COUNTS * np.exp(self.logpmf(COUNTS))).sum(axis=0)

    def var(self):
        return (COUNTS**2 * np.exp(self.logpmf(COUNTS))).sum(axis=0) - self.mean() ** 2

    def rvs(self, random_state):
        draws = self.plain.rvs(random_state=random_state)
        while (draws == 0).any():
            draws = np.where(draws == 0, self.plain.rvs(random_state=random_state), draws)
        return draws


@dataclass
class ExtraZeros:
    """A zero with probability ``zero``, else a count of another law (which may be zero, too)."""

    zero: Any
    rest: Any

    def logpmf(self, y):
        return np.log(self.zero * (y == 0) + (1 - self.zero) * np.exp(self.rest.logpmf(y)))

    def cdf(self, y):
        return self.zero + (1 - self.zero) * self.rest.cdf(y)

    def sf(self, y):
        return (1 - self.zero) * self.rest.sf(y)

    def mean(self):
        return (1 - self.zero) * self.rest.mean()

    def var(self):
        return (1 - self.zero) * (self.rest.var() + self.rest.mean() ** 2) - self.mean() ** 2

    def rvs(self, random_state):
        rest = self.rest.rvs(random_state=random_state)
        return np.where(random_state.random(rest.shape) < self.zero, 0, rest)


@dataclass
class Ends:
    """Point masses at some numbers, else a continuous law; the density is that of the mixture."""

    atoms: dict[float, Any]
    inside: Any

    @property
    def share(self):
        return 1.0 - sum(self.atoms.values())

    def logpdf(self, y):
        density = np.log(self.share) + self.inside.logpdf(np.where(np.isin(y, list(self.atoms)), 0.5, y))
        for atom, probability in self.atoms.items():
            density = np.where(y == atom, np.log(probability), density)
        return density

    def cdf(self, y):
        return self.share * self.inside.cdf(y) + sum(p * (y >= atom) for atom, p in self.atoms.items())

    def sf(self, y):
        return self.share * self.inside.sf(y) + sum(p * (y < atom) for atom, p in self.atoms.items())

    def mean(self):
        return self.share * self.inside.mean() + sum(p * atom for atom, p in self.atoms.items())

    def var(self):
        squares = self.share * (self.inside.var() + self.inside.mean() ** 2)
        return squares + sum(p * atom**2 for atom, p in self.atoms.items()) - self.mean() ** 2

    def rvs(self, random_state):
        draws = self.inside.rvs(random_state=random_state)
        left = random_state.random(draws.shape)
        for atom, probability in self.atoms.items():
            draws = np.where((left >= 0) & (left < probability), atom, draws)
            left = left - probability
        return draws


def nb2(p):
    return stats.nbinom(p["shape"], p["shape"] / (p["shape"] + p["mu"]))


def beta(p):
    return stats.beta(p["mu"] * p["phi"], (1 - p["mu"]) * p["phi"])


def generalized_poisson(p):
    """Return the law as Consul and Jain (1973) write it."""
    spill = 1 / (1 + p["shape"])
    theta = p["mu"] * (1 - spill)

    def logpmf(y):
        return (
            special.xlogy(y - 1, theta + spill * y)
            + np.log(theta)
            - theta
            - spill * y
            - special.gammaln(y + 1)
        )

    return Masses(logpmf, p["mu"].shape)


ROWS = {
    "negative_binomial_1": Row(
        lambda p, n: stats.nbinom(p["mu"] * p["shape"], p["shape"] / (1 + p["shape"])), {"shape": 0.8}
    ),
    "geometric": Row(lambda p, n: stats.geom(1 / (1 + p["mu"]), loc=-1)),
    "generalized_poisson": Row(lambda p, n: generalized_poisson(p), {"shape": 1.6}),
    "beta_binomial": Row(
        lambda p, n: stats.betabinom(n.astype(int), p["mu"] * p["phi"], (1 - p["mu"]) * p["phi"]),
        {"phi": 3.5},
        has_trials=True,
        etas=OF_PROBABILITIES,
    ),
    "zero_inflated_poisson": Row(lambda p, n: ExtraZeros(p["zi"], stats.poisson(p["mu"])), {"zi": 0.3}),
    "zero_inflated_negative_binomial": Row(
        lambda p, n: ExtraZeros(p["zi"], nb2(p)), {"shape": 1.4, "zi": 0.3}
    ),
    "zero_inflated_binomial": Row(
        lambda p, n: ExtraZeros(p["zi"], stats.binom(n.astype(int), p["mu"])), {"zi": 0.3}, has_trials=True
    ),
    "zero_inflated_beta": Row(lambda p, n: Ends({0.0: p["zi"]}, beta(p)), {"phi": 4.2, "zi": 0.3}),
    "hurdle_poisson": Row(
        lambda p, n: ExtraZeros(p["hu"], ZeroTruncated(stats.poisson(p["mu"]))), {"hu": 0.3}
    ),
    "hurdle_negative_binomial": Row(
        lambda p, n: ExtraZeros(p["hu"], ZeroTruncated(nb2(p))), {"shape": 1.4, "hu": 0.3}
    ),
    "hurdle_gamma": Row(
        lambda p, n: Ends({0.0: p["hu"]}, stats.gamma(p["shape"], scale=p["mu"] / p["shape"])),
        {"shape": 2.3, "hu": 0.3},
    ),
    "hurdle_lognormal": Row(
        lambda p, n: Ends({0.0: p["hu"]}, stats.lognorm(p["sigma"], scale=np.exp(p["mu"]))),
        {"sigma": 0.7, "hu": 0.3},
    ),
    "zero_one_inflated_beta": Row(
        lambda p, n: Ends({0.0: p["zoi"] * (1 - p["coi"]), 1.0: p["zoi"] * p["coi"]}, beta(p)),
        {"phi": 4.2, "zoi": 0.3, "coi": 0.6},
    ),
}
