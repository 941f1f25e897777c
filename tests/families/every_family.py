"""A small model of every family, and its parameters at a point of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from tests.plain_mode import PLAIN

ROWS = 48
RNG = np.random.default_rng(77)
LEVELS = ["low", "mid", "high", "top"]
DATA = pd.DataFrame(
    {
        "x": RNG.normal(1.0, 1.3, ROWS),
        "f": np.resize(list("uvw"), ROWS),
        "g": np.repeat(range(8), 6),
        "n": RNG.integers(3, 12, ROWS),
        "count": np.resize([0, 1, 3, 0, 2, 7, 1, 4], ROWS),
        "bit": np.resize([0, 1, 1], ROWS),
        "real": RNG.normal(2.0, 1.5, ROWS),
        "amount": RNG.gamma(2.0, 1.0, ROWS),
        "share": RNG.beta(2.0, 3.0, ROWS),
        "angle": RNG.vonmises(0.4, 2.0, ROWS),
        "kind": np.resize(["a b", "a_b", "c"], ROWS),
        "score": pd.Categorical(np.resize(LEVELS, ROWS), LEVELS, ordered=True),
        "m1": RNG.integers(0, 5, ROWS),
        "m2": RNG.integers(0, 5, ROWS),
        "m3": RNG.integers(1, 5, ROWS),
    }
).assign(
    part=lambda d: np.minimum(d["count"], d["n"]),
    amount0=lambda d: np.where(np.arange(ROWS) % 4 == 0, 0.0, d["amount"]),
    share0=lambda d: np.where(np.arange(ROWS) % 4 == 0, 0.0, d["share"]),
    share01=lambda d: np.where(np.arange(ROWS) % 5 == 0, 1.0, d["share0"]),
)
_BY_SUPPORT = {
    "real": "gaussian student skew_normal",
    "amount": "lognormal gamma inverse_gaussian exponential weibull",
    "share": "beta",
    "angle": "von_mises",
    "bit": "bernoulli",
    "part | trials(n)": "binomial beta_binomial zero_inflated_binomial",
    "count": "poisson negative_binomial negative_binomial_1 geometric generalized_poisson "
    "zero_inflated_poisson zero_inflated_negative_binomial hurdle_poisson hurdle_negative_binomial",
    "amount0": "hurdle_gamma hurdle_lognormal",
    "share0": "zero_inflated_beta",
    "share01": "zero_one_inflated_beta ordered_beta",
    "score": "cumulative sratio cratio acat",
    "kind": "categorical",
    "cbind(m1, m2, m3)": "multinomial",
}
#: Response of each family.
RESPONSES = {family: response for response, names in _BY_SUPPORT.items() for family in names.split()}
#: Further parameters of each family, those with a default value too.
FURTHER = {family: (*FAMILIES[family].auxiliaries, *FAMILIES[family].defaults) for family in FAMILIES}


def model_of(
    family: str, link: str | None = None, right: str = "x + f + (1 + x | g)", **further: Any
) -> gb.Model:
    text = f"{RESPONSES[family]} ~ {right}"
    return gb.Model(gb.Formula(text, **further) if further else text, DATA, family=family, link=link)


def at_a_point(model: gb.Model, seed: int = 1, size: float = 0.3) -> tuple[dict[str, Any], np.ndarray, bool]:
    """Return the posterior at a random point, row densities, and whether gradients are finite."""
    graph = model.pymc_model
    names = list(model.definition.posterior)
    values = graph.value_vars
    outputs = graph.replace_rvs_by_values([graph[name] for name in names])
    (density,) = graph.logp(vars=[graph["y"]], sum=False)
    gradients = pt.concatenate([g.ravel() for g in pytensor.grad(graph.logp(), values)])
    compiled = pytensor.function(values, [*outputs, density, gradients], mode=PLAIN, on_unused_input="ignore")
    start = graph.initial_point()
    rng = np.random.default_rng(seed)
    moved = [start[value.name] + size * rng.normal(size=np.shape(start[value.name])) for value in values]
    *found, density, gradients = compiled(*moved)
    draws = {name: np.asarray(value)[None, None] for name, value in zip(names, found, strict=True)}
    return draws, np.asarray(density), bool(np.isfinite(gradients).all())
