"""``pp_check``: a Fit in, a figure that holds replicated responses against the observed ones out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from glmm_bayes.core.arguments import check_texts, checked_seed
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import Registry
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.predictive.posterior_predictive import MOST_NUMBERS, posterior_predictive

if TYPE_CHECKING:
    from glmm_bayes.plots.canvas import Picture


#: Replicated data sets of a check: enough for the ends of 89% bands, quick to draw.
_CHECK_REPLICATES = 400


def pp_check(
    fit: Fit,
    *,
    kind: str = "auto",
    probability: float | None = None,
    interval: str | None = None,
    seed: int = 0,
) -> Picture:
    """Compare the observed responses with those that the model replicates.

    Parameters
    ----------
    fit : Fit
    kind : {"auto", "density", "rootogram", "proportions", "categories"}
        ``density`` for numbers (zeros of a hurdle and the like apart, in words), ``rootogram`` for counts,
        ``proportions`` for successes in trials (proportions of groups, and observed against predicted),
        ``categories`` for how often each category occurs; ``auto`` takes the one that fits.
    probability, interval
        Of the replicated bands, as in ``predictions``.
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
        ``unknown_kind``, ``kind`` if it does not fit the family; ``not_available`` for censored responses;
        ``settings`` of the seed, ``values``, ``interval``.
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt and Gelman (2019), Visualization in Bayesian workflow.
    Kleiber and Zeileis (2016), Visualizing count data regressions using rootograms.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> b = np.random.default_rng(1).normal(0, 0.5, (1, 50, 59, 1))
    >>> draws = {"beta": np.ones((1, 50, 2)), "sd_subject": np.full((1, 50, 1), 0.5), "b_subject": b}
    >>> gb.pp_check(gb.Fit.from_draws(model, draws), seed=1).alt[:49]
    'Rootogram of y, counts from 0 to 102 (last bar: 3'
    """
    check_fit(fit)
    check_texts(kind=kind)
    shown = read_interval(probability, interval)
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
    return draw(fit, replicated, shown)


def _size_limit(fit: Fit) -> int:
    return MOST_NUMBERS // (fit.shape[0] * fit.response.values.size)


def _fitting_kind(fit: Fit) -> str:
    """Choose by what the family is; the link that a user chose has no part in it."""
    if fit.response.categories:
        return "categories"
    if not fit.family.is_discrete:
        return "density"
    return "proportions" if fit.family.support.counts_successes else "rootogram"


def _density(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    from glmm_bayes.plots.density_check import density_check

    return density_check(fit, replicated, interval)


def _rootogram(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    from glmm_bayes.plots.checks import rootogram_check

    return rootogram_check(fit, replicated, interval)


def _proportions(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    from glmm_bayes.plots.checks import proportions_check

    return proportions_check(fit, replicated, interval)


def _categories(fit: Fit, replicated: Array, interval: Interval) -> Picture:
    from glmm_bayes.plots.categories_check import categories_check

    return categories_check(fit, replicated, interval)


KINDS: Registry[Callable[[Fit, Array, Interval], Picture]] = Registry(
    "kind",
    {
        "density": _density,
        "rootogram": _rootogram,
        "proportions": _proportions,
        "categories": _categories,
    },
    PredictionError,
)
