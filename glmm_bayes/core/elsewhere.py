"""A word of another package in, the spelling that is meant here out: arguments, functions and methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import NoReturn

from glmm_bayes.core.errors import Finding, GlmmError, PredictionError
from glmm_bayes.core.other_packages import ARGUMENTS, CHOICES, NAMES, OF_EFFECTS, WRITTEN
from glmm_bayes.core.public_names import public_value, public_verbs
from glmm_bayes.core.registry import misspelt

#: What results have.
_OF_RESULTS = {
    "Effects": 'It has summary(probability=0.95, interval="hdi"), a data frame; side_by_side(), the table in '
    "print; draws, an xarray, as in az.plot_dist(result.draws); grid, caption, to_string() and plot().",
    "SideBySide": 'It has summary(probability=0.95), a data frame; effects["population"] with its draws; and '
    "plot().",
}
#: Methods of a data frame that are of the table, and not of its numbers.
_OF_TABLES = (
    *("to_csv", "to_dict", "to_excel", "to_html", "to_json", "to_latex", "to_markdown", "to_numpy"),
    *("to_parquet", "columns", "iloc", "loc", "head", "tail", "round", "query", "itertuples", "iterrows"),
    *("set_index", "shape"),
)


class UnknownArgumentError(PredictionError, TypeError):
    """A function was given an argument that it has not."""


class UnknownNameError(GlmmError, AttributeError):
    """An object has no such method; the function that is meant stands in the message."""


def argument_hint(name: str, known: Iterable[str]) -> str:
    """Say what an argument of another package is called in a function with these ones; else the nearest."""
    arguments = tuple(dict.fromkeys(known))
    ours, sentence = ARGUMENTS.get(name.replace(".", "_"), ((), ""))
    written = next(
        (f"Write {WRITTEN.get(argument, argument + '=')}." for argument in ours if argument in arguments), ""
    )
    if name in OF_EFFECTS and "newdata" not in arguments:
        sentence = ""
    near = written or sentence or misspelt(name, arguments)
    return " ".join(filter(None, (near, f"Arguments: {', '.join(arguments)}.")))


def choice_hint(argument: str, word: object, choices: Iterable[str]) -> str:
    """Say which word is meant here by one of another package; else the nearest, and the choices."""
    plain = str(word).strip().lower().translate({ord(mark): "_" for mark in "- ."})
    ours = CHOICES.get((argument, plain))
    near = f'Here it is {argument}="{ours}".' if ours else misspelt(str(word), choices)
    return " ".join(filter(None, (near, f"Choices: {', '.join(choices)}.")))


def refuse_unknown(
    function: str,
    known: Iterable[str],
    named: Iterable[str],
    error: type[GlmmError] | None = None,
) -> None:
    """Refuse keyword arguments that a function has not.

    Raises
    ------
    PredictionError
        ``unknown_argument`` (a ``TypeError`` too), or an error of the type that is asked for.
    """
    arguments = tuple(known)
    for name in named:
        if name not in arguments:
            hint = argument_hint(name, arguments)
            message = f"{function} has no argument '{name}'."
            raise (error or UnknownArgumentError)(Finding("unknown_argument", message, hint=hint))


def in_our_words[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """Answer arguments that a function has not, not by position, twice, or not yet, before it runs."""
    signature = inspect.signature(function)
    parameters = signature.parameters.values()
    takes_names = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    known = tuple(
        parameter.name
        for parameter in parameters
        if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    )
    needed = tuple(
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    )
    by_position = tuple(
        parameter.name
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    )
    takes_all = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)

    @wraps(function)
    def answering(*given: P.args, **named: P.kwargs) -> T:
        if not takes_names:
            refuse_unknown(function.__name__, known, named)
        if len(given) > len(by_position) and not takes_all:
            raise _of_position(function.__name__, by_position, known, len(given))
        _refuse_twice(function.__name__, by_position[: len(given)], named)
        _refuse_missing(function.__name__, needed, {*by_position[: len(given)], *map(str, named)})
        return function(*given, **named)

    return answering


def _of_position(
    function: str, by_position: tuple[str, ...], known: tuple[str, ...], n_given: int
) -> UnknownArgumentError:
    """Say which arguments a function takes by position, and which by name alone."""
    named = [name for name in known if name not in by_position]
    first = [name for name in by_position if name != "self"]
    count = n_given - len(by_position) + len(first)
    message = f"{function} takes {', '.join(first) or 'nothing'} by position, found {count} such arguments."
    hint = f"Write the others by name: {', '.join(f'{name}=' for name in named)}." if named else ""
    return UnknownArgumentError(Finding("positional_argument", message, hint=hint))


def _refuse_twice(function: str, by_position: tuple[str, ...], named: Iterable[str]) -> None:
    """Refuse an argument that is given by position and by name."""
    for name in named:
        if name in by_position:
            message = f"{function} was given {name} twice, by position and by name."
            raise UnknownArgumentError(Finding("positional_argument", message, hint="Write it once."))


def _refuse_missing(function: str, needed: tuple[str, ...], given: set[str]) -> None:
    """Refuse a call that lacks what a function cannot do without."""
    if missing := [name for name in needed if name not in given]:
        hint = f"Write {_call_of(function)}." if function in public_verbs() else ""
        message = f"{function} needs {' and '.join(missing)}."
        raise UnknownArgumentError(Finding("missing_argument", message, hint=hint))


def unknown_name(owner: str, name: str) -> UnknownNameError:
    """Say what is written here for a name that an object or the package has not.

    Parameters
    ----------
    owner : {"glmm_bayes", "Fit", "Model", ...}
        What was asked.
    """
    verbs = public_verbs()
    spelling = NAMES.get(name, "") or (_call_of(name) if name in verbs else "")
    if owner in _OF_RESULTS:
        hint = _OF_RESULTS[owner]
        if name in _OF_TABLES:
            hint = f"Write result.summary().{name}; the summary is a data frame."
        elif name in ("mean", "sd", "median"):
            hint = f'Write result.summary()["{name}"]; the draws are in result.draws.'
    elif spelling:
        made = ", with fit = model.fit()" if owner.endswith("Model") and "fit" in spelling else ""
        hint = f"Write {spelling}{made}."
    else:
        hint = misspelt(name, verbs)
    return UnknownNameError(Finding("unknown_name", f"{owner} has no '{name}'.", hint=hint))


def _call_of(verb: str) -> str:
    """Write a call of a function of ours with what it needs; its name where that is no fit."""
    needed = {
        "comparisons": 'fit, "x"',
        "slopes": 'fit, "x"',
        "interval_ratio": 'fit, "x"',
        "implied_correlation": "fit, rows",
        "load": '"model.glmm"',
        "report": 'fit, "report.html"',
        "load_dataset": '"toenail"',
    }
    if verb in needed:
        return f"gb.{verb}({needed[verb]})"
    function = public_value(verb)
    takes_fit = callable(function) and next(iter(inspect.signature(function).parameters), "") == "fit"
    return f"gb.{verb}(fit)" if takes_fit else f"gb.{verb}"


class AnswersNames:
    """An object whose missing attributes are answered with the function that is meant."""

    def __getattr__(self, name: str) -> NoReturn:
        # A property that failed by itself is not a name that does not exist.
        if name.startswith("_") or hasattr(type(self), name):
            raise AttributeError(name)
        raise unknown_name(type(self).__name__, name)
