"""Design, response and priors in, a readable pm.Model out, with non-centred random effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.core.links import Link
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.graph.families import Family, Response
from glmm_bayes.graph.fixed_prior import FixedPrior
from glmm_bayes.graph.priors import GroupPrior, Priors
from glmm_bayes.spec.prior import Prior


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
            eta = eta + _random_effects(group, prior)
        auxiliary = {name: _variable(name, prior) for name, prior in priors.auxiliary.items()}
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
        delta = pt.stack([_variable(f"beta_other_{position}", other) for position, other in prior.others])
        mean = mean + pt.dot(prior.shift, delta)
        beta = pt.dot(prior.from_others, delta)
    if len(prior.mean):
        gamma = pm.MvNormal("beta_basis", mu=mean, chol=np.linalg.cholesky(prior.covariance))
        beta = beta + pt.dot(prior.from_normal, gamma)
    return pm.Deterministic("beta", beta, dims="coef")


def _random_effects(group: GroupDesign, prior: GroupPrior) -> Any:
    """Add the effects of one grouping factor; return their part of the linear predictor."""
    slug, effect = group.slug, f"{group.slug}_effect"
    sd = _standard_deviations(f"sd_{slug}_basis" if prior.is_recoded else f"sd_{slug}", effect, prior.sd)
    root = pt.dot(prior.recoding, sd[:, None] * _correlation_root(group, prior))
    covariance = pt.dot(root, root.T)
    if prior.is_recoded:
        sd = pm.Deterministic(f"sd_{slug}", pt.sqrt(pt.diagonal(covariance)), dims=effect)
    if group.is_correlated:
        correlation = covariance / (sd[:, None] * sd[None, :])
        pm.Deterministic(f"corr_{slug}", correlation, dims=(effect, f"{effect}_other"))
    z = pm.Normal(f"z_{slug}", dims=(slug, effect))
    b = pm.Deterministic(f"b_{slug}", pt.dot(z, root.T), dims=(slug, effect))
    codes = pm.Data(f"level_{slug}", group.codes, dims="row")
    columns = pm.Data(f"columns_{slug}", group.z, dims=("row", effect))
    return (columns * b[codes]).sum(axis=-1)


def _standard_deviations(name: str, effect: str, priors: Sequence[Prior]) -> Any:
    """Sample one sd an effect: one vector if all have the same distribution, else one by one."""
    if len({prior.name for prior in priors}) == 1:
        stacked = {
            argument: np.array([prior[argument] for prior in priors]) for argument, _ in priors[0].arguments
        }
        return getattr(pm, priors[0].name)(name, dims=effect, **stacked)
    single = [_variable(f"{name}_{index}", prior) for index, prior in enumerate(priors)]
    return pm.Deterministic(name, pt.stack(single), dims=effect)


def _correlation_root(group: GroupDesign, prior: GroupPrior) -> Any:
    """Return the Cholesky factor of the correlation matrix, block by block."""
    size = len(group.effects)
    root: Any = pt.eye(size)
    for index, (block, lkj) in enumerate(zip(group.blocks, prior.correlation, strict=True)):
        if len(block) > 1:
            suffix = f"_{index}" if len(group.blocks) > 1 else ""
            factor = pm.LKJCorr(f"chol_corr_{group.slug}{suffix}", n=len(block), eta=lkj["eta"])
            start = block[0]
            root = pt.set_subtensor(root[start : start + len(block), start : start + len(block)], factor)
    return root


def _variable(name: str, prior: Prior) -> Any:
    # PyTensor takes a Python float that fits for float32, and then gammaln is good to 8 digits only.
    arguments = {argument: np.float64(value) for argument, value in prior.arguments}
    return getattr(pm, prior.name)(name, **arguments)
