"""What stands behind the bar of a formula's left side, beside the trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Additions:
    """Weights, known standard errors, censoring, bounds and exposure of each row; None where not written."""

    weights: Array | None = None
    se: Array | None = None
    se_adds_sigma: bool = False
    censored: NDArray[np.int8] | None = None
    interval_end: Array | None = None
    lower: Array | None = None
    upper: Array | None = None
    rate: Array | None = None
