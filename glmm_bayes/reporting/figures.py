"""A Fit in; the picture of how far each level's own estimate was drawn towards the population, out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from glmm_bayes.core.words import interval_columns, interval_words
from glmm_bayes.effects.canvas import (
    DARK,
    GREY,
    STROKES,
    Picture,
    compact,
    head,
    legend,
    literal,
    new_picture,
    note,
    style,
)
from glmm_bayes.effects.shrinkage import random_effects
from glmm_bayes.infer.fit import Fit

Array = NDArray[np.float64]

_LEVELS_SHOWN = 40


def shrinkage_picture(fit: Fit, factor: str | None = None) -> Picture:
    """Draw levels in the order of their random effects, with the estimates without pooling beside them.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        A grouping factor; default: the first. Its first effect is drawn.

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.
    """
    group = fit.design.groups[0] if factor is None else fit.design.group(factor)
    effect = group.effects[0]
    table = random_effects(fit, group.factor)
    method = str(table.attrs["shrinkage"])
    table = table[table["effect"] == effect].sort_values("mean", kind="stable").reset_index(drop=True)
    chosen = np.unique(np.linspace(0, len(table) - 1, _LEVELS_SHOWN).round().astype(np.int64))
    shown = table.iloc[chosen]
    which = f"all {len(table)}" if len(shown) == len(table) else f"{len(shown)} of {len(table)}"
    words = (
        f"{effect} of {which} levels of {group.factor}, subject-specific, scale of the linear predictor: "
        f"posterior mean and {interval_words()}"
    )
    with style():
        picture = new_picture(7.2, 3.9)
        axes = picture.add_subplot()
        _draw(axes, shown)
        axes.set_ylabel(literal(f"random effect: {effect}"))
        axes.set_xlabel(literal(f"levels of {group.factor}, in order"))
        head(picture, words)
        note(picture, _reading(table, method))
    means = table["mean"]
    picture.alt = (
        f"Points with intervals: {words}. Posterior means run from {compact(means.min())} "
        f"({table['level'].iloc[0]}) to {compact(means.max())} ({table['level'].iloc[-1]}). "
        f"{_reading(table, method)}"
    )
    return picture


def _draw(axes: Axes, shown: pd.DataFrame) -> None:
    lower, upper = interval_columns()
    x = np.arange(len(shown))
    stroke, other = STROKES[0], STROKES[1]
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.vlines(x, shown[lower], shown[upper], color=stroke.color, linewidth=1.8)
    mean = axes.plot(x, shown["mean"], stroke.marker, color=stroke.color, markersize=4.5)[0]
    own = shown["no_pooling"].to_numpy()
    low, high = _limits(shown)
    inside = np.isfinite(own) & (own >= low) & (own <= high)
    handles, labels = [mean], ["partial pooling (this model)"]
    handles += axes.plot(
        x[inside], own[inside], other.marker, markerfacecolor="none", color=other.color, markersize=4.5
    )
    labels.append("no pooling (own rows only)")
    for marker, beyond, place in (("v", own < low, low), ("^", own > high, high)):
        axes.plot(x[beyond], np.full(beyond.sum(), place), marker, color=other.color, markersize=5)
    axes.set_ylim(low - 0.06 * (high - low), high + 0.2 * (high - low))
    axes.set_xticks(
        x, [literal(level, 12) for level in shown["level"]], rotation=90, fontsize=6.5, color=DARK
    )
    legend(axes, handles, labels, loc="upper left", ncols=2)


def _limits(shown: pd.DataFrame) -> tuple[float, float]:
    """Return the range of the axis: that of the intervals, and of near estimates without pooling."""
    lower, upper = interval_columns()
    low, high = float(shown[lower].min()), float(shown[upper].max())
    own = shown["no_pooling"].to_numpy()
    near = own[np.isfinite(own) & (own > low - (high - low)) & (own < high + (high - low))]
    return min(low, float(near.min(initial=low))), max(high, float(near.max(initial=high)))


def _reading(table: pd.DataFrame, method: str) -> str:
    own = table["no_pooling"].to_numpy()
    if table["shrinkage"].isna().all():
        return (
            "Its levels are correlated or share rows, so that none has an estimate or a shrinkage of its own."
        )
    infinite, absent = int(np.isinf(own).sum()), int(np.isnan(own).sum())
    words = (
        f"Median shrinkage {table['shrinkage'].median():.2f} (0 no pooling, 1 complete pooling; {method})."
    )
    if infinite:
        words += f" {infinite} of {len(own)} levels have no finite estimate of their own:"
        words += " all their outcomes lie at one end."
    if absent:
        words += f" {absent} of {len(own)} levels have no estimate of their own."
    return f"{words} Triangles: estimates beyond the axis."
