"""A Fit in; GEE's coefficients of the data beside those of data that the model replicates, out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.arguments import checked_seed
from glmm_bayes.core.distinct import distinct_rows
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.estimand.undefined import check_new_groups
from glmm_bayes.effects.result.summary import summary_frame
from glmm_bayes.estimating_equations.mean_model import MeanModel, mean_model
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.linear_predictor import draw_blocks
from glmm_bayes.predictive.posterior_predictive import spread_draws
from glmm_bayes.predictive.replication import NewGroupReplication

_REPLICATES = 1_000
_STEPS = 60
_TOLERANCE = 1e-10
#: The largest move of a linear predictor in one step of Newton's method.
_LONGEST = 4.0
#: A linear predictor this far from its start is on the way to infinity.
_INFINITE = 30.0


def gee_check(
    fit: Fit,
    *,
    draws: int | None = None,
    probability: float | None = None,
    interval: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare GEE's coefficients of the data with those of data that the model replicates.

    The statistic is the coefficients of GEE with independence, which need no model of how groups differ.
    Replicates have the same design and new groups: each group's random effects are drawn anew (mixed
    replication). With the groups' fitted effects, which have seen the responses, replicates would centre
    on the statistic itself and hide what the model misses.

    Parameters
    ----------
    fit : Fit
    draws : int, optional
        How many draws of each chain to replicate from, spread evenly. Default: all, or as many as make
        1,000 replicates.
    probability, interval
        Of the replicated coefficients, as in ``predictions``.
    seed : int
        Of the replicated groups and responses.

    Returns
    -------
    pandas.DataFrame
        One row a coefficient: ``coef``; ``observed``, the statistic of the data; ``mean``, ``sd`` and
        interval of the replicated ones; ``tail_area``, the share of replicates at or above the observed.
        ``attrs`` holds ``verdict``, the number of replicates, and how many had no finite coefficients.

    Raises
    ------
    PredictionError
        ``gee`` if the family has no such equation, or the data no finite coefficients; ``draws``;
        ``settings`` of the seed; ``not_available`` if levels of a factor are correlated with each other;
        ``estimand_undefined`` where new groups have no mean.
    DataError
        ``draws_missing`` if the variance of the random effects is not in the fit.

    References
    ----------
    Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized
    discrepancies. Liang and Zeger (1986), Longitudinal data analysis using generalized linear models.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y01 ~ trt + (1 | ID)", gb.load_dataset("bacteria"), family="bernoulli")
    >>> beta = np.tile([2.9, -1.3, -0.8], (1, 200, 1))
    >>> fit = gb.Fit.from_draws(model, {"beta": beta, "sd_ID": np.full((1, 200, 1), 1.2)})
    >>> gb.gee_check(fit, seed=1).shape
    (3, 7)
    """
    check_fit(fit)
    seed = checked_seed(seed, PredictionError)
    shown = read_interval(probability, interval)
    model = mean_model(fit, "gb.gee_check")
    check_new_groups(fit, "Use gb.pp_check(fit), whose replicates keep the groups of the data.")
    chosen = _chosen(fit, draws)
    solver = ReplicateSolver(model)
    observed = solver.coefficients(fit.response.values[None])[0]
    if np.isnan(observed).any():
        message = "GEE has no finite coefficients in these data: the fixed part separates the outcomes."
        raise PredictionError(Finding("gee", message, hint="See gb.Model(...).check()."))
    replication, rng = NewGroupReplication(fit), np.random.default_rng(seed)
    replicated = np.empty((len(chosen), len(observed)))
    for block in draw_blocks(len(chosen), fit.response.values.size):
        replicated[block] = solver.coefficients(replication.draw(rng, chosen[block]))
    return _table(fit, model, observed, replicated, shown, seed)


def _chosen(fit: Fit, draws: int | None) -> NDArray[np.int64]:
    """Return the positions of the draws among all, spread evenly over each chain."""
    chains, available = fit.shape
    kept = spread_draws(available, min(available, -(-_REPLICATES // chains)) if draws is None else draws)
    return (np.arange(chains)[:, None] * available + kept).reshape(-1)


class ReplicateSolver:
    """Solves GEE with independence for many responses of one design: rows with equal columns are one cell.

    Parameters
    ----------
    model : MeanModel
    """

    def __init__(self, model: MeanModel) -> None:
        first, self._cell = distinct_rows(np.column_stack([model.columns, model.offset]))
        self._x, self._offset = model.columns[first] @ model.back, model.offset[first]
        self._weights = np.ones(len(model.offset)) if model.weights is None else model.weights
        self._total = self._sums((self._weights * model.trials)[None])[0]
        self._model = model

    def coefficients(self, responses: Array) -> Array:
        """Return the coefficients of each response, shape (replicate, coef); NaN where they are infinite.

        Parameters
        ----------
        responses : ndarray, shape (replicate, row)
            Successes, where there are trials.
        """
        sums = self._sums(responses * self._weights)
        has_rows = self._total > 0
        mean = np.divide(sums, self._total, out=np.zeros_like(sums), where=has_rows)
        start, lost = self._start(mean)
        gamma = start.copy()
        open_ = np.ones(len(gamma), dtype=bool)
        for _ in range(_STEPS):
            step = self._step(gamma[open_], mean[open_])
            gamma[open_] += step
            reached = np.abs(step).max(axis=1) <= _TOLERANCE * (1 + np.abs(gamma[open_]).max(axis=1))
            open_[np.flatnonzero(open_)[reached]] = False
            if not open_.any():
                break
        away = np.abs((gamma - start) @ self._x.T).max(axis=1) > _INFINITE
        gamma[lost | open_ | (away & (self._model.link.name != "identity"))] = np.nan
        return gamma @ self._model.back.T

    def _sums(self, values: Array) -> Array:
        size = len(self._offset)
        return np.stack([np.bincount(self._cell, row, minlength=size) for row in values])

    def _start(self, mean: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Return coefficients that fit the link of means drawn halfway to the overall one.

        And which responses have none, since their overall mean lies at an end of the scale.
        """
        link, root = self._model.link, np.sqrt(self._total)
        overall = (mean @ self._total / self._total.sum())[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            target, middle = link.link(0.5 * (mean + overall)), link.link(overall)
        lost = ~np.isfinite(middle[:, 0])
        middle[lost] = 0.0
        target = np.where(np.isfinite(target), target, middle) - self._offset
        solution = np.linalg.lstsq(self._x * root[:, None], (target * root).T, rcond=None)[0]
        return np.asarray(solution.T), lost

    def _step(self, gamma: Array, mean: Array) -> Array:
        """Return a step of Newton's method with expected information."""
        model = self._model
        eta = self._offset + gamma @ self._x.T
        mu, slope = model.link.inverse(eta), model.link.inverse_derivative(eta)
        variance = np.maximum(model.variance.of_mean(mu, model.excess), np.finfo(float).tiny)
        weight = self._total * slope / variance
        score = (weight * (mean - mu)) @ self._x
        information = np.einsum("su,uk,ul->skl", weight * slope, self._x, self._x, optimize=True)
        scale = np.trace(information, axis1=1, axis2=2)[:, None, None]
        # Where means have reached an end of the scale nothing is left to step by.
        ridge = 1e-14 * np.maximum(scale, np.finfo(float).tiny) * np.eye(score.shape[1])
        step = np.linalg.solve(information + ridge, score[:, :, None])[:, :, 0]
        longest = np.abs(step @ self._x.T).max(axis=1, keepdims=True)
        if model.link.name == "identity":
            return np.asarray(step)
        return np.asarray(step * np.minimum(1.0, _LONGEST / np.maximum(longest, _LONGEST)))


def _table(
    fit: Fit, model: MeanModel, observed: Array, replicated: Array, interval: Interval, seed: int
) -> pd.DataFrame:
    finite = np.isfinite(replicated).all(axis=1)
    kept = replicated[finite]
    if not len(kept):
        message = "no replicate has finite coefficients."
        raise PredictionError(Finding("gee", message, hint="See gb.pp_check(fit)."))
    table = pd.DataFrame({"coef": fit.design.coefficients, "observed": observed})
    table = pd.concat([table, summary_frame(kept, interval)], axis=1)
    table["tail_area"] = (kept >= observed).mean(axis=0)
    lower, upper = interval.columns
    inside = int(((table[lower] <= observed) & (observed <= table[upper])).sum())
    where = f"in the replicated {interval.percent}% interval"
    verdict = f"{inside} of {len(table)} coefficients of the data lie {where}."
    lost = len(replicated) - len(kept)
    estimand = (
        "coefficients of GEE with independence, population-averaged; replicated: same design, every group's "
        "random effects drawn anew"
    )
    caption = (
        f"{estimand}; {model.variance.name} working variance; "
        f"mean and {interval.name} of {len(kept)} replicates, "
        f"seed {seed}; tail_area: share of replicates at or above the observed. {verdict}"
    )
    if lost:
        caption += f" {lost} further replicates have no finite coefficients and are left out."
    attrs = {"verdict": verdict, "replicates": len(kept), "without_coefficients": lost, "seed": seed}
    return captioned(table, caption, fit, estimand_description=estimand, **interval.attrs, **attrs)
