"""Data frames that print what a user's labels are, never what they do, and the caption of a table.

The estimand, the interval and its level stand on every table.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from textwrap import fill
from typing import Any

import pandas as pd

from glmm_bayes.core.escapes import defused, visible
from glmm_bayes.fit.caveats import Drawn, caveat_attrs
from glmm_bayes.fit.text_tables import WIDTH, number_text, table_text

_ROWS = 20


class PrintedFrame(pd.DataFrame):
    """A data frame of ours: control characters are shown by code point, formulas defused in ``to_csv``.

    What is cut out of it is one, too; its values stay what they are.
    """

    def to_string(self, *given: Any, **named: Any) -> Any:
        """Write the table as text, control characters by code point."""
        return _plain(self, _one_line).to_string(*given, **named)

    def to_html(self, *given: Any, **named: Any) -> Any:
        """Write the table as HTML, control characters by code point."""
        return _plain(self, _one_line).to_html(*given, **named)

    def _repr_html_(self) -> Any:
        return _plain(self, _one_line)._repr_html_()  # type: ignore[operator]

    def to_latex(self, *given: Any, **named: Any) -> Any:
        """Write the table as LaTeX, control characters by code point."""
        return _plain(self, _one_line).to_latex(*given, **named)

    def to_markdown(self, *given: Any, **named: Any) -> Any:
        """Write the table as Markdown, control characters by code point."""
        return _plain(self, _one_line).to_markdown(*given, **named)

    def to_csv(self, *given: Any, **named: Any) -> Any:
        """Write the table as CSV, formulas defused."""
        return _plain(self, defused).to_csv(*given, **named)

    def to_excel(self, *given: Any, **named: Any) -> Any:  # type: ignore[misc]
        """Write the table as a spreadsheet, formulas defused."""
        return _plain(self, defused).to_excel(*given, **named)

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return PrintedFrame

    @property
    def _constructor_sliced(self) -> Callable[..., pd.Series[Any]]:
        return _column


class PrintedSeries(pd.Series):
    """A column of a ``PrintedFrame`` with a text that needs care."""

    def to_string(self, *given: Any, **named: Any) -> Any:
        """Write the column as text, control characters by code point."""
        return _plain_series(self, _one_line).to_string(*given, **named)

    def to_csv(self, *given: Any, **named: Any) -> Any:
        """Write the column as CSV, formulas defused."""
        return _plain_series(self, defused).to_csv(*given, **named)

    @property
    def _constructor(self) -> type[pd.Series[Any]]:
        return PrintedSeries

    @property
    def _constructor_expanddim(self) -> type[pd.DataFrame]:
        return PrintedFrame


def _column(*given: Any, **named: Any) -> pd.Series[Any]:
    """Return a column: pandas' own, unless a text in it or beside it needs care in print."""
    series: pd.Series[Any] = pd.Series(*given, **named)
    names = series.index.to_frame(index=False)
    columns = [series, *(names.iloc[:, at] for at in range(names.shape[1]))]
    return PrintedSeries(series) if any(map(_needs_care, columns)) else series


def _needs_care(cells: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return False
    return any(defused(cell) != cell for cell in cells if isinstance(cell, str))


class CaptionedFrame(PrintedFrame):
    """A data frame whose ``attrs["caption"]`` is printed with it; what is cut out of it has none."""

    def __repr__(self) -> str:
        body = table_text(self.head(_ROWS), self._shows_index, self.attrs.get("left_aligned", ()))
        more = f"\n... {len(self) - _ROWS} more rows" if len(self) > _ROWS else ""
        return f"{fill(str(self.attrs['caption']), WIDTH, break_on_hyphens=False)}\n{body}{more}"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        body = self.head(_ROWS).to_html(
            float_format=number_text, na_rep="", border=0, index=self._shows_index
        )
        return with_caption(body, self.attrs["caption"])

    @property
    def _shows_index(self) -> bool:
        return not isinstance(self.index, pd.RangeIndex)


def captioned(frame: pd.DataFrame, caption: str, drawn: Drawn | None = None, **attrs: object) -> pd.DataFrame:
    """Give a table its caption and further attributes; of draws also what is to know of them."""
    table = CaptionedFrame(frame)
    table.attrs.update(attrs)
    caveats = () if drawn is None else drawn.caveats
    table.attrs["caption"] = visible("; ".join([caption, *caveats]))
    if drawn is not None:
        table.attrs.update(caveat_attrs(drawn))
    return table


def printed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without a caption that prints its labels safely; with the attributes that it had."""
    table = PrintedFrame(frame)
    table.attrs = dict(frame.attrs)
    return table


def with_caption(body: str, caption: str) -> str:
    """Put a caption at the head of a table in HTML."""
    return body.replace("<thead>", f"<caption>{escape(visible(caption))}</caption>\n<thead>", 1)


def _plain(frame: pd.DataFrame, shown: Callable[[str], str]) -> pd.DataFrame:
    """Return the frame as pandas' own, with every text of cells, columns and index as it is shown."""
    columns = {at: _shown_cells(frame.iloc[:, at], shown) for at in range(frame.shape[1])}
    plain = pd.DataFrame(columns, index=range(len(frame)))
    return plain.set_axis(_shown_labels(frame.index, shown)).set_axis(
        _shown_labels(frame.columns, shown), axis="columns"
    )


def _plain_series(series: pd.Series[Any], shown: Callable[[str], str]) -> pd.Series[Any]:
    name: Any = _shown(series.name, shown)
    return pd.Series(_shown_cells(series, shown), index=_shown_labels(series.index, shown), name=name)


def _shown_cells(cells: pd.Series[Any], shown: Callable[[str], str]) -> Any:
    if pd.api.types.is_numeric_dtype(cells.dtype) or pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return cells.array
    return pd.array([_shown(cell, shown) for cell in cells], dtype=object)


def _shown_labels(index: pd.Index[Any], shown: Callable[[str], str]) -> pd.Index[Any]:
    names = [_shown(name, shown) for name in index.names]
    if isinstance(index, pd.MultiIndex):
        return pd.MultiIndex.from_tuples([_shown(label, shown) for label in index], names=names)
    if pd.api.types.is_numeric_dtype(index.dtype):
        renamed: pd.Index[Any] = index.rename(names[0])
        return renamed
    texts: pd.Index[Any] = pd.Index([_shown(label, shown) for label in index], dtype=object, name=names[0])
    return texts


def _shown(value: Any, shown: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_shown(part, shown) for part in value)
    return shown(value) if isinstance(value, str) else value


def _one_line(text: str) -> str:
    return visible(text, keep="")
