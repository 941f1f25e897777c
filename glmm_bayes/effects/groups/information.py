"""A fit in, what each row and each level tell about a linear predictor, out: scores and information."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.row_value import RowValue, RowValues
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families.likelihood import adjusted, log_likelihood
from glmm_bayes.fit.fit import Fit
from glmm_bayes.spec.linear_predictor import MEAN

#: Of differences of the log likelihood, on the linear predictor.
_STEP = 1e-3
#: How many steps the middle of a difference stays off an end: both sides have a density there.
_ROOM = 1.001


def unit_of(fit: Fit, name: str = MEAN) -> float:
    """Return the unit of a linear predictor: the response's spread for a mean on it, else 1."""
    on_response = name == MEAN and fit.link.name == "identity"
    return float(np.ptp(fit.response.values)) or 1.0 if on_response else 1.0


def row_information(fit: Fit, at: RowValues, name: str = MEAN) -> tuple[Array, Array]:
    """Return score and information of each row on one linear predictor, shape (draw, row).

    Expected information on the mean of exponential families; elsewhere what the observed response holds,
    by differences of its log likelihood, and none where that is convex.
    """
    additions = fit.response.additions
    is_plain = additions.censored is None and additions.lower is None and additions.upper is None
    if name == MEAN and fit.family.traits.is_exponential and is_plain and additions.rate is None:
        values = adjusted(fit.family, at, additions, NUMPY)
        mu, slope = values["mu"].value, fit.link.inverse_derivative(values["mu"].eta)
        variance = np.maximum(fit.family.variance(values), np.finfo(float).tiny)
        weights = 1.0 if additions.weights is None else additions.weights
        residual = fit.response.values - fit.response.trials * mu
        return weights * residual * slope / variance, weights * fit.response.trials * slope**2 / variance
    step = _STEP * unit_of(fit, name)
    if name == MEAN and fit.family.has_bounded_predictor(fit.link):
        at = {**at, name: _off_ends(fit, at[name], _ROOM * step)}
    below, middle, above = (_row_likelihood(fit, at, name, shift) for shift in (-step, 0.0, step))
    return (above - below) / (2 * step), np.maximum(2 * middle - above - below, 0.0) / step**2


def _off_ends(fit: Fit, value: RowValue, room: float) -> RowValue:
    """Take linear predictors as far from their ends as differences need."""
    low, high = fit.link.predictor_domain(fit.family.mu.bounds)
    return replace(value, eta=np.clip(value.eta, low + room, high - room))


def _row_likelihood(fit: Fit, at: RowValues, name: str, shift: float) -> Array:
    response, value = fit.response, at[name]
    moved = {**at, name: replace(value, eta=value.eta + shift)}
    log_density = log_likelihood(
        fit.family, response.values, response.trials, moved, response.additions, NUMPY
    )
    return np.asarray(log_density)


def level_information(group: GroupDesign, weights: Array) -> Array:
    """Add up w z z' over the rows of each level, shape (draw, level, effect, effect)."""
    levels, size = len(group.levels), len(group.effects)
    result = np.empty((len(weights), levels, size, size))
    order = np.argsort(group.codes, kind="stable")
    starts = np.searchsorted(group.codes[order], np.arange(levels))
    for first in range(size):
        for second in range(first + 1):
            products = weights * (group.z[:, first] * group.z[:, second])
            sums = np.add.reduceat(products[:, order], starts, axis=1)
            result[:, :, first, second] = result[:, :, second, first] = sums
    return result
