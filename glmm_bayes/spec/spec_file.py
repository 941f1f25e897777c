"""A TOML or YAML file in, a ModelSpec with data source and settings out; and a ModelSpec back to a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from glmm_bayes.core.arguments import check_flag
from glmm_bayes.core.errors import Finding, FormulaError, GlmmError, StorageError
from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.files import file_path, refuse_folder, write_text
from glmm_bayes.core.frozen import FrozenMapping
from glmm_bayes.core.registry import misspelt, suggestion
from glmm_bayes.spec.diagnosis import is_hidden
from glmm_bayes.spec.file_model import Comparisons, File, GroupSection, ModelSection, Slopes, Wanted
from glmm_bayes.spec.file_terms import model_keys, read_further, read_model
from glmm_bayes.spec.file_text import Document, KeyPath, is_yaml, read_content, read_document
from glmm_bayes.spec.file_writing import toml_text, yaml_text
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import SCALES, Prior
from glmm_bayes.spec.spec_findings import findings_of

_FACTORS = ("factor", "nested", "members")


@dataclass(frozen=True)
class DataSource:
    """Where the data of a spec file are: an absolute path, or the name of an embedded data set."""

    path: Path | None = None
    dataset: str | None = None
    missing: str = "error"


@dataclass(frozen=True)
class Outputs:
    """Where results of a spec file go, as absolute paths, and what their intervals are.

    None where the file does not say it.
    """

    fit: Path | None = None
    report: Path | None = None
    probability: float | None = None
    interval: str | None = None


@dataclass(frozen=True)
class WantedEffect:
    """An effect that a spec file asks for: ``predictions``, ``comparisons`` or ``slopes``, with arguments."""

    verb: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class SpecFile:
    """What a spec file says.

    Attributes
    ----------
    model : ModelSpec
    data : DataSource or None
    sampler : mapping of str to int, float or str
        Only the settings that the file gives: ``draws tune chains seed engine method cores
        target_accept``.
    output : Outputs
    effects : tuple of WantedEffect
    known : mapping of str to Path
        Files of the matrices and graphs that structures name; nothing reads them here.
    """

    model: ModelSpec
    data: DataSource | None
    sampler: Mapping[str, Any]
    output: Outputs
    effects: tuple[WantedEffect, ...] = ()
    known: Mapping[str, Path] = FrozenMapping({})


def read_spec_file(path: str | PathLike[str]) -> SpecFile:
    """Read a TOML or YAML spec file; nothing in it is evaluated, and no other file is opened.

    Parameters
    ----------
    path : str or path-like
        ``*.yaml`` and ``*.yml`` are YAML, all others TOML. Paths inside the file are relative to it.

    Returns
    -------
    SpecFile

    Raises
    ------
    StorageError
        If the file cannot be read, or names a folder where it must name a file.
    FormulaError
        If it is not TOML or YAML, if a key is unknown or a value has the wrong type, or if a text in
        the formula language cannot be read.
    PriorError
        If a prior cannot be read.
    """
    file = file_path(path)
    return _file_of(file, read_document(file))


def _file_of(file: Path, document: Document) -> SpecFile:
    try:
        content = File.model_validate(document.content)
    except ValidationError as error:
        raise FormulaError(findings_of(error, document)) from None
    findings = [*_model_findings(document, content.model), *_effect_findings(document, content)]
    if findings:
        raise FormulaError(findings)
    folder = Path(os.path.abspath(file)).parent
    model = read_further(document, _model(document, content), content.further)
    model = replace(model, edition=content.model.edition)
    _check_effects(document, content, model)
    return SpecFile(
        model=model,
        data=_data(document, content, folder),
        sampler=FrozenMapping(content.sampler.model_dump(exclude_none=True) if content.sampler else {}),
        output=_output(document, content, folder),
        effects=tuple(
            WantedEffect(wanted.verb, FrozenMapping(wanted.model_dump(exclude={"verb"}, exclude_unset=True)))
            for wanted in content.effects
        ),
        known=FrozenMapping(_paths(document, ("known",), content.known, folder)),
    )


def write_spec_file(spec: ModelSpec, path: str | PathLike[str], overwrite: bool = False) -> None:
    """Write a model, term by term, as a spec file that reads back to an equal ``ModelSpec``.

    Parameters
    ----------
    spec : ModelSpec
    path : str or path-like
        ``*.yaml`` and ``*.yml`` are written as YAML, all others as TOML.
    overwrite : bool
        Whether a file may be replaced that says anything but a model as this function writes it.

    Raises
    ------
    StorageError
        ``exists`` if the file must not be replaced, ``storage`` if it cannot be written or would not
        read back as an equal spec, ``overwrite`` if that is neither True nor False; then nothing is left
        under its name that was not there before.
    """
    check_flag("overwrite", overwrite, StorageError)
    file = file_path(path)
    text = _text(file, spec)
    if not _reads_back(file, text, spec):
        message = f"{str(file)!r}: as a file this model would not read back as the same."
        hint = "Names are texts in Unicode, and a file has at most 1,000,000 bytes."
        raise StorageError(Finding("storage", message, hint=hint))
    write_text(file, text, overwrite or _is_ours(file))


def _reads_back(file: Path, text: str, spec: ModelSpec) -> bool:
    """Tell whether the text of a file is that of a model."""
    try:
        return _file_of(file, read_content(file, text.encode("utf-8"))).model == spec
    except (GlmmError, UnicodeError):
        return False


def _is_ours(file: Path) -> bool:
    """Tell whether a file holds a model and nothing else, as it is written here."""
    try:
        return file.is_file() and _text(file, read_spec_file(file).model).encode() == file.read_bytes()
    except (GlmmError, OSError, UnicodeError):
        return False


def _text(file: Path, spec: ModelSpec) -> str:
    """Write the sections of a model in the language of a file."""
    sections: dict[str, dict[str, Any]] = {"model": model_keys(spec)}
    further = spec.further_formulas()
    if further:
        sections["further"] = further
    if spec.priors:
        sections["priors"] = {
            parameter: {"distribution": prior.name}
            | {key: float(value) for key, value in prior.arguments}
            | ({"of": prior.of} if prior.of else {})
            for parameter, prior in spec.priors.items()
        }
    return yaml_text(sections) if is_yaml(file) else toml_text(sections)


def _model_findings(document: Document, model: ModelSection) -> Iterator[Finding]:
    """Check what no single key tells: a formula or its parts, and one factor a group."""
    given = model.model_fields_set - {"formula", "family", "link", "interpretation", "edition"}
    where = document.at(("model",))
    if model.formula is None and model.response is None:
        message = f"{where}: the key 'formula' is missing, or 'response' with 'terms' and 'groups'."
        hint = document.example('Write formula = "y ~ x + (1 | g)", or response = "y" and terms = ["x"].')
        yield Finding("config_key", message, hint=hint)
    elif model.formula is not None and given:
        keys = ", ".join(f"'{key}'" for key in ModelSection.model_fields if key in given)
        message = f"{where}: the formula says all terms; {keys} must not stand beside it."
        yield Finding("config_value", message, hint="Write the formula, or the keys without it.")
    for position, group in enumerate(model.groups):
        yield from _group_findings(document, ("model", "groups", position), group)


def _group_findings(document: Document, path: KeyPath, group: GroupSection) -> Iterator[Finding]:
    where = document.at(path)
    given = [key for key in _FACTORS if getattr(group, key) is not None]
    if len(given) != 1:
        listed = " and ".join(f"'{key}'" for key in given) or "none"
        message = f"{where}: one of 'factor', 'nested' and 'members' must be given, found {listed}."
        yield Finding("config_value", message, hint=document.example('Write factor = "g" for (1 | g).'))
    if group.weights is not None and group.members is None:
        message = f"{where}: 'weights' are those of 'members', and there are none."
        hint = document.example('Write members = ["a", "b"], or leave weights out.')
        yield Finding("config_value", message, hint=hint)
    for key in (*_FACTORS, "weights", "effects"):
        if getattr(group, key) == []:
            yield Finding("config_value", f"{document.at((*path, key))} must not be empty.")


def _effect_findings(document: Document, content: File) -> Iterator[Finding]:
    """Check the words for estimands; variables, levels and measures need the fit."""
    for position, wanted in enumerate(content.effects):
        one = isinstance(wanted.estimand, str)
        estimands = {"": wanted.estimand} if isinstance(wanted.estimand, str) else wanted.estimand
        for factor, word in estimands.items():
            if word not in ESTIMANDS:
                path: KeyPath = ("effects", position, "estimand")
                where = document.at(path if one else (*path, factor))
                hint = f"{misspelt(word, ESTIMANDS)} Words: {', '.join(ESTIMANDS)}.".strip()
                yield Finding("config_value", f"{where}: no estimand '{word}'.", hint=hint)
        if wanted.per is not None and "new_subject" not in estimands.values():
            where = document.at(("effects", position, "per"))
            message = f"{where}: only new groups are told apart by labels."
            yield Finding("config_value", message, hint='Write estimand = "new_subject", or leave per out.')


def _check_effects(document: Document, content: File, model: ModelSpec) -> None:
    """Refuse effects of something that the model does not read: better now than after sampling."""
    findings: list[Finding] = []
    for position, wanted in enumerate(content.effects):
        path: KeyPath = ("effects", position)
        findings += _unread(document, path, wanted, model.names())
        if not isinstance(wanted.estimand, str):
            findings += _other_factors(document, (*path, "estimand"), wanted.estimand, model)
    if findings:
        raise FormulaError(findings)


def _unread(document: Document, path: KeyPath, wanted: Wanted, columns: Sequence[str]) -> Iterator[Finding]:
    """Compare the columns that an effect names with those that the model reads, or new rows have."""
    compared = wanted.variable if isinstance(wanted, Comparisons | Slopes) else None
    by = [wanted.by] if isinstance(wanted.by, str) else wanted.by if isinstance(wanted.by, list) else []
    rows = [*columns, *(wanted.newdata or ())]
    variables = [("variable", compared, columns)] if compared is not None else []
    for key, name, choices in (*variables, *(("by", name, rows) for name in by)):
        where = document.at((*path, key))
        if name not in choices:
            hint = f"{suggestion(name, choices)} Columns: {', '.join(choices)}.".strip()
            yield Finding("config_value", f"{where}: the model reads no column '{name}'.", hint=hint)
        elif key == "by" and name == compared:
            message = f"{where}: '{name}' is what is compared, and cannot be averaged within."
            yield Finding("config_value", message, hint="Leave it out of by.")


def _other_factors(
    document: Document, path: KeyPath, estimands: Mapping[str, str], model: ModelSpec
) -> Iterator[Finding]:
    """Compare the grouping factors that an estimand names with the model's."""
    groups = [group for part in model.linear_predictors.values() for group in part.groups]
    factors = list(dict.fromkeys(group.factor for group in groups))
    if set(estimands) != set(factors):
        message = (
            f"{document.at(path)}: every grouping factor must have its word, found {', '.join(estimands)}."
        )
        yield Finding("config_value", message, hint=f"Factors: {', '.join(factors) or 'none'}.")


def _model(document: Document, content: File) -> ModelSpec:
    priors = {
        parameter: _prior(document, parameter, arguments) for parameter, arguments in content.priors.items()
    }
    model = content.model
    if model.formula is None:
        return read_model(document, model, priors)
    try:
        return ModelSpec.from_formula(model.formula, model.family, model.link, priors, model.interpretation)
    except FormulaError as error:
        raise _located(error, document.at(("model", "formula"))) from None


def _prior(document: Document, parameter: str, arguments: Mapping[str, int | float | str]) -> Prior:
    where = document.at(("priors", parameter))
    values = dict(arguments)
    distribution, scale = values.pop("distribution", None), values.pop("of", None)
    numbers = {key: value for key, value in values.items() if not isinstance(value, str)}
    if not isinstance(distribution, str):
        sentence = f"{where}: the prior of '{parameter}' must name its distribution in quotes."
        hint = document.example(f'Write "{parameter}" = {{ distribution = "Normal", mu = 0, sigma = 1 }}.')
        raise FormulaError(Finding("config_value", sentence, hint=hint))
    if len(numbers) < len(values):
        key = next(key for key in values if key not in numbers)
        sentence = f"{where}: '{key}' must be a number, found the text '{values[key]}'."
        raise FormulaError(Finding("config_value", sentence, hint="Write the number without quotes."))
    try:
        return Prior(distribution, of=_scale(where, scale), **numbers)
    except GlmmError as error:
        raise _located(error, where) from None


def _scale(where: str, scale: int | float | str | None) -> str | None:
    """Return the word for what a prior is of."""
    if scale is None or isinstance(scale, str):
        return scale
    sentence = f"{where}: 'of' must be a text, found the number {scale}."
    raise FormulaError(Finding("config_value", sentence, hint=f"Words: {', '.join(SCALES)}."))


def _located(error: GlmmError, where: str) -> GlmmError:
    """Put the place in the spec file before each message of an error."""
    return type(error)(
        [replace(finding, message=f"{where}: {finding.message}") for finding in error.findings]
    )


def _data(document: Document, content: File, folder: Path) -> DataSource | None:
    data = content.data
    if data is None:
        return None
    if (data.path is None) == (data.dataset is None):
        message = f"{document.at(('data',))}: either 'path' or 'dataset' must be given, and not both."
        hint = document.example('Write path = "data.csv", or dataset = "toenail".')
        raise FormulaError(Finding("config_value", message, hint=hint))
    if data.path is None:
        return DataSource(dataset=data.dataset, missing=data.missing)
    return DataSource(_path(document.at(("data", "path")), data.path, folder), missing=data.missing)


def _output(document: Document, content: File, folder: Path) -> Outputs:
    if content.output is None:
        return Outputs()
    paths = {"fit": content.output.fit, "report": content.output.report}
    named = _paths(document, ("output",), paths, folder)
    return Outputs(**named, probability=content.output.probability, interval=content.output.interval)


def _paths(
    document: Document, section: KeyPath, values: Mapping[str, str | None], folder: Path
) -> dict[str, Path]:
    """Return the paths of a section whose values are paths."""
    return {
        key: _path(document.at((*section, key)), value, folder)
        for key, value in values.items()
        if value is not None
    }


def _path(where: str, written: str, folder: Path) -> Path:
    address = "://" in written or written.startswith(("//", "\\\\"))
    if address or not written or any(c in "*?\t\n\r" or is_hidden(c) for c in written):
        what = "an address" if address else "no plain path"
        message = f"{where}: a path of one file on this machine is needed, found {what}: {written[:80]!r}."
        hint = "Copy the file here and name it, relative to the spec file; no wildcards."
        raise FormulaError(Finding("config_value", message, hint=hint))
    refuse_folder(written)
    return Path(os.path.abspath(folder / written))
