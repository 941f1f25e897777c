"""The log probability between two numbers, from two tails or, where both are equal, from the density."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValue, RowValues

_LOG_2 = 0.6931471805599453
#: The two nodes of Gauss and Legendre, from the middle, as a share of the width.
_NODE = 0.28867513459481287
#: A step of the log of a tail in which digits are lost, and one in which none is left.
_SHORT, _LOST = -1e-4, -1e-13
#: Logs of the density that differ by less are those of a straight line: good to 3e-10.
_FLAT = 0.02


class Tails(Protocol):
    """A law with a density and both tails."""

    @property
    def is_discrete(self) -> bool:
        """Whether its values are whole numbers."""

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log f(y)."""

    def log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y <= y)."""

    def log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        """Return log P(Y > y)."""


def log_between(law: Tails, low: Array, high: Array, n: Array, at: RowValues, m: Maths) -> Array:
    """Return log P(low < Y <= high).

    It is the difference in the tail in which both numbers are smaller. Where that difference is small
    beside them, the probability is the density at two points times the width.
    """
    # Both ends in one call, along a last axis: a graph has each function once.
    ends, wide, n = np.stack(np.broadcast_arrays(low, high), axis=-1), widened(at), _of_axis(n)
    below, above = law.log_cdf(ends, n, wide, m), law.log_survival(ends, n, wide, m)
    by_cdf = below[..., 1] < above[..., 0]
    larger = m.where(by_cdf, below[..., 1], above[..., 0])
    step = m.where(by_cdf, below[..., 0], above[..., 1]) - larger
    # The clip is where the density has the word.
    by_tails = larger + m.log1mexp(m.minimum(step, 0.1 * _LOST))
    shift, width = 0.5 if law.is_discrete else 0.0, np.asarray(high - low)
    nodes = (0.5 * (low + high) + shift)[..., None] + width[..., None] * np.array([-_NODE, _NODE])
    density = law.log_density(nodes, n, wide, m)
    by_density = np.log(width) + m.logsumexp(density) - _LOG_2
    is_flat = m.abs(density[..., 1] - density[..., 0]) < _FLAT
    near = m.where(is_flat, by_density, m.where(step > _LOST, by_density, by_tails))
    return m.where(step > _SHORT, near, by_tails)


def log_sum(law: Tails, start: Array, high: Array, n: Array, at: RowValues, m: Maths) -> Array:
    """Return the log of the sum of a few probabilities, of whole numbers above ``start`` up to ``high``."""
    y = start[..., None] + np.arange(1.0, float((high - start).max()) + 1.0)
    density = law.log_density(np.minimum(y, high[..., None]), _of_axis(n), widened(at), m)
    return m.logsumexp(m.where(y <= high[..., None], density, -np.inf))


def widened(at: RowValues) -> dict[str, RowValue]:
    """Give parameters a last axis for several numbers of a row; one of all rows stays."""
    return {
        name: replace(value, eta=value.eta[..., None]) if getattr(value.eta, "ndim", 0) else value
        for name, value in at.items()
    }


def _of_axis(n: Array) -> Array:
    """Give numbers of trials the same axis."""
    return n[..., None] if getattr(n, "ndim", 0) else n
