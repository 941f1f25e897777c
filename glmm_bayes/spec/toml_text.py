"""The text of a TOML file in, its values and the line of each key out."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_DOTTED = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
# tomllib takes quadratic time for a key of many parts: a line of 100 kB would cost minutes.
_MANY_PARTS = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{64}}")
_POSITION = re.compile(r"\(at line (\d+), column \d+\)")
_QUOTES = ('"""', "'''")


def read_toml(name: str, text: str) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
    """Read TOML.

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
        ``config_syntax`` if the text is not TOML; a repeated key is none.
    """
    many = _MANY_PARTS.search(text)
    if many:
        line = text.count("\n", 0, many.start()) + 1
        raise _invalid(f"{name}:{line}", "a key has more than 64 parts")
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise _invalid(name, "it is nested too deep") from None
    except ValueError as error:
        # Integers of 4,300 digits raise ValueError itself, without a position.
        position = _POSITION.search(str(error))
        raise _invalid(f"{name}:{position.group(1)}" if position else name, str(error)) from None
    return content, _lines(text)


def _invalid(where: str, reason: str) -> FormulaError:
    hint = 'Texts stand in quotes, keys with brackets too: "beta[time]" = { ... }.'
    return FormulaError(Finding("config_syntax", f"{where}: not valid TOML: {reason}.", hint=hint))


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Find the line of each key that starts one; tomllib does not tell."""
    lines: dict[tuple[str | int, ...], int] = {}
    lengths: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if not inside and header:
            table = _table(header.group(1), _parts(header.group(2)), lengths)
            lines.setdefault(table, number)
        elif not inside and key:
            lines.setdefault(table + _parts(key.group(1)), number)
        # A text of several lines opens or closes here if its quotes come in an odd number.
        inside ^= sum(line.count(quotes) for quotes in _QUOTES) % 2 == 1
    return lines


def _table(bracket: str, keys: tuple[str, ...], lengths: dict[tuple[str | int, ...], int]) -> Any:
    """Return the path of a table's header; the last entry of a list of tables is the one meant."""
    path: tuple[str | int, ...] = ()
    for key in keys[:-1]:
        path += (key,)
        path += (lengths[path] - 1,) if path in lengths else ()
    path += keys[-1:]
    if bracket == "[[":
        lengths[path] = lengths.get(path, 0) + 1
        path += (lengths[path] - 1,)
    return path


def _parts(key: str) -> tuple[str, ...]:
    """Split a dotted key as tomllib reads it."""
    try:
        value = tomllib.loads(f"{key} = 0")
    except ValueError:
        # A line inside a text that only looks like a key.
        return (key,)
    keys: tuple[str, ...] = ()
    while isinstance(value, dict):
        ((part, value),) = value.items()
        keys += (part,)
    return keys
