"""A model's priors and its rows in, a warning out where the user's priors are far from the data's scale.

Prior draws of replicated responses in NumPy, with a fixed seed: their mean, whose central 99.9 % should hold
the data's, and their spread, which should not be a hundred times the data's. Of many rows some sixty are
taken, moved so that the average of their columns is that of all. Effects of levels are drawn as independent,
and monotonic steps as equal: what matters here is size alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families import Family, Response
from glmm_bayes.families.likelihood import adjusted
from glmm_bayes.families.parameters import law_of
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.monotonic import is_total, prior_columns
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors
from glmm_bayes.spec.prior import Prior

_DRAWS, _ROWS, _SEED = 20_000, 60, 20260726
#: The mean lies between these shares of its prior draws, unless the priors are far off.
_TAILS = (0.0005, 0.9995)
#: Fewer draws are enough where the mean lies between these shares of them and the spread is a tenth of what
#: is told.
_CENTRAL, _GLANCE = (0.02, 0.98), 2_000
#: Half of what lies between these is the spread: the sd of a normal, and finite under heavy tails.
_MIDDLE = (0.158655, 0.841345)
_TIMES = 100.0


@dataclass(frozen=True)
class Replicated:
    """Where the prior predictive mean lies, and half of what holds the central 68% of responses.

    That is the sd of a normal, and finite where the sd is not: most priors have none on a log scale.
    """

    low: float
    high: float
    spread: float


def check_prior_scale(
    family: Family,
    response: Response,
    priors: Priors,
    defaults: Callable[[], Priors],
    findings: Findings,
) -> None:
    """Warn where a user's priors put the responses far from the data; default priors never do.

    Parameters
    ----------
    family : Family
    response : Response
    priors : Priors
    defaults : callable
        Resolves the same model without the user's priors: what these do too is not the user's doing.
    findings : Findings
        Code ``prior_scale``.
    """
    users = [row.parameter for row in priors.rows if row.source == "yours"]
    if not users:
        return
    if not _has_mean(family, response):
        what = "censored, truncated or has no mean of numbers"
        message = f"'{response.label}' is {what}: how far your priors are from the data is not checked."
        findings.note("prior_scale", message)
        return
    rows = np.unique(np.linspace(0, len(response.values) - 1, _ROWS).round().astype(np.int64))
    values = response.values / np.maximum(response.trials, 1)
    centre, sd = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    glance = replicated(family, response, priors, rows, _GLANCE, _CENTRAL)
    if not any(_far(glance, centre, sd, _TIMES / 10.0)):
        return
    replicates = replicated(family, response, priors, rows)
    is_off, is_wide = _far(replicates, centre, sd)
    if not is_off and not is_wide:
        return
    off_too, wide_too = _far(replicated(family, response, defaults(), rows), centre, sd)
    named = f"{', '.join(users[:5])}{', ...' if len(users) > 5 else ''}"
    if is_off and not off_too:
        message = (
            f"your priors ({named}) put the mean of '{response.label}' between {replicates.low:.4g} and "
        )
        message += f"{replicates.high:.4g} (99.9%), and in the data it is {centre:.4g}."
        findings.warning("prior_scale", message, hint=_HINT)
    if is_wide and not wide_too:
        times = (
            f"{replicates.spread / sd:.3g} times the data's"
            if np.isfinite(replicates.spread)
            else "the data's is"
        )
        message = (
            f"under your priors ({named}) '{response.label}' has an sd of {replicates.spread:.3g}, {times} "
        )
        findings.warning("prior_scale", f"{message}{sd:.3g} (half of the central 68%).", hint=_HINT)


_HINT = "Write priors on the scale of the data, or leave them out: the defaults take it from the data."


def _has_mean(family: Family, response: Response) -> bool:
    """Tell whether rows have means to compare, of responses that were all seen as they are."""
    additions = response.additions
    is_whole = additions.censored is None and additions.lower is None and additions.upper is None
    # The mean of angles is a direction, and no average of numbers.
    has_numbers = response.values.ndim == 1 and not family.has_thresholds and not family.support.is_circular
    return is_whole and has_numbers and not family.has_category_predictors


def _far(replicates: Replicated, centre: float, sd: float, times: float = _TIMES) -> tuple[bool, bool]:
    is_off = not replicates.low <= centre <= replicates.high
    return is_off, sd > 0 and replicates.spread > times * sd


def replicated(
    family: Family,
    response: Response,
    priors: Priors,
    rows: NDArray[np.int64],
    draws: int = _DRAWS,
    tails: tuple[float, float] = _TAILS,
) -> Replicated:
    """Draw responses of some rows from the prior."""
    rng = np.random.default_rng(_SEED)
    at = {name: _values(part, rows, rng, draws) for name, part in priors.predictors.items()}
    for name, law in priors.auxiliary.items():
        at[name] = number(np.asarray(law.value(drawn(law.prior, rng, (draws, 1)))))
    at |= {name: number(np.full((draws, 1), value)) for name, value in priors.constants.items()}
    additions = response.additions
    row_additions = replace(
        additions,
        se=None if additions.se is None else additions.se[rows],
        rate=None if additions.rate is None else additions.rate[rows],
    )
    with np.errstate(all="ignore"):
        at = dict(adjusted(family, at, row_additions, NUMPY))
        mean = np.broadcast_to(family.mean(at), (draws, len(rows)))
        variance = np.zeros_like(mean) if family.is_custom else family.variance(at)
        sd = np.sqrt(np.broadcast_to(variance, mean.shape) / np.maximum(response.trials[rows], 1))
        sd = np.where(np.isfinite(sd), sd, 0.0)
        ends = _quantiles((mean + sd * rng.standard_normal(mean.shape)).ravel(), _MIDDLE)
        error = np.sqrt(np.mean(sd**2, axis=1) / len(response.values))
        low, high = _quantiles(mean.mean(axis=1) + error * rng.standard_normal(draws), tails)
        return Replicated(low, high, (ends[1] - ends[0]) / 2.0)


def _quantiles(values: Array, shares: tuple[float, float]) -> tuple[float, float]:
    kept = values[~np.isnan(values)]
    if not len(kept):
        return -np.inf, np.inf
    low, high = np.quantile(kept, shares, method="nearest")
    return float(low), float(high)


def _values(predictor: Predictor, rows: NDArray[np.int64], rng: np.random.Generator, draws: int) -> RowValue:
    """Draw a linear predictor at some rows, shape (draw, row)."""
    design = predictor.design
    x = design.x[rows] + (design.x.mean(axis=0) - design.x[rows].mean(axis=0))
    offset = design.offset[rows] + (design.offset.mean() - design.offset[rows].mean())
    eta = offset + _coefficients(predictor, rng, draws) @ x.T
    if not predictor.is_marginal:
        for group, prior in zip(design.groups, predictor.groups, strict=True):
            eta = eta + _group_part(group, prior, rows, rng, draws)
    return RowValue(predictor.link, eta)


def _coefficients(predictor: Predictor, rng: np.random.Generator, draws: int) -> Array:
    """Draw the coefficients of the design's columns, shape (draw, coef)."""
    prior, columns = predictor.fixed, prior_columns(predictor.design.columns)
    delta = np.zeros((draws, len(prior.others)))
    for position, (_, law) in enumerate(prior.others):
        delta[:, position] = drawn(law, rng, (draws,))
    beta = delta @ prior.from_others.T
    if len(prior.mean):
        z = rng.standard_normal((draws, len(prior.mean)))
        gamma = prior.mean + delta @ prior.shift.T + z @ np.linalg.cholesky(prior.covariance).T
        beta = beta + gamma @ prior.from_normal.T
    if not predictor.monotonic:
        return np.asarray(beta)
    plain = sum(not is_total(column) for column in columns)
    start = plain
    steps: list[Array] = []
    places: list[int] = []
    for term in predictor.monotonic:
        for positions in term.positions:
            steps.append(np.repeat(beta[:, start : start + 1] / len(positions), len(positions), axis=1))
            places += positions
            start += 1
    coefficients = np.empty((draws, len(predictor.design.columns)))
    stepped = np.concatenate(steps, axis=1)
    coefficients[:, places] = stepped
    others = [index for index in range(coefficients.shape[1]) if index not in places]
    coefficients[:, others] = beta[:, :plain] + stepped @ prior.from_steps[:plain].T
    return coefficients


def _group_part(
    group: GroupDesign, prior: GroupPrior, rows: NDArray[np.int64], rng: np.random.Generator, draws: int
) -> Array:
    """Draw what a grouping factor adds to some rows, its levels independent of variance one."""
    levels, members = np.unique(group.members[rows], return_inverse=True)
    members = members.reshape(group.members[rows].shape)
    laws = [law_of(one) for one in prior.sd]
    sd = np.stack([np.asarray(law.value(drawn(law.prior, rng, (draws,)))) for law in laws], axis=1)
    scaled = sd[:, list(prior.sd_of_effect)]
    # What an effect adds is linear in the effects of variance one: their columns are z' times the recoding.
    columns = group.z[rows] @ prior.recoding
    total: Array = np.zeros((draws, len(rows)))
    for effect in range(columns.shape[1]):
        units = rng.standard_normal((draws, len(levels)))
        mixed = (units[:, members] * group.weights[rows]).sum(axis=2)
        total += scaled[:, effect, None] * mixed * columns[:, effect]
    return total


def drawn(prior: Prior, rng: np.random.Generator, size: tuple[int, ...]) -> Array:
    """Draw from a prior, in NumPy."""
    return np.asarray(_DRAWN[prior.name](rng, dict(prior.arguments), size), np.float64)


_Drawn = Callable[[np.random.Generator, Mapping[str, float], tuple[int, ...]], Array]
_DRAWN: Mapping[str, _Drawn] = {
    "Normal": lambda rng, a, n: rng.normal(a["mu"], a["sigma"], n),
    "StudentT": lambda rng, a, n: a["mu"] + a["sigma"] * rng.standard_t(a["nu"], n),
    "Cauchy": lambda rng, a, n: a["alpha"] + a["beta"] * rng.standard_cauchy(n),
    "Laplace": lambda rng, a, n: rng.laplace(a["mu"], a["b"], n),
    "Logistic": lambda rng, a, n: rng.logistic(a["mu"], a["s"], n),
    "Uniform": lambda rng, a, n: rng.uniform(a["lower"], a["upper"], n),
    "HalfNormal": lambda rng, a, n: np.abs(rng.normal(0.0, a["sigma"], n)),
    "HalfStudentT": lambda rng, a, n: a["sigma"] * np.abs(rng.standard_t(a["nu"], n)),
    "HalfCauchy": lambda rng, a, n: a["beta"] * np.abs(rng.standard_cauchy(n)),
    "Exponential": lambda rng, a, n: rng.exponential(a["scale"], n),
    "Gamma": lambda rng, a, n: rng.gamma(a["alpha"], 1.0 / a["beta"], n),
    "InverseGamma": lambda rng, a, n: a["beta"] / rng.gamma(a["alpha"], 1.0, n),
    "LogNormal": lambda rng, a, n: rng.lognormal(a["mu"], a["sigma"], n),
    "Beta": lambda rng, a, n: rng.beta(a["alpha"], a["beta"], n),
}
