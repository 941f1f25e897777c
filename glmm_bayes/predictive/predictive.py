"""A Fit in; replicated responses of its own rows, and a figure that holds them against the observed, out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from glmm_bayes.core.arguments import check_texts, checked_seed, whole_number
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.registry import Registry
from glmm_bayes.families.likelihood import draw_responses
from glmm_bayes.fit.caveats import caveat_attrs
from glmm_bayes.fit.datatree import observed_data
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import draw_blocks, needed_variables, subject_values

if TYPE_CHECKING:
    from glmm_bayes.plots.canvas import Picture

Array = NDArray[np.float64]

#: Replicated responses kept by default: 5 million numbers are 40 MB.
_MOST_NUMBERS = 5_000_000
#: Replicated data sets of a check: enough for the ends of 89% bands, quick to draw.
_CHECK_REPLICATES = 400


def posterior_predictive(fit: Fit, draws: int | None = None, seed: int | None = None) -> xr.DataTree:
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
    return spread_draws(available, min(available, max(1, _MOST_NUMBERS // max(1, numbers))))


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
    words = (
        "all draws" if len(kept) == available else f"{len(kept)} of {available} draws a chain, evenly spread"
    )
    attrs = {
        "seed": seed,
        "draws": len(kept),
        "thinning": words,
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


def pp_check(fit: Fit, kind: str = "auto", seed: int = 0) -> Picture:
    """Hold the observed responses against those that the model replicates.

    Parameters
    ----------
    fit : Fit
    kind : {"auto", "density", "rootogram", "proportions", "categories"}
        ``density`` for numbers (zeros of a hurdle and the like apart, in words), ``rootogram`` for counts,
        ``proportions`` for successes in trials (proportions of groups, and observed against predicted),
        ``categories`` for how often each category occurs; ``auto`` takes the one that fits.
    seed : int
        Of the replicated responses.

    Returns
    -------
    Picture
        A ``matplotlib.figure.Figure`` with ``alt`` (in words) and ``verdict`` (one sentence: how many
        observed values lie in the band of the replicated ones). Returned, not shown.

    Raises
    ------
    PredictionError
        If there is no such kind, or it does not fit the family; ``not_available`` for censored responses.
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt and Gelman (2019), Visualization in Bayesian workflow.
    Kleiber and Zeileis (2016), Visualizing count data regressions using rootograms.
    """
    check_fit(fit)
    check_texts(kind=kind)
    seed = checked_seed(seed, PredictionError)
    if fit.response.additions.censored is not None:
        message = "censored responses are no draws of what the model replicates: pictures would condemn it."
        raise PredictionError(Finding("not_available", message, hint="gb.pit(fit) knows what is censored."))
    fitting = _fitting_kind(fit)
    chosen = fitting if kind == "auto" else kind
    draw = KINDS[chosen]
    if chosen != fitting:
        message = f"kind='{kind}' does not fit a {fit.family.name} response."
        raise PredictionError(Finding("kind", message, hint=f'Write kind="{fitting}".'))
    per_chain = max(1, min(fit.shape[1], _CHECK_REPLICATES // fit.shape[0], _size_limit(fit)))
    tree = posterior_predictive(fit, draws=per_chain, seed=seed)
    replicated = tree["posterior_predictive"]["y"].to_numpy().reshape(-1, *fit.response.values.shape)
    return draw(fit, replicated)


def _size_limit(fit: Fit) -> int:
    return _MOST_NUMBERS // (fit.shape[0] * fit.response.values.size)


def _fitting_kind(fit: Fit) -> str:
    """Choose by what the family is; the link that a user chose has no part in it."""
    if fit.response.categories:
        return "categories"
    if not fit.family.is_discrete:
        return "density"
    return "proportions" if fit.family.counts_successes else "rootogram"


def _density(fit: Fit, replicated: Array) -> Picture:
    from glmm_bayes.plots.density_check import density_check

    return density_check(fit, replicated)


def _rootogram(fit: Fit, replicated: Array) -> Picture:
    from glmm_bayes.plots.checks import rootogram_check

    return rootogram_check(fit, replicated)


def _proportions(fit: Fit, replicated: Array) -> Picture:
    from glmm_bayes.plots.checks import proportions_check

    return proportions_check(fit, replicated)


def _categories(fit: Fit, replicated: Array) -> Picture:
    from glmm_bayes.plots.categories_check import categories_check

    return categories_check(fit, replicated)


KINDS: Registry[Callable[[Fit, Array], Picture]] = Registry(
    "kind",
    {
        "density": _density,
        "rootogram": _rootogram,
        "proportions": _proportions,
        "categories": _categories,
    },
    PredictionError,
)
