"""Formulas of one model together: that of the mean, and those of further parameters of the response."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from glmm_bayes.core.errors import Finding, FormulaError, shown_value
from glmm_bayes.core.frozen import FrozenMapping
from glmm_bayes.core.registry import misspelt
from glmm_bayes.spec.linear_predictor import MEAN

#: Parameters that may have a formula of their own; which of them a model has, its family says.
PARAMETERS = ("sigma", "nu", "shape", "phi", "zi", "hu", "disc", "zoi", "coi", "kappa", "alpha")
#: Those of families that were registered in this process, by family.
REGISTERED: dict[str, tuple[str, ...]] = {}

_EXAMPLE = 'Write gb.Formula("y ~ x", sigma="~ z", nu=4).'


@dataclass(frozen=True, init=False)
class Formula:
    """A formula for the mean, and a formula or a fixed number for each further parameter.

    Parameters
    ----------
    text : str
        ``y ~ x + (1 | g)``.
    **further : str or float
        By parameter (``sigma nu shape phi zi hu disc zoi coi kappa alpha``, and those of registered
        families): what it depends on, ``"~ z"``, on the scale of its link; or the number that it is
        fixed at. The mean ``mu`` has the formula ``text``.

    Raises
    ------
    FormulaError
        ``formula_syntax`` if there is no such parameter, or it is neither a text nor a finite number.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> gb.Formula("y ~ x + (1 |i| g)", sigma="~ z + (1 |i| g)", nu=4).further["nu"]
    4.0
    """

    text: str
    further: Mapping[str, str | float]

    def __init__(self, text: str, **further: str | float) -> None:
        if not isinstance(text, str):
            raise _refusal(f"a formula is a text, found {type(text).__name__}.", _EXAMPLE)
        known = parameter_names()
        for name in further:
            if name not in known:
                hint = f"{meant_parameter(name)} Parameters: {', '.join(known)}.".strip()
                raise _refusal(f"no parameter '{name}' has a formula of its own.", hint)
        object.__setattr__(self, "text", text)
        values = {name: _value(name, further[name]) for name in known if name in further}
        object.__setattr__(self, "further", FrozenMapping(values))


def parameter_names() -> tuple[str, ...]:
    """List the parameters that may have a formula: the listed ones, then those of registered families."""
    return tuple(dict.fromkeys((*PARAMETERS, *(name for names in REGISTERED.values() for name in names))))


def meant_parameter(name: str) -> str:
    """Say what is meant by a name that no further parameter has: the mean, or the nearest of them."""
    if name == MEAN or name.startswith(f"{MEAN}_"):
        return "The mean's formula is the one with the response; all categories share it."
    return misspelt(name, parameter_names())


def _value(name: str, value: str | float) -> str | float:
    if isinstance(value, str):
        return value
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _refusal(
            f"{name} must be a formula in quotes or a finite number, found {shown_value(value)}.", _EXAMPLE
        )
    return number


def _refusal(sentence: str, hint: str) -> FormulaError:
    return FormulaError(Finding("formula_syntax", sentence, hint=hint))
