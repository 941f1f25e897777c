"""What a report is made of: sections of paragraphs, tables, figures and listings, all plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glmm_bayes.core.errors import DataError, PredictionError
from glmm_bayes.effects.estimand.undefined import UNDEFINED
from glmm_bayes.plots.canvas import Picture


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``tone`` is ``good``, ``alarm``, ``answer``, ``note`` or nothing."""

    text: str
    tone: str = ""
    element: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class ReportTable:
    """A table of texts.

    Attributes
    ----------
    caption : str
        What the numbers are, with estimand and interval where there are any.
    columns : tuple of str
        The first column heads the rows.
    rows : tuple of tuple of str
    spans : tuple of (str, int)
        Heads over several columns, from the second column on.
    text_columns : frozenset of int
        Columns that hold text; all others are numbers and aligned to the right.
    note : str
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[str, int], ...] = ()
    text_columns: frozenset[int] = frozenset()
    note: str = ""
    element: ClassVar[str] = "table"


@dataclass(frozen=True)
class Illustration:
    """A figure held whole in the page, and what it shows in words."""

    uri: str
    alt: str
    caption: str
    element: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Listing:
    """Text in fixed width; with a ``summary`` it is folded away behind it."""

    text: str
    summary: str = ""
    element: ClassVar[str] = "listing"


Block = Paragraph | ReportTable | Illustration | Listing


@dataclass(frozen=True)
class ReportSection:
    """A titled part of the report."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


def illustration(picture: Picture, caption: str) -> Illustration:
    """Put a picture into the page."""
    return Illustration(picture.to_data_uri(), picture.alt, caption)


def attempt(build: Callable[[], Sequence[Block]]) -> list[Block]:
    """Return the blocks, or say that they are left out for want of draws, of finite ones, or of an answer.

    An answer may not be computed, or its estimand may not exist for the fit.
    """
    try:
        return list(build())
    except (DataError, PredictionError) as error:
        if error.code not in ("draws_missing", "draws_not_finite", "not_available", UNDEFINED):
            raise
        return [Paragraph(f"Left out: {error.findings[0].message}", "note")]
