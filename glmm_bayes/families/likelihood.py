"""Parameters at each row in, the log likelihood of each row out: weights, censoring and bounds included.

Written once for the graph and for arrays of draws, as the families' densities are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.families import Family, Response
from glmm_bayes.families.truncation import (
    log_mass,
    log_region,
    outside_bounds,
    redraw_outside,
    take_rows,
)

#: Redraws of responses outside their bounds, before they are drawn from inside.
_ROUNDS = 20


def log_likelihood(
    family: Family, y: Array, n: Array, at: RowValues, additions: Additions, m: Maths
) -> Array:
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
    at = adjusted(family, at, additions, m)
    if additions.censored is None:
        result = family.log_density(y, n, at, m)
    else:
        result = _censored(family, y, n, at, additions, m)
    if additions.lower is not None or additions.upper is not None:
        result = result - log_mass(family, n, at, additions, m)
    return result if additions.weights is None else additions.weights * result


def adjusted(family: Family, at: RowValues, additions: Additions, m: Maths) -> RowValues:
    """Put known standard errors and exposure into the parameters.

    Standard errors ``s`` make sigma ``sqrt(s^2 + sigma^2)``, or ``s`` alone. Exposure ``e`` is that of
    ``rate(e)``: the sum of e independent units, with mean ``e mu`` and shape ``e shape``.
    """
    result = dict(at)
    if additions.se is not None:
        sigma = at["sigma"].value if additions.se_adds_sigma else 0.0
        result["sigma"] = number(m.sqrt(additions.se**2 + sigma * sigma), m)
    if additions.rate is not None:
        for name in ("mu", *(family.traits.of_a_sum or ())):
            result[name] = _times(at[name], additions.rate, m)
    return result


def _times(value: RowValue, factor: Array, m: Maths) -> RowValue:
    if value.link.name == "log":
        return replace(value, eta=value.eta + np.log(factor))
    return number(value.value * factor, m)


def _censored(family: Family, y: Array, n: Array, at: RowValues, additions: Additions, m: Maths) -> Array:
    """Return the log density of rows that were seen, the log probability of the regions of others."""
    codes, region = additions.censored, additions.region
    assert codes is not None and region is not None
    runs = []
    for is_seen in (True, False):
        rows = np.flatnonzero((codes == 0) == is_seen)
        if not len(rows):
            continue
        at_rows, n_at_rows = take_rows(at, rows, len(codes)), n[rows]
        if is_seen:
            value = family.log_density(y[rows], n_at_rows, at_rows, m)
        else:
            value = log_region(family, (region[0][rows], region[1][rows]), n_at_rows, at_rows, m)
        runs.append((rows, value))
    return m.scatter(runs, len(codes))


def draw_responses(
    family: Family, rng: np.random.Generator, response: Response, at: RowValues
) -> NDArray[np.float64]:
    """Draw responses of the rows, shape (draw, row, ...): with their trials, errors, exposure and bounds.

    Responses of censored rows are drawn as they would have been without censoring.

    Raises
    ------
    PredictionError
        ``truncation`` if bounds leave so little probability that its log is not finite;
        ``not_drawable`` if a parameter is too large, or at an end where there is no distribution.
    """
    additions = response.additions
    at = adjusted(family, at, additions, NUMPY)
    drawn = _random(family, rng, response, at)
    if additions.lower is None and additions.upper is None:
        return drawn
    for _ in range(_ROUNDS):
        outside = outside_bounds(drawn, additions)
        if not outside.any():
            return drawn
        drawn = np.where(outside, _random(family, rng, response, at), drawn)
    return redraw_outside(family, rng, response, at, drawn)


def _random(
    family: Family, rng: np.random.Generator, response: Response, at: RowValues
) -> NDArray[np.float64]:
    try:
        return family.random(rng, response.trials, at)
    except ValueError as error:
        if isinstance(error, PredictionError):
            raise
        message = f"no response of {family.name} can be drawn at some of the draws: {error}."
        hint = "Look at their parameters: gb.summary(fit)."
        raise PredictionError(Finding("not_drawable", message, hint=hint)) from error
