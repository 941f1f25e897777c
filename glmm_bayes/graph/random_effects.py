"""A grouping factor and its priors in, its part of the linear predictor in PyMC out, non-centred."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.graph.covariances import Independent
from glmm_bayes.graph.covariances.resolve import BlockCovariance
from glmm_bayes.graph.group_priors import DEGREES_ABOVE_TWO, GroupPrior
from glmm_bayes.spec.prior import Prior


def random_effects(group: GroupDesign, prior: GroupPrior) -> Any:
    """Add the effects of one grouping factor to the model in context; return their part of eta.

    Variables: ``sd_<factor>``, ``corr_<factor>`` where effects are correlated, ``b_<factor>``, all in
    the user's coding; ``share_``, ``range_`` and ``df_<factor>`` where the structure has them.
    """
    slug, effect = group.slug, f"{group.slug}_effect"
    sd = _standard_deviations(group, prior)
    root = pt.dot(prior.recoding, sd[:, None] * _correlation_root(group, prior))
    covariance = pt.dot(root, root.T)
    if prior.is_recoded:
        sd = pm.Deterministic(f"sd_{slug}", pt.sqrt(pt.diagonal(covariance)), dims=effect)
    if prior.is_correlated:
        correlation = covariance / (sd[:, None] * sd[None, :])
        pm.Deterministic(f"corr_{slug}", correlation, dims=(effect, f"{effect}_other"))
    b = pm.Deterministic(f"b_{slug}", pt.dot(_standard_effects(group, prior), root.T), dims=(slug, effect))
    columns = pm.Data(f"columns_{slug}", group.z, dims=("row", effect))
    if not group.term.is_membership:
        codes = pm.Data(f"level_{slug}", group.codes, dims="row")
        return (columns * b[codes]).sum(axis=-1)
    members = pm.Data(f"level_{slug}", group.members)
    weights = pm.Data(f"weights_{slug}", group.weights)
    return (columns * (weights[:, :, None] * b[members]).sum(axis=1)).sum(axis=-1)


def sampled(name: str, prior: Prior) -> Any:
    """Add one parameter with its prior to the model in context."""
    return getattr(pm, prior.name)(name, **_arguments(prior))


def _arguments(prior: Prior) -> dict[str, Any]:
    # PyTensor takes a Python float that fits for float32, and then gammaln is good to 8 digits only.
    return {argument: np.float64(value) for argument, value in prior.arguments}


def _standard_deviations(group: GroupDesign, prior: GroupPrior) -> Any:
    """Return one sd an effect, in the coding of the priors."""
    slug, effect = group.slug, f"{group.slug}_effect"
    if prior.shares_sd:
        free = _vector(f"sd_{slug}_shared", prior, None)
        return pm.Deterministic(f"sd_{slug}", free[np.array(prior.sd_of_effect)], dims=effect)
    return _vector(f"sd_{slug}_basis" if prior.is_recoded else f"sd_{slug}", prior, effect)


def _vector(name: str, prior: GroupPrior, dims: str | None) -> Any:
    """Sample one vector if all have the same distribution, else one by one."""
    priors = prior.sd
    if len({one.name for one in priors}) == 1:
        names = [argument for argument, _ in priors[0].arguments]
        stacked = {argument: np.array([one[argument] for one in priors]) for argument in names}
        shape = {} if dims else {"shape": len(priors)}
        return getattr(pm, priors[0].name)(name, dims=dims, **shape, **stacked)
    single = pt.stack([sampled(f"{name}_{index}", one) for index, one in enumerate(priors)])
    return pm.Deterministic(name, single, dims=dims) if dims else single


def _suffix(prior: GroupPrior, index: int) -> str:
    return f"_{index}" if len(prior.blocks) > 1 else ""


def _correlation_root(group: GroupDesign, prior: GroupPrior) -> Any:
    """Return the Cholesky factor of the correlation matrix, block by block."""
    size = len(group.effects)
    root: Any = pt.eye(size)
    for index, (block, lkj) in enumerate(zip(prior.blocks, prior.correlation, strict=True)):
        if block.effects.is_correlated:
            factor = block.effects.correlation_root(f"chol_corr_{group.slug}{_suffix(prior, index)}", lkj)
            start, stop = block.positions[0], block.positions[-1] + 1
            root = pt.set_subtensor(root[start:stop, start:stop], factor)
    return root


def _standard_effects(group: GroupDesign, prior: GroupPrior) -> Any:
    """Return effects of variance one in every effect, correlated over levels as the structure says."""
    slug = group.slug
    if all(isinstance(block.levels, Independent) and not block.is_student for block in prior.blocks):
        return pm.Normal(f"z_{slug}", dims=(slug, f"{slug}_effect"))
    degrees = _degrees(group, prior) if prior.is_student else None
    parameters = {
        name: sampled(f"{name}_{slug}", law) for name, law in prior.parameters.items() if name != "df"
    }
    parts = []
    for index, block in enumerate(prior.blocks):
        name = f"z_{slug}{_suffix(prior, index)}"
        if block.is_student:
            parts.append(_student(name, block, len(group.levels), degrees))
        else:
            parts.append(block.levels.effects(name, len(block.positions), parameters))
    return pt.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def _degrees(group: GroupDesign, prior: GroupPrior) -> Any:
    name = f"df_{group.slug}"
    if "df" in prior.parameters:
        law = prior.parameters["df"]
        base = getattr(pm, law.name).dist(**_arguments(law))
        return pm.Truncated(name, base, lower=2.0, initval=10.0)
    return pm.Deterministic(name, 2.0 + sampled(f"{name}_above", DEGREES_ABOVE_TWO))


def _student(name: str, block: BlockCovariance, levels: int, degrees: Any) -> Any:
    """Return effects with a multivariate t distribution of variance one."""
    scale = pt.sqrt((degrees - 2.0) / degrees)
    size = len(block.positions)
    if size == 1:
        return scale * pm.StudentT(name, nu=degrees, mu=0.0, sigma=1.0, shape=(levels, 1))
    return scale * pm.MvStudentT(
        name, nu=degrees, mu=np.zeros(size), scale=np.eye(size), shape=(levels, size)
    )
