"""A strategy of a user's in, before it is registered; what is missing in it or wrong with it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmm_bayes.core.arguments import is_number
from glmm_bayes.core.errors import Findings, GlmmError, shown_value
from glmm_bayes.core.maths import Array


@dataclass(frozen=True)
class Statement:
    """An attribute that a class states.

    Attributes
    ----------
    attribute : str
    must : str
        What it must be, in words.
    holds : callable
        Tells whether a value is that.
    example : str
        What to write.
    """

    attribute: str
    must: str
    holds: Callable[[Any], bool]
    example: str


def text(attribute: str, example: str) -> Statement:
    """Return the statement of a text that is not empty."""
    return Statement(attribute, "a text", lambda value: isinstance(value, str) and bool(value), example)


def flag(attribute: str) -> Statement:
    """Return the statement of what is either so or not."""
    return Statement(
        attribute, "True or False", lambda value: isinstance(value, bool), f"{attribute} = False"
    )


def instance(attribute: str, cls: type, example: str, or_none: bool = False) -> Statement:
    """Return the statement of a value of a class, or of None where that may be."""
    must = f"a {cls.__name__}" + (" or None" if or_none else "")
    return Statement(attribute, must, lambda v: isinstance(v, cls) or (or_none and v is None), example)


def mapping(attribute: str, must: str, holds: Callable[[Any, Any], bool], example: str) -> Statement:
    """Return the statement of a mapping, each of whose keys with its value is as it must be."""

    def all_hold(value: object) -> bool:
        return isinstance(value, Mapping) and all(holds(key, one) for key, one in value.items())

    return Statement(attribute, f"a mapping of {must}", all_hold, example)


def is_range(value: object) -> bool:
    """Tell whether a value is two numbers, the lower first; they may be infinite."""
    return isinstance(value, tuple) and len(value) == 2 and all(map(is_number, value)) and value[0] < value[1]


class Trial:
    """What is wrong with one strategy.

    Parameters
    ----------
    entry : object
        A class, or one that is made.
    error : type of GlmmError
    code : str
        That of each finding.
    """

    def __init__(self, entry: Any, error: type[GlmmError], code: str) -> None:
        self.entry, self.name = entry, str(entry.name)
        self.findings, self._code = Findings(error), code

    @property
    def has_failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.findings.errors)

    def fail(self, sentence: str, hint: str = "") -> None:
        """Collect what is wrong."""
        self.findings.error(self._code, f"'{self.name}': {sentence}", hint=hint)

    def read(self, statements: Iterable[Statement]) -> None:
        """Collect attributes that are missing, or are not what they must be."""
        for stated in statements:
            try:
                value = getattr(self.entry, stated.attribute)
            except Exception as error:  # noqa: BLE001 - a property of the user's
                because = "" if isinstance(error, AttributeError) else f" (it raised {_said(error)})"
                sentence = f"{stated.attribute} is missing{because}; it must be {stated.must}."
                self.fail(sentence, f"Write {stated.example}.")
                continue
            if not _holds(stated, value):
                sentence = f"{stated.attribute} must be {stated.must}, found {shown_value(value)}."
                self.fail(sentence, f"Write {stated.example}.")

    def run[T](self, what: str, function: Callable[[], T]) -> T | None:
        """Return what a call gives; None, and a finding, where it raises."""
        try:
            with np.errstate(all="ignore"):
                return function()
        except Exception as error:  # noqa: BLE001 - a function of the user's
            self.fail(f"{what} raised {_said(error)}.")
            return None

    def array(self, what: str, function: Callable[[], Any], shape: tuple[int, ...]) -> Array | None:
        """Return finite numbers of a shape that a call gives; None, and a finding, where it does not."""
        before = len(self.findings.errors)
        result = self.run(what, function)
        if len(self.findings.errors) > before:
            return None
        values = np.asarray(result)
        if values.dtype.kind not in "fiub" or values.shape != shape:
            self.fail(f"{what} must give numbers of shape {shape}, found {_described(result)}.")
            return None
        if not np.isfinite(values).all():
            self.fail(f"{what} must give finite numbers, found {shown_value(values.ravel().tolist())}.")
            return None
        return values.astype(np.float64)

    def equal(
        self, what: str, value: Array | None, other: str, expected: Array | None, tolerance: float = 1e-6
    ) -> None:
        """Collect two results that differ and must not, where there are both."""
        if value is None or expected is None or np.allclose(value, expected, rtol=tolerance, atol=tolerance):
            return
        worst = np.argmax(np.abs(value - expected))
        self.fail(f"{what} must be {other}, {expected.flat[worst]:.6g}, found {value.flat[worst]:.6g}.")

    def finish(self) -> None:
        """Raise all that is wrong as one error, if there is anything.

        Raises
        ------
        GlmmError
        """
        self.findings.raise_errors()


def _holds(stated: Statement, value: object) -> bool:
    try:
        return bool(stated.holds(value))
    except Exception:  # noqa: BLE001 - a value of the user's
        return False


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _described(value: object) -> str:
    values = np.asarray(value)
    return f"shape {values.shape} of {values.dtype}" if values.dtype.kind in "fiub" else shown_value(value)
