"""Means over a normal in closed form, and the links that have none at all."""

from __future__ import annotations

from typing import final

import numpy as np
from scipy import special

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.mean_rules.base import MeanRule
from glmm_bayes.core.trapezoid import Integral


@final
class IdentityRule(MeanRule):
    """m = eta."""

    is_closed = True

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(eta.copy(), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        return np.ones_like(eta), np.zeros_like(eta)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return np.asarray(np.square(eta) + v)

    def variance(self, eta: Array, v: Array) -> Array:
        return v.copy()

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return eta.copy()


@final
class LogRule(MeanRule):
    """m = exp(eta + v/2); infinite where exp overflows (Zeger, Liang & Albert 1988)."""

    is_closed = True

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(np.asarray(self.link.inverse(eta + 0.5 * v)), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        mean = self.mean(eta, v).value
        return mean, np.asarray(0.5 * mean)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return np.asarray(self.link.inverse(2.0 * (eta + v)))

    def variance(self, eta: Array, v: Array) -> Array:
        # exp(2 eta + v) (exp(v) - 1) in a form in which neither factor overflows before the product.
        return np.asarray(self.link.inverse(2.0 * (eta + v)) * -np.expm1(-v))

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.asarray(eta + 0.5 * v)


@final
class LogComplementRule(MeanRule):
    """m = 1 - exp(eta + v/2): one minus the mean under the log link."""

    is_closed = True

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(np.asarray(self.link.inverse(eta + 0.5 * v)), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        slope = np.asarray(self.link.inverse_derivative(eta + 0.5 * v))
        return slope, 0.5 * slope

    def second_moment(self, eta: Array, v: Array) -> Array:
        return np.square(self.mean(eta, v).value) + self.variance(eta, v)

    def variance(self, eta: Array, v: Array) -> Array:
        return np.asarray(NUMPY.exp(2.0 * (eta + v)) * -np.expm1(-v))

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.asarray(eta + 0.5 * v)


@final
class ProbitRule(MeanRule):
    """m = Phi(a), a = eta / sqrt(1 + v) (Zeger, Liang & Albert 1988; second moment: Owen 1956)."""

    is_closed = True

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(np.asarray(special.ndtr(self.link_of_mean(eta, v))), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        a = self.link_of_mean(eta, v)
        slope = np.asarray(self.link.inverse_derivative(a) / np.sqrt(1.0 + v))
        return slope, np.asarray(-0.5 * eta * slope / (1.0 + v))

    def second_moment(self, eta: Array, v: Array) -> Array:
        a = self.link_of_mean(eta, v)
        return np.asarray(special.ndtr(a) - self._twice_owen(a, v))

    def variance(self, eta: Array, v: Array) -> Array:
        a = self.link_of_mean(eta, v)
        value = special.ndtr(a) * special.ndtr(-a) - self._twice_owen(a, v)
        # Rounding leaves +-1e-17 where the variance is zero.
        return np.asarray(np.where(v == 0.0, 0.0, np.maximum(value, 0.0)))

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.asarray(eta / np.sqrt(1.0 + v))

    @staticmethod
    def _twice_owen(a: Array, v: Array) -> Array:
        return 2.0 * special.owens_t(a, 1.0 / np.sqrt(1.0 + 2.0 * v))


@final
class SqrtRule(MeanRule):
    """m = eta^2 + v."""

    is_closed = True

    def mean(self, eta: Array, v: Array) -> Integral:
        return Integral(np.asarray(np.square(eta) + v), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        return 2.0 * eta, np.ones_like(eta)

    def second_moment(self, eta: Array, v: Array) -> Array:
        square = np.square(eta)
        return np.asarray(np.square(square) + 6.0 * square * v + 3.0 * np.square(v))

    def variance(self, eta: Array, v: Array) -> Array:
        return np.asarray(4.0 * np.square(eta) * v + 2.0 * np.square(v))

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.sqrt(np.square(eta) + v)


@final
class PoleRule(MeanRule):
    """A link with a pole that a normal reaches: no mean exists unless the variance is zero."""

    def mean(self, eta: Array, v: Array) -> Integral:
        self._refuse(v)
        return Integral(np.asarray(self.link.inverse(eta)), "exact", 0.0)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        self._refuse(v)
        return self.link.inverse_derivative(eta), 0.5 * self.link.inverse_second_derivative(eta)

    def second_moment(self, eta: Array, v: Array) -> Array:
        return np.square(self.mean(eta, v).value)

    def variance(self, eta: Array, v: Array) -> Array:
        self._refuse(v)
        return np.zeros_like(eta)

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        self._refuse(v)
        return eta.copy()

    def _refuse(self, v: Array) -> None:
        if v.any():
            refuse_pole(self.link.name)


def refuse_pole(link: str) -> None:
    """Raise the error for means over a normal under a link with a pole."""
    message = (
        f"the population mean does not exist: the {link} link has a pole inside the support of the "
        "random effects."
    )
    hint = 'Ask for estimand="typical", or for quantiles of estimand="new_subject".'
    raise PredictionError(Finding("estimand_undefined", message, hint=hint))
