"""Thresholds of ordinal responses in PyMC: sampled at the average row, reported where the columns are 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import ordered
from scipy.special import gammaln

from glmm_bayes.core.links import Link
from glmm_bayes.families.thresholds import log_prior, median_start
from glmm_bayes.graph.maths import GRAPH
from glmm_bayes.priors.names import THRESHOLD, THRESHOLDS, basis_of, of_response
from glmm_bayes.priors.priors import ThresholdPrior


def sample_thresholds(prior: ThresholdPrior, link: Link, level: Any, response: str = "") -> Any:
    """Add the thresholds to the model in context.

    Parameters
    ----------
    prior : ThresholdPrior
    link : Link
        Its inverse is the distribution function of the latent variable.
    level : graph variable, shape (threshold,)
        What centring the columns adds to the linear predictor: thresholds at x = 0 are those at the
        average row less this.
    response : str
        What stands before names in a model of several responses.

    Returns
    -------
    graph variable, shape (threshold,)
    """
    name, count = of_response(response, THRESHOLDS), len(prior.labels)
    has_order = prior.is_ordered and count > 1

    def logp(value: Any, level: Any) -> Any:
        if prior.prior is None:
            return log_prior(pt.specify_shape(value, (count,)), link, GRAPH, is_ordered=prior.is_ordered)
        law = getattr(pm, prior.prior.name).dist(**_arguments(prior))
        log_orders = float(gammaln(count + 1)) if has_order else 0.0
        return pm.logp(law, value - level).sum() + log_orders

    def random(level: Any, rng: np.random.Generator | None = None, size: Any = None) -> Any:
        assert rng is not None
        if prior.prior is None:
            drawn = np.asarray(link.link(rng.uniform(size=count)))
        else:
            law = getattr(pm, prior.prior.name).dist(**_arguments(prior), shape=count)
            drawn = pm.draw(law, random_seed=int(rng.integers(2**31))) + level
        return np.sort(drawn) if has_order else drawn

    basis = pm.CustomDist(
        basis_of(name),
        pt.specify_shape(level, (count,)),
        logp=logp,
        random=random,
        signature="(k)->(k)",
        class_name="Thresholds",
        default_transform=ordered if has_order else None,
        initval=median_start(count + 1, link),
    )
    return pm.Deterministic(name, basis - level, dims=of_response(response, THRESHOLD))


def _arguments(prior: ThresholdPrior) -> dict[str, Any]:
    assert prior.prior is not None
    return {name: np.float64(value) for name, value in prior.prior.arguments}
