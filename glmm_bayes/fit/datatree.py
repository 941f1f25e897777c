"""Named arrays in, a DataTree in ArviZ's conventions out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.fit.joint_density import JointDensity
from glmm_bayes.fit.log_likelihood import ResponseDensity, log_likelihood_variable
from glmm_bayes.fit.own_draws import own_draws
from glmm_bayes.fit.supports import FITTING, SUPPORTS, check_support, gaps_of, real_numbers
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.names import of_response
from glmm_bayes.priors.posterior import Posterior, Variable


def checked_arrays(
    draws: Any, definition: ModelDefinition, is_ordered: bool = False, is_sampled: bool = False
) -> dict[str, Array]:
    """Check names, shapes and supports of draws made elsewhere; a single effect's axis may be left out.

    Parameters
    ----------
    draws : mapping of str to array_like or DataArray, or DataTree
    definition : ModelDefinition
        What they are draws of.
    is_ordered : bool
        Whether they are known to stand in the model's order, as those of its own files do.
    is_sampled : bool
        Whether a sampler of ours made them; then some may not be finite.

    Raises
    ------
    DataError
        ``draws_shape``, ``draws_labels``, ``draws_values``.
    """
    findings, posterior = Findings(DataError), definition.posterior
    draws = _by_name(draws, posterior, findings)
    if not is_ordered:
        draws = _paired(draws, findings)
    draws = {
        name: _aligned(name, value, posterior, findings)
        if name in posterior and isinstance(value, xr.DataArray)
        else value
        for name, value in draws.items()
        if is_ordered or not _lacks_order(name, value, posterior, findings)
    }
    findings.raise_errors()
    arrays: dict[str, Array] = {}
    for name, value in draws.items():
        if name not in posterior:
            hint = " ".join(
                filter(None, (suggestion(name, posterior), f"Variables: {', '.join(posterior)}."))
            )
            findings.error("draws_shape", f"the model has no variable '{name}'.", hint=hint)
            continue
        array = real_numbers(name, value, findings)
        array = None if array is None else _shaped(name, array, posterior, findings)
        if array is not None:
            arrays[name] = _inside(posterior.variables[name], array, is_sampled, findings)
    _check_whole(draws, arrays, definition, findings)
    findings.raise_errors()
    return arrays


def _inside(variable: Variable, array: Array, is_sampled: bool, findings: Findings) -> Array:
    """Collect draws that lie where their variable cannot; put those that rounding moved back to their end."""
    gaps = "" if is_sampled else gaps_of(array)
    if gaps:
        findings.error("draws_values", f"draws of '{variable.name}' must be finite numbers: {gaps}.")
    else:
        # Shapes may be as large as they like; what stands in a linear predictor or is an sd is squared.
        is_shape = variable.role == "auxiliary" and not variable.is_sd
        bounds = () if is_sampled or is_shape else FITTING
        check_support(variable.name, array, (*bounds, *SUPPORTS[variable.support]), findings)
    return np.clip(array, 0.0, 1.0) if variable.support == "unit" else array


def _by_name(draws: Any, wanted: Posterior, findings: Findings) -> Mapping[str, Any]:
    if isinstance(draws, xr.DataTree):
        return _from_tree(draws, wanted, findings)
    if not isinstance(draws, Mapping):
        message = f"draws must be a mapping of names to arrays, or a DataTree, found {type(draws).__name__}."
        findings.error("draws_shape", message, hint=f"Variables: {', '.join(wanted)}.")
        findings.raise_errors()
    return draws  # type: ignore[no-any-return]


def _shaped(name: str, array: Array, posterior: Posterior, findings: Findings) -> Array | None:
    """Give draws the shape of the model's variable, or collect why they do not have it."""
    dims, shape = posterior.variables[name].dims, posterior.shapes[name]
    if array.ndim >= 2 and array.ndim == len(shape) + 1 and shape[-1:] == (1,):
        array = array[..., None]
    if array.shape[2:] != shape or array.ndim != len(shape) + 2:
        needed = ", ".join(["chain", "draw", *(f"{d} = {size}" for d, size in zip(dims, shape, strict=True))])
        message = f"draws of '{name}' must have the shape ({needed}), found {array.shape}."
        findings.error("draws_shape", message)
        return None
    if 0 in array.shape[:2]:
        message = f"draws of '{name}': there are none, the shape is {array.shape}."
        findings.error("draws_shape", message, hint="One draw of one chain is the least.")
        return None
    return array


def _check_whole(
    draws: Mapping[str, Any], arrays: Mapping[str, Array], definition: ModelDefinition, findings: Findings
) -> None:
    """Collect what is missing, and arrays that differ in their chains or draws."""
    for name in (predictor.names.beta for predictor in definition.priors.predictors.values()):
        if name not in draws:
            findings.error("draws_shape", f"draws of '{name}' are needed by every verb.")
    if len({array.shape[:2] for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape[:2]}" for name, array in arrays.items())
        findings.error("draws_shape", f"all draws must have the same chains and draws: {shapes}.")


def _from_tree(tree: xr.DataTree, wanted: Posterior, findings: Findings) -> dict[str, xr.DataArray]:
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


def _aligned(name: str, variable: xr.DataArray, posterior: Posterior, findings: Findings) -> Array:
    """Put the labelled dimensions of a variable in the model's order."""
    dims, labels = posterior.variables[name].dims, posterior.labels
    for dim in dims:
        if dim not in variable.dims or dim not in variable.coords:
            continue
        given_labels = variable.coords[dim].to_numpy().tolist()
        if sorted(map(str, given_labels)) != sorted(map(str, labels[dim])):
            message = f"'{name}': the labels of '{dim}' are not the model's: {given_labels[:5]}."
            findings.error("draws_shape", message, hint=f"The model has {labels[dim][:5]}.")
        else:
            order = [list(map(str, given_labels)).index(str(label)) for label in labels[dim]]
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


def _lacks_order(name: str, value: Any, posterior: Posterior, findings: Findings) -> bool:
    """Collect correlations under a label that do not say which effects they are between.

    Their order is that of the model's linear predictors, which nobody can be expected to know; of two
    effects there is one correlation.
    """
    if name not in posterior or posterior.variables[name].role != "joint_correlation":
        return False
    dims, labels = posterior.variables[name].dims, posterior.labels
    if len(labels[dims[0]]) <= 2:
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
    definition: ModelDefinition,
    posterior: Mapping[str, Array],
    statistics: Mapping[str, NDArray[Any]],
) -> xr.DataTree:
    """Put draws, statistics of the sampler and data into one tree, with the log likelihood to be read.

    Parameters
    ----------
    definition : ModelDefinition
    posterior : mapping of str to ndarray, shape (chain, draw, ...)
    statistics : mapping of str to ndarray, shape (chain, draw)
    """
    known = definition.posterior
    variables = {
        name: (("chain", "draw", *variable.dims), posterior[name])
        for name, variable in known.variables.items()
        if name in posterior
    }
    used = {dimension for dims, _ in variables.values() for dimension in dims}
    chains, draws = next(iter(posterior.values())).shape[:2]
    steps: dict[str, Any] = {"chain": np.arange(chains), "draw": np.arange(draws)}
    labels = {name: values for name, values in known.labels.items() if name in used}
    groups = {"posterior": xr.Dataset(variables, coords={**steps, **labels})}
    if statistics:
        stats = {name: (("chain", "draw"), values) for name, values in statistics.items()}
        groups["sample_stats"] = xr.Dataset(stats, coords=steps)
    rows = {"row": np.arange(len(definition.first.response.values))}
    pointwise = _log_likelihood(definition, posterior)
    if pointwise:
        groups["log_likelihood"] = xr.Dataset(pointwise, coords={**steps, **rows})
    groups["observed_data"] = observed_data(definition)
    groups["constant_data"] = _constant_data(definition, rows)
    return xr.DataTree.from_dict(groups)


def _log_likelihood(definition: ModelDefinition, posterior: Mapping[str, Array]) -> dict[str, xr.Variable]:
    """Return the pointwise log likelihood of each response, or of all of a row where residuals correlate."""
    if definition.rescor is not None:
        variables = {"y": log_likelihood_variable(posterior, JointDensity.of(definition))}
    else:
        variables = {}
        for response, one in definition.responses.items():
            name = definition.prefix(response) or "y"
            draws = own_draws(definition, response, posterior)
            density = ResponseDensity(one.family, one.response, one.priors)
            variables[name] = log_likelihood_variable(draws, density, name)
    return {name: variable for name, variable in variables.items() if variable is not None}


def observed_data(definition: ModelDefinition) -> xr.Dataset:
    """Return the observed responses; categories by their position, with their names beside."""
    rows: dict[str, Any] = {"row": np.arange(len(definition.first.response.values))}
    if definition.rescor is not None:
        stacked = np.stack([one.response.values for one in definition.responses.values()], axis=1)
        coords = {**rows, "response": list(definition.responses)}
        return xr.Dataset({"y": (("row", "response"), stacked)}, coords=coords)
    variables: dict[str, Any] = {}
    attrs: dict[str, Any] = {}
    for name, one in definition.responses.items():
        prefix, values = definition.prefix(name), one.response.values
        dims: tuple[str, ...] = ("row",)
        if values.ndim > 1:
            dims = ("row", of_response(prefix, "category"))
            rows[dims[1]] = list(one.response.categories)
        if one.response.categories:
            attrs[of_response(prefix, "categories")] = list(one.response.categories)
        variables[prefix or "y"] = (dims, values)
    return xr.Dataset(variables, coords=rows, attrs=attrs)


def _constant_data(definition: ModelDefinition, rows: Mapping[str, Any]) -> xr.Dataset:
    variables: dict[str, Any] = {
        of_response(definition.prefix(name), "trials"): ("row", one.response.trials)
        for name, one in definition.responses.items()
    }
    coords = dict(rows)
    for predictor in definition.priors.predictors.values():
        names = predictor.names
        variables[names.of("x")] = (("row", names.coef), predictor.design.x)
        variables[names.of("offset")] = ("row", predictor.design.offset)
        coords[names.coef] = list(predictor.design.coefficients)
    return xr.Dataset(variables, coords=coords)
