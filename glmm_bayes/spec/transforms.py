"""A user's own functions in, by name: what formulas may call beside the listed functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError, shown_value
from glmm_bayes.spec.expressions import FLAGS
from glmm_bayes.spec.functions import MAX_ARGUMENTS, TAKEN, Function

#: What was registered in this process. Formulas hold the names alone.
TRANSFORMS: dict[str, Callable[..., Any]] = {}

_EXAMPLE = 'Example: gb.register_transform("halved", lambda x: x / 2).'
_NAME = re.compile(r"[^\W\d]\w*\Z")


def register_transform(name: str, function: Callable[..., Any]) -> None:
    """Let formulas call a function of your own.

    Parameters
    ----------
    name : str
        What formulas call it: letters, digits and underscores, and no name of a listed function.
    function : callable
        Of one or more numeric columns, as NumPy arrays of shape (row,); it returns one number a row.
        It must need nothing but its arguments: on new data it sees the new rows only.

    Raises
    ------
    FormulaError
        ``formula_function`` if the name is taken or is no name, or the function cannot be called.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> gb.register_transform("halved", lambda x: x / 2)
    >>> gb.ModelSpec.from_formula("y ~ halved(x)").to_formula()
    'y ~ halved(x)'
    """
    name = unicodedata.normalize("NFC", name) if isinstance(name, str) else name
    if not isinstance(name, str) or not _NAME.match(name):
        raise _refusal(f"a function's name is letters, digits and underscores, found {shown_value(name)}.")
    if name in TAKEN or name in FLAGS:
        raise _refusal(f"'{name}' is a word of formulas already.")
    if not callable(function):
        raise _refusal(f"'{name}' must be a function, found {type(function).__name__}.")
    if name in TRANSFORMS and not is_same_function(TRANSFORMS[name], function):
        raise _refusal(f"another function is registered as '{name}': models that call it would change.")
    TRANSFORMS[name] = function


def transform(name: str) -> Function | None:
    """Describe a registered function as the listed ones are described."""
    if name not in TRANSFORMS:
        return None
    return Function(name, "elementwise", 1, MAX_ARGUMENTS, (), f"{name}(x)")


def is_same_function(known: Callable[..., Any], function: Callable[..., Any]) -> bool:
    """Tell whether a function is the known one, or the same text run again as in a notebook."""
    if known is function:
        return True
    code = getattr(known, "__code__", None)
    return (
        code is not None
        and code == getattr(function, "__code__", None)
        and getattr(known, "__closure__", None) is None
        and _defaults(known) == _defaults(function)
    )


def _defaults(function: Callable[..., Any]) -> tuple[Any, Any]:
    return getattr(function, "__defaults__", None), getattr(function, "__kwdefaults__", None)


def _refusal(sentence: str) -> FormulaError:
    return FormulaError(Finding("formula_function", sentence, hint=_EXAMPLE))
