"""Two expected responses in, one contrast out; a measure is one class and one line in the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.registry import Registry

Array = NDArray[np.float64]


class Measure(ABC):
    """A contrast of two averages within a draw.

    Attributes
    ----------
    name : str
    label : str
        What the number is, for headers.
    null : float
        Its value when both are equal.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    null: ClassVar[float]

    @abstractmethod
    def compare(self, high: Array, low: Array) -> Array:
        """Return the measure of ``high`` against ``low``, elementwise."""


class Difference(Measure):
    """high - low."""

    name, label, null = "difference", "difference", 0.0

    def compare(self, high: Array, low: Array) -> Array:
        return high - low


class Ratio(Measure):
    """high / low: a ratio of averages, not an average of ratios."""

    name, label, null = "ratio", "ratio of means", 1.0

    def compare(self, high: Array, low: Array) -> Array:
        return high / low


class LogRatio(Measure):
    """log(high / low)."""

    name, label, null = "log_ratio", "log ratio of means", 0.0

    def compare(self, high: Array, low: Array) -> Array:
        return np.log(high) - np.log(low)


class OddsRatio(Measure):
    """Odds of ``high`` over odds of ``low``: the odds ratio of the averages."""

    name, label, null = "odds_ratio", "odds ratio of means", 1.0

    def compare(self, high: Array, low: Array) -> Array:
        return high / (1 - high) * ((1 - low) / low)


class LogOddsRatio(Measure):
    """Logarithm of the odds ratio of the averages."""

    name, label, null = "log_odds_ratio", "log odds ratio of means", 0.0

    def compare(self, high: Array, low: Array) -> Array:
        return np.log(high) - np.log1p(-high) - np.log(low) + np.log1p(-low)


class Lift(Measure):
    """high / low - 1."""

    name, label, null = "lift", "relative change of means", 0.0

    def compare(self, high: Array, low: Array) -> Array:
        return high / low - 1


MEASURES: Registry[Measure] = Registry(
    "measure",
    {m.name: m for m in (Difference(), Ratio(), LogRatio(), OddsRatio(), LogOddsRatio(), Lift())},
    PredictionError,
)

#: Measures that need averages between 0 and 1.
OF_PROBABILITIES = frozenset({"odds_ratio", "log_odds_ratio"})
