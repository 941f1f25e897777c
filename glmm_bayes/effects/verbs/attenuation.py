"""How much flatter the population's curve is than that of a typical group, row by row, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.integrals import link_of_population_mean, population_mean_derivatives
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.averages import free_names, grid_frame
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.question import Question, without_one_predictor
from glmm_bayes.effects.estimand.undefined import check_new_groups
from glmm_bayes.effects.expectation.answer import rows_of
from glmm_bayes.effects.expectation.cells import AnswerEvaluator
from glmm_bayes.effects.expectation.expectation import MAX_MEMORY, gathered
from glmm_bayes.effects.expectation.predictor_draws import RowParameters, distinct_patterns
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.fit.fit import Fit, check_fit

#: (16 sqrt(3) / (15 pi))^2 of Zeger, Liang and Albert (1988).
ZLA = 0.345842973499


def attenuation(
    fit: Fit,
    newdata: Any = None,
    *,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Return the local attenuation: the slope of the link of the population mean in the linear predictor.

    d link(m)/d eta at a fixed variance, with m the population mean and eta the linear predictor at random
    effects of zero, at each row: what a coefficient of a typical group is multiplied by in the population
    where the variance does not change with the variable. Slopes of variables with random slopes have a
    second part: see ``slopes``. Under a logit link it is one minus the intraclass correlation of the
    responses. It is defined also where a coefficient is zero.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping, optional
        Rows; default: those of the data.
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        One row for each row of ``newdata``, a number without unit. Under a logit link its summary has
        ``zla`` beside it, the posterior mean of the approximation (1 + c^2 v)^(-1/2), for teaching only.

    Raises
    ------
    PredictionError
        ``not_available`` where the mean is not the inverse link of one linear predictor with normal or
        bridge effects; else as ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Neuhaus, Kalbfleisch and Hauck (1991), A comparison of cluster-specific and population-averaged
    approaches for analyzing correlated binary data. Zeger, Liang and Albert (1988), Models for
    longitudinal data.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y01 ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 0.0, 0.0]]], "sd_ID": [[[1.0]]]})
    >>> float(gb.attenuation(fit, {"trt": ["placebo"]}).summary()["mean"].round(6)[0])
    0.826484
    """
    check_fit(fit)
    shown = read_interval(probability, interval)
    question = Question(fit, read_estimand("population", fit), "link")
    if not question.is_mu:
        raise without_one_predictor(fit, "attenuation", "Use gb.coefficients and gb.slopes.")
    check_new_groups(fit)
    rows, _ = rows_of(question, newdata)
    predictors, first, pattern = distinct_patterns(question, rows)
    link = question.link
    evaluator = AnswerEvaluator(question, predictors, _local, integrates=True)
    both = gathered(evaluator, first, np.arange(len(first)), None, MAX_MEMORY).values
    local, approximate = np.moveaxis(both, -1, 0)
    is_logit = link.name == "logit"
    statement = (
        f"local attenuation: slope of the {link.name} of the population mean in the linear predictor of a "
        "typical group, at a fixed variance"
    )
    grid, renamed = free_names(grid_frame(rows), "zla")
    return quantities(
        fit,
        local[:, pattern],
        grid,
        shown,
        statement,
        quantity="local attenuation",
        remarks=("zla: approximation of Zeger, Liang and Albert, for teaching",) if is_logit else (),
        hypothesis=hypothesis,
        beside=pd.DataFrame({"zla": approximate.mean(axis=0)[pattern]}) if is_logit else None,
        notes=renamed,
    )


def _local(question: Question, parameters: RowParameters) -> tuple[Array, str, float]:
    """Return the local attenuation and its approximation, shape (draw, row, 2)."""
    if parameters.heavy is not None:
        raise PredictionError(Finding("not_available", "t effects have no attenuation here."))
    link, name, smooth = question.link, question.single, parameters.joint.smooth
    f = np.ones((1, 1)) if parameters.attenuation is None else parameters.attenuation
    eta = f * parameters.joint.at[name].eta
    v = f * f * np.broadcast_to(parameters.joint.variance.get(name, np.zeros(())), eta.shape)
    slope = population_mean_derivatives(link, eta, v, smooth=smooth)[0]
    at_mean = link.inverse_derivative(link_of_population_mean(link, eta, v, smooth=smooth))
    both = np.broadcast_arrays(f * slope / at_mean, f / np.sqrt(1.0 + ZLA * v))
    return np.stack(both, axis=-1), "derivatives of the mean", 0.0
