"""A fit and draws of rows, chains joined, in; a result that says what they are, out."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.hypotheses import contrast_rows
from glmm_bayes.effects.result.plain_attrs import plain_attrs
from glmm_bayes.effects.result.summary import MeanSummary, Summary
from glmm_bayes.fit.caveats import caveat_attrs
from glmm_bayes.fit.fit import Fit


def draws_of_rows(fit: Fit, values: Array, attrs: Mapping[str, Any]) -> xr.DataArray:
    """Return draws, shape (draw, row) or (draw, row, category), by chain, draw and row."""
    chains, draws = fit.shape
    array = values.reshape(chains, draws, -1)
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "row": np.arange(array.shape[2])}
    return xr.DataArray(array, dims=("chain", "draw", "row"), coords=coords, attrs=plain_attrs(attrs))


def fingerprint(fit: Fit) -> str:
    """Return a hash of a thousand draws of each variable: fits that share it are the same."""
    digest = blake2b(digest_size=8)
    for name, values in fit.arrays.items():
        digest.update(name.encode())
        digest.update(values.flat[:: max(1, values.size // 1000)].tobytes())
    return digest.hexdigest()


def quantities(
    fit: Fit,
    values: Array,
    grid: pd.DataFrame,
    interval: Interval,
    statement: str,
    *,
    quantity: str = "",
    description: str = "",
    remarks: tuple[str, ...] = (),
    hypothesis: Any = None,
    summarised: Summary | None = None,
    beside: pd.DataFrame | None = None,
    **attrs: Any,
) -> Effects:
    """Return draws of quantities that are no expected responses, as the verbs on groups give them.

    Parameters
    ----------
    fit : Fit
    values : ndarray, shape (draw, row)
    grid : DataFrame
        What each row is.
    interval : Interval
    statement : str
        What the numbers are, for the caption.
    quantity, description : str
        The same for axes and for the estimand, where that is another text.
    remarks : tuple of str
        What stands in the caption after the interval.
    hypothesis : str, sequence of str or array, optional
        Compares the rows.
    summarised : Summary, optional
    beside : DataFrame, optional
        Further columns, one number a row.
    **attrs
        What the result says of itself besides.

    Raises
    ------
    PredictionError
        ``hypothesis``.
    """
    described = {
        "statement": statement,
        "quantity": quantity or statement,
        "estimand_description": description or statement,
        "remarks": remarks,
    }
    described |= {"response": fit.response.label}
    every = described | attrs | {"interval_from": "draws"} | interval.attrs | caveat_attrs(fit)
    result = Effects(
        draws_of_rows(fit, values, every),
        grid.reset_index(drop=True),
        every,
        interval,
        summarised=summarised or MeanSummary(),
        beside=beside,
        formerly="data frame",
    )
    return result if hypothesis is None else contrast_rows(result, hypothesis)
