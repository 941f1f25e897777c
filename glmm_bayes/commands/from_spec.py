"""A spec file in, its model, the places of its results, and the fit that was made of it out.

Heavy imports wait for the work.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmm_bayes.core.errors import DataError, Finding, StorageError

if TYPE_CHECKING:
    from glmm_bayes.fit.fit import Fit
    from glmm_bayes.model import Model
    from glmm_bayes.spec.spec_file import SpecFile

_SPECS = (".toml", ".yaml", ".yml")


def is_spec(path: Path) -> bool:
    """Tell whether a path is named as a spec file is."""
    return path.suffix.lower() in _SPECS


def spec_file(spec: Path) -> SpecFile:
    """Read a spec file."""
    from glmm_bayes.spec.spec_file import read_spec_file

    return read_spec_file(spec)


def targets_of(spec: Path, file: SpecFile) -> dict[str, Path]:
    """Return where the fit goes, and the report if the file names one."""
    report = {"report": file.output.report} if file.output.report else {}
    return {"fit": file.output.fit or spec.with_suffix(".glmm"), **report}


def model_of(file: SpecFile) -> Model:
    """Make the model of a spec file, with its data and its known matrices and maps."""
    from glmm_bayes.design.containers.known_files import read_known
    from glmm_bayes.model import Model

    missing = file.data.missing if file.data else "error"
    known = {name: read_known(path) for name, path in file.known.items()}
    more: dict[str, Any] = {"known": known} if known else {}
    return Model(file.model, _data(file), missing=missing, **more)


def _data(file: SpecFile) -> Any:
    """Return the embedded data of a spec file, or the path that the model reads."""
    from glmm_bayes.datasets import load_dataset

    if file.data is None:
        message = "the spec file names no data."
        raise DataError(Finding("data_missing", message, hint='Write [data] path = "data.csv".'))
    if file.data.dataset is not None:
        return load_dataset(file.data.dataset)
    assert file.data.path is not None
    return file.data.path


def fit_of(source: Path) -> tuple[Fit, SpecFile | None]:
    """Load a fit, or the one of a spec file; then the file must still say the fit's model."""
    from glmm_bayes.storage.save_load import load

    if not is_spec(source):
        return load(source), None
    file = spec_file(source)
    path = targets_of(source, file)["fit"]
    fitted = load(path)
    link = file.model.link or fitted.family.links[0]
    if replace(file.model, link=link) != replace(fitted.spec, link=fitted.link.name):
        message = f"{path}: not a fit of the model that {source.name} says now."
        raise StorageError(Finding("storage", message, hint=f"Run glmm-bayes fit {source.name} --overwrite."))
    return fitted, file
