"""Means over several linear predictors whose random parts are jointly normal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Joint:
    """Linear predictors of a response's parameters whose random parts are jointly normal.

    Attributes
    ----------
    at : mapping of str to RowValue
        Every parameter at each row, its random part at zero.
    variance : mapping of str to ndarray, shape (draw, row)
        Of the random part of each predictor that has one.
    covariance : mapping of (str, str) to ndarray, shape (draw, row)
        By pair in the order of ``variance``; zero if missing.
    """

    at: RowValues
    variance: Mapping[str, Array] = field(default_factory=dict)
    covariance: Mapping[tuple[str, str], Array] = field(default_factory=dict)

    def only(self, *names: str) -> Joint:
        """Leave out the random parts of all other parameters."""
        kept = {name: v for name, v in self.variance.items() if name in names}
        pairs = {pair: c for pair, c in self.covariance.items() if set(pair) <= set(kept)}
        return replace(self, variance=kept, covariance=pairs)

    def mean(self, function: Callable[[RowValues], Array]) -> Integral:
        """Return E[function(parameters)]."""
        return Integral(np.asarray(function(self.at)), "exact", 0.0)

    def product(self, first: str, second: str, *, complement: bool = False) -> Integral:
        """Return E[first * second], or E[first * (1 - second)]."""
        return self.conditional(lambda at: np.asarray(at[first].value), first, second, complement=complement)

    def conditional(
        self, function: Callable[[RowValues], Array], first: str, second: str, *, complement: bool = False
    ) -> Integral:
        """Return E[function * second], or E[function * (1 - second)]; the function is one of ``first``."""
        of_second = self.at[second]
        other = np.exp(of_second.log_complement) if complement else of_second.value
        return Integral(np.asarray(function(self.at) * other), "exact", 0.0)
