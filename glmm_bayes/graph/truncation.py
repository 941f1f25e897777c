"""Bounds outside which responses are not seen: their probability, and draws from inside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.graph.families import Family, Response

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Stands for the end of an open side.
_FAR = 1e15
#: Halvings of an interval: from 1e15 to the last digit.
_STEPS = 110


def take_rows(at: RowValues, rows: Rows, size: int) -> dict[str, RowValue]:
    """Take the parameters of some rows; those with one value for all rows stay."""
    result = {}
    for name, value in at.items():
        shape = value.eta.type.shape if hasattr(value.eta, "type") else np.shape(value.eta)
        is_of_rows = name != "thresholds" and len(shape) > 0 and shape[-1] in (None, size)
        result[name] = replace(value, eta=value.eta[..., rows]) if is_of_rows else value
    return result


def log_between(family: Family, low: Any, high: Any, n: Any, at: RowValues, m: Maths) -> Any:
    """Return log P(low < Y <= high), from the tail in which it is the difference of smaller numbers."""
    below, above = family.log_cdf(high, n, at, m), family.log_survival(low, n, at, m)
    by_cdf = below + m.log1mexp(m.minimum(family.log_cdf(low, n, at, m) - below, -1e-300))
    by_survival = above + m.log1mexp(m.minimum(family.log_survival(high, n, at, m) - above, -1e-300))
    return m.where(below < above, by_cdf, by_survival)


def log_mass(family: Family, n: Any, at: RowValues, additions: Additions, m: Maths) -> Any:
    """Return the log probability of the bounds of each row; a bound is itself inside them."""
    lower, upper = open_bounds(family, additions)
    kinds = np.isfinite(lower) + 2 * np.isfinite(upper)
    parts = []
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        own, n_own = take_rows(at, rows, len(lower)), n[rows]
        if kind == 1:
            value = family.log_survival(lower[rows], n_own, own, m)
        elif kind == 2:
            value = family.log_cdf(upper[rows], n_own, own, m)
        elif kind == 3:
            value = log_between(family, lower[rows], upper[rows], n_own, own, m)
        else:
            continue
        parts.append((rows, value))
    return m.scatter(parts, len(lower))


def open_bounds(family: Family, additions: Additions) -> tuple[Array, Array]:
    """Return the number that responses lie above and the number that they do not exceed, shape (row,)."""
    size = len(next(bound for bound in (additions.lower, additions.upper) if bound is not None))
    lower = np.full(size, -np.inf) if additions.lower is None else additions.lower
    upper = np.full(size, np.inf) if additions.upper is None else additions.upper
    floor = family.support_floor
    if family.is_discrete:
        lower, floor = np.ceil(lower) - 1.0, -1.0
    if floor is not None:
        # Nothing lies at or below the floor of the support.
        lower = np.where(lower <= floor, -np.inf, lower)
    return lower, upper


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
    additions = response.additions
    outside = outside_bounds(drawn, additions)
    draws, rows = np.nonzero(outside)
    own = {name: replace(value, eta=_pick(value.eta, draws, rows)) for name, value in at.items()}
    n = response.trials[rows]
    lower, upper = (bound[rows] for bound in open_bounds(family, additions))
    floor = -1.0 if family.is_discrete else family.support_floor
    low = np.where(np.isfinite(lower), lower, -_FAR if floor is None else floor)
    high = np.where(np.isfinite(upper), upper, _FAR)

    def log_share(y: Array) -> Array:
        """Return log P(lower < Y <= y)."""
        above = np.isfinite(lower)
        both = log_between(family, np.where(above, lower, low), y, n, own, NUMPY)
        return np.asarray(np.where(above, both, family.log_cdf(y, n, own, NUMPY)))

    with np.errstate(all="ignore"):
        total = log_share(high)
        if not np.isfinite(total).all():
            message = f"trunc() leaves no probability that a float can tell in {len(set(rows))} rows."
            raise PredictionError(Finding("truncation", message, hint="Look at the bounds and the priors."))
        target = total + np.log(rng.uniform(size=len(rows)))
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            is_below = log_share(middle) < target
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    result = drawn.copy()
    result[draws, rows] = np.ceil(low) if family.is_discrete else 0.5 * (low + high)
    return result


def _pick(eta: Array, draws: Rows, rows: Rows) -> Array:
    """Take one value for each pair of a draw and a row; vectors of thresholds keep their last axis."""
    wide = np.broadcast_to(eta, (eta.shape[0], max(eta.shape[1], int(rows.max()) + 1), *eta.shape[2:]))
    return np.asarray(wide[draws, rows])
