"""Cases of a family in; whether its density sums to 1 and has its mean and its variance, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmm_bayes.core.maths import Array
from glmm_bayes.laws.case import Case
from glmm_bayes.laws.integrals import NumericalLaw

#: Whether a law holds, and the worst of all points.
Verdict = tuple[bool, str]

#: A density with an edge is summed up to about this.
_TOLERANCE = 1e-3


def total(cases: Sequence[Case]) -> Verdict:
    """Compare the sum of the density with 1."""
    return _worst(
        [(case, np.array([law.total for law in case.laws]), np.ones(1), np.ones(1)) for case in cases], "is"
    )


def mean(cases: Sequence[Case]) -> Verdict:
    """Compare the family's mean of one trial with that of the density, in standard deviations."""
    rows = []
    for case in cases:
        means, variances = _moments(case, by_category=case.mean.ndim > 1)
        trials = case.responses.trials
        off = _around(case, case.mean - means / trials)
        rows.append((case, means / trials + off, means / trials, np.sqrt(_of_all(variances)) / trials))
    return _worst(rows, "mean is")


def variance(cases: Sequence[Case]) -> Verdict:
    """Compare the family's variance of one trial with that of the density."""
    rows = []
    for case in cases:
        if case.responses.trials == 1:
            _, variances = _moments(case, by_category=case.variance.ndim > 1)
            rows.append((case, case.variance, variances, _of_all(variances)))
    return _worst(rows, "variance is")


def _of_all(variances: Array) -> Array:
    """Return the unit of each variance: itself, or the sum over categories, some of which may never occur."""
    return variances if variances.ndim == 1 else variances.sum(axis=-1, keepdims=True)


def _moments(case: Case, *, by_category: bool) -> tuple[Array, Array]:
    """Return means and variances of the density at each point, of each category's number if so asked."""
    pairs = [_moments_of(law, case, by_category=by_category) for law in case.laws]
    means, variances = (np.array([pair[place] for pair in pairs]) for place in (0, 1))
    return means, variances


def _moments_of(law: NumericalLaw, case: Case, *, by_category: bool) -> tuple[Array, Array]:
    y, shares = law.y, law.shares
    if case.responses.support == "angle":
        direction = np.arctan2(shares @ np.sin(y), shares @ np.cos(y))
        return direction, shares @ np.square(_around(case, y - direction))
    if by_category and y.ndim == 1:
        y = np.eye(len(y))
    centre = shares @ y
    return centre, shares @ np.square(y - centre)


def _around(case: Case, difference: Array) -> Array:
    """Return differences; of angles those on the circle."""
    if case.responses.support != "angle":
        return difference
    return np.asarray((difference + np.pi) % (2.0 * np.pi) - np.pi)


def _worst(rows: Sequence[tuple[Case, Array, Array, Array]], quantity: str) -> Verdict:
    """Compare numbers, one or several a point, in their units; tell the point where they differ most."""
    largest, text = -1.0, ""
    for case, given, expected, units in rows:
        given, expected, units = np.broadcast_arrays(given, expected, units)
        with np.errstate(all="ignore"):
            errors = np.abs(given - expected) / units
        errors = np.where(np.isfinite(errors), errors, np.inf)
        place = np.unravel_index(int(np.argmax(errors)), errors.shape)
        if errors[place] > largest:
            largest = float(errors[place])
            where = case.text(int(place[0]))
            text = f"{quantity} {given[place]:.4g}, not {expected[place]:.4g}, at {where}"
    return (True, f"largest relative error {largest:.1g}") if largest <= _TOLERANCE else (False, text)
