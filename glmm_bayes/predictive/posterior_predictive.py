"""``posterior_predictive``: a Fit in, replicated responses of its own rows out."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.arguments import checked_seed, whole_number
from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.maths import Array
from glmm_bayes.families.likelihood import draw_responses
from glmm_bayes.fit.caveats import caveat_attrs
from glmm_bayes.fit.datatree import observed_data
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import draw_blocks, needed_variables, subject_values

#: Replicated responses kept by default: 5 million numbers are 40 MB.
MOST_NUMBERS = 5_000_000


def posterior_predictive(fit: Fit, *, draws: int | None = None, seed: int | None = None) -> xr.DataTree:
    """Replicate the responses of the training rows, each group with its own random effects.

    Parameters
    ----------
    fit : Fit
    draws : int, optional
        How many draws of each chain to use, spread evenly. Default: all, or as many as keep the result
        within 5 million numbers.
    seed : int, optional
        The same seed gives the same bits. None draws a seed and stores it in ``attrs``.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior_predictive`` (variable ``y``, dims chain, draw, row) and ``observed_data``;
        ``attrs`` hold the seed, the number of draws a chain, and whether draws were left out.

    Raises
    ------
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.
    PredictionError
        ``draws`` if more draws are asked for than there are; ``settings`` if the seed is no whole number.

    References
    ----------
    Rubin (1984), Bayesianly justifiable and relevant frequency calculations for the applied statistician.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> draws = {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]], "b_subject": np.zeros((1, 1, 59))}
    >>> fit = gb.Fit.from_draws(model, draws)
    >>> gb.posterior_predictive(fit, seed=1)["posterior_predictive"]["y"].shape
    (1, 1, 236)
    """
    check_fit(fit)
    chains, available = fit.shape
    entropy = (
        int(np.random.SeedSequence().generate_state(1)[0])
        if seed is None
        else checked_seed(seed, PredictionError)
    )
    kept = _kept(available, draws, chains * fit.response.values.size)
    flat = _thinned(fit, kept)
    rng = np.random.default_rng(entropy)
    size = chains * len(kept)
    result = np.empty((size, *fit.response.values.shape))
    for block in draw_blocks(size, fit.response.values.size):
        at = subject_values(flat, fit.priors, block)
        result[block] = draw_responses(fit.family, rng, fit.response, at)
    return _tree(fit, result.reshape(chains, len(kept), *fit.response.values.shape), kept, entropy)


def _kept(available: int, draws: int | None, numbers: int) -> NDArray[np.int64]:
    """Return the positions of the draws to use, spread evenly over the chain."""
    if draws is not None:
        return spread_draws(available, draws)
    return spread_draws(available, min(available, max(1, MOST_NUMBERS // max(1, numbers))))


def spread_draws(available: int, draws: int) -> NDArray[np.int64]:
    """Return the positions of some of a chain's draws, spread evenly over it."""
    count = whole_number("draws of each chain", draws, 1, available, PredictionError, "draws")
    return np.arange(count) * available // count


def _thinned(fit: Fit, kept: NDArray[np.int64]) -> dict[str, Array]:
    """Return the draws that the rows' own predictor needs, chains and kept draws in one first axis."""
    chains, available = fit.shape
    flat = {}
    for name in needed_variables(fit.priors):
        values = fit.needed(name, "the posterior predictive")
        chosen = values.reshape(chains, available, *values.shape[1:])[:, kept]
        flat[name] = chosen.reshape(chains * len(kept), *values.shape[1:])
    return flat


def _tree(fit: Fit, values: Array, kept: NDArray[np.int64], seed: int) -> xr.DataTree:
    available = fit.shape[1]
    thinning = (
        "all draws" if len(kept) == available else f"{len(kept)} of {available} draws a chain, evenly spread"
    )
    attrs = {
        "seed": seed,
        "draws": len(kept),
        "thinning": thinning,
        "estimand": "replicated responses of the training rows, each group with its own random effects",
    } | caveat_attrs(fit)
    observed = observed_data(fit.definition)
    steps = {"chain": np.arange(values.shape[0]), "draw": kept}
    dims = ("chain", "draw", *map(str, observed["y"].dims))
    replicated = xr.Dataset(
        {"y": (dims, values)}, coords={**steps, **observed.coords}, attrs=attrs | observed.attrs
    )
    return xr.DataTree.from_dict(
        {"/": xr.Dataset(attrs=attrs), "posterior_predictive": replicated, "observed_data": observed}
    )
