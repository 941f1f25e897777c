"""The functions that links and densities are written in, for NumPy arrays; graphs have them for PyTensor.

A formula that is written once, in these functions, is the same in the sampled graph and in every number
that is computed from the draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

#: Numbers of any shape.
Array = NDArray[np.float64]
#: What may also be one plain number.
Numbers = Array | float
#: What is chosen by, element by element.
Booleans = NDArray[np.bool_] | bool
#: Places along an axis: their indices, or a run of them.
Places = NDArray[np.int64] | slice

#: exp(700) is finite, and every function here is constant beyond it to the last bit.
_LARGEST_EXPONENT = 700.0


class Maths(Protocol):
    """Elementwise functions of one kind of array. All are finite wherever their value is.

    Functions that are written in them are typed by arrays and take graphs as well: PyTensor has no types, so
    that its variables are ``Any`` to a type checker.
    """

    def exp(self, x: Numbers) -> Array:
        """Return exp(x); beyond 700 that of 700."""

    def expm1(self, x: Numbers) -> Array:
        """Return exp(x) - 1."""

    def log(self, x: Numbers) -> Array:
        """Return log(x); minus infinity at 0."""

    def log1p(self, x: Numbers) -> Array:
        """Return log(1 + x)."""

    def sqrt(self, x: Numbers) -> Array:
        """Return the square root."""

    def abs(self, x: Numbers) -> Array:
        """Return the absolute value."""

    def arctan2(self, y: Numbers, x: Numbers) -> Array:
        """Return the angle of the point (x, y)."""

    def cos(self, x: Numbers) -> Array:
        """Return the cosine."""

    def sin(self, x: Numbers) -> Array:
        """Return the sine."""

    def tanh(self, x: Numbers) -> Array:
        """Return the hyperbolic tangent."""

    def full_like(self, x: Numbers, value: float) -> Array:
        """Return an array like x that holds one number."""

    def where(self, condition: Booleans, yes: Numbers, no: Numbers) -> Array:
        """Choose elementwise; in a graph both branches must have finite gradients."""

    def minimum(self, x: Numbers, y: Numbers) -> Array:
        """Return the smaller."""

    def maximum(self, x: Numbers, y: Numbers) -> Array:
        """Return the larger."""

    def constant(self, x: Array) -> Array:
        """Return x as a number that nothing is differentiated by."""

    def stack(self, arrays: Sequence[Numbers]) -> Array:
        """Stack arrays along a new last axis."""

    def scatter(self, runs: Sequence[tuple[Places, Array]], size: int) -> Array:
        """Put runs of (positions, values) together along the last axis; zero where nothing is put."""

    def sum(self, x: Array) -> Array:
        """Add up along the last axis."""

    def floor(self, x: Numbers) -> Array:
        """Return the whole number at or below x, which nothing is differentiated by."""

    def logsumexp(self, x: Array) -> Array:
        """Return log(sum(exp(x))) along the last axis."""

    def logaddexp(self, x: Numbers, y: Numbers) -> Array:
        """Return log(exp(x) + exp(y))."""

    def expit(self, x: Numbers) -> Array:
        """Return 1 / (1 + exp(-x))."""

    def softplus(self, x: Numbers) -> Array:
        """Return log(1 + exp(x))."""

    def log1mexp(self, x: Numbers) -> Array:
        """Return log(1 - exp(x)) for x below 0."""

    def normal_cdf(self, x: Numbers) -> Array:
        """Return Phi(x)."""

    def log_normal_cdf(self, x: Numbers) -> Array:
        """Return log Phi(x), accurate in both tails."""

    def log_erfcx(self, x: Numbers) -> Array:
        """Return log(exp(x^2) erfc(x)) for x >= 0."""

    def gammaln(self, x: Numbers) -> Array:
        """Return log Gamma(x)."""

    def gammainc(self, a: Numbers, x: Numbers) -> Array:
        """Return the regularized lower incomplete gamma function P(a, x)."""

    def gammaincc(self, a: Numbers, x: Numbers) -> Array:
        """Return the regularized upper incomplete gamma function Q(a, x)."""

    def betainc(self, a: Numbers, b: Numbers, x: Numbers) -> Array:
        """Return the regularized incomplete beta function I_x(a, b)."""

    def log_bessel_i0(self, x: Numbers) -> Array:
        """Return log I_0(x) for x >= 0, the modified Bessel function."""
        return self.log_bessel_i0e(x) + x

    def log_bessel_i0e(self, x: Numbers) -> Array:
        """Return log I_0(x) - x for x >= 0, with its digits where x is large."""

    def matmul(self, x: Array, y: Array) -> Array:
        """Return the product of two matrices."""

    def cholesky(self, x: Array) -> Array:
        """Return the lower Cholesky factor of a matrix."""


class NumpyMaths(Maths):
    """The functions for NumPy arrays; no floating-point warning is raised."""

    def exp(self, x: Numbers) -> Array:
        return np.exp(np.minimum(x, _LARGEST_EXPONENT))

    def expm1(self, x: Numbers) -> Array:
        return np.expm1(np.minimum(x, _LARGEST_EXPONENT))

    def log(self, x: Numbers) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(x)

    def log1p(self, x: Numbers) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log1p(x)

    def sqrt(self, x: Numbers) -> Array:
        with np.errstate(invalid="ignore"):
            return np.sqrt(x)

    def abs(self, x: Numbers) -> Array:
        return np.abs(x)

    def arctan2(self, y: Numbers, x: Numbers) -> Array:
        return np.arctan2(y, x)

    def cos(self, x: Numbers) -> Array:
        return np.cos(x)

    def sin(self, x: Numbers) -> Array:
        return np.sin(x)

    def tanh(self, x: Numbers) -> Array:
        return np.tanh(x)

    def full_like(self, x: Numbers, value: float) -> Array:
        return np.full_like(x, value, dtype=np.float64)

    def where(self, condition: Booleans, yes: Numbers, no: Numbers) -> Array:
        return np.where(condition, yes, no)

    def minimum(self, x: Numbers, y: Numbers) -> Array:
        return np.minimum(x, y)

    def maximum(self, x: Numbers, y: Numbers) -> Array:
        return np.maximum(x, y)

    def constant(self, x: Array) -> Array:
        return x

    def stack(self, arrays: Sequence[Numbers]) -> Array:
        return np.stack(np.broadcast_arrays(*arrays), axis=-1)

    def scatter(self, runs: Sequence[tuple[Places, Array]], size: int) -> Array:
        shape = np.broadcast_shapes(*(np.shape(values)[:-1] for _, values in runs)) if runs else ()
        result = np.zeros((*shape, size))
        for positions, values in runs:
            result[..., positions] = values
        return result

    def sum(self, x: Array) -> Array:
        return np.sum(x, axis=-1)

    def floor(self, x: Numbers) -> Array:
        return np.floor(x)

    def logsumexp(self, x: Array) -> Array:
        return special.logsumexp(x, axis=-1)

    def logaddexp(self, x: Numbers, y: Numbers) -> Array:
        return np.logaddexp(x, y)

    def expit(self, x: Numbers) -> Array:
        return np.asarray(special.expit(x))

    def softplus(self, x: Numbers) -> Array:
        return np.logaddexp(0.0, x)

    def log1mexp(self, x: Numbers) -> Array:
        # Each form where it keeps its digits: Maechler 2012.
        near = np.log(-np.expm1(np.clip(x, -1.0, -1e-300)))
        return np.where(x > -0.6931471805599453, near, np.log1p(-np.exp(np.minimum(x, -0.5))))

    def normal_cdf(self, x: Numbers) -> Array:
        return np.asarray(special.ndtr(x))

    def log_normal_cdf(self, x: Numbers) -> Array:
        return np.asarray(special.log_ndtr(x))

    def log_erfcx(self, x: Numbers) -> Array:
        return np.log(special.erfcx(x))

    def gammaln(self, x: Numbers) -> Array:
        return np.asarray(special.gammaln(x))

    def gammainc(self, a: Numbers, x: Numbers) -> Array:
        return np.asarray(special.gammainc(a, x))

    def gammaincc(self, a: Numbers, x: Numbers) -> Array:
        return np.asarray(special.gammaincc(a, x))

    def betainc(self, a: Numbers, b: Numbers, x: Numbers) -> Array:
        return np.asarray(special.betainc(a, b, x))

    def log_bessel_i0e(self, x: Numbers) -> Array:
        return np.log(special.i0e(x))

    def matmul(self, x: Array, y: Array) -> Array:
        return x @ y

    def cholesky(self, x: Array) -> Array:
        return np.linalg.cholesky(x)


NUMPY: Maths = NumpyMaths()
