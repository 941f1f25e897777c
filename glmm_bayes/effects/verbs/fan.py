"""``fan``: exact quantiles over groups of the curves of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from glmm_bayes.core.arguments import check_texts, listed
from glmm_bayes.core.bridge import bridge_effect, sd_of_attenuation
from glmm_bayes.core.distinct import refuse_repeats
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.averages import free_names, grid_frame
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.question import Question, without_one_predictor
from glmm_bayes.effects.estimand.undefined import check_new_groups
from glmm_bayes.effects.expectation.answer import attributes, effects_of, quantity_of, rows_of
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, Expectation, check_memory
from glmm_bayes.effects.expectation.predictor_draws import distinct_patterns
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.hypotheses import contrast_rows
from glmm_bayes.fit.fit import Fit, check_fit

#: The word for the estimand of a fan.
OVER_GROUPS = "quantiles over groups"


def fan(
    fit: Fit,
    newdata: Any = None,
    *,
    probabilities: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    parameter: str | None = None,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Show how groups differ: in each draw the exact quantiles over groups of their expected responses.

    With v the variance of a group's part of the linear predictor, the q-quantile over groups is
    h(eta + sqrt(v) z_q). Its median is the ``typical`` group; its mean over q is ``population``.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping, optional
        Rows; default: those of the data.
    probabilities : sequence of float
        Of the quantiles over groups, between 0 and 1.
    parameter, hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        Each row of ``newdata`` once a probability; column ``quantile``. Draws of dims (chain, draw, row), in
        the unit of the response.

    Raises
    ------
    PredictionError
        ``values`` if a probability is not between 0 and 1, ``probabilities`` if one stands twice;
        ``estimand_undefined`` where new groups have no mean;
        ``not_available`` where the mean is no increasing function of one linear predictor with normal or
        bridge effects; ``max_memory``; else as ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Skrondal and Rabe-Hesketh (2009), Prediction in multilevel generalized linear models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]]})
    >>> gb.fan(fit, {"trt": ["placebo"]}, probabilities=[0.5]).summary()["mean"].round(6).tolist()
    [2.718282]
    """
    check_fit(fit)
    check_texts(parameter=parameter)
    shown = read_interval(probability, interval)
    levels = _checked_levels(probabilities)
    question = Question(fit, read_estimand("population", fit), "response", parameter)
    if question.is_response:
        check_new_groups(fit)
    rows, notes = rows_of(question, newdata)
    if not question.is_mu or not question.link.is_increasing:
        hint = f'Write parameter="{next(iter(rows.designs))}".'
        if not question.is_mu:
            raise without_one_predictor(fit, "a fan of groups", hint)
        message = f"the mean of {fit.family.name} is no increasing function of one linear predictor."
        raise PredictionError(Finding("not_available", message, hint="Use gb.predictions."))
    predictors, first, spread = distinct_patterns(question, rows)
    check_memory(int(np.prod(fit.shape)), len(spread) * len(levels), MAX_MEMORY)
    parameters = predictors.at(slice(None), first)
    if parameters.heavy is not None:
        message = "the quantiles of groups with t effects are not offered."
        raise PredictionError(Finding("not_available", message))
    eta = parameters.joint.at[question.single].eta
    sd = np.sqrt(parameters.joint.variance.get(question.single, np.zeros_like(eta)))
    # Row by row, so that one row's quantiles stand together.
    normal = special.ndtri(levels)
    if (f := parameters.attenuation) is None:
        curves = eta[:, :, None] + sd[:, :, None] * normal
    elif not sd.any():
        curves = eta[:, :, None] + bridge_effect(normal, sd_of_attenuation(f)[:, :, None])
    else:
        message = "the quantiles of groups with bridge and normal effects in one row are not offered."
        raise PredictionError(Finding("not_available", message))
    values = question.link.inverse(curves)[:, spread].reshape(len(eta), -1)
    grid = grid_frame(rows)
    grid = grid.loc[grid.index.repeat(len(levels))].reset_index(drop=True)
    grid, renamed = free_names(grid, "quantile")
    grid["quantile"] = np.tile(levels, len(rows))
    attrs = attributes(question, rows, Expectation(values, *parameters.rule), quantity_of(question), 0)
    attrs |= {
        "average": "",
        "estimand": OVER_GROUPS,
        "estimand_name": OVER_GROUPS,
        "estimand_description": "quantiles over all groups that could be drawn, exact in each draw",
    }
    result = effects_of(question, values, pd.DataFrame(grid), attrs, notes + renamed, shown)
    return result if hypothesis is None else contrast_rows(result, hypothesis)


def _checked_levels(probabilities: Sequence[float]) -> Array:
    """Return the probabilities of quantiles, each once and inside (0, 1)."""
    try:
        levels = np.asarray(listed(probabilities), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        levels = np.empty(0)
    if levels.ndim != 1 or not len(levels) or not ((levels > 0.0) & (levels < 1.0)).all():
        shown = shown_value(probabilities)
        message = f"probabilities must be a list of numbers above 0 and below 1, found {shown}."
        raise PredictionError(Finding("values", message, hint="Write [0.05, 0.5, 0.95]."))
    refuse_repeats("probabilities", levels.tolist())
    return levels
