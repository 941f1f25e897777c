"""Beta: proportions strictly between 0 and 1 that are not counts of successes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.incomplete import log_betainc
from glmm_bayes.core.links import Link
from glmm_bayes.core.log_gammas import log_beta_density
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.families.base import Family, Response
from glmm_bayes.families.reading import outside_support, refuse_constant, refuse_trials, require_numbers
from glmm_bayes.families.scales import Scales, probability_scales
from glmm_bayes.families.traits import (
    BINOMIAL_VARIANCE,
    PROBABILITIES,
    PROBABILITY_LINKS,
    Mu,
    Notation,
    Support,
    WorkingVariance,
)

_SUPPORT = "numbers strictly between 0 and 1"
_SMALLEST = float(np.finfo(np.float64).tiny)
#: The gradient of the incomplete beta function overflows at shapes far below.
_LOWEST_SHAPE = 1e-50
_LARGEST = 1.0 - float(np.finfo(np.float64).epsneg)


class Beta(Family):
    """Proportions with mean ``mu`` and variance mu (1 - mu)/(1 + phi)."""

    name: ClassVar[str] = "beta"
    notation: ClassVar[Notation] = Notation(
        "Beta(mean mu[i], precision phi)", r"\mathrm{Beta}(\mathrm{mean} = \mu_i, \mathrm{precision} = \phi)"
    )
    mu: ClassVar[Mu] = Mu(PROBABILITY_LINKS, PROBABILITIES)
    support: ClassVar[Support] = Support("unit", _SUPPORT, floor=0.0, ceiling=1.0)
    working_variance: ClassVar[WorkingVariance | None] = BINOMIAL_VARIANCE
    auxiliaries: ClassVar[tuple[str, ...]] = ("phi",)

    def _read(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        if y is None:
            y = np.full(len(columns.rows), 0.5)
        elif (bad := (y <= 0) | (y >= 1)).any():
            outside_support(columns, bad, self.name, _SUPPORT, _remedy(y, columns.label), findings)
        else:
            refuse_constant(columns, y, findings)
        return Response(
            columns.label, f"mean of {columns.label}", y, np.ones_like(y), additions=columns.additions
        )

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        return probability_scales(link)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        mu, phi = at["mu"], at["phi"]
        return log_beta_density(y, mu.log, mu.log_complement, phi.value, phi.log, m)

    def variance(self, at: RowValues) -> Array:
        return np.exp(self.log_variance(at))

    def log_variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].log + at["mu"].log_complement - np.log1p(at["phi"].value))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        (_, a), (_, b) = _shapes(at, NUMPY)
        draws = rng.beta(np.maximum(a, _SMALLEST), np.maximum(b, _SMALLEST))
        return np.asarray(np.clip(draws, _SMALLEST, _LARGEST))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        (_, a), (_, b) = _shapes(at, m)
        return log_betainc(m.maximum(a, _LOWEST_SHAPE), m.maximum(b, _LOWEST_SHAPE), y, 1.0 - y, m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        (_, a), (_, b) = _shapes(at, m)
        return log_betainc(m.maximum(b, _LOWEST_SHAPE), m.maximum(a, _LOWEST_SHAPE), 1.0 - y, y, m)


def _shapes(at: RowValues, m: Maths) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return log and value of the two shapes, mu phi and (1 - mu) phi."""
    log_a, log_b = at["mu"].log + at["phi"].log, at["mu"].log_complement + at["phi"].log
    return (log_a, m.exp(log_a)), (log_b, m.exp(log_b))


def _remedy(y: Array, label: str) -> str:
    """Tell which families take 0 and 1, or that percentages are meant."""
    zeros, ones = int((y == 0).sum()), int((y == 1).sum())
    if (y < 0).any() or (y > 100).any():
        return 'Did you mean family="gaussian"?'
    if (y > 1).any():
        return f"Percentages? Divide by 100: write {label} / 100 ~ ...."
    if zeros + ones == len(y):
        return 'A response of 0 and 1 is family="bernoulli".'
    counted = f"{zeros} exact 0, {ones} exact 1"
    families = '"zero_one_inflated_beta" or "ordered_beta"'
    if not ones:
        families = f'"zero_inflated_beta", {families}'
    return f"{counted}: family={families} would accept them."
