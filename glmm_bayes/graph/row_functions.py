"""Graph variables in, a function of NumPy arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymc as pm
from pytensor.compile.mode import Mode

#: Rewritten for digits as the sampled graph is; without C, whose compilation takes seconds.
_MODE = Mode(linker="py", optimizer="fast_run").excluding("fusion", "inplace")


def row_function(inputs: Sequence[Any], outputs: Any) -> Any:
    """Return the function that computes ``outputs``; out of a distribution's range they are not finite."""
    return pm.compile(inputs, outputs, mode=_MODE, on_unused_input="ignore")
