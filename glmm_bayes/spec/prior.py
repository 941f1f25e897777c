"""Prior: a named distribution with checked arguments; no PyMC is needed to write one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from glmm_bayes.core.arguments import LARGEST, is_number
from glmm_bayes.core.errors import Finding, PriorError, shown_value
from glmm_bayes.core.registry import Registry, suggestion

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Parametrization:
    """One way to write a distribution.

    Attributes
    ----------
    arguments : dict of str to float or None
        Name to default; None means that the argument must be given. Names are PyMC's.
    positive : frozenset of str
        Arguments that must be above zero.
    convert : callable
        Takes these arguments to those in which the distribution is kept.
    """

    arguments: Mapping[str, float | None]
    positive: frozenset[str]
    convert: Callable[[Numbers], dict[str, float]] = dict

    def takes(self, names: Iterable[str]) -> bool:
        """Tell whether these are its arguments, all that must be given among them."""
        given = set(names)
        needed = {name for name, default in self.arguments.items() if default is None}
        return needed <= given <= set(self.arguments)


@dataclass(frozen=True)
class Distribution:
    """What may be written for one distribution, and where it lives.

    Attributes
    ----------
    ways : tuple of Parametrization
        The first is the one in which it is kept.
    support : {"real", "positive", "unit", "correlation", "simplex"}
    """

    ways: tuple[Parametrization, ...]
    support: str

    @property
    def arguments(self) -> Mapping[str, float | None]:
        """Arguments in which it is kept, with their defaults."""
        return self.ways[0].arguments


def _way(
    positive: str, convert: Callable[[Numbers], dict[str, float]] = dict, /, **arguments: float | None
) -> Parametrization:
    return Parametrization(MappingProxyType(arguments), frozenset(positive.split()), convert)


def _distribution(support: str, *ways: Parametrization) -> Distribution:
    return Distribution(ways, support)


def _of_precision(name: str) -> Callable[[Numbers], dict[str, float]]:
    """Take a precision to its sigma; other arguments stay."""

    def convert(given: Numbers) -> dict[str, float]:
        return {key: value for key, value in given.items() if key != name} | {"sigma": given[name] ** -0.5}

    return convert


def _gamma_of_moments(given: Numbers) -> dict[str, float]:
    mu, sigma = given["mu"], given["sigma"]
    return {"alpha": (mu / sigma) ** 2, "beta": mu / sigma**2}


def _inverse_gamma_of_moments(given: Numbers) -> dict[str, float]:
    mu, sigma = given["mu"], given["sigma"]
    alpha = 2 + (mu / sigma) ** 2
    return {"alpha": alpha, "beta": mu * (alpha - 1)}


def _beta_of_moments(given: Numbers) -> dict[str, float]:
    mu, sigma = given["mu"], given["sigma"]
    if mu < 1 and not sigma**2 < mu * (1 - mu):
        most = math.sqrt(mu * (1 - mu))
        message = f"Beta: sigma must be below sqrt(mu (1 - mu)) = {most:.4g}, found {sigma:g}."
        raise PriorError(Finding("prior", message))
    return _beta_of_size({"mu": mu, "nu": mu * (1 - mu) / sigma**2 - 1})


def _beta_of_size(given: Numbers) -> dict[str, float]:
    if not given["mu"] < 1:
        raise PriorError(Finding("prior", f"Beta: mu must be below 1, found {given['mu']:g}."))
    return {"alpha": given["mu"] * given["nu"], "beta": (1 - given["mu"]) * given["nu"]}


_LOCATED = (
    _way("sigma", mu=0.0, sigma=None),
    _way("tau", _of_precision("tau"), mu=0.0, tau=None),
)
_SHAPES = _way("alpha beta", alpha=None, beta=None)
DISTRIBUTIONS: Registry[Distribution] = Registry(
    "distribution",
    {
        "Normal": _distribution("real", *_LOCATED),
        "StudentT": _distribution(
            "real",
            _way("nu sigma", nu=None, mu=0.0, sigma=None),
            _way("nu lam", _of_precision("lam"), nu=None, mu=0.0, lam=None),
        ),
        "Cauchy": _distribution("real", _way("beta", alpha=0.0, beta=None)),
        "Laplace": _distribution("real", _way("b", mu=0.0, b=None)),
        "Logistic": _distribution("real", _way("s", mu=0.0, s=None)),
        "Uniform": _distribution("real", _way("", lower=None, upper=None)),
        "HalfNormal": _distribution(
            "positive", _way("sigma", sigma=None), _way("tau", _of_precision("tau"), tau=None)
        ),
        "HalfStudentT": _distribution(
            "positive",
            _way("nu sigma", nu=None, sigma=None),
            _way("nu lam", _of_precision("lam"), nu=None, lam=None),
        ),
        "HalfCauchy": _distribution("positive", _way("beta", beta=None)),
        "Exponential": _distribution(
            "positive",
            _way("scale", scale=None),
            _way("lam", lambda given: {"scale": 1 / given["lam"]}, lam=None),
        ),
        "Gamma": _distribution("positive", _SHAPES, _way("mu sigma", _gamma_of_moments, mu=None, sigma=None)),
        "InverseGamma": _distribution(
            "positive", _SHAPES, _way("mu sigma", _inverse_gamma_of_moments, mu=None, sigma=None)
        ),
        "LogNormal": _distribution("positive", *_LOCATED),
        "Beta": _distribution(
            "unit",
            _SHAPES,
            _way("mu sigma", _beta_of_moments, mu=None, sigma=None),
            _way("mu nu", _beta_of_size, mu=None, nu=None),
        ),
        "LKJ": _distribution("correlation", _way("eta", eta=None)),
        "Dirichlet": _distribution(
            "simplex",
            _way("alpha", alpha=None),
            _way("a", lambda given: {"alpha": given["a"]}, a=None),
        ),
    },
    PriorError,
    aliases={"LKJCorr": "LKJ", "LKJCholeskyCov": "LKJ", "student_t": "StudentT", "gaussian": "Normal"},
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
    *given : object
        None: arguments of a distribution are named, and others are refused.
    of : {"sd", "variance", "precision"}, optional
        What the distribution is of, where the parameter is a standard deviation (``sigma``, ``sd``,
        ``sd_<factor>``, ...): itself, its square or one over its square.
    **arguments : float
        Arguments of the distribution with PyMC's names and meaning, in any parametrization that PyMC has:
        ``Normal(mu, sigma)`` or ``(mu, tau)``, ``StudentT(nu, mu, sigma)`` or ``(nu, mu, lam)``,
        ``Exponential(scale)``, its mean, or ``(lam)``, ``Gamma(alpha, beta)`` or ``(mu, sigma)``,
        ``Beta(alpha, beta)``, ``(mu, sigma)`` or ``(mu, nu)``. The first is kept, and printed.
        ``alpha`` of the ``Dirichlet`` is that of every share.

    Raises
    ------
    PriorError
        If the distribution or an argument does not exist, is missing, not a finite number, or not
        positive where it must be, or if ``of`` is not known or the distribution of a variance is not
        positive. (PyMC ignores unknown arguments silently; this class does not.)

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> gb.Prior("Normal", mu=0, sigma=2.5)
    Normal(mu=0, sigma=2.5)
    >>> gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision")
    Gamma(alpha=0.001, beta=0.001, of="precision")
    >>> gb.Prior("Exponential", lam=2)
    Exponential(scale=0.5)
    """

    name: str
    arguments: tuple[tuple[str, float], ...]
    of: str

    def __init__(self, name: str, /, *given: object, of: str | None = None, **arguments: float) -> None:
        distribution = DISTRIBUTIONS[name]
        name = next(key for key in DISTRIBUTIONS if DISTRIBUTIONS[key] is distribution)
        way = _way_of(name, given, arguments, distribution)
        numbers = {key: _number(name, key, value) for key, value in arguments.items()}
        defaults = {key: value for key, value in way.arguments.items() if value is not None}
        values = {key: (defaults | numbers)[key] for key in way.arguments}
        _check_values(name, values, way.positive)
        kept = _converted(name, values, way, distribution)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "arguments", tuple(kept.items()))
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


def _converted(
    name: str, values: Numbers, way: Parametrization, distribution: Distribution
) -> dict[str, float]:
    """Return the arguments in which a law is kept, or say that those which were given leave no number."""
    positive = distribution.ways[0].positive
    try:
        kept = way.convert(values)
    except (OverflowError, ZeroDivisionError):
        kept = {}
    are_numbers = all(abs(value) <= LARGEST for value in kept.values())
    if not kept or not are_numbers or any(kept[key] < 1 / LARGEST for key in positive):
        given = ", ".join(f"{key}={value:g}" for key, value in values.items())
        message = f"{name}({given}): such a law's parameters are too small or too large for numbers."
        raise PriorError(Finding("prior", message, hint="Choose a wider law, or one nearer to 1 in size."))
    return {key: kept[key] for key in distribution.arguments}


def _way_of(
    name: str, given: tuple[object, ...], arguments: Mapping[str, object], distribution: Distribution
) -> Parametrization:
    """Return the parametrization that the arguments are of, or refuse them."""
    way = next((way for way in distribution.ways if way.takes(arguments)), None)
    if way is not None and not given:
        return way
    known = list(dict.fromkeys(key for way in distribution.ways for key in way.arguments))
    listed = ", or ".join(", ".join(way.arguments) for way in distribution.ways)
    example = ", ".join(f"{key}=..." for key in distribution.arguments)
    hint = f'Write gb.Prior("{name}", {example}).'
    unknown = next((argument for argument in arguments if argument not in known), None)
    if given:
        message = f"arguments of a prior are named, found {', '.join(map(shown_value, given))}."
    elif unknown is not None:
        message = f"{name} has no argument '{unknown}' (it has {listed})."
        hint = suggestion(unknown, known)
    elif begun := [way for way in distribution.ways if set(arguments) <= set(way.arguments)]:
        needed = [key for key, default in begun[0].arguments.items() if default is None]
        message = f"{name} needs {', '.join(key for key in needed if key not in arguments)}."
    else:
        message = f"{name} is written with {listed}; found {', '.join(arguments)}."
    raise PriorError(Finding("prior", message, hint=hint))


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
    if is_number(value) and abs(value) <= LARGEST:
        return float(value)
    is_large = is_number(value) and abs(value) < math.inf
    must = f"lie between -{LARGEST:g} and {LARGEST:g}" if is_large else "be a finite number"
    message = f"{name}: {argument} must {must}, found {shown_value(value)}."
    raise PriorError(Finding("prior", message, hint="Arguments of a prior are single numbers."))


def _check_values(name: str, values: Numbers, positive: Iterable[str]) -> None:
    for argument in sorted(positive):
        value = values[argument]
        if value < 1 / LARGEST:
            least = "above 0" if value <= 0 else f"at least {1 / LARGEST:g}"
            message = f"{name}: {argument} must be {least}, found {value:g}."
            raise PriorError(Finding("prior", message))
    lower, upper = values.get("lower"), values.get("upper")
    if lower is not None and upper is not None and lower >= upper:
        message = f"Uniform: lower must be below upper, found {lower:g} and {upper:g}."
        raise PriorError(Finding("prior", message))
