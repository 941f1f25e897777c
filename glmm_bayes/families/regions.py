"""Bounds and censoring in; the region of each row out, as numbers that a response can tell.

A region is the number that responses lie above and the number that they do not exceed. Here alone it is
decided what ends mean that are not whole, or lie beyond the support.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.families.traits import Support

Region = tuple[Array, Array]


def open_bounds(support: Support, additions: Additions, size: int) -> Region:
    """Return the region of the bounds, which are themselves inside, shape (row,)."""
    lower = np.full(size, -np.inf) if additions.lower is None else np.asarray(additions.lower, np.float64)
    upper = np.full(size, np.inf) if additions.upper is None else np.asarray(additions.upper, np.float64)
    if support.is_discrete:
        lower = np.ceil(lower) - 1.0
    elif support.floor is not None:
        # A bound at the floor keeps a probability that the floor itself has.
        lower = np.where(lower <= support.floor, -np.inf, lower)
    return told_apart(support, lower, upper)


def censored_regions(support: Support, y: Array, additions: Additions) -> Region:
    """Return the region of each row inside its bounds, shape (row,); of a row that was seen, the bounds."""
    codes = additions.censored
    assert codes is not None
    low, high = open_bounds(support, additions, len(y))
    end = y if additions.interval_end is None else additions.interval_end
    above, up_to = told_apart(
        support, np.where(codes > 0, y, -np.inf), np.select([codes < 0, codes == 2], [y, end], np.inf)
    )
    return np.maximum(low, above), np.minimum(high, up_to)


def told_apart(support: Support, low: Array, high: Array) -> Region:
    """Return the same region with open ends where they leave out nothing."""
    if support.is_discrete:
        low, high = np.floor(low), np.floor(high)
        return np.where(low < 0, -np.inf, low), high
    floor, ceiling = support.floor, support.ceiling
    if floor is not None:
        low = np.where(low < floor if support.floor_has_mass else low <= floor, -np.inf, low)
    return low, high if ceiling is None else np.where(high >= ceiling, np.inf, high)


def without_region(support: Support, low: Array, high: Array, additions: Additions) -> NDArray[np.bool_]:
    """Tell the censored rows whose region holds no value of the support."""
    assert additions.censored is not None
    return np.asarray(is_empty(support, low, high) & (additions.censored != 0))


def is_empty(support: Support, low: Array, high: Array) -> NDArray[np.bool_]:
    """Tell the regions that hold no value of the support."""
    floor, ceiling = support.floor, support.ceiling
    if support.is_discrete:
        return np.asarray(high <= np.maximum(low, -1.0))
    empty = np.asarray(high <= low)
    if floor is not None:
        empty = empty | (high < floor if support.floor_has_mass else high <= floor)
    return empty if ceiling is None else empty | (low >= ceiling)


def stand_ins(support: Support, y: Array, region: Region, additions: Additions) -> Array:
    """Return the values with a number of its region where a censored one is none of the support."""
    assert additions.censored is not None
    low, high = region
    floor, ceiling = support.floor, support.ceiling
    if support.is_discrete:
        inside = (y >= 0) & (y == np.floor(y))
        ends = np.maximum(low, -1.0) + 1.0, np.where(np.isfinite(high), high, np.maximum(low, -1.0) + 1.0)
        middle = np.floor(0.5 * (ends[0] + ends[1]))
    else:
        below, above = -np.inf if floor is None else floor, np.inf if ceiling is None else ceiling
        inside = (y > below) & (y < above)
        inside |= (y == below) & support.floor_has_mass
        middle = _middle(np.maximum(low, below), np.minimum(high, above), y[inside])
    return np.where((additions.censored != 0) & ~inside, middle, y)


def inner_point(support: Support) -> float:
    """Return a number inside the support: for a row that is refused already, and is told once."""
    floor, ceiling = support.floor, support.ceiling
    if support.is_discrete or floor is None:
        return 1.0 if ceiling is None else 0.5 * ceiling
    return floor + 1.0 if ceiling is None else 0.5 * (floor + ceiling)


def _middle(low: Array, high: Array, others: Array) -> Array:
    """Return a number between two ends, of which one may be open."""
    size = float(np.mean(np.abs(others))) if len(others) else 1.0
    low = np.where(np.isfinite(low), low, high - size)
    return np.asarray(0.5 * (low + np.where(np.isfinite(high), high, low + 2.0 * size)))
