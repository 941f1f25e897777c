"""Default priors and a likelihood in, the model without effects out: intercepts and dispersion alone.

It is fitted roughly, one parameter after the other, under the default priors: what it says is the scale of
the data, near which sampling starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit, logit

from glmm_bayes.core.maths import Array
from glmm_bayes.families import Family, Scales
from glmm_bayes.families.thresholds import median_start
from glmm_bayes.priors.monotonic import is_total, prior_columns
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.prior_densities import median
from glmm_bayes.priors.priors import Priors

Draws = Mapping[str, Array]

_SWEEPS = 2
#: How many scales of its default prior an intercept, and how many units of its log a dispersion may move.
_FARTHEST, _FARTHEST_LOG = 4.0, 8.0
#: Sd of the log of a dispersion around the median of its default prior.
_LOG_SD = 2.0


@dataclass(frozen=True)
class NullModel:
    """Coefficients with priors, by predictor, and parameters with one value for all rows."""

    coefficients: Mapping[str, Array]
    auxiliary: Mapping[str, float]

    def draws(self, priors: Priors) -> dict[str, Array]:
        """Return the reported variables, shape (1, ...), with random effects of 0."""
        result: dict[str, Array] = {}
        for name, predictor in priors.predictors.items():
            plain = replace(predictor, response="")
            beta = columns_of_coefficients(predictor) @ self.coefficients[name]
            level = 0 if predictor.design.state.has_intercept else 1
            result[plain.names.beta] = beta[None, level:]
            result |= _no_effects(plain)
        result |= {name: np.array([value]) for name, value in self.auxiliary.items()}
        if priors.thresholds is not None:
            count = len(priors.thresholds.labels)
            result["thresholds"] = median_start(count + 1, priors.first.link)[None]
        return result


def without_margin(priors: Priors) -> Priors:
    """Return the priors with conditional predictors, which equal marginal ones where nothing varies."""
    return replace(
        priors, predictors={k: replace(one, is_marginal=False) for k, one in priors.predictors.items()}
    )


def null_model(
    family: Family,
    priors: Priors,
    defaults: Priors,
    scales: Mapping[str, Scales],
    likelihood: Callable[[Draws, Priors], float],
) -> NullModel:
    """Fit the model without effects."""
    coefficients = {k: null_coefficients(one) for k, one in defaults.predictors.items()}
    auxiliary = {name: median(law) for name, law in defaults.auxiliary.items()}
    plain = without_margin(priors)
    null = NullModel(coefficients, auxiliary)

    def improved(
        null: NullModel, moved: Callable[[float], NullModel], farthest: float, sd: float
    ) -> NullModel:
        def loss(step: float) -> float:
            with np.errstate(all="ignore"):
                value = likelihood(moved(step).draws(plain), plain)
            return 0.5 * (step / sd) ** 2 - value if np.isfinite(value) else np.inf

        step = _lowest(loss, farthest)
        return moved(step) if loss(step) < loss(0.0) else null

    directions = {k: _constant(one) for k, one in priors.predictors.items()}
    for _ in range(_SWEEPS):
        for name, direction in directions.items():
            if direction is not None:
                unit = scales[name].intercept_sd * direction
                null = improved(null, _shifted(null, name, unit), _FARTHEST, 1.0)
        for name in auxiliary:
            support = family.kinds[name].support
            null = improved(null, _scaled(null, name, support), _FARTHEST_LOG, _LOG_SD)
    return null


def _lowest(loss: Callable[[float], float], farthest: float) -> float:
    """Return about where a function of one number is lowest: on a grid, then between its neighbours."""
    from scipy.optimize import minimize_scalar

    grid = np.linspace(-farthest, farthest, 17)
    values = [loss(float(step)) for step in grid]
    best = int(np.argmin(values))
    width = float(grid[1] - grid[0])
    bounds = (grid[best] - width, grid[best] + width)
    minimum = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 0.02, "maxiter": 12})
    return float(minimum.x) if minimum.fun < values[best] else float(grid[best])


def _shifted(null: NullModel, name: str, unit: Array) -> Callable[[float], NullModel]:
    beta = null.coefficients[name]
    return lambda step: replace(null, coefficients={**null.coefficients, name: beta + step * unit})


def _scaled(null: NullModel, name: str, support: str) -> Callable[[float], NullModel]:
    value = null.auxiliary[name]
    moves: dict[str, Callable[[float], float]] = {
        "positive": lambda step: float(value * np.exp(step)),
        "unit": lambda step: float(expit(logit(value) + step)),
        "real": lambda step: float(value + step),
    }
    return lambda step: replace(null, auxiliary={**null.auxiliary, name: moves[support](step)})


def _constant(predictor: Predictor) -> Array | None:
    """Return the coefficients whose linear predictor is 1 in all rows, if there are any."""
    if not predictor.design.state.has_intercept:
        return None
    columns = prior_columns(predictor.design.columns)
    plain = [index for index, column in enumerate(columns) if not column.factors]
    if plain:
        return np.asarray(np.eye(len(columns))[plain[0]])
    rows = rows_of_coefficients(predictor)
    solution = np.asarray(np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)[0])
    return solution if np.allclose(rows @ solution, 1.0, atol=1e-6) else None


def null_coefficients(default: Predictor) -> Array:
    """Return the coefficients at the centre of the default priors: the mean of the data, no effects."""
    prior = default.fixed
    middle = np.array([law["alpha"] for _, law in prior.others])
    return np.asarray(prior.from_normal @ (prior.mean + prior.shift @ middle) + prior.from_others @ middle)


def _no_effects(predictor: Predictor) -> dict[str, Any]:
    return {
        predictor.names.of_factor("b", group.slug): np.zeros((1, len(group.levels), len(group.effects)))
        for group in predictor.design.groups
    }


def columns_of_coefficients(predictor: Predictor) -> Array:
    """Return the matrix that takes coefficients with priors to those of the columns, steps at equal shares.

    Where thresholds take the intercept, the first row and column are what centring adds to it.
    """
    coefficients = prior_columns(predictor.design.columns)
    level = 0 if predictor.design.state.has_intercept else 1
    size = level + len(coefficients)
    totals = sum(map(is_total, coefficients))
    plain = size - totals
    if not totals:
        return np.eye(size)
    terms = predictor.monotonic
    positions = [index for term in terms for step_positions in term.positions for index in step_positions]
    steps = np.zeros((len(positions), size))
    row, total = 0, plain
    for term in terms:
        for step_positions in term.positions:
            steps[row : row + len(step_positions), total] = 1.0 / len(step_positions)
            row, total = row + len(step_positions), total + 1
    others = np.eye(plain, size) + predictor.fixed.from_steps[:plain] @ steps
    rest = [index for index in range(len(predictor.design.columns)) if index not in positions]
    order = [*range(level), *(level + np.argsort([*rest, *positions]))]
    return np.asarray(np.concatenate([others, steps])[order])


def rows_of_coefficients(predictor: Predictor) -> Array:
    """Return the matrix that takes coefficients with priors to the rows' linear predictors."""
    x = predictor.design.x
    if not predictor.design.state.has_intercept:
        x = np.hstack([np.ones((len(x), 1)), x])
    return np.asarray(x @ columns_of_coefficients(predictor))
