"""A Fit in, one file out, and back without PyMC: numbers as zarr, words as JSON, nothing that runs.

What follows from the draws and the training rows (design, priors, pointwise log likelihood) is not
stored; it is computed again on loading, by the code that computed it first.
"""

from __future__ import annotations

import hashlib
import json
import platform
import warnings
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from glmm_bayes.core.arguments import check_flag
from glmm_bayes.core.errors import Finding, FormulaError, GlmmError, GlmmWarning, StorageError
from glmm_bayes.core.files import check_target, file_path
from glmm_bayes.design.containers.known import KnownTable
from glmm_bayes.design.table import Column
from glmm_bayes.fit.fit import Fit
from glmm_bayes.priors.resolve import ResponseDefinition
from glmm_bayes.spec.prior import Prior
from glmm_bayes.storage.archive import Archive, open_archive, write_archive
from glmm_bayes.storage.manifest import (
    FORMAT,
    MANIFEST,
    ROW_LABELS,
    WRITTEN_WITH,
    ArrayEntry,
    ColumnEntry,
    FingerprintEntry,
    KnownEntry,
    Manifest,
    MemberEntry,
    PlatformEntry,
    PriorEntry,
    ResponseEntry,
    canonical,
    chunk_bytes,
    entry_of,
    fingerprint,
    first_of,
    metadata_members,
    state_entry,
    to_json,
)
from glmm_bayes.storage.registered import check_families_and_links, missing_function, warn_of_registered
from glmm_bayes.storage.restore import rebuild, specs_of

_MANIFEST_LIMIT = 64_000_000
#: What a file says of the machine that wrote it.
_OF_THE_WRITER = {"versions", "platform"}

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
        ``exists`` if the name is taken, ``storage`` if it cannot be written, or the fit holds what a file
        cannot; ``overwrite`` if that is neither True nor False.
    """
    check_flag("overwrite", overwrite, StorageError)
    path = file_path(path)
    check_target(path, overwrite)
    arrays = _arrays(fit)
    entries = {name: entry_of(name, values, dims) for name, (dims, values) in arrays.items()}
    members: dict[str, Any] = dict(metadata_members(entries))
    members |= {entries[name].chunk(name): chunk_bytes(a) for name, (_, a) in arrays.items() if a.size}
    hashes = {
        name: MemberEntry(size=memoryview(data).nbytes, sha256=hashlib.sha256(data).hexdigest())
        for name, data in members.items()
    }
    try:
        manifest = _manifest(fit, entries, hashes, fingerprint(fit.definition.table))
    except ValidationError as error:
        message = f"{path}: the fit holds what a file cannot: {first_of(error)}."
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
        Draws, data and effects equal to the saved fit's to the last bit. Intervals have the level and kind
        that ArviZ's ``rcParams`` say here; ``fit.settings["interval"]`` holds those that they said when the
        fit was made (not in files of releases that did not store them).

    Raises
    ------
    StorageError
        ``storage`` if there is no such file, ``load_corrupt`` if it is damaged, ``load_version`` if a
        newer release wrote it, ``load_unsafe`` if it holds what no release writes, ``load_family``,
        ``load_link``, ``load_structure`` or ``load_transform`` if one of these is yours and not registered.

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
    with open_archive(file_path(path)) as archive:
        manifest = _read_manifest(archive)
        _check_members(archive, manifest)
        check_families_and_links(archive, manifest)
        fit = _rebuilt(archive, manifest)
    _warn_of_version(archive, manifest)
    warn_of_registered(archive, fit)
    return fit


def _rebuilt(archive: Archive, manifest: Manifest) -> Fit:
    """Make the fit of a file, and see that it would be saved as that file again."""
    try:
        fit = rebuild(archive, manifest)
        entries = {name: entry_of(name, values, dims) for name, (dims, values) in _arrays(fit).items()}
        again = _manifest(fit, entries, manifest.members, manifest.fingerprint)
    except StorageError:
        raise
    except FormulaError as error:
        # A release writes the functions that it knows, and those that were registered.
        if error.code != "formula_function":
            raise archive.corrupt(f"its formula is none: {error}") from error
        raise missing_function(archive, error) from error
    except GlmmError as error:
        raise archive.corrupt(f"its model and its data do not fit each other: {error}") from error
    except Exception as error:
        # Hashes are right, so the file was written like this; no release writes what it cannot read.
        raise archive.unsafe(f"what cannot be read ({type(error).__name__}: {error})", MANIFEST) from error
    for name in sorted(set(Manifest.model_fields) - _OF_THE_WRITER):
        if getattr(again, name) != getattr(manifest, name):
            raise archive.unsafe(f"'{name}' that no release writes for such a fit", MANIFEST)
    return fit


def _arrays(fit: Fit) -> Arrays:
    """Collect the numbers that a file holds, by their names in it."""
    posterior = fit.draws["posterior"]
    arrays: Arrays = {
        f"posterior/{name}": (("chain", "draw", *variable.dims), posterior[name].to_numpy())
        for name, variable in fit.definition.posterior.variables.items()
        if name in posterior.data_vars
    }
    if "sample_stats" in fit.draws.children:
        for name, values in fit.draws["sample_stats"].data_vars.items():
            arrays[f"sample_stats/{name}"] = (tuple(map(str, values.dims)), values.to_numpy())
    for position, known in enumerate(fit.definition.known.values()):
        arrays[_known_array(position)] = (("label", "column"), known.values)
    table = fit.definition.table
    for position, column in enumerate(table.columns.values()):
        arrays[_column_array(position)] = (("row",), column.values)
    labels = _numeric_labels(table.rows)
    return arrays if labels is None else arrays | {ROW_LABELS: (("row",), labels)}


def _column_array(position: int) -> str:
    """Name a column's array; by number, for a column's own name may be any text."""
    return f"data/column_{position}"


def _known_array(position: int) -> str:
    return f"data/known_{position}"


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


def _manifest(
    fit: Fit,
    arrays: Mapping[str, ArrayEntry],
    members: Mapping[str, MemberEntry],
    rows: FingerprintEntry,
) -> Manifest:
    definition = fit.definition
    table, first = definition.table, definition.first
    labels = None if ROW_LABELS in arrays else [to_json(_typed_label(label)) for label in table.rows]
    responses = [_response_entry(one) for one in definition.responses.values()]
    edition: Any = first.spec.edition
    manifest = Manifest(
        format=edition,
        **responses[0].model_dump(),
        interpretation="population" if first.spec.interpretation == "population" else "subject",
        priors=[_prior_entry(name, prior) for name, prior in definition.given.items()],
        columns=[_column_entry(i, column) for i, column in enumerate(table.columns.values())],
        row_labels=labels,
        known=[
            _known_entry(position, name, known)
            for position, (name, known) in enumerate(definition.known.items())
        ],
        others=responses[1:],
        rescor=definition.rescor is not None,
        notes=[] if fit.is_single else [list(one.notes) for one in definition.responses.values()],
        settings=to_json(dict(fit.settings)),
        versions={name: version(name) for name in WRITTEN_WITH},
        platform=PlatformEntry(
            machine=platform.machine(), python=platform.python_version(), system=platform.system()
        ),
        fingerprint=rows,
        arrays=dict(arrays),
        members=dict(members),
    )
    for read, one in zip(specs_of(manifest).values(), definition.responses.values(), strict=True):
        if read != (one.spec if fit.is_single else replace(one.spec, priors={})):
            message = f"the formula {one.spec.to_formula()!r} does not carry all of this model."
            raise StorageError(Finding("storage", message, hint="Write the model as a formula."))
    return manifest


def _response_entry(one: ResponseDefinition) -> ResponseEntry:
    return ResponseEntry(
        formula=one.spec.to_formula(),
        further={name: _further_text(value) for name, value in one.spec.further_formulas().items()},
        family=one.spec.family,
        link=one.spec.link,
        link_used=one.link.name,
        states={
            name: state_entry(design.state, one.response.transforms) for name, design in one.designs.items()
        },
    )


def _further_text(value: str | float) -> str:
    return value if isinstance(value, str) else float(value).hex()


def _prior_entry(parameter: str, prior: Prior) -> PriorEntry:
    arguments = {name: float(value).hex() for name, value in prior.arguments}
    scale: Any = prior.of
    return PriorEntry(parameter=parameter, distribution=prior.name, arguments=arguments, of=scale)


def _known_entry(position: int, name: str, known: KnownTable) -> KnownEntry:
    return KnownEntry(
        name=name,
        kind=known.representation,
        labels=list(known.labels),
        array=_known_array(position),
    )


def _column_entry(position: int, column: Column) -> ColumnEntry:
    return ColumnEntry(
        name=column.name,
        array=_column_array(position),
        kind=column.data_type,
        levels=list(column.levels),
        ordered=column.ordered,
        declared=column.declared,
        identifier=column.identifier,
    )


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
    format_number = content.get("format") if isinstance(content, dict) else None
    if type(format_number) is int and format_number > FORMAT:
        message = f"{archive.path}: written by format {format_number}, this release reads up to {FORMAT}."
        raise StorageError(Finding("load_version", message, hint="Upgrade glmm_bayes."))
    if not is_canonical:
        raise archive.unsafe("JSON in another spelling than the format's", MANIFEST)
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise archive.unsafe(f"an entry that is not the format's ({first_of(error)})", MANIFEST) from None


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
    _check_arrays(archive, manifest)
    archive.check_seal()


def _check_arrays(archive: Archive, manifest: Manifest) -> None:
    metadata = metadata_members(manifest.arrays)
    chunks = {entry.chunk(name): entry.size for name, entry in manifest.arrays.items() if entry.size}
    expected = manifest.members
    for name in sorted({*expected} ^ {*metadata, *chunks}):
        raise archive.unsafe("an array that is not whole or not declared", name)
    for name, size in chunks.items():
        if size != expected[name].size:
            raise archive.unsafe("a shape that is not that of the bytes", name)
    for name, content in metadata.items():
        if archive.read(name) != content:
            raise archive.unsafe("a codec, a type or other metadata that no release writes", name)


def _warn_of_version(archive: Archive, manifest: Manifest) -> None:
    written, running = manifest.versions["glmm-bayes"], version("glmm-bayes")
    if written != running:
        message = (
            f"{archive.path}: written with glmm-bayes {written}, running {running}: draws are unaffected."
        )
        finding = Finding("load_version", message, hint="Refit to reproduce.", severity="warning")
        warnings.warn(str(finding), GlmmWarning, stacklevel=3)
