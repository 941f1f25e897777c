"""An archive and its manifest in, the Fit out: the way of a model again, with the stored draws at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.covariances.resolve import coded_predictors, wanted_tables
from glmm_bayes.design.column import too_many_unused, unlike_read
from glmm_bayes.design.containers.known import KnownTable, known_table
from glmm_bayes.design.design import Design, DesignState
from glmm_bayes.design.missing import check_finite
from glmm_bayes.design.table import Column, Table
from glmm_bayes.families import FAMILIES, Response
from glmm_bayes.fit.datatree import assemble, checked_arrays
from glmm_bayes.fit.draws import STATISTICS
from glmm_bayes.fit.fit import Fit
from glmm_bayes.priors.definition import ModelDefinition, define_model
from glmm_bayes.priors.resolve import ResponseDefinition, define_response
from glmm_bayes.spec.column_names import ColumnNames, column_names
from glmm_bayes.spec.linear_predictor import LinearPredictor
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.responses import by_name
from glmm_bayes.spec.several import Formula
from glmm_bayes.storage.archive import Archive
from glmm_bayes.storage.manifest import (
    MANIFEST,
    ROW_LABELS,
    ColumnEntry,
    KnownEntry,
    Manifest,
    ResponseEntry,
    StateEntry,
    canonical,
    fingerprint,
    from_json,
    state_entry,
)
from glmm_bayes.storage.recorded import (
    is_sampled,
    missing_statistics,
    settings_fault,
    size_fault,
    statistic_fault,
)
from glmm_bayes.storage.registered import check_structures

#: Numbers that another processor adds up in another order differ by far less than this.
_TOLERANCE = 1e-9

#: What a call learnt, as it is stored.
Hexes = Mapping[str, str | list[str]]


def rebuild(archive: Archive, manifest: Manifest) -> Fit:
    """Take the way from formulas and rows to a fit again, with the stored draws at its end."""
    specs = specs_of(manifest)
    written = [manifest.formula, *(entry.formula for entry in manifest.others)]
    if [spec.to_formula() for spec in specs.values()] != written:
        raise archive.unsafe("a formula in another spelling than the format's", MANIFEST)
    check_structures(archive, specs)
    table = _table(archive, manifest, column_names(specs.values()))
    known = _known(archive, manifest, specs)
    responses = {
        name: _response(archive, spec, table.only(spec.names()), known, states)
        for (name, spec), states in zip(specs.items(), _states(manifest), strict=True)
    }
    definition = define_model(responses, _priors(manifest), manifest.rescor)
    if manifest.others:
        definition = definition.noting(dict(zip(specs, map(tuple, manifest.notes), strict=True)))
    settings = _settings(archive, manifest)
    _check_names(archive, manifest, set(definition.posterior))
    posterior = _posterior(archive, manifest, definition, is_sampled(settings))
    statistics = _group_of(archive, manifest, "sample_stats")
    _check_statistics(archive, settings, next(iter(posterior.values())).shape[:2], statistics)
    return Fit(definition, assemble(definition, posterior, statistics), settings)


def _states(manifest: Manifest) -> list[Mapping[str, StateEntry]]:
    """List what the designs of each response had learnt."""
    return [manifest.states, *(entry.states for entry in manifest.others)]


def _settings(archive: Archive, manifest: Manifest) -> dict[str, Any]:
    settings = _decoded(archive, manifest.settings, dict)
    fault = settings_fault(settings)
    if fault:
        raise archive.unsafe(f"settings that no release writes ({fault})", MANIFEST)
    return settings


def _check_names(archive: Archive, manifest: Manifest, posterior: set[str]) -> None:
    """Refuse arrays that nothing reads, or that would stand in the way of what is read."""
    expected = {f"posterior/{name}" for name in posterior} | {ROW_LABELS}
    expected |= {entry.array for entry in manifest.columns} | {entry.array for entry in manifest.known}
    expected |= {f"sample_stats/{name}" for name in STATISTICS}
    for name in manifest.arrays:
        if name not in expected:
            raise archive.unsafe("an array that no release writes", name)


def _posterior(
    archive: Archive, manifest: Manifest, definition: ModelDefinition, by_sampler: bool
) -> dict[str, NDArray[Any]]:
    drawn = _group_of(archive, manifest, "posterior")
    missing = [name for name in definition.posterior if name not in drawn]
    if by_sampler and missing:
        raise archive.unsafe("a sampler's draws without a variable of its model", f"posterior/{missing[0]}")
    try:
        return checked_arrays(drawn, definition, is_ordered=True, is_sampled=by_sampler)
    except DataError as error:
        if error.code != "draws_values":
            raise
        raise archive.unsafe(f"draws that its model cannot have ({error})", "posterior") from None


def _check_statistics(
    archive: Archive,
    settings: Mapping[str, Any],
    shape: tuple[int, ...],
    statistics: Mapping[str, NDArray[Any]],
) -> None:
    """Compare a sampler's settings and statistics with the draws that it made."""
    if not is_sampled(settings):
        for name in statistics:
            raise archive.unsafe("a sampler's statistic of draws made elsewhere", f"sample_stats/{name}")
        return
    fault = size_fault(settings, shape)
    if fault:
        raise archive.unsafe(fault, "posterior")
    for name in missing_statistics(statistics):
        raise archive.unsafe("no values of a statistic that every sampler gives", f"sample_stats/{name}")
    for name, values in statistics.items():
        if values.shape != shape:
            raise archive.corrupt("the sampler's statistics have another shape than the draws.")
        fault = statistic_fault(name, values)
        if fault:
            raise archive.unsafe(fault, f"sample_stats/{name}")


def specs_of(manifest: Manifest) -> dict[str, ModelSpec]:
    """Read the spec of each response, by its name in the posterior; of several without the user's priors."""
    priors = {} if manifest.others else _priors(manifest)
    first = _spec(manifest, manifest.interpretation, priors)
    others = [_spec(entry, "subject", {}) for entry in manifest.others]
    return by_name([replace(spec, edition=manifest.format) for spec in (first, *others)])


def _priors(manifest: Manifest) -> dict[str, Prior]:
    return {
        entry.parameter: Prior(
            entry.distribution,
            of=entry.of or None,
            **{name: float.fromhex(value) for name, value in entry.arguments.items()},
        )
        for entry in manifest.priors
    }


def _spec(entry: Manifest | ResponseEntry, interpretation: str, priors: Mapping[str, Prior]) -> ModelSpec:
    """Read a spec; a link that was a default stays the same link if the default changes."""
    is_default = entry.link_used == FAMILIES[entry.family].links[0]
    link = entry.link if entry.link is not None or is_default else entry.link_used
    further = {
        name: text if text.startswith("~") else float.fromhex(text) for name, text in entry.further.items()
    }
    formula = Formula(entry.formula, **further) if further else entry.formula
    return ModelSpec.from_formula(formula, entry.family, link, priors, interpretation)


def _decoded[T](archive: Archive, value: Any, expected_type: type[T]) -> T:
    try:
        result = from_json(value)
    except ValueError as error:
        raise archive.unsafe(f"a value that is not the format's ({error})", MANIFEST) from None
    if not isinstance(result, expected_type):
        raise archive.unsafe(f"settings or labels that are no {expected_type.__name__}", MANIFEST)
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


def _table(archive: Archive, manifest: Manifest, names: ColumnNames) -> Table:
    if [entry.name for entry in manifest.columns] != list(names):
        raise archive.corrupt("its columns are not those of its formula.")
    columns = {entry.name: _column(archive, manifest, entry) for entry in manifest.columns}
    table = Table(columns, _row_labels(archive, manifest))
    if any(column.values.shape != table.rows.shape for column in columns.values()):
        raise archive.corrupt("its columns differ in length.")
    if fingerprint(table) != manifest.fingerprint:
        raise archive.corrupt("the training rows do not match their fingerprint.")
    findings, ends = Findings(DataError), names.open_ended | names.bounds
    check_finite([column for name, column in columns.items() if name not in ends], table.rows, findings)
    findings.raise_errors()
    return table


def _coded(spec: ModelSpec, table: Table) -> dict[str, LinearPredictor]:
    """Write out the levels that structures order; refuse structures that a model would refuse."""
    findings = Findings(DataError)
    coded = coded_predictors(spec.linear_predictors, table, findings)
    findings.raise_errors()
    return coded


def _known(archive: Archive, manifest: Manifest, specs: Mapping[str, ModelSpec]) -> dict[str, KnownTable]:
    """Read what is known about levels, each table by the rules of its kind."""
    wanted = {name: structure for spec in specs.values() for name, structure in wanted_tables(spec).items()}
    if [(entry.name, entry.kind) for entry in manifest.known] != list(wanted.items()):
        raise archive.unsafe("other known tables than its formula names", MANIFEST)
    return {entry.name: _known_table(archive, manifest, entry) for entry in manifest.known}


def _known_table(archive: Archive, manifest: Manifest, entry: KnownEntry) -> KnownTable:
    values = _numbers(archive, manifest, entry.array)
    shape = (len(entry.labels), values.shape[-1] if entry.kind == "coordinates" else len(entry.labels))
    if values.dtype != np.float64 or values.shape != shape:
        raise archive.corrupt(f"known '{entry.name}' is not of its kind.")
    try:
        table = known_table(entry.kind, entry.labels, values)
    except ValueError as error:
        raise archive.unsafe(f"a known '{entry.name}' that {error}", entry.array) from None
    if not np.array_equal(table.values, values):
        raise archive.unsafe(f"a known '{entry.name}' whose halves differ", entry.array)
    return table


def _column(archive: Archive, manifest: Manifest, entry: ColumnEntry) -> Column:
    values = _numbers(archive, manifest, entry.array)
    integers = ("int64",)
    types = {"number": ("int64", "float64"), "boolean": ("bool",), "label": integers, "date": integers}[
        entry.kind
    ]
    if values.dtype.name not in types or values.ndim != 1:
        raise archive.corrupt(f"column '{entry.name}' is not of its kind.")
    if entry.kind == "label" and not ((values >= 0) & (values < len(entry.levels))).all():
        raise archive.corrupt(f"column '{entry.name}' has codes without a level.")
    levels = tuple(entry.levels)
    column = Column(entry.name, entry.kind, values, levels, entry.ordered, entry.declared, entry.identifier)
    fault = unlike_read(column)
    if fault:
        raise archive.unsafe(f"column '{entry.name}' with {fault}", MANIFEST)
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


def _response(
    archive: Archive,
    spec: ModelSpec,
    table: Table,
    known: Mapping[str, KnownTable],
    stored: Mapping[str, StateEntry],
) -> ResponseDefinition:
    """Build the designs and compare what their rows teach with what they taught when it was saved."""
    coded = _coded(spec, table)
    tables = {name: known[name] for name in wanted_tables(spec)}
    # What was dropped or kept when the model was made is not asked again.
    states = {name: DesignState(dropped=tuple(entry.dropped)) for name, entry in stored.items()}
    definition = define_response(spec, coded, table, tables, Findings(DataError), "keep", states)
    if set(definition.designs) != set(stored):
        raise archive.corrupt("its predictors are not those of its formula.")
    taken = {
        name: transforms
        for name, design in definition.designs.items()
        if (transforms := _other_transforms(archive, design, definition.response, stored[name]))
    }
    if not taken:
        return definition
    states |= {name: replace(states[name], transforms=transforms) for name, transforms in taken.items()}
    return define_response(spec, coded, table, tables, Findings(DataError), "keep", states)


def _other_transforms(
    archive: Archive, design: Design, response: Response, stored: StateEntry
) -> dict[str, dict[str, float | list[float]]]:
    """Return what was learnt when it was saved, if it differs in the last bits from what is learnt now."""
    learnt = state_entry(design.state, response.transforms)
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
