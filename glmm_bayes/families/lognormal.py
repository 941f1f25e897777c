"""Lognormal: positive numbers whose logs are normal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.exact_sums import exact_mean, exact_sd
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.maths import NUMPY, Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.families.base import Response
from glmm_bayes.families.positive import PositiveFamily, within_positive
from glmm_bayes.families.scales import Scales
from glmm_bayes.families.traits import Mu, Notation, ResponseMean

_LOG_ROOT_2PI = 0.9189385332046727


class LogNormal(PositiveFamily):
    """Lognormal: log y is normal with mean ``mu`` and sd ``sigma``; y has mean exp(mu + sigma^2/2)."""

    name: ClassVar[str] = "lognormal"
    notation: ClassVar[Notation] = Notation(
        "LogNormal(mu[i], sigma^2)", r"\mathrm{LogNormal}(\mu_i, \sigma^2)"
    )
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "sigma"), "exp(mu + sigma^2/2)")
    mu: ClassVar[Mu] = Mu(("identity",))
    auxiliaries: ClassVar[tuple[str, ...]] = ("sigma",)

    def scales(self, link: Link, response: Response, offset: Array) -> Scales:
        spread = self.spread(response, offset)
        centre = exact_mean(np.log(response.supported) - offset)
        return Scales(centre, 2.5 * spread, 2.5 * spread, spread)

    def spread(self, response: Response, offset: Array) -> float:
        logs = np.log(response.supported) - offset
        return (exact_sd(logs) if len(logs) > 1 else 1.0) or 1.0

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        z = _standard(y, at, m)
        return -0.5 * z * z - at["sigma"].log - m.log(y) - _LOG_ROOT_2PI

    def mean(self, at: RowValues) -> Array:
        return np.asarray(LINKS["log"].inverse(_log_mean(at)))

    def has_positive_mean(self, link: Link) -> bool:
        return True

    def log_mean(self, at: RowValues) -> Array:
        return np.asarray(_log_mean(at))

    def variance(self, at: RowValues) -> Array:
        return np.asarray(LINKS["log"].inverse(2.0 * _log_mean(at)) * NUMPY.expm1(at["sigma"].value ** 2))

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, sigma = np.broadcast_arrays(at["mu"].value, at["sigma"].value)
        return within_positive(np.asarray(LINKS["log"].inverse(mu + sigma * rng.standard_normal(mu.shape))))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return m.log_normal_cdf(_standard(y, at, m))

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return m.log_normal_cdf(-_standard(y, at, m))

    def population_mean(self, joint: Joint) -> Integral:
        """Return exp(eta + v/2 + sigma^2/2).

        Raises
        ------
        PredictionError
            ``estimand_undefined`` if ``sigma`` has random effects: exp(exp(b)) has no mean.
        """
        if "sigma" in joint.variance:
            message = "the population mean does not exist: lognormal with random effects on sigma has none."
            hint = 'Ask for estimand="typical" or "subject".'
            raise PredictionError(Finding("estimand_undefined", message, hint=hint))
        return population_mean(LINKS["log"], _log_mean(joint.at), joint.variance.get("mu", 0.0))


def _standard(y: Array, at: RowValues, m: Maths) -> Array:
    return (m.log(y) - at["mu"].value) / at["sigma"].value


def _log_mean(at: RowValues) -> Array:
    return np.asarray(at["mu"].value + 0.5 * at["sigma"].value ** 2)
