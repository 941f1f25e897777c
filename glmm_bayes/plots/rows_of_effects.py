"""A result's grid in, how its rows are named, where they run along, and what its axis marks, out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.plots.canvas import DARK, STROKES


@dataclass(frozen=True)
class Axis:
    """The number that a curve runs along, and the column that tells the curves apart."""

    along: str
    across: str | None


def axis_of(grid: pd.DataFrame) -> Axis | None:
    """Find the number that the rows run along; None if they are not curves."""
    if "contrast" in grid.columns:
        return None
    varying = [str(name) for name in grid.columns if grid[name].nunique() > 1]
    numbers = [name for name in varying if _is_number(grid[name])]
    others = [name for name in varying if name not in numbers]
    if len(numbers) != 1 or len(others) > 1:
        return None
    across = others[0] if others else None
    if across is not None and grid[across].nunique() > len(STROKES):
        return None
    # Several rows at one place would be a zigzag, not a curve.
    if grid.duplicated(varying).any():
        return None
    return Axis(numbers[0], across)


def _is_number(values: pd.Series) -> bool:
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return bool(numeric) and values.nunique() > 2


def row_names(grid: pd.DataFrame) -> list[str]:
    """Name each row of a grid by what tells it from the others."""
    if not len(grid.columns):
        return ["all rows"] * len(grid)
    varying = [name for name in grid.columns if grid[name].nunique() > 1]
    # Rows that do not differ are named by all that they are.
    kept = varying or [name for name in grid.columns if name != "variable"]
    return [
        ", ".join(_cell(name, row[name], bare=name == "contrast") for name in kept)
        for _, row in grid.iterrows()
    ]


def _cell(name: object, value: object, bare: bool) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if bare else f"{name} = {text}"


def null_line(axes: Axes, effects: Effects, shown: pd.DataFrame) -> None:
    """Mark where there is no difference; ratios stand on a logarithmic axis."""
    null = effects.attrs.get("null")
    if null is None:
        return
    if null == 1.0 and (shown[effects.interval.columns[0]] > 0).all():
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        locator = LogLocator(subs=(1.0, 2.0, 5.0)) if high > 8 * low else MaxNLocator(6)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axvline(float(null), color=DARK, linestyle=(0, (4, 3)), linewidth=1.0, zorder=0)


def estimand_words(effects: Effects) -> str:
    """Say which estimand rows are of, and over what they are averaged if they are."""
    description = str(effects.attrs["estimand_description"])
    return f"{description}; {effects.attrs['average']}" if effects.attrs.get("average") else description
