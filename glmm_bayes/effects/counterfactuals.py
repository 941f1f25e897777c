"""``grid``: rows to ask about, made from a fit's data and the values that are of interest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.registry import Registry
from glmm_bayes.design.column import as_labels
from glmm_bayes.design.table import Column
from glmm_bayes.effects.averaging import GRID_WORDS, shown_column
from glmm_bayes.effects.grids import checked_value, predictor_names
from glmm_bayes.infer.fit import Fit

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
        ``typical``: every combination of the values given, other numbers at their mean (whole numbers
        and indicators at their median, never between two), factors at their most frequent level;
        ``balanced``: the same with every combination of levels of all factors; ``counterfactual``: every
        row of the data at each combination of the values given; ``observed``: the data's own rows.
    **values
        One value or several of each variable of interest.

    Returns
    -------
    pandas.DataFrame
        Its ``attrs`` say which grid it is, and averages over it repeat that. Columns of grouping factors
        are there in ``counterfactual`` and ``observed`` only.

    Raises
    ------
    PredictionError
        ``kind``, ``unknown_column``, ``new_level``, ``values``.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> gb.grid(fit, Days=[0, 9])["Days"].tolist()
    [0.0, 9.0]
    """
    words = _KINDS[kind]
    table = fit.design.table
    designs = [predictor.design for predictor in fit.predictors.values()]
    given = {name: _listed(name, value) for name, value in values.items()}
    for name, listed in given.items():
        given[name] = [checked_value(designs, name, value) for value in listed]
    if kind == "observed" and given:
        message = f"an observed grid takes no values, found {', '.join(given)}."
        raise PredictionError(Finding("values", message, hint='Write kind="counterfactual".'))
    if kind in ("observed", "counterfactual"):
        frame = pd.DataFrame({name: shown_column(table[name]) for name in table.columns})
        frame = _crossed(frame, given)
    else:
        for name in predictor_names(designs):
            if name not in given:
                given[name] = _standing(table[name], kind == "balanced")
        frame = _crossed(pd.DataFrame(index=range(1)), given)
    frame.attrs[GRID_WORDS] = words + (f" ({', '.join(values)})" if values else "")
    return frame


def _listed(name: str, value: Any) -> list[Any]:
    is_list = isinstance(value, Sequence | np.ndarray | pd.Series) and not isinstance(value, str)
    listed = list(value) if is_list else [value]
    if not listed:
        raise PredictionError(Finding("values", f"no value of '{name}' is given.", column=name))
    return listed


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


def _standing(column: Column, every: bool) -> list[Any]:
    """Return what a variable is set to that is not of interest: one typical value, or all levels."""
    if column.kind == "number":
        x = column.values.astype(np.float64)
        is_whole = bool((x == np.round(x)).all())
        return [float(np.quantile(x, 0.5, method="lower") if is_whole else x.mean())]
    labels = as_labels(column)
    counts = np.bincount(labels.values, minlength=len(labels.levels))
    used = [level for level, count in zip(labels.levels, counts, strict=True) if count]
    return used if every else [labels.levels[int(np.argmax(counts))]]
