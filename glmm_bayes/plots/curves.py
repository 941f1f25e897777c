"""A Fit in; the picture of individual curves with the typical and the population curve over them, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.question import angles_as
from glmm_bayes.effects.estimand.variables import held_means
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.plots.canvas import (
    GREY,
    POPULATION,
    TYPICAL,
    Picture,
    Stroke,
    band,
    compact,
    describe,
    head,
    legend,
    literal,
    new_picture,
    note,
    style,
)
from glmm_bayes.plots.category_curves import category_curves
from glmm_bayes.plots.scenario import Scenario, Values, compute, other_factors, plan

_TOGETHER = 1e-8
_NAMES = {"population": "population-averaged", "typical": "typical group (random effects at zero)"}


#: Curves of one panel by estimand: posterior mean and interval, shape (3, point).
PanelSummary = Mapping[str, Array]


def plot_curves(
    fit: Fit,
    variable: str | None = None,
    *,
    probability: float | None = None,
    interval: str | None = None,
) -> Picture:
    """Draw each group's own curve, and over them the curve of the typical group and of the population.

    Parameters
    ----------
    fit : Fit
    variable : str, optional
        A predictor to draw along. Default: the first number with more than two values; without one,
        dots over the levels of the first categorical predictor.
    probability, interval
        As in ``gb.predictions``.

    Returns
    -------
    Picture
        A ``matplotlib.figure.Figure`` with one panel for each level of the main categorical predictor
        (at most four); the caption says at which values all other predictors are held, and why the
        population has no curve where its mean does not exist; ``alt`` where population and typical group
        differ most. Of categories the probability of each, population above
        typical group. Returned, not shown.

    Raises
    ------
    PredictionError
        ``unknown_column`` if the variable is no predictor of the model, ``variable`` if it is no text;
        ``values``, ``interval``.
    DataError
        ``draws_missing`` if the standard deviations of the random effects are not in the fit.

    References
    ----------
    Zeger, Liang and Albert (1988), Models for longitudinal data: a generalized estimating equation
    approach.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> draws = {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]], "b_Subject": np.zeros((1, 1, 18, 1))}
    >>> gb.plot_curves(gb.Fit.from_draws(model, draws)).alt[:40]
    'Curves of mean of Reaction along Days. T'
    """
    check_fit(fit)
    check_texts(variable=variable)
    shown = read_interval(probability, interval)
    if fit.response.categories:
        return category_curves(fit, variable, shown)
    scenario = plan(fit, variable)
    values = [compute(fit, scenario, panel) for panel in scenario.panels]
    summaries: list[PanelSummary] = [
        {word: _three(draws, shown) for word, draws in panel.curves.items()} for panel in values
    ]
    with style():
        picture = new_picture(7.2, 3.9)
        panels = picture.subplots(1, len(values), squeeze=False, sharey=True)[0]
        for axes, part, panel, lines in zip(panels, scenario.panels, values, summaries, strict=True):
            handles, labels = _draw(axes, scenario, panel, lines)
            axes.set_title(literal(part.title) if part.title else "", fontsize=9)
            axes.set_xlabel(literal(scenario.variable) if scenario.variable else "")
        panels[0].set_ylabel(literal(fit.response.mean_label))
        legend(panels[-1], handles, labels)
        head(picture, " beside ".join(ESTIMANDS[word] for word in summaries[0]))
        note(picture, caption(fit, scenario, values, shown))
    describe(picture, _alt(fit, scenario, values, summaries, shown), fit.caveats)
    picture.estimands = tuple(summaries[0])
    return picture


def _three(draws: Array, interval: Interval) -> Array:
    """Return posterior mean and interval, shape (3, point)."""
    return np.stack([draws.mean(axis=0), *interval.ends(draws)])


def _draw(axes: Axes, scenario: Scenario, panel: Values, lines: PanelSummary) -> tuple[list[Any], list[str]]:
    handles: list[Any] = []
    labels: list[str] = []
    if len(panel.groups):
        along = "" if not scenario.labels else "."
        group_lines = axes.plot(
            scenario.x, panel.groups.T, color=GREY, linewidth=0.6, alpha=0.6, marker=along
        )
        handles.append(group_lines[0])
        labels.append(f"a level of {scenario.group.factor}" if scenario.group else "")
    for name, curve in lines.items():
        stroke = TYPICAL if name == "typical" else POPULATION
        handles.append(_curve(axes, scenario, stroke, curve, shift=0.08 if name == "typical" else -0.08))
        labels.append(name)
    if scenario.labels:
        axes.set_xticks(scenario.x, [literal(label, 18) for label in scenario.labels])
        axes.set_xlim(scenario.x[0] - 0.5, scenario.x[-1] + 0.5)
    if scenario.is_date:
        axes.xaxis_date()
        axes.tick_params(axis="x", labelrotation=30)
    return handles, labels


def _curve(axes: Axes, scenario: Scenario, stroke: Stroke, curve: Array, shift: float) -> Any:
    mean, lower, upper = curve
    if not scenario.labels:
        band(axes, scenario.x, lower, upper, stroke)
        return axes.plot(scenario.x, mean, color=stroke.color, linestyle=stroke.line, linewidth=2.2)[0]
    axes.vlines(scenario.x + shift, lower, upper, color=stroke.color, linewidth=2.0)
    return axes.plot(scenario.x + shift, mean, stroke.marker, color=stroke.color, markersize=6)[0]


def caption(fit: Fit, scenario: Scenario, values: list[Values], interval: Interval) -> str:
    """Say what the lines are, which groups are shown, and where the other predictors are held."""
    means = held_means((part.design for part in fit.predictors.values()), [scenario.variable])
    held = f" Held: {scenario.held}." if scenario.held else ""
    held += f" Each curve is drawn{means.removeprefix(',')}." if means else ""
    shown = _shown_words(fit, scenario, sum(len(panel.groups) for panel in values))
    left_out = f" Without population: {values[0].left_out}" if values[0].left_out else ""
    angles = f"; {line}" if (line := angles_as(fit)) else ""
    return f"{shown}Thick: posterior means with {interval.name}s{angles}.{held}{scenario.left_out}{left_out}"


def _shown_words(fit: Fit, scenario: Scenario, count: int) -> str:
    group = scenario.group
    if group is None:
        return ""
    if not count:
        return f"The fit holds no draws of the levels of {group.factor}: no curves of their own. "
    others = other_factors(fit.design, group)
    at_zero = f", with the effects of {', '.join(others)} at zero" if others else ""
    total = len(group.levels)
    which = f"all {total} levels" if count >= total else f"{count} of {total} levels"
    spread = "" if count >= total else ", spread over their range"
    return f"Grey: posterior means of {which} of {group.factor} (subject-specific){spread}{at_zero}. "


def _alt(
    fit: Fit, scenario: Scenario, values: list[Values], summaries: list[PanelSummary], interval: Interval
) -> str:
    along = f" along {scenario.variable}" if scenario.variable else ""
    means = {word: np.stack([lines[word][0] for lines in summaries]) for word in summaries[0]}
    return (
        f"{'Curves' if not scenario.labels else 'Dots'} of {fit.response.mean_label}{along}"
        f"{_panel_words(scenario)}. {_difference(scenario, means)}"
        f"Estimands: {''.join(f'{_NAMES[word]}, ' for word in means).removesuffix(', ')} and "
        f"subject-specific. {caption(fit, scenario, values, interval)}"
    )


def _panel_words(scenario: Scenario) -> str:
    titles = [panel.title for panel in scenario.panels if panel.title]
    return f", one panel for each of {', '.join(titles)}" if titles else ""


def _difference(scenario: Scenario, means: Mapping[str, Array]) -> str:
    if "population" not in means:
        return ""
    population, typical = means["population"], means["typical"]
    gap = np.abs(population - typical)
    scale = float(np.abs(population).max()) or 1.0
    if gap.max() <= _TOGETHER * scale:
        return "The population and the typical curve are the same: the link is the identity. "
    panel, point = np.unravel_index(int(np.argmax(gap)), gap.shape)
    place = scenario.place(int(point))
    where = f"{scenario.variable} {place}" if scenario.variable else "all rows"
    where += f", {scenario.panels[panel].title}" if scenario.panels[panel].title else ""
    return (
        f"Population and typical group differ most at {where}: "
        f"{compact(population[panel, point])} against {compact(typical[panel, point])}. "
    )
