"""A registered function and its arguments in, one number a row out, or what is wrong with what it gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, Findings, FormulaError
from glmm_bayes.spec.expressions import Call
from glmm_bayes.spec.transforms import TRANSFORMS

Values = NDArray[np.float64]


def registered_values(
    call: Call, values: list[Values], size: int, learning: bool, findings: Findings
) -> Values:
    """Call a registered function; it must return one number a row, whatever the other rows are."""
    function = TRANSFORMS.get(call.function)
    if function is None:
        message = f"{call.function}() is not registered in this process."
        hint = f'Call gb.register_transform("{call.function}", ...) first.'
        raise FormulaError(Finding("formula_function", message, hint=hint))
    wrong = ""
    try:
        # Copies, so that a function that writes into its arguments cannot change the table.
        result = np.asarray(function(*(np.array(np.broadcast_to(value, size)) for value in values)))
        if result.shape != (size,) or result.dtype.kind not in "biuf":
            wrong = f"returned {result.dtype} of shape {result.shape}"
        elif learning and size > 1:
            wrong = _unlike_alone(function, values, result)
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        wrong = f"failed with {type(error).__name__}: {error}"
    if wrong:
        message = f"{call} {wrong}; it must return {size} numbers, one a row."
        column = (call.names() or (None,))[0]
        findings.error("formula_function", message, column=column, hint="Correct the function.")
        return np.zeros(size)
    return np.asarray(result, np.float64)


def _unlike_alone(function: Callable[..., Any], values: list[Values], result: NDArray[Any]) -> str:
    """Say if a function gives the first half of the rows other numbers when it sees no other rows."""
    half = (len(result) + 1) // 2
    alone = np.asarray(function(*(np.array(np.broadcast_to(value, len(result))[:half]) for value in values)))
    same = alone.shape == (half,) and np.allclose(alone, result[:half], rtol=1e-9, atol=0.0, equal_nan=True)
    return "" if same else "gives a row another number when other rows are left out"
