"""A Fit in; its parameters with their intervals and Monte Carlo errors out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.priors.names import element
from glmm_bayes.priors.posterior import Posterior, Variable, shared_labels
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors, SharedEffects

#: R-hat and effective sample sizes are of at least so many draws a chain.
FEWEST_DRAWS = 4


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
    from arviz_stats.base import array_stats

    with np.errstate(invalid="ignore"):
        ends = interval.ends(values.reshape(-1))
        spread = float(values.std(ddof=1)) if values.size > 1 else np.nan
        row = {"mean": float(values.mean()), "sd": spread}
    row |= dict(zip(interval.columns, map(float, ends), strict=True))
    if not np.isfinite(values).all() or values.shape[1] < FEWEST_DRAWS:
        return row | dict.fromkeys(("mcse_mean", "ess_bulk", "ess_tail", "r_hat"), np.nan)
    axes = {"chain_axis": 0, "draw_axis": 1}
    # Draws that do not differ have no variance to divide by: their R-hat is NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        return row | {
            "mcse_mean": float(array_stats.mcse(values, method="mean", **axes)),
            "ess_bulk": float(array_stats.ess(values, method="bulk", **axes)),
            "ess_tail": float(array_stats.ess(values, method="tail", prob=(0.05, 0.95), **axes)),
            "r_hat": float(array_stats.rhat(values, **axes)) if len(values) > 1 else np.nan,
        }


def parameters(fit: Fit) -> dict[str, Array]:
    """List the parameters that a reader looks at, each with its (chain, draw) draws."""
    posterior = fit.draws["posterior"]
    result: dict[str, Array] = {}
    for predictor in fit.predictors.values():
        result |= _of_predictor(predictor, posterior)
    known = fit.definition.posterior
    of_one = [variable for variable in known.of_role("threshold") if fit.is_single]
    for variable in of_one:
        result |= _elements(variable, known, posterior)
    for shared in fit.priors.shared:
        result |= _joint_correlations(shared, fit.priors, posterior)
    single = fit.priors.auxiliary
    result |= {name: posterior[name].to_numpy() for name in single if name in posterior}
    for variable in (*known.of_role("threshold"), *known.of_role("residual_correlation")):
        result |= {} if variable in of_one else _elements(variable, known, posterior)
    return result


def _elements(variable: Variable, known: Posterior, posterior: Any) -> dict[str, Array]:
    """List the numbers of thresholds, or of one triangle of a matrix, by their names."""
    if variable.name not in posterior:
        return {}
    values, labels = posterior[variable.name].to_numpy(), known.labels[variable.dims[0]]
    if len(variable.dims) == 1:
        return {element(variable.name, label): values[:, :, k] for k, label in enumerate(labels)}
    return {
        element(variable.name, labels[i], labels[j]): values[:, :, i, j]
        for j in range(len(labels))
        for i in range(j)
    }


def _of_predictor(predictor: Predictor, posterior: Any) -> dict[str, Array]:
    design, names = predictor.design, predictor.names
    beta = posterior[names.beta].to_numpy()
    result = {names.coefficient(name): beta[:, :, k] for k, name in enumerate(design.coefficients)}
    for group, prior in zip(design.groups, predictor.groups, strict=True):
        sd_name = names.sd(group.slug)
        if sd_name in posterior:
            sd = posterior[sd_name].to_numpy()
            for first in dict.fromkeys(prior.sd_of_effect):
                index = prior.sd_of_effect.index(first)
                result[names.sd_of(group.slug, group.effects[index])] = sd[:, :, index]
        corr_name = names.of_factor("corr", group.slug)
        if corr_name in posterior:
            corr = posterior[corr_name].to_numpy()
            for first, second in prior.pairs:
                pair = (group.effects[first], group.effects[second])
                result[element(corr_name, *pair)] = corr[:, :, first, second]
        single = [names.of_factor(name, group.slug) for name in prior.sampled_values]
        result |= {name: posterior[name].to_numpy() for name in single if name in posterior}
    return result


def _joint_correlations(shared: SharedEffects, priors: Priors, posterior: Any) -> dict[str, Array]:
    """List the correlations between effects of different linear predictors."""
    name = shared.names.correlation
    if name not in posterior:
        return {}
    labels, corr = shared_labels(shared, priors), posterior[name].to_numpy()
    owner = [member for member, positions in enumerate(shared.positions) for _ in positions]
    return {
        element(name, labels[i], labels[j]): corr[:, :, i, j]
        for j in range(shared.size)
        for i in range(j)
        if owner[i] != owner[j]
    }
