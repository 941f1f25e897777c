"""What pydantic found in a spec file in, findings with file, line and key path out."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from glmm_bayes.core.errors import Finding
from glmm_bayes.core.registry import suggestion
from glmm_bayes.spec.file_model import known_keys
from glmm_bayes.spec.file_text import Document, KeyPath

_NEEDED = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "list_type": "a list",
}
_VERBS = "predictions, comparisons or slopes"


def findings_of(error: ValidationError, document: Document) -> list[Finding]:
    """Turn each of pydantic's complaints into a finding."""
    # One value that fits no type of a union gives one complaint a type: the first is enough.
    by_path: dict[KeyPath, Finding] = {}
    for details in error.errors(include_url=False):
        path = _path(details, document.content)
        by_path.setdefault(path, _finding(details, path, document))
    # Where one type of a union got further into the value, only how far it got is of interest.
    inner = {path[:length] for path in by_path for length in range(len(path))}
    return [finding for path, finding in by_path.items() if path not in inner]


def _path(details: ErrorDetails, content: object) -> KeyPath:
    """Return the key path of a complaint: its location without the names of a union's types."""
    location = details["loc"]
    path: list[str | int] = []
    value: Any = content
    for position, part in enumerate(location):
        inside = isinstance(value, dict) and part in value
        inside = inside or (isinstance(value, list) and isinstance(part, int) and part < len(value))
        if inside:
            value = value[part]
        if inside or (details["type"] == "missing" and position == len(location) - 1):
            path.append(part)
    return tuple(path)


def _finding(details: ErrorDetails, path: KeyPath, document: Document) -> Finding:
    error_type = details["type"]
    if error_type == "extra_forbidden":
        return _unknown(details, path, document)
    if error_type == "missing":
        return _missing(path, document)
    if error_type in ("union_tag_not_found", "union_tag_invalid"):
        message = f"{document.at(path)}: 'verb' must be {_VERBS}."
        hint = document.example('Write verb = "comparisons" and variable = "x", or verb = "predictions".')
        return Finding("config_value", message, hint=hint)
    value = _shown(details["input"])
    if path[0] == "priors" and len(path) > 2:
        message = f"{document.at(path[:2])}: '{path[2]}' must be a number, found {value}."
    else:
        message = f"{document.at(path)} must be {_needed(details, path, document)}, found {value}."
    return Finding("config_value", message)


def _unknown(details: ErrorDetails, path: KeyPath, document: Document) -> Finding:
    key = str(path[-1])
    keys = known_keys(details["loc"][:-1])
    noun = "key" if len(path) > 1 or not isinstance(details["input"], dict) else "section"
    inside = f" in {_section(path[:-1])}" if len(path) > 1 else ""
    hint = f"{suggestion(key, keys)} Known: {', '.join(keys)}.".strip()
    return Finding("config_key", f"{document.place(path)}: unknown {noun} '{key}'{inside}.", hint=hint)


def _missing(path: KeyPath, document: Document) -> Finding:
    if len(path) == 1:
        hint = document.example('A spec file needs at least [model] with formula = "y ~ x + (1 | g)".')
        return Finding("config_key", f"{document.name}: the section [{path[0]}] is missing.", hint=hint)
    where = document.place(path[:-1])
    return Finding("config_key", f"{where}: the key '{path[-1]}' in {_section(path[:-1])} is missing.")


def _section(path: KeyPath) -> str:
    """Name a table: ``[model.groups.1]``."""
    return f"[{'.'.join(str(part + 1) if isinstance(part, int) else part for part in path)}]"


def _needed(details: ErrorDetails, path: KeyPath, document: Document) -> str:
    error_type, context = details["type"], details.get("ctx", {})
    if error_type == "greater_than_equal":
        return f"at least {context.get('ge')}"
    if error_type in ("greater_than", "less_than"):
        return (
            f"{'above' if error_type == 'greater_than' else 'below'} {context.get('gt', context.get('lt')):g}"
        )
    if error_type == "literal_error":
        return str(context.get("expected")).replace("'", "")
    if path[0] == "priors":
        return document.example('a table such as { distribution = "Normal", mu = 0, sigma = 1 }')
    return _NEEDED.get(error_type, details["msg"])


def _shown(value: object) -> str:
    # The file's own words, not Python's; what is long is cut.
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = repr(value)
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    return f"the text {shown}" if isinstance(value, str) else shown
