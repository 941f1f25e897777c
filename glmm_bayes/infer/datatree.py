"""Named arrays in, a DataTree in ArviZ's conventions out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.core.links import Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.design import Design
from glmm_bayes.graph.families import Family, Response
from glmm_bayes.graph.priors import Priors
from glmm_bayes.infer.predictor import draw_blocks, subject_predictor

Array = NDArray[np.float64]

#: Pointwise log likelihood is kept only up to this many numbers (800 MB); beyond, it is left out.
LOG_LIKELIHOOD_LIMIT = 100_000_000


def dimensions(design: Design, priors: Priors) -> dict[str, tuple[str, ...]]:
    """List the variables of the posterior and their dimensions after chain and draw."""
    result: dict[str, tuple[str, ...]] = {"beta": ("coef",)}
    for group, prior in zip(design.groups, priors.groups, strict=True):
        effect = f"{group.slug}_effect"
        result[f"sd_{group.slug}"] = (effect,)
        if prior.is_correlated:
            result[f"corr_{group.slug}"] = (effect, f"{effect}_other")
        result |= {f"{name}_{group.slug}": () for name in prior.single_values}
        result[f"b_{group.slug}"] = (group.slug, effect)
    return result | dict.fromkeys(priors.auxiliary, ())


def coordinates(design: Design) -> dict[str, Any]:
    """List the labels of each dimension."""
    result: dict[str, Any] = {"coef": list(design.coefficients)}
    for group in design.groups:
        result[group.slug] = list(group.labels)
        result[f"{group.slug}_effect"] = list(group.effects)
        result[f"{group.slug}_effect_other"] = list(group.effects)
    return result


def arrays_of(draws: Any, design: Design, priors: Priors) -> dict[str, Array]:
    """Check the names and shapes of draws made elsewhere; a single effect's axis may be left out."""
    findings = Findings(DataError)
    wanted = dimensions(design, priors)
    if isinstance(draws, xr.DataTree):
        draws = _from_tree(draws, wanted, coordinates(design), findings)
    sizes = {name: len(labels) for name, labels in coordinates(design).items()}
    arrays: dict[str, Array] = {}
    for name, value in draws.items():
        if name not in wanted:
            hint = " ".join(filter(None, (suggestion(name, wanted), f"Variables: {', '.join(wanted)}.")))
            findings.error("draws_shape", f"the model has no variable '{name}'.", hint=hint)
            continue
        # Sums over draws depend on the memory order in their last bit; files keep one order.
        array = np.ascontiguousarray(value, np.float64)
        shape = tuple(sizes[dimension] for dimension in wanted[name])
        if array.ndim >= 2 and array.ndim == len(shape) + 1 and shape[-1:] == (1,):
            array = array[..., None]
        if array.shape[2:] != shape or array.ndim != len(shape) + 2:
            needed = ", ".join(["chain", "draw", *(f"{d} = {sizes[d]}" for d in wanted[name])])
            message = f"draws of '{name}' must have the shape ({needed}), found {array.shape}."
            findings.error("draws_shape", message)
        if not np.isfinite(array).all():
            findings.error("draws_values", f"draws of '{name}' must be finite numbers.")
        elif name.startswith("sd_") and (array < 0).any():
            message = f"draws of '{name}' are standard deviations and must not be negative."
            findings.error("draws_values", message)
        arrays[name] = array
    if "beta" not in draws:
        findings.error("draws_shape", "draws of 'beta' are needed by every verb.")
    if len({array.shape[:2] for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape[:2]}" for name, array in arrays.items())
        findings.error("draws_shape", f"all draws must have the same chains and draws: {shapes}.")
    findings.raise_errors()
    return arrays


def _from_tree(
    tree: xr.DataTree, wanted: dict[str, tuple[str, ...]], labels: dict[str, Any], findings: Findings
) -> dict[str, Any]:
    """Take the model's variables out of a tree, its labelled dimensions in the model's order."""
    if "posterior" not in tree.children:
        findings.error("draws_shape", "the tree has no group 'posterior'.")
        findings.raise_errors()
    result: dict[str, Any] = {}
    for name, dims in wanted.items():
        if name not in tree["posterior"].data_vars:
            continue
        variable = tree["posterior"][name]
        for dim in dims:
            found = variable.coords[dim].to_numpy().tolist() if dim in variable.coords else labels[dim]
            if dim in variable.dims and sorted(map(str, found)) != sorted(map(str, labels[dim])):
                message = f"'{name}': the labels of '{dim}' are not the model's: {found[:5]}."
                findings.error("draws_shape", message, hint=f"The model has {labels[dim][:5]}.")
            elif dim in variable.dims:
                order = [list(map(str, found)).index(str(label)) for label in labels[dim]]
                variable = variable.isel({dim: order})
        order_of_dims = ("chain", "draw", *(dim for dim in dims if dim in variable.dims))
        result[name] = variable.transpose(*order_of_dims, ...).to_numpy()
    findings.raise_errors()
    return result


def assemble(
    posterior: Mapping[str, Array],
    sample_stats: Mapping[str, NDArray[Any]],
    design: Design,
    response: Response,
    priors: Priors,
    family: Family,
    link: Link,
) -> xr.DataTree:
    """Put draws, the sampler's statistics, data and pointwise log likelihood into one tree."""
    labels = coordinates(design)
    inner = dimensions(design, priors)
    variables = {
        name: (("chain", "draw", *inner[name]), posterior[name]) for name in inner if name in posterior
    }
    used = {dimension for dims, _ in variables.values() for dimension in dims}
    chain, draw = np.arange(len(posterior["beta"])), np.arange(posterior["beta"].shape[1])
    steps = {"chain": chain, "draw": draw}
    groups = {
        "posterior": xr.Dataset(variables, coords={**steps, **{k: v for k, v in labels.items() if k in used}})
    }
    if sample_stats:
        stats = {name: (("chain", "draw"), values) for name, values in sample_stats.items()}
        groups["sample_stats"] = xr.Dataset(stats, coords=steps)
    rows = {"row": np.arange(len(design))}
    pointwise = _log_likelihood(posterior, design, response, family, link)
    if pointwise is not None:
        groups["log_likelihood"] = xr.Dataset(
            {"y": (("chain", "draw", "row"), pointwise)}, coords={**steps, **rows}
        )
    groups["observed_data"] = xr.Dataset({"y": ("row", response.values)}, coords=rows)
    groups["constant_data"] = xr.Dataset(
        {
            "x": (("row", "coef"), design.x),
            "offset": ("row", design.offset),
            "trials": ("row", response.trials),
        },
        coords={**rows, "coef": labels["coef"]},
    )
    return xr.DataTree.from_dict(groups)


def _log_likelihood(
    posterior: Mapping[str, Array], design: Design, response: Response, family: Family, link: Link
) -> Array | None:
    needed = [f"b_{group.slug}" for group in design.groups] + list(family.auxiliaries)
    chains, draws = posterior["beta"].shape[:2]
    if any(name not in posterior for name in needed) or chains * draws * len(design) > LOG_LIKELIHOOD_LIMIT:
        return None
    flat = {name: array.reshape(chains * draws, *array.shape[2:]) for name, array in posterior.items()}
    result = np.empty((chains * draws, len(design)))
    for block in draw_blocks(*result.shape):
        eta = subject_predictor(flat, design, block)
        auxiliary = {name: flat[name][block] for name in family.auxiliaries}
        result[block] = family.log_density(response, link, eta, auxiliary)
    return result.reshape(chains, draws, len(design))
