"""An archive and its manifest in, the Fit out: the way of a model again, with the stored draws at its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.column import too_many_unused
from glmm_bayes.design.design import Design, DesignState
from glmm_bayes.design.known import KnownTable
from glmm_bayes.design.several import MEAN
from glmm_bayes.design.table import Column, Table
from glmm_bayes.graph.families import FAMILIES, Family
from glmm_bayes.graph.priors import Priors
from glmm_bayes.graph.resolve import Resolved, resolve
from glmm_bayes.infer.archive import Archive
from glmm_bayes.infer.datatree import arrays_of, assemble, dimensions
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.manifest import (
    MANIFEST,
    ROW_LABELS,
    SETTINGS,
    ColumnEntry,
    Manifest,
    StateEntry,
    canonical,
    fingerprint,
    first_of,
    from_json,
    state_entry,
)
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.several import Formula

#: Numbers that another processor adds up in another order differ by far less than this.
_TOLERANCE = 1e-9

_STATISTIC = re.compile("[a-z][a-z0-9_]*")
#: Settings that a sampler leaves; draws made elsewhere have none of them.
_SAMPLED = {"seed", "interrupted", "crashed"}

#: What a call learnt, as it is stored.
Hexes = Mapping[str, str | list[str]]


def rebuild(archive: Archive, manifest: Manifest) -> Fit:
    """Take the way from formula and rows to a fit again, with the stored draws at its end."""
    spec = spec_of(manifest)
    if spec.to_formula() != manifest.formula:
        raise archive.unsafe("a formula in another spelling than the format's", MANIFEST)
    table = _table(archive, manifest, spec)
    known = _known(archive, manifest)
    resolved = _resolved(archive, manifest, spec, table, known)
    response, priors = resolved.response, resolved.priors
    family, settings = FAMILIES[spec.family], _settings(archive, manifest)
    _check_names(archive, manifest, set(dimensions(priors)))
    posterior = _posterior(archive, manifest, priors, family, "seed" in settings)
    statistics = _group_of(archive, manifest, "sample_stats")
    _check_sampled(archive, settings, next(iter(posterior.values())).shape[:2], statistics)
    tree = assemble(posterior, statistics, response, priors, family)
    return Fit(spec, resolved.designs[MEAN], response, priors, tree, settings, known)


def _settings(archive: Archive, manifest: Manifest) -> dict[str, Any]:
    settings = _decoded(archive, manifest.settings, dict)
    try:
        SETTINGS.validate_python(settings)
    except ValidationError as error:
        raise archive.unsafe(f"settings that no release writes ({first_of(error)})", MANIFEST) from None
    if _SAMPLED & set(settings) and not {"draws", "chains"} <= set(settings):
        raise archive.unsafe("settings of a sampler without its draws and chains", MANIFEST)
    return settings


def _check_names(archive: Archive, manifest: Manifest, posterior: set[str]) -> None:
    """Refuse arrays that nothing reads, or that would stand in the way of what is read."""
    expected = {f"posterior/{name}" for name in posterior} | {ROW_LABELS}
    expected |= {entry.array for entry in manifest.columns} | {entry.array for entry in manifest.known}
    for name in manifest.arrays:
        group, _, own = name.partition("/")
        is_statistic = group == "sample_stats" and _STATISTIC.fullmatch(own) and own not in ("chain", "draw")
        if name not in expected and not is_statistic:
            raise archive.unsafe("an array that no release writes", name)


def _posterior(
    archive: Archive, manifest: Manifest, priors: Priors, family: Family, is_sampled: bool
) -> dict[str, NDArray[Any]]:
    drawn = _group_of(archive, manifest, "posterior")
    try:
        return arrays_of(drawn, priors, family, is_ordered=True, is_sampled=is_sampled)
    except DataError as error:
        if error.code != "draws_values":
            raise
        raise archive.unsafe(f"draws that its model cannot have ({error})", "posterior") from None


def _check_sampled(
    archive: Archive,
    settings: Mapping[str, Any],
    shape: tuple[int, ...],
    statistics: Mapping[str, NDArray[Any]],
) -> None:
    """Compare a sampler's settings and statistics with the draws that it made."""
    if any(values.shape != shape for values in statistics.values()):
        raise archive.corrupt("the sampler's statistics have another shape than the draws.")
    if "seed" not in settings:
        return
    asked = (settings["chains"], settings["draws"])
    if shape[0] > asked[0] or shape[1] > asked[1]:
        raise archive.unsafe(f"more chains or draws than were sampled, {shape} of {asked}", "posterior")
    if shape != asked and not (settings.get("interrupted") or settings.get("crashed")):
        raise archive.unsafe(f"fewer chains or draws than were sampled, {shape} of {asked}", "posterior")
    for name in ("diverging", "reached_max_treedepth"):
        if name in statistics and statistics[name].dtype != np.bool_:
            raise archive.unsafe("a statistic of another type", f"sample_stats/{name}")
    if "diverging" not in statistics:
        raise archive.unsafe("a sampler's draws without its divergences", "sample_stats")


def spec_of(manifest: Manifest) -> ModelSpec:
    """Read the spec; a link that was a default stays the same link if the default changes."""
    is_default = manifest.link_used == FAMILIES[manifest.family].links[0]
    link = manifest.link if manifest.link is not None or is_default else manifest.link_used
    priors = {
        entry.parameter: Prior(
            entry.distribution,
            of=entry.of or None,
            **{name: float.fromhex(value) for name, value in entry.arguments.items()},
        )
        for entry in manifest.priors
    }
    further = {
        name: text if text.startswith("~") else float.fromhex(text) for name, text in manifest.further.items()
    }
    formula = Formula(manifest.formula, **further) if further else manifest.formula
    spec = ModelSpec.from_formula(formula, manifest.family, link, priors, manifest.interpretation)
    return replace(spec, edition=manifest.format)


def _decoded[T](archive: Archive, value: Any, kind: type[T]) -> T:
    try:
        result = from_json(value)
    except ValueError as error:
        raise archive.unsafe(f"a value that is not the format's ({error})", MANIFEST) from None
    if not isinstance(result, kind):
        raise archive.unsafe(f"settings or labels that are no {kind.__name__}", MANIFEST)
    return result


def _group_of(archive: Archive, manifest: Manifest, group: str) -> dict[str, NDArray[Any]]:
    names = [name for name in manifest.arrays if name.startswith(f"{group}/")]
    return {name.removeprefix(f"{group}/"): _numbers(archive, manifest, name) for name in names}


def _numbers(archive: Archive, manifest: Manifest, name: str) -> NDArray[Any]:
    if name not in manifest.arrays:
        raise archive.corrupt(f"the array {name} is missing.")
    entry = manifest.arrays[name]
    data = archive.read(entry.chunk(name)) if entry.size else b""
    if entry.dtype == "bool" and data.strip(b"\0\1"):
        raise archive.unsafe("bytes that are no booleans", entry.chunk(name))
    return entry.decode(data)


def _table(archive: Archive, manifest: Manifest, spec: ModelSpec) -> Table:
    if [entry.name for entry in manifest.columns] != list(spec.names()):
        raise archive.corrupt("its columns are not those of its formula.")
    columns = {entry.name: _column(archive, manifest, entry) for entry in manifest.columns}
    table = Table(columns, _row_labels(archive, manifest))
    if any(column.values.shape != table.rows.shape for column in columns.values()):
        raise archive.corrupt("its columns differ in length.")
    if fingerprint(table) != manifest.fingerprint:
        raise archive.corrupt("the training rows do not match their fingerprint.")
    return table


def _known(archive: Archive, manifest: Manifest) -> dict[str, KnownTable]:
    tables = {}
    for entry in manifest.known:
        values = _numbers(archive, manifest, entry.array)
        square = entry.kind == "coordinates" or values.shape[1:] == (len(entry.labels),)
        if values.dtype != np.float64 or values.shape[:1] != (len(entry.labels),) or not square:
            raise archive.corrupt(f"known '{entry.name}' is not of its kind.")
        tables[entry.name] = KnownTable(entry.kind, tuple(entry.labels), values)
    return tables


def _column(archive: Archive, manifest: Manifest, entry: ColumnEntry) -> Column:
    values = _numbers(archive, manifest, entry.array)
    whole = ("int64",)
    types = {"number": ("int64", "float64"), "boolean": ("bool",), "label": whole, "date": whole}[entry.kind]
    if values.dtype.name not in types or values.ndim != 1:
        raise archive.corrupt(f"column '{entry.name}' is not of its kind.")
    if entry.kind == "label" and not ((values >= 0) & (values < len(entry.levels))).all():
        raise archive.corrupt(f"column '{entry.name}' has codes without a level.")
    levels = tuple(entry.levels)
    column = Column(entry.name, entry.kind, values, levels, entry.ordered, entry.declared, entry.identifier)
    if too_many_unused(column):
        raise archive.unsafe(f"more levels of '{entry.name}' than its rows can have", MANIFEST)
    return column


def _row_labels(archive: Archive, manifest: Manifest) -> NDArray[Any]:
    if manifest.row_labels is None:
        return _numbers(archive, manifest, ROW_LABELS)
    labels = _decoded(archive, manifest.row_labels, list)
    rows = np.empty(len(labels), object)
    # One by one: NumPy would make a second axis of tuples.
    for position, label in enumerate(labels):
        rows[position] = label
    return rows


def _resolved(
    archive: Archive, manifest: Manifest, spec: ModelSpec, table: Table, known: Mapping[str, KnownTable]
) -> Resolved:
    """Build the designs and compare what their rows teach with what they taught when it was saved."""
    # What was dropped or kept when the model was made is not asked again.
    states = {name: DesignState(dropped=tuple(entry.dropped)) for name, entry in manifest.states.items()}
    resolved = resolve(spec, table, known, Findings(DataError), "keep", states)
    if set(resolved.designs) != set(manifest.states):
        raise archive.corrupt("its predictors are not those of its formula.")
    taken = {
        name: transforms
        for name, design in resolved.designs.items()
        if (transforms := _other_transforms(archive, design, manifest.states[name]))
    }
    if not taken:
        return resolved
    states |= {name: replace(states[name], transforms=transforms) for name, transforms in taken.items()}
    return resolve(spec, table, known, Findings(DataError), "keep", states)


def _other_transforms(
    archive: Archive, design: Design, stored: StateEntry
) -> dict[str, dict[str, float | list[float]]]:
    """Return what was learnt when it was saved, if it differs in the last bits from what is learnt now."""
    learnt = state_entry(design.state)
    # As texts, for True and 1 are equal in Python and are different levels.
    if canonical(learnt.model_dump()) == canonical(stored.model_dump()):
        return {}
    same_levels = canonical([learnt.factors, learnt.groups]) == canonical([stored.factors, stored.groups])
    if not same_levels or not _near(learnt.transforms, stored.transforms):
        raise archive.corrupt("the training rows do not teach the design what it had learnt.")
    return {
        key: {name: _learnt(value) for name, value in values.items()}
        for key, values in stored.transforms.items()
    }


def _learnt(value: str | list[str]) -> float | list[float]:
    return [float.fromhex(text) for text in value] if isinstance(value, list) else float.fromhex(value)


def _near(learnt: Mapping[str, Hexes], stored: Mapping[str, Hexes]) -> bool:
    """Compare what calls learnt: the last bits may differ between processors."""
    if {key: set(values) for key, values in learnt.items()} != {k: set(v) for k, v in stored.items()}:
        return False
    pairs = [(_learnt(value), _learnt(stored[key][name]))
             for key, values in learnt.items() for name, value in values.items()]  # fmt: skip
    return all(
        np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE)
        for one, other in pairs
    )
