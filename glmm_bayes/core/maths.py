"""The functions that links and densities are written in, for NumPy arrays; graphs have them for PyTensor.

A formula that is written once, in these functions, is the same in the sampled graph and in every number
that is computed from the draws.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

#: Numbers of any shape.
Array = NDArray[np.float64]

#: exp(700) is finite, and every function here is constant beyond it to the last bit.
_LARGEST_EXPONENT = 700.0


class Maths(Protocol):
    """Elementwise functions of one kind of array. All are finite wherever their value is."""

    def exp(self, x: Any) -> Any:
        """Return exp(x); beyond 700 that of 700."""

    def expm1(self, x: Any) -> Any:
        """Return exp(x) - 1."""

    def log(self, x: Any) -> Any:
        """Return log(x); minus infinity at 0."""

    def log1p(self, x: Any) -> Any:
        """Return log(1 + x)."""

    def sqrt(self, x: Any) -> Any:
        """Return the square root."""

    def abs(self, x: Any) -> Any:
        """Return the absolute value."""

    def arctan2(self, y: Any, x: Any) -> Any:
        """Return the angle of the point (x, y)."""

    def cos(self, x: Any) -> Any:
        """Return the cosine."""

    def sin(self, x: Any) -> Any:
        """Return the sine."""

    def tanh(self, x: Any) -> Any:
        """Return the hyperbolic tangent."""

    def full_like(self, x: Any, value: float) -> Any:
        """Return an array like x that holds one number."""

    def where(self, condition: Any, yes: Any, no: Any) -> Any:
        """Choose elementwise; in a graph both branches must have finite gradients."""

    def minimum(self, x: Any, y: Any) -> Any:
        """Return the smaller."""

    def maximum(self, x: Any, y: Any) -> Any:
        """Return the larger."""

    def constant(self, x: Any) -> Any:
        """Return x as a number that nothing is differentiated by."""

    def stack(self, parts: Any) -> Any:
        """Stack arrays along a new last axis."""

    def scatter(self, parts: Any, size: int) -> Any:
        """Put (positions, values) together along the last axis; zero where nothing is put."""

    def sum(self, x: Any) -> Any:
        """Add up along the last axis."""

    def floor(self, x: Any) -> Any:
        """Return the whole number at or below x, which nothing is differentiated by."""

    def logsumexp(self, x: Any) -> Any:
        """Return log(sum(exp(x))) along the last axis."""

    def logaddexp(self, x: Any, y: Any) -> Any:
        """Return log(exp(x) + exp(y))."""

    def expit(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x))."""

    def softplus(self, x: Any) -> Any:
        """Return log(1 + exp(x))."""

    def log1mexp(self, x: Any) -> Any:
        """Return log(1 - exp(x)) for x below 0."""

    def normal_cdf(self, x: Any) -> Any:
        """Return Phi(x)."""

    def log_normal_cdf(self, x: Any) -> Any:
        """Return log Phi(x), accurate in both tails."""

    def log_erfcx(self, x: Any) -> Any:
        """Return log(exp(x^2) erfc(x)) for x >= 0."""

    def gammaln(self, x: Any) -> Any:
        """Return log Gamma(x)."""

    def gammainc(self, a: Any, x: Any) -> Any:
        """Return the regularized lower incomplete gamma function P(a, x)."""

    def gammaincc(self, a: Any, x: Any) -> Any:
        """Return the regularized upper incomplete gamma function Q(a, x)."""

    def betainc(self, a: Any, b: Any, x: Any) -> Any:
        """Return the regularized incomplete beta function I_x(a, b)."""

    def log_bessel_i0(self, x: Any) -> Any:
        """Return log I_0(x) for x >= 0, the modified Bessel function."""

    def log_bessel_i0e(self, x: Any) -> Any:
        """Return log I_0(x) - x for x >= 0, with its digits where x is large."""

    def matmul(self, x: Any, y: Any) -> Any:
        """Return the product of two matrices."""

    def cholesky(self, x: Any) -> Any:
        """Return the lower Cholesky factor of a matrix."""


class NumpyMaths:
    """The functions for NumPy arrays; no floating-point warning is raised."""

    def exp(self, x: Any) -> Any:
        return np.exp(np.minimum(x, _LARGEST_EXPONENT))

    def expm1(self, x: Any) -> Any:
        return np.expm1(np.minimum(x, _LARGEST_EXPONENT))

    def log(self, x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(x)

    def log1p(self, x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log1p(x)

    def sqrt(self, x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.sqrt(x)

    def abs(self, x: Any) -> Any:
        return np.abs(x)

    def arctan2(self, y: Any, x: Any) -> Any:
        return np.arctan2(y, x)

    def cos(self, x: Any) -> Any:
        return np.cos(x)

    def sin(self, x: Any) -> Any:
        return np.sin(x)

    def tanh(self, x: Any) -> Any:
        return np.tanh(x)

    def full_like(self, x: Any, value: float) -> Any:
        return np.full_like(x, value, dtype=np.float64)

    def where(self, condition: Any, yes: Any, no: Any) -> Any:
        return np.where(condition, yes, no)

    def minimum(self, x: Any, y: Any) -> Any:
        return np.minimum(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        return np.maximum(x, y)

    def constant(self, x: Any) -> Any:
        return x

    def stack(self, parts: Any) -> Any:
        return np.stack(np.broadcast_arrays(*parts), axis=-1)

    def scatter(self, parts: Any, size: int) -> Any:
        shape = np.broadcast_shapes(*(np.shape(values)[:-1] for _, values in parts)) if parts else ()
        result = np.zeros((*shape, size))
        for positions, values in parts:
            result[..., positions] = values
        return result

    def sum(self, x: Any) -> Any:
        return np.sum(x, axis=-1)

    def floor(self, x: Any) -> Any:
        return np.floor(x)

    def logsumexp(self, x: Any) -> Any:
        return special.logsumexp(x, axis=-1)

    def logaddexp(self, x: Any, y: Any) -> Any:
        return np.logaddexp(x, y)

    def expit(self, x: Any) -> Any:
        return special.expit(x)

    def softplus(self, x: Any) -> Any:
        return np.logaddexp(0.0, x)

    def log1mexp(self, x: Any) -> Any:
        # Each form where it keeps its digits: Maechler 2012.
        near = np.log(-np.expm1(np.clip(x, -1.0, -1e-300)))
        return np.where(x > -0.6931471805599453, near, np.log1p(-np.exp(np.minimum(x, -0.5))))

    def normal_cdf(self, x: Any) -> Any:
        return special.ndtr(x)

    def log_normal_cdf(self, x: Any) -> Any:
        return special.log_ndtr(x)

    def log_erfcx(self, x: Any) -> Any:
        return np.log(special.erfcx(x))

    def gammaln(self, x: Any) -> Any:
        return special.gammaln(x)

    def gammainc(self, a: Any, x: Any) -> Any:
        return special.gammainc(a, x)

    def gammaincc(self, a: Any, x: Any) -> Any:
        return special.gammaincc(a, x)

    def betainc(self, a: Any, b: Any, x: Any) -> Any:
        return special.betainc(a, b, x)

    def log_bessel_i0(self, x: Any) -> Any:
        return self.log_bessel_i0e(x) + x

    def log_bessel_i0e(self, x: Any) -> Any:
        return np.log(special.i0e(x))

    def matmul(self, x: Any, y: Any) -> Any:
        return x @ y

    def cholesky(self, x: Any) -> Any:
        return np.linalg.cholesky(x)


NUMPY: Maths = NumpyMaths()
