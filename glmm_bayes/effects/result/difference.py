"""Two results in, a refusal out where one less the other is the difference of no one quantity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.escapes import visible

#: What two results must have in common, and what each is called.
_ALIKE = {
    "quantity": "quantity",
    "scale": "scale",
    "measure": "measure",
    "best": "order of ranks",
    "response": "response",
    "link": "link",
}
_SUBTRACT_DRAWS = "What you mean to subtract nevertheless, subtract as draws: a.draws - b.draws."


class DrawnRows(Protocol):
    """Draws of rows, and what they are."""

    @property
    def draws(self) -> xr.DataArray:
        """Draws, dims (chain, draw, row)."""

    @property
    def grid(self) -> pd.DataFrame:
        """What each row is."""

    @property
    def attrs(self) -> Mapping[str, object]:
        """What the result says of itself."""


def check_difference(one: DrawnRows, other: DrawnRows) -> None:
    """Refuse a difference of two results that are not of one quantity in the same rows.

    Raises
    ------
    PredictionError
        ``difference`` unless both have the same rows, of the same quantity on the same scale, and the same
        number of chains and draws; for numbers needed to treat; and where new groups of two fits were drawn
        from one seed.
    """
    if other.attrs.get("measure") == one.attrs.get("measure") == "nnt":
        raise reciprocals("difference")
    for name, word in _ALIKE.items():
        values = [each.attrs.get(name) for each in (one, other)]
        if values[0] != values[1]:
            message = f"results are of unlike things: {word} {_shown(values[0])} and {_shown(values[1])}."
            raise PredictionError(Finding("difference", message, hint=_SUBTRACT_DRAWS))
    if one.draws.shape != other.draws.shape or not equal_rows(one.grid, other.grid):
        message = (
            f"results are subtracted row by row: found {one.draws.shape} and {other.draws.shape} chains, "
            "draws and rows, or rows of other names."
        )
        raise PredictionError(Finding("difference", message, hint="Ask both fits the same, of equal draws."))
    _check_new_groups(one.attrs, other.attrs)


def reciprocals(code: str) -> PredictionError:
    """Say that numbers needed to treat are neither contrasted nor subtracted."""
    message = "numbers needed to treat are reciprocals of differences, and pass through infinity."
    return PredictionError(Finding(code, message, hint='Contrast differences: measure="difference".'))


def equal_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Tell whether two grids have the same columns and values: numbers as numbers, others as shown."""
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        return False
    columns = ((one.iloc[:, at], other.iloc[:, at]) for at in range(one.shape[1]))
    return all(_equal_columns(*both) for both in columns)


def _equal_columns(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    if all(is_numeric_dtype(each.dtype) and not is_bool_dtype(each.dtype) for each in (one, other)):
        left, right = (each.to_numpy(np.float64, na_value=np.nan) for each in (one, other))
        return np.array_equal(left, right, equal_nan=True)
    return one.astype(str).tolist() == other.astype(str).tolist()


def _check_new_groups(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Refuse new groups of two fits that were drawn from one seed: they are no two groups."""
    if "seed" not in one or one["seed"] != other.get("seed") or one["posterior"] == other["posterior"]:
        return
    seed = int(one["seed"])
    message = (
        f"both fits drew their new groups from seed {seed}: the groups are one and the same, and their "
        "difference has lost most of its spread."
    )
    hint = f"Give one of the two another seed, as seed={seed - 1 if seed else 1}."
    raise PredictionError(Finding("difference", message, hint=hint))


def _shown(value: object) -> str:
    return "none" if value is None else f"'{visible(str(value))}'"
