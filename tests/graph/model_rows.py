"""One small table of data with a response for every family, and a model of each."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES

ROWS = 24
_RNG = np.random.default_rng(20)
_UNIT = _RNG.beta(2, 3, ROWS)
_PARTS = _RNG.multinomial(9, [0.5, 0.2, 0.3], ROWS)

DATA = pd.DataFrame(
    {
        "x": _RNG.normal(size=ROWS),
        "t": np.resize(["a", "b", "b", "a"], ROWS),
        "g": np.repeat([f"g{k}" for k in range(6)], ROWS // 6),
        "real": _RNG.normal(2.0, 1.0, ROWS),
        "amount": _RNG.gamma(2.0, 1.0, ROWS),
        "unit": _UNIT,
        "angle": _RNG.vonmises(0.5, 2.0, ROWS),
        "bit": np.resize([0, 1, 1, 0, 1], ROWS),
        "count": np.resize([0, 2, 1, 4, 0, 3, 1], ROWS),
        "n": np.resize([9, 5, 12], ROWS),
        "part": np.resize([0, 2, 4, 5, 3, 0, 1], ROWS),
        "rating": np.resize([1, 2, 3, 4, 2, 3], ROWS),
        "colour": np.resize(["blue", "green", "red", "green"], ROWS),
        "first": _PARTS[:, 0],
        "second": _PARTS[:, 1],
        "third": _PARTS[:, 2],
        "some": np.where(np.arange(ROWS) % 4 == 0, 0.0, _RNG.gamma(2.0, 1.0, ROWS)),
        "low": np.where(np.arange(ROWS) % 5 == 0, 0.0, _UNIT),
        "ends": np.select([np.arange(ROWS) % 5 == 0, np.arange(ROWS) % 7 == 1], [0.0, 1.0], _UNIT),
    }
)

#: Where the response of each family stands, and the ends of its range.
INFINITE = np.inf
RESPONSES = {
    "gaussian": ("real", -INFINITE, INFINITE),
    "student": ("real", -INFINITE, INFINITE),
    "skew_normal": ("real", -INFINITE, INFINITE),
    "lognormal": ("amount", 0.0, INFINITE),
    "gamma": ("amount", 0.0, INFINITE),
    "inverse_gaussian": ("amount", 0.0, INFINITE),
    "exponential": ("amount", 0.0, INFINITE),
    "weibull": ("amount", 0.0, INFINITE),
    "beta": ("unit", 0.0, 1.0),
    "von_mises": ("angle", -np.pi, np.pi),
    "bernoulli": ("bit", 0.0, 1.0),
    "binomial": ("part | trials(n)", 0.0, 1.0),
    "poisson": ("count", 0.0, INFINITE),
    "negative_binomial": ("count", 0.0, INFINITE),
    "cumulative": ("rating", 0.0, 1.0),
    "sratio": ("rating", 0.0, 1.0),
    "cratio": ("rating", 0.0, 1.0),
    "acat": ("rating", 0.0, 1.0),
    "categorical": ("colour", 0.0, 1.0),
    "multinomial": ("cbind(first, second, third)", 0.0, 1.0),
    "negative_binomial_1": ("count", 0.0, INFINITE),
    "geometric": ("count", 0.0, INFINITE),
    "generalized_poisson": ("count", 0.0, INFINITE),
    "beta_binomial": ("part | trials(n)", 0.0, 1.0),
    "zero_inflated_poisson": ("count", 0.0, INFINITE),
    "zero_inflated_negative_binomial": ("count", 0.0, INFINITE),
    "zero_inflated_binomial": ("part | trials(n)", 0.0, 1.0),
    "zero_inflated_beta": ("low", 0.0, 1.0),
    "hurdle_poisson": ("count", 0.0, INFINITE),
    "hurdle_negative_binomial": ("count", 0.0, INFINITE),
    "hurdle_gamma": ("some", 0.0, INFINITE),
    "hurdle_lognormal": ("some", 0.0, INFINITE),
    "zero_one_inflated_beta": ("ends", 0.0, 1.0),
    "ordered_beta": ("ends", 0.0, 1.0),
}
#: A formula's cbind() takes two columns so far, and a multinomial response more.
USABLE = [family for family in FAMILIES if family != "multinomial"]
EVERY = [(family, link) for family in USABLE for link in FAMILIES[family].links]


@cache
def model_of(family, link=None, right="x + (1 | g)", **further):
    """Return a model of the family's response; ``further`` are formulas of its other parameters."""
    written = f"{RESPONSES[family][0]} ~ {right}"
    formula = gb.Formula(written, **further) if further else written
    return gb.Model(formula, DATA, family=family, link=link)


def draws_of(model, shape=(2, 10), seed=3, spread=0.3, sd=1.0):
    """Return moderate draws of every variable of a model; ``sd`` scales the random effects."""
    rng = np.random.default_rng(seed)
    shapes = model.definition.posterior.shapes
    result = {name: _draw(name, (*shape, *own), rng, spread, sd) for name, own in shapes.items()}
    if model.link.name in ("inverse", "inverse_squared", "identity") and "rating" not in model.response.label:
        result["beta"][..., 0] = rng.uniform(2.0, 3.0, shape)
        result["beta"][..., 1:] *= 0.1
    return result


def _draw(name, size, rng, spread, sd):
    last = name.rsplit("_", 1)[0]
    if "corr_" in name:
        rho = np.zeros(size) + np.eye(size[-1])
        off = 0.4 * (1 - np.eye(size[-1]))
        return rho + off
    if "sd_" in name:
        return sd * rng.uniform(0.3, 0.7, size)
    if name.startswith("b_") or "_b_" in name:
        return sd * rng.normal(0, 0.4, size)
    if name == "thresholds":
        return np.sort(rng.normal(0, 1, size), axis=-1)
    if name in ("zi", "hu", "zoi", "coi"):
        return rng.uniform(0.2, 0.6, size)
    if name == "nu":
        return rng.uniform(4.0, 12.0, size)
    if name in ("sigma", "shape", "phi", "kappa", "disc", "alpha"):
        return rng.uniform(0.7, 2.0, size)
    assert "beta" in name or last, name
    return rng.normal(0.3, spread, size)
