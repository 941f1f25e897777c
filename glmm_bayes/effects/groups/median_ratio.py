"""``median_ratio``: what the variance between groups means for the odds or rates of two of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.averages import free_names, grid_frame
from glmm_bayes.effects.estimand.factor_estimands import read_estimand
from glmm_bayes.effects.estimand.ordered_categories import one_discrimination
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.undefined import check_new_groups
from glmm_bayes.effects.expectation.answer import rows_of
from glmm_bayes.effects.expectation.random_variance import spread_of
from glmm_bayes.effects.groups.variance_components import Z75
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.effects.result.summary import ratio_of
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.spec.linear_predictor import MEAN


def median_ratio(
    fit: Fit,
    newdata: Any = None,
    *,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Return the median odds or rate ratio of two groups: exp(sqrt(2 v) z_.75).

    Of two groups with the same covariates, drawn at random and set against each other with the larger
    first, half differ by more. It depends on covariates only where their effects vary over the groups.

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
        One row for each ``factor``, a ratio from 1 on; with random slopes one for each combination of the
        covariates that vary over the factor, or for each row of ``newdata``.

    Raises
    ------
    PredictionError
        ``not_available`` unless the link is logit or log and effects are normal, of independent levels, or if
        the discrimination of ordered categories has a formula; else as ``predictions``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Larsen and Merlo (2005), Appropriate assessment of neighborhood effects on individual health. Austin,
    Stryhn, Leckie and Merlo (2018), Measures of clustering and heterogeneity in multilevel Poisson
    regression analyses.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y01 ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 0.0, 0.0]]], "sd_ID": [[[4.69**0.5]]]})
    >>> float(gb.median_ratio(fit, {"trt": ["drug"]}).summary()["mean"].round(6)[0])
    7.891177
    """
    check_fit(fit)
    shown = read_interval(probability, interval)
    ratio = _ratio_name(fit)
    disc = one_discrimination(fit)
    rows, _ = rows_of(Question(fit, read_estimand("population", fit)), newdata)
    grid = grid_frame(rows)
    notes: dict[str, None] = {}
    grids, draws = [], []
    for group in rows.designs[MEAN].groups:
        spread = spread_of(fit, rows.designs[MEAN], group)
        if not spread.prior.is_plain or group.term.is_membership:
            message = (
                f"the median ratio is of normal effects of independent levels; '{group.factor}' has others."
            )
            raise PredictionError(Finding("not_available", message, hint=_fan_of(fit)))
        varies = len(group.effects) > 1 or not (group.z == 1.0).all()
        first = _distinct_effects(group.z, newdata is not None and varies)
        v = spread.variance(slice(None), first)[0]
        draws.append(ratio_of(disc[..., None] * np.sqrt(2.0 * v) * Z75))
        read = {name for effect in group.term.effects for name in effect.names()}
        names = [name for name in grid if varies and (newdata is not None or name in read)]
        factor = pd.DataFrame({"factor": [group.factor] * len(first)})
        covariates, renamed = free_names(grid.loc[first, names].reset_index(drop=True), "factor")
        notes |= dict.fromkeys(renamed)
        grids.append(pd.concat([factor, covariates], axis=1))
    statement = f"median {ratio} of two groups with the same covariates"
    frame = pd.concat(grids, ignore_index=True)
    return quantities(
        fit, np.hstack(draws), frame, shown, statement, hypothesis=hypothesis, notes=list(notes)
    )


def _distinct_effects(z: Array, keeps_rows: bool) -> NDArray[np.int64]:
    """Return the rows whose effects have other weights than those before; all, if rows are asked for."""
    first = np.sort(np.unique(z, axis=0, return_index=True)[1]).astype(np.int64)
    return np.arange(len(z)) if keeps_rows else first


def _fan_of(fit: Fit) -> str:
    return "Use gb.fan(fit)." if fit.family.mean_is_mu else 'Use gb.fan(fit, parameter="mu").'


def _ratio_name(fit: Fit) -> str:
    """Return what exp(linear predictor) is called, for models with random effects of the mean."""
    check_new_groups(fit)
    ratio = fit.family.ratio_name(fit.link) if MEAN in fit.predictors else ""
    if not ratio or not fit.design.groups:
        what = "no random effects" if ratio else f"the link {fit.link.name}"
        message = f"a ratio of two groups needs random effects under a logit or log link, found {what}."
        raise PredictionError(Finding("not_available", message, hint=_fan_of(fit)))
    return ratio
