"""A Fit in, one file out, and back without PyMC: numbers as zarr, words as JSON, nothing that runs.

What follows from the draws and the training rows (design, priors, pointwise log likelihood) is not
stored; it is computed again on loading, by the code that computed it first.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from glmm_bayes.core.errors import DataError, Finding, Findings, GlmmError, GlmmWarning, StorageError
from glmm_bayes.core.links import LINKS
from glmm_bayes.design.design import Design, DesignState, _assemble, build_design
from glmm_bayes.design.table import Column, Table
from glmm_bayes.graph.families import FAMILIES
from glmm_bayes.graph.priors import resolve_priors
from glmm_bayes.infer.archive import Archive, open_archive, write_archive
from glmm_bayes.infer.datatree import arrays_of, assemble, dimensions
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.manifest import (
    FORMAT,
    MANIFEST,
    ROW_LABELS,
    ArrayEntry,
    ColumnEntry,
    FingerprintEntry,
    Manifest,
    MemberEntry,
    PriorEntry,
    StateEntry,
    canonical,
    chunk_bytes,
    entry_of,
    from_json,
    metadata_members,
    to_json,
)
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior

_LIBRARIES = ("glmm-bayes", "numpy", "pandas", "scipy", "xarray")
_MANIFEST_LIMIT = 64_000_000
#: Means and sds that another processor adds up in another order differ by far less than this.
_TOLERANCE = 1e-9

#: Name to dimensions and values.
Arrays = dict[str, tuple[tuple[str, ...], NDArray[Any]]]


def save_fit(fit: Fit, path: str | PathLike[str], overwrite: bool = False) -> None:
    """Write a fit to one file; the same fit gives the same bytes.

    Parameters
    ----------
    fit : Fit
    path : str or path
        Any suffix; ``.glmm`` is customary.
    overwrite : bool
        Whether an existing file may be replaced. It is, whole, once the new one is on the disk.

    Raises
    ------
    StorageError
        ``storage`` if the name is taken, cannot be written, or the fit holds what a file cannot.
    """
    path = Path(path)
    arrays = _arrays(fit)
    entries = {name: entry_of(name, values, dims) for name, (dims, values) in arrays.items()}
    members: dict[str, Any] = dict(metadata_members(entries))
    members |= {entries[name].chunk(name): chunk_bytes(a) for name, (_, a) in arrays.items() if a.size}
    hashes = {
        name: MemberEntry(size=memoryview(data).nbytes, sha256=hashlib.sha256(data).hexdigest())
        for name, data in members.items()
    }
    try:
        manifest = _manifest(fit, entries, hashes)
    except ValidationError as error:
        message = f"{path}: the fit holds what a file cannot: {_first(error)}."
        raise StorageError(Finding("storage", message)) from error
    write_archive(path, members | {MANIFEST: manifest.to_bytes()}, overwrite)


def load(path: str | PathLike[str]) -> Fit:
    """Read a fit that ``fit.save`` wrote; PyMC is not needed.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Fit
        Draws, data and effects equal to the saved fit's to the last bit.

    Raises
    ------
    StorageError
        ``storage`` if there is no such file, ``load_corrupt`` if it is damaged, ``load_version`` if a
        newer release wrote it, ``load_unsafe`` if it holds what no release writes.

    Examples
    --------
    >>> import tempfile, glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fit.save(f"{folder}/sleep.glmm")
    ...     gb.load(f"{folder}/sleep.glmm").spec == fit.spec
    True
    """
    with open_archive(Path(path)) as archive:
        manifest = _read_manifest(archive)
        _check_members(archive, manifest)
        try:
            fit = _rebuild(archive, manifest)
        except StorageError:
            raise
        except GlmmError as error:
            raise archive.corrupt(f"its model and its data do not fit each other: {error}") from error
    _warn_of_version(archive, manifest)
    return fit


def _arrays(fit: Fit) -> Arrays:
    """Collect the numbers that a file holds, by their names in it."""
    inner = dimensions(fit.design, fit.family)
    posterior = fit.draws["posterior"]
    arrays: Arrays = {
        f"posterior/{name}": (("chain", "draw", *inner[name]), posterior[name].to_numpy())
        for name in inner
        if name in posterior.data_vars
    }
    if "sample_stats" in fit.draws.children:
        for name, values in fit.draws["sample_stats"].data_vars.items():
            arrays[f"sample_stats/{name}"] = (tuple(map(str, values.dims)), values.to_numpy())
    table = fit.design.table
    for position, column in enumerate(table.columns.values()):
        arrays[_column_array(position)] = (("row",), column.values)
    labels = _numeric_labels(table.rows)
    return arrays if labels is None else arrays | {ROW_LABELS: (("row",), labels)}


def _column_array(position: int) -> str:
    """Name a column's array; by number, for a column's own name may be any text."""
    return f"data/column_{position}"


def _numeric_labels(rows: NDArray[Any]) -> NDArray[Any] | None:
    if rows.dtype.kind == "b":
        return rows
    if np.can_cast(rows.dtype, np.int64):
        return rows.astype(np.int64)
    return rows.astype(np.float64) if rows.dtype.kind == "f" else None


def _typed_label(label: Any) -> Any:
    """Keep numbers, texts and tuples of them; a label of another kind (a date) becomes its text."""
    if isinstance(label, tuple):
        return tuple(_typed_label(item) for item in label)
    if isinstance(label, np.datetime64 | np.timedelta64):
        return str(label)
    plain = label.item() if isinstance(label, np.generic) else label
    return plain if plain is None or type(plain) in (bool, int, float, str) else str(plain)


def _manifest(fit: Fit, arrays: Mapping[str, ArrayEntry], members: Mapping[str, MemberEntry]) -> Manifest:
    table = fit.design.table
    labels = None if ROW_LABELS in arrays else [to_json(_typed_label(label)) for label in table.rows]
    manifest = Manifest(
        format=FORMAT,
        formula=fit.spec.to_formula(),
        family=fit.spec.family,
        link=fit.spec.link,
        link_used=fit.link.name,
        priors=[_prior_entry(name, prior) for name, prior in fit.spec.priors.items()],
        columns=[_column_entry(i, column) for i, column in enumerate(table.columns.values())],
        row_labels=labels,
        state=_state_entry(fit.design.state),
        settings=to_json(dict(fit.settings)),
        versions={name: version(name) for name in _LIBRARIES},
        platform={
            "machine": platform.machine(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        fingerprint=_fingerprint(table),
        arrays=dict(arrays),
        members=dict(members),
    )
    if _spec(manifest) != fit.spec:
        message = f"the formula {manifest.formula!r} does not carry all of this model."
        raise StorageError(Finding("storage", message, hint="Write the model as a formula."))
    return manifest


def _prior_entry(parameter: str, prior: Prior) -> PriorEntry:
    arguments = {name: float(value).hex() for name, value in prior.arguments}
    return PriorEntry(parameter=parameter, distribution=prior.name, arguments=arguments)


def _column_entry(position: int, column: Column) -> ColumnEntry:
    return ColumnEntry(
        name=column.name,
        array=_column_array(position),
        kind=column.kind,  # type: ignore[arg-type]
        levels=list(column.levels),
        ordered=column.ordered,
        declared=column.declared,
    )


def _state_entry(state: DesignState) -> StateEntry:
    transforms = {
        key: {name: float(value).hex() for name, value in learnt.items()}
        for key, learnt in state.transforms.items()
    }
    groups = {factor: [list(level) for level in levels] for factor, levels in state.groups.items()}
    factors = {factor: list(levels) for factor, levels in state.factors.items()}
    return StateEntry(transforms=transforms, factors=factors, groups=groups)


def _fingerprint(table: Table) -> FingerprintEntry:
    """Hash the columns; a label enters by the SHA-256 of its UTF-8 text, so that rows are equally wide."""
    header = canonical([[column.name, column.kind, column.values.dtype.name] for column in table.columns.values()])
    rows = np.concatenate([_row_bytes(column) for column in table.columns.values()], axis=1)
    records = np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").reshape(-1)
    digests = [hashlib.sha256(header + part.tobytes()).hexdigest() for part in (records, np.sort(records))]
    return FingerprintEntry(in_row_order=digests[0], sorted_by_row=digests[1])


def _row_bytes(column: Column) -> NDArray[np.uint8]:
    if column.kind == "label":
        texts = [type(level).__name__ + ":" + str(level) for level in column.levels]
        hashes = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        return np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)[column.values]
    return np.frombuffer(chunk_bytes(column.values), np.uint8).reshape(len(column.values), -1)


def _read_manifest(archive: Archive) -> Manifest:
    if archive.sizes.get(MANIFEST, 0) > _MANIFEST_LIMIT:
        raise archive.unsafe(f"more than {_MANIFEST_LIMIT // 10**6} MB", MANIFEST)
    if MANIFEST not in archive.sizes:
        raise archive.corrupt(f"{MANIFEST} is missing: it is no saved fit.")
    data = archive.read(MANIFEST)
    try:
        content = json.loads(data)
        # A repeated key, a NaN or another spelling does not come back as the same bytes.
        is_canonical = canonical(content) == data
    except (ValueError, RecursionError):
        raise archive.unsafe("text that is not the format's JSON", MANIFEST) from None
    found = content.get("format") if isinstance(content, dict) else None
    if type(found) is int and found > FORMAT:
        message = f"{archive.path}: written by format {found}, this release reads up to {FORMAT}."
        raise StorageError(Finding("load_version", message, hint="Upgrade glmm_bayes."))
    if not is_canonical:
        raise archive.unsafe("JSON in another spelling than the format's", MANIFEST)
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise archive.unsafe(f"an entry that is not the format's ({_first(error)})", MANIFEST) from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _check_members(archive: Archive, manifest: Manifest) -> None:
    """Compare names and sizes, then hashes, then what zarr would read beside the numbers."""
    expected = manifest.members
    for name in sorted({*archive.sizes, *expected} - {MANIFEST}):
        if name not in expected:
            raise archive.unsafe("a member that the manifest does not list", name)
        if name not in archive.sizes:
            raise archive.corrupt(f"{name} is missing.")
        if archive.sizes[name] > expected[name].size:
            raise archive.unsafe("more bytes than declared", name)
        if archive.sizes[name] < expected[name].size:
            raise archive.corrupt(f"{name} is cut short.")
    for name, entry in expected.items():
        if archive.digest(name) != entry.sha256:
            raise archive.corrupt(f"{name} does not match its checksum.")
    metadata = metadata_members(manifest.arrays)
    chunks = {entry.chunk(name): entry.size for name, entry in manifest.arrays.items() if entry.size}
    for name in sorted({*expected, *metadata, *chunks}):
        if name not in expected or not (name in metadata or name in chunks):
            raise archive.unsafe("an array that is not whole or not declared", name)
        if name in chunks and chunks[name] != expected[name].size:
            raise archive.unsafe("a shape that is not that of the bytes", name)
        if name in metadata and archive.read(name) != metadata[name]:
            raise archive.unsafe("a codec, a type or other metadata that no release writes", name)
    archive.check_seal()


def _rebuild(archive: Archive, manifest: Manifest) -> Fit:
    """Take the way from formula and rows to a fit again, with the stored draws at its end."""
    spec = _spec(manifest)
    if spec.to_formula() != manifest.formula:
        raise archive.unsafe("a formula in another spelling than the format's", MANIFEST)
    table = _table(archive, manifest, spec)
    design = _design(archive, manifest, spec, table)
    family = FAMILIES[spec.family]
    link = LINKS[spec.link or family.links[0]]
    findings = Findings(DataError)
    assert design.response is not None
    response = family.read_response(design.response, findings)
    findings.raise_errors()
    priors = resolve_priors(design, family, link, response, spec.priors)
    posterior = arrays_of(_group_of(archive, manifest, "posterior"), design, family)
    statistics = _group_of(archive, manifest, "sample_stats")
    if any(values.shape != posterior["beta"].shape[:2] for values in statistics.values()):
        raise archive.corrupt("the sampler's statistics have another shape than the draws.")
    tree = assemble(posterior, statistics, design, response, family, link)
    return Fit(spec, design, response, priors, tree, _decoded(archive, manifest.settings, dict))


def _spec(manifest: Manifest) -> ModelSpec:
    priors = {
        entry.parameter: Prior(
            entry.distribution, **{name: float.fromhex(value) for name, value in entry.arguments.items()}
        )
        for entry in manifest.priors
    }
    return ModelSpec.from_formula(manifest.formula, manifest.family, manifest.link, priors)


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
    if _fingerprint(table) != manifest.fingerprint:
        raise archive.corrupt("the training rows do not match their fingerprint.")
    return table


def _column(archive: Archive, manifest: Manifest, entry: ColumnEntry) -> Column:
    values = _numbers(archive, manifest, entry.array)
    types = {"number": ("int64", "float64"), "boolean": ("bool",), "label": ("int64",)}[entry.kind]
    if values.dtype.name not in types or values.ndim != 1:
        raise archive.corrupt(f"column '{entry.name}' is not of its kind.")
    if entry.kind == "label" and not ((values >= 0) & (values < len(entry.levels))).all():
        raise archive.corrupt(f"column '{entry.name}' has codes without a level.")
    return Column(entry.name, entry.kind, values, tuple(entry.levels), entry.ordered, entry.declared)


def _row_labels(archive: Archive, manifest: Manifest) -> NDArray[Any]:
    if manifest.row_labels is None:
        return _numbers(archive, manifest, ROW_LABELS)
    labels = _decoded(archive, manifest.row_labels, list)
    rows = np.empty(len(labels), object)
    # One by one: NumPy would make a second axis of tuples.
    for position, label in enumerate(labels):
        rows[position] = label
    return rows


def _design(archive: Archive, manifest: Manifest, spec: ModelSpec, table: Table) -> Design:
    """Build the design and compare what its rows teach with what they taught when it was saved."""
    design = build_design(spec, table, Findings(DataError))
    learnt, stored = _state_entry(design.state), manifest.state
    if learnt == stored and canonical(learnt.model_dump()) == canonical(stored.model_dump()):
        return design
    same = {"factors": stored.factors, "groups": stored.groups, "transforms": stored.transforms}
    discrete = canonical({**same, "transforms": {}}) == canonical({**learnt.model_dump(), "transforms": {}})
    if not discrete or not _near(learnt.transforms, stored.transforms):
        raise archive.corrupt("the training rows do not teach the design what it had learnt.")
    transforms = {
        key: {name: float.fromhex(value) for name, value in values.items()}
        for key, values in stored.transforms.items()
    }
    state = DesignState(design.state.kinds, transforms)
    return _assemble(spec, table, state, Findings(DataError), learning=True)


def _near(learnt: Mapping[str, Mapping[str, str]], stored: Mapping[str, Mapping[str, str]]) -> bool:
    """Compare centres and scales: their last bits may differ between processors."""
    if {key: set(values) for key, values in learnt.items()} != {k: set(v) for k, v in stored.items()}:
        return False
    return all(
        math.isclose(
            float.fromhex(value), float.fromhex(stored[key][name]), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE
        )
        for key, values in learnt.items()
        for name, value in values.items()
    )


def _warn_of_version(archive: Archive, manifest: Manifest) -> None:
    written, running = manifest.versions.get("glmm-bayes"), version("glmm-bayes")
    if written != running:
        message = f"{archive.path}: written with glmm-bayes {written}, running {running}: draws are unaffected."
        finding = Finding("load_version", message, hint="Refit to reproduce.", severity="warning")
        warnings.warn(str(finding), GlmmWarning, stacklevel=3)
