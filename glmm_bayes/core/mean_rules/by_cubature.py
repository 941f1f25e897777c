"""Means over a normal of an inverse that may grow without end: the window of the rule follows their mass."""

from __future__ import annotations

from typing import final

import numpy as np

from glmm_bayes.core.cubature import product_trapezoid
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.integrand import Integrand, RowFunction
from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules.base import MeanRule
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.core.trapezoid import Function, Integral

_ETA, _MEAN = "eta", "mean"
#: Values beyond which ``exp`` is soon flat, and the share of a mean that may be of them.
_LARGEST, _SHARE = 1e300, 1e-10


@final
class UnboundedRule(MeanRule):
    """A user's link with neither a bounded inverse nor a rule of its own.

    Eight standard deviations do not hold the mean of an inverse like an exponential function: its mass
    stands at one standard deviation for each by which the linear predictor varies.
    """

    def mean(self, eta: Array, v: Array) -> Integral:
        return self._mean_of(self.link.inverse, eta, v)

    def derivatives(self, eta: Array, v: Array) -> tuple[Array, Array]:
        slope = self._mean_of(self.link.inverse_derivative, eta, v).value
        return slope, 0.5 * self._mean_of(self.link.inverse_second_derivative, eta, v).value

    def second_moment(self, eta: Array, v: Array) -> Array:
        return self._mean_of(lambda x: np.square(self.link.inverse(x)), eta, v).value

    def variance(self, eta: Array, v: Array) -> Array:
        mean = self.mean(eta, v).value

        def square(at: RowValues) -> Array:
            return np.square(self.link.inverse(at[_ETA].eta) - at[_MEAN].eta)

        return np.where(v == 0.0, 0.0, self._integrated(square, eta, v, {_MEAN: mean}).value)

    def link_of_mean(self, eta: Array, v: Array) -> Array:
        return np.where(v == 0.0, self.link.of_inverse(eta), self.link.link(self.mean(eta, v).value))

    def _mean_of(self, function: Function, eta: Array, v: Array) -> Integral:
        result = self._integrated(lambda at: function(at[_ETA].eta), eta, v, {})
        return Integral(np.where(v == 0.0, function(eta), result.value), result.rule, result.error)

    def _integrated(self, function: RowFunction, eta: Array, v: Array, further: dict[str, Array]) -> Integral:
        """Integrate a function of the linear predictor, and of further numbers of each element."""

        def with_largest(at: RowValues) -> Array:
            values = function(at)
            return np.stack([values, np.where(np.abs(values) >= _LARGEST, np.abs(values), 0.0)], axis=-1)

        at = {_ETA: RowValue(self.link, eta.reshape(-1, 1))}
        at |= {name: number(values.reshape(-1, 1)) for name, values in further.items()}
        sd = np.sqrt(v).reshape(1, -1, 1)
        with np.errstate(all="ignore"):
            result = product_trapezoid(Integrand(with_largest, at, {_ETA: sd}))
        value, flat = (result.value[:, 0, part].reshape(eta.shape) for part in (0, 1))
        is_infinite = np.isinf(value) | (flat > _SHARE * np.abs(value))
        if not np.isfinite(result.error) and not is_infinite.any():
            self._refuse()
        return Integral(np.where(is_infinite, np.inf, value), result.rule, result.error)

    def _refuse(self) -> None:
        message = (
            f"the population mean under the link '{self.link.name}' cannot be integrated: its inverse is "
        )
        message += "no number somewhere, or grows too fast."
        hint = 'Register the link with a mean_rule that knows its means; or ask for estimand="typical".'
        raise PredictionError(Finding("estimand_undefined", message, hint=hint))
