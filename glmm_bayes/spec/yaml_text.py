"""The text of a YAML file in, its values and the line of each key out.

PyYAML only cuts the text into events here, and constructs nothing. What a plain word means is decided
below by the core schema of YAML 1.2: ``no`` and ``12:30`` are texts, ``010`` is ten. Tags, anchors,
aliases, merge keys, directives, repeated keys and second documents are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from glmm_bayes.core.errors import Finding, FormulaError

_MAX_DEPTH = 64
_MAX_EVENTS = 10_000
_MAX_DIGITS = 25
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_KeyPath = tuple[str | int, ...]


def read_yaml(name: str, text: str) -> tuple[dict[str, Any], dict[_KeyPath, int]]:
    """Read YAML.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    text : str

    Returns
    -------
    content : dict
    lines : dict of key path to int

    Raises
    ------
    FormulaError
        ``config_syntax`` if the text is not YAML, or uses what a spec file does not need.
    """
    reader = _EventReader(name)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            reader.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        hint = 'Indent with blanks; texts with : # [ ] { } stand in quotes: "treatment:x".'
        message = f"{where}: not valid YAML: {reason}."
        raise FormulaError(Finding("config_syntax", message, hint=hint)) from None
    return reader.root, reader.lines


def plain_value(text: str) -> str | int | float | bool | None:
    """Read a plain scalar by the core schema of YAML 1.2."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text[0] in "tT"
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1


@dataclass
class _Open:
    """A mapping or list whose end has not come yet, and the key whose value comes next."""

    value: dict[str, Any] | list[Any]
    path: _KeyPath
    key: str | None = None


@dataclass
class _EventReader:
    """Build values from events, without recursion."""

    name: str
    root: dict[str, Any] = field(default_factory=dict)
    lines: dict[_KeyPath, int] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    documents: int = 0
    events: int = 0

    def take(self, event: yaml.Event) -> None:
        self.events += 1
        if self.events > _MAX_EVENTS:
            raise self._refuse(event, "the file holds too many values", "Data belong in a file of their own.")
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, yaml.AliasEvent):
            raise self._refuse(event, f"an alias, *{event.anchor}", "Write the value itself.")
        elif isinstance(event, yaml.ScalarEvent):
            self._check_plain(event)
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_plain(event)
            self._container(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self._refuse(event, "a second document", "One file holds one model.")
        if event.version or event.tags:
            raise self._refuse(event, "a directive", "Leave the line with % out.")

    def _check_plain(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._refuse(event, f"an anchor, &{event.anchor}", "Write the value wherever it is needed.")
        if event.tag is not None:
            raise self._refuse(event, f"a tag, {event.tag[:60]}", "Write the value without it.")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text, plain = event.value, event.implicit[0]
        top = self.open[-1] if self.open else None
        if top is None and (not plain or plain_value(text) is not None):
            raise self._refuse(event, "a value without a key", "A file starts with model:.")
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(event, top, text, plain)
        elif top is not None:
            digits = plain and len(text) > _MAX_DIGITS and _INTEGER.fullmatch(text)
            if digits:
                raise self._refuse(event, "a whole number of more than 64 bits", "Write 1.0e30.")
            self._put(event, top, plain_value(text) if plain else text)

    def _key(self, event: yaml.ScalarEvent, top: _Open, key: str, plain: bool) -> None:
        if plain and key == "<<":
            raise self._refuse(event, "a merge key, <<", "Write the keys themselves.")
        if key in top.value:
            raise self._refuse(event, f"the key '{key[:60]}' twice", "Write it once.")
        top.key = key
        self.lines[(*top.path, key)] = _line(event)

    def _container(self, event: yaml.Event, value: dict[str, Any] | list[Any]) -> None:
        if len(self.open) >= _MAX_DEPTH:
            raise self._refuse(event, f"more than {_MAX_DEPTH} levels", "Nothing needs more than six.")
        if self.open:
            top = self.open[-1]
            if isinstance(top.value, dict) and top.key is None:
                raise self._refuse(event, "a list or mapping as a key", "Keys are texts.")
            self.open.append(_Open(value, self._put(event, top, value)))
        elif isinstance(value, dict):
            self.root = value
            self.open.append(_Open(value, ()))
        else:
            raise self._refuse(event, "a list without a key", "A file starts with model:.")

    def _put(self, event: yaml.Event, top: _Open, value: Any) -> _KeyPath:
        """Put a value into its container and return its path."""
        if isinstance(top.value, list):
            top.value.append(value)
            path = (*top.path, len(top.value) - 1)
            self.lines[path] = _line(event)
            return path
        assert top.key is not None
        top.value[top.key] = value
        path, top.key = (*top.path, top.key), None
        return path

    def _refuse(self, event: yaml.Event, what: str, hint: str) -> FormulaError:
        message = f"{self.name}:{_line(event)}: not taken in a spec file: {what}."
        return FormulaError(Finding("config_syntax", message, hint=hint))
