"""The interval odds ratio: what a covariate of groups means for two groups, one of each value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from glmm_bayes.core.arguments import check_texts, is_open_share
from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, PredictionError, row_text, shown_value
from glmm_bayes.core.intervals import percent_of, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.estimand.estimand import Estimand
from glmm_bayes.effects.estimand.ordered_categories import one_discrimination
from glmm_bayes.effects.estimand.undefined import check_new_groups
from glmm_bayes.effects.groups.variance_components import has_one_variance
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.effects.result.summary import ratio_of
from glmm_bayes.effects.verbs.comparisons import comparisons
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.spec.linear_predictor import MEAN

#: Distinct rows at which it is seen whether a contrast is one number.
_MOST_ROWS = 1000
_EQUAL = 1e-9


def interval_ratio(
    fit: Fit,
    variable: str,
    *,
    values: Sequence[Any] | None = None,
    newdata: Any = None,
    factor: str | None = None,
    pairs: float = 0.8,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Say what a covariate of groups means for two groups drawn at random, one of each value.

    exp(beta -+ sqrt(2 v) z): the middle 80 % of the odds (or rate) ratios of such pairs. A wide interval
    on both sides of 1 says that the covariate is small beside the differences between groups. The
    proportion opposed, Phi(-\\|beta\\| / sqrt(2 v)), is the share of pairs whose ratio is on the other side.

    Parameters
    ----------
    fit : Fit
    variable : str
        A covariate that has one value in each level of the factor.
    values : sequence, optional
        As in ``comparisons``.
    newdata : DataFrame or mapping, optional
        Rows to ask about, where the contrast depends on other variables (interactions, curves, a model
        whose coefficients are population-averaged): it must be one number for all of them.
    factor : str, optional
        The grouping factor; may be left out if the model has one.
    pairs : float
        Share of the pairs of groups whose ratio lies inside the interval.
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        Rows told apart by ``contrast`` and ``quantity``: the ratio itself (two groups of equal effects), the
        lower and the upper end of the interval of ratios, and the proportion opposed.

    Raises
    ------
    PredictionError
        ``not_available`` unless the link is logit or log and the factor has normal intercepts of independent
        levels; ``factor`` if the factor is unknown or not told; ``values`` if the model reads no such column,
        the covariate varies within a level, the contrast from row to row, or ``pairs`` is no share; else as
        ``comparisons``.
    DataError
        ``draws_missing`` or ``draws_not_finite`` if draws that the answer needs are not in the fit, or not
        finite.

    References
    ----------
    Larsen, Petersen, Budtz-Jorgensen and Endahl (2000), Interpreting parameters in the logistic regression
    model with random effects. Merlo et al. (2006), A brief conceptual tutorial of multilevel analysis in
    social epidemiology: using measures of clustering in multilevel logistic regression.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]]})
    >>> gb.interval_ratio(fit, "trt").summary()["mean"].round(3).tolist()
    [0.819, 0.331, 2.026, 0.389]
    """
    check_fit(fit)
    check_texts(variable=variable, factor=factor)
    shown = read_interval(probability, interval)
    check_new_groups(fit)
    _check_share(pairs)
    ratio = fit.family.ratio_name(fit.link) if MEAN in fit.predictors else ""
    if not ratio:
        message = f"interval ratios are of logit and log links, not of {fit.link.name}."
        raise PredictionError(Finding("not_available", message, hint="Use gb.comparisons."))
    group = _group(fit, factor)
    _check(fit, group, variable)
    disc = one_discrimination(fit)[..., None]
    contrasts, beta = _one_contrast(fit, variable, values, newdata)
    beta, spread = disc * beta, disc * np.sqrt(2.0 * fit.covariance(group.slug)[:, :1, 0])
    z = special.ndtri(0.5 + pairs / 2)
    percent = f"{percent_of(float(pairs))}%"
    named = {
        ratio: ratio_of(beta),
        f"{percent} interval {ratio}, lower end": ratio_of(beta - z * spread),
        f"{percent} interval {ratio}, upper end": ratio_of(beta + z * spread),
        "proportion opposed": special.ndtr(-np.abs(beta) / spread),
    }
    grid = pd.DataFrame(
        {"contrast": contrasts * len(named), "quantity": [name for name in named for _ in contrasts]}
    )
    statement = (
        f"two levels of {group.factor} drawn at random, one of each value of {variable}, which alone differs"
    )
    values_of_rows = np.hstack(list(named.values()))
    return quantities(fit, values_of_rows, grid, shown, statement, hypothesis=hypothesis)


def _check_share(pairs: float) -> None:
    if not is_open_share(pairs):
        message = f"pairs must be a number above 0 and below 1, found {shown_value(pairs)}."
        raise PredictionError(Finding("values", message, hint="Write pairs=0.8 for the middle 80 percent."))


def _one_contrast(
    fit: Fit, variable: str, values: Sequence[Any] | None, newdata: Any
) -> tuple[list[str], Array]:
    """Return names and draws, shape (draw, contrast), of contrasts that are one number for all rows."""
    rows = newdata
    if newdata is None:
        columns = [fit.design.x, fit.design.offset[:, None], *(group.z for group in fit.design.groups)]
        first = distinct_rows(np.hstack(columns))[0]
        rows = fit.design.table.take(first[:: -(-len(first) // _MOST_ROWS)])
    # Of ordered categories the linear predictor itself is what the logit link stands for.
    scale = {"scale": "link"} if fit.family.mean_is_mu else {"parameter": MEAN}
    typical = Estimand("typical", newdata=rows, **scale)
    effects = comparisons(fit, variable, estimand=typical, values=values, by=False)
    names = list(dict.fromkeys(effects.grid["contrast"]))
    each = effects.draws.to_numpy().reshape(-1, len(names), effects.draws.sizes["row"] // len(names))
    if np.ptp(each, axis=2).max() > _EQUAL * (1.0 + np.abs(each).max()):
        message = f"the contrast of '{variable}' on the scale of the {fit.link.name} differs from row to row."
        hint = "Write newdata= with one row, whose contrast is meant."
        raise PredictionError(Finding("values", message, column=variable, hint=hint))
    return names, each[:, :, 0]


def _group(fit: Fit, factor: str | None) -> GroupDesign:
    groups = {group.factor: group for group in fit.design.groups}
    if factor is None and len(groups) == 1:
        return next(iter(groups.values()))
    if not isinstance(factor, str) or factor not in groups:
        message = (
            f"no grouping factor '{factor}'."
            if factor
            else "the model has several grouping factors, or none."
        )
        raise PredictionError(Finding("factor", message, hint=f"Factors: {', '.join(groups) or 'none'}."))
    return groups[factor]


def _check(fit: Fit, group: GroupDesign, variable: str) -> None:
    """Refuse effects that are no normal intercepts, and a covariate that varies within a level."""
    if not has_one_variance(fit, group):
        message = f"'{group.factor}' has other effects than normal intercepts of independent levels."
        raise PredictionError(Finding("not_available", message, hint="Use gb.fan and gb.comparisons."))
    if not isinstance(variable, str) or variable not in fit.design.table.columns:
        message = f"variable: the model reads no column '{variable}'."
        raise PredictionError(Finding("values", message, column=variable))
    values, codes = fit.design.table[variable].values, group.codes
    first = np.unique(codes, return_index=True)[1]
    differs = values != values[first][codes]
    if differs.any():
        rows = tuple(fit.design.table.rows[differs].tolist())
        message = f"'{variable}' varies within levels of '{group.factor}' ({row_text(rows)})."
        hint = "An interval ratio is of a covariate of groups; within a group the odds ratio itself holds."
        raise PredictionError(Finding("values", message, column=variable, rows=rows, hint=hint))
