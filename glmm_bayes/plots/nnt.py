"""Numbers needed to treat, drawn where they are continuous: on the scale of the difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.plots.canvas import (
    DARK,
    STROKES,
    Picture,
    compact,
    describe,
    head,
    literal,
    new_picture,
    note,
    style,
)
from glmm_bayes.plots.rows_of_effects import estimand_words, row_names

_ROWS_SHOWN = 40
_ROWS_NAMED = 6
#: What the axis of a picture of numbers needed to treat is.
AXIS_WORDS = "Axis: differences, labelled by 1/difference; left of ∞: for one fewer, right: for one more."


def plot_nnt(effects: Effects) -> Picture:
    """Draw differences with their intervals on an axis that is labelled by their reciprocals.

    An interval of the number needed to treat that holds no difference goes through infinity; on this
    axis it is one line (Altman 1998, Confidence intervals for the number needed to treat).
    """
    table, names = effects.summary(), row_names(effects.grid)
    shown = min(len(table), _ROWS_SHOWN)
    lower, middle, upper = (part[:shown] for part in differences(effects))
    with style():
        picture = new_picture(7.2, 1.8 + 0.24 * shown)
        axes = picture.add_subplot()
        place, stroke = np.arange(shown)[::-1], STROKES[0]
        axes.hlines(place, lower, upper, color=stroke.color, linewidth=2.2)
        axes.plot(middle, place, stroke.marker, color=stroke.color, markersize=5.5)
        axes.set_yticks(place, [literal(name, 60) for name in names[:shown]])
        axes.set_ylim(-0.7, shown - 0.3)
        label_by_reciprocals(axes, effects)
        head(picture, estimand_words(effects))
        more = "" if shown == len(table) else f" The first {shown} of {len(table)} rows are shown."
        caption = f"{AXIS_WORDS} Points: medians. Lines: {effects.interval.name}s."
        note(picture, caption + more)
    describe(picture, _alt(effects, table, names), effects.caveats)
    return picture


def differences(effects: Effects) -> tuple[Array, Array, Array]:
    """Return the lower end, the median and the upper end of each row's difference."""
    lower, upper = effects.interval.ends(effects.flat)
    return lower, np.quantile(effects.flat, 0.5, axis=0), upper


def label_by_reciprocals(axes: Axes, effects: Effects) -> None:
    """Label an axis of differences by the numbers needed to treat, with no difference at infinity."""
    axes.axvline(0.0, color=DARK, linestyle=(0, (4, 3)), linewidth=1.0, zorder=0)
    axes.xaxis.set_major_formatter(FuncFormatter(_label))
    axes.set_xlabel(literal(effects.attrs["quantity"], 90))


def _label(value: float, _: object) -> str:
    return "∞" if abs(value) < 1e-12 else compact(1.0 / abs(value))


def _alt(effects: Effects, table: pd.DataFrame, names: list[str]) -> str:
    sentences = [f"Points with intervals: {len(table)} of {effects.attrs['quantity']}."]
    for name, (_, row) in list(zip(names, table.iterrows(), strict=True))[:_ROWS_NAMED]:
        sentences.append(f"{name}: {nnt_words(row, effects.interval)}.")
    return " ".join(
        [*sentences, f"Estimand: {estimand_words(effects)}. Medians with {effects.interval.name}s."]
    )


def nnt_words(row: pd.Series, interval: Interval) -> str:
    """Say a number needed to treat and its interval, with the direction of each end.

    The interval of the difference holds zero, or lies on the side of the median, or on the other one: the
    narrowest interval need not hold the median.
    """
    lower, upper = (row[name] for name in interval.columns)
    other = "fewer" if row["event"] == "more" else "more"
    ends = f"{compact(lower)} to {compact(abs(upper))}"
    if row["through_infinity"]:
        ends = f"{compact(lower)} through infinity to {compact(abs(upper))} for one {other}"
    elif lower < 0.0:
        ends = f"{compact(-upper)} to {compact(-lower)} for one {other}, without the median"
    return f"{compact(row['median'])} for one {row['event']} ({ends})"
