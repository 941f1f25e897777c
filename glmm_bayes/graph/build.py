"""Response and priors in, a readable pm.Model out, with non-centred random effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from glmm_bayes.core.bridge import attenuation_of
from glmm_bayes.core.conditional import conditional_predictor
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY, Maths
from glmm_bayes.core.row_value import RowValue
from glmm_bayes.covariances.unstructured import Unstructured
from glmm_bayes.design.several import of_threshold
from glmm_bayes.families import Family, Response
from glmm_bayes.families.likelihood import draw_responses, log_likelihood
from glmm_bayes.graph.coordinates import coordinates_of
from glmm_bayes.graph.maths import GRAPH
from glmm_bayes.graph.monotonic_variables import with_steps
from glmm_bayes.graph.random_effects import (
    Added,
    Units,
    correlation_root,
    random_effects,
    row_variance,
    sample_law,
    sampled,
)
from glmm_bayes.graph.residuals import observe_together
from glmm_bayes.graph.threshold_variables import sample_thresholds
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.fixed_prior import FixedPrior
from glmm_bayes.priors.names import alone, basis_of, of_response, other
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors, SharedEffects, ThresholdPrior
from glmm_bayes.priors.spread import patterns_of_rows
from glmm_bayes.spec.linear_predictor import MEAN


def build_graph(definition: ModelDefinition) -> pm.Model:
    """Write the model in PyMC.

    Variables: ``beta`` and for each grouping factor ``z_<factor>`` (standard normal), ``sd_<factor>``,
    ``corr_<factor>`` (correlated effects) and ``b_<factor>``, all in the user's coding; those of a
    further parameter with its name in front, and in a model of several responses the response's before
    that; parameters with one value for all rows; the observed variable ``y``, or one for each response by
    its name, or, where residuals are correlated, ``y`` for all of them. Designs and responses stand in
    ``pm.Data``.
    """
    with pm.Model(coords=coordinates_of(definition)) as model:
        units = shared_units(definition.priors)
        roots: dict[tuple[str, int], Any] = {}
        at = {
            name: response_values(part, units, roots, definition.prefix(name))
            for name, part in definition.response_priors.items()
        }
        for shared in definition.priors.shared:
            joint_correlation(shared, units[shared.label], roots)
        if definition.rescor is not None:
            observe_together(definition, at)
        else:
            for name, one in definition.responses.items():
                observe(one.family, one.response, at[name], definition.prefix(name))
    return model


def shared_units(priors: Priors) -> dict[str, Units]:
    """Sample the effects that labels correlate over linear predictors, by label."""
    return {shared.label: _shared_units(shared, priors) for shared in priors.shared}


def response_values(
    priors: Priors, units: Mapping[str, Units], roots: dict[tuple[str, int], Any], response: str
) -> dict[str, RowValue]:
    """Sample the parameters of one response and return each at the rows.

    Parameters
    ----------
    priors : Priors
    units : mapping of str to Units
        Shared effects, by label.
    roots : dict
        Where the roots of the effects' covariance matrices are put, by predictor and grouping factor.
    response : str
        What stands before names in a model of several responses.
    """
    at: dict[str, RowValue] = {}
    levels: dict[str, Any] = {}
    for name, predictor in priors.predictors.items():
        eta, levels[name] = _linear_predictor(predictor, _units_of(predictor, priors, units), roots)
        at[name] = RowValue(predictor.link, eta, GRAPH)
    numbers = {name: sample_law(of_response(response, name), law) for name, law in priors.auxiliary.items()}
    numbers |= {name: pt.constant(np.float64(value)) for name, value in priors.constants.items()}
    at |= {name: RowValue(LINKS["identity"], value, GRAPH) for name, value in numbers.items()}
    if priors.thresholds is not None:
        added = _levels(levels, priors.thresholds)
        thresholds = sample_thresholds(priors.thresholds, priors.first.link, added, response)
        at["thresholds"] = RowValue(LINKS["identity"], thresholds, GRAPH)
    return at


def _levels(levels: Mapping[str, Any], thresholds: ThresholdPrior) -> Any:
    """Return what centring the columns adds to the linear predictor at each threshold."""
    common = levels[MEAN]
    threshold_levels = [levels.get(of_threshold(k), 0.0) for k in range(1, len(thresholds.labels) + 1)]
    return pt.stack([(0.0 if common is None else common) + level for level in threshold_levels])


def _linear_predictor(
    predictor: Predictor, units: Mapping[int, Mapping[int, Units]], roots: dict[tuple[str, int], Any]
) -> tuple[Any, Any]:
    """Return eta, and what centring its columns adds to it where thresholds take the intercept.

    Of a marginal predictor the columns give the link of the population mean, and eta is the conditional
    linear predictor with that mean.
    """
    design = predictor.design
    beta, level = _coefficients(predictor)
    coef = predictor.names.coef
    eta = pt.dot(pm.Data(predictor.names.of("x"), design.x, dims=("row", coef)), beta)
    eta = eta + pm.Data(predictor.names.of("offset"), design.offset, dims="row")
    added_effects = []
    for index, (group, prior) in enumerate(zip(design.groups, predictor.groups, strict=True)):
        added = random_effects(group, prior, predictor.names, units.get(index))
        roots[predictor.key, index] = added.scaled
        added_effects.append(added)
    if predictor.is_marginal:
        eta = _conditional(predictor, eta, added_effects)
    for added in added_effects:
        eta = eta + added.part
    return eta, level


def _conditional(predictor: Predictor, eta: Any, added_effects: Sequence[Added]) -> Any:
    """Return the conditional linear predictor with a population mean, solved once for each kind of row."""
    design = predictor.design
    first, pattern_of_row = patterns_of_rows(predictor, design)
    v: Any = 0.0
    for group, prior, added in zip(design.groups, predictor.groups, added_effects, strict=True):
        v = v + row_variance(group, prior, added.covariance, predictor.names, first)
    # Averaging over a bridge multiplies all below it by f.
    f: Any = 1.0
    for prior, added in zip(predictor.groups, added_effects, strict=True):
        if prior.is_bridge:
            f = attenuation_of(pt.sqrt(added.covariance[0, 0]), GRAPH)
    return (conditional_predictor(predictor.link, eta[first], f * f * v, GRAPH) / f)[pattern_of_row]


def _coefficients(predictor: Predictor) -> tuple[Any, Any]:
    """Sample basis coefficients, report coefficients of the user's columns."""
    prior, name = predictor.fixed, predictor.names.beta
    beta = _sampled_coefficients(prior, name)
    if predictor.monotonic:
        beta = with_steps(predictor, beta)
    has_intercept = predictor.design.state.has_intercept
    level = None if has_intercept else beta[0]
    return pm.Deterministic(name, beta if has_intercept else beta[1:], dims=predictor.names.coef), level


def _sampled_coefficients(prior: FixedPrior, name: str) -> Any:
    beta: Any = pt.zeros(len(prior.from_normal))
    mean: Any = prior.mean
    if prior.others:
        delta = pt.stack([sampled(alone(name, position), law) for position, law in prior.others])
        mean = mean + pt.dot(prior.shift, delta)
        beta = pt.dot(prior.from_others, delta)
    if len(prior.mean):
        gamma = pm.MvNormal(basis_of(name), mu=mean, chol=np.linalg.cholesky(prior.covariance))
        beta = beta + pt.dot(prior.from_normal, gamma)
    return beta


def _shared_units(shared: SharedEffects, priors: Priors) -> Units:
    key, index = shared.members[0]
    levels = len(priors.predictors[key].design.groups[index].levels)
    name = shared.names.root
    root = correlation_root(Unstructured(range(shared.size), {}), name, shared.correlation)
    z = pm.Normal(shared.names.standard, shape=(levels, shared.size))
    return Units(pt.dot(z, root.T), root)


def _units_of(
    predictor: Predictor, priors: Priors, units: Mapping[str, Units]
) -> dict[int, dict[int, Units]]:
    """Return the shared effects of a predictor, by grouping factor and block."""
    result: dict[int, dict[int, Units]] = {}
    for shared in priors.shared:
        for member, (name, index) in enumerate(shared.members):
            if name != predictor.key:
                continue
            blocks = predictor.groups[index].blocks
            block = [b.positions for b in blocks].index(shared.positions[member])
            start = shared.start(member)
            stop = start + len(shared.positions[member])
            joint = units[shared.label]
            correlation = pt.dot(joint.root[start:stop], joint.root[start:stop].T)
            block_units = Units(joint.effects[:, start:stop], pt.linalg.cholesky(correlation))
            result.setdefault(index, {})[block] = block_units
    return result


def joint_correlation(shared: SharedEffects, units: Units, roots: Mapping[tuple[str, int], Any]) -> None:
    """Report the correlations of shared effects in the user's coding."""
    rows = []
    for member, key in enumerate(shared.members):
        positions = np.array(shared.positions[member])
        start = shared.start(member)
        part = units.root[start : start + len(positions)]
        rows.append(pt.dot(roots[key][positions[:, None], positions[None, :]], part))
    root = pt.concatenate(rows, axis=0)
    covariance = pt.dot(root, root.T)
    sd = pt.sqrt(pt.diagonal(covariance))
    dims = (shared.names.effect, other(shared.names.effect))
    pm.Deterministic(shared.names.correlation, covariance / (sd[:, None] * sd[None, :]), dims=dims)


def observe(family: Family, response: Response, at: Mapping[str, Any], name: str = "") -> None:
    """Add the observed variable, whose log density is that of the rows as they were observed.

    Parameters
    ----------
    family : Family
    response : Response
    at : mapping of str to RowValue
        Its parameters at the rows.
    name : str
        Of the response, in a model of several.
    """
    dtype = np.int64 if family.is_discrete else np.float64
    dims = "row" if response.values.ndim == 1 else ("row", of_response(name, "category"))
    observed = pm.Data(of_response(name, "observed"), response.values.astype(dtype), dims=dims)
    trials = pm.Data(of_response(name, "trials"), response.trials.astype(np.int64), dims="row")
    parameters = list(at)
    # A vector of thresholds is taken apart, so that every argument has one value a row or one for all.
    arguments = [part for key in parameters for part in _row_arguments(key, at[key])]
    counts = [len(_row_arguments(key, at[key])) for key in parameters]

    def rebuilt(values: Sequence[Any], m: Maths) -> dict[str, RowValue]:
        result, position = {}, 0
        for key, count in zip(parameters, counts, strict=True):
            etas = values[position : position + count]
            eta = m.stack(etas) if key == "thresholds" else etas[0]
            result[key], position = RowValue(at[key].link, eta, m), position + count
        return result

    def logp(value: Any, *values: Any) -> Any:
        rows = rebuilt(values[: len(arguments)], GRAPH)
        return log_likelihood(family, value, trials, rows, response.additions, GRAPH)

    def random(*values: Any, rng: np.random.Generator | None = None, size: Any = None) -> Any:
        rows = rebuilt([_one_draw(value) for value in values[: len(arguments)]], NUMPY)
        return _drawn(family, response, rows, rng).astype(dtype)

    shape: dict[str, Any] = {}
    if response.values.ndim > 1:
        # A support of several numbers is told by an argument of that length.
        shape = {"signature": ",".join(["()"] * len(arguments) + ["(k)"]) + "->(k)"}
        arguments = [*arguments, pt.zeros(response.values.shape[1])]
    pm.CustomDist(
        name or "y",
        *arguments,
        logp=logp,
        random=random,
        class_name=family.name.title().replace("_", ""),
        dtype=np.dtype(dtype).name,
        observed=observed,
        dims=dims,
        **shape,
    )


def _row_arguments(name: str, value: RowValue) -> list[Any]:
    eta: Any = value.eta
    if name != "thresholds":
        return [eta]
    return [eta[k] for k in range(eta.type.shape[0])]


def _one_draw(value: Any) -> Any:
    """Give a single draw of a parameter the axis of draws."""
    value = np.asarray(value, np.float64)
    return value.reshape(1, -1)


def _drawn(
    family: Family, response: Response, at: Mapping[str, RowValue], rng: np.random.Generator | None
) -> Any:
    assert rng is not None
    rows = len(response.values)
    wide = {
        name: value if name == "thresholds" else RowValue(value.link, np.broadcast_to(value.eta, (1, rows)))
        for name, value in at.items()
    }
    return draw_responses(family, rng, response, wide)[0]
