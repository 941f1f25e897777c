"""Steps of monotonic effects in PyMC: total effects times a simplex, and what centring them adds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.priors.monotonic import Monotonic, is_total, prior_columns
from glmm_bayes.priors.names import PredictorNames
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
    plain, step_blocks = start, []
    for term in terms:
        term_coefficients = coefficients[start : start + len(term.totals)]
        start += len(term.totals)
        names = predictor.names
        total = pm.Deterministic(names.total(term.slug), term_coefficients, dims=names.totals(term.slug))
        simplex = _simplex(names, term, predictor.simplexes[term.term])
        step_blocks.append((total[:, None] * simplex[None, :]).reshape((-1,)))
    steps = pt.concatenate(step_blocks)
    others = coefficients[:plain] + pt.dot(prior.from_steps[:plain], steps)
    return pt.concatenate([others, steps])[_order(predictor, level)]


def _order(predictor: Predictor, level: int) -> Any:
    """Return where the level and each column stand among plain coefficients and steps."""
    steps = [index for term in predictor.monotonic for positions in term.positions for index in positions]
    plain = [index for index in range(len(predictor.design.columns)) if index not in steps]
    order = np.argsort([*plain, *steps]) + level
    return np.concatenate([np.arange(level), order])


def _simplex(names: PredictorNames, term: Monotonic, prior: Prior) -> Any:
    name, dims = names.simplex(term.slug), names.steps(term.slug)
    if len(term.steps) == 1:
        # The whole effect is one step.
        return pm.Deterministic(name, pt.ones(1), dims=dims)
    return pm.Dirichlet(name, a=np.full(len(term.steps), prior["alpha"]), dims=dims)
