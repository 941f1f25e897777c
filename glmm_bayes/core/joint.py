"""Several linear predictors with jointly normal random parts come in; means over them go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from glmm_bayes.core.cubature import product_trapezoid
from glmm_bayes.core.integrals import population_mean, population_mean_derivatives
from glmm_bayes.core.integrand import Integrand, RowFunction
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.maths import Array
from glmm_bayes.core.mean_rules.closed_forms import refuse_pole
from glmm_bayes.core.row_value import RowValue, RowValues, number
from glmm_bayes.core.sobol import sobol_mean
from glmm_bayes.core.trapezoid import Integral, broadcast

#: Random parts up to which the product trapezoid is used.
_MOST_AXES = 3
#: The means inside an integral over one predictor have seams of a few 1e-9.
_TOLERANCE_OF_CONDITIONAL = 1e-8
#: Errors of dm/d eta: of the logit's mixture, of every other rule.
_LOGIT_SLOPE_ERROR, _SLOPE_ERROR = 1.6e-8, 1e-12
_SECOND, _REST = "second parameter given the first", "its variance given the first"


@dataclass(frozen=True)
class Joint:
    """Linear predictors of a response's parameters whose random parts are jointly normal.

    Attributes
    ----------
    at : mapping of str to RowValue
        Every parameter of the family at each row, random parts at zero; linear predictors of shape
        (draw, row) or (draw, 1), vectors of values (draw, 1, k).
    variance : mapping of str to ndarray, shape (draw, row)
        Variances of the random parts that are integrated, by parameter.
    covariance : mapping of (str, str) to ndarray
        By pair, in the order of ``variance``; 0 for a pair without an entry.
    smooth : bool
        Whether means must be smooth in the linear predictors to rounding, for a table of them.
    """

    at: RowValues
    variance: Mapping[str, Array] = field(default_factory=dict)
    covariance: Mapping[tuple[str, str], Array] = field(default_factory=dict)
    smooth: bool = False

    def only(self, *names: str) -> Joint:
        """Return the same with the random parts of all other parameters at zero."""
        variance = {name: v for name, v in self.variance.items() if name in names}
        pairs = {pair: c for pair, c in self.covariance.items() if set(pair) <= variance.keys()}
        return Joint(self.at, variance, pairs, self.smooth)

    def mean(self, function: RowFunction) -> Integral:
        """Return E[function] over the random parts.

        Parameters
        ----------
        function : callable
            Takes parameters like ``at`` to an array of shape (draw, row) or (draw, row, category). It is
            called with many points at a time, which look to it like more draws.

        Returns
        -------
        Integral
            Exact without random parts, else by the trapezoid rule for up to three, else by scrambled
            Sobol points.

        Raises
        ------
        PredictionError
            ``estimand_undefined`` if a link has a pole that the random part reaches.
        """
        names = [name for name, v in self.variance.items() if v.any()]
        if not names:
            return Integral(np.asarray(function(self.at), np.float64), "exact", 0.0)
        for name in names:
            self._refuse_pole(name)
        integrand = Integrand(function, self.at, self._factor(names))
        return product_trapezoid(integrand) if len(names) <= _MOST_AXES else sobol_mean(integrand)

    def product(self, first: str, second: str, complement: bool = True) -> Integral:
        """Return E[first * (1 - second)], or E[first * second] without ``complement``.

        By tilting if ``first`` has a log link, by Stein's identity if it is linear, else by a
        one-dimensional rule over its random part (statistics: completing the square).
        """
        c, link = self._covariance(first, second), self.at[first].link
        if not c.any():
            alone = population_mean(link, self.at[first].eta, self._variance(first), self.smooth)
            return _multiplied(alone, self._part(second, complement))
        if link.name == "log":
            log_mean = self.at[first].eta + 0.5 * self._variance(first)
            return _scaled(log_mean, self._part(second, complement, c))
        if link.name == "identity":
            return self._stein(first, second, complement)
        return self.conditional(lambda at: np.asarray(at[first].value), first, second, complement)

    def conditional(
        self, function_of_first: RowFunction, first: str, second: str, complement: bool = True
    ) -> Integral:
        """Return E[function * (1 - second)], the function depending on the random part of ``first`` alone.

        One-dimensional in the random part of ``first``: given that, the mean of ``second`` is its own
        population mean, at m2 + c z / sd1 with variance v2 - c^2 / v1.
        """
        c = self._covariance(first, second)
        if not c.any():
            return _multiplied(self.only(first).mean(function_of_first), self._part(second, complement))
        self._refuse_pole(first)
        shape = self._shape
        sd = np.broadcast_to(np.sqrt(self._variance(first)), shape)
        slope = np.divide(c, sd, out=np.zeros(shape), where=sd > 0.0)
        rest = np.maximum(self._variance(second) - np.square(slope), 0.0)
        at = {**self.at, _SECOND: self.at[second], _REST: number(rest)}
        inner: list[float] = []

        def both(values: RowValues) -> Array:
            part = _part_mean(values[_SECOND], values[_REST].eta, complement, self.smooth)
            inner.append(part.error)
            factor = np.asarray(function_of_first(values))
            share = part.value.reshape(part.value.shape + (1,) * (factor.ndim - 2))
            return np.stack(np.broadcast_arrays(factor * share, np.abs(factor)), axis=-1)

        loadings = {first: sd[None], _SECOND: slope[None]}
        result = product_trapezoid(Integrand(both, at, loadings), _TOLERANCE_OF_CONDITIONAL)
        error = result.error + max(inner) * float(result.value[..., 1].max(initial=0.0))
        return Integral(result.value[..., 0], result.rule, error)

    def _stein(self, first: str, second: str, complement: bool) -> Integral:
        """Return E[eta1 q(eta2)] = m1 E q + c E q'."""
        c, m1, value = self._covariance(first, second), self.at[first].eta, self.at[second]
        q = self._part(second, complement)
        slope, _ = population_mean_derivatives(value.link, value.eta, self._variance(second))
        slope_error = _LOGIT_SLOPE_ERROR if value.link.name == "logit" else _SLOPE_ERROR
        error = np.max(np.abs(m1) * q.error + np.abs(c) * slope_error, initial=0.0)
        return Integral(m1 * q.value + (-c if complement else c) * slope, q.rule, float(error))

    def _part(self, name: str, complement: bool, shift: Array | float = 0.0) -> Integral:
        """Return the mean of a parameter, or of one minus it, at a shifted linear predictor."""
        value = RowValue(self.at[name].link, self.at[name].eta + shift)
        return _part_mean(value, self._variance(name), complement, self.smooth)

    @property
    def _shape(self) -> tuple[int, ...]:
        """Numbers of draws and rows."""
        parameters = [np.shape(value.eta)[:2] for value in self.at.values() if np.ndim(value.eta) >= 2]
        return np.broadcast_shapes(*parameters, *(v.shape for v in self.variance.values()))

    def _variance(self, name: str) -> Array:
        return broadcast(0.0, self.variance.get(name, 0.0))[1]

    def _covariance(self, first: str, second: str) -> Array:
        for pair in ((first, second), (second, first)):
            if pair in self.covariance:
                return self.covariance[pair]
        return np.zeros(())

    def _refuse_pole(self, name: str) -> None:
        link = self.at[name].link
        if link.has_pole and self._variance(name).any():
            refuse_pole(link.name)

    def _factor(self, names: list[str]) -> dict[str, Array]:
        """Return the Cholesky factor of the covariance, by parameter, shape (axis, draw, row)."""
        factor = np.zeros((len(names), len(names), *self._shape))
        for i, name in enumerate(names):
            for j, other in enumerate(names[:i]):
                rest = self._covariance(other, name) - (factor[i, :j] * factor[j, :j]).sum(axis=0)
                # A direction without variance of its own carries no covariance.
                np.divide(rest, factor[j, j], out=factor[i, j], where=factor[j, j] > 0.0)
            rest = self._variance(name) - np.square(factor[i, :i]).sum(axis=0)
            factor[i, i] = np.sqrt(np.maximum(rest, 0.0))
        return dict(zip(names, factor, strict=True))


def _part_mean(value: RowValue, v: Array, complement: bool, smooth: bool) -> Integral:
    """Return the population mean of a parameter, or of one minus it with the digits of a small one."""
    if not complement:
        return population_mean(value.link, value.eta, v, smooth)
    if isinstance(value.link, ProbabilityLink):
        return population_mean(LINKS[value.link.mirror], -value.eta, v, smooth)
    mean = population_mean(value.link, value.eta, v, smooth)
    return Integral(1.0 - mean.value, mean.rule, mean.error)


def _multiplied(a: Integral, b: Integral) -> Integral:
    """Return the product of two independent means."""
    rules = dict.fromkeys(rule for rule in (a.rule, b.rule) if rule != "exact")
    error = np.max(np.abs(a.value), initial=0.0) * b.error + np.max(np.abs(b.value), initial=0.0) * a.error
    return Integral(a.value * b.value, "; ".join(rules) or "exact", float(error))


def _scaled(log_scale: Array, part: Integral) -> Integral:
    """Return exp(log_scale) times a mean, also where the scale alone would overflow."""
    with np.errstate(divide="ignore", over="ignore"):
        value = np.sign(part.value) * np.exp(log_scale + np.log(np.abs(part.value)))
        error = float(np.max(np.exp(log_scale), initial=0.0)) * part.error if part.error else 0.0
    return Integral(value, part.rule, error)
