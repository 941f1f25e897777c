"""How alike the responses of one group are, and how different those of two: implied by the random effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.words import interval_words
from glmm_bayes.effects.estimand.averages import free_names, grid_frame
from glmm_bayes.effects.estimand.factor_words import read_estimand
from glmm_bayes.effects.estimand.ordered_categories import one_discrimination
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.expectation.answer import rows_of
from glmm_bayes.effects.expectation.moments import covariance_of_means, moments, response_words
from glmm_bayes.effects.expectation.random_variance import spread_of
from glmm_bayes.effects.groups.variance_components import Z75
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.spec.linear_predictor import MEAN

Array = NDArray[np.float64]


def implied_correlation(fit: Fit, newdata: Any) -> pd.DataFrame:
    """Return the correlations of the responses of one group that the model implies, exact in each draw.

    Cov_b(mu_1, mu_2) / sqrt(Var y_1 Var y_2) for each pair of rows, all of them of one level of every
    grouping factor: what the working correlation of GEE stands for. It is no single number. Responses with
    ordered categories are their scores.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping
        At least two rows of one group.

    Returns
    -------
    pandas.DataFrame
        One row a pair: ``row`` and ``other`` (positions from 0), the columns in which rows differ with
        ``_1`` and ``_2``, mean, sd and interval.

    Raises
    ------
    PredictionError
        ``not_available`` where levels are correlated with each other, or a row has several members;
        ``newdata_schema`` for fewer than two rows.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.7]]]})
    >>> gb.implied_correlation(fit, {"trt": ["placebo", "progabide"]})["mean"].round(3).tolist()
    [0.667]
    """
    check_fit(fit)
    found, grid = moments(fit, newdata)
    rows, _ = rows_of(Question(fit, read_estimand("population", fit)), newdata)
    if len(found.kind) < 2:
        message = f"a correlation needs two rows of one group, found {len(found.kind)}."
        raise PredictionError(Finding("newdata_schema", message))
    first, second = np.triu_indices(len(found.kind), 1)
    one, two = found.kind[first], found.kind[second]
    covariance = covariance_of_means(fit, found, one, two, _shared_variance(fit, rows, first, second))
    total = np.sqrt(found.between + found.within)
    table = summary_frame(covariance / (total[:, one] * total[:, two]))
    grid = grid.reset_index(drop=True)
    told = [name for name in grid.columns if grid[name].nunique() > 1]
    frame = pd.DataFrame({"row": first, "other": second})
    for name in told:
        frame[f"{name}_1"], frame[f"{name}_2"] = (grid[name].to_numpy()[at] for at in (first, second))
    estimand = f"implied correlation of two {response_words(fit)} of one group, response scale, exact"
    caption = f"{estimand}; mean and {interval_words()}"
    return captioned(
        pd.concat([frame, table], axis=1),
        caption,
        fit,
        estimand_description=estimand,
        interval=interval_words(),
    )


def _shared_variance(fit: Fit, rows: Rows, first: NDArray[np.int64], second: NDArray[np.int64]) -> Array:
    """Return the covariance of the random parts of pairs of rows of one group, shape (draw, pair)."""
    design = rows.designs[MEAN]
    total = np.zeros((len(fit.flat["beta"]), len(first)))
    for group in design.groups:
        spread = spread_of(fit, design, group)
        if spread.needs_levels or any(b.levels.name != "independent" for b in spread.prior.blocks):
            message = f"rows of one level of '{group.factor}' have no one correlation: levels are tied."
            raise PredictionError(Finding("not_available", message, hint="Use gb.icc at known levels."))
        total += np.einsum("rk,skl,rl->sr", group.z[first], spread.covariance, group.z[second], optimize=True)
    return total


def median_ratio(fit: Fit, newdata: Any = None) -> pd.DataFrame:
    """Return the median odds or rate ratio of two groups: exp(sqrt(2 v) z_.75).

    Of two groups with the same covariates, drawn at random and set against each other with the larger
    first, half differ by more. It depends on covariates only where their effects vary over the groups.

    Parameters
    ----------
    fit : Fit
    newdata : DataFrame or mapping, optional
        Rows; default: those of the data.

    Returns
    -------
    pandas.DataFrame
        ``factor``, mean, sd and interval: one row for each factor; with random slopes one for each
        combination of the covariates that vary over the factor, or for each row of ``newdata``.

    Raises
    ------
    PredictionError
        ``not_available`` unless the link is logit or log and effects are normal, of independent levels, or if
        the discrimination of ordered categories has a formula.

    References
    ----------
    Larsen and Merlo (2005), Appropriate assessment of neighborhood effects on individual health. Austin,
    Stryhn, Leckie and Merlo (2018), Measures of clustering and heterogeneity in multilevel Poisson
    regression analyses.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 0.0, 0.0]]], "sd_ID": [[[4.69**0.5]]]})
    >>> float(gb.median_ratio(fit, {"trt": ["drug"]})["mean"].round(6)[0])
    7.891177
    """
    check_fit(fit)
    ratio = _ratio_name(fit)
    disc = one_discrimination(fit)
    rows, _ = rows_of(Question(fit, read_estimand("population", fit)), newdata)
    grid, _ = free_names(grid_frame(rows).reset_index(drop=True))
    parts = []
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
        table = summary_frame(np.exp(disc[..., None] * np.sqrt(2.0 * v) * Z75))
        read = {name for effect in group.term.effects for name in effect.names()}
        names = [name for name in grid if varies and (newdata is not None or name in read)]
        shown = grid.loc[first, names]
        factor = pd.DataFrame({"factor": [group.factor] * len(first)})
        parts.append(pd.concat([factor, shown.reset_index(drop=True), table], axis=1))
    estimand = f"median {ratio} of two groups with the same covariates"
    caption = f"{estimand}; mean and {interval_words()}"
    frame = pd.concat(parts, ignore_index=True)
    return captioned(frame, caption, fit, estimand_description=estimand, interval=interval_words())


def _distinct_effects(z: Array, keeps_rows: bool) -> NDArray[np.int64]:
    """Return the rows whose effects have other weights than those before; all, if rows are asked for."""
    first = np.sort(np.unique(z, axis=0, return_index=True)[1]).astype(np.int64)
    return np.arange(len(z)) if keeps_rows else first


def _fan_of(fit: Fit) -> str:
    return "Use gb.fan(fit)." if fit.family.mean_is_mu else 'Use gb.fan(fit, parameter="mu").'


def _ratio_name(fit: Fit) -> str:
    """Return what exp(linear predictor) is called, for models with random effects of the mean."""
    fit.family.check_new_groups(fit.link)
    ratio = fit.family.ratio_name(fit.link) if MEAN in fit.predictors else ""
    if not ratio or not fit.design.groups:
        what = "no random effects" if ratio else f"the link {fit.link.name}"
        message = f"a ratio of two groups needs random effects under a logit or log link, found {what}."
        raise PredictionError(Finding("not_available", message, hint=_fan_of(fit)))
    return ratio
