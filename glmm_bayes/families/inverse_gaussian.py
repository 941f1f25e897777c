"""Inverse Gaussian: positive numbers with a long right tail, such as first-passage times."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from glmm_bayes.core.exact_sums import exact_mean
from glmm_bayes.core.maths import Array, Maths
from glmm_bayes.core.row_value import RowValues
from glmm_bayes.families.base import Response
from glmm_bayes.families.positive import PositiveFamily, within_positive
from glmm_bayes.families.traits import POSITIVE, Mu, Notation, WorkingVariance

_LOG_2 = 0.6931471805599453
_LOG_2PI = 1.8378770664093453
_ROOT_HALF = 0.7071067811865476
#: Log of y/mu beyond which the two terms of the survival function agree in too many digits.
_FAR = 20.0

_VARIANCE = WorkingVariance("inverse gaussian", lambda mu, excess: mu**3)


class InverseGaussian(PositiveFamily):
    """Positive numbers with mean ``mu`` and variance mu^3/shape."""

    name: ClassVar[str] = "inverse_gaussian"
    notation: ClassVar[Notation] = Notation(
        "InverseGaussian(mean mu[i], shape)",
        r"\mathrm{InverseGaussian}(\mathrm{mean} = \mu_i, \mathrm{shape})",
    )
    mu: ClassVar[Mu] = Mu(("log", "inverse_squared", "inverse", "identity", "softplus"), POSITIVE)
    working_variance: ClassVar[WorkingVariance | None] = _VARIANCE
    auxiliaries: ClassVar[tuple[str, ...]] = ("shape",)

    def spread(self, response: Response, offset: Array) -> float:
        # The shape has the unit of the response: the square of the coefficient of variation is mu/shape.
        return exact_mean(response.supported)

    def log_density(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        shape, log_y = at["shape"], m.log(y)
        excess = m.expm1(log_y - at["mu"].log)
        return 0.5 * (shape.log - _LOG_2PI - 3.0 * log_y - shape.value / y * excess * excess)

    def variance(self, at: RowValues) -> Array:
        return np.asarray(at["mu"].value ** 3 / at["shape"].value)

    def random(self, rng: np.random.Generator, n: Array, at: RowValues) -> Array:
        mu, shape = np.broadcast_arrays(at["mu"].value, at["shape"].value)
        # Michael, Schucany & Haas (1976), in a form without cancellation: one of two roots, chosen at random.
        half = 0.5 * mu / shape * np.square(rng.standard_normal(mu.shape))
        ratio = 1.0 / (1.0 + half + np.sqrt(half * (half + 2.0)))
        is_lower = rng.random(mu.shape) * (1.0 + ratio) < 1.0
        return within_positive(mu * np.where(is_lower, ratio, 1.0 / ratio))

    def _log_cdf(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        return _log_lower(*_ends(y, at, m), m)

    def _log_survival(self, y: Array, n: Array, at: RowValues, m: Maths) -> Array:
        low, high = _ends(y, at, m)
        # Above the mean the two terms have the factor exp(-low^2/2) in common; their quotient remains.
        start, width = _ROOT_HALF * m.maximum(low, 0.0), _ROOT_HALF * (high - low)
        middle = start + 0.5 * width
        near = m.log_erfcx(start + width) - m.log_erfcx(start)
        # -2 / (x + sqrt(x^2 + 2)) is the slope of log erfcx(x) but for a few per cent.
        far = -2.0 * width / (middle + m.sqrt(middle * middle + 2.0))
        quotient = m.where(m.log(y) - at["mu"].log > _FAR, far, near)
        upper = m.log_normal_cdf(-m.maximum(low, 0.0)) + m.log1mexp(quotient)
        return m.where(low > 0.0, upper, m.log1mexp(_log_lower(low, high, m)))


def _ends(y: Array, at: RowValues, m: Maths) -> tuple[Array, Array]:
    """Return sqrt(shape/y) (y/mu - 1) and sqrt(shape/y) (y/mu + 1)."""
    root, excess = m.sqrt(at["shape"].value / y), m.expm1(m.log(y) - at["mu"].log)
    return root * excess, root * (excess + 2.0)


def _log_lower(low: Array, high: Array, m: Maths) -> Array:
    """Return log F = log(Phi(low) + exp(2 shape/mu) Phi(-high)).

    The second term is exp(-low^2/2) erfcx(high/sqrt(2))/2, whose factors do not overflow.
    """
    second = -0.5 * low * low + m.log_erfcx(_ROOT_HALF * high) - _LOG_2
    return m.logaddexp(m.log_normal_cdf(low), second)
