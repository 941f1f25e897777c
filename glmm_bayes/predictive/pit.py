"""A Fit in; where each response lies in its own predictive distribution out."""

from __future__ import annotations

import numpy as np
import xarray as xr

from glmm_bayes.core.arguments import checked_seed
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.caveats import caveat_attrs
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.predictive.posterior_predictive import posterior_predictive

_REPLICATES = 1000


def pit(fit: Fit, seed: int = 0) -> xr.DataArray:
    """Compute the probability integral transform of each response under its predictive distribution.

    If the model is right these values are close to uniform on (0, 1). They are of rows that the model has
    seen, each with its own random effects (for left-out rows: ``az.loo_pit``).

    A discrete response has its value drawn uniformly between P(y_rep < y) and P(y_rep <= y); a
    right-censored one between P(y_rep <= y) and 1, a left-censored one between 0 and P(y_rep <= y), an
    interval-censored one between those of the interval's ends (randomized PIT). Truncated responses are
    compared with replicates inside their bounds; known standard errors and exposure are in the replicates.
    Weights play no part: they say how much a row counts, not how it is distributed.

    Parameters
    ----------
    fit : Fit
    seed : int
        Of the replicates and of what is drawn between them.

    Returns
    -------
    xarray.DataArray, dims (row)
        Values between 0 and 1, in the order of the data; ``attrs`` hold the seed and the number of
        replicates.

    Raises
    ------
    PredictionError
        ``not_available`` for responses without an order (categorical, multinomial); ``settings`` of the seed.
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.

    References
    ----------
    Czado, Gneiting and Held (2009), Predictive model assessment for count data.
    Dunn and Smyth (1996), Randomized quantile residuals.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> b = np.random.default_rng(1).normal(0, 0.5, (1, 50, 59, 1))
    >>> draws = {"beta": np.ones((1, 50, 2)), "sd_subject": np.full((1, 50, 1), 0.5), "b_subject": b}
    >>> values = gb.pit(gb.Fit.from_draws(model, draws), seed=1)
    >>> values.dims, values.shape, bool(((values > 0) & (values < 1)).all())
    (('row',), (236,), True)
    """
    check_fit(fit)
    if fit.family.has_category_predictors:
        message = f"a {fit.family.name} response has no order, and so no distribution function."
        hint = "gb.pp_check(fit) compares frequencies."
        raise PredictionError(Finding("not_available", message, hint=hint))
    seed = checked_seed(seed, PredictionError)
    per_chain = max(1, min(fit.shape[1], _REPLICATES // fit.shape[0]))
    tree = posterior_predictive(fit, draws=per_chain, seed=seed)
    replicated = tree["posterior_predictive"]["y"].to_numpy().reshape(-1, len(fit.design))
    low, high = _ends(fit, replicated)
    # The generator of replicates has another stream.
    share = np.random.default_rng([seed, 1]).uniform(size=len(low))
    values = low + share * (high - low)
    attrs = {
        "estimand": "each response among replicates with its own group's random effects",
        "replicates": len(replicated),
        "seed": seed,
    } | caveat_attrs(fit)
    return xr.DataArray(values, dims="row", coords={"row": np.arange(len(values))}, attrs=attrs)


def _ends(fit: Fit, replicated: Array) -> tuple[Array, Array]:
    """Return the ends between which the transform of each row is drawn.

    Ranks among R replicates and the response itself keep a continuous response's transform uniform.
    """
    response, count = fit.response, len(replicated) + 1
    y = response.values
    below, up_to = (replicated < y).sum(axis=0) / count, ((replicated <= y).sum(axis=0) + 1) / count
    censored, region = response.additions.censored, response.additions.region
    if censored is None or region is None:
        return below, up_to
    # The region of the likelihood: cut at the bounds, and open where it leaves out nothing.
    from_low = (replicated <= region[0]).sum(axis=0) / count
    to_high = np.where(np.isposinf(region[1]), 1.0, ((replicated <= region[1]).sum(axis=0) + 1) / count)
    return np.where(censored == 0, below, from_low), np.where(censored == 0, up_to, to_high)
