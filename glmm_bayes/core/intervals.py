"""Draws in, the ends of their interval out, with its name in words and in columns.

The one place where an interval is taken, and where its default level and kind are read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from glmm_bayes.core.arguments import is_open_share
from glmm_bayes.core.elsewhere import choice_hint
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.maths import Array

#: How ``numpy.quantile`` takes an end between draws: on the line, or a draw itself.
type Rule = Literal["linear", "inverted_cdf"]
#: Kinds of intervals, and what they are called.
KINDS = MappingProxyType({"eti": "equal-tailed", "hdi": "highest-density"})


@dataclass(frozen=True)
class Interval:
    """An interval's level and kind.

    Attributes
    ----------
    probability : float
        That the interval holds, above 0 and below 1.
    kind : {"eti", "hdi"}
        ``eti``: as much probability below it as above; ``hdi``: the narrowest one.
    """

    probability: float
    kind: str

    @property
    def percent(self) -> str:
        """The level as it is written: ``89``, ``99.9``."""
        return percent_of(self.probability)

    @property
    def name(self) -> str:
        """Level and kind as a text: ``89% equal-tailed interval``."""
        return f"{self.percent}% {KINDS[self.kind]} interval"

    @property
    def columns(self) -> tuple[str, str]:
        """Columns of the two ends, named as ArviZ does: ``eti89_lb``, ``eti89_ub``."""
        return f"{self.kind}{self.percent}_lb", f"{self.kind}{self.percent}_ub"

    @property
    def tail(self) -> float:
        """The probability below an equal-tailed interval."""
        return (1 - self.probability) / 2

    @property
    def attrs(self) -> dict[str, str | float]:
        """What a table says of its interval."""
        return {
            "interval": self.name,
            "interval_probability": self.probability,
            "interval_kind": self.kind,
        }

    def ends(self, draws: Array, method: Rule = "linear") -> tuple[Array, Array]:
        """Return the lower and the upper end over the first axis.

        Parameters
        ----------
        draws : ndarray, shape (draw, ...)
        method : {"linear", "inverted_cdf"}
            How ``numpy.quantile`` takes the ends of an equal-tailed interval; those of the narrowest one
            are draws.

        Notes
        -----
        The narrowest interval is the one between draws, of a distribution with one mode, as in ``az.hdi``.
        """
        if self.kind == "hdi":
            return _narrowest(draws, self.probability)
        lower, upper = _quantiles(draws, [self.tail, 1 - self.tail], method)
        return lower, upper

    def replaced(self, probability: object = None, kind: object = None) -> Interval:
        """Return the interval with another level or kind, where one is given.

        Raises
        ------
        PredictionError
            ``values`` or ``interval``, as ``read_interval``.
        """
        return Interval(
            self.probability if probability is None else checked_probability(probability),
            self.kind if kind is None else _checked_kind(kind),
        )


def percent_of(share: float) -> str:
    """Write a share in percent with every digit that it has: ``99.99999``, never rounded to another one."""
    percent = f"{Decimal(repr(share)) * 100:f}"
    return percent.rstrip("0").rstrip(".") if "." in percent else percent


#: What ArviZ's settings say where nobody has changed them.
UNCHANGED_DEFAULT = Interval(0.89, "eti")


def read_interval(probability: object = None, interval: object = None) -> Interval:
    """Return the interval that is asked for; what is not said is ArviZ's default.

    Parameters
    ----------
    probability : float, optional
        Default: ``arviz.rcParams["stats.ci_prob"]``, 0.89 unless it was changed.
    interval : {"eti", "hdi"}, optional
        Default: ``arviz.rcParams["stats.ci_kind"]``, ``eti`` unless it was changed.

    Raises
    ------
    PredictionError
        ``values`` unless the probability lies between 0 and 1, ``interval`` for another kind.
    """
    if probability is None or interval is None:
        default_probability, default_kind = _arviz_default()
        probability = default_probability if probability is None else probability
        interval = default_kind if interval is None else interval
    return Interval(checked_probability(probability), _checked_kind(interval))


def _arviz_default() -> tuple[object, object]:
    """Return what ArviZ's settings say; where nobody can have changed them, ArviZ is not imported for it."""
    if "arviz_base" not in sys.modules and not any(map(os.path.isfile, _settings_files())):
        return UNCHANGED_DEFAULT.probability, UNCHANGED_DEFAULT.kind
    from arviz_base import rcParams

    return rcParams["stats.ci_prob"], rcParams["stats.ci_kind"]


def _settings_files() -> Iterator[Path]:
    """List where ArviZ looks for a file of settings."""
    home = Path(os.path.expanduser("~"))
    folders = [
        Path.cwd(),
        home / ".arviz",
        Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"), "arviz"),
    ]
    folders += [Path(os.environ["ARVIZ_DATA"])] if os.environ.get("ARVIZ_DATA") else []
    return (folder / "arvizrc" for folder in folders)


def checked_probability(probability: object) -> float:
    """Return the probability of an interval, above 0 and below 1.

    Raises
    ------
    PredictionError
        ``values`` for anything else: 95, "95%", 0, 1, NaN.
    """
    if is_open_share(probability):
        # A number of fewer digits means those that it is written with.
        return float(str(probability)) if isinstance(probability, np.floating) else float(probability)
    message = f"probability must be a number above 0 and below 1, found {shown_value(probability)}."
    raise PredictionError(Finding("values", message, hint="Write probability=0.95 for 95 percent."))


def _checked_kind(kind: object) -> str:
    if isinstance(kind, str) and kind in KINDS:
        return kind
    hint = choice_hint("interval", kind, KINDS) if isinstance(kind, str) else f"Choices: {', '.join(KINDS)}."
    message = f'interval must be "eti" or "hdi", found {shown_value(kind)}.'
    raise PredictionError(Finding("interval", message, hint=hint))


def _quantiles(draws: Array, probabilities: list[float], method: Rule) -> Array:
    """Return quantiles over the first axis; between draws of which one is infinite they are infinite."""
    with np.errstate(invalid="ignore"):
        found = np.quantile(draws, probabilities, axis=0, method=method)
    lost = np.isnan(found) & ~np.isnan(draws).any(axis=0)
    if not lost.any():
        return found
    below, above = (np.quantile(draws, probabilities, axis=0, method=side) for side in ("lower", "higher"))
    with np.errstate(invalid="ignore"):
        return np.where(lost, np.where(below == above, below, below + above), found)


def _narrowest(draws: Array, probability: float) -> tuple[Array, Array]:
    """Return the ends of the narrowest interval that holds the probability, over the first axis.

    Of draws with one that is no number both are none, as quantiles are.
    """
    ordered = np.sort(draws, axis=0)
    size = len(ordered)
    steps = min(int(probability * size), size - 1)
    with np.errstate(invalid="ignore"):
        width = ordered[steps:] - ordered[: size - steps]
    first = np.argmin(width, axis=0)[None]
    lower = np.take_along_axis(ordered, first, axis=0)[0]
    upper = np.take_along_axis(ordered, first + steps, axis=0)[0]
    # What is no number is sorted to the end.
    lost = np.isnan(ordered[-1])
    return np.where(lost, np.nan, lower), np.where(lost, np.nan, upper)
