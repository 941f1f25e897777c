"""Text of a user's in, text that a terminal, a page or a spreadsheet shows and does not obey out."""

from __future__ import annotations

import re
import unicodedata

#: Controls, invisible and bidirectional marks, halves of pairs, and breaks of lines and paragraphs.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: What makes a spreadsheet take a cell for a formula, also in the wide forms.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def visible(text: str, keep: str = "\n\t") -> str:
    """Show control, invisible and bidirectional characters by their code point.

    Parameters
    ----------
    text : str
    keep : str
        Characters that are left as they are: the lines of a message.

    Examples
    --------
    >>> print(visible("\\x1b[31mred"))
    <U+001B>[31mred
    """
    if text.isprintable():
        return text
    return "".join(
        f"<U+{ord(character):04X}>"
        if character not in keep and unicodedata.category(character) in _HIDDEN
        else character
        for character in text
    )


def defused(text: str) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula; numbers stay numbers.

    Examples
    --------
    >>> defused("=1+1"), defused("-1.5"), defused("placebo")
    ("'=1+1", '-1.5', 'placebo')
    """
    shown = visible(text, keep="")
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown) else shown
