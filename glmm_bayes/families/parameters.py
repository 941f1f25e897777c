"""Parameters of distributions beside the mean: where each lives, its link and its default prior.

One place for each fact about ``sigma nu shape phi kappa alpha zi hu zoi coi disc``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class Law:
    """The prior of a parameter: a distribution of the parameter, or of a function of it.

    Attributes
    ----------
    prior : Prior
        Of the number that is sampled.
    transform : str
        What takes that number to the parameter: a name in ``TRANSFORMS``; empty for the parameter itself.
    """

    prior: Prior
    transform: str = ""

    @property
    def text(self) -> str:
        """The distribution as a person reads it: of ``function``, or of the parameter."""
        return TRANSFORMS[self.transform].law.format(prior=self.prior.law)

    @property
    def function(self) -> str:
        """The function of the parameter, ``{name}``, that has the distribution; empty: the parameter."""
        return TRANSFORMS[self.transform].function

    def value(self, sampled: Array, m: Maths = NUMPY) -> Array:
        """Return the parameter at what is sampled."""
        return TRANSFORMS[self.transform].value(sampled, m)


def law_of(prior: Prior) -> Law:
    """Return the law that a user's prior is: of a standard deviation's square, or of one over it."""
    return Law(prior, "" if prior.of in ("", "sd") else prior.of)


@dataclass(frozen=True)
class Transform:
    """How a parameter follows from what is sampled, and how a person writes it.

    Attributes
    ----------
    value : callable
        Takes what is sampled to the parameter.
    function : str
        What is sampled as a function of the parameter, ``{name}``, where the distribution is stated of that.
    law : str
        How the distribution is written, with ``{prior}`` for that of what is sampled.
    """

    value: Callable[[Array, Maths], Array]
    function: str = ""
    law: str = "{prior}"


TRANSFORMS = {
    "": Transform(lambda x, m: x),
    "above_two": Transform(lambda x, m: 2.0 + x, law="2 + {prior}"),
    "inverse_root": Transform(lambda x, m: 1.0 / (x * x), "1/sqrt({name})"),
    "share": Transform(lambda x, m: 1.0 / (x * x) - 1.0, "1/sqrt(1 + {name})"),
    "variance": Transform(lambda x, m: m.sqrt(x), "{name}^2"),
    "precision": Transform(lambda x, m: 1.0 / m.sqrt(x), "1/{name}^2"),
    "logit": Transform(lambda x, m: m.expit(x), "logit({name})"),
}


@dataclass(frozen=True)
class ParameterKind:
    """What is known of a parameter, whatever the family.

    Attributes
    ----------
    name : str
    link : str
        Link of its linear predictor, where it has a formula.
    support : {"real", "positive", "unit"}
    law : callable
        Takes the spread of the response to the default prior of one value for all rows.
    centre : callable
        Takes the spread to the median of that prior, on the scale of the link.
    sd, effect, group_sd : float
        Scales of default priors of its linear predictor: intercept at the average row, effect of a full
        swing, standard deviation between groups.
    short : str
        What it is.
    detail : str
        What its number says; empty where ``short`` says it.
    is_sd : bool
        Whether it is a standard deviation of the response, which is squared.
    """

    name: str
    link: str
    support: str
    law: Callable[[float], Law]
    centre: Callable[[float], float]
    short: str
    sd: float = 1.0
    effect: float = 1.0
    group_sd: float = 0.5
    detail: str = ""
    is_sd: bool = False

    @property
    def meaning(self) -> str:
        """What the parameter is, with what its number says."""
        return f"{self.short}: {self.detail}" if self.detail else self.short


def _fixed(law: Law) -> Callable[[float], Law]:
    return lambda spread: law


def _probability(name: str, meaning: str) -> ParameterKind:
    law = Law(Prior("Normal", mu=0.0, sigma=1.5), "logit")
    return ParameterKind(name, "logit", "unit", _fixed(law), lambda spread: 0.0, meaning, 1.5, 1.5, 1.0)


def _inverse_root(scale: float) -> Law:
    return Law(Prior("HalfNormal", sigma=scale), "inverse_root")


_LOG_INVERSE_ROOT = float(-2.0 * np.log(0.6744897501960817))

_ALL = (
    ParameterKind(
        "sigma",
        "log",
        "positive",
        lambda spread: Law(Prior("Exponential", scale=spread)),
        lambda spread: float(np.log(spread * np.log(2.0))),
        "standard deviation of the residuals",
        is_sd=True,
    ),
    ParameterKind(
        "nu",
        "log",
        "positive",
        _fixed(Law(Prior("Gamma", alpha=2.0, beta=0.1), "above_two")),
        lambda spread: float(np.log(18.78)),
        "degrees of freedom",
    ),
    ParameterKind(
        "shape",
        "log",
        "positive",
        lambda spread: _inverse_root(float(spread**-0.5)),
        lambda spread: _LOG_INVERSE_ROOT + float(np.log(spread)),
        "shape",
        detail="1/sqrt(shape) is the extra coefficient of variation",
    ),
    ParameterKind(
        "phi",
        "log",
        "positive",
        _fixed(Law(Prior("Uniform", lower=0.0, upper=1.0), "share")),
        lambda spread: float(np.log(3.0)),
        "precision",
        detail="1/sqrt(1 + phi) is the sd as a share of its maximum",
    ),
    ParameterKind(
        "kappa", "log", "positive", _fixed(_inverse_root(1.0)), lambda spread: _LOG_INVERSE_ROOT,
        "concentration of the angles",
    ),
    ParameterKind(
        "alpha",
        "identity",
        "real",
        _fixed(Law(Prior("Normal", mu=0.0, sigma=4.0))),
        lambda spread: 0.0,
        "skewness parameter",
        2.0,
        2.0,
        1.0,
    ),
    _probability("zi", "probability of an extra zero"),
    _probability("hu", "probability of a zero"),
    _probability("zoi", "probability of a zero or a one"),
    _probability("coi", "probability of a one among zeros and ones"),
    ParameterKind(
        "disc",
        "log",
        "positive",
        _fixed(Law(Prior("LogNormal", mu=0.0, sigma=1.0))),
        lambda spread: 0.0,
        "discrimination",
        detail="one over the sd of the latent variable",
    ),
)  # fmt: skip

#: By name.
PARAMETERS = {parameter.name: parameter for parameter in _ALL}


def own_kind(name: str, support: str, family: str) -> ParameterKind:
    """Return what is known of a parameter that a user's family alone has: where it lives."""
    meaning = f"{name} of {family}"
    if support == "unit":
        return _probability(name, meaning)
    if support == "real":
        law = Law(Prior("Normal", mu=0.0, sigma=2.5))
        return ParameterKind(
            name, "identity", "real", _fixed(law), lambda spread: 0.0, meaning, 2.5, 2.5, 1.0
        )
    law = _inverse_root(1.0)
    return ParameterKind(name, "log", "positive", _fixed(law), lambda spread: _LOG_INVERSE_ROOT, meaning)
