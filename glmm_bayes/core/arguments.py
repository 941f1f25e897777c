"""Arguments of public calls in, plain values or a typed error out: the same rules wherever they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeGuard

import numpy as np

from glmm_bayes.core.errors import Finding, GlmmError, PredictionError, SamplingError, shown_value

#: Numbers beyond it have no square, and no sum of squares over many rows; those below one over it neither.
LARGEST = 1e150
#: Seeds and counts are written into files and results as whole numbers of 64 bits.
LARGEST_WHOLE = 2**63 - 1
#: So many entries may an argument list; a generator may have no end.
_MOST_ENTRIES = 100_000


def whole_number(
    name: str,
    value: object,
    least: int,
    most: int | None = None,
    error: type[GlmmError] = SamplingError,
    code: str = "settings",
    of: str = "",
) -> int:
    """Return a whole number between two ends as an ``int``; booleans, texts and 1.0 are none.

    ``of`` says what the upper end counts.

    Raises
    ------
    GlmmError
        Of the type and with the code that are asked for.
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        number = int(value)
        if least <= number and (most is None or number <= most):
            return number
    end = "2**63 - 1" if most == LARGEST_WHOLE else most
    ends = f"from {least}" if most is None else f"from {least} to {end}"
    ends += f", the number of {of};" if of else ","
    raise error(Finding(code, f"{name} must be a whole number {ends} found {shown_value(value)}."))


def checked_seed(seed: object, error: type[GlmmError] = SamplingError) -> int:
    """Return a seed as an ``int``.

    Raises
    ------
    GlmmError
        ``settings``, of the type that is asked for.
    """
    return whole_number("seed", seed, 0, LARGEST_WHOLE, error)


def open_share(name: str, value: object, error: type[GlmmError] = SamplingError) -> float:
    """Return a number strictly between 0 and 1 as a ``float``.

    Raises
    ------
    GlmmError
        ``settings``, of the type that is asked for.
    """
    if is_open_share(value):
        return float(value)
    raise error(Finding("settings", f"{name} must be a number between 0 and 1, found {shown_value(value)}."))


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is one real number, of Python or of NumPy; booleans, texts and arrays are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def is_open_share(value: object) -> TypeGuard[float]:
    """Tell whether a value is a number above 0 and below 1."""
    return is_number(value) and bool(0.0 < value < 1.0)


def check_texts(error: type[GlmmError] = PredictionError, /, **given: object) -> None:
    """Refuse arguments that are given, and not as a text.

    Raises
    ------
    GlmmError
        Of the type asked for; its code is the argument.
    """
    for argument, value in given.items():
        if value is not None and not isinstance(value, str):
            message = f"{argument} must be a text, found {shown_value(value)}."
            raise error(Finding(argument, message))


def check_flag(
    argument: str,
    value: object,
    error: type[GlmmError] = PredictionError,
    code: str = "",
    or_none: bool = False,
) -> None:
    """Refuse what is neither True nor False.

    Parameters
    ----------
    argument : str
    value : object
    error : type of GlmmError
    code : str
        Of the error; default: the argument.
    or_none : bool
        Whether None may be given as well.

    Raises
    ------
    GlmmError
        Of the type that is asked for.
    """
    if not (isinstance(value, bool | np.bool_) or (or_none and value is None)):
        choices = "True, False or None" if or_none else "True or False"
        message = f"{argument} must be {choices}, found {shown_value(value)}."
        raise error(Finding(code or argument, message))


def listed(value: object) -> list[object] | None:
    """Return the entries of a list, tuple, range, array, column, generator or the like, read once.

    Returns
    -------
    list or None
        None if it is one value, a table, or without an order; a text is one value.
    """
    is_one = isinstance(value, str | bytes | bytearray | Mapping | set | frozenset)
    if is_one or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        return None
    try:
        entries = list(islice(value, _MOST_ENTRIES + 1))
    except Exception:  # noqa: BLE001 - whatever a generator of a user's raises
        return None
    return entries if len(entries) <= _MOST_ENTRIES else None


def kept(value: object) -> object:
    """Return what can be read again: the entries of a generator, else the value itself."""
    entries = listed(value) if isinstance(value, Iterator) else None
    return value if entries is None else entries


def plain_flag[T](value: T) -> T | bool:
    """Return a boolean of NumPy as one of Python, and all else as it is."""
    return bool(value) if isinstance(value, np.bool_) else value


def names_of(value: object) -> tuple[str, ...]:
    """Return the name or the names of columns that an argument holds; none if it holds anything else."""
    if isinstance(value, str):
        return (value,)
    entries = listed(value) or []
    return tuple(map(str, entries)) if all(isinstance(name, str) for name in entries) else ()
