"""A user's own distribution of the response in: its functions, its parameters and where it lives."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from glmm_bayes.core.arguments import listed
from glmm_bayes.core.errors import Findings, FormulaError, shown_value
from glmm_bayes.core.frozen import FrozenMapping
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.registry import misspelt
from glmm_bayes.spec.transforms import is_same_function

SUPPORTS = ("real", "positive", "unit", "count")
#: Where a further parameter lives.
PARAMETER_SUPPORTS = ("positive", "real", "unit")

_FAMILY_NAME = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z", re.ASCII)
#: Words of densities, of formulas and of the posterior, whose names start with the parameter's.
_TAKEN = frozenset([
    "y", "m", "n", "mu", "rng", "text", "b", "z", "f", "cs", "mo", "sd", "corr", "cov", "chol",
    "df", "beta", "level", "columns", "weights", "share", "range", "joint", "x", "thresholds",
    "threshold", "Intercept", "offset", "observed", "trials", "row", "coef", "category", "chain", "draw",
])  # fmt: skip
_EXAMPLE = "Example: lambda y, mu, m: -y / mu - m.log(mu)."
_NO_PARAMETERS: Mapping[str, str] = FrozenMapping({})


@dataclass(frozen=True, eq=False)
class CustomFamily:
    """A distribution of the response that you write: its density, its draws, its mean and variance.

    All functions take parameters by name and work element by element.

    Parameters
    ----------
    name : str
        What models call it: small letters, digits and underscores, and no name of a listed family.
    log_density : callable
        Of ``y``, ``mu`` and each further parameter: log f(y) with all constants. With a last argument
        ``m`` it is written in the functions of ``m`` (``m.exp``, ``m.log``, ``m.gammaln``, ``m.where``,
        ...: all those of ``glmm_bayes.core.maths.Maths``), once for the sampler and for arrays of draws.
        Without ``m`` it is an expression in PyTensor, such as ``pm.logp(pm.Exponential.dist(scale=mu), y)``,
        which is compiled for arrays of draws; ``y`` of counts is then of whole numbers.
    random : callable
        Of a NumPy ``Generator`` ``rng``, ``mu`` and each further parameter, all of one shape: draws of
        that shape.
    variance : callable
        Of the parameters that it depends on: Var(y), in NumPy.
    mean : callable, optional
        Of the parameters that it depends on: E[y], in NumPy. Default: ``mu`` is the mean.
    support : {"real", "positive", "unit", "count"}
        Where responses live: numbers, numbers above 0, numbers strictly between 0 and 1, counts from 0.
        It sets the scales of default priors, too.
    links : tuple of str, optional
        Of ``mu``, the default first. Default: those of the listed families with that support.
    parameters : mapping of str to {"positive", "real", "unit"}, optional
        Parameters beside ``mu`` and where each lives. One that is named like ours (``sigma nu shape phi
        zi``...) has the prior of ours; others have that of ``shape``, Normal(0, 2.5), or that of ``zi``,
        unless ``priors={...}`` says otherwise.

    Raises
    ------
    FormulaError
        ``custom_family``, with everything that is wrong.

    Notes
    -----
    Under links of probabilities ``mu`` is never 0 or 1 to the last digit, so that ``m.log1p(-mu)`` is finite.

    Examples
    --------
    >>> import numpy as np, glmm_bayes as gb
    >>> rayleigh = gb.CustomFamily(
    ...     "rayleigh",
    ...     log_density=lambda y, mu, m: (
    ...         m.log(y) + np.log(np.pi / 2) - 2 * m.log(mu) - np.pi / 4 * (y / mu) ** 2
    ...     ),
    ...     random=lambda rng, mu: rng.rayleigh(mu * np.sqrt(2 / np.pi)),
    ...     variance=lambda mu: (4 / np.pi - 1) * mu**2,
    ...     support="positive",
    ...     links=("log",),
    ... )
    >>> set(gb.check_family(rayleigh)["result"])
    {'passed'}
    """

    name: str
    _: KW_ONLY
    log_density: Callable[..., Any]
    random: Callable[..., Any]
    variance: Callable[..., Any]
    mean: Callable[..., Any] | None = None
    support: str
    links: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=lambda: _NO_PARAMETERS)

    def __post_init__(self) -> None:
        findings = Findings(FormulaError)
        if not isinstance(self.name, str) or not _FAMILY_NAME.match(self.name):
            message = (
                f"a family's name is small letters, digits and underscores, found {shown_value(self.name)}."
            )
            findings.error("custom_family", message, hint='Example: "my_poisson".')
        if not isinstance(self.support, str) or self.support not in SUPPORTS:
            message = f"support must be one of {', '.join(SUPPORTS)}, found {shown_value(self.support)}."
            findings.error("custom_family", message, hint=misspelt(self.support, SUPPORTS))
        _check_parameters(self.parameters, findings)
        findings.raise_errors()
        object.__setattr__(self, "parameters", FrozenMapping(dict(self.parameters)))
        object.__setattr__(self, "links", _read_links(self, findings))
        self._check_functions(findings)
        findings.raise_errors()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, ``mu`` first."""
        return ("mu", *self.parameters)

    @property
    def is_portable(self) -> bool:
        """Whether the density is written in the functions of ``m``, else in PyTensor alone."""
        return "m" in inspect.signature(self.log_density).parameters

    def is_same(self, other: CustomFamily) -> bool:
        """Tell whether another family is this one, or the same text run again as in a notebook.

        Parameters
        ----------
        other : CustomFamily
            Anything else is not the same.

        Returns
        -------
        bool
        """
        if not isinstance(other, CustomFamily):
            return False
        functions = [(getattr(self, word), getattr(other, word)) for word in _FUNCTIONS]
        return (
            (self.name, self.support, self.links) == (other.name, other.support, other.links)
            and tuple(self.parameters.items()) == tuple(other.parameters.items())
            and all(is_same_function(first, second) for first, second in functions)
        )

    def _check_functions(self, findings: Findings) -> None:
        _check_arguments("log_density", self.log_density, ("y", *self.names), ("m",), findings)
        _check_arguments("random", self.random, ("rng", *self.names), (), findings)
        _check_arguments("variance", self.variance, (), self.names, findings)
        if self.mean is not None:
            _check_arguments("mean", self.mean, (), self.names, findings)


_FUNCTIONS = ("log_density", "random", "variance", "mean")


def arguments_of(function: Callable[..., Any], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that a function takes."""
    taken = inspect.signature(function).parameters
    return tuple(name for name in names if name in taken)


def _check_parameters(parameters: Any, findings: Findings) -> None:
    if not isinstance(parameters, Mapping):
        message = (
            f"parameters must be a mapping of names to where they live, found {shown_value(parameters)}."
        )
        findings.error("custom_family", message, hint='Write parameters={"shape": "positive"}.')
        return
    for name, support in parameters.items():
        if not isinstance(name, str) or not _PARAMETER_NAME.match(name):
            message = f"a parameter's name is letters and digits, found {shown_value(name)}."
            findings.error("custom_family", message, hint='Write parameters={"shape": "positive"}.')
        elif name in _TAKEN:
            message = f"'{name}' is a word of densities, formulas or posteriors already."
            findings.error("custom_family", message, hint="Choose another name for the parameter.")
        if not isinstance(support, str) or support not in PARAMETER_SUPPORTS:
            supports = ", ".join(PARAMETER_SUPPORTS)
            message = (
                f"parameter {shown_value(name)} lives in one of {supports}, found {shown_value(support)}."
            )
            findings.error("custom_family", message, hint=misspelt(support, PARAMETER_SUPPORTS))


def _read_links(family: CustomFamily, findings: Findings) -> tuple[str, ...]:
    """Return the links that were written, each checked."""
    given = [family.links] if isinstance(family.links, str) else listed(family.links)
    if given is None:
        message = f"links must be a list of names of links, found {shown_value(family.links)}."
        findings.error("custom_family", message, hint='Write links=("log",).')
        return ()
    for name in given:
        if not isinstance(name, str) or name not in LINKS:
            hint = f"{misspelt(name, LINKS)} Choices: {', '.join(LINKS)}.".strip()
            findings.error("custom_family", f"links: no link {shown_value(name)}.", hint=hint)
        elif family.support == "unit" and family.mean is None and not _is_of_probabilities(name):
            message = f"the mean of numbers between 0 and 1 is one itself, which the link {name} leaves."
            findings.error("custom_family", message, hint='Write links=("logit",).')
    return tuple(name for name in given if isinstance(name, str))


def _is_of_probabilities(name: str) -> bool:
    return isinstance(LINKS[name], ProbabilityLink)


def _check_arguments(
    word: str,
    function: Any,
    needed: tuple[str, ...],
    optional: tuple[str, ...],
    findings: Findings,
) -> None:
    """Collect arguments that are missing, and those that nobody would give."""
    if not callable(function):
        message = f"{word} must be a function, found {type(function).__name__}."
        findings.error("custom_family", message, hint=_EXAMPLE)
        return
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        message = f"{word}: the names of its arguments cannot be read."
        findings.error("custom_family", message, hint="Write it as a function of named arguments.")
        return
    by_name = {
        name
        for name, argument in parameters.items()
        if argument.kind in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY)
    }
    missing = [name for name in needed if name not in by_name]
    if missing:
        message = f"{word} must take {', '.join(needed)} by name, and has no {', '.join(missing)}."
        findings.error("custom_family", message, hint=_EXAMPLE if word == "log_density" else "")
    strange = [
        name
        for name, argument in parameters.items()
        if name not in (*needed, *optional) and (argument.default is argument.empty or name not in by_name)
    ]
    if strange:
        known = (*needed, *optional)
        message = f"{word} takes {', '.join(strange)}, which is no parameter of the family."
        hint = f"{misspelt(strange[0], known)} It may take {', '.join(known)}.".strip()
        findings.error("custom_family", message, hint=hint)
