"""Poisson: counts with a log link; exposure enters as offset(log(e))."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.special import gammaln, logsumexp

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.links import Link
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.graph.families.base import (
    Array,
    Family,
    Response,
    Scales,
    outside_support,
    refuse_trials,
    require_numbers,
)

_SUPPORT = "whole numbers of at least 0"
_EXACT_LIMIT = 2.0**53


def _remedy(outside: Array) -> str:
    """Tell what counts that are none may be."""
    if (outside < 0).any():
        return 'Numbers below 0 are family="gaussian".'
    if (outside != np.floor(outside)).any():
        return "Did you mean a rate? Write count ~ ... + offset(log(exposure))."
    return "From 2**53 on neighbouring counts cannot be told apart: count in larger units."


class Poisson(Family):
    """Counts with variance equal to the mean."""

    name: ClassVar[str] = "poisson"
    notation: ClassVar[str] = "Poisson(mu[i])"
    latex: ClassVar[str] = r"\mathrm{Poisson}(\mu_i)"
    links: ClassVar[tuple[str, ...]] = ("log",)
    is_discrete: ClassVar[bool] = True

    def read_response(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, _SUPPORT, findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        bad = (y < 0) | (y != np.floor(y)) | (y >= _EXACT_LIMIT)
        if bad.any():
            hint = _remedy(y[bad])
            outside_support(columns, bad, self.name, _SUPPORT, hint, findings)
        return Response(columns.label, f"mean of {columns.label}", y, np.ones_like(y))

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        log_rate = float(np.log(response.values.sum() + 0.5) - logsumexp(offset))
        return Scales(log_rate, 2.5, 1.5, 1.5)

    def log_density(
        self, response: Response, link: Link, eta: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        y = response.values
        return y * eta - np.exp(eta) - gammaln(y + 1)

    def variance(self, mu: Array, auxiliary: Mapping[str, Array]) -> Array:
        return mu

    def random(
        self, rng: np.random.Generator, response: Response, mu: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        # NumPy's generator takes means below 2**63 only; a draw that large has no meaning as a count.
        return rng.poisson(np.minimum(mu, 1e18)).astype(np.float64)

    def observe(
        self, name: str, link: Link, eta: Any, response: Any, trials: Any, auxiliary: Mapping[str, Any]
    ) -> Any:
        import pymc as pm

        return pm.Poisson(name, mu=pm.math.exp(eta), observed=response, dims="row")
