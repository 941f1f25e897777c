"""Named arrays in, a DataTree in ArviZ's conventions out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.core.registry import suggestion
from glmm_bayes.families import Family, Response
from glmm_bayes.fit.log_likelihood import ResponseDensity, log_likelihood_variable
from glmm_bayes.fit.supports import (
    ANY,
    FITTING,
    UNIT,
    Support,
    check_support,
    gaps_of,
    real_numbers,
    supports,
)
from glmm_bayes.priors.predictors import monotonic_coordinates, monotonic_dimensions
from glmm_bayes.priors.priors import Priors, shared_labels

Array = NDArray[np.float64]


def dimensions(priors: Priors) -> dict[str, tuple[str, ...]]:
    """List the variables of the posterior and their dimensions after chain and draw."""
    result: dict[str, tuple[str, ...]] = {}
    for predictor in priors.predictors.values():
        result[predictor.variable("beta")] = (predictor.variable("coef"),)
        result |= monotonic_dimensions(predictor)
        for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
            effect = f"{predictor.prefix}{group.slug}_effect"
            result[predictor.variable(f"sd_{group.slug}")] = (effect,)
            if prior.is_correlated:
                result[predictor.variable(f"corr_{group.slug}")] = (effect, f"{effect}_other")
            result |= {predictor.variable(f"{name}_{group.slug}"): () for name in prior.sampled_values}
            result[predictor.variable(f"b_{group.slug}")] = (group.slug, effect)
    for shared in priors.shared:
        name = f"joint_{shared.label}"
        result[f"joint_corr_{shared.label}"] = (name, f"{name}_other")
    if priors.thresholds is not None:
        result["thresholds"] = ("threshold",)
    return result | dict.fromkeys(priors.auxiliary, ())


def coordinates(priors: Priors) -> dict[str, Any]:
    """List the labels of each dimension."""
    result: dict[str, Any] = {}
    for predictor in priors.predictors.values():
        result[predictor.variable("coef")] = list(predictor.design.coefficients)
        result |= monotonic_coordinates(predictor)
        for group in predictor.design.groups:
            result[group.slug] = list(group.labels)
            effect = f"{predictor.prefix}{group.slug}_effect"
            result[effect] = result[f"{effect}_other"] = list(group.effects)
    for shared in priors.shared:
        name = f"joint_{shared.label}"
        result[name] = result[f"{name}_other"] = shared_labels(shared, priors)
    if priors.thresholds is not None:
        result["threshold"] = list(priors.thresholds.labels)
    return result


def arrays_of(
    draws: Any, priors: Priors, family: Family, is_ordered: bool = False, is_sampled: bool = False
) -> dict[str, Array]:
    """Check names, shapes and supports of draws made elsewhere; a single effect's axis may be left out.

    Parameters
    ----------
    draws : mapping of str to array_like or DataArray, or DataTree
    priors : Priors
    family : Family
    is_ordered : bool
        Whether they are known to stand in the model's order, as those of its own files do.
    is_sampled : bool
        Whether a sampler of ours made them; then some may not be finite.
    """
    supported = supports(priors, family.kinds)
    return checked_arrays(
        draws, priors, dimensions(priors), coordinates(priors), supported, is_ordered, is_sampled
    )


def checked_arrays(
    draws: Any,
    priors: Priors,
    wanted: dict[str, tuple[str, ...]],
    labels: dict[str, Any],
    supported: Mapping[str, Support],
    is_ordered: bool = False,
    is_sampled: bool = False,
) -> dict[str, Array]:
    """Check draws against the variables, the labels of their dimensions and the supports of a model."""
    findings = Findings(DataError)
    draws = _by_name(draws, wanted, findings)
    if not is_ordered:
        draws = _paired(draws, findings)
    draws = {
        name: _aligned(name, value, wanted[name], labels, findings)
        if name in wanted and isinstance(value, xr.DataArray)
        else value
        for name, value in draws.items()
        if is_ordered or not _lacks_order(name, value, wanted, labels, findings)
    }
    findings.raise_errors()
    sizes = {name: len(values) for name, values in labels.items()}
    arrays: dict[str, Array] = {}
    for name, value in draws.items():
        if name not in wanted:
            hint = " ".join(filter(None, (suggestion(name, wanted), f"Variables: {', '.join(wanted)}.")))
            findings.error("draws_shape", f"the model has no variable '{name}'.", hint=hint)
            continue
        array = real_numbers(name, value, findings)
        array = None if array is None else _shaped(name, array, wanted[name], sizes, findings)
        if array is None:
            continue
        support = supported.get(name, ANY)
        gaps = "" if is_sampled else gaps_of(array)
        if gaps:
            findings.error("draws_values", f"draws of '{name}' must be finite numbers: {gaps}.")
        else:
            # Shapes may be as large as they like; what stands in a linear predictor or is a scale is squared.
            is_shape = name in priors.auxiliary and not name.endswith("sigma")
            bounds = () if is_sampled or is_shape else FITTING
            check_support(name, array, (*bounds, *support), findings)
        # Rounding may have put a probability past its end.
        arrays[name] = np.clip(array, 0.0, 1.0) if support is UNIT else array
    _check_whole(draws, arrays, priors, findings)
    findings.raise_errors()
    return arrays


def _by_name(draws: Any, wanted: dict[str, tuple[str, ...]], findings: Findings) -> Mapping[str, Any]:
    if isinstance(draws, xr.DataTree):
        return _from_tree(draws, wanted, findings)
    if not isinstance(draws, Mapping):
        message = f"draws must be a mapping of names to arrays, or a DataTree, found {type(draws).__name__}."
        findings.error("draws_shape", message, hint=f"Variables: {', '.join(wanted)}.")
        findings.raise_errors()
    return draws  # type: ignore[no-any-return]


def _shaped(
    name: str, array: Array, dims: tuple[str, ...], sizes: Mapping[str, int], findings: Findings
) -> Array | None:
    """Give draws the shape of the model's variable, or collect why they do not have it."""
    shape = tuple(sizes[dimension] for dimension in dims)
    if array.ndim >= 2 and array.ndim == len(shape) + 1 and shape[-1:] == (1,):
        array = array[..., None]
    if array.shape[2:] != shape or array.ndim != len(shape) + 2:
        needed = ", ".join(["chain", "draw", *(f"{d} = {sizes[d]}" for d in dims)])
        message = f"draws of '{name}' must have the shape ({needed}), found {array.shape}."
        findings.error("draws_shape", message)
        return None
    if 0 in array.shape[:2]:
        message = f"draws of '{name}': there are none, the shape is {array.shape}."
        findings.error("draws_shape", message, hint="One draw of one chain is the least.")
        return None
    return array


def _check_whole(
    draws: Mapping[str, Any], arrays: Mapping[str, Array], priors: Priors, findings: Findings
) -> None:
    """Collect what is missing, and arrays that differ in their chains or draws."""
    for name in (predictor.variable("beta") for predictor in priors.predictors.values()):
        if name not in draws:
            findings.error("draws_shape", f"draws of '{name}' are needed by every verb.")
    if len({array.shape[:2] for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape[:2]}" for name, array in arrays.items())
        findings.error("draws_shape", f"all draws must have the same chains and draws: {shapes}.")


def _from_tree(
    tree: xr.DataTree, wanted: dict[str, tuple[str, ...]], findings: Findings
) -> dict[str, xr.DataArray]:
    """Take the model's variables out of a tree."""
    if "posterior" not in tree.children:
        findings.error("draws_shape", "the tree has no group 'posterior'.")
        findings.raise_errors()
    variables = tree["posterior"].to_dataset().data_vars
    return {name: variables[name] for name in wanted if name in variables}


def _paired(draws: Mapping[str, Any], findings: Findings) -> dict[str, Any]:
    """Put chains and draws that have labels in the order of the first variable that has them."""
    result = dict(draws)
    for dim in ("chain", "draw"):
        labelled = {
            name: value.coords[dim].to_numpy().tolist()
            for name, value in result.items()
            if isinstance(value, xr.DataArray) and dim in value.dims and dim in value.coords
        }
        first = next(iter(labelled), "")
        for name, labels in labelled.items():
            order = {label: position for position, label in enumerate(labels)}
            if labels == labelled[first]:
                continue
            if len(order) < len(labels) or set(order) != set(labelled[first]):
                message = f"the labels of '{dim}' differ between '{first}' and '{name}': "
                message += f"{labelled[first][:5]} and {labels[:5]}."
                findings.error("draws_labels", message, hint=f"Give the {dim}s of one run, or no labels.")
            else:
                result[name] = result[name].isel({dim: [order[label] for label in labelled[first]]})
    findings.raise_errors()
    return result


def _aligned(
    name: str, variable: xr.DataArray, dims: tuple[str, ...], labels: dict[str, Any], findings: Findings
) -> Array:
    """Put the labelled dimensions of a variable in the model's order."""
    for dim in dims:
        if dim not in variable.dims or dim not in variable.coords:
            continue
        found = variable.coords[dim].to_numpy().tolist()
        if sorted(map(str, found)) != sorted(map(str, labels[dim])):
            message = f"'{name}': the labels of '{dim}' are not the model's: {found[:5]}."
            findings.error("draws_shape", message, hint=f"The model has {labels[dim][:5]}.")
        else:
            order = [list(map(str, found)).index(str(label)) for label in labels[dim]]
            variable = variable.isel({dim: order})
    known = ("chain", "draw", *dims)
    foreign = [str(dim) for dim in variable.dims if dim not in known]
    missing = [dim for dim in known if dim not in variable.dims]
    # An axis of one, and whatever else is not named, stand where they stand; a name says where it belongs.
    if foreign and set(missing) & {"chain", "draw"}:
        has = ", ".join(map(str, variable.dims))
        message = f"draws of '{name}' have the dimensions {has}; chain and draw are needed."
        findings.error("draws_shape", message, hint=f"Rename {foreign[0]}: the model has {', '.join(known)}.")
    order_of_dims = [dim for dim in known if dim in variable.dims]
    return np.asarray(variable.transpose(*order_of_dims, ...).to_numpy())


def _lacks_order(
    name: str,
    value: Any,
    wanted: dict[str, tuple[str, ...]],
    labels: dict[str, Any],
    findings: Findings,
) -> bool:
    """Collect correlations under a label that do not say which effects they are between.

    Their order is that of the model's linear predictors, which nobody can be expected to know; of two
    effects there is one correlation.
    """
    dims = wanted.get(name, ())
    if not dims or not name.startswith("joint_corr_") or len(labels[dims[0]]) <= 2:
        return False
    if isinstance(value, xr.DataArray) and all(dim in value.coords for dim in dims):
        return False
    order = ", ".join(map(repr, labels[dims[0]]))
    message = f"draws of '{name}' must say which effects they are between: an array has no labels."
    one, other = (f'"{dim}": labels' for dim in dims)
    hint = f'Write xarray.DataArray(values, dims=("chain", "draw", "{dims[0]}", "{dims[1]}"), '
    hint += f"coords={{{one}, {other}}}) with labels = [{order}] in the order of your values."
    findings.error("draws_labels", message, hint=hint)
    return True


def assemble(
    posterior: Mapping[str, Array],
    sample_stats: Mapping[str, NDArray[Any]],
    response: Response,
    priors: Priors,
    family: Family,
) -> xr.DataTree:
    """Put draws, statistics of the sampler and data into one tree, with the log likelihood to be read."""
    labels = coordinates(priors)
    inner = dimensions(priors)
    variables = {
        name: (("chain", "draw", *inner[name]), posterior[name]) for name in inner if name in posterior
    }
    used = {dimension for dims, _ in variables.values() for dimension in dims}
    chains, draws = next(iter(posterior.values())).shape[:2]
    steps = {"chain": np.arange(chains), "draw": np.arange(draws)}
    groups = {
        "posterior": xr.Dataset(variables, coords={**steps, **{k: v for k, v in labels.items() if k in used}})
    }
    if sample_stats:
        stats = {name: (("chain", "draw"), values) for name, values in sample_stats.items()}
        groups["sample_stats"] = xr.Dataset(stats, coords=steps)
    rows: dict[str, Any] = {"row": np.arange(len(response.values))}
    pointwise = log_likelihood_variable(posterior, ResponseDensity(family, response, priors))
    if pointwise is not None:
        groups["log_likelihood"] = xr.Dataset({"y": pointwise}, coords={**steps, **rows})
    groups["observed_data"] = observed_data(response)
    groups["constant_data"] = _constant_data(response, priors, rows)
    return xr.DataTree.from_dict(groups)


def observed_data(response: Response) -> xr.Dataset:
    """Return the observed responses; categories by their position, with their names beside."""
    rows: dict[str, Any] = {"row": np.arange(len(response.values))}
    attrs = {"categories": list(response.categories)} if response.categories else {}
    if response.values.ndim == 1:
        return xr.Dataset({"y": ("row", response.values)}, coords=rows, attrs=attrs)
    coords = {**rows, "category": list(response.categories)}
    return xr.Dataset({"y": (("row", "category"), response.values)}, coords=coords, attrs=attrs)


def _constant_data(response: Response, priors: Priors, rows: dict[str, Any]) -> xr.Dataset:
    variables: dict[str, Any] = {"trials": ("row", response.trials)}
    coords = dict(rows)
    for predictor in priors.predictors.values():
        coef = predictor.variable("coef")
        variables[predictor.variable("x")] = (("row", coef), predictor.design.x)
        variables[predictor.variable("offset")] = ("row", predictor.design.offset)
        coords[coef] = list(predictor.design.coefficients)
    return xr.Dataset(variables, coords=coords)
