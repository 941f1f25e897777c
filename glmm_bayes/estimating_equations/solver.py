"""Outcomes, columns and groups in; what statsmodels makes of the estimating equations, checked, out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import Registry
from glmm_bayes.estimating_equations.mean_model import MeanModel

Integers = NDArray[np.int64]

_STEPS = 200
#: Of the length of the score, whose columns are orthonormal times the root of the number of rows.
_SCORE = 1e-8
#: Rows after each trial has become one: above this the loops over groups take minutes.
_MOST_ROWS = 1_000_000
#: Of statsmodels: what is printed then is no solution.
_WARNINGS = ("ConvergenceWarning", "IterationLimitWarning", "SingularMatrixWarning")

_LINKS = {
    "identity": "Identity",
    "log": "Log",
    "sqrt": "Sqrt",
    "logit": "Logit",
    "probit": "Probit",
    "cloglog": "CLogLog",
    "loglog": "LogLog",
    "cauchit": "Cauchy",
}
_LAWS = {
    "gaussian": "Gaussian",
    "binomial": "Binomial",
    "poisson": "Poisson",
    "negative binomial": "NegativeBinomial",
    "gamma": "Gamma",
    "inverse gaussian": "InverseGaussian",
}


@dataclass(frozen=True)
class Solution:
    """Coefficients, robust standard errors, the working correlation in words."""

    coefficients: Array
    se: Array
    working_correlation: str


def solve(model: MeanModel, codes: Integers, moment: Array | None, structure: Structure) -> Solution:
    """Let statsmodels solve the equations; refuse what it did not solve."""
    row, y = _one_row_a_trial(model)
    order = np.lexsort((np.zeros(len(row)) if moment is None else moment[row], codes[row]))
    row, y = row[order], y[order]
    times, step = None, 1.0
    if moment is not None:
        step = _smallest_step(moment[row], codes[row])
        times = moment[row] / step
    families = _statsmodels("genmod.families")
    law = _law(model, families)
    shape, describe = structure(_statsmodels("genmod.cov_struct"), times, codes[row])
    equations = _statsmodels("genmod.generalized_estimating_equations")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        weights = None if model.weights is None else model.weights[row]
        given = {"time": times, "offset": model.offset[row], "weights": weights}
        x = model.columns @ model.back
        solver = equations.GEE(y, x[row], codes[row], family=law, cov_struct=shape, **given)
        # Moments of scale and correlation are divided by the number of rows or pairs, as in R's geepack.
        result = solver.fit(maxiter=_STEPS, ctol=_SCORE * len(row), ddof_scale=0)
    _check(result, told)
    covariance = model.back @ result.cov_robust @ model.back.T
    correlation = describe(shape, step, np.bincount(codes[row]))
    return Solution(model.back @ result.params, np.sqrt(np.diag(covariance)), correlation)


def _statsmodels(module: str) -> Any:
    try:
        return import_module(f"statsmodels.{module}")
    except ImportError:
        message = "gb.gee needs the package statsmodels, which is not installed."
        hint = 'Write pip install "glmm-bayes[gee]".'
        raise PredictionError(Finding("missing_package", message, hint=hint)) from None


def _law(model: MeanModel, families: Any) -> Any:
    """Return statsmodels' distribution with its link; where it has none, its normal with our variance."""
    name = model.variance.name
    options = {"alpha": model.excess} if model.variance.excess else {}
    # Without a check statsmodels takes links that are not its own.
    link = {"link": _link(model.link, families.links), "check_link": False}
    with warnings.catch_warnings():
        # That a link is not among its usual ones.
        warnings.simplefilter("ignore")
        if name in _LAWS:
            return getattr(families, _LAWS[name])(**link, **options)
        law = families.Gaussian(**link)
    law.variance = lambda mu: model.variance.of_mean(mu, model.excess)
    return law


def _link(link: Link, links: Any) -> Any:
    """Return statsmodels' link; where it has none, ours in its words."""
    if link.name in _LINKS:
        return getattr(links, _LINKS[link.name])()

    class Ours(links.Link):  # type: ignore[misc]  # statsmodels has no types
        def __call__(self, mean: Array) -> Array:
            return link.link(mean)

        def inverse(self, eta: Array) -> Array:
            return np.asarray(link.inverse(eta))

        def inverse_deriv(self, eta: Array) -> Array:
            return np.asarray(link.inverse_derivative(eta))

        def deriv(self, mean: Array) -> Array:
            return np.asarray(1.0 / link.inverse_derivative(link.link(mean)))

    return Ours()


def _one_row_a_trial(model: MeanModel) -> tuple[Integers, Array]:
    """Give each trial a row of its own; return the row that it came from, and its outcome."""
    rows = np.arange(len(model.trials))
    if (model.trials == 1).all():
        return rows, model.successes
    trials = model.trials.astype(np.int64)
    if trials.sum() > _MOST_ROWS:
        message = (
            f"each of {trials.sum()} trials would become a row; statsmodels is given up to {_MOST_ROWS}."
        )
        raise PredictionError(Finding("gee", message))
    row = np.repeat(rows, trials)
    first = np.repeat(np.cumsum(trials) - trials, trials)
    return row, (np.arange(len(row)) - first < model.successes[row]).astype(np.float64)


def _smallest_step(moment: Array, codes: Integers) -> float:
    """Return the smallest distance of two rows of a group: the unit of time."""
    steps = np.diff(moment)[np.diff(codes) == 0]
    if not len(steps):
        message = 'no group has two rows: there is no correlation for correlation="ar1".'
        raise PredictionError(Finding("gee", message, hint='Write correlation="independence".'))
    return float(steps.min())


def _check(result: Any, told: Sequence[warnings.WarningMessage]) -> None:
    """Refuse a result that statsmodels itself warns of."""
    bad = [str(one.message) for one in told if one.category.__name__ in _WARNINGS]
    if result is None or not np.isfinite(result.params).all():
        bad.append("coefficients are not finite")
    if bad:
        message = (
            f"statsmodels found no solution of the estimating equations ({'; '.join(dict.fromkeys(bad))})."
        )
        hint = 'Try correlation="independence"; see gb.Model(...).check() for separation.'
        raise PredictionError(Finding("gee", message, hint=hint))


#: Takes statsmodels' module of correlations, times and groups to a correlation, and to its words.
Words = Callable[[Any, float, Integers], str]
Structure = Callable[[Any, Array | None, Integers], tuple[Any, Words]]


def _independence(module: Any, times: Array | None, codes: Integers) -> tuple[Any, Words]:
    return module.Independence(), lambda shape, step, sizes: "independence"


def _exchangeable(module: Any, times: Array | None, codes: Integers) -> tuple[Any, Words]:
    return module.Exchangeable(), _exchangeable_words


def _exchangeable_words(shape: Any, step: float, sizes: Integers) -> str:
    value, most = float(shape.dep_params), int(sizes.max())
    if most > 1 and not -1 / (most - 1) < value < 1:
        message = (
            f"an exchangeable correlation of {value:.3g} is impossible in a group of {most} rows: the "
            "equations that statsmodels solved are none."
        )
        raise PredictionError(Finding("gee", message, hint='Write correlation="independence".'))
    return f"exchangeable, {value:.3f} between any two rows of a group"


def _ar1(module: Any, times: Array | None, codes: Integers) -> tuple[Any, Words]:
    """Make statsmodels' autoregression read the times: its own matrix takes all rows as equally spaced."""
    assert times is not None
    shape = module.Autoregressive(grid=False)
    times_of_groups = np.split(times, np.flatnonzero(np.diff(codes)) + 1)
    distances = [np.abs(part[:, None] - part[None, :]) for part in times_of_groups]
    shape.covariance_matrix = lambda mean, index: (float(shape.dep_params) ** distances[index], True)
    shape.covariance_matrix_solve = lambda *given: module.CovStruct.covariance_matrix_solve(shape, *given)
    return (
        shape,
        lambda one, step, sizes: f"ar1, {float(one.dep_params):.3f} at a distance of {step:g} in time",
    )


CORRELATIONS: Registry[Structure] = Registry(
    "correlation",
    {"exchangeable": _exchangeable, "independence": _independence, "ar1": _ar1},
    PredictionError,
)
