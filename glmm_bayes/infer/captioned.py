"""A data frame that prints its caption: the estimand, the interval and its level stand on every table."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from textwrap import fill

import pandas as pd

from glmm_bayes.infer.caveats import Drawn, caveat_attrs

_ROWS = 20
_WIDTH = 100


class CaptionedFrame(pd.DataFrame):
    """A data frame whose ``attrs["caption"]`` is printed with it; what is cut out of it is a plain one."""

    def __repr__(self) -> str:
        left = {name: _padded(width) for name, width in self.attrs.get("left_aligned", {}).items()}
        shown = self.head(_ROWS)
        body = shown.to_string(
            float_format=_number,
            na_rep="",
            index=self._shows_index,
            formatters=left or None,
            justify="left" if left else None,
        )
        more = f"\n... {len(self) - _ROWS} more rows" if len(self) > _ROWS else ""
        return f"{fill(str(self.attrs['caption']), _WIDTH, break_on_hyphens=False)}\n{body}{more}"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        body = self.head(_ROWS).to_html(float_format=_number, na_rep="", border=0, index=self._shows_index)
        return body.replace("<thead>", f"<caption>{escape(self.attrs['caption'])}</caption>\n<thead>", 1)

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    @property
    def _shows_index(self) -> bool:
        return not isinstance(self.index, pd.RangeIndex)


def captioned(frame: pd.DataFrame, caption: str, drawn: Drawn | None = None, **attrs: object) -> pd.DataFrame:
    """Give a table its caption and further attributes; of draws also what is to know of them."""
    table = CaptionedFrame(frame)
    table.attrs.update(attrs)
    table.attrs["caption"] = caption
    if drawn is not None:
        table.attrs.update(caveat_attrs(drawn))
        table.attrs["caption"] = "; ".join([caption, *drawn.caveats])
    return table


def _padded(width: int) -> Callable[[object], str]:
    """Return a formatter that fills a column's texts on their right; nothing is blank."""
    return lambda value: ("" if value is None else str(value)).ljust(width)


def _number(value: float) -> str:
    return f"{value:.4g}"
