"""Numbers in, their mean and standard deviation out, to the same bit in whatever order they come.

Default priors are made of them, and the same data must have the same draws however its rows are sorted.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def exact_mean(values: ArrayLike) -> float:
    """Return the mean of some numbers; their sum is rounded once (Shewchuk 1997)."""
    numbers = np.asarray(values, np.float64).ravel()
    return math.fsum(numbers) / len(numbers) if len(numbers) else math.nan


def exact_sd(values: ArrayLike) -> float:
    """Return the standard deviation of two numbers or more, with one degree of freedom less."""
    numbers = np.asarray(values, np.float64).ravel()
    squares = math.fsum(np.square(numbers - exact_mean(numbers)))
    return math.sqrt(squares / (len(numbers) - 1))
