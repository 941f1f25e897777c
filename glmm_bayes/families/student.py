"""Student: numbers with heavier tails than the normal, so that outliers weigh little."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.incomplete import log_betainc_first
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.log_gammas import log_gamma_ratio
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.core.trapezoid import Integral
from glmm_bayes.families.numbers import RealFamily
from glmm_bayes.families.traits import CONSTANT_VARIANCE, Notation, ResponseMean, Traits, WorkingVariance

_LOG_PI = 1.1447298858494002
_LOG_2 = 0.6931471805599453
_TO_NORMAL_SD = 1.4826


class Student(RealFamily):
    """Student's t with location ``mu``, scale ``sigma`` and ``nu`` degrees of freedom.

    ``mu`` is the mean where nu is above 1, and the median always. The variance is infinite up to nu = 2.
    """

    name: ClassVar[str] = "student"
    notation: ClassVar[Notation] = Notation(
        "StudentT(nu, mu[i], sigma^2)", r"\mathrm{Student}(\nu, \mu_i, \sigma^2)"
    )
    auxiliaries: ClassVar[tuple[str, ...]] = ("sigma", "nu")
    traits: ClassVar[Traits] = Traits(is_elliptical=True)
    working_variance: ClassVar[WorkingVariance | None] = CONSTANT_VARIANCE
    response_mean: ClassVar[ResponseMean] = ResponseMean(("mu", "nu"))

    def centre(self, values: Array) -> float:
        return float(np.median(values))

    def width(self, values: Array) -> float:
        # Where half of the values are equal the median deviation is 0, and the sd has to do.
        deviation = float(np.median(np.abs(values - np.median(values))))
        return _TO_NORMAL_SD * deviation or super().width(values)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        nu, z = at["nu"].value, _standard(y, at)
        constant = log_gamma_ratio(0.5 * nu, 0.5, m) - 0.5 * (_LOG_PI + at["nu"].log) - at["sigma"].log
        return constant - 0.5 * (nu + 1.0) * m.log1p(z * z / nu)

    def variance(self, at: RowValues) -> Array:
        nu = np.asarray(at["nu"].value)
        factor = np.where(nu > 2.0, nu / np.maximum(nu - 2.0, np.finfo(float).tiny), np.inf)
        shape = np.broadcast_shapes(np.shape(at["mu"].eta), np.shape(at["sigma"].eta), factor.shape)
        return np.broadcast_to(at["sigma"].value ** 2 * factor, shape)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, sigma, nu = np.broadcast_arrays(at["mu"].value, at["sigma"].value, at["nu"].value)
        return np.asarray(mu + sigma * rng.standard_t(nu))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return _log_lower(_standard(y, at), at["nu"].value, m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return _log_lower(-_standard(y, at), at["nu"].value, m)

    def check_mean(self, joint: Joint) -> None:
        """Refuse a population mean where the response has none.

        Raises
        ------
        PredictionError
            ``estimand_undefined`` if ``nu`` is at most 1 in a draw, or has random effects.
        """
        reason = ""
        if "nu" in joint.variance:
            reason = "nu has random effects, so that it falls below 1 in some groups"
        elif (lowest := float(np.min(joint.at["nu"].value))) <= 1.0:
            reason = f"nu is as low as {lowest:.3g}"
        if reason:
            message = f"the population mean does not exist: student has a mean only where nu > 1; {reason}."
            hint = 'Ask for estimand="typical", or give nu a prior above 1 (the default stays above 2).'
            raise PredictionError(Finding("estimand_undefined", message, hint=hint))

    def population_mean(self, joint: Joint) -> Integral:
        """Return the mean over random effects of the location, where the response has one."""
        self.check_mean(joint)
        return super().population_mean(joint)


def _standard(y: Array, at: RowValues) -> Array:
    return (y - at["mu"].value) / at["sigma"].value


def _log_lower(z: Array, nu: Array, m: Maths) -> Array:
    """Return the log of the distribution function: the smaller tail is an incomplete beta function."""
    square = z * z
    log_tail = log_betainc_first(0.5 * nu, 0.5, nu / (nu + square), square / (nu + square), m) - _LOG_2
    return m.where(z < 0, log_tail, m.log1p(-m.exp(log_tail)))
