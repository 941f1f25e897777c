"""The text of a spec file in, plain values with the line of each key out; nothing in it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError, StorageError
from glmm_bayes.spec.toml_text import read_toml
from glmm_bayes.spec.yaml_text import read_yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_VALUES = 20_000
_YAML = (".yaml", ".yml")
_BYTE_ORDER_MARK = "\ufeff"

#: Keys and positions that lead to a value: ``("model", "groups", 0, "factor")``.
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """What a spec file holds.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    content : dict
        Texts, numbers, booleans, None, lists and dicts.
    lines : mapping of key path to int
        Lines count from 1; a path that is missing stands on the line of the nearest one above it.
    """

    name: str
    content: dict[str, Any]
    lines: Mapping[KeyPath, int]

    def place(self, path: KeyPath) -> str:
        """Say in which line a key stands: ``model.toml:3``."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name

    def example(self, toml: str) -> str:
        """Write an example in the language of the file."""
        return toml.replace(" = ", ": ") if is_yaml(Path(self.name)) else toml

    def at(self, path: KeyPath) -> str:
        """Say where a key stands, positions counted from 1: ``model.toml:3: [model.groups.1] factor``."""
        texts = [str(part + 1) if isinstance(part, int) else part for part in path]
        last = max((i for i, part in enumerate(path) if isinstance(part, str)), default=0)
        section, key = ".".join(texts[:last]), ".".join(texts[last:])
        is_table = isinstance(path[-1], int) and isinstance(self.value(path), dict)
        address = f"[{section}] {key}" if section and not is_table else f"[{'.'.join(texts)}]"
        return f"{self.place(path)}: {address}"

    def value(self, path: KeyPath) -> Any:
        """Return what stands under a path; None if nothing does."""
        value: Any = self.content
        for part in path:
            if isinstance(value, dict):
                value = value.get(str(part))
            else:
                value = value[part] if isinstance(value, list) and isinstance(part, int) else None
        return value


def is_yaml(file: Path) -> bool:
    """Tell by its name whether a file is YAML; else it is TOML."""
    return file.suffix.lower() in _YAML


def read_document(file: Path) -> Document:
    """Read a TOML or YAML file.

    Raises
    ------
    StorageError
        If the file cannot be read.
    FormulaError
        If it is too large, not text in UTF-8, or not in its language.
    """
    return read_content(file, _content(file))


def read_content(file: Path, content: bytes) -> Document:
    """Read the bytes of a TOML or YAML file, as its name says.

    Raises
    ------
    FormulaError
        If they are too many, not text in UTF-8, or not in its language.
    """
    text = _text(file, content)
    values, lines = (read_yaml if is_yaml(file) else read_toml)(file.name, text)
    document = Document(file.name, values, lines)
    _check_size(document)
    return document


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a null character in the path itself.
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{str(file)!r}: the spec file cannot be read ({reason})."
        raise StorageError(Finding("storage", message, hint="Check the path.")) from None


def _text(file: Path, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        sentence = f"a spec file has at most {MAX_BYTES:,} bytes, this one has more."
        raise _syntax(file.name, sentence, "Data belong in a file of their own: data.path.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        sentence = f"a spec file is text in UTF-8; byte {error.start} is not."
        raise _syntax(file.name, sentence, "Save it as UTF-8.") from None
    if text.startswith(_BYTE_ORDER_MARK):
        raise _syntax(f"{file.name}:1", "it starts with a byte order mark.", "Save it as UTF-8 without BOM.")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _syntax(f"{file.name}:{line}", "it holds a null character.", "Remove it.")
    return text


def _check_size(document: Document) -> None:
    # A stack instead of recursion: depth is what is checked here.
    pending: list[tuple[KeyPath, Any]] = [((), document.content)]
    count = 0
    while pending:
        path, value = pending.pop()
        count += 1
        if len(path) > MAX_DEPTH:
            raise _syntax(
                document.place(path), f"nested more than {MAX_DEPTH} deep.", "Six levels are enough."
            )
        if count > MAX_VALUES:
            raise _syntax(document.name, f"it holds more than {MAX_VALUES:,} values.", "Write fewer.")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise _syntax(document.at(path), "a whole number of more than 64 bits.", "Write 1.0e30.")
        if isinstance(value, dict | list):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            pending += [((*path, key), part) for key, part in inner]


def _syntax(where: str, sentence: str, hint: str) -> FormulaError:
    return FormulaError(Finding("config_syntax", f"{where}: {sentence}", hint=hint))
