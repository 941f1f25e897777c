"""Bounds outside which responses are not seen: their probability, and draws from inside them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.families import Family, Response
from glmm_bayes.families.intervals import log_sum
from glmm_bayes.families.regions import Region, is_empty, open_bounds

Rows = NDArray[np.int64]

#: Where the search for the end of an open side is given up.
_FAR = 1e305
#: Halvings of an interval.
_STEPS = 110
#: Whole numbers whose probabilities are added up one by one.
_FEW = 8


def take_rows(at: RowValues, rows: Rows, size: int) -> dict[str, RowValue]:
    """Take the parameters of some rows; those with one value for all rows stay."""
    result = {}
    for name, value in at.items():
        shape = value.eta.type.shape if hasattr(value.eta, "type") else np.shape(value.eta)
        is_of_rows = name != "thresholds" and len(shape) > 0 and shape[-1] in (None, size)
        result[name] = replace(value, eta=value.eta[..., rows]) if is_of_rows else value
    return result


def log_region(family: Family, region: Region, n: Array, at: RowValues, m: Maths) -> Array:
    """Return the log probability of the region of each row, shape (..., row)."""
    low, high = region
    start, none = np.maximum(low, -1.0), is_empty(family.support, low, high)
    few = family.is_discrete & (high - start <= _FEW)
    cases = np.select([none, few], [5, 4], np.isfinite(low) + 2 * np.isfinite(high))
    runs: list[tuple[Rows, Array]] = []
    for case in np.unique(cases):
        rows = np.flatnonzero(cases == case)
        at_rows, n_at_rows = take_rows(at, rows, len(low)), n[rows]
        if case == 1:
            value = family.log_survival(low[rows], n_at_rows, at_rows, m)
        elif case == 2:
            value = family.log_cdf(high[rows], n_at_rows, at_rows, m)
        elif case == 3:
            value = family.log_between(low[rows], high[rows], n_at_rows, at_rows, m)
        elif case == 4:
            value = log_sum(family, start[rows], high[rows], n_at_rows, at_rows, m)
        elif case == 5:
            value = np.full(len(rows), -np.inf)
        else:
            continue
        runs.append((rows, value))
    return m.scatter(runs, len(low))


def log_mass(family: Family, n: Array, at: RowValues, additions: Additions, m: Maths) -> Array:
    """Return the log probability of the bounds of each row; a bound is itself inside them."""
    return log_region(family, bounds_of(family, additions), n, at, m)


def bounds_of(family: Family, additions: Additions) -> Region:
    """Return the region of the bounds of each row, of which one at least is written."""
    size = len(next(bound for bound in (additions.lower, additions.upper) if bound is not None))
    return open_bounds(family.support, additions, size)


def outside_bounds(y: Array, additions: Additions) -> NDArray[np.bool_]:
    """Tell which responses lie outside the bounds of their rows."""
    lower = -np.inf if additions.lower is None else additions.lower
    upper = np.inf if additions.upper is None else additions.upper
    return np.asarray((y < lower) | (y > upper))


def redraw_outside(
    family: Family, rng: np.random.Generator, response: Response, at: RowValues, drawn: Array
) -> Array:
    """Draw the responses that lie outside their bounds from inside, by inverting the distribution function.

    The conditional distribution function is inverted by bisection on its log, so that bounds may leave
    as little probability as a float can tell.

    Raises
    ------
    PredictionError
        ``truncation`` if the log probability of some bounds is not finite.
    """
    draws, rows = np.nonzero(outside_bounds(drawn, response.additions))
    if not len(rows):
        return drawn
    at_outside = {name: replace(value, eta=_pick(value.eta, draws, rows)) for name, value in at.items()}
    low, high = (bound[rows] for bound in bounds_of(family, response.additions))
    law = _Inverse(family, response.trials[rows], at_outside, low, high)
    with np.errstate(all="ignore"):
        total = log_region(family, (low, high), law.n, at_outside, NUMPY)
        if not np.isfinite(total).all():
            message = f"trunc() leaves no probability that a float can tell in {len(set(rows))} rows."
            raise PredictionError(Finding("truncation", message, hint="Look at the bounds and the priors."))
        redrawn = law.at(total + np.log(rng.uniform(size=len(rows))))
    result = drawn.copy()
    result[draws, rows] = redrawn
    additions = response.additions
    return np.clip(
        result,
        -np.inf if additions.lower is None else additions.lower,
        np.inf if additions.upper is None else additions.upper,
    )


@dataclass(frozen=True)
class _Inverse:
    """The law of each row between two ends, and its quantiles, shape (row,)."""

    family: Family
    n: Array
    values: RowValues
    low: Array
    high: Array

    def log_share(self, y: Array) -> Array:
        """Return log P(low < Y <= y)."""
        return np.asarray(log_region(self.family, (self.low, y), self.n, self.values, NUMPY))

    def at(self, target: Array) -> Array:
        """Return the smallest y whose ``log_share`` is at least the target."""
        low, high = self._bracket(target)
        for _ in range(_STEPS):
            middle = 0.5 * low + 0.5 * high
            is_below = self.log_share(np.floor(middle) if self.family.is_discrete else middle) < target
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        if self.family.is_discrete:
            return np.maximum(np.floor(high), np.maximum(self.low, -1.0) + 1.0)
        floor = self.family.support.floor
        if floor is not None and self.family.support.floor_has_mass:
            is_floor = ~np.isfinite(self.low) & (self.log_share(np.full_like(low, floor)) >= target)
            return np.where(is_floor, floor, high)
        return high

    def _bracket(self, target: Array) -> tuple[Array, Array]:
        """Return numbers below and above the quantile: an open end is looked for by doubling."""
        floor = -1.0 if self.family.is_discrete else self.family.support.floor
        low = self.low if floor is None else np.maximum(self.low, floor)
        ceiling = self.family.support.ceiling
        high = self.high if ceiling is None else np.minimum(self.high, ceiling)
        anchor = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
        width = np.ones_like(anchor)
        while (short := ~np.isfinite(high) & ~(self.log_share(anchor + width) >= target)).any():
            width = np.where(short, 2.0 * width, width)
            if width.max() > _FAR:
                break
        high = np.where(np.isfinite(high), high, anchor + width)
        width = np.ones_like(anchor)
        while (short := ~np.isfinite(low) & ~(self.log_share(anchor - width) < target)).any():
            width = np.where(short, 2.0 * width, width)
            if width.max() > _FAR:
                break
        return np.where(np.isfinite(low), low, anchor - width), high


def _pick(eta: Array, draws: Rows, rows: Rows) -> Array:
    """Take one value for each pair of a draw and a row; vectors of thresholds keep their last axis."""
    sizes = (max(size, int(used.max()) + 1) for size, used in zip(eta.shape, (draws, rows), strict=False))
    wide = np.broadcast_to(eta, (*sizes, *eta.shape[2:]))
    return np.asarray(wide[draws, rows])
