"""Arguments of public calls in, plain numbers or a typed error out: the same rules wherever they stand."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from glmm_bayes.core.errors import Finding, GlmmError, SamplingError

#: The largest seed that engines take and files hold.
LARGEST_SEED = 2**63 - 1


def whole_number(
    name: str,
    value: Any,
    least: int,
    most: int | None = None,
    error: type[GlmmError] = SamplingError,
    code: str = "settings",
) -> int:
    """Return a whole number between two bounds as an ``int``; booleans, texts and 1.0 are none.

    Raises
    ------
    GlmmError
        Of the type and with the code that are asked for.
    """
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not fits or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"between {least} and {most}"
        raise error(Finding(code, f"{name} must be a whole number {bounds}, found {_shown(value)}."))
    return int(value)


def checked_seed(seed: Any, error: type[GlmmError] = SamplingError) -> int:
    """Return a seed as an ``int``.

    Raises
    ------
    GlmmError
        ``settings``, of the type that is asked for.
    """
    return whole_number("seed", seed, 0, LARGEST_SEED, error)


def open_share(name: str, value: Any, error: type[GlmmError] = SamplingError) -> float:
    """Return a number strictly between 0 and 1 as a ``float``.

    Raises
    ------
    GlmmError
        ``settings``, of the type that is asked for.
    """
    fits = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not fits or not isfinite(value) or not 0.0 < value < 1.0:
        message = f"{name} must be a number between 0 and 1, found {_shown(value)}."
        raise error(Finding("settings", message))
    return float(value)


def _shown(value: Any) -> str:
    return f"{value!r:.60}"
