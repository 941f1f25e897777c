"""``implied_correlation``: rows of one group in, the correlations of their responses out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.expectation.answer import rows_of
from glmm_bayes.effects.expectation.moments import covariance_of_means, moments, response_words
from glmm_bayes.effects.expectation.random_variance import spread_of
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.spec.linear_predictor import MEAN


def implied_correlation(
    fit: Fit,
    newdata: Any,
    *,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Return the correlations of the responses of one group that the model implies, exact in each draw.

    Cov_b(mu_1, mu_2) / sqrt(Var y_1 Var y_2) for each pair of rows, all of them of one level of every
    grouping factor: what the working correlation of GEE stands for. It is no single number. Responses with
    ordered categories are their scores.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping
        At least two rows of one group.
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        One row a pair: ``row`` and ``other`` (positions from 0), the columns in which rows differ with
        ``_1`` and ``_2``.

    Raises
    ------
    PredictionError
        ``not_available`` where levels are correlated with each other, or a row has several members;
        ``newdata_schema`` for fewer than two rows; else as ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Partitioning variation in multilevel models. Nakagawa, Johnson
    and Schielzeth (2017), The coefficient of determination and intra-class correlation coefficient.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.7]]]})
    >>> gb.implied_correlation(fit, {"trt": ["placebo", "progabide"]}).summary()["mean"].round(3).tolist()
    [0.664]
    """
    check_fit(fit)
    shown = read_interval(probability, interval)
    of_rows, grid = moments(fit, newdata)
    rows, _ = rows_of(Question(fit, read_estimand("population", fit)), newdata)
    if len(of_rows.pattern) < 2:
        message = f"a correlation needs two rows of one group, found {len(of_rows.pattern)}."
        raise PredictionError(Finding("newdata_schema", message))
    first, second = np.triu_indices(len(of_rows.pattern), 1)
    one, two = of_rows.pattern[first], of_rows.pattern[second]
    covariance = covariance_of_means(fit, of_rows, one, two, _shared_variance(fit, rows, first, second))
    total = np.sqrt(of_rows.between + of_rows.within)
    grid = grid.reset_index(drop=True)
    differing = [name for name in grid.columns if grid[name].nunique() > 1]
    frame = pd.DataFrame({"row": first, "other": second})
    for name in differing:
        frame[f"{name}_1"], frame[f"{name}_2"] = (grid[name].to_numpy()[at] for at in (first, second))
    statement = f"implied correlation of two {response_words(fit)} of one group, response scale, exact"
    values = covariance / (total[:, one] * total[:, two])
    return quantities(fit, values, frame, shown, statement, hypothesis=hypothesis)


def _shared_variance(fit: Fit, rows: Rows, first: NDArray[np.int64], second: NDArray[np.int64]) -> Array:
    """Return the covariance of the random parts of pairs of rows of one group, shape (draw, pair)."""
    design = rows.designs[MEAN]
    total = np.zeros((len(fit.flat["beta"]), len(first)))
    for group in design.groups:
        spread = spread_of(fit, design, group)
        if spread.needs_levels or any(not b.levels.is_independent for b in spread.prior.blocks):
            message = f"rows of one level of '{group.factor}' have no one correlation: levels are tied."
            raise PredictionError(Finding("not_available", message, hint="Use gb.icc at known levels."))
        total += np.einsum("rk,skl,rl->sr", group.z[first], spread.covariance, group.z[second], optimize=True)
    return total
