"""Design, response and priors in, a readable pm.Model out, with non-centred random effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.core.links import Link
from glmm_bayes.design.design import Design
from glmm_bayes.graph.families import Family, Response
from glmm_bayes.graph.fixed_prior import FixedPrior
from glmm_bayes.graph.priors import Priors
from glmm_bayes.graph.random_effects import random_effects, sampled


def build_graph(design: Design, family: Family, link: Link, response: Response, priors: Priors) -> pm.Model:
    """Write the model in PyMC.

    Variables: ``beta`` and for each grouping factor ``z_<factor>`` (standard normal), ``sd_<factor>``,
    ``corr_<factor>`` (correlated effects) and ``b_<factor>``, all in the user's coding; the family's
    auxiliaries; the observed variable ``y``. Design and response stand in ``pm.Data``.
    """
    with pm.Model(coords=_coordinates(design)) as model:
        beta = _coefficients(priors.fixed)
        eta = pt.dot(pm.Data("x", design.x, dims=("row", "coef")), beta)
        eta = eta + pm.Data("offset", design.offset, dims="row")
        for group, prior in zip(design.groups, priors.groups, strict=True):
            eta = eta + random_effects(group, prior)
        auxiliary = {name: sampled(name, prior) for name, prior in priors.auxiliary.items()}
        dtype = np.int64 if family.is_discrete else np.float64
        observed = pm.Data("observed", response.values.astype(dtype), dims="row")
        trials = pm.Data("trials", response.trials.astype(np.int64), dims="row")
        family.observe("y", link, eta, observed, trials, auxiliary)
    return model


def _coordinates(design: Design) -> dict[str, Any]:
    coordinates: dict[str, Any] = {"row": np.arange(len(design)), "coef": design.coefficients}
    for group in design.groups:
        coordinates[group.slug] = np.arange(len(group.levels)) if _is_mixed(group.labels) else group.labels
        coordinates[f"{group.slug}_effect"] = group.effects
        coordinates[f"{group.slug}_effect_other"] = group.effects
    return coordinates


def _is_mixed(labels: Sequence[Any]) -> bool:
    return len({type(label) for label in labels}) > 1


def _coefficients(prior: FixedPrior) -> Any:
    """Sample basis coefficients, report coefficients of the user's columns."""
    beta: Any = 0.0
    mean: Any = prior.mean
    if prior.others:
        delta = pt.stack([sampled(f"beta_other_{position}", other) for position, other in prior.others])
        mean = mean + pt.dot(prior.shift, delta)
        beta = pt.dot(prior.from_others, delta)
    if len(prior.mean):
        gamma = pm.MvNormal("beta_basis", mu=mean, chol=np.linalg.cholesky(prior.covariance))
        beta = beta + pt.dot(prior.from_normal, gamma)
    return pm.Deterministic("beta", beta, dims="coef")
