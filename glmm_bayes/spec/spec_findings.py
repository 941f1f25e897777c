"""What pydantic found in a spec file in, findings with file, line and key path out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from glmm_bayes.core.errors import Finding
from glmm_bayes.core.registry import suggestion

_NEEDED = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "dict_type": "a table",
    "model_type": "a table",
}
_SECTION = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?\Z")


def at(file: str, text: str, section: str, key: str = "") -> str:
    """Say where a key stands: ``model.toml:3: [model] formula``."""
    return f"{_place(file, text, section, key)}: {f'[{section}] {key}'.strip()}"


def findings_of(
    error: ValidationError, file: str, text: str, known: Mapping[str, tuple[str, ...]]
) -> list[Finding]:
    """Turn each of pydantic's complaints into a finding; ``known`` lists the keys of each section."""
    # One value that fits no type of a union gives one complaint a type: the first is enough.
    found: dict[tuple[str, str], Finding] = {}
    for details in error.errors(include_url=False):
        path = [str(part) for part in details["loc"]]
        section, key = (path[0], path[1]) if len(path) > 1 else ("", path[0])
        found.setdefault((section, key), _finding(details, file, text, section, key, known))
    return list(found.values())


def _finding(
    details: ErrorDetails,
    file: str,
    text: str,
    section: str,
    key: str,
    known: Mapping[str, tuple[str, ...]],
) -> Finding:
    kind = details["type"]
    where = _place(file, text, section, key)
    if kind == "extra_forbidden":
        keys = known.get(section, ())
        kind_of_key = "key" if section or not isinstance(details["input"], dict) else "section"
        inside = f" in [{section}]" if section else ""
        hint = f"{suggestion(key, keys)} Known: {', '.join(keys)}.".strip()
        return Finding("config_key", f"{where}: unknown {kind_of_key} '{key}'{inside}.", hint=hint)
    if kind == "missing":
        name = f"the key '{key}' in [{section}]" if section else f"the section [{key}]"
        hint = 'A spec file needs at least [model] with formula = "y ~ x + (1 | g)".'
        return Finding("config_key", f"{file}: {name} is missing.", hint=hint)
    name = f"[{section}] {key}" if section else f"[{key}]"
    if len(details["loc"]) > 2:
        name = f"{name}: '{details['loc'][2]}'"
    message = f"{where}: {name} must be {_needed(details, section)}, found {_shown(details['input'])}."
    return Finding("config_value", message)


def _needed(details: ErrorDetails, section: str) -> str:
    kind = details["type"]
    if kind == "greater_than_equal":
        return f"at least {details.get('ctx', {}).get('ge')}"
    if section == "priors" and len(details["loc"]) > 2:
        return "a number"
    if section == "priors":
        return 'a table such as { distribution = "Normal", mu = 0, sigma = 1 }'
    return _NEEDED.get(kind, details["msg"])


def _shown(value: object) -> str:
    # TOML's own words, not Python's; what is long is cut.
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    if isinstance(value, str):
        return f"the text {shown}"
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown


def _place(file: str, text: str, section: str, key: str) -> str:
    line = _line(text, section, key)
    return f"{file}:{line}" if line else file


def _line(text: str, section: str, key: str) -> int | None:
    """Find the line of a key, or of its section; tomllib does not tell. None where the layout is unusual."""
    current, header = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        heading = _SECTION.match(line)
        if heading:
            current = heading.group(1).strip("\"'")
            if current == (section or key):
                header = number
        elif current == section and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return header
