"""Gaussian: numbers with one residual standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from glmm_bayes.core.errors import Findings
from glmm_bayes.core.links import Link
from glmm_bayes.design.response import ResponseColumns
from glmm_bayes.graph.families.base import (
    Array,
    Family,
    Response,
    Scales,
    refuse_trials,
    require_numbers,
)
from glmm_bayes.spec.prior import Prior


class Gaussian(Family):
    """Normal with mean equal to the linear predictor and standard deviation ``sigma``."""

    name: ClassVar[str] = "gaussian"
    notation: ClassVar[str] = "Normal(mu[i], sigma^2)"
    latex: ClassVar[str] = r"\mathrm{Normal}(\mu_i, \sigma^2)"
    links: ClassVar[tuple[str, ...]] = ("identity",)
    auxiliaries: ClassVar[tuple[str, ...]] = ("sigma",)
    is_discrete: ClassVar[bool] = False

    def read_response(self, columns: ResponseColumns, findings: Findings) -> Response:
        refuse_trials(columns, self.name, findings)
        y = require_numbers(columns, self.name, "numbers", findings)
        if y is None:
            y = np.zeros(len(columns.rows))
        elif len(y) and np.ptp(y) == 0:
            message = f"response '{columns.label}' is constant ({y[0]:g}): nothing to model."
            findings.error("constant_column", message, column=columns.source)
        elif np.isin(y, (0.0, 1.0)).all():
            message = f"response '{columns.label}' holds only 0 and 1."
            hint = 'Did you mean family="bernoulli"?'
            findings.warning("response_support", message, column=columns.source, hint=hint)
        return Response(columns.label, f"mean of {columns.label}", y, np.ones_like(y))

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        spread = self._spread(response, offset)
        return Scales(float(np.mean(response.values - offset)), 2.5 * spread, 2.5 * spread, spread)

    def auxiliary_priors(self, response: Response, offset: Array) -> Mapping[str, Prior]:
        return {"sigma": Prior("Exponential", scale=self._spread(response, offset))}

    def _spread(self, response: Response, offset: Array) -> float:
        return float(np.std(response.values - offset, ddof=1)) if len(response.values) > 1 else 1.0

    def log_density(
        self, response: Response, link: Link, eta: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        sigma = auxiliary["sigma"][..., None]
        standardised = (response.values - eta) / sigma
        return np.asarray(-0.5 * (standardised**2 + np.log(2 * np.pi)) - np.log(sigma))

    def variance(self, mu: Array, auxiliary: Mapping[str, Array]) -> Array:
        return np.broadcast_to(auxiliary["sigma"][..., None] ** 2, mu.shape)

    def random(
        self, rng: np.random.Generator, response: Response, mu: Array, auxiliary: Mapping[str, Array]
    ) -> Array:
        return mu + auxiliary["sigma"][..., None] * rng.standard_normal(mu.shape)

    def observe(
        self, name: str, link: Link, eta: Any, response: Any, trials: Any, auxiliary: Mapping[str, Any]
    ) -> Any:
        import pymc as pm

        return pm.Normal(name, mu=eta, sigma=auxiliary["sigma"], observed=response, dims="row")
