"""A TOML spec file in, a ModelSpec with data source and settings out; and a ModelSpec back to a file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from glmm_bayes.core.errors import Finding, FormulaError, GlmmError, StorageError
from glmm_bayes.spec.diagnosis import is_hidden
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.spec_findings import at, findings_of

_YAML = (".yaml", ".yml")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Model(_Section):
    formula: str
    family: str = "gaussian"
    link: str | None = None


class _Data(_Section):
    path: str | None = None
    dataset: str | None = None
    missing: Literal["error", "drop"] = "error"


class _Sampler(_Section):
    draws: Annotated[int | None, Field(ge=1)] = None
    tune: Annotated[int | None, Field(ge=0)] = None
    chains: Annotated[int | None, Field(ge=1)] = None
    seed: Annotated[int | None, Field(ge=0)] = None
    engine: str | None = None
    cores: Annotated[int | None, Field(ge=1)] = None
    target_accept: Annotated[float | None, Field(gt=0, lt=1)] = None


class _Output(_Section):
    fit: str | None = None
    report: str | None = None


class _File(_Section):
    model: _Model
    data: _Data | None = None
    priors: dict[str, dict[str, int | float | str]] = Field(default_factory=dict)
    sampler: _Sampler | None = None
    output: _Output | None = None


@dataclass(frozen=True)
class DataSource:
    """Where the data of a spec file are: an absolute path, or the name of an embedded data set."""

    path: Path | None = None
    dataset: str | None = None
    missing: str = "error"


@dataclass(frozen=True)
class Output:
    """Where results of a spec file go, as absolute paths; None where the file names none."""

    fit: Path | None = None
    report: Path | None = None


@dataclass(frozen=True)
class SpecFile:
    """What a spec file says.

    Attributes
    ----------
    model : ModelSpec
    data : DataSource or None
    sampler : mapping of str to int or str
        Only the settings that the file gives: ``draws tune chains seed engine``.
    output : Output
    """

    model: ModelSpec
    data: DataSource | None
    sampler: Mapping[str, Any]
    output: Output


def read_spec_file(path: str | PathLike[str]) -> SpecFile:
    """Read a TOML spec file; nothing in it is evaluated, and no other file is opened.

    Parameters
    ----------
    path : str or path-like
        Paths inside the file are relative to it.

    Returns
    -------
    SpecFile

    Raises
    ------
    StorageError
        If the file cannot be read.
    FormulaError
        If it is not TOML, if a key is unknown or a value has the wrong type, or if the formula
        cannot be read.
    PriorError
        If a prior cannot be read.
    """
    file = Path(path)
    text = _text(file)
    try:
        content = _File.model_validate(_toml(file, text))
    except ValidationError as error:
        raise FormulaError(findings_of(error, file.name, text, _known_keys())) from None
    folder = Path(os.path.abspath(file)).parent
    return SpecFile(
        _model(file.name, text, content),
        _data(file.name, text, content.data, folder),
        MappingProxyType(content.sampler.model_dump(exclude_none=True) if content.sampler else {}),
        _output(file.name, text, content.output, folder),
    )


def write_spec_file(spec: ModelSpec, path: str | PathLike[str]) -> None:
    """Write a model as a TOML spec file that reads back to an equal ``ModelSpec``.

    Raises
    ------
    StorageError
        If the file cannot be written; then nothing is left under its name that was not there before.
    """
    file = Path(path)
    _refuse_yaml(file)
    lines = ["[model]", f"formula = {_quoted(spec.to_formula())}", f"family = {_quoted(spec.family)}"]
    if spec.link is not None:
        lines.append(f"link = {_quoted(spec.link)}")
    if spec.priors:
        lines += ["", "[priors]"]
        lines += [f"{_quoted(parameter)} = {_prior_text(prior)}" for parameter, prior in spec.priors.items()]
    _write(file, "\n".join(lines) + "\n")


def _known_keys() -> dict[str, tuple[str, ...]]:
    sections: dict[str, type[BaseModel]] = {
        "model": _Model,
        "data": _Data,
        "sampler": _Sampler,
        "output": _Output,
    }
    known = {name: tuple(section.model_fields) for name, section in sections.items()}
    return {"": tuple(_File.model_fields), **known}


def _text(file: Path) -> str:
    _refuse_yaml(file)
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            message = f"{file.name}: a spec file is text in UTF-8; byte {error.start} is not."
            raise FormulaError(Finding("config_syntax", message, hint="Save it as UTF-8.")) from None
        # ValueError: a null character in the path itself.
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{str(file)!r}: the spec file cannot be read ({reason})."
        raise StorageError(Finding("storage", message, hint="Check the path.")) from None


def _refuse_yaml(file: Path) -> None:
    if file.suffix.lower() in _YAML:
        message = f"{file.name}: YAML is not available in this release."
        raise FormulaError(Finding("not_available", message, hint="Use TOML, in a file named *.toml."))


def _toml(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        reason = "it is nested too deep"
    except ValueError as error:
        # TOMLDecodeError ends in "(at line 3, column 5)"; integers of 4,300 digits raise ValueError itself.
        reason = str(error)
    message = f"{file.name}: not valid TOML: {reason}."
    hint = 'Texts stand in quotes, keys with brackets too: "beta[time]" = { ... }.'
    raise FormulaError(Finding("config_syntax", message, hint=hint))


def _model(name: str, text: str, content: _File) -> ModelSpec:
    priors = {
        parameter: _prior(at(name, text, "priors", parameter), parameter, arguments)
        for parameter, arguments in content.priors.items()
    }
    model = content.model
    try:
        return ModelSpec.from_formula(model.formula, model.family, model.link, priors)
    except FormulaError as error:
        raise _located(error, at(name, text, "model", "formula")) from None


def _prior(where: str, parameter: str, arguments: Mapping[str, int | float | str]) -> Prior:
    values = dict(arguments)
    distribution = values.pop("distribution", None)
    numbers = {key: value for key, value in values.items() if not isinstance(value, str)}
    if not isinstance(distribution, str):
        sentence = f"{where}: the prior of '{parameter}' must name its distribution in quotes."
        hint = f'Write "{parameter}" = {{ distribution = "Normal", mu = 0, sigma = 1 }}.'
        raise FormulaError(Finding("config_value", sentence, hint=hint))
    if len(numbers) < len(values):
        key = next(key for key in values if key not in numbers)
        sentence = f"{where}: '{key}' must be a number, found the text '{values[key]}'."
        raise FormulaError(Finding("config_value", sentence, hint="Write the number without quotes."))
    try:
        return Prior(distribution, **numbers)
    except GlmmError as error:
        raise _located(error, where) from None


def _located(error: GlmmError, where: str) -> GlmmError:
    """Put the place in the spec file before each message of an error."""
    findings = [
        Finding(f.code, f"{where}: {f.message}", f.column, f.rows, f.hint, f.severity) for f in error.findings
    ]
    return type(error)(findings)


def _data(name: str, text: str, data: _Data | None, folder: Path) -> DataSource | None:
    if data is None:
        return None
    if (data.path is None) == (data.dataset is None):
        message = f"{at(name, text, 'data')}: either 'path' or 'dataset' must be given, and not both."
        hint = 'Write path = "data.csv", or dataset = "toenail".'
        raise FormulaError(Finding("config_value", message, hint=hint))
    if data.path is None:
        return DataSource(dataset=data.dataset, missing=data.missing)
    return DataSource(_path(at(name, text, "data", "path"), data.path, folder), missing=data.missing)


def _output(name: str, text: str, output: _Output | None, folder: Path) -> Output:
    if output is None:
        return Output()
    paths = {
        key: _path(at(name, text, "output", key), value, folder)
        for key, value in output.model_dump(exclude_none=True).items()
    }
    return Output(**paths)


def _path(where: str, written: str, folder: Path) -> Path:
    address = "://" in written or written.startswith(("//", "\\\\"))
    if address or not written or any(c in "*?\t\n\r" or is_hidden(c) for c in written):
        what = "an address" if address else "no plain path"
        message = f"{where}: a path of one file on this machine is needed, found {what}: {written[:80]!r}."
        hint = "Copy the file here and name it, relative to the spec file; no wildcards."
        raise FormulaError(Finding("config_value", message, hint=hint))
    return Path(os.path.abspath(folder / written))


def _quoted(text: str) -> str:
    """Write a TOML basic string: quotes, backslashes and what cannot be seen are escaped."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    hidden = is_hidden(character) or character in "\t\n\r"
    return f"\\U{ord(character):08X}" if hidden else character


def _prior_text(prior: Prior) -> str:
    parts = [f"distribution = {_quoted(prior.name)}"]
    parts += [f"{argument} = {float(value)!r}" for argument, value in prior.arguments]
    return f"{{ {', '.join(parts)} }}"


def _write(file: Path, text: str) -> None:
    # Written beside and moved: the file is whole or absent.
    draft = Path(f"{file}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, file)
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            draft.unlink()
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{str(file)!r}: the spec file cannot be written ({reason})."
        raise StorageError(Finding("storage", message, hint="Choose another path.")) from None
