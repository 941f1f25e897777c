"""Sections of keys and values in, the text of a TOML or YAML file out: readable, in a stable order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glmm_bayes.spec.diagnosis import is_hidden

# Words that every reader of YAML takes as texts; all others stand in quotes.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_OTHER_MEANING = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))

Value = str | int | float | bool | list[Any] | dict[str, Any]
Sections = Mapping[str, Mapping[str, Value]]


def toml_text(sections: Sections) -> str:
    """Write sections as TOML: lists of tables as ``[[section.key]]``, other tables in one line."""
    return "\n".join("\n".join(_toml_section(name, keys)) + "\n" for name, keys in sections.items())


def yaml_text(sections: Sections) -> str:
    """Write sections as YAML: lists of tables as blocks, other lists and tables in one line."""
    return "".join("\n".join(_yaml_section(name, keys)) + "\n" for name, keys in sections.items())


def _toml_section(name: str, keys: Mapping[str, Value]) -> Iterator[str]:
    yield f"[{name}]"
    tables = {key: value for key, value in keys.items() if _is_tables(value)}
    for key, value in keys.items():
        if key not in tables:
            yield f"{_toml_key(key)} = {_in_line(value, _quoted, _toml_key, ' = ')}"
    for key, entries in tables.items():
        assert isinstance(entries, list)
        for entry in entries:
            yield ""
            yield f"[[{name}.{_toml_key(key)}]]"
            for inner, value in entry.items():
                yield f"{_toml_key(inner)} = {_in_line(value, _quoted, _toml_key, ' = ')}"


def _yaml_section(name: str, keys: Mapping[str, Value]) -> Iterator[str]:
    yield f"{name}:"
    for key, value in keys.items():
        if _is_tables(value):
            assert isinstance(value, list)
            yield f"  {_yaml_scalar(key)}:"
            for entry in value:
                for position, (inner, part) in enumerate(entry.items()):
                    written = _in_line(part, _yaml_scalar, _yaml_scalar, ": ")
                    yield f"    {'  ' if position else '- '}{_yaml_scalar(inner)}: {written}"
        else:
            yield f"  {_yaml_scalar(key)}: {_in_line(value, _yaml_scalar, _yaml_scalar, ': ')}"


def _is_tables(value: Value) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _in_line(value: Value, text: Callable[[str], str], key: Callable[[str], str], equals: str) -> str:
    """Write a value in one line; lists and tables hold scalars."""
    if isinstance(value, list):
        return f"[{', '.join(_in_line(part, text, key, equals) for part in value)}]"
    if isinstance(value, dict):
        entries = [f"{key(name)}{equals}{_in_line(part, text, key, equals)}" for name, part in value.items()]
        return f"{{{', '.join(entries)}}}" if equals == ": " else f"{{ {', '.join(entries)} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return text(value) if isinstance(value, str) else _number(value)


def _number(value: int | float) -> str:
    # 1e-05 is a text to readers of YAML 1.1: they want the point.
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return text if not exponent or "." in mantissa else f"{mantissa}.0e{power}"


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _yaml_scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _OTHER_MEANING
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    """Write a text in double quotes as TOML and YAML both read it."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    unseen = is_hidden(character) or character in "\t\n\r" or unicodedata.category(character) == "Cn"
    return f"\\U{ord(character):08X}" if unseen else character
