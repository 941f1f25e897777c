"""A support in; the responses that it has, and whether a draw is one of them, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.families.base import Family

#: Ends that may have a probability of their own, by support.
ENDS: Mapping[str, tuple[float, ...]] = MappingProxyType({"amount": (0.0,), "share": (0.0, 1.0)})
#: Between which responses of a continuous support lie.
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "real": (-np.inf, np.inf),
        "positive": (0.0, np.inf),
        "amount": (0.0, np.inf),
        "unit": (0.0, 1.0),
        "share": (0.0, 1.0),
        "angle": (-np.pi, np.pi),
    }
)
#: Whose responses are whole numbers.
_WHOLE = ("count", "successes", "categories", "compositions")
SUPPORTS = (*_RANGES, *_WHOLE)


def support_of(family: Family) -> str:
    """Return the name of a family's support: categories are laws' concern, not their order."""
    return "categories" if family.support.has_categories else family.support.kind


@dataclass(frozen=True)
class Responses:
    """Where the response of a row has values.

    Attributes
    ----------
    support : str
        A name in ``SUPPORTS``.
    trials : int
        Of successes and compositions.
    categories : int
        Of categories and compositions.
    ends : tuple of float
        Those of a continuous support that have a probability.
    """

    support: str
    trials: int = 1
    categories: int = 0
    ends: tuple[float, ...] = ()

    @property
    def is_discrete(self) -> bool:
        """Whether every response has a probability."""
        return self.support in _WHOLE

    @property
    def listed(self) -> Array | None:
        """All responses, shape (response,) or (response, category); None where there is no end of them."""
        if self.support == "successes":
            return np.arange(self.trials + 1.0)
        if self.support == "categories":
            return np.arange(float(self.categories))
        if self.support != "compositions":
            return None
        counts = np.array(list(product(range(self.trials + 1), repeat=self.categories)), np.float64)
        return np.asarray(counts[counts.sum(axis=-1) == self.trials])

    def contain(self, y: Array) -> NDArray[np.bool_]:
        """Tell which responses are of the support, shape (draw,)."""
        if not self.is_discrete:
            low, high = _RANGES[self.support]
            inside = np.isfinite(y) & (y > low) & (y < high)
            closed = self.ends if self.support != "angle" else (low, high)
            return np.asarray(inside | np.isin(y, closed))
        is_count = np.isfinite(y) & (y >= 0) & (y == np.floor(y))
        if self.support == "compositions":
            return np.asarray(is_count.all(axis=-1) & (y.sum(axis=-1) == self.trials))
        last = {"count": np.inf, "successes": self.trials, "categories": self.categories - 1}
        return np.asarray(is_count & (y <= last[self.support]))

    def positions(self, y: Array) -> Array:
        """Return where each response stands in the list of all: counts are positions themselves."""
        if self.support != "compositions":
            return y
        places = float(self.trials + 1) ** np.arange(self.categories)[::-1]
        assert self.listed is not None
        return np.asarray(np.searchsorted(self.listed @ places, y @ places), np.float64)
