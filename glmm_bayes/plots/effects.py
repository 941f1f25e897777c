"""Effects in, a figure out: curves over one number, or intervals in rows; described in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.plots.canvas import (
    STROKES,
    Picture,
    band,
    compact,
    describe,
    estimate,
    head,
    legend,
    literal,
    new_picture,
    note,
    style,
)
from glmm_bayes.plots.fan import is_fan, is_nnt, plot_fan, plot_side_by_side
from glmm_bayes.plots.nnt import plot_nnt
from glmm_bayes.plots.rows_of_effects import Axis, axis_of, estimand_words, null_line, row_names

_ROWS_SHOWN = 40
_ROWS_NAMED = 6
_FEW_POINTS = 12
_WIDTH = 7.2


def plot_effects(
    effects: Effects | Mapping[str, Effects], omitted: Mapping[str, str] = MappingProxyType({})
) -> Picture:
    """Draw effects with their intervals; of several estimands side by side.

    Predictions along one number are curves with a band, one for each level of at most one further
    column; quantiles over groups are nested bands; everything else is a row with a point and an interval.

    Parameters
    ----------
    effects : Effects or mapping of str to Effects
        By estimand, if it is a mapping.
    omitted : mapping of str to str
        Estimands that are not there, and why.

    Returns
    -------
    Picture
        A ``matplotlib.figure.Figure`` whose ``alt`` says in words what is shown. It is returned, not
        shown, and no global setting is changed.
    """
    if isinstance(effects, Mapping):
        return plot_side_by_side(effects, omitted)
    if is_fan(effects):
        return plot_fan(effects)
    if is_nnt(effects):
        return plot_nnt(effects)
    table, axis = effects.summary(), axis_of(effects.grid)
    with style():
        return _rows(effects, table) if axis is None else _curves(effects, table, axis)


def _curves(effects: Effects, table: pd.DataFrame, axis: Axis) -> Picture:
    picture = new_picture(_WIDTH, 4.2)
    axes = picture.add_subplot()
    lower, upper = effects.interval.columns
    handles, labels = [], []
    for stroke, (label, part) in zip(STROKES, _groups_across(table, axis), strict=False):
        part = part.sort_values(axis.along)
        x = part[axis.along].to_numpy(np.float64)
        marker = stroke.marker if len(part) <= _FEW_POINTS else ""
        band(axes, x, part[lower].to_numpy(), part[upper].to_numpy(), stroke)
        handles += axes.plot(
            x, part["mean"], color=stroke.color, linestyle=stroke.line, marker=marker, markersize=4.5
        )
        labels.append(label)
    axes.set_xlabel(literal(axis.along))
    axes.set_ylabel(literal(effects.attrs["quantity"]))
    if axis.across is not None:
        legend(axes, handles, labels, title=literal(axis.across), title_fontsize=8)
    head(picture, estimand_words(effects))
    note(picture, f"Lines: posterior means. Bands: {effects.interval.name}s.")
    describe(picture, _curves_alt(effects, table, axis), effects.caveats)
    return picture


def _groups_across(table: pd.DataFrame, axis: Axis) -> list[tuple[str, pd.DataFrame]]:
    if axis.across is None:
        return [("", table)]
    groups = table.groupby(axis.across, observed=True, sort=True)
    return [(str(label), part) for label, part in groups]


def _rows(effects: Effects, table: pd.DataFrame) -> Picture:
    names = row_names(effects.grid)
    shown = table.head(_ROWS_SHOWN)
    lower, upper = effects.interval.columns
    picture = new_picture(_WIDTH, 1.6 + 0.24 * len(shown))
    axes = picture.add_subplot()
    place = np.arange(len(shown))[::-1]
    stroke = STROKES[0]
    axes.hlines(place, shown[lower], shown[upper], color=stroke.color, linewidth=2.2)
    axes.plot(shown["mean"], place, stroke.marker, color=stroke.color, markersize=5.5)
    axes.set_yticks(place, [literal(name, 60) for name in names[: len(shown)]])
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.set_xlabel(literal(_quantity(effects, names), 90))
    null_line(axes, effects, shown)
    head(picture, estimand_words(effects))
    more = "" if len(shown) == len(table) else f" The first {len(shown)} of {len(table)} rows are shown."
    note(picture, f"Points: posterior means. Lines: {effects.interval.name}s.{more}")
    describe(picture, _rows_alt(effects, table, names), effects.caveats)
    return picture


def _quantity(effects: Effects, names: list[str]) -> str:
    """Name what is drawn, with the pair that is compared if the rows' names do not say it."""
    pairs = list(dict.fromkeys(effects.grid.get("contrast", ())))
    quantity = str(effects.attrs["quantity"])
    return quantity if len(pairs) != 1 or pairs == names else f"{quantity}: {pairs[0]}"


def _ending(effects: Effects) -> str:
    return f"Estimand: {estimand_words(effects)}. Posterior means with {effects.interval.name}s."


def _row_words(effects: Effects, row: pd.Series) -> str:
    lower, upper = effects.interval.columns
    return estimate(row["mean"], row[lower], row[upper], row["sd"])


def _curves_alt(effects: Effects, table: pd.DataFrame, axis: Axis) -> str:
    across = f", one for each level of {axis.across}" if axis.across else ""
    sentences = [f"Curves of {effects.attrs['quantity']} along {axis.along}{across}."]
    for label, part in _groups_across(table, axis):
        part = part.sort_values(axis.along)
        first, last = part.iloc[0], part.iloc[-1]
        head = f"{axis.across} {label}: from" if axis.across else "From"
        sentences.append(
            f"{head} {_row_words(effects, first)} at {axis.along} {compact(first[axis.along])} "
            f"to {_row_words(effects, last)} at {compact(last[axis.along])}."
        )
    return " ".join([*sentences, _ending(effects)])


def _rows_alt(effects: Effects, table: pd.DataFrame, names: list[str]) -> str:
    count = f"{len(table)} values" if len(table) > 1 else "one value"
    sentences = [f"Points with intervals: {count} of {_quantity(effects, names)}."]
    if len(table) <= _ROWS_NAMED:
        chosen = range(len(table))
    else:
        means = table["mean"].to_numpy()
        chosen = range(0)
        low, high = int(np.argmin(means)), int(np.argmax(means))
        sentences.append(f"Lowest: {names[low]}, {_row_words(effects, table.iloc[low])}.")
        sentences.append(f"Highest: {names[high]}, {_row_words(effects, table.iloc[high])}.")
    sentences += [f"{names[index]}: {_row_words(effects, table.iloc[index])}." for index in chosen]
    return " ".join([*sentences, _null_words(effects, table), _ending(effects)]).replace("  ", " ")


def _null_words(effects: Effects, table: pd.DataFrame) -> str:
    null = effects.attrs.get("null")
    if null is None:
        return ""
    lower, upper = effects.interval.columns
    apart = int(((table[lower] > null) | (table[upper] < null)).sum())
    if len(table) == 1:
        word = "excludes" if apart else "includes"
        return f"The interval {word} {null:g}, which is no difference."
    return f"{apart} of {len(table)} intervals exclude {null:g}, which is no difference."
