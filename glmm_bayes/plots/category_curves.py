"""A Fit of a response with categories in; the picture of the probability of each category, out."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.fit import Fit
from glmm_bayes.plots.canvas import (
    STROKES,
    Picture,
    band,
    describe,
    head,
    legend,
    literal,
    new_picture,
    note,
    style,
)
from glmm_bayes.plots.scenario import Panel, Scenario, expected_on, plan

_WORDS = ("population", "typical")


def category_curves(fit: Fit, variable: str | None, interval: Interval) -> Picture:
    """Draw the probability of each category along a predictor, for the population and the typical group.

    Parameters
    ----------
    fit : Fit
        Of an ordinal, categorical or multinomial response.
    variable : str, optional
        As in ``plot_curves``.
    interval : Interval

    Returns
    -------
    Picture
        One row of panels for each estimand, one column for each level of the main categorical predictor; an
        estimand that cannot be answered (t effects are not integrated) is left out, and said to be.
        Line style and marker tell the categories apart as colour does. Returned, not shown.
    """
    scenario = plan(fit, variable)
    drawn, left_out = _answered(fit, scenario, interval)
    with style():
        picture = new_picture(7.2, 0.4 + 2.6 * len(drawn))
        grid = picture.subplots(len(drawn), len(scenario.panels), squeeze=False, sharex=True, sharey=True)
        handles: list[Any] = []
        for row, word in zip(grid, drawn, strict=True):
            for axes, panel, values in zip(row, scenario.panels, drawn[word], strict=True):
                handles = _draw(axes, scenario, values)
                title = f"{word}, {panel.title}" if panel.title else word
                axes.set_title(literal(title), fontsize=9)
        for axes in grid[-1]:
            axes.set_xlabel(literal(scenario.variable) if scenario.variable else "")
        for axes in grid[:, 0]:
            axes.set_ylabel(literal(fit.response.mean_label))
        grid[0, 0].set_ylim(0, 1)
        legend(grid[0, -1], handles, list(fit.response.categories), loc="upper left", bbox_to_anchor=(1, 1))
        head(picture, " above ".join(ESTIMANDS[word] for word in drawn))
        note(picture, f"{_caption(scenario, interval)}{left_out}")
    describe(picture, f"{_alt(fit, scenario, drawn, interval)}{left_out}", fit.caveats)
    picture.estimands = tuple(drawn)
    return picture


def _answered(fit: Fit, scenario: Scenario, interval: Interval) -> tuple[dict[str, list[Array]], str]:
    """Summarise under each estimand that can be answered; say which is left out, and why."""
    summaries: dict[str, list[Array]] = {}
    left_out = ""
    for word in _WORDS:
        try:
            summaries[word] = [_summaries(fit, panel, word, interval) for panel in scenario.panels]
        except PredictionError as error:
            if error.code != "not_available" or word == _WORDS[-1]:
                raise
            left_out = f" Without {word}: {error.findings[0].message}"
    return summaries, left_out


def _summaries(fit: Fit, panel: Panel, word: str, interval: Interval) -> Array:
    """Return posterior mean and interval of each category, shape (category, 3, point)."""
    draws = expected_on(fit, panel.rows, word)
    return np.moveaxis(np.stack([draws.mean(axis=0), *interval.ends(draws)]), -1, 0)


def _draw(axes: Axes, scenario: Scenario, values: Array) -> list[Any]:
    handles = []
    shifts = np.linspace(-0.15, 0.15, len(values))
    for stroke, (mean, lower, upper), shift in zip(cycle(STROKES), values, shifts, strict=False):
        if scenario.labels:
            axes.vlines(scenario.x + shift, lower, upper, color=stroke.color, linewidth=2.0)
            line = axes.plot(scenario.x + shift, mean, stroke.marker, color=stroke.color, markersize=6)
        else:
            band(axes, scenario.x, lower, upper, stroke)
            every = max(1, len(mean) // 6)
            line = axes.plot(
                scenario.x, mean, color=stroke.color, linestyle=stroke.line, linewidth=2.0,
                marker=stroke.marker, markevery=every, markersize=4.5,
            )  # fmt: skip
        handles.append(line[0])
    if scenario.labels:
        axes.set_xticks(scenario.x, [literal(label, 18) for label in scenario.labels])
        axes.set_xlim(scenario.x[0] - 0.5, scenario.x[-1] + 0.5)
    if scenario.is_date:
        axes.xaxis_date()
        axes.tick_params(axis="x", labelrotation=30)
    return handles


def _caption(scenario: Scenario, interval: Interval) -> str:
    held = f" Held: {scenario.held}." if scenario.held else ""
    return f"Lines: posterior means with {interval.name}s.{held}{scenario.left_out}"


def _alt(fit: Fit, scenario: Scenario, drawn: dict[str, list[Array]], interval: Interval) -> str:
    along = f" along {scenario.variable}" if scenario.variable else ""
    ends = [scenario.place(0), scenario.place(len(scenario.x) - 1)]
    first_word, *others = drawn
    whose = ESTIMANDS[first_word]
    values = drawn[first_word][0][:, 0]
    first = scenario.panels[0].title
    where = f" ({first})" if first else ""
    readings = [
        f"{category} from {values[k, 0]:.2f} to {values[k, -1]:.2f}"
        for k, category in enumerate(fit.response.categories)
    ]
    below = f"; {ESTIMANDS[others[0]]}, below" if others else ""
    return (
        f"Curves of {fit.response.mean_label}{along}, one for each category. "
        f"{whose[0].upper()}{whose[1:]}{where}, "
        f"between {scenario.variable or 'rows'} {ends[0]} and {ends[1]}: {'; '.join(readings)}. Estimands: "
        f"{whose}{', above' if others else ''}{below}. {_caption(scenario, interval)}"
    )
