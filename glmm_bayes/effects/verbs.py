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
from glmm_bayes.effects.averaging import Averages, averages, free_names, grid_frame
from glmm_bayes.effects.estimand import read_estimand
from glmm_bayes.effects.expectation import MAX_MEMORY, Expectation, expected
from glmm_bayes.effects.grids import Point, contrasts, with_value
from glmm_bayes.effects.group_law import GroupLaw
from glmm_bayes.effects.measures import MEASURES, OF_PROBABILITIES
from glmm_bayes.effects.new_groups import seed_of
from glmm_bayes.effects.new_subject import expected_of_new, law_of_new
from glmm_bayes.effects.pieces import distinct_rows
from glmm_bayes.effects.question import Question
from glmm_bayes.effects.result import Effects
from glmm_bayes.effects.rows import Rows, new_rows, predictors_of, training_rows, unread_groups
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
    parameter: str | None = None,
    weights: Any = None,
    max_memory: float = MAX_MEMORY,
) -> Effects:
    """Compute expected responses: for each row, or averaged over rows within each draw.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping of columns, optional
        Rows to predict, in any container that a model takes; default: the training rows. Needs the
        predictors' and offset's columns, and the grouping columns only where the estimand is
        ``subject``.
    estimand : {"population", "typical", "subject", "new_subject", "sample"} or mapping of factor to word
        ``population`` integrates the random effects over their distribution within each draw;
        ``typical`` sets them to zero; ``subject`` takes each row's own group; ``sample`` puts every
        combination of levels in the data at each row and averages over them; ``new_subject`` draws the
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
    parameter : str, optional
        A parameter with a formula of its own (``sigma``, ``zi``, ...), or ``mu``: it is predicted in
        the place of the mean of the response.
    weights : str, array or BayesianBootstrap, optional
        Of rows in the averages that ``by`` asks for: a column, or one number a row, or
        ``gb.BayesianBootstrap()``; default: equal.
    max_memory : float
        Bytes that the work and the answer may take.

    Returns
    -------
    Effects
        For rows of new groups, the summary's mean and interval are those of the exact distribution over
        draws and groups where there is one (``attrs["interval_from"]`` says so); ``draws`` hold one drawn
        group for each label and draw. Of an ordinal or categorical response the probability of each
        category, in a row of its own.

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
    question = Question(fit, read_estimand(estimand, fit), _checked_scale(scale), parameter)
    start = seed_of(fit, seed)
    rows, notes = _rows(question, newdata)
    groups = averages(rows, by, newdata, weights)
    result = _expected(question, rows, start, groups, max_memory)
    law = None
    if question.estimand.new and groups is None and (exact := law_of_new(question, rows)):
        law, means = exact
        result = replace(result, rule=means.rule, error=means.error)
    grid, renamed = free_names(grid_frame(rows) if groups is None else groups.grid)
    attrs = _attrs(question, result, _quantity(question), start)
    attrs |= {"average": "" if groups is None else groups.words}
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
    parameter: str | None = None,
    weights: Any = None,
    max_memory: float = MAX_MEMORY,
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
    estimand, newdata, seed, parameter, weights, max_memory
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
    question = Question(fit, read_estimand(estimand, fit), "response", parameter)
    chosen = MEASURES[measure]
    if measure in OF_PROBABILITIES and not _is_probability(question):
        message = f"measure='{measure}' needs a mean between 0 and 1; {fit.family.name} has none."
        raise PredictionError(Finding("measure", message, hint="Write difference or ratio."))
    start = seed_of(fit, seed)
    base, notes = _rows(question, newdata)
    designs = [predictor.design for predictor in predictors_of(fit, parameter).values()]
    pairs = contrasts(designs, variable, values)
    groups = averages(base, True if by is None or by is False else by, newdata, weights, (variable,))
    assert groups is not None
    means = _means(question, base, variable, pairs, groups, start, max_memory)
    columns = [chosen.compare(means[high].values, means[low].values) for high, low in pairs]
    grid, renamed = free_names(groups.grid)
    grids = [_contrast_grid(variable, high, low, grid) for high, low in pairs]
    worst = max(means.values(), key=lambda mean: mean.error)
    attrs = _attrs(question, worst, f"{chosen.label} in {_quantity(question)}, {variable}", start) | {
        "measure": measure,
        "null": chosen.null,
        "average": groups.words,
    }
    return _effects(
        fit, np.concatenate(columns, axis=1), pd.concat(grids, ignore_index=True), attrs, notes + renamed
    )


def _is_probability(question: Question) -> bool:
    """Tell whether what is compared lies between 0 and 1: a probability, or a share."""
    if question.parameter is not None:
        return isinstance(question.link, ProbabilityLink)
    return isinstance(question.fit.link, ProbabilityLink) or bool(question.fit.response.categories)


def _quantity(question: Question) -> str:
    """Name what is predicted."""
    fit, parameter = question.fit, question.parameter
    name = fit.response.mean_label
    if parameter is not None:
        kind = fit.family.kinds.get(parameter)
        name = f"{parameter} of {fit.response.label}" + (f" ({kind.meaning})" if kind else "")
    additions = fit.response.additions
    if parameter is None and (additions.lower is not None or additions.upper is not None):
        name += " before truncation"
    if parameter is None and additions.rate is not None:
        name += " for one unit of exposure"
    return name if question.scale == "response" else f"{question.link.name} of {name}"


def _means(
    question: Question,
    base: Rows,
    variable: str,
    pairs: Sequence[tuple[Point, Point]],
    groups: Averages,
    seed: int,
    max_memory: float,
) -> dict[Point, Expectation]:
    """Average the expected responses of the rows with the variable set to each point."""
    means = {}
    # Rows that read alike are built and evaluated once.
    first, kind = distinct_rows(_read_columns(question, base, variable))
    table, reduced = base.table.take(first), groups.of_kinds(kind)
    findings = Findings(PredictionError)
    for point in dict.fromkeys(point for pair in pairs for point in pair):
        changed = with_value(table, variable, point)
        rows = new_rows(question.fit, changed, question.estimand, findings, question.parameter)
        means[point] = _expected(question, rows, seed, reduced, max_memory)
    # Values beyond the range of a spline: once, however many points and terms there are.
    beyond = {finding.column: finding for finding in findings.found if finding.severity == "warning"}
    Findings(PredictionError, list(beyond.values())).warn(stacklevel=4)
    return means


def _read_columns(question: Question, rows: Rows, variable: str) -> Array:
    """Return the columns that an answer depends on when a variable is set, as numbers."""
    response = {name for design in rows.designs.values() for name in design.spec.response.names()}
    unread = response | unread_groups(question.fit, rows, question.estimand)
    kept = [name for name in rows.table.columns if name == variable or name not in unread]
    # A first column of zeros: a model may read none.
    columns = [np.zeros(len(rows)), *(rows.table[name].values.astype(np.float64) for name in kept)]
    return np.stack(columns, axis=1)


def _contrast_grid(variable: str, high: Point, low: Point, grid: pd.DataFrame) -> pd.DataFrame:
    size = len(grid)
    labels = {"variable": [variable] * size, "contrast": [f"{high.label} vs {low.label}"] * size}
    return pd.concat([pd.DataFrame(labels), grid], axis=1)


def _checked_scale(scale: str) -> str:
    if scale not in ("response", "link"):
        message = f"no scale '{scale}'."
        raise PredictionError(Finding("scale", message, hint="Scales: response, link."))
    return scale


def _rows(question: Question, newdata: Any) -> tuple[Rows, list[str]]:
    """Return the rows' designs, and what there is to note about them."""
    fit = question.fit
    if newdata is None:
        return training_rows(fit, question.parameter), []
    findings = Findings(PredictionError)
    rows = new_rows(fit, newdata, question.estimand, findings, question.parameter)
    return rows, [finding.message for finding in findings.found if finding.severity == "note"]


def _expected(
    question: Question, rows: Rows, seed: int, groups: Averages | None, max_memory: float
) -> Expectation:
    factors = {group.factor for design in rows.designs.values() for group in design.groups}
    if factors & set(question.estimand.new):
        return expected_of_new(question, rows, seed, groups, max_memory)
    return expected(question, rows, groups, max_memory)


def _attrs(question: Question, result: Expectation, quantity: str, seed: int) -> dict[str, Any]:
    estimand = question.estimand
    attrs = {
        "quantity": quantity,
        "estimand": estimand.word,
        "estimand_description": estimand.description,
        "scale": question.scale,
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
    if values.ndim == 3:
        grid = _with_categories(grid, fit.response.categories)
    chains, draws = fit.shape
    array = xr.DataArray(
        values.reshape(chains, draws, -1),
        dims=("chain", "draw", "row"),
        coords={"chain": np.arange(chains), "draw": np.arange(draws), "row": np.arange(len(grid))},
        attrs=attrs,
    )
    return Effects(array, grid.reset_index(drop=True), attrs, law)


def _with_categories(grid: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Repeat each row of a grid for each category."""
    repeated = grid.loc[grid.index.repeat(len(categories))].reset_index(drop=True)
    name = "category" if "category" not in repeated.columns else "category_"
    repeated[name] = pd.Categorical(list(categories) * len(grid), categories=list(categories))
    return repeated
