"""A Fit in; its parameters with their intervals and Monte Carlo errors out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.convergence import ess_bulk, ess_tail, mcse_mean, r_hat
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.parameters import FEWEST_DRAWS, parameters


def summary(fit: Fit, *, probability: float | None = None, interval: str | None = None) -> pd.DataFrame:
    """Summarise coefficients, standard deviations, correlations and auxiliaries with diagnostics.

    Parameters
    ----------
    fit : Fit
    probability : float, optional
        Of the intervals; default: ArviZ's ``rcParams["stats.ci_prob"]``, 0.89 unless it was changed.
    interval : {"eti", "hdi"}, optional
        Equal-tailed or the narrowest; default: ArviZ's ``rcParams["stats.ci_kind"]``.

    Returns
    -------
    pandas.DataFrame
        Indexed by parameter, on the scale of its linear predictor or, without one, its own: ``mean``, ``sd``,
        the interval, ``mcse_mean``, ``ess_bulk``, ``ess_tail`` (of the 5% and 95% quantiles), ``r_hat``; what
        too few draws or draws that are not finite do not give is NaN. Coefficients are
        subject-specific: what changes for a given group; under ``interpretation="population"`` those of
        the mean are population-averaged. (``coefficients`` shows both.)

    Raises
    ------
    PredictionError
        ``fit`` if it is none; ``values`` unless the probability lies between 0 and 1, ``interval`` for an
        unknown kind.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> gb.summary(fit)["mean"].to_dict()
    {'beta[Intercept]': 250.0, 'beta[Days]': 10.0, 'sd_Subject[Intercept]': 30.0}
    """
    check_fit(fit, any_number=True)
    shown = read_interval(probability, interval)
    draws = parameters(fit)
    rows = [_row(values, shown) for values in draws.values()]
    table = pd.DataFrame(rows, index=pd.Index(draws, name="parameter"))
    marginal = any(predictor.is_marginal for predictor in fit.predictors.values())
    estimand = "subject-specific parameters of the model, in the coding of the formula"
    if marginal:
        estimand = "population-averaged coefficients and parameters of the model, in the formula's coding"
    caption = f"{estimand}; mean and {shown.name}"
    return captioned(table, caption, fit, estimand=estimand, **shown.attrs)


def _row(values: Array, interval: Interval) -> dict[str, float]:
    """Summarise the (chain, draw) draws of one parameter; what needs finite ones is NaN without them."""
    with np.errstate(invalid="ignore"):
        ends = interval.ends(values.reshape(-1))
        spread = float(values.std(ddof=1)) if values.size > 1 else np.nan
        row = {"mean": float(values.mean()), "sd": spread}
    row |= dict(zip(interval.columns, map(float, ends), strict=True))
    if not np.isfinite(values).all() or values.shape[1] < FEWEST_DRAWS:
        return row | dict.fromkeys(("mcse_mean", "ess_bulk", "ess_tail", "r_hat"), np.nan)
    # Draws that do not differ have no variance to divide by: their R-hat is NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        return row | {
            "mcse_mean": mcse_mean(values),
            "ess_bulk": ess_bulk(values),
            "ess_tail": ess_tail(values),
            "r_hat": r_hat(values) if len(values) > 1 else np.nan,
        }
