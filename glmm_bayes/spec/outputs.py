"""A spec file and where its results go in, or why they cannot go there: seen before any data are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from glmm_bayes.core.errors import Finding, StorageError
from glmm_bayes.core.files import is_same
from glmm_bayes.spec.spec_file import SpecFile


def check_outputs(
    spec: Path, file: SpecFile, targets: Mapping[str, Path], allow_outside: bool = False
) -> None:
    """See that results overwrite nothing that the work needs, and stay beside the spec file.

    Parameters
    ----------
    spec : Path
        The spec file: who wrote it says where files are made, on the machine of who runs it.
    file : SpecFile
    targets : mapping of str to Path
        What will be written, by its name in ``[output]``.
    allow_outside : bool
        Whether paths that the file names may lead out of its folder, also by ``..`` or by a link.

    Raises
    ------
    StorageError
        ``output``, ``output_outside``.
    """
    findings = [*_clashes(spec, file, targets)]
    if not allow_outside:
        findings += _outside(spec, file)
    if findings:
        raise StorageError(findings)


def _clashes(spec: Path, file: SpecFile, targets: Mapping[str, Path]) -> Iterator[Finding]:
    inputs = {"the spec file": spec, **{f"known '{name}'": path for name, path in file.known.items()}}
    if file.data is not None and file.data.path is not None:
        inputs["the data"] = file.data.path
    for name, target in targets.items():
        for what, path in inputs.items():
            if is_same(target, path):
                message = f"{spec.name}: [output] {name} would replace {what}: {target}."
                yield Finding("output", message, hint="Choose another path.")
    for (one, first), (other, second) in combinations(targets.items(), 2):
        if is_same(first, second):
            message = f"{spec.name}: [output] {one} and {other} are one file: {first}."
            yield Finding("output", message, hint="Give each a name of its own.")


def _outside(spec: Path, file: SpecFile) -> Iterator[Finding]:
    folder = _real(spec.parent)
    for name, path in (("fit", file.output.fit), ("report", file.output.report)):
        if path is not None and not _real(path).is_relative_to(folder):
            message = f"{spec.name}: [output] {name} leads out of the folder of the spec file: {_real(path)}."
            yield Finding(
                "output_outside", message, hint=f"Name a file in {folder}, or write --allow-outside."
            )


def _real(path: Path) -> Path:
    """Follow all links, also one that leads nowhere yet."""
    return Path(os.path.realpath(path))
