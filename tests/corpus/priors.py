"""Priors that do not exist, do not fit, or have no density."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

import glmm_bayes as gb
from tests.corpus.case import model, table


def prior(*name: Any, **arguments: Any) -> Callable[[], Any]:
    return lambda: gb.Prior(*name, **arguments)


def under(formula: str = "y ~ x + (1 | g)", **priors: Any) -> Callable[[], Any]:
    return model(formula, priors=priors)


GOOD, POSITIVE = gb.Prior("Normal", mu=0, sigma=1), gb.Prior("HalfNormal", sigma=1)
MU = [
    10**400,
    -(10**400),
    "0",
    "zero",
    True,
    None,
    [0],
    (0,),
    {"a": 1},
    1j,
    float("nan"),
    float("inf"),
    1e308,
    np.array([0.0]),
    np.array(["0"]),
    np.bool_(True),
    b"0",
    object(),
    Fraction(10**400),
]
SIGMA = [0, -1, 1e-320, 5e-324, 1e-200, 1e308, float("inf"), "1", True, None]

CASES = table(
    "priors",
    *[("mu", prior("Normal", mu=value, sigma=1)) for value in MU],
    *[("sigma", prior("HalfNormal", sigma=value)) for value in SIGMA],
    ("nu", prior("StudentT", nu=0, sigma=1)),
    ("eta", prior("LKJ", eta=-1)),
    ("lower upper", prior("Uniform", lower=1, upper=1)),
    ("lower upper", prior("Uniform", lower=2, upper=1)),
    ("lower", prior("Uniform", lower=-1e308, upper=1e308)),
    ("sigma", prior("Normal", mu=0)),
    ("sd", prior("Normal", mu=0, sd=1)),
    ("tau", prior("Normal", mu=0, sigma=1, tau=1)),
    ("Norml", prior("Norml", mu=0, sigma=1)),
    ("distribution", prior("")),
    ("distribution", prior(3)),
    ("distribution", prior(None)),
    ("of", prior("Gamma", alpha=1, beta=1, of="var")),
    ("of", prior("Gamma", alpha=1, beta=1, of=1)),
    ("positive Normal", prior("Normal", mu=0, sigma=1, of="variance")),
    *[("priors", model("y ~ x", priors=given)) for given in (3, "Normal", [GOOD], {"beta"}, GOOD)],
    ("beta", under(beta="Normal(0, 1)")),
    ("beta", under(beta=None)),
    ("beta", under(beta=1.0)),
    ("beta", under(beta=("Normal", 0, 1))),
    ("beta", under(beta=POSITIVE.__class__)),
    ("betta", under(betta=GOOD)),
    ("beta[w]", under(**{"beta[w]": GOOD})),
    ("sd_h", under(sd_h=POSITIVE)),
    ("sd", under(sd=GOOD)),
    ("sigma", under(sigma=GOOD)),
    ("sigma", under(sigma=gb.Prior("Uniform", lower=-1, upper=1))),
    ("corr", under("y ~ x + (x | g)", corr=GOOD)),
    ("beta", under(beta=gb.Prior("LKJ", eta=1))),
    ("1", model("y ~ x", priors={1: GOOD})),
    ("beta", model("y ~ x", priors={"beta": GOOD, "beta ": GOOD})),
    ("U+001B", model("y ~ x", priors={"\x1b[2J": GOOD})),
)
