"""One row a family: its response, values of its parameters, an independent law; tests of families read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from tests.families.references import (
    Ends,
    ExtraZeros,
    OnTheCircle,
    ZeroTruncated,
    beta,
    generalized_poisson,
    nb2,
    skew_normal,
    weibull,
)

ROWS, LEVELS = 80, 8


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=ROWS).round(2)
    eta = 0.3 + 0.5 * x + np.repeat(0.6 * rng.normal(size=LEVELS), ROWS // LEVELS)
    p = 1 / (1 + np.exp(-eta))
    n = rng.integers(4, 10, ROWS)
    positive = np.exp(eta + 0.4 * rng.normal(size=ROWS)).round(3)
    count, part = rng.poisson(np.exp(eta)), np.clip(rng.beta(4 * p, 4 * (1 - p)), 0.01, 0.99).round(3)
    latent = eta + rng.logistic(size=ROWS)
    zero, one = rng.random(ROWS) < 0.25, rng.random(ROWS) < 0.1
    three = rng.multinomial(n, [0.2, 0.5, 0.3])
    return pd.DataFrame(
        {
            "x": x,
            "z": np.tile(["a", "b"], ROWS // 2),
            "f": np.resize(list("uvw"), ROWS),
            "steps": np.resize([1, 2, 3, 4, 2], ROWS),
            "g": np.repeat(list("ABCDEFGH"), ROWS // LEVELS),
            "y": (10 + eta + rng.normal(size=ROWS)).round(2),
            "positive": positive,
            "amount": np.where(zero, 0, positive),
            "count": count,
            "zeros": np.where(zero, 0, count),
            "part": part,
            "part0": np.where(zero, 0, part),
            "part01": np.where(one, 1, np.where(zero, 0, part)),
            "angle": ((eta + 0.5 * rng.normal(size=ROWS) + np.pi) % (2 * np.pi) - np.pi).round(3),
            "bit": (rng.random(ROWS) < p).astype(int),
            "n": n,
            "k": rng.binomial(n, p),
            "score": pd.Categorical.from_codes(
                np.digitize(latent, [-0.8, 0.6, 1.8]), ["low", "mild", "strong", "severe"], ordered=True
            ),
            "choice": np.array(["bus", "car", "train"])[np.digitize(latent, [-0.5, 1])],
            "na": three[:, 0],
            "nb": three[:, 1],
            "nc": three[:, 2],
            "se": rng.uniform(0.2, 0.5, ROWS).round(2),
            "w": rng.integers(1, 4, ROWS),
            "c": np.where(rng.random(ROWS) < 0.2, "right", "none"),
        }
    )


DATA = _data()
#: Three rows of each group, where eighty cost too much; every level, category, zero and one is among them.
FEW = DATA[np.arange(ROWS) % 10 > 6].reset_index(drop=True)

Values = Mapping[str, Any]
TRIALS = np.array([3.0, 7.0, 12.0, 1.0])
INFINITE = np.inf
POSITIVE, SHARE = (0.0, INFINITE), (0.0, 1.0)


@dataclass(frozen=True)
class Example:
    """A family's response, parameters and reference.

    Attributes
    ----------
    response : str
        Left side of a formula, in columns of ``DATA``.
    ends : tuple of float
        Between which its means lie; of categories, their probabilities.
    frozen : callable, optional
        Takes the parameters' values (``mu`` first) and trials, all broadcast to one shape, to an object
        with ``rvs(random_state=)``, ``mean()``, ``var()``, ``cdf(y)``, ``sf(y)`` and ``logpdf`` or
        ``logpmf``; a SciPy frozen distribution is one. Families of categories have tests of their own.
    parameters : mapping of str to float
        A value of each parameter beside ``mu``.
    has_trials : bool
    etas : mapping of str to tuple
        Linear predictors of ``mu`` by link, where those of ``default_etas`` do not fit.
    """

    response: str
    ends: tuple[float, float]
    frozen: Callable[[Values, Any], Any] | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    has_trials: bool = False
    etas: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def trials(self) -> np.ndarray:
        return TRIALS if self.has_trials else np.ones(4)


ANGLES = (-2.5, -0.4, 0.7, 3.0)
#: Linear predictors of probabilities under links that end them.
OF_PROBABILITIES = {
    "log": (-1.9, -0.9, -0.4, -0.05),
    "identity": (0.1, 0.35, 0.6, 0.9),
    "logc": (-1.9, -0.9, -0.4, -0.05),
}
EXAMPLES = {
    "gaussian": Example(
        "y", (-INFINITE, INFINITE), lambda p, n: stats.norm(p["mu"], p["sigma"]), {"sigma": 1.7}
    ),
    "student": Example(
        "y",
        (-INFINITE, INFINITE),
        lambda p, n: stats.t(p["nu"], p["mu"], p["sigma"]),
        {"sigma": 1.7, "nu": 3.5},
    ),
    "skew_normal": Example("y", (-INFINITE, INFINITE), skew_normal, {"sigma": 1.7, "alpha": -2.3}),
    "lognormal": Example(
        "positive", POSITIVE, lambda p, n: stats.lognorm(p["sigma"], scale=np.exp(p["mu"])), {"sigma": 0.8}
    ),
    "gamma": Example(
        "positive", POSITIVE, lambda p, n: stats.gamma(p["shape"], scale=p["mu"] / p["shape"]), {"shape": 1.4}
    ),
    "inverse_gaussian": Example(
        "positive",
        POSITIVE,
        lambda p, n: stats.invgauss(p["mu"] / p["shape"], scale=p["shape"]),
        {"shape": 1.4},
    ),
    "exponential": Example("positive", POSITIVE, lambda p, n: stats.expon(scale=p["mu"])),
    "weibull": Example("positive", POSITIVE, weibull, {"shape": 1.4}),
    "beta": Example(
        "part", SHARE, lambda p, n: stats.beta(p["mu"] * p["phi"], (1 - p["mu"]) * p["phi"]), {"phi": 4.5}
    ),
    "von_mises": Example("angle", (-np.pi, np.pi), OnTheCircle, {"kappa": 1.6}, etas={"identity": ANGLES}),
    "bernoulli": Example("bit", SHARE, lambda p, n: stats.bernoulli(p["mu"]), etas=OF_PROBABILITIES),
    "binomial": Example(
        "k | trials(n)",
        SHARE,
        lambda p, n: stats.binom(n.astype(int), p["mu"]),
        has_trials=True,
        etas=OF_PROBABILITIES,
    ),
    "poisson": Example("count", POSITIVE, lambda p, n: stats.poisson(p["mu"])),
    "negative_binomial": Example(
        "count",
        POSITIVE,
        lambda p, n: stats.nbinom(p["shape"], p["shape"] / (p["shape"] + p["mu"])),
        {"shape": 1.4},
    ),
    "cumulative": Example("score", SHARE),
    "sratio": Example("score", SHARE),
    "cratio": Example("score", SHARE),
    "acat": Example("score", SHARE),
    "categorical": Example("choice", SHARE),
    "multinomial": Example("cbind(na, nb, nc)", SHARE),
    "negative_binomial_1": Example(
        "count",
        POSITIVE,
        lambda p, n: stats.nbinom(p["mu"] * p["shape"], p["shape"] / (1 + p["shape"])),
        {"shape": 0.8},
    ),
    "geometric": Example("count", POSITIVE, lambda p, n: stats.geom(1 / (1 + p["mu"]), loc=-1)),
    "generalized_poisson": Example("count", POSITIVE, lambda p, n: generalized_poisson(p), {"shape": 1.6}),
    "beta_binomial": Example(
        "k | trials(n)",
        SHARE,
        lambda p, n: stats.betabinom(n.astype(int), p["mu"] * p["phi"], (1 - p["mu"]) * p["phi"]),
        {"phi": 3.5},
        has_trials=True,
        etas=OF_PROBABILITIES,
    ),
    "zero_inflated_poisson": Example(
        "zeros", POSITIVE, lambda p, n: ExtraZeros(p["zi"], stats.poisson(p["mu"])), {"zi": 0.3}
    ),
    "zero_inflated_negative_binomial": Example(
        "zeros", POSITIVE, lambda p, n: ExtraZeros(p["zi"], nb2(p)), {"shape": 1.4, "zi": 0.3}
    ),
    "zero_inflated_binomial": Example(
        "k | trials(n)",
        SHARE,
        lambda p, n: ExtraZeros(p["zi"], stats.binom(n.astype(int), p["mu"])),
        {"zi": 0.3},
        has_trials=True,
    ),
    "zero_inflated_beta": Example(
        "part0", SHARE, lambda p, n: Ends({0.0: p["zi"]}, beta(p)), {"phi": 4.2, "zi": 0.3}
    ),
    "hurdle_poisson": Example(
        "zeros",
        POSITIVE,
        lambda p, n: ExtraZeros(p["hu"], ZeroTruncated(stats.poisson(p["mu"]))),
        {"hu": 0.3},
    ),
    "hurdle_negative_binomial": Example(
        "zeros", POSITIVE, lambda p, n: ExtraZeros(p["hu"], ZeroTruncated(nb2(p))), {"shape": 1.4, "hu": 0.3}
    ),
    "hurdle_gamma": Example(
        "amount",
        POSITIVE,
        lambda p, n: Ends({0.0: p["hu"]}, stats.gamma(p["shape"], scale=p["mu"] / p["shape"])),
        {"shape": 2.3, "hu": 0.3},
    ),
    "hurdle_lognormal": Example(
        "amount",
        POSITIVE,
        lambda p, n: Ends({0.0: p["hu"]}, stats.lognorm(p["sigma"], scale=np.exp(p["mu"]))),
        {"sigma": 0.7, "hu": 0.3},
    ),
    "zero_one_inflated_beta": Example(
        "part01",
        SHARE,
        lambda p, n: Ends({0.0: p["zoi"] * (1 - p["coi"]), 1.0: p["zoi"] * p["coi"]}, beta(p)),
        {"phi": 4.2, "zoi": 0.3, "coi": 0.6},
    ),
    "ordered_beta": Example("part01", SHARE),
}
RESPONSES = {family: example.response for family, example in EXAMPLES.items()}
#: Examples with a reference.
REFERENCES = {family: example for family, example in EXAMPLES.items() if example.frozen}
