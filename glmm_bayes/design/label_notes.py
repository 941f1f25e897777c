"""Labels that look like a slip: near-duplicates, and texts that often stand for a missing value."""

from __future__ import annotations

import unicodedata
from typing import Any

from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings, row_text
from glmm_bayes.design.column import Column, too_many_unused
from glmm_bayes.design.spellings import LIKE_MISSING

_SHOWN = 5


def note_labels(column: Column, rows: NDArray[Any], findings: Findings) -> None:
    """Note what may be a slip in a column of texts, and refuse too many unused levels; nothing is changed."""
    unused = too_many_unused(column)
    if unused:
        message = f"column '{column.name}': {unused} of {len(column.levels)} levels occur in no row."
        hint = f'Write data["{column.name}"].cat.remove_unused_categories().'
        findings.error("unused_levels", message, column=column.name, hint=hint)
        return
    if column.data_type != "label" or column.identifier:
        return
    _note_near_duplicates(column, findings)
    doubtful = [at for at, level in enumerate(column.levels) if str(level).strip().lower() in LIKE_MISSING]
    for code in doubtful:
        where = tuple(rows[column.values == code].tolist())
        if where:
            label = column.levels[code]
            message = (
                f"column '{column.name}': '{label}' is a label, not a missing value ({row_text(where)})."
            )
            hint = "If it means missing, make it None."
            findings.note("missing_values", message, column=column.name, rows=where, hint=hint)


def _note_near_duplicates(column: Column, findings: Findings) -> None:
    alike: dict[str, list[str]] = {}
    for level in column.levels:
        if isinstance(level, str):
            alike.setdefault(_folded(level), []).append(level)
    pairs = [(texts[0], other) for texts in alike.values() for other in texts[1:]]
    if pairs:
        told = "; ".join(f"'{a}' and '{b}' differ by {_difference(a, b)} only" for a, b in pairs[:_SHOWN])
        more = f" (+{len(pairs) - _SHOWN} more)" if len(pairs) > _SHOWN else ""
        message = f"column '{column.name}': levels {told}{more}."
        findings.note("unused_levels", message, column=column.name, hint="Make them one if they are.")


def _folded(text: str) -> str:
    if text.isascii():
        return "".join(text.split()).lower()
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _difference(one: str, other: str) -> str:
    if "".join(one.split()) == "".join(other.split()):
        return "spaces"
    if one.casefold() == other.casefold():
        return "case"
    if unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other):
        return "Unicode form"
    return "spaces, case or Unicode form"
