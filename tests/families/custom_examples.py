"""Families of a user's functions, data for them, and fits of made-up draws."""

import numpy as np
import pandas as pd
import pymc as pm
from scipy import special

import glmm_bayes as gb

RAYLEIGH = {
    "log_density": lambda y, mu, m: m.log(y) + np.log(np.pi / 2) - 2 * m.log(mu) - np.pi / 4 * (y / mu) ** 2,
    "random": lambda rng, mu: rng.rayleigh(mu * np.sqrt(2 / np.pi)),
    "variance": lambda mu: (4 / np.pi - 1) * mu**2,
    "support": "positive",
    "links": ("log",),
}
COUNTS = {
    "log_density": lambda y, mu, m: y * m.log(mu) - mu - m.gammaln(y + 1),
    "random": lambda rng, mu: rng.poisson(mu),
    "variance": lambda mu: mu,
    "support": "count",
    "links": ("log",),
}
POWER = {
    "log_density": lambda y, mu, power, m: (
        power * m.log(power / mu) - m.gammaln(power) + (power - 1) * m.log(y) - power * y / mu
    ),
    "random": lambda rng, mu, power: rng.gamma(power) * mu / power,
    "variance": lambda mu, power: mu**2 / power,
    "support": "positive",
    "links": ("log",),
    "parameters": {"power": "positive"},
}
RNG = np.random.default_rng(3)
DATA = pd.DataFrame({"x": RNG.normal(size=40), "g": np.arange(40) % 5}).assign(
    speed=lambda f: RNG.rayleigh(np.exp(1 + 0.3 * f["x"])),
    count=lambda f: RNG.poisson(np.exp(0.5 + 0.3 * f["x"])),
    share=lambda f: special.expit(RNG.normal(size=40)),
    number=lambda f: RNG.normal(size=40),
)


def rayleigh(**changes):
    return gb.CustomFamily("rayleigh", **RAYLEIGH | changes)


def my_poisson(**changes):
    return gb.CustomFamily("my_poisson", **COUNTS | changes)


def my_gamma(**changes):
    return gb.CustomFamily("my_gamma", **POWER | changes)


def kumaraswamy():
    """Its mean is not mu, and its support the unit interval; PyTensor writes its density."""
    return gb.CustomFamily(
        "kumaraswamy",
        log_density=lambda y, mu, curve: pm.logp(pm.Kumaraswamy.dist(mu, curve), y),
        random=lambda rng, mu, curve: (1 - rng.random(mu.shape) ** (1 / curve)) ** (1 / mu),
        mean=lambda mu, curve: curve * special.beta(1 + 1 / mu, curve),
        variance=lambda mu, curve: (
            curve * special.beta(1 + 2 / mu, curve) - (curve * special.beta(1 + 1 / mu, curve)) ** 2
        ),
        support="unit",
        links=("log",),
        parameters={"curve": "positive"},
    )


def pascal():
    return gb.CustomFamily(
        "pascal",
        log_density=lambda y, mu: pm.logp(pm.NegativeBinomial.dist(mu=mu, alpha=1.0), y),
        random=lambda rng, mu: rng.geometric(1 / (1 + mu)) - 1,
        variance=lambda mu: mu + mu**2,
        support="count",
        links=("log",),
    )


def draws_of(model, seed=5):
    """Return a fit of a few made-up draws."""
    rng = np.random.default_rng(seed)
    draws = {
        "beta": rng.normal(0.5, 0.1, (2, 40, len(model.design.coefficients))),
        "sd_g": rng.uniform(0.1, 0.5, (2, 40, 1)),
        "b_g": rng.normal(0, 0.3, (2, 40, 5, 1)),
    }
    draws |= {name: rng.uniform(0.5, 2.0, (2, 40)) for name in model.priors.auxiliary}
    return gb.Fit.from_draws(model, draws)


def of_model(formula, family):
    return draws_of(gb.Model(formula, DATA, family=family))
