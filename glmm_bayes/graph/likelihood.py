"""Parameters at each row in, the log likelihood of each row out: weights, censoring and bounds included.

Written once for the graph and for arrays of draws, as the families' densities are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.graph.families import Family, Response

Rows = NDArray[np.int64]

#: Redraws of responses outside their bounds.
_MOST_ROUNDS = 2000


def log_likelihood(family: Family, y: Any, n: Any, at: RowValues, additions: Additions, m: Maths) -> Any:
    """Return the log likelihood of each row.

    Parameters
    ----------
    family : Family
    y, n : array or graph variable, shape (row, ...)
        Responses and numbers of trials.
    at : mapping of str to RowValue
        Parameters, before known standard errors and exposure.
    additions : Additions
    m : Maths

    Returns
    -------
    array or graph variable, shape (..., row)
        ``w log f(y)``; the log probability of the interval for a censored row; less the log probability
        of the bounds where responses outside them are not seen.
    """
    at = adjusted(at, additions, m)
    if additions.censored is None:
        result = family.log_density(y, n, at, m)
    else:
        result = _censored(family, y, n, at, additions, m)
    if additions.lower is not None or additions.upper is not None:
        result = result - _log_mass(family, n, at, additions, m)
    return result if additions.weights is None else additions.weights * result


def adjusted(at: RowValues, additions: Additions, m: Maths) -> RowValues:
    """Put known standard errors and exposure into the parameters.

    Standard errors ``s`` make sigma ``sqrt(s^2 + sigma^2)``, or ``s`` alone. Exposure ``e`` is that of
    ``rate(e)``: the sum of e independent units, with mean ``e mu`` and shape ``e shape``.
    """
    result = dict(at)
    if additions.se is not None:
        own = at["sigma"].value if additions.se_adds_sigma else 0.0
        result["sigma"] = number(m.sqrt(additions.se**2 + own * own), m)
    if additions.rate is not None:
        result["mu"] = _times(at["mu"], additions.rate, m)
        if "shape" in at:
            result["shape"] = _times(at["shape"], additions.rate, m)
    return result


def _times(value: RowValue, factor: Any, m: Maths) -> RowValue:
    if value.link.name == "log":
        return replace(value, eta=value.eta + np.log(factor))
    return number(value.value * factor, m)


def _take(at: RowValues, rows: Rows, size: int) -> dict[str, RowValue]:
    """Take the parameters of some rows; those with one value for all rows stay."""
    result = {}
    for name, value in at.items():
        shape = value.eta.type.shape if hasattr(value.eta, "type") else np.shape(value.eta)
        is_of_rows = name != "thresholds" and len(shape) > 0 and shape[-1] in (None, size)
        result[name] = replace(value, eta=value.eta[..., rows]) if is_of_rows else value
    return result


def _censored(family: Family, y: Any, n: Any, at: RowValues, additions: Additions, m: Maths) -> Any:
    codes, end = additions.censored, additions.interval_end
    assert codes is not None
    parts = []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        own, y_own, n_own = _take(at, rows, len(codes)), y[rows], n[rows]
        if code == 0:
            value = family.log_density(y_own, n_own, own, m)
        elif code < 0:
            value = family.log_cdf(y_own, n_own, own, m)
        elif code == 1:
            value = family.log_survival(y_own, n_own, own, m)
        else:
            assert end is not None
            value = _log_between(family, y_own, end[rows], n_own, own, m)
        parts.append((rows, value))
    return m.scatter(parts, len(codes))


def _log_between(family: Family, low: Any, high: Any, n: Any, at: RowValues, m: Maths) -> Any:
    """Return log P(low < Y <= high), from the tail in which it is the difference of smaller numbers."""
    below, above = family.log_cdf(high, n, at, m), family.log_survival(low, n, at, m)
    by_cdf = below + m.log1mexp(m.minimum(family.log_cdf(low, n, at, m) - below, -1e-300))
    by_survival = above + m.log1mexp(m.minimum(family.log_survival(high, n, at, m) - above, -1e-300))
    return m.where(below < above, by_cdf, by_survival)


def _log_mass(family: Family, n: Any, at: RowValues, additions: Additions, m: Maths) -> Any:
    """Return the log probability of the bounds; a discrete lower bound is itself inside them."""
    size = len(additions.lower if additions.lower is not None else additions.upper)  # type: ignore[arg-type]
    lower = np.full(size, -np.inf) if additions.lower is None else additions.lower
    upper = np.full(size, np.inf) if additions.upper is None else additions.upper
    lower = np.ceil(lower) - 1.0 if family.is_discrete else lower
    if family.is_discrete or family.support_floor is not None:
        # Nothing lies at or below the floor of the support.
        floor = -1.0 if family.is_discrete else family.support_floor
        lower = np.where(lower <= floor, -np.inf, lower)  # type: ignore[operator]
    kinds = np.isfinite(lower) + 2 * np.isfinite(upper)
    parts = []
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        own, n_own = _take(at, rows, size), n[rows]
        if kind == 0:
            continue
        if kind == 1:
            value = family.log_survival(lower[rows], n_own, own, m)
        elif kind == 2:
            value = family.log_cdf(upper[rows], n_own, own, m)
        else:
            value = _log_between(family, lower[rows], upper[rows], n_own, own, m)
        parts.append((rows, value))
    return m.scatter(parts, size)


def draw_responses(
    family: Family, rng: np.random.Generator, response: Response, at: RowValues
) -> NDArray[np.float64]:
    """Draw responses of the rows, shape (draw, row, ...): with their trials, errors, exposure and bounds.

    Responses of censored rows are drawn as they would have been without censoring.

    Raises
    ------
    PredictionError
        ``truncation`` if bounds leave so little probability that nothing is drawn inside them.
    """
    additions = response.additions
    at = adjusted(at, additions, NUMPY)
    drawn = family.random(rng, response.trials, at)
    if additions.lower is None and additions.upper is None:
        return drawn
    lower = -np.inf if additions.lower is None else additions.lower
    upper = np.inf if additions.upper is None else additions.upper
    for _ in range(_MOST_ROUNDS):
        outside = (drawn < lower) | (drawn > upper)
        if not outside.any():
            return drawn
        drawn = np.where(outside, family.random(rng, response.trials, at), drawn)
    message = f"after {_MOST_ROUNDS} rounds {int(outside.sum())} responses lie outside their bounds: trunc() "
    message += "leaves them next to no probability."
    raise PredictionError(Finding("truncation", message, hint="Look at the bounds, or at the priors."))
