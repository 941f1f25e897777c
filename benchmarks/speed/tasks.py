"""A set in; a folder out that every peer reads: the data, the finished design, and the model in words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import glmm_bayes as gb
from benchmarks.speed.sets import SETS, Set


def written(name: str, folder: Path) -> Path:
    """Write a set's data and model."""
    one, place = SETS[name], folder / name
    place.mkdir(parents=True, exist_ok=True)
    used = _read_alike(one)
    model = one.model(used)
    used.to_csv(place / "data.csv", index=False)
    np.savez(place / "design.npz", **design_of(model))
    text = json.dumps(task_of(one, model, used), indent=1)
    (place / "task.json").write_text(text, encoding="utf-8")
    return place


def _read_alike(one: Set) -> pd.DataFrame:
    """Return the columns that the formula names, every label with its levels in an order that all keep."""
    frame, words = one.data(), set(re.findall(r"\w+", one.formula))
    used = frame[[column for column in frame if column in words]].copy()
    for column, levels in _levels(used).items():
        used[column] = pd.Categorical(used[column].astype(str), categories=levels)
    return used


def design_of(model: gb.Model) -> dict[str, np.ndarray]:
    """Return the arrays that models written by hand start from."""
    y, trials = np.asarray(model.response.values), model.response.trials
    found = {
        "y": y if model.family.name == "gaussian" else y.astype(np.int64),
        "x": np.ascontiguousarray(model.design.x, dtype=float),
        "offset": np.asarray(model.design.offset, dtype=float),
    }
    if model.family.name == "binomial":
        found["trials"] = np.asarray(trials).astype(np.int64)
    for i, group in enumerate(model.design.groups):
        found[f"codes_{i}"] = np.ascontiguousarray(group.members[:, 0]).astype(np.int64)
        found[f"z_{i}"] = np.ascontiguousarray(group.z, dtype=float)
    return found


def task_of(one: Set, model: gb.Model, frame: pd.DataFrame) -> dict[str, Any]:
    """Return formulas, priors and names."""
    groups = [
        _group(one, group, prior)
        for group, prior in zip(model.design.groups, model.priors.groups, strict=True)
    ]
    dispersion = None
    if one.dispersion is not None:
        name = "sigma" if one.family == "gaussian" else "shape"
        dispersion = {"name": name, "scale": one.dispersion}
    found = {
        "formula": one.formula,
        "others_formula": one.others_formula or one.formula,
        "family": one.family,
        "intercept": one.intercept,
        "slope": one.slope,
        "eta": one.eta,
        "dispersion": dispersion,
        "priors": {name: _words(prior) for name, prior in one.priors().items()},
        "levels": _levels(frame),
        "coefficients": list(model.design.coefficients),
        "groups": groups,
    }
    return {**found, "numbers": numbers_of(found, model)}


def _words(prior: gb.Prior) -> tuple[str, dict[str, float]]:
    return prior.name, dict(prior.arguments)


def _levels(frame: pd.DataFrame) -> dict[str, list[str]]:
    """List the levels of the columns that are labels, in their order."""
    labels = [column for column in frame if not pd.api.types.is_numeric_dtype(frame[column])]
    return {str(column): [str(level) for level in _levels_of(frame[column])] for column in labels}


def _levels_of(column: pd.Series[Any]) -> list[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(column.unique())


def _group(one: Set, group: Any, prior: Any) -> dict[str, Any]:
    effects = [str(effect) for effect in group.effects]
    names = [f"sd_{group.slug}[{effect}]" for effect in effects]
    return {
        "factor": group.factor,
        "slug": group.slug,
        "levels": len(group.levels),
        "effects": effects,
        "sd_scales": [one.sds.get(name, one.sd) for name in names],
        "is_correlated": bool(prior.is_correlated),
    }


def numbers_of(task: dict[str, Any], model: gb.Model) -> list[str]:
    """Name the numbers of a draw in the order in which every peer hands them back."""
    names = [f"beta[{label}]" for label in task["coefficients"]]
    for group in task["groups"]:
        names += [f"sd_{group['slug']}[{effect}]" for effect in group["effects"]]
    for group in task["groups"]:
        rows, columns = np.tril_indices(len(group["effects"]), -1)
        if group["is_correlated"]:
            pairs = zip(columns, rows, strict=True)
            names += [f"corr_{group['slug']}[{group['effects'][i]}, {group['effects'][j]}]" for i, j in pairs]
    if task["dispersion"]:
        names.append(task["dispersion"]["name"])
    for group, design in zip(task["groups"], model.design.groups, strict=True):
        names += [
            f"b_{group['slug']}[{label}, {effect}]" for label in design.labels for effect in group["effects"]
        ]
    return names
