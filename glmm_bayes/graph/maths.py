"""The functions that links and densities are written in, for PyTensor variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from glmm_bayes.core.maths import Maths

_ROOT_HALF = 0.7071067811865476  # sqrt(1/2)
_LARGEST_EXPONENT = 700.0
_LOG_2 = 0.6931471805599453
_LOG_2PI = 1.8378770664093453
_LARGE = 1e3


class GraphMaths:
    """The functions of ``glmm_bayes.core.maths`` for PyTensor variables; gradients are finite, too."""

    def exp(self, x: Any) -> Any:
        return pt.exp(pt.minimum(x, _LARGEST_EXPONENT))

    def expm1(self, x: Any) -> Any:
        return pt.expm1(pt.minimum(x, _LARGEST_EXPONENT))

    def log(self, x: Any) -> Any:
        return pt.log(x)

    def log1p(self, x: Any) -> Any:
        return pt.log1p(x)

    def sqrt(self, x: Any) -> Any:
        return pt.sqrt(x)

    def abs(self, x: Any) -> Any:
        return pt.abs(x)

    def arctan2(self, y: Any, x: Any) -> Any:
        return pt.arctan2(y, x)

    def cos(self, x: Any) -> Any:
        return pt.cos(x)

    def sin(self, x: Any) -> Any:
        return pt.sin(x)

    def tanh(self, x: Any) -> Any:
        return pt.tanh(x)

    def full_like(self, x: Any, value: float) -> Any:
        return pt.full_like(x, value, dtype="float64")

    def where(self, condition: Any, yes: Any, no: Any) -> Any:
        return pt.switch(np.asarray(condition) if isinstance(condition, bool) else condition, yes, no)

    def minimum(self, x: Any, y: Any) -> Any:
        return pt.minimum(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return pt.maximum(x, y)

    def constant(self, x: Any) -> Any:
        return disconnected_grad(x)

    def stack(self, arrays: Any) -> Any:
        return pt.stack(pt.broadcast_arrays(*arrays), axis=-1)

    def scatter(self, blocks: Any, size: int) -> Any:
        result = pt.zeros(size)
        for positions, values in blocks:
            result = pt.set_subtensor(result[positions], values)
        return result

    def sum(self, x: Any) -> Any:
        return x.sum(axis=-1)

    def floor(self, x: Any) -> Any:
        return disconnected_grad(pt.floor(x))

    def logsumexp(self, x: Any) -> Any:
        return pt.logsumexp(x, axis=-1)

    def logaddexp(self, x: Any, y: Any) -> Any:
        return pt.logaddexp(x, y)

    def expit(self, x: Any) -> Any:
        return pt.sigmoid(x)

    def softplus(self, x: Any) -> Any:
        return pt.softplus(x)

    def log1mexp(self, x: Any) -> Any:
        # Each branch sees its own side only, for an infinite value in the other would poison the gradient.
        near = pt.log(-pt.expm1(pt.clip(x, -1.0, -1e-300)))
        return pt.switch(x > -_LOG_2, near, pt.log1p(-pt.exp(pt.minimum(x, -0.5))))

    def normal_cdf(self, x: Any) -> Any:
        return 0.5 * pt.erfc(-x * _ROOT_HALF)

    def log_normal_cdf(self, x: Any) -> Any:
        # PyMC's own is good to 7 digits only, by a short constant.
        low, high = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
        lower = pt.log(pt.erfcx(-low * _ROOT_HALF) / 2) - low**2 / 2
        upper = pt.log1p(-pt.erfc(high * _ROOT_HALF) / 2)
        return pt.switch(x < -1.0, lower, upper)

    def log_erfcx(self, x: Any) -> Any:
        return pt.log(pt.erfcx(x))

    def gammaln(self, x: Any) -> Any:
        return pt.gammaln(x)

    def gammainc(self, a: Any, x: Any) -> Any:
        return pt.gammainc(a, x)

    def gammaincc(self, a: Any, x: Any) -> Any:
        return pt.gammaincc(a, x)

    def betainc(self, a: Any, b: Any, x: Any) -> Any:
        return pt.betainc(a, b, x)

    def log_bessel_i0(self, x: Any) -> Any:
        return self.log_bessel_i0e(x) + x

    def log_bessel_i0e(self, x: Any) -> Any:
        # SciPy's ive() of an order is NaN from 1e9 on: the asymptotic series there (DLMF 10.40.1).
        far, near = pt.maximum(x, _LARGE), pt.minimum(x, _LARGE)
        tail = (0.125 + (0.0703125 + 0.0732421875 / far) / far) / far
        return pt.switch(x < _LARGE, pt.log(pt.ive(0, near)), pt.log1p(tail) - 0.5 * (_LOG_2PI + pt.log(far)))

    def matmul(self, x: Any, y: Any) -> Any:
        return pt.dot(x, y)

    def cholesky(self, x: Any) -> Any:
        return pt.linalg.cholesky(x)


GRAPH: Maths = GraphMaths()
