"""``grid``: rows to ask about, made from a fit's data and the values that are of interest."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import check_texts, listed
from glmm_bayes.core.distinct import refuse_repeats
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.registry import Registry
from glmm_bayes.effects.estimand.averages import GRID_ROWS, GRID_WORDS, fingerprint, shown_column
from glmm_bayes.effects.estimand.variables import Covariate, Point, variable_names, variable_of
from glmm_bayes.fit.captioned import printed
from glmm_bayes.fit.fit import Fit, check_fit

_KINDS = Registry(
    "kind",
    {
        "observed": "the rows of the data",
        "typical": "a grid at typical values of the other variables",
        "balanced": "a grid of all combinations of factors, numbers at typical values",
        "counterfactual": "the rows of the data, each at every combination of the values given",
    },
    PredictionError,
)
_LARGEST = 10_000_000


def grid(fit: Fit, kind: str = "typical", **values: Any) -> pd.DataFrame:
    """Make rows to ask ``predictions``, ``comparisons`` or ``slopes`` about.

    Parameters
    ----------
    fit : Fit
    kind : {"typical", "balanced", "counterfactual", "observed"}
        ``typical``: every combination of the values given, other numbers at their mean (whole numbers,
        indicators and dates at their lower median, never between two), factors, also ``C()`` of numbers, at
        their most frequent level: the rule of ``plot_curves``, too; ``balanced``: the same with every
        combination of levels of all factors; ``counterfactual``: every
        row of the data at each combination of the values given; ``observed``: the data's own rows.
    **values
        One value or several of each variable of interest.

    Returns
    -------
    pandas.DataFrame
        Its ``attrs`` say which grid it is and what is held at what, and averages over it repeat that, but
        not over rows that were chosen from it or changed. Columns of grouping factors
        are there in ``counterfactual`` and ``observed`` only.

    Raises
    ------
    PredictionError
        ``unknown_kind``; ``unknown_column`` if a variable is no predictor of the model; ``new_level``;
        ``values`` if a value does not fit its variable, stands twice, is given for ``observed``, or the grid
        would have more than 10 million rows.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> gb.grid(fit, Days=[0, 9])["Days"].tolist()
    [0.0, 9.0]
    """
    check_fit(fit)
    check_texts(kind=kind)
    description = _KINDS[kind]
    table = fit.design.table
    designs = [predictor.design for predictor in fit.predictors.values()]
    given = {name: _shown(variable_of(designs, name), _listed(name, value)) for name, value in values.items()}
    if kind == "observed" and given:
        message = f"an observed grid takes no values, found {', '.join(given)}."
        raise PredictionError(Finding("values", message, hint='Write kind="counterfactual".'))
    told = [f"{', '.join(values)} as given"] if values else []
    if kind in ("observed", "counterfactual"):
        frame = pd.DataFrame({name: shown_column(table[name]) for name in table.columns})
        frame = _crossed(frame, given)
    else:
        held = []
        for variable in (variable_of(designs, name) for name in variable_names(designs)):
            if variable.name in given:
                continue
            if kind == "balanced" and variable.levels:
                given[variable.name] = [variable.shown(point) for point in variable.default_points()]
                continue
            point, why = variable.typical()
            given[variable.name] = [variable.shown(point)]
            held.append(held_words(variable, point, why))
        frame = _crossed(pd.DataFrame(index=range(1)), given)
        told += held
    frame.attrs[GRID_WORDS] = description + (f" ({'; '.join(told)})" if told else "")
    frame.attrs[GRID_ROWS] = fingerprint(frame)
    return printed(frame)


def held_words(variable: Covariate, point: Point, why: str) -> str:
    """Say at what a variable is held: ``BIR74 at its median 2180``."""
    if variable.levels:
        return f"{variable.name} at {point.label} ({why})"
    return f"{variable.name} at its {why} {point.label}"


def _shown(variable: Covariate, values: list[Any]) -> list[Any]:
    points = [variable.point(value) for value in values]
    refuse_repeats("values", [point.label for point in points], variable.name)
    return [variable.shown(point) for point in points]


def _listed(name: str, value: Any) -> list[Any]:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    values = listed(value)
    if values == []:
        raise PredictionError(Finding("values", f"no value of '{name}' is given.", column=name))
    return [value] if values is None else values


def _crossed(frame: pd.DataFrame, given: dict[str, list[Any]]) -> pd.DataFrame:
    """Repeat every row at each combination of values."""
    size = len(frame) * int(np.prod([len(listed) for listed in given.values()], dtype=np.int64))
    if size > _LARGEST:
        raise PredictionError(Finding("values", f"the grid would have {size} rows, more than {_LARGEST}."))
    combined = pd.DataFrame(list(product(*given.values())), columns=list(given))
    repeated = frame.loc[frame.index.repeat(len(combined))].reset_index(drop=True)
    for name in combined.columns:
        repeated[name] = np.tile(combined[name].to_numpy(), len(frame))
    return repeated
