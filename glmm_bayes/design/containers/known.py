"""Numbers about labelled levels: a matrix, a map of neighbours or coordinates, checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from glmm_bayes.core.arguments import LARGEST
from glmm_bayes.core.errors import value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.design.column import GroupLevel

#: What the numbers are.
Representation = Literal["matrix", "graph", "coordinates"]

#: Two halves of a matrix may differ by rounding only.
_SYMMETRY = 1e-8


@dataclass(frozen=True)
class KnownTable:
    """Numbers about labelled levels.

    Attributes
    ----------
    representation : {"matrix", "graph", "coordinates"}
    labels : tuple of str
        Levels as text; those of an interaction ``a:b`` are joined by a colon.
    values : ndarray, shape (label, label) or (label, coordinate)
    """

    representation: Representation
    labels: tuple[str, ...]
    values: Array

    def at(self, levels: Sequence[GroupLevel]) -> tuple[Array, tuple[str, ...]]:
        """Return the numbers of the given levels in their order, and the levels that it does not hold.

        A map of neighbours is returned whole, those levels first: an area without rows still joins its
        neighbours, and one that the map does not name has none.
        """
        position = {label: index for index, label in enumerate(self.labels)}
        wanted = [":".join(map(str, level)) for level in levels]
        missing = tuple(label for label in wanted if label not in position)
        chosen = [position.get(label, 0) for label in wanted]
        if self.representation == "coordinates":
            return self.values[chosen], missing
        if self.representation == "matrix":
            return self.values[np.ix_(chosen, chosen)], missing
        alone = len(self.labels)
        chosen = [position.get(label, alone) for label in wanted]
        chosen += [index for index in range(alone) if index not in set(chosen)]
        return np.pad(self.values, (0, 1))[np.ix_(chosen, chosen)], missing


def known_table(representation: Representation, labels: Sequence[str], numbers: Array) -> KnownTable:
    """Check numbers about labelled levels.

    Parameters
    ----------
    representation : {"matrix", "graph", "coordinates"}
    labels : sequence of str
    numbers : ndarray, shape (label, label) or (label, coordinate)

    Raises
    ------
    ValueError
        Goes on after the table's name: what it must be, and what was found.
    """
    check_distinct(labels)
    if not numbers.size:
        raise ValueError("is empty")
    if not np.isfinite(numbers).all():
        raise ValueError("holds values that are missing or infinite")
    _check_size(numbers)
    if representation != "coordinates":
        _check_symmetric(numbers, labels)
        numbers = (numbers + numbers.T) / 2
    if representation == "graph" and ((numbers < 0).any() or np.diagonal(numbers).any()):
        raise ValueError("must hold weights of at least 0 and a diagonal of zeros")
    if representation == "matrix":
        for variance in np.diagonal(numbers):
            if variance > 0:
                _check_size(variance)
    return KnownTable(representation, tuple(labels), numbers)


def _check_symmetric(numbers: Array, labels: Sequence[str]) -> None:
    gap = np.abs(numbers - numbers.T)
    if gap.max() > _SYMMETRY * np.abs(numbers).max():
        row, column = (int(index) for index in np.unravel_index(np.argmax(gap), gap.shape))
        first, second = labels[row], labels[column]
        pair = f"{numbers[row, column]:g} and {numbers[column, row]:g} between '{first}' and '{second}'"
        raise ValueError(f"must be symmetric, found {pair}")


def check_distinct(labels: Sequence[str]) -> None:
    """Refuse labels of which one stands twice.

    Raises
    ------
    ValueError
        Goes on after the table's name.
    """
    twice = sorted(label for label, count in Counter(labels).items() if count > 1)
    if twice:
        raise ValueError(f"names levels more than once ({value_text(twice)})")


def _check_size(numbers: Array) -> None:
    """Refuse numbers whose squares are no numbers, or 0."""
    size = float(np.abs(numbers).max(initial=0.0))
    if size > LARGEST or 0.0 < size < 1 / LARGEST:
        raise ValueError(
            f"must hold numbers between {1 / LARGEST:g} and {LARGEST:g}, found {size:g}; rescale it"
        )
