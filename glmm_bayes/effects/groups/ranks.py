"""Random effects in, the posterior of each level's rank among the others out: ranked within each draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from glmm_bayes.core.arguments import check_flag, check_texts, whole_number
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.effects.groups.random_effects import chosen_groups, effect_draws, only_factor
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.result.of_draws import quantities
from glmm_bayes.effects.result.summary import MeanSummary, summary_frame
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.priors.predictors import Predictor

#: Columns of the ranks' whole distribution: beyond this a table is no way to look at it.
_MOST_LEVELS = 2_000


def ranks(
    fit: Fit,
    factor: str | None = None,
    *,
    effect: str = "Intercept",
    top: int | None = None,
    best: str = "highest",
    distribution: bool = False,
    hypothesis: Any = None,
    probability: float | None = None,
    interval: str | None = None,
) -> Effects:
    """Say how sure the order of the levels is: each level's rank, found anew in every draw.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        The grouping factor; need not be said where there is one.
    effect : str
        Which of its random effects, as ``gb.random_effects`` names them.
    top : int, optional
        ``p_top<k>`` is the probability to be among the best k. Default: 3, or all levels if there are fewer.
    best : {"highest", "lowest"}
        Which end of the effect has rank 1.
    distribution : bool
        True adds the probability of every rank, columns ``rank_1``, ``rank_2``, and so on.
    hypothesis, probability, interval
        As in ``predictions``.

    Returns
    -------
    Effects
        One row a level, by expected rank: ``factor``, ``level``, ``effect``. In its summary ``mean`` is the
        expected rank, the interval's ends are ranks that occur, and ``p_best``, ``p_top<k>`` stand beside
        them. Levels that are equal in a draw share the best of their ranks.

    Raises
    ------
    PredictionError
        ``unknown_factor`` if there is no such factor, or several and none is named; ``no_random_effects``;
        ``unknown_effect``; ``settings`` of ``top``, ``best``, or a distribution over too many levels.
    DataError
        ``draws_missing`` if the draws of the random effects are not in the fit.

    References
    ----------
    Goldstein and Spiegelhalter (1996), League tables and their limitations: statistical issues in
    comparisons of institutional performance. Laird and Louis (1989), Empirical Bayes ranking methods.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> b = np.random.default_rng(1).normal(np.linspace(-1, 1, 59), 0.3, (1, 50, 59))[..., None]
    >>> draws = {"beta": np.ones((1, 50, 2)), "sd_subject": np.full((1, 50, 1), 0.6), "b_subject": b}
    >>> table = gb.ranks(gb.Fit.from_draws(model, draws), "subject").summary()
    >>> bool(table["mean"].is_monotonic_increasing and table["p_best"].sum() == 1)
    True
    """
    check_fit(fit)
    check_texts(factor=factor, effect=effect, best=best)
    check_flag("distribution", distribution)
    shown = read_interval(probability, interval)
    factor = only_factor(fit) if factor is None else factor
    predictor, group, position = chosen_effect(fit, factor, effect)
    has = group.occurs[:, position]
    b = effect_draws(fit, group, predictor)[:, has, position]
    levels = b.shape[1]
    top = min(3, levels) if top is None else top
    _check(top, best, levels, distribution)
    places = _places(b if best == "lowest" else -b)
    order = np.argsort(places.mean(axis=0), kind="stable")
    places, labels = places[:, order], np.array(group.labels, dtype=object)[has][order]
    beside = {"p_best": (places == 1).mean(axis=0), f"p_top{top}": (places <= top).mean(axis=0)}
    if distribution:
        beside |= {f"rank_{rank}": (places == rank).mean(axis=0) for rank in range(1, levels + 1)}
    statement = (
        f"rank of each level of {factor} by its random effect '{effect}', 1 = {best} of {levels}, other "
        "things equal"
    )
    return quantities(
        fit,
        places,
        pd.DataFrame({"factor": factor, "level": labels, "effect": effect}),
        shown,
        f"{statement}; ranked within each draw",
        description=statement,
        hypothesis=hypothesis,
        summarised=RankSummary(),
        beside=pd.DataFrame(beside),
        link=fit.link.name,
        best=best,
    )


class RankSummary(MeanSummary):
    """Mean and sd of each rank, and an interval whose ends are ranks that occur."""

    def summarise(self, flat: Array, interval: Interval) -> pd.DataFrame:
        """Summarise draws of ranks, shape (draw, row)."""
        table = summary_frame(flat, interval)
        table[list(interval.columns)] = np.stack(interval.ends(flat, "inverted_cdf"), axis=1)
        return table


def chosen_effect(fit: Fit, factor: str | None, effect: str | None) -> tuple[Predictor, GroupDesign, int]:
    """Find an effect by the name that ``gb.random_effects`` gives it; without names, the first.

    Raises
    ------
    PredictionError
        ``unknown_factor``, ``no_random_effects`` or ``unknown_effect``.
    """
    groups = chosen_groups(fit, factor)
    if effect is None:
        return (*groups[0], 0)
    names: list[str] = []
    for predictor, group in groups:
        of_group = [f"{predictor.prefix}{name}" for name in group.effects]
        if effect in of_group:
            return predictor, group, of_group.index(effect)
        names += of_group
    hint = " ".join(filter(None, (suggestion(effect, names), f"Effects: {', '.join(names)}.")))
    message = f"'{groups[0][1].factor}' has no random effect '{effect}'."
    raise PredictionError(Finding("unknown_effect", message, hint=hint))


def _check(top: int, best: str, levels: int, distribution: bool) -> None:
    """Refuse what cannot be ranked."""
    whole_number("top", top, 1, levels, PredictionError, of="levels")
    message = ""
    if best not in ("highest", "lowest"):
        message = f'best must be "highest" or "lowest", found {shown_value(best)}.'
    elif distribution and levels > _MOST_LEVELS:
        message = f"the distribution of ranks has {levels} columns; up to {_MOST_LEVELS} are listed."
    if message:
        raise PredictionError(Finding("settings", message))


def _places(values: Array) -> Array:
    """Return the rank of each value in its draw, 1 the smallest; equal values share the best rank."""
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(1, values.shape[1] + 1), values.shape)
    is_new = np.ones(values.shape, dtype=bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    shared = np.maximum.accumulate(np.where(is_new, place, 0), axis=1)
    result = np.empty(values.shape)
    np.put_along_axis(result, order, shared.astype(np.float64), axis=1)
    return result
