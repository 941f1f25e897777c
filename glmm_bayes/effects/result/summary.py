"""Draws in, mean, sd and interval of each column out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.words import INTERVAL_PROBABILITY, interval_columns


def summary_frame(flat: NDArray[np.float64], probability: float = INTERVAL_PROBABILITY) -> pd.DataFrame:
    """Return mean, sd and the equal-tailed interval of each column of (draw, row) draws."""
    tail = (1 - probability) / 2
    lower, upper = np.quantile(flat, [tail, 1 - tail], axis=0)
    names = interval_columns(probability)
    spread = flat.std(axis=0, ddof=1) if len(flat) > 1 else np.full(flat.shape[1], np.nan)
    return pd.DataFrame({"mean": flat.mean(axis=0), "sd": spread, names[0]: lower, names[1]: upper})
