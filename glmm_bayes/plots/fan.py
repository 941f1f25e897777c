"""The fan of groups, and one question under every estimand, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from glmm_bayes.core.maths import Array
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.measures import Measure, NumberNeededToTreat
from glmm_bayes.effects.verbs.fan import OVER_GROUPS
from glmm_bayes.plots.canvas import (
    DARK,
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
from glmm_bayes.plots.nnt import AXIS_WORDS, differences, label_by_reciprocals, nnt_words
from glmm_bayes.plots.rows_of_effects import Axis, axis_of, null_line, row_names

_PANELS = 4
_ROWS_SHOWN = 12
_WIDTH = 7.2


def is_fan(effects: Effects) -> bool:
    """Tell whether effects are quantiles over groups along one number."""
    return effects.attrs.get("estimand") == OVER_GROUPS and _fan_axis(effects) is not None


def _fan_axis(effects: Effects) -> Axis | None:
    grid = effects.grid
    if "quantile" not in grid.columns or grid["quantile"].nunique() < 2:
        return None
    axis = axis_of(grid[grid["quantile"] == grid["quantile"].iloc[0]].drop(columns="quantile"))
    return axis if axis is None or axis.across is None or grid[axis.across].nunique() <= _PANELS else None


def plot_fan(effects: Effects) -> Picture:
    """Draw quantiles over groups as nested bands, the middle one as a line; one panel a level."""
    axis = _fan_axis(effects)
    assert axis is not None
    table = effects.summary()
    panels = _panels(table, axis)
    with style():
        picture = new_picture(_WIDTH, 3.9)
        drawn = picture.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axes, (title, part) in zip(drawn, panels, strict=True):
            handles, labels = _fan(axes, part, axis.along)
            axes.set_title(literal(title) if title else "", fontsize=9)
            axes.set_xlabel(literal(axis.along))
        drawn[0].set_ylabel(literal(effects.attrs["quantity"]))
        legend(drawn[-1], handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        head(picture, str(effects.attrs["estimand_description"]))
        note(picture, "Posterior means of the quantiles. Bands: shares of groups between two quantiles.")
    describe(picture, _fan_alt(effects, panels, axis), effects.caveats)
    return picture


def _panels(table: pd.DataFrame, axis: Axis) -> list[tuple[str, pd.DataFrame]]:
    if axis.across is None:
        return [("", table)]
    groups = table.groupby(axis.across, observed=True, sort=True)
    return [(f"{axis.across} = {label}", part) for label, part in groups]


def _fan(axes: Axes, table: pd.DataFrame, along: str) -> tuple[list[Any], list[str]]:
    curves = table.pivot(index=along, columns="quantile", values="mean").sort_index()
    x, levels = curves.index.to_numpy(np.float64), curves.columns.to_numpy(np.float64).tolist()
    stroke = STROKES[0]
    handles: list[Any] = []
    labels: list[str] = []
    pairs = len(levels) // 2
    for index in range(pairs):
        low, high = levels[index], levels[-1 - index]
        shade = 0.18 + 0.3 * index / max(1, pairs - 1)
        lower, upper = curves[low].to_numpy(), curves[high].to_numpy()
        handles.append(axes.fill_between(x, lower, upper, color=stroke.color, alpha=shade, linewidth=0))
        labels.append(f"{100 * (high - low):.3g}% of groups ({low:g} to {high:g})")
    if len(levels) % 2:
        middle = levels[pairs]
        handles += axes.plot(x, curves[middle].to_numpy(), color=DARK, linewidth=1.6)
        labels.append("median group" if np.isclose(middle, 0.5) else f"quantile {middle:g}")
    return handles, labels


def _fan_alt(effects: Effects, panels: Sequence[tuple[str, pd.DataFrame]], axis: Axis) -> str:
    sentences = [f"Fan of {effects.attrs['quantity']} along {axis.along}: quantiles over groups."]
    for title, part in panels:
        curves = part.pivot(index=axis.along, columns="quantile", values="mean").sort_index()
        x, y = curves.index.to_numpy(np.float64), curves.to_numpy(np.float64)
        ends = [
            f"{compact(y[at, 0])} to {compact(y[at, -1])} at {axis.along} {compact(x[at])}" for at in (0, -1)
        ]
        levels = f"{curves.columns[0]:g} and {curves.columns[-1]:g}"
        sentences.append(f"{title + ': ' if title else ''}between quantiles {levels}, {ends[0]}, {ends[1]}.")
    return " ".join([*sentences, "Posterior means."])


def plot_side_by_side(effects: Mapping[str, Effects], omitted: Mapping[str, str]) -> Picture:
    """Draw one question under each estimand: curves along one number, or points with intervals."""
    first = next(iter(effects.values()))
    tables = {word: one.summary() for word, one in effects.items()}
    axis = axis_of(first.grid)
    if axis is not None and axis.across is not None and first.grid[axis.across].nunique() > _PANELS:
        axis = None
    with style():
        picture = _forest(effects, tables) if axis is None else _curves(first, tables, axis)
        head(picture, "One question, every estimand: the legend names each")
        note(picture, f"{AXIS_WORDS} {_what_is_shown(first)}" if is_nnt(first) else _what_is_shown(first))
    left_out = "".join(f" Not shown: {word}, {why}" for word, why in omitted.items())
    describe(picture, _side_alt(first, tables) + left_out, first.caveats)
    return picture


def _curves(first: Effects, tables: Mapping[str, pd.DataFrame], axis: Axis) -> Picture:
    titles = [title for title, _ in _panels(next(iter(tables.values())), axis)]
    picture = new_picture(_WIDTH, 3.9)
    drawn = picture.subplots(1, len(titles), squeeze=False, sharey=True)[0]
    lower, upper = first.interval.columns
    for position, (axes, title) in enumerate(zip(drawn, titles, strict=True)):
        handles, labels = [], []
        for stroke, (word, table) in zip(STROKES, tables.items(), strict=False):
            part = _panels(table, axis)[position][1].sort_values(axis.along)
            x = part[axis.along].to_numpy(np.float64)
            band(axes, x, part[lower].to_numpy(), part[upper].to_numpy(), stroke)
            handles += axes.plot(x, part["mean"], color=stroke.color, linestyle=stroke.line)
            labels.append(word)
        axes.set_title(literal(title) if title else "", fontsize=9)
        axes.set_xlabel(literal(axis.along))
    drawn[0].set_ylabel(literal(first.attrs["quantity"]))
    legend(drawn[-1], handles, labels)
    return picture


def _forest(effects: Mapping[str, Effects], tables: Mapping[str, pd.DataFrame]) -> Picture:
    first = next(iter(effects.values()))
    names = row_names(first.grid)[:_ROWS_SHOWN]
    count = len(tables)
    picture = new_picture(_WIDTH, 1.8 + 0.2 * count * len(names))
    axes = picture.add_subplot()
    place = np.arange(len(names))[::-1] * 1.0
    handles, labels = [], []
    for index, (stroke, (word, table)) in enumerate(zip(STROKES, tables.items(), strict=False)):
        at = place + 0.3 - 0.6 * index / max(1, count - 1)
        lower, middle, upper = (part[: len(names)] for part in _drawn(effects[word], table))
        axes.hlines(at, lower, upper, color=stroke.color, linewidth=2.0)
        handles += axes.plot(middle, at, stroke.marker, color=stroke.color, markersize=5.0)
        labels.append(word)
    axes.set_yticks(place, [literal(name, 40) for name in names])
    axes.set_ylim(-0.7, len(names) - 0.3)
    if is_nnt(first):
        label_by_reciprocals(axes, first)
    else:
        axes.set_xlabel(literal(first.attrs["quantity"], 90))
        null_line(axes, first, pd.concat(list(tables.values())))
    legend(axes, handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture


def is_nnt(effects: Effects) -> bool:
    """Tell whether effects are numbers needed to treat."""
    return isinstance(effects.measure, NumberNeededToTreat)


def _drawn(effects: Effects, table: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return lower end, middle and upper end of each row; of numbers needed to treat, of the difference."""
    if is_nnt(effects):
        return differences(effects)
    lower, upper = effects.interval.columns
    middle = "mean" if "mean" in table else "median"
    return table[lower].to_numpy(), table[middle].to_numpy(), table[upper].to_numpy()


def _side_alt(first: Effects, tables: Mapping[str, pd.DataFrame]) -> str:
    names = row_names(first.grid)
    sentences = [f"{first.attrs['quantity']} under {len(tables)} estimands."]
    for word, table in tables.items():
        text = _last_row_words(first, table)
        sentences.append(f"{word}: {text} at {names[-1]}." if len(table) > 1 else f"{word}: {text}.")
    return " ".join([*sentences, _what_is_shown(first)])


def _last_row_words(first: Effects, table: pd.DataFrame) -> str:
    row, (lower, upper) = table.iloc[-1], first.interval.columns
    if is_nnt(first):
        return nnt_words(row, first.interval)
    middle = row["mean"] if "mean" in row else row["median"]
    spread = row["sd"] if "sd" in row else abs(row[upper] - row[lower])
    return estimate(middle, row[lower], row[upper], spread)


def _what_is_shown(first: Effects) -> str:
    if first.measure is None or first.measure.summary_words == Measure.summary_words:
        return f"Posterior means with {first.interval.name}s."
    summary_text = first.measure.summary_words
    return f"{summary_text[0].upper()}{summary_text[1:]} {first.interval.name}."
