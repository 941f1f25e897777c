"""``predictions`` and ``comparisons``: a Fit and a question in, Effects out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.design.design import Design, replay_design
from glmm_bayes.effects.estimand import Estimand, read_estimand
from glmm_bayes.effects.expectation import Expectation, expected
from glmm_bayes.effects.grids import Averages, Point, averages, contrasts, grid_frame, with_value
from glmm_bayes.effects.measures import MEASURES, OF_PROBABILITIES
from glmm_bayes.effects.result import Effects
from glmm_bayes.effects.variance import factors_needed
from glmm_bayes.infer.fit import Fit

Array = NDArray[np.float64]


def predictions(
    fit: Fit,
    newdata: Any = None,
    estimand: str | Mapping[str, str] = "population",
    scale: str = "response",
    by: str | Sequence[str] | bool | None = None,
) -> Effects:
    """Compute expected responses: for each row, or averaged over rows within each draw.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping of columns, optional
        Rows to predict; default: the training rows. Needs the predictors' and offset's columns, and
        the grouping columns only where the estimand is ``subject``.
    estimand : {"population", "typical", "subject"} or mapping of grouping factor to one of them
        ``population`` integrates the random effects over their distribution within each draw;
        ``typical`` sets them to zero; ``subject`` takes each row's own group.
    scale : {"response", "link"}
        The response scale is the mean of one trial, with exposure as in the rows.
    by : str, sequence of str or True, optional
        Columns within whose combinations rows are averaged, each row with the same weight; True
        averages over all rows.

    Returns
    -------
    Effects

    Raises
    ------
    PredictionError
        If the new rows do not fit the model, or a word is unknown.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> draws = {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]}
    >>> fit = gb.Fit.from_draws(model, draws)
    >>> float(gb.predictions(fit, {"Days": [2.0]}).summary()["mean"][0])
    270.0
    """
    word = read_estimand(estimand, fit.design)
    _check_scale(scale)
    design = _rows(fit, newdata, word)
    groups = averages(design, by, newdata)
    result = expected(fit, design, word, scale, None if groups is None else groups.weights)
    grid = grid_frame(design) if groups is None else groups.grid
    quantity = (
        fit.response.mean_label if scale == "response" else f"{fit.link.name} of {fit.response.mean_label}"
    )
    attrs = _attrs(word, result, quantity, scale) | {"average": _average_words(groups, newdata)}
    return _effects(fit, result.values, grid, attrs)


def comparisons(
    fit: Fit,
    variable: str,
    measure: str = "difference",
    estimand: str | Mapping[str, str] = "population",
    by: str | Sequence[str] | bool | None = None,
    newdata: Any = None,
    values: Sequence[Any] | None = None,
) -> Effects:
    """Compare expected responses at different values of one variable, all else as observed.

    The variable is set to each value in every row; expected responses are averaged over rows and
    compared within each draw (standardisation, g-computation).

    Parameters
    ----------
    fit : Fit
    variable : str
        A column of the data.
    measure : str
        ``difference``, ``ratio``, ``log_ratio``, ``odds_ratio``, ``log_odds_ratio`` (of the averages)
        or ``lift``.
    estimand, newdata
        As in ``predictions``.
    by : str, sequence of str or True, optional
        Columns within whose combinations the comparison is made; default: over all rows.
    values : sequence, optional
        Values to compare: the first is the reference. Default: all levels against the first; 1
        against 0 for a 0/1 column; for other numbers each row's own value plus 1 against itself.

    Returns
    -------
    Effects

    Raises
    ------
    PredictionError
        If the variable or a value is unknown, or the measure does not fit the response.

    References
    ----------
    Greenland, Robins and Pearl (1999), Confounding and collapsibility in causal inference.
    """
    word = read_estimand(estimand, fit.design)
    chosen = MEASURES[measure]
    if measure in OF_PROBABILITIES and not isinstance(fit.link, ProbabilityLink):
        message = f"measure='{measure}' needs a mean between 0 and 1; {fit.family.name} has none."
        raise PredictionError(Finding("measure", message, hint="Write difference or ratio."))
    base = _rows(fit, newdata, word)
    pairs = contrasts(fit.design, variable, values)
    groups = averages(base, True if by is None else by, newdata)
    assert groups is not None
    means = _means(fit, base, variable, pairs, word, groups)
    columns = [chosen.compare(means[high].values, means[low].values) for high, low in pairs]
    grids = [_contrast_grid(variable, high, low, groups) for high, low in pairs]
    quantity = f"{chosen.label} in {fit.response.mean_label}, {variable}"
    worst = max(means.values(), key=lambda mean: mean.error)
    attrs = _attrs(word, worst, quantity, "response") | {
        "measure": measure,
        "null": chosen.null,
        "average": _average_words(groups, newdata),
    }
    return _effects(fit, np.concatenate(columns, axis=1), pd.concat(grids, ignore_index=True), attrs)


def _means(
    fit: Fit,
    base: Design,
    variable: str,
    pairs: Sequence[tuple[Point, Point]],
    estimand: Estimand,
    groups: Averages,
) -> dict[Point, Expectation]:
    """Average the expected responses of the rows with the variable set to each point."""
    means = {}
    for point in dict.fromkeys(point for pair in pairs for point in pair):
        table = with_value(base, variable, point)
        design = replay_design(fit.design, table, factors_needed(fit, estimand))
        means[point] = expected(fit, design, estimand, "response", groups.weights)
    return means


def _contrast_grid(variable: str, high: Point, low: Point, groups: Averages) -> pd.DataFrame:
    size = len(groups.grid)
    labels = {"variable": [variable] * size, "contrast": [f"{high.label} vs {low.label}"] * size}
    return pd.concat([pd.DataFrame(labels), groups.grid], axis=1)


def _check_scale(scale: str) -> None:
    if scale not in ("response", "link"):
        message = f"no scale '{scale}'."
        raise PredictionError(Finding("scale", message, hint="Scales: response, link."))


def _rows(fit: Fit, newdata: Any, estimand: Estimand) -> Design:
    return (
        fit.design if newdata is None else replay_design(fit.design, newdata, factors_needed(fit, estimand))
    )


def _average_words(groups: Averages | None, newdata: Any) -> str:
    if groups is None:
        return ""
    rows = "the rows of the data" if newdata is None else "the rows of newdata"
    within = f" within {', '.join(groups.by)}" if groups.by else ""
    return f"averaged over {rows}{within}, equally weighted"


def _attrs(estimand: Estimand, result: Expectation, quantity: str, scale: str) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "estimand": estimand.word,
        "estimand_description": estimand.description,
        "scale": scale,
        "integration": result.rule,
        "integration_error": result.error,
    }


def _effects(fit: Fit, values: Array, grid: pd.DataFrame, attrs: dict[str, Any]) -> Effects:
    chains, draws = fit.shape
    array = xr.DataArray(
        values.reshape(chains, draws, -1),
        dims=("chain", "draw", "row"),
        coords={"chain": np.arange(chains), "draw": np.arange(draws), "row": np.arange(values.shape[1])},
        attrs=attrs,
    )
    return Effects(array, grid.reset_index(drop=True), attrs)
