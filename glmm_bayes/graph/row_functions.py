"""Graph variables in, a function of NumPy arrays out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

#: Rewritten for digits as the sampled graph is; without C, whose compilation takes seconds.
MODE = Mode(linker="py", optimizer="fast_run").excluding("fusion", "inplace")


def row_function(inputs: Sequence[Any], outputs: Any) -> Any:
    """Return the function that computes ``outputs``; out of a distribution's range they are not finite."""
    return pm.compile(inputs, outputs, mode=MODE, on_unused_input="ignore")


def density_with_slopes(
    log_density: Callable[[Any, Any, Sequence[Any]], Any],
    names: Sequence[str],
    *,
    is_discrete: bool,
    dimensions: int,
) -> Any:
    """Return the function of responses, trials and numbers, shape (row,), to a log density and its slopes.

    Parameters
    ----------
    log_density : callable
        Takes the response, its trials and the numbers of each row to the log density as it is sampled.
    names : sequence of str
        Of the numbers, in each of which there is a slope.
    is_discrete : bool
        Whether responses are whole numbers.
    dimensions : int
        1 for a response a row, 2 for numbers of categories.
    """
    numbers = [pt.vector(name, dtype="float64") for name in names]
    y = pt.tensor("y", dtype="int64" if is_discrete else "float64", shape=(None,) * dimensions)
    n = pt.vector("n", dtype="float64")
    density = log_density(y, n, numbers) + pt.zeros_like(numbers[0])
    slopes = pytensor.grad(density.sum(), numbers, disconnected_inputs="ignore")
    return row_function([y, n, *numbers], [density, *slopes])
