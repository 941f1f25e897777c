"""A place in a formula in, an error that points at it out: position, the line, carets under the token."""

from __future__ import annotations

import unicodedata

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.spec.expressions import Span

_INDENT = "    "
_TAB = "    "
# A longer line is cut around the token: a report of 20,000 characters helps nobody.
_SHOWN_BEFORE = 60
_SHOWN_FROM = 70
_QUOTED_LENGTH = 40
# Invisible although Unicode does not class them as format characters: fillers and joiners.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PLAIN_WHITESPACE = frozenset("\t\n\r")


def is_hidden(character: str) -> bool:
    """Tell whether a character is a control, zero-width or bidirectional one that a reader cannot see."""
    if character in _PLAIN_WHITESPACE:
        return False
    return character in _INVISIBLE or unicodedata.category(character) in _HIDDEN_CATEGORIES


def code_point(character: str) -> str:
    """Name a character by its code point: ``U+200B (ZERO WIDTH SPACE)``."""
    name = unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({name})"


def place(text: str, span: Span) -> str:
    """Say where a span starts: ``formula:1:18`` (line and column count from 1)."""
    start, _, first = _line_around(text, span)
    return f"formula:{text.count(chr(10), 0, start) + 1}:{first + 1}"


def point(text: str, span: Span) -> str:
    """Show the line that holds a span, and carets under it.

    Parameters
    ----------
    text : str
        The whole formula.
    span : Span
        Of a token or node; if it runs over the end of its line, carets stop there.

    Returns
    -------
    str
        Two lines, indented by four blanks. Carets are counted in columns of a terminal: a wide
        character takes two, a combining one none, a tab four.
    """
    start, line, first = _line_around(text, span)
    last = max(first, min(span.end - start, len(line)))
    head, token, tail = line[:first], line[first:last], line[last:]
    if len(head) > _SHOWN_BEFORE:
        head = "..." + head[-_SHOWN_BEFORE:]
    if len(token) + len(tail) > _SHOWN_FROM:
        token = token[:_SHOWN_FROM]
        tail = tail[: _SHOWN_FROM - len(token)] + "..."
    shown = [_visible(part) for part in (head, token, tail)]
    carets = "^" * max(_width(shown[1]), 1)
    return f"{_INDENT}{''.join(shown).rstrip()}\n{_INDENT}{' ' * _width(shown[0])}{carets}"


def excerpt(text: str, span: Span) -> str:
    """Quote what stands in a span, cut if it is long."""
    part = " ".join(_visible(text[span.start : span.end]).split())
    return part if len(part) <= _QUOTED_LENGTH else part[: _QUOTED_LENGTH - 3] + "..."


def formula_error(code: str, text: str, span: Span, sentence: str, hint: str = "") -> FormulaError:
    """Make the error that says what is wrong at one place of a formula, and what to write instead."""
    return FormulaError(Finding(code, f"{place(text, span)}: {sentence}\n{point(text, span)}", hint=hint))


def _line_around(text: str, span: Span) -> tuple[int, str, int]:
    """Return the start of the line that holds the span, the line, and the span's column in it (from 0)."""
    position = min(span.start, len(text))
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)].rstrip("\r")
    return start, line, position - start


def _visible(part: str) -> str:
    return "".join("\N{REPLACEMENT CHARACTER}" if is_hidden(c) else c for c in part).replace("\t", _TAB)


def _width(shown: str) -> int:
    return sum(_character_width(character) for character in shown)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
