"""Values of a verb's arguments in, the same values out, or what they must be."""

from __future__ import annotations

import numpy as np

from glmm_bayes.core.errors import Finding, GlmmError, PredictionError, shown_value

#: Numbers beyond it have no square, and no sum of squares over many rows; those below one over it neither.
LARGEST = 1e150
#: Seeds are written into files and results as whole numbers of 64 bits.
_LARGEST_SEED = 2**63 - 1


def checked_probability(probability: object) -> float:
    """Return the probability of an interval, above 0 and below 1.

    Raises
    ------
    PredictionError
        ``values`` for anything else: 95, "95%", 0, 1, NaN.
    """
    if isinstance(probability, int | float | np.integer | np.floating) and 0.0 < probability < 1.0:
        return float(probability)
    message = f"probability must be a number above 0 and below 1, found {shown_value(probability)}."
    raise PredictionError(Finding("values", message, hint="Write probability=0.95 for 95 percent."))


def checked_seed(seed: object) -> int:
    """Return a seed, a whole number from 0.

    Raises
    ------
    PredictionError
        ``settings``.
    """
    is_whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if is_whole and 0 <= seed <= _LARGEST_SEED:  # type: ignore[operator]
        return int(seed)  # type: ignore[call-overload,no-any-return]
    most = " to 2**63 - 1" if is_whole and seed > _LARGEST_SEED else ""  # type: ignore[operator]
    message = f"seed must be a whole number from 0{most}, found {shown_value(seed)}."
    raise PredictionError(Finding("settings", message))


def check_whole(code: str, argument: str, value: object, most: int, of: str) -> None:
    """Refuse what is no whole number from 1 to the number of something."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (is_whole and 1 <= value <= most):  # type: ignore[operator]
        found = shown_value(value)
        message = f"{argument} must be a whole number from 1 to {most}, the number of {of}; found {found}."
        raise PredictionError(Finding(code, message))


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


def check_flag(argument: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        message = f"{argument} must be True or False, found {shown_value(value)}."
        raise PredictionError(Finding(argument, message))
