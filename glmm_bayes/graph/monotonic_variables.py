"""Steps of monotonic effects in PyMC: total effects times a simplex, and what centring them adds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.priors.monotonic import is_total, prior_columns
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.spec.prior import Prior


def with_steps(predictor: Predictor, coefficients: Any) -> Any:
    """Put the steps in the place of the totals, and each coefficient in the place of its column.

    Adds ``mo_<slug>`` and ``simplex_<slug>`` of each monotonic term to the model in context.

    Parameters
    ----------
    predictor : Predictor
    coefficients : graph variable
        As they are sampled: the level where thresholds take the intercept, plain ones, totals.

    Returns
    -------
    graph variable
        The level where there is one, then the coefficients of the design's columns.
    """
    prior, terms = predictor.fixed, predictor.monotonic
    totals = sum(map(is_total, prior_columns(predictor.design.columns)))
    start = len(prior.from_normal) - totals
    level = start - sum(1 for column in prior_columns(predictor.design.columns) if not is_total(column))
    plain, parts = start, []
    for term in terms:
        name = f"mo_{term.slug}"
        own = coefficients[start : start + len(term.totals)]
        start += len(term.totals)
        total = _reported(predictor, name, own)
        simplex = _simplex(predictor, f"simplex_{term.slug}", predictor.simplexes[term.term], len(term.steps))
        parts.append((total[:, None] * simplex[None, :]).reshape((-1,)))
    steps = pt.concatenate(parts)
    others = coefficients[:plain] + pt.dot(prior.from_steps[:plain], steps)
    return pt.concatenate([others, steps])[_order(predictor, level)]


def _order(predictor: Predictor, level: int) -> Any:
    """Return where the level and each column stand among plain coefficients and steps."""
    steps = [index for term in predictor.monotonic for own in term.positions for index in own]
    plain = [index for index in range(len(predictor.design.columns)) if index not in steps]
    order = np.argsort([*plain, *steps]) + level
    return np.concatenate([np.arange(level), order])


def _reported(predictor: Predictor, name: str, value: Any) -> Any:
    variable = predictor.variable(name)
    return pm.Deterministic(variable, value, dims=f"{variable}_coef")


def _simplex(predictor: Predictor, name: str, prior: Prior, size: int) -> Any:
    variable = predictor.variable(name)
    if size == 1:
        # The whole effect is one step.
        return pm.Deterministic(variable, pt.ones(1), dims=f"{variable}_step")
    return pm.Dirichlet(variable, a=np.full(size, prior["alpha"]), dims=f"{variable}_step")
