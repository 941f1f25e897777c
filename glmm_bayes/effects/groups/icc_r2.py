"""``r2`` and ``icc``: what share of the response's variance covariates and groups account for.

The law of total variance, exact within each draw: Var y = Var_x(m) + E_x Var_b(mu) + E_x E_b V(mu), with
m the population mean, mu the mean of a group and V the family's variance. Of ordered categories y is their
score: the position of the category, the lowest counted as 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.words import interval_words
from glmm_bayes.effects.estimand.averages import free_names
from glmm_bayes.effects.expectation.moments import Moments, covariance_of_means, moments, response_words
from glmm_bayes.effects.groups.latent_residual import latent_residual
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import fixed_part
from glmm_bayes.spec.linear_predictor import MEAN

Array = NDArray[np.float64]

#: What R2 is a share of.
_DIVISOR = (
    "the model's variance in all: predictors over the rows, groups and residual (not the data's variance)"
)
_RESPONSE = "response scale, exact law of total variance"


def icc(fit: Fit, newdata: Any = None, factor: str | None = None) -> pd.DataFrame:
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

    Returns
    -------
    pandas.DataFrame
        The rows' columns, then mean, sd and interval.

    Raises
    ------
    PredictionError
        ``not_available``, ``estimand_undefined``.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Partitioning variation in multilevel models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.7]]]})
    >>> gb.icc(fit, {"trt": ["placebo"]})["mean"].round(6).tolist()
    [0.687108]
    """
    check_fit(fit)
    check_texts(factor=factor)
    found, grid = moments(fit, newdata)
    shared = found.between if factor is None else _between_levels(fit, found, factor)
    whole = found.between + found.within
    if newdata is None:
        between, total = (part[:, found.kind].mean(axis=1) for part in (shared, whole))
        values, grid = (between / total)[:, None], pd.DataFrame(index=range(1))
        where = "variances averaged over the rows of the data"
    else:
        values = (shared / whole)[:, found.kind]
        where = "at each row"
    grid, _ = free_names(grid.reset_index(drop=True))
    table = pd.concat([grid, summary_frame(values)], axis=1)
    of_whom = "" if factor is None else f" of one level of {factor}"
    trials = " of one trial each" if (fit.response.trials != 1).any() else ""
    trials += " for one unit of exposure" if fit.response.additions.rate is not None else ""
    estimand = f"intraclass correlation of {response_words(fit)}{trials}{of_whom}, {_RESPONSE}, {where}"
    caption = f"{estimand}; mean and {interval_words()}"
    return captioned(table, caption, fit, estimand_description=estimand, interval=interval_words())


def _between_levels(fit: Fit, found: Moments, factor: str) -> Array:
    """Return the covariance of the means of two rows that share the level of one factor, (draw, kind)."""
    if not isinstance(factor, str) or factor not in found.variances:
        message = f"no grouping factor '{factor}'."
        hint = f"Factors: {', '.join(found.variances) or 'none'}."
        raise PredictionError(Finding("factor", message, hint=hint))
    kinds = np.arange(found.v.shape[1])
    return covariance_of_means(fit, found, kinds, kinds, found.variances[factor])


def _without_offset(fit: Fit, found: Moments) -> Array:
    """Return what covariates alone make of the linear predictor, shape (draw, row)."""
    if fit.predictors[MEAN].is_marginal:
        # The conditional predictor is no sum of its parts.
        design = replace(fit.design, offset=np.zeros(len(fit.design)))
        return fixed_part(fit.flat, fit.predictors[MEAN], design, slice(None))
    return np.asarray(found.eta[:, found.kind] - fit.design.offset)


def r2(fit: Fit) -> pd.DataFrame:
    """Return the share of the response's variance that covariates, and covariates and groups, account for.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        Columns ``scale``, ``quantity``, mean, sd and interval. On the scale of the response ``population``
        is Var_x(m), ``conditional`` that and the variance between groups, as shares of the whole. On the
        latent scale (binary and cumulative responses, counts and gamma under the log link, numbers under
        the identity link) the same with the variance of x'beta over the rows (divided by their number), the
        mean variance of the random part, and that of the latent residual, which ``attrs["latent_residual"]``
        names.

    Raises
    ------
    PredictionError
        ``not_available``, ``estimand_undefined``.

    References
    ----------
    Nakagawa, Johnson and Schielzeth (2017), The coefficient of determination and intra-class correlation
    coefficient. Johnson (2014), Extension of Nakagawa and Schielzeth's R2 to random slopes models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> draws = {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]], "sigma": [[30.0]]}
    >>> gb.r2(gb.Fit.from_draws(model, draws))["mean"].round(4).tolist()
    [0.3143, 0.6571, 0.3143, 0.6571]
    """
    check_fit(fit)
    found, _ = moments(fit)
    everywhere = (part[:, found.kind] for part in (found.mean, found.between, found.within, found.v))
    mean, between, within, v = everywhere
    parts = {"response": (mean.var(axis=1), between.mean(axis=1), within.mean(axis=1))}
    residual = latent_residual(fit)
    if residual is not None:
        fixed = _without_offset(fit, found).var(axis=1)
        parts["latent"] = (fixed, v.mean(axis=1), residual.variance)
    rows: list[tuple[str, str, Array]] = []
    for scale, (fixed, random, rest) in parts.items():
        whole = fixed + random + rest
        rows.append((scale, "R2 population", fixed / whole))
        rows.append((scale, "R2 conditional", (fixed + random) / whole))
    frame = pd.DataFrame({"scale": [row[0] for row in rows], "quantity": [row[1] for row in rows]})
    table = pd.concat([frame, summary_frame(np.stack([row[2] for row in rows], axis=1))], axis=1)
    latent = "" if residual is None else "; latent scale: Nakagawa's"
    of_what = "" if fit.family.mean_is_mu else f" of {response_words(fit)}"
    estimand = f"share of variance{of_what} accounted for ({_RESPONSE}{latent})"
    words = "" if residual is None else residual.words
    caption = f"{estimand}; of {_DIVISOR}; mean and {interval_words()}"
    caption += f"; latent residual: {words}" if words else ""
    return captioned(
        table, caption, fit, estimand_description=estimand, interval=interval_words(), latent_residual=words
    )
