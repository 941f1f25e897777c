"""The log probability between two numbers, from two tails or, where both are equal, from the density."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from glmm_bayes.core.maths import Maths
from glmm_bayes.core.row_value import RowValues

_LOG_2 = 0.6931471805599453
#: The two nodes of Gauss and Legendre, from the middle, as a share of the width.
_NODE = 0.28867513459481287
#: A step of the log of a tail in which digits are lost, and one in which none is left.
_SHORT, _LOST = -1e-4, -1e-13
#: Logs of the density that differ by less are those of a straight line: good to 3e-10.
_FLAT = 0.02


class Tails(Protocol):
    """A law with a density and both tails."""

    is_discrete: ClassVar[bool]

    def log_density(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        """Return log f(y)."""

    def log_cdf(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        """Return log P(Y <= y)."""

    def log_survival(self, y: Any, n: Any, at: RowValues, m: Maths) -> Any:
        """Return log P(Y > y)."""


def log_between(law: Tails, low: Any, high: Any, n: Any, at: RowValues, m: Maths) -> Any:
    """Return log P(low < Y <= high).

    It is the difference in the tail in which both numbers are smaller. Where that difference is small
    beside them, the probability is the density at two points times the width.
    """
    below, above = law.log_cdf(high, n, at, m), law.log_survival(low, n, at, m)
    by_cdf = below < above
    larger = m.where(by_cdf, below, above)
    step = m.where(by_cdf, law.log_cdf(low, n, at, m), law.log_survival(high, n, at, m)) - larger
    # The clip is where the density has the word.
    by_tails = larger + m.log1mexp(m.minimum(step, 0.1 * _LOST))
    shift, width = 0.5 if law.is_discrete else 0.0, high - low
    middle = 0.5 * (low + high) + shift
    one, other = (law.log_density(middle + side * _NODE * width, n, at, m) for side in (-1.0, 1.0))
    by_density = m.log(width) + m.logaddexp(one, other) - _LOG_2
    is_flat = m.abs(one - other) < _FLAT
    near = m.where(is_flat, by_density, m.where(step > _LOST, by_density, by_tails))
    return m.where(step > _SHORT, near, by_tails)
