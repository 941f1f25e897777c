"""The functions that links and densities are written in, for PyTensor variables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from glmm_bayes.core.maths import Array, Booleans, Maths, Numbers, Places

_ROOT_HALF = 0.7071067811865476  # sqrt(1/2)
_LARGEST_EXPONENT = 700.0
_LOG_2 = 0.6931471805599453
_LOG_2PI = 1.8378770664093453
_LARGE = 1e3


class GraphMaths(Maths):
    """The functions of ``glmm_bayes.core.maths`` for PyTensor variables; gradients are finite, too."""

    def exp(self, x: Numbers) -> Array:
        return pt.exp(pt.minimum(x, _LARGEST_EXPONENT))

    def expm1(self, x: Numbers) -> Array:
        return pt.expm1(pt.minimum(x, _LARGEST_EXPONENT))

    def log(self, x: Numbers) -> Array:
        return pt.log(x)

    def log1p(self, x: Numbers) -> Array:
        return pt.log1p(x)

    def sqrt(self, x: Numbers) -> Array:
        return pt.sqrt(x)

    def abs(self, x: Numbers) -> Array:
        return pt.abs(x)

    def arctan2(self, y: Numbers, x: Numbers) -> Array:
        return pt.arctan2(y, x)

    def cos(self, x: Numbers) -> Array:
        return pt.cos(x)

    def sin(self, x: Numbers) -> Array:
        return pt.sin(x)

    def tanh(self, x: Numbers) -> Array:
        return pt.tanh(x)

    def full_like(self, x: Numbers, value: float) -> Array:
        return pt.full_like(x, value, dtype="float64")

    def where(self, condition: Booleans, yes: Numbers, no: Numbers) -> Array:
        return pt.switch(np.asarray(condition) if isinstance(condition, bool) else condition, yes, no)

    def minimum(self, x: Numbers, y: Numbers) -> Array:
        return pt.minimum(x, y)

    def maximum(self, x: Numbers, y: Numbers) -> Array:
        return pt.maximum(x, y)

    def constant(self, x: Array) -> Array:
        return disconnected_grad(x)

    def stack(self, arrays: Sequence[Numbers]) -> Array:
        return pt.stack(pt.broadcast_arrays(*arrays), axis=-1)

    def scatter(self, runs: Sequence[tuple[Places, Array]], size: int) -> Array:
        result = pt.zeros(size)
        for positions, values in runs:
            result = pt.set_subtensor(result[positions], values)
        return result

    def sum(self, x: Array) -> Array:
        return x.sum(axis=-1)

    def floor(self, x: Numbers) -> Array:
        return disconnected_grad(pt.floor(x))

    def logsumexp(self, x: Array) -> Array:
        return pt.logsumexp(x, axis=-1)

    def logaddexp(self, x: Numbers, y: Numbers) -> Array:
        return pt.logaddexp(x, y)

    def expit(self, x: Numbers) -> Array:
        return pt.sigmoid(x)

    def softplus(self, x: Numbers) -> Array:
        return pt.softplus(x)

    def log1mexp(self, x: Numbers) -> Array:
        # Each branch sees its own side only, for an infinite value in the other would poison the gradient.
        near = pt.log(-pt.expm1(pt.clip(x, -1.0, -1e-300)))
        return pt.switch(x > -_LOG_2, near, pt.log1p(-pt.exp(pt.minimum(x, -0.5))))

    def normal_cdf(self, x: Numbers) -> Array:
        return 0.5 * pt.erfc(-x * _ROOT_HALF)

    def log_normal_cdf(self, x: Numbers) -> Array:
        # PyMC's own is good to 7 digits only, by a short constant.
        low, high = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
        lower = pt.log(pt.erfcx(-low * _ROOT_HALF) / 2) - low**2 / 2
        upper = pt.log1p(-pt.erfc(high * _ROOT_HALF) / 2)
        return pt.switch(x < -1.0, lower, upper)

    def log_erfcx(self, x: Numbers) -> Array:
        return pt.log(pt.erfcx(x))

    def gammaln(self, x: Numbers) -> Array:
        return pt.gammaln(x)

    def gammainc(self, a: Numbers, x: Numbers) -> Array:
        return pt.gammainc(a, x)

    def gammaincc(self, a: Numbers, x: Numbers) -> Array:
        return pt.gammaincc(a, x)

    def betainc(self, a: Numbers, b: Numbers, x: Numbers) -> Array:
        return pt.betainc(a, b, x)

    def log_bessel_i0e(self, x: Numbers) -> Array:
        # SciPy's ive() of an order is NaN from 1e9 on: the asymptotic series there (DLMF 10.40.1).
        far, near = pt.maximum(x, _LARGE), pt.minimum(x, _LARGE)
        tail = (0.125 + (0.0703125 + 0.0732421875 / far) / far) / far
        return pt.switch(x < _LARGE, pt.log(pt.ive(0, near)), pt.log1p(tail) - 0.5 * (_LOG_2PI + pt.log(far)))

    def matmul(self, x: Array, y: Array) -> Array:
        return pt.dot(x, y)

    def cholesky(self, x: Array) -> Array:
        return pt.linalg.cholesky(x)


GRAPH: Maths = GraphMaths()
