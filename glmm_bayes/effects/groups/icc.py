"""``icc``: a Fit and rows in, how alike the responses of one group are, out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.averages import free_names
from glmm_bayes.effects.expectation.moments import Moments, covariance_of_means, moments, response_words
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.fit.fit import Fit, check_fit

#: Scale and rule of shares of variance.
RESPONSE_SCALE = "response scale, exact law of total variance"


def icc(
    fit: Fit,
    newdata: Any = None,
    *,
    factor: str | None = None,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Return the intraclass correlation on the scale of the response, exact, at each row.

    Var_b(mu) / (Var_b(mu) + E_b V(mu)): the correlation of two responses of one group with the covariates
    of the row, all grouping factors together, or of two that share the level of one factor alone. A response
    with ordered categories is their score: the position, the lowest counted as 1. On the
    latent scale see ``variance_components``; of rows with other covariates ``implied_correlation``.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping, optional
        Rows; default: one number for the rows of the data, both variances averaged over them.
    factor : str, optional
        The one grouping factor whose level two responses share; all others differ.
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        One row for each row of ``newdata``, with its columns: a share between 0 and 1.

    Raises
    ------
    PredictionError
        ``not_available`` where variances are not split: several linear predictors of the mean, t and bridge
        effects, new rows of a response with known standard errors; ``estimand_undefined`` where a variance
        is infinite; ``factor``; else as ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Partitioning variation in multilevel models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.7]]]})
    >>> gb.icc(fit, {"trt": ["placebo"]}).summary()["mean"].round(6).tolist()
    [0.687108]
    """
    check_fit(fit)
    check_texts(factor=factor)
    shown = read_interval(probability, interval)
    rows, grid = moments(fit, newdata)
    shared = rows.between if factor is None else _between_levels(fit, rows, factor)
    every = rows.between + rows.within
    if newdata is None:
        between, total = (part[:, rows.pattern].mean(axis=1) for part in (shared, every))
        values, grid = (between / total)[:, None], pd.DataFrame(index=range(1))
        where = "variances averaged over the rows of the data"
    else:
        values = (shared / every)[:, rows.pattern]
        where = "at each row"
    grid, renamed = free_names(grid.reset_index(drop=True))
    of_whom = "" if factor is None else f" of one level of {factor}"
    trials = " of one trial each" if (fit.response.trials != 1).any() else ""
    trials += " for one unit of exposure" if fit.response.additions.rate is not None else ""
    what = f"intraclass correlation of {response_words(fit)}{trials}{of_whom}"
    statement = f"{what}, {RESPONSE_SCALE}, {where}"
    return quantities(
        fit, values, grid, shown, statement, quantity=what, hypothesis=hypothesis, notes=renamed
    )


def _between_levels(fit: Fit, of_rows: Moments, factor: str) -> Array:
    """Return the covariance of the means of two rows that share the level of one factor, (draw, pattern)."""
    if not isinstance(factor, str) or factor not in of_rows.variances:
        message = f"no grouping factor '{factor}'."
        hint = f"Factors: {', '.join(of_rows.variances) or 'none'}."
        raise PredictionError(Finding("factor", message, hint=hint))
    patterns = np.arange(of_rows.v.shape[1])
    return covariance_of_means(fit, of_rows, patterns, patterns, of_rows.variances[factor])
