"""A table in, its text out: no wider than a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill, wrap

import pandas as pd

#: Columns of a terminal that every table fits.
WIDTH = 100
#: The narrowest column that sentences are broken in.
_NARROWEST = 24
#: What columns of numbers need beside texts that are repeated.
_NUMBERS = 40


@dataclass(frozen=True)
class _Column:
    """A column as it is written: its name, its cells, and whether it holds numbers."""

    name: str
    cells: tuple[str, ...]
    is_number: bool
    starts_left: bool

    @property
    def width(self) -> int:
        return max(map(len, (self.name, *self.cells)))


def table_text(
    frame: pd.DataFrame, index: bool = False, left: Collection[str] = (), keys: int | None = None
) -> str:
    """Write a table with numbers of four digits; columns of texts are broken over lines where it is too wide.

    What is too wide all the same is written in blocks of columns, one below the other, each with the columns
    that tell the rows apart.

    Parameters
    ----------
    frame : DataFrame
    index : bool
        Whether row names are shown.
    left : collection of str
        Columns of texts that start at their left.
    keys : int, optional
        How many columns tell the rows apart; default: the index, or the texts before the first number.
    """
    frame = _without_none(frame)
    padded = {name: _padded(max(map(len, _cells(frame, name)), default=0)) for name in left}
    text = str(
        frame.to_string(
            index=index,
            float_format=number_text,
            na_rep="",
            formatters=padded or None,
            justify="left" if left else None,
        )
    )
    if max(map(len, text.split("\n"))) <= WIDTH or not len(frame):
        return text
    shown = frame.reset_index() if index else frame
    columns = [
        _Column(
            str(name),
            tuple(_cells(shown, at)),
            pd.api.types.is_numeric_dtype(shown.dtypes.iloc[at]),
            str(name) in left,
        )
        for at, name in enumerate(shown.columns)
    ]
    count = frame.index.nlevels if index else keys
    return "\n\n".join(_block(block) for block in _blocks(columns, count))


def _blocks(columns: list[_Column], count: int | None) -> Iterator[list[_Column]]:
    """Split columns into blocks that fit; those that tell the rows apart stand in each."""
    if count is None:
        count = next((at for at, column in enumerate(columns) if column.is_number), len(columns))
    keys = columns[:count]
    if _least(keys) > WIDTH - _NUMBERS:
        keys = []
    block = list(keys)
    for column in columns[len(keys) :]:
        if len(block) > len(keys) and _least([*block, column]) > WIDTH:
            yield block
            block = list(keys)
        block.append(column)
    yield block


def _total(columns: Sequence[_Column]) -> int:
    return sum(column.width for column in columns) + len(columns) - 1


def _least(columns: Sequence[_Column]) -> int:
    """Return the width to which columns can be brought by breaking texts."""
    texts = sum(column.width - _narrowest(column) for column in columns if not column.is_number)
    return _total(columns) - texts


def _narrowest(column: _Column) -> int:
    return max(len(column.name), min(_NARROWEST, column.width))


def _block(columns: list[_Column]) -> str:
    """Write columns beside each other, with the widest texts broken over lines."""
    widths = [column.width for column in columns]
    texts = [at for at, column in enumerate(columns) if not column.is_number]
    for at in sorted(texts, key=lambda at: -widths[at]):
        excess = sum(widths) + len(widths) - 1 - WIDTH
        widths[at] = max(_narrowest(columns[at]), widths[at] - max(excess, 0))
    wrapped = [
        [wrap(cell, width) or [""] for cell in column.cells]
        for column, width in zip(columns, widths, strict=True)
    ]
    starts_left = [
        column.starts_left or any(len(cell) > 1 for cell in cells)
        for column, cells in zip(columns, wrapped, strict=True)
    ]
    lines = [_line([column.name for column in columns], widths, starts_left)]
    for row in zip(*wrapped, strict=True):
        for part in range(max(map(len, row))):
            cells = [cell[part] if part < len(cell) else "" for cell in row]
            lines.append(_line(cells, widths, starts_left))
    return "\n".join(lines)


def _without_none(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with nothing where a text is missing."""
    texts = [name for name in frame.columns if frame[name].dtype == object]
    if frame.columns.has_duplicates or not any(frame[name].isna().any() for name in texts):
        return frame
    return frame.assign(**{name: frame[name].where(frame[name].notna(), "") for name in texts})


def _line(cells: list[str], widths: list[int], starts_left: list[bool]) -> str:
    placed = (
        cell.ljust(width) if is_left else cell.rjust(width)
        for cell, width, is_left in zip(cells, widths, starts_left, strict=True)
    )
    return " ".join(placed).rstrip()


def _cells(frame: pd.DataFrame, column: str | int) -> list[str]:
    """Write the cells of a column as pandas does."""
    at = column if isinstance(column, int) else list(frame.columns).index(column)
    if not len(frame):
        return []
    text = frame.iloc[:, [at]].to_string(index=False, header=False, float_format=number_text, na_rep="")
    return [line.strip() for line in str(text).split("\n")]


def _padded(width: int) -> Callable[[object], str]:
    """Return a formatter that fills texts on their right."""
    return lambda value: str(value).ljust(width)


def number_text(value: float) -> str:
    """Write a number with four digits."""
    return f"{value:.4g}"


def told(sentence: str) -> str:
    """Break a sentence over lines, the further ones indented."""
    return fill(sentence, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def within_width(text: str) -> str:
    """Break lines that are too wide: before their last cell where cells stand apart, else as sentences."""
    return "\n".join(map(_within, text.split("\n")))


def _within(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    start, gap, last = line.rpartition("  ")
    if not gap or len(start.rstrip()) > WIDTH:
        return told(line)
    below = fill(last, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return f"{start.rstrip()}\n{below}"
