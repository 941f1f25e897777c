"""A function of a response's parameters, as a function of independent standard normals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.core.row_value import RowValue, RowValues

RowFunction = Callable[[RowValues], Array]

#: Draws times rows that are integrated together, unless one draw has more rows.
_CELLS = 2**9
#: Doubles in one working array, which stays in the fast memory of one core.
_BLOCK = 2**14


@dataclass(frozen=True)
class Integrand:
    """A function of parameters whose linear predictors move with standard normals.

    Attributes
    ----------
    function : callable
        Takes parameters, each of shape (draw, row), to an array (draw, row, ...). It is called with
        several points at a time, as if they were draws.
    at : mapping of str to RowValue
        The parameters at the origin.
    loadings : mapping of str to ndarray, shape (axis, draw, row)
        What one unit of each normal adds to a linear predictor.
    """

    function: RowFunction
    at: RowValues
    loadings: Mapping[str, Array]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of axes, draws and rows."""
        axes, draws, rows = next(iter(self.loadings.values())).shape
        return axes, draws, rows

    def blocks(self) -> Iterator[Integrand]:
        """Yield the same for consecutive runs of draws."""
        _, draws, rows = self.shape
        size = max(1, _CELLS // max(rows, 1))
        for start in range(0, draws, size):
            run = slice(start, start + size)
            at = {name: _draws_of(value, run) for name, value in self.at.items()}
            yield Integrand(self.function, at, {name: x[:, run] for name, x in self.loadings.items()})

    def chunks(self, points: Array) -> Iterator[tuple[slice, Array]]:
        """Yield runs of points and the values there, shape (point, draw, row, ...)."""
        _, draws, rows = self.shape
        size = max(1, _BLOCK // max(draws * rows, 1))
        for start in range(0, len(points), size):
            run = slice(start, start + size)
            yield run, self._values(points[run])

    def moved(self, centre: Array) -> Integrand:
        """Return the same with its origin at ``centre``, shape (axis, draw, row)."""
        at = dict(self.at)
        for name, loading in self.loadings.items():
            at[name] = replace(at[name], eta=at[name].eta + (loading * centre).sum(axis=0))
        return Integrand(self.function, at, self.loadings)

    def _values(self, points: Array) -> Array:
        _, draws, rows = self.shape
        count = len(points)
        moved = {name: _repeated(value, count) for name, value in self.at.items()}
        for name, loading in self.loadings.items():
            eta = self.at[name].eta + np.tensordot(points, loading, axes=1)
            moved[name] = replace(self.at[name], eta=eta.reshape(count * draws, rows))
        values = np.asarray(self.function(moved), dtype=np.float64)
        values = np.broadcast_to(values, (count * draws, rows, *values.shape[2:]))
        return values.reshape(count, draws, rows, *values.shape[2:])


def _draws_of(value: RowValue, run: slice) -> RowValue:
    return replace(value, eta=value.eta[run]) if _varies(value) else value


def _repeated(value: RowValue, times: int) -> RowValue:
    if not _varies(value):
        return value
    return replace(value, eta=np.tile(value.eta, (times, *([1] * (np.ndim(value.eta) - 1)))))


def _varies(value: RowValue) -> bool:
    """Whether there is one value for each draw; others are broadcast as they are."""
    return np.ndim(value.eta) >= 2 and np.shape(value.eta)[0] > 1
