"""``predictions`` and ``comparisons``: a Fit and a question in, Effects out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, Findings, PredictionError
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.design.design import Design, replay_design
from glmm_bayes.effects.averaging import Averages, averages, free_names, grid_frame
from glmm_bayes.effects.estimand import Estimand, read_estimand
from glmm_bayes.effects.expectation import Expectation, expected
from glmm_bayes.effects.grids import Point, contrasts, with_value
from glmm_bayes.effects.group_law import GroupLaw
from glmm_bayes.effects.measures import MEASURES, OF_PROBABILITIES
from glmm_bayes.effects.new_groups import seed_of
from glmm_bayes.effects.new_subject import expected_of_new, law_of_new
from glmm_bayes.effects.result import Effects
from glmm_bayes.effects.variance import factors_needed
from glmm_bayes.infer.fit import Fit

Array = NDArray[np.float64]

_EXACT = "exact distribution over draws and new groups"


def predictions(
    fit: Fit,
    newdata: Any = None,
    estimand: str | Mapping[str, str] = "population",
    scale: str = "response",
    by: str | Sequence[str] | bool | None = None,
    seed: int | None = None,
) -> Effects:
    """Compute expected responses: for each row, or averaged over rows within each draw.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping of columns, optional
        Rows to predict, in any container that a model takes; default: the training rows. Needs the
        predictors' and offset's columns, and the grouping columns only where the estimand is
        ``subject``.
    estimand : {"population", "typical", "subject", "new_subject"} or mapping of grouping factor to word
        ``population`` integrates the random effects over their distribution within each draw;
        ``typical`` sets them to zero; ``subject`` takes each row's own group; ``new_subject`` draws the
        effects of one new group for each label in the rows (of a single one, if the rows lack the
        grouping column), also for labels that the training rows had.
    scale : {"response", "link"}
        The response scale is the mean of one trial, with exposure as in the rows.
    by : str, sequence of str or True, optional
        Columns within whose combinations rows are averaged, each row with the same weight; True
        averages over all rows.
    seed : int, optional
        Of new groups; default: the fit's own, else 0. A label's effects depend on the seed, the factor
        and the label only.

    Returns
    -------
    Effects
        For rows of new groups, the summary's mean and interval are those of the exact distribution over
        draws and groups where there is one (``attrs["interval_from"]`` says so); ``draws`` hold one drawn
        group for each label and draw.

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
    start = seed_of(fit, seed)
    design, notes = _rows(fit, newdata, word)
    groups = averages(design, by, newdata)
    result = _expected(fit, design, word, start, scale, None if groups is None else groups.weights)
    law = None
    if word.new and groups is None and (exact := law_of_new(fit, design, word, scale)):
        law, means = exact
        result = replace(result, rule=means.rule, error=means.error)
    grid, renamed = free_names(grid_frame(design) if groups is None else groups.grid)
    quantity = (
        fit.response.mean_label if scale == "response" else f"{fit.link.name} of {fit.response.mean_label}"
    )
    attrs = _attrs(word, result, quantity, scale, start) | {"average": _average_words(groups, newdata)}
    return _effects(fit, result.values, grid, attrs, notes + renamed, law)


def comparisons(
    fit: Fit,
    variable: str,
    measure: str = "difference",
    estimand: str | Mapping[str, str] = "population",
    by: str | Sequence[str] | bool | None = None,
    newdata: Any = None,
    values: Sequence[Any] | None = None,
    seed: int | None = None,
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
    estimand, newdata, seed
        As in ``predictions``; a new group has the same effects at each value of the variable.
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
    start = seed_of(fit, seed)
    base, notes = _rows(fit, newdata, word)
    pairs = contrasts(fit.design, variable, values)
    groups = averages(base, True if by is None or by is False else by, newdata, variable)
    assert groups is not None
    means = _means(fit, base, variable, pairs, word, groups, start)
    columns = [chosen.compare(means[high].values, means[low].values) for high, low in pairs]
    grid, renamed = free_names(groups.grid)
    grids = [_contrast_grid(variable, high, low, grid) for high, low in pairs]
    quantity = f"{chosen.label} in {fit.response.mean_label}, {variable}"
    worst = max(means.values(), key=lambda mean: mean.error)
    attrs = _attrs(word, worst, quantity, "response", start) | {
        "measure": measure,
        "null": chosen.null,
        "average": _average_words(groups, newdata),
    }
    return _effects(
        fit, np.concatenate(columns, axis=1), pd.concat(grids, ignore_index=True), attrs, notes + renamed
    )


def _means(
    fit: Fit,
    base: Design,
    variable: str,
    pairs: Sequence[tuple[Point, Point]],
    estimand: Estimand,
    groups: Averages,
    seed: int,
) -> dict[Point, Expectation]:
    """Average the expected responses of the rows with the variable set to each point."""
    means = {}
    findings = Findings(PredictionError)
    for point in dict.fromkeys(point for pair in pairs for point in pair):
        table = with_value(base, variable, point)
        design = replay_design(fit.design, table, factors_needed(fit, estimand), findings=findings)
        means[point] = _expected(fit, design, estimand, seed, "response", groups.weights)
    # Values beyond the range of a spline: once, however many points and terms there are.
    beyond = {finding.column: finding for finding in findings.found if finding.severity == "warning"}
    Findings(PredictionError, list(beyond.values())).warn(stacklevel=4)
    return means


def _contrast_grid(variable: str, high: Point, low: Point, grid: pd.DataFrame) -> pd.DataFrame:
    size = len(grid)
    labels = {"variable": [variable] * size, "contrast": [f"{high.label} vs {low.label}"] * size}
    return pd.concat([pd.DataFrame(labels), grid], axis=1)


def _check_scale(scale: str) -> None:
    if scale not in ("response", "link"):
        message = f"no scale '{scale}'."
        raise PredictionError(Finding("scale", message, hint="Scales: response, link."))


def _rows(fit: Fit, newdata: Any, estimand: Estimand) -> tuple[Design, list[str]]:
    """Return the rows' design, and what there is to note about them."""
    if newdata is None:
        return fit.design, []
    findings = Findings(PredictionError)
    design = replay_design(fit.design, newdata, factors_needed(fit, estimand), estimand.new, findings)
    return design, [finding.message for finding in findings.found if finding.severity == "note"]


def _expected(
    fit: Fit, design: Design, estimand: Estimand, seed: int, scale: str, weights: Array | None
) -> Expectation:
    if estimand.new:
        return expected_of_new(fit, design, estimand, seed, scale, weights)
    return expected(fit, design, estimand, scale, weights)


def _average_words(groups: Averages | None, newdata: Any) -> str:
    if groups is None:
        return ""
    rows = "the rows of the data" if newdata is None else "the rows of newdata"
    within = f" within {', '.join(groups.by)}" if groups.by else ""
    return f"averaged over {rows}{within}, equally weighted"


def _attrs(estimand: Estimand, result: Expectation, quantity: str, scale: str, seed: int) -> dict[str, Any]:
    attrs = {
        "quantity": quantity,
        "estimand": estimand.word,
        "estimand_description": estimand.description,
        "scale": scale,
        "integration": result.rule,
        "integration_error": result.error,
    }
    return attrs | ({"seed": seed} if estimand.new else {})


def _effects(
    fit: Fit,
    values: Array,
    grid: pd.DataFrame,
    attrs: dict[str, Any],
    notes: list[str],
    law: GroupLaw | None = None,
) -> Effects:
    attrs |= {"interval_from": "draws" if law is None else _EXACT, "notes": notes}
    chains, draws = fit.shape
    array = xr.DataArray(
        values.reshape(chains, draws, -1),
        dims=("chain", "draw", "row"),
        coords={"chain": np.arange(chains), "draw": np.arange(draws), "row": np.arange(values.shape[1])},
        attrs=attrs,
    )
    return Effects(array, grid.reset_index(drop=True), attrs, law)
