"""A Fit and replicated responses in, figures out that compare the observed with the replicated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import training_rows
from glmm_bayes.effects.estimand.undefined import unless_undefined
from glmm_bayes.effects.expectation.expectation import expected
from glmm_bayes.fit.fit import Fit
from glmm_bayes.plots.canvas import (
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

_MOST_BARS = 40
_BINS = 10
ESTIMAND = "replicated from the posterior, each group with its own random effects"


@dataclass(frozen=True)
class ReplicatedBand:
    """Observed numbers of some cells and the ends of the replicated band in each."""

    observed: Array
    middle: Array
    lower: Array
    upper: Array
    told: NDArray[np.bool_]
    interval: Interval

    @property
    def label(self) -> str:
        """Name of the band in the legend: the median, and the interval with its probability."""
        return f"replicated: median and {self.interval.percent}% band"

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which observed values lie in the band (rounding aside), of the cells that tell something."""
        slack = 1e-9 * (1 + np.abs(self.observed))
        within = (self.observed >= self.lower - slack) & (self.observed <= self.upper + slack)
        return np.asarray(within[self.told])


def replicated_band(observed: Array, replicated: Array, interval: Interval) -> ReplicatedBand:
    """Summarise replicated numbers, shape (replicate, cell), by their median and their interval."""
    (lower, upper), middle = interval.ends(replicated), np.quantile(replicated, 0.5, axis=0)
    # ReplicatedBand that are empty in data and replicates alike say nothing.
    told = (observed != 0) | (upper != 0)
    return ReplicatedBand(observed, middle, lower, upper, told, interval)


def verdict(bands_by_name: dict[str, ReplicatedBand]) -> str:
    """Say how many observed values lie in their replicated bands."""
    counts = [
        f"{int(cells.inside.sum())} of {len(cells.inside)} {what}" for what, cells in bands_by_name.items()
    ]
    inside = np.concatenate([cells.inside for cells in bands_by_name.values()])
    interval = next(iter(bands_by_name.values())).interval
    # Three quarters in a band of 89%, and as large a share of what another band should hold.
    reading = (
        "the model replicates this side of the data"
        if inside.mean() * 0.89 >= 0.75 * interval.probability
        else "the model misses something here"
    )
    where = f"in the replicated {interval.percent}% band in {' and '.join(counts)}"
    return f"Observed values lie {where}: {reading}."


def rootogram_check(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    """Draw how often each count occurs (square roots) with the band of the replicated frequencies."""
    observed = fit.response.values
    edges, width = _count_edges(observed)
    frequencies = np.histogram(observed, edges)[0].astype(np.float64)
    others = np.stack([np.histogram(row, edges)[0] for row in replicated]).astype(np.float64)
    cells = replicated_band(frequencies, others, interval)
    reading = verdict({"counts" if width == 1 else f"bins of {width} counts": cells})
    centres: Array = np.arange(len(frequencies), dtype=np.float64) * width + (width - 1) / 2
    last = f"last bar: {edges[-2]:.0f} and more"
    with style():
        picture = new_picture(7.2, 3.8)
        axes = picture.add_subplot()
        bars = axes.bar(
            centres, np.sqrt(frequencies), 0.8 * width, color="#d5d5d5", edgecolor=GREY, linewidth=0.6
        )
        bands(axes, centres, cells, root=True)
        point = axes.plot(centres, np.sqrt(cells.middle), "o", color=STROKES[0].color, markersize=4)[0]
        legend(axes, [bars, point], ["observed", cells.label])
        axes.set_xlabel(f"{literal(fit.response.label)} ({last})")
        axes.set_ylabel("square root of the number of rows")
        write(picture, reading, interval)
    alt = (
        f"Rootogram of {fit.response.label}, counts from 0 to {observed.max():.0f} ({last}): bars for the "
        f"observed number of rows, points and bands for {len(replicated)} replicated data sets. First bar: "
        f"{cell_words(cells, 0)} rows. {reading} Estimand: responses {ESTIMAND}; "
        f"band: {interval.name}."
    )
    describe(picture, alt, fit.caveats)
    return picture


def _count_edges(observed: Array) -> tuple[Array, int]:
    """Return the edges of the bars, the last of them open, and the bars' width."""
    usual = float(np.quantile(observed, 0.97))
    width = max(1, int(np.ceil((usual + 1) / _MOST_BARS)))
    edges = np.arange(0, usual + width + 1, width, dtype=np.float64)
    # Replicates may go beyond the data: the last bar is always open.
    return np.append(edges, np.inf), width


def proportions_check(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    """Draw the groups' proportions of successes, and observed against predicted proportions."""
    bands_by_name: dict[str, ReplicatedBand] = {}
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    group = max(fit.design.groups, key=lambda group: len(group.levels), default=None)
    if group is not None:
        shares = _shares(fit.response.values[None], fit.response.trials, group.codes, len(group.levels))
        others = _shares(replicated, fit.response.trials, group.codes, len(group.levels))
        frequencies = np.histogram(shares[0], edges)[0].astype(np.float64)
        counts = np.stack([np.histogram(row, edges)[0] for row in others]).astype(np.float64)
        bands_by_name["bars of the group proportions"] = replicated_band(frequencies, counts, interval)
    predicted, bins, of_whom = _calibration_bins(fit)
    size = int(bins.max()) + 1
    calibration = f"bins of {of_whom}"
    seen = _shares(fit.response.values[None], fit.response.trials, bins, size)[0]
    bands_by_name[calibration] = replicated_band(
        seen, _shares(replicated, fit.response.trials, bins, size), interval
    )
    reading = verdict(bands_by_name)
    with style():
        picture = new_picture(7.2, 3.8 if group is not None else 4.2)
        panels = picture.subplots(1, len(bands_by_name), squeeze=False)[0]
        if group is not None:
            _draw_shares(panels[0], edges, bands_by_name["bars of the group proportions"], group.factor)
        _draw_calibration(panels[-1], predicted, bands_by_name[calibration], of_whom)
        write(picture, reading, interval)
    describe(
        picture,
        _proportions_alt(
            fit, bands_by_name, predicted, None if group is None else group.factor, reading, of_whom
        ),
        fit.caveats,
    )
    return picture


def _shares(values: Array, trials: Array, codes: NDArray[np.int64], size: int) -> Array:
    """Return the proportion of successes in each cell, shape (replicate, cell); NaN without trials."""
    n = np.bincount(codes, weights=trials, minlength=size)
    k = np.stack([np.bincount(codes, weights=row, minlength=size) for row in values])
    # A level whose rows hold no trial has no proportion; the histogram leaves it out.
    return np.asarray(np.divide(k, n, out=np.full_like(k, np.nan), where=n > 0))


def _calibration_bins(fit: Fit) -> tuple[Array, NDArray[np.int64], str]:
    """Cut the rows at deciles of the population-averaged probability, or of the typical group's without one.

    Returns the bins' means, the rows' bins, and what the probability is.

    Bins may depend on the covariates only: binned by a prediction that has seen the row's own group, the
    observed proportions would be more extreme than the predicted ones under every model, the right one too.
    """
    population, undefined = unless_undefined(lambda: _probabilities(fit, "population"))
    mu = _probabilities(fit, "typical") if population is None else population
    weight = fit.response.trials
    cuts = np.unique(np.quantile(mu, np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(cuts, mu)
    kept = np.flatnonzero(np.bincount(bins, weight) > 0)
    # Bins without trials have no proportion; their rows weigh nothing wherever they are put.
    bins = np.minimum(np.searchsorted(kept, bins), len(kept) - 1)
    of_whom = "probability of the typical group" if undefined else "population-averaged probability"
    return np.bincount(bins, mu * weight) / np.bincount(bins, weight), bins, of_whom


def _probabilities(fit: Fit, word: str) -> Array:
    """Return the posterior mean of each row's probability under an estimand."""
    return expected(Question(fit, read_estimand(word, fit)), training_rows(fit)).values.mean(axis=0)


def _draw_shares(axes: Axes, edges: Array, cells: ReplicatedBand, factor: str) -> None:
    centres, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    bars = axes.bar(centres, cells.observed, 0.85 * width, color="#d5d5d5", edgecolor=GREY, linewidth=0.6)
    bands(axes, centres, cells)
    point = axes.plot(centres, cells.middle, "o", color=STROKES[0].color, markersize=4)[0]
    legend(axes, [bars, point], ["observed", cells.label])
    axes.set_ylim(top=1.3 * max(float(cells.observed.max()), float(cells.upper.max())))
    axes.set_xlabel(f"proportion of successes of a level of {literal(factor)}")
    axes.set_ylabel("number of levels")


def _draw_calibration(axes: Axes, predicted: Array, cells: ReplicatedBand, of_whom: str) -> None:
    top = 1.15 * max(float(predicted.max()), float(cells.observed.max()), float(cells.upper.max()))
    axes.plot([0, top], [0, top], color=GREY, linewidth=0.8, linestyle=":")
    bands(axes, predicted, cells)
    middle = axes.plot(predicted, cells.middle, "o", color=STROKES[0].color, markersize=4)[0]
    seen = axes.plot(
        predicted, cells.observed, "s", markersize=6, markerfacecolor="none", color=STROKES[1].color
    )[0]
    legend(axes, [seen, middle], ["observed", cells.label], loc="upper left")
    axes.set_xlabel(f"{of_whom}, binned rows")
    axes.set_ylabel("proportion of successes")


def bands(axes: Axes, x: Array, cells: ReplicatedBand, root: bool = False) -> None:
    """Draw the replicated bands of some cells."""
    lower, upper = (np.sqrt(cells.lower), np.sqrt(cells.upper)) if root else (cells.lower, cells.upper)
    axes.vlines(x, lower, upper, color=STROKES[0].color, linewidth=2.0)


def write(picture: Picture, reading: str, interval: Interval) -> None:
    """Write the reading above a picture, and what was replicated and what its band is below it."""
    picture.verdict = reading
    head(picture, reading)
    note(picture, f"Responses {ESTIMAND}. Band: {interval.name}.")


def _proportions_alt(
    fit: Fit,
    bands_by_name: dict[str, ReplicatedBand],
    predicted: Array,
    factor: str | None,
    reading: str,
    of_whom: str,
) -> str:
    sentences = []
    band = next(iter(bands_by_name.values())).interval
    if factor is not None:
        cells = bands_by_name["bars of the group proportions"]
        low, high = (cell_words(cells, index) for index in (0, -1))
        sentences.append(
            f"Left: histogram of the proportion of successes ({fit.response.mean_label}) of the levels of "
            f"{factor}; levels below 0.1: {low}; levels above 0.9: {high}. Right:"
        )
    sentences.append(
        f"observed against replicated proportions in {len(predicted)} bins of rows by {of_whom}, from "
        f"{compact(predicted[0])} to {compact(predicted[-1])}."
    )
    sentences.append(f"{reading} Estimand: responses {ESTIMAND}; band: {band.name}.")
    return " ".join(sentences)


def cell_words(cells: ReplicatedBand, index: int) -> str:
    """Write what was observed in a cell, and the ends of the replicated band."""
    lower, upper = cells.lower[index], cells.upper[index]
    return f"{cells.observed[index]:.0f} observed, {lower:.0f} to {upper:.0f} replicated"
