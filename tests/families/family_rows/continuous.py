"""Families of continuous responses beside the gaussian; SciPy has them all, most in other parameters."""

import numpy as np
from scipy import special, stats

from tests.families.family_laws import Row


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


ANGLES = (-2.5, -0.4, 0.7, 3.0)
ROWS = {
    "student": Row(lambda p, n: stats.t(p["nu"], p["mu"], p["sigma"]), {"sigma": 1.7, "nu": 3.5}),
    "skew_normal": Row(skew_normal, {"sigma": 1.7, "alpha": -2.3}),
    "lognormal": Row(lambda p, n: stats.lognorm(p["sigma"], scale=np.exp(p["mu"])), {"sigma": 0.8}),
    "gamma": Row(lambda p, n: stats.gamma(p["shape"], scale=p["mu"] / p["shape"]), {"shape": 1.4}),
    "inverse_gaussian": Row(
        lambda p, n: stats.invgauss(p["mu"] / p["shape"], scale=p["shape"]), {"shape": 1.4}
    ),
    "exponential": Row(lambda p, n: stats.expon(scale=p["mu"])),
    "weibull": Row(weibull, {"shape": 1.4}),
    "beta": Row(lambda p, n: stats.beta(p["mu"] * p["phi"], (1 - p["mu"]) * p["phi"]), {"phi": 4.5}),
    "von_mises": Row(OnTheCircle, {"kappa": 1.6}, etas={"identity": ANGLES}),
}
