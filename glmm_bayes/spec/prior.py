"""Prior: a named distribution with checked arguments; no PyMC is needed to write one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import Finding, PriorError, shown_value
from glmm_bayes.core.registry import Registry, suggestion


@dataclass(frozen=True)
class Distribution:
    """What may be written for one distribution: its arguments, and where it lives.

    Attributes
    ----------
    arguments : dict of str to float or None
        Name to default; None means that the argument must be given. Names are PyMC's.
    support : {"real", "positive", "unit", "correlation", "simplex"}
    positive : frozenset of str
        Arguments that must be above zero.
    """

    arguments: Mapping[str, float | None]
    support: str
    positive: frozenset[str]


def _distribution(support: str, positive: str, **arguments: float | None) -> Distribution:
    return Distribution(MappingProxyType(arguments), support, frozenset(positive.split()))


DISTRIBUTIONS: Registry[Distribution] = Registry(
    "distribution",
    {
        "Normal": _distribution("real", "sigma", mu=0.0, sigma=None),
        "StudentT": _distribution("real", "nu sigma", nu=None, mu=0.0, sigma=None),
        "Cauchy": _distribution("real", "beta", alpha=0.0, beta=None),
        "Laplace": _distribution("real", "b", mu=0.0, b=None),
        "Logistic": _distribution("real", "s", mu=0.0, s=None),
        "Uniform": _distribution("real", "", lower=None, upper=None),
        "HalfNormal": _distribution("positive", "sigma", sigma=None),
        "HalfStudentT": _distribution("positive", "nu sigma", nu=None, sigma=None),
        "HalfCauchy": _distribution("positive", "beta", beta=None),
        "Exponential": _distribution("positive", "scale", scale=None),
        "Gamma": _distribution("positive", "alpha beta", alpha=None, beta=None),
        "InverseGamma": _distribution("positive", "alpha beta", alpha=None, beta=None),
        "LogNormal": _distribution("positive", "sigma", mu=0.0, sigma=None),
        "Beta": _distribution("unit", "alpha beta", alpha=None, beta=None),
        "LKJ": _distribution("correlation", "eta", eta=None),
        "Dirichlet": _distribution("simplex", "alpha", alpha=None),
    },
    PriorError,
)


#: What a prior of a standard deviation may be said of.
SCALES = ("sd", "variance", "precision")


@dataclass(frozen=True)
class Prior:
    """A prior distribution, written by name: ``Prior("Normal", mu=0, sigma=2.5)``.

    Parameters
    ----------
    name : str
        One of ``Normal StudentT Cauchy Laplace Logistic Uniform HalfNormal HalfStudentT HalfCauchy
        Exponential Gamma InverseGamma LogNormal Beta LKJ Dirichlet``.
    of : {"sd", "variance", "precision"}, optional
        What the distribution is of, where the parameter is a standard deviation (``sigma``, ``sd``,
        ``sd_<factor>``, ...): itself, its square or one over its square.
    **arguments : float
        Arguments of the distribution with PyMC's names and meaning. The ``Exponential`` is written
        with its mean, ``scale``; ``alpha`` of the ``Dirichlet`` is that of every share.

    Raises
    ------
    PriorError
        If the distribution or an argument does not exist, is missing, not a finite number, or not
        positive where it must be, or if ``of`` is not known or the distribution of a variance is not
        positive. (PyMC ignores unknown arguments silently; this class does not.)

    Examples
    --------
    >>> Prior("Normal", mu=0, sigma=2.5)
    Normal(mu=0, sigma=2.5)
    >>> Prior("Gamma", alpha=0.001, beta=0.001, of="precision")
    Gamma(alpha=0.001, beta=0.001, of="precision")
    """

    name: str
    arguments: tuple[tuple[str, float], ...]
    of: str

    def __init__(self, name: str, /, *, of: str | None = None, **arguments: float) -> None:
        distribution = DISTRIBUTIONS[name]
        _check_names(name, arguments, distribution)
        given = {key: _number(name, key, value) for key, value in arguments.items()}
        values = {key: given.get(key, default) for key, default in distribution.arguments.items()}
        _check_values(name, values, distribution)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "arguments", tuple(values.items()))
        object.__setattr__(self, "of", "" if of is None else of)
        if of is not None:
            _check_scale(self)

    @property
    def support(self) -> str:
        """Where it lives: ``real``, ``positive``, ``unit`` (0 to 1), ``correlation`` or ``simplex``."""
        if self.name == "Uniform" and self["lower"] >= 0:
            return "unit" if self["upper"] <= 1 else "positive"
        return DISTRIBUTIONS[self.name].support

    def __getitem__(self, argument: str) -> float:
        return dict(self.arguments)[argument]

    def __repr__(self) -> str:
        scale = [f'of="{self.of}"'] if self.of else []
        return f"{self.name}({', '.join([*self._inner(), *scale])})"

    @property
    def law(self) -> str:
        """The distribution alone, without what it is of."""
        return f"{self.name}({', '.join(self._inner())})"

    def _inner(self) -> list[str]:
        return [f"{key}={value:.4g}" for key, value in self.arguments]


def _check_names(name: str, arguments: Mapping[str, object], distribution: Distribution) -> None:
    known = list(distribution.arguments)
    for argument in arguments:
        if argument not in distribution.arguments:
            hint = suggestion(argument, known)
            message = f"{name} has no argument '{argument}' (it has {', '.join(known)})."
            raise PriorError(Finding("prior", message, hint=hint))
    missing = [key for key, value in distribution.arguments.items() if value is None and key not in arguments]
    if missing:
        example = ", ".join(f"{key}=..." for key in known)
        message = f"{name} needs {', '.join(missing)}."
        raise PriorError(Finding("prior", message, hint=f'Write gb.Prior("{name}", {example}).'))


def _check_scale(prior: Prior) -> None:
    """Refuse a word that is no scale, and a distribution that has mass below 0 on one."""
    if not isinstance(prior.of, str) or prior.of not in SCALES:
        message = f"of must be one of {', '.join(SCALES)}, found {shown_value(prior.of)}."
        hint = 'Write gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision").'
        raise PriorError(Finding("prior", message, hint=hint))
    if prior.support not in ("positive", "unit"):
        message = f"the distribution of {_SCALE_WORDS[prior.of]} must be positive; {prior!r} is not."
        hint = 'Write gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision").'
        raise PriorError(Finding("prior", message, hint=hint))


_SCALE_WORDS = {"sd": "a standard deviation", "variance": "a variance", "precision": "a precision"}


def _number(name: str, argument: str, value: object) -> float:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_number or not abs(value) <= LARGEST:  # type: ignore[arg-type]
        is_large = is_number and abs(value) < math.inf  # type: ignore[arg-type]
        must = f"lie between -{LARGEST:g} and {LARGEST:g}" if is_large else "be a finite number"
        message = f"{name}: {argument} must {must}, found {shown_value(value)}."
        raise PriorError(Finding("prior", message, hint="Arguments of a prior are single numbers."))
    return float(value)  # type: ignore[arg-type]


def _check_values(name: str, values: Mapping[str, float | None], distribution: Distribution) -> None:
    for argument in sorted(distribution.positive):
        value = values[argument]
        if value is not None and value < 1 / LARGEST:
            least = "above 0" if value <= 0 else f"at least {1 / LARGEST:g}"
            message = f"{name}: {argument} must be {least}, found {value:g}."
            raise PriorError(Finding("prior", message))
    lower, upper = values.get("lower"), values.get("upper")
    if lower is not None and upper is not None and lower >= upper:
        message = f"Uniform: lower must be below upper, found {lower:g} and {upper:g}."
        raise PriorError(Finding("prior", message))
