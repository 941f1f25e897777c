"""A Fit in, pictures of its random effects out: the levels in order, and how far each was pooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.groups.random_effects import pooling_name, random_effects
from glmm_bayes.effects.groups.ranks import chosen_effect
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.plots.canvas import (
    DARK,
    GREY,
    STROKES,
    Picture,
    compact,
    describe,
    head,
    legend,
    literal,
    new_picture,
    note,
    style,
)

_LEVELS_SHOWN = 40
_LINES_SHOWN = 60
#: Levels at each end of the shrinkage plot that are named.
_NAMED = 3
#: Names closer than this share of the axis would overprint each other.
_APART = 0.045


@dataclass(frozen=True)
class _Levels:
    """One random effect of all levels of a factor, by posterior mean, and how they were pooled."""

    table: pd.DataFrame
    factor: str
    effect: str
    rule: str
    pooling: float
    sd: float
    interval: Interval

    @property
    def no_pooling(self) -> Array:
        """Estimates without pooling: infinite, or NaN where there is none."""
        return self.table["no_pooling"].to_numpy(np.float64)


def plot_random_effects(
    fit: Fit,
    factor: str | None = None,
    *,
    effect: str | None = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Picture:
    """Draw levels in the order of their random effects, with the estimates without pooling beside them.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        A grouping factor; default: the first.
    effect : str, optional
        One of its effects, as ``gb.random_effects`` names them; default: the first.
    probability, interval
        As in ``gb.predictions``.

    Returns
    -------
    Picture
        A ``matplotlib.figure.Figure`` with ``alt``, the picture in words. Of more than 40 levels 40 are
        shown, evenly spread over the order. Returned, not shown.

    Raises
    ------
    PredictionError
        ``unknown_factor``, ``unknown_effect`` or ``no_random_effects``.
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.

    References
    ----------
    Goldstein and Healy (1995), The graphical presentation of a collection of means.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> b = np.random.default_rng(1).normal(0, 0.5, (1, 50, 59, 1))
    >>> draws = {"beta": np.ones((1, 50, 2)), "sd_subject": np.full((1, 50, 1), 0.6), "b_subject": b}
    >>> gb.plot_random_effects(gb.Fit.from_draws(model, draws), "subject").alt[:40]
    'Points with intervals: Intercept of 40 o'
    """
    check_fit(fit)
    check_texts(factor=factor, effect=effect)
    levels = _levels(fit, factor, effect, read_interval(probability, interval))
    table = levels.table
    shown = table.iloc[_spread_out(len(table), _LEVELS_SHOWN)]
    which = f"all {len(table)}" if len(shown) == len(table) else f"{len(shown)} of {len(table)}"
    headline = (
        f"{levels.effect} of {which} levels of {levels.factor}, subject-specific, scale of the linear "
        f"predictor: posterior mean and {levels.interval.name}"
    )
    with style():
        picture = new_picture(7.2, 3.9)
        axes = picture.add_subplot()
        _caterpillar(axes, shown, levels.interval)
        axes.set_ylabel(literal(f"random effect: {levels.effect}"))
        axes.set_xlabel(literal(f"levels of {levels.factor}, in order"))
        head(picture, headline)
        note(picture, f"{_reading(levels)}{_triangles(shown, levels.interval)}")
    means = table["mean"]
    alt = (
        f"Points with intervals: {headline}. Posterior means run from {compact(means.min())} "
        f"({table['level'].iloc[0]}) to {compact(means.max())} ({table['level'].iloc[-1]}). "
        f"{_reading(levels)}{_triangles(shown, levels.interval)}"
    )
    describe(picture, alt, fit.caveats)
    return picture


def _levels(fit: Fit, factor: str | None, effect: str | None, interval: Interval) -> _Levels:
    predictor, group, position = chosen_effect(fit, factor, effect)
    name = f"{predictor.prefix}{group.effects[position]}"
    result = random_effects(fit, group.factor, probability=interval.probability, interval=interval.kind)
    every = result.summary()
    table = every[every["effect"] == name].sort_values("mean", kind="stable").reset_index(drop=True)
    sd = np.sqrt(fit.covariance(group.slug, predictor.name)[:, position, position]).mean()
    pooling = result.attrs["pooling"][pooling_name(name, group.factor)]
    rule = str(result.attrs["shrinkage"])
    return _Levels(table, group.factor, name, rule, pooling, float(sd), interval)


def _spread_out(count: int, most: int) -> NDArray[np.int64]:
    """Return positions evenly spread over an order, both ends among them."""
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))


def _caterpillar(axes: Axes, shown: pd.DataFrame, interval: Interval) -> None:
    lower, upper = interval.columns
    x = np.arange(len(shown))
    stroke, other = STROKES[0], STROKES[1]
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.vlines(x, shown[lower], shown[upper], color=stroke.color, linewidth=1.8)
    mean = axes.plot(x, shown["mean"], stroke.marker, color=stroke.color, markersize=4.5)[0]
    no_pooling = shown["no_pooling"].to_numpy(np.float64)
    low, high = _limits(shown, interval)
    inside = np.isfinite(no_pooling) & (no_pooling >= low) & (no_pooling <= high)
    handles, labels = [mean], ["partial pooling (this model)"]
    if inside.any():
        handles += axes.plot(
            x[inside],
            no_pooling[inside],
            other.marker,
            markerfacecolor="none",
            color=other.color,
            markersize=4.5,
        )
        labels.append("no pooling (own rows only)")
    for marker, beyond, place in (("v", no_pooling < low, low), ("^", no_pooling > high, high)):
        axes.plot(x[beyond], np.full(beyond.sum(), place), marker, color=other.color, markersize=5)
    axes.set_ylim(low - 0.06 * (high - low), high + 0.2 * (high - low))
    axes.set_xticks(
        x, [literal(level, 12) for level in shown["level"]], rotation=90, fontsize=6.5, color=DARK
    )
    legend(axes, handles, labels, loc="upper left", ncols=2)


def _limits(shown: pd.DataFrame, interval: Interval) -> tuple[float, float]:
    """Return the range of the axis: that of the intervals, and of near estimates without pooling."""
    lower, upper = interval.columns
    low, high = float(shown[lower].min()), float(shown[upper].max())
    no_pooling = shown["no_pooling"].to_numpy(np.float64)
    near = no_pooling[
        np.isfinite(no_pooling) & (no_pooling > low - (high - low)) & (no_pooling < high + (high - low))
    ]
    low, high = min(low, float(near.min(initial=low))), max(high, float(near.max(initial=high)))
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _triangles(shown: pd.DataFrame, interval: Interval) -> str:
    low, high = _limits(shown, interval)
    no_pooling = shown["no_pooling"].to_numpy(np.float64)
    return (
        " Triangles: estimates beyond the axis." if ((no_pooling < low) | (no_pooling > high)).any() else ""
    )


def _reading(levels: _Levels) -> str:
    """Say how far levels were pooled, and how many have no estimate of their own."""
    if levels.table["shrinkage"].isna().all():
        return (
            "Its levels are correlated or share rows, so that none has an estimate or a shrinkage of its own."
        )
    no_pooling = levels.no_pooling
    infinite, absent = int(np.isinf(no_pooling).sum()), int(np.isnan(no_pooling).sum())
    text = (
        f"Median shrinkage {levels.table['shrinkage'].median():.2f} (0 no pooling, 1 complete pooling; "
        f"{levels.rule})."
    )
    if infinite:
        text += f" Levels with no finite estimate of their own: {infinite} of {len(no_pooling)};"
        text += " all their outcomes lie at one end."
    if absent:
        text += f" Levels with no estimate of their own: {absent} of {len(no_pooling)}."
    return text


def plot_shrinkage(fit: Fit, factor: str | None = None, *, effect: str | None = None) -> Picture:
    """Draw each level from its estimate without pooling, by its posterior mean, to the population.

    Complete pooling, the model without the term, is not in the picture: its coefficients are
    population-averaged, not those of a typical group, so that it is compared on the scale of the response.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        A grouping factor; default: the first.
    effect : str, optional
        One of its effects on the mean, as ``gb.random_effects`` names them; default: the first.

    Returns
    -------
    Picture
        A ``matplotlib.figure.Figure`` with ``alt``, the picture in words. Arrows are levels whose own
        estimate is infinite. Returned, not shown.

    Raises
    ------
    PredictionError
        ``no_pooling`` if no level has an estimate of its own; ``unknown_factor``, ``unknown_effect`` or
        ``no_random_effects``.
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.

    References
    ----------
    Efron and Morris (1977), Stein's paradox in statistics.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> b = np.random.default_rng(1).normal(0, 0.5, (1, 50, 59, 1))
    >>> draws = {"beta": np.ones((1, 50, 2)), "sd_subject": np.full((1, 50, 1), 0.6), "b_subject": b}
    >>> gb.plot_shrinkage(gb.Fit.from_draws(model, draws), "subject").alt[:38]
    'Lines from no pooling to partial pooli'
    """
    check_fit(fit)
    check_texts(factor=factor, effect=effect)
    levels = _levels(fit, factor, effect, read_interval())
    no_pooling = levels.no_pooling
    if np.isnan(no_pooling).all():
        message = f"no level of '{levels.factor}' has an estimate of '{levels.effect}' of its own."
        hint = "gb.plot_random_effects(fit) shows the levels without it."
        raise PredictionError(Finding("no_pooling", message, hint=hint))
    headline = (
        f"{levels.effect} of {len(no_pooling)} levels of {levels.factor}, subject-specific, scale of the "
        "linear predictor: own estimate, posterior mean, population"
    )
    thick = "Thick lines: little shrinkage."
    if len(no_pooling) > _LINES_SHOWN:
        thick += f" {_LINES_SHOWN} levels are drawn, evenly spread over the order."
    if np.isinf(no_pooling).any():
        thick += " Arrows and dashed lines: own estimates that are infinite."
    with style():
        picture = new_picture(7.2, 4.6)
        _pull(picture.add_subplot(), levels)
        head(picture, headline)
        note(picture, f"{_reading(levels)} {thick}")
    describe(picture, _shrinkage_alt(levels, headline), fit.caveats)
    return picture


def _pull(axes: Axes, levels: _Levels) -> None:
    """Draw a line for each level; three columns: no pooling, partial pooling, population."""
    stroke, other = STROKES[0], STROKES[1]
    shown = levels.table.iloc[_spread_out(len(levels.table), _LINES_SHOWN)]
    no_pooling, mean = shown["no_pooling"].to_numpy(np.float64), shown["mean"].to_numpy(np.float64)
    low, high = _ends(levels)
    width = 0.5 + 1.5 * (1 - shown["shrinkage"].to_numpy(np.float64))
    for start, end, size in zip(no_pooling, mean, width, strict=True):
        if np.isfinite(start):
            axes.plot([0, 1], [start, end], color=stroke.color, linewidth=size, alpha=0.55)
        elif not np.isnan(start):
            place = high if start > 0 else low
            axes.plot(
                [0, 1], [place, end], color=other.color, linewidth=size, linestyle=(0, (4, 3)), alpha=0.7
            )
        axes.plot([1, 2], [end, 0], color=GREY, linewidth=0.4, alpha=0.5)
    finite = no_pooling[np.isfinite(no_pooling)]
    axes.plot(np.zeros(len(finite)), finite, "s", color=stroke.color, markerfacecolor="white", markersize=4)
    axes.plot(np.ones(len(mean)), mean, "o", color=stroke.color, markersize=4)
    axes.plot([2, 2], [-levels.sd, levels.sd], color=DARK, linewidth=5, alpha=0.35, solid_capstyle="butt")
    axes.plot([2], [0], "D", color=DARK, markersize=5)
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    _arrows(axes, levels.no_pooling, low, high)
    _names(axes, no_pooling, shown["level"], _APART * (high - low))
    axes.set_xlim(-0.5, 2.35)
    axes.set_xticks(
        [0, 1, 2],
        ["no pooling\n(own rows only)", "partial pooling\n(this model)", "population\n(0, sd of levels)"],
    )
    axes.set_ylabel(literal(f"random effect: {levels.effect}"))


def _ends(levels: _Levels) -> tuple[float, float]:
    """Return where infinite estimates are drawn: just outside all that is finite."""
    no_pooling = levels.no_pooling
    inside = np.concatenate(
        [no_pooling[np.isfinite(no_pooling)], levels.table["mean"], [-levels.sd, levels.sd]]
    )
    margin = 0.12 * (float(np.ptp(inside)) or 1.0)
    return float(inside.min()) - margin, float(inside.max()) + margin


def _arrows(axes: Axes, no_pooling: Array, low: float, high: float) -> None:
    """Mark where infinite estimates stand, and how many they are."""
    for sign, place, marker in ((-1, low, "v"), (1, high, "^")):
        number = int((no_pooling == sign * np.inf).sum())
        if number:
            axes.plot([0], [place], marker, color=STROKES[1].color, markersize=9)
            text = f"{number} at {'−' if sign < 0 else ''}∞"
            axes.text(-0.06, place, text, fontsize=7.5, color=DARK, ha="right", va="center")


def _names(axes: Axes, no_pooling: Array, labels: pd.Series, apart: float) -> None:
    """Name the levels whose own estimates stand at the ends, as far as names do not overprint."""
    order = np.argsort(np.where(np.isfinite(no_pooling), no_pooling, np.nan))[
        : int(np.isfinite(no_pooling).sum())
    ]
    taken: list[float] = []
    for position in dict.fromkeys([*order[::-1][:_NAMED].tolist(), *order[:_NAMED].tolist()]):
        place = float(no_pooling[position])
        if all(abs(place - other) > apart for other in taken):
            taken.append(place)
            name = literal(labels.iloc[position], 14)
            axes.text(-0.05, place, name, fontsize=7.5, color=DARK, ha="right", va="center")


def _shrinkage_alt(levels: _Levels, headline: str) -> str:
    no_pooling, mean = levels.no_pooling, levels.table["mean"].to_numpy(np.float64)
    names = levels.table["level"]
    sentences = [f"Lines from no pooling to partial pooling to the population: {headline}."]
    finite = np.flatnonzero(np.isfinite(no_pooling))
    if len(finite):
        ends = finite[[int(np.argmin(no_pooling[finite])), int(np.argmax(no_pooling[finite]))]]
        moves = [f"{names.iloc[at]} from {compact(no_pooling[at])} to {compact(mean[at])}" for at in ends]
        sentences.append(f"Lowest and highest finite estimates of their own: {', '.join(moves)}.")
        sentences.append(
            f"Own estimates have sd {compact(no_pooling[finite].std())}, posterior means "
            f"{compact(mean.std())}, the levels' distribution {compact(levels.sd)} (posterior mean)."
        )
    sentences.append(_reading(levels))
    if np.isfinite(levels.pooling):
        sentences.append(f"Pooling factor lambda {levels.pooling:.2f}.")
    return " ".join(sentences)
