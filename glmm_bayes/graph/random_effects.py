"""A grouping factor and its priors in, its part of the linear predictor in PyMC out, non-centred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from glmm_bayes.core.bridge import bridge_effect
from glmm_bayes.covariances.base import EffectCovariance, SampledVariable
from glmm_bayes.covariances.resolve import BlockCovariance
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families.parameters import Law, law_of
from glmm_bayes.graph.maths import GRAPH
from glmm_bayes.priors.group_priors import DEGREES_ABOVE_TWO, GroupPrior
from glmm_bayes.priors.names import FactorNames, PredictorNames, other, sampled_for
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class Units:
    """Effects of variance one, shape (level, effect), and the root of their correlation matrix."""

    effects: Any
    root: Any


@dataclass(frozen=True)
class Added:
    """What a grouping factor adds to a linear predictor.

    Attributes
    ----------
    part : variable, shape (row,)
    scaled : variable, shape (effect, effect)
        Takes effects of variance one to the factor's.
    covariance : variable, shape (effect, effect)
        Of the effects of one level.
    """

    part: Any
    scaled: Any
    covariance: Any


def random_effects(
    group: GroupDesign, prior: GroupPrior, of: PredictorNames, shared: Mapping[int, Units] | None = None
) -> Added:
    """Add the effects of one grouping factor to the model in context.

    Variables: ``sd_<factor>``, ``corr_<factor>`` where effects are correlated, ``b_<factor>``, all in
    the user's coding; ``share_``, ``range_`` and ``df_<factor>`` where the structure has them.

    Parameters
    ----------
    group : GroupDesign
    prior : GroupPrior
    of : PredictorNames
        Of its linear predictor.
    shared : mapping of int to Units, optional
        Blocks, by position, whose effects are correlated with those of other linear predictors.

    Returns
    -------
    Added
    """
    names = FactorNames(of, group.slug)
    sd = _standard_deviations(names, prior)
    units = _units(names, group, prior, shared or {}, sd)
    scaled = pt.as_tensor(prior.recoding) * sd[None, :]
    root = pt.dot(scaled, units.root)
    covariance = pt.dot(root, root.T)
    if prior.is_recoded:
        sd = pm.Deterministic(names.of("sd"), pt.sqrt(pt.diagonal(covariance)), dims=names.effect)
    if prior.is_correlated:
        correlation = covariance / (sd[:, None] * sd[None, :])
        pm.Deterministic(names.of("corr"), correlation, dims=(names.effect, other(names.effect)))
    b = pm.Deterministic(names.of("b"), pt.dot(units.effects, scaled.T), dims=(group.slug, names.effect))
    columns = pm.Data(names.of("columns"), group.z, dims=("row", names.effect))
    if not group.term.is_membership:
        codes = pm.Data(names.of("level"), group.codes, dims="row")
        return Added((columns * b[codes]).sum(axis=-1), scaled, covariance)
    members = pm.Data(names.of("level"), group.members)
    weights = pm.Data(names.of("weights"), group.weights)
    part = (columns * (weights[:, :, None] * b[members]).sum(axis=1)).sum(axis=-1)
    return Added(part, scaled, covariance)


def row_variance(
    group: GroupDesign, prior: GroupPrior, covariance: Any, of: PredictorNames, rows: NDArray[np.int64]
) -> Any:
    """Return the variance of a factor's normal part of the linear predictor in some rows, shape (row,)."""
    model = pm.modelcontext(None)
    names = FactorNames(of, group.slug)
    parameters = {name: model[names.of(name)] for name in prior.parameters}
    total: Any = 0.0
    for block in prior.blocks:
        if block.is_bridge:
            continue
        positions = np.asarray(block.positions)
        z = group.z[rows][:, positions]
        sigma = covariance[positions[:, None], positions[None, :]]
        shares = block.levels.row_variance(parameters, group.members[rows], group.weights[rows], GRAPH)
        total = total + (pt.dot(z, sigma) * z).sum(axis=-1) * shares
    return total


def _units(
    names: FactorNames, group: GroupDesign, prior: GroupPrior, shared: Mapping[int, Units], sd: Any
) -> Units:
    """Return the effects of variance one, correlated as the blocks say."""
    size = len(group.effects)
    root: Any = pt.eye(size)
    for index, (block, lkj) in enumerate(zip(prior.blocks, prior.correlation, strict=True)):
        start, stop = block.positions[0], block.positions[-1] + 1
        if index in shared:
            root = pt.set_subtensor(root[start:stop, start:stop], shared[index].root)
        elif block.effects.is_correlated:
            name = sampled_for(names.of("chol_corr"), _suffix(prior, index))
            root = pt.set_subtensor(root[start:stop, start:stop], correlation_root(block.effects, name, lkj))
    if not shared:
        effects = _standard_effects(names, group, prior, sd)
        return Units(pt.dot(effects, root.T) if prior.is_correlated else effects, root)
    # Blocks of a model with shared effects are plain: what is not shared is independent over levels.
    block_effects = []
    for index, block in enumerate(prior.blocks):
        start, stop = block.positions[0], block.positions[-1] + 1
        if index in shared:
            block_effects.append(shared[index].effects)
        else:
            z = pm.Normal(sampled_for(names.of("z"), index), shape=(len(group.levels), stop - start))
            block_effects.append(pt.dot(z, root[start:stop, start:stop].T))
    return Units(pt.concatenate(block_effects, axis=1), root)


def correlation_root(structure: EffectCovariance, name: str, prior: Prior) -> Any:
    """Sample the correlations of effects; return a Cholesky factor of their matrix."""
    return structure.root([_variable(name, variable) for variable in structure.sampled(prior)], GRAPH)


def _variable(name: str, variable: SampledVariable) -> Any:
    """Add a variable of a covariance structure to the model in context."""
    arguments = _arguments(variable.law)
    if variable.law.name == "LKJ":
        # Under its default arguments PyMC's variable is the Cholesky factor.
        return pm.LKJCorr(f"{name}{variable.suffix}", n=variable.shape[0], **arguments)
    return getattr(pm, variable.law.name)(f"{name}{variable.suffix}", shape=variable.shape, **arguments)


def sampled(name: str, prior: Prior) -> Any:
    """Add one parameter with its prior to the model in context."""
    return getattr(pm, prior.name)(name, **_arguments(prior))


def sample_law(name: str, law: Law) -> Any:
    """Sample a parameter with one value for all rows, or the number that it is a function of."""
    if not law.transform:
        return sampled(name, law.prior)
    return pm.Deterministic(name, law.value(sampled(sampled_for(name, law.transform), law.prior), GRAPH))


def _arguments(prior: Prior) -> dict[str, Any]:
    # PyTensor takes a Python float that fits for float32, and then gammaln is good to 8 digits only.
    return {argument: np.float64(value) for argument, value in prior.arguments}


def _standard_deviations(names: FactorNames, prior: GroupPrior) -> Any:
    """Return one sd an effect, in the coding of the priors."""
    sd = names.of("sd")
    if prior.shares_sd:
        free = _vector(prior.sampled_sds(sd), prior, None)
        return pm.Deterministic(sd, free[np.array(prior.sd_of_effect)], dims=names.effect)
    return _vector(prior.sampled_sds(sd), prior, names.effect)


def _vector(name: str, prior: GroupPrior, dims: str | None) -> Any:
    """Sample one vector if all have the same distribution of the same scale, else one by one."""
    priors = prior.sd
    law = law_of(priors[0])
    if len({(one.name, law_of(one).transform) for one in priors}) == 1:
        names = [argument for argument, _ in priors[0].arguments]
        stacked = {argument: np.array([one[argument] for one in priors]) for argument in names}
        shape = {} if dims else {"shape": len(priors)}
        sampled_name = sampled_for(name, law.transform) if law.transform else name
        drawn = getattr(pm, priors[0].name)(sampled_name, dims=dims, **shape, **stacked)
        if not law.transform:
            return drawn
        return pm.Deterministic(name, law.value(drawn, GRAPH), dims=dims)
    single = pt.stack([sample_law(sampled_for(name, index), law_of(one)) for index, one in enumerate(priors)])
    return pm.Deterministic(name, single, dims=dims) if dims else single


def _suffix(prior: GroupPrior, index: int) -> int | str:
    return index if len(prior.blocks) > 1 else ""


def _standard_effects(names: FactorNames, group: GroupDesign, prior: GroupPrior, sd: Any) -> Any:
    """Return effects of variance one in every effect, correlated over levels as the structure says."""
    if prior.is_bridge:
        z = pm.Normal(names.of("z"), dims=(group.slug, names.effect))
        return bridge_effect(z, sd[0], GRAPH) / sd[0]
    if all(block.levels.is_independent and not block.is_student for block in prior.blocks):
        return pm.Normal(names.of("z"), dims=(group.slug, names.effect))
    degrees = _degrees(names, prior) if prior.is_student else None
    parameters = {
        name: sampled(names.of(name), law) for name, law in prior.parameters.items() if name != "df"
    }
    block_effects = []
    for index, block in enumerate(prior.blocks):
        name = sampled_for(names.of("z"), _suffix(prior, index))
        if block.is_student:
            block_effects.append(_student(name, block, len(group.levels), degrees))
        else:
            values = [_variable(name, variable) for variable in block.levels.sampled(len(block.positions))]
            block_effects.append(block.levels.effects(values, parameters, GRAPH))
    return pt.concatenate(block_effects, axis=1) if len(block_effects) > 1 else block_effects[0]


def _degrees(names: FactorNames, prior: GroupPrior) -> Any:
    if prior.fixed_values:
        return np.float64(prior.fixed_values["df"])
    name = names.of("df")
    if "df" in prior.parameters:
        law = prior.parameters["df"]
        base = getattr(pm, law.name).dist(**_arguments(law))
        return pm.Truncated(name, base, lower=2.0, initval=10.0)
    return pm.Deterministic(name, 2.0 + sampled(sampled_for(name, "above"), DEGREES_ABOVE_TWO))


def _student(name: str, block: BlockCovariance, levels: int, degrees: Any) -> Any:
    """Return effects with a multivariate t distribution of variance one."""
    scale = pt.sqrt((degrees - 2.0) / degrees)
    size = len(block.positions)
    if size == 1:
        return scale * pm.StudentT(name, nu=degrees, mu=0.0, sigma=1.0, shape=(levels, 1))
    return scale * pm.MvStudentT(
        name, nu=degrees, mu=np.zeros(size), scale=np.eye(size), shape=(levels, size)
    )
