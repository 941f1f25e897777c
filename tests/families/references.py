"""Laws of responses that SciPy lacks, written from those it has: references independent of the package."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special, stats

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


class OnTheCircle:
    """Von Mises on [-pi, pi], where SciPy's continues beyond; the mean is the location."""

    def __init__(self, p, n):
        self.mu, self.kappa = p["mu"], p["kappa"]
        self.about = stats.vonmises(self.kappa, loc=self.mu)

    def rvs(self, random_state):
        return self.about.rvs(random_state=random_state)

    def logpdf(self, y):
        return self.about.logpdf(y)

    def cdf(self, y):
        return self.about.cdf(y) - self.about.cdf(-np.pi)

    def mean(self):
        return self.mu

    def var(self):
        orders = np.arange(1, 60)
        shares = special.ive(orders, self.kappa[:, None]) / special.i0e(self.kappa[:, None])
        return np.pi**2 / 3 + 4 * (shares * (-1.0) ** orders / orders**2).sum(axis=-1)


def skew_normal(p, n):
    """Location and scale from the first two moments (Azzalini 1985)."""
    delta = p["alpha"] / np.sqrt(1 + p["alpha"] ** 2)
    omega = p["sigma"] / np.sqrt(1 - 2 * delta**2 / np.pi)
    return stats.skewnorm(p["alpha"], p["mu"] - omega * delta * np.sqrt(2 / np.pi), omega)


def weibull(p, n):
    return stats.weibull_min(p["shape"], scale=p["mu"] / special.gamma(1 + 1 / p["shape"]))
