"""Draws of rows in, the columns of their summary out; and how a table of them is laid out in print."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array


def summary_frame(flat: Array, interval: Interval) -> pd.DataFrame:
    """Return mean, sd and the interval of each column of draws, shape (draw, row)."""
    lower, upper = interval.ends(flat)
    names = interval.columns
    # Infinite draws have an infinite mean, and no sd.
    with np.errstate(over="ignore", invalid="ignore"):
        mean = flat.mean(axis=0)
        spread = flat.std(axis=0, ddof=1) if len(flat) > 1 else np.full(flat.shape[1], np.nan)
    return pd.DataFrame({"mean": mean, "sd": spread, names[0]: lower, names[1]: upper})


def ratio_of(log: Array) -> Array:
    """Return the ratio that a log is of; beyond the largest number it is infinite."""
    with np.errstate(over="ignore"):
        return np.exp(log)


class Summary(Protocol):
    """How draws become the columns of a summary."""

    @property
    def summary_words(self) -> str:
        """What the columns are, before the interval's words."""

    @property
    def meaning(self) -> str:
        """What a reader must know of the number beside its label."""

    def summarise(self, flat: Array, interval: Interval) -> pd.DataFrame:
        """Summarise draws, shape (draw, row)."""

    def side_by_side(self, frame: pd.DataFrame, interval: Interval) -> pd.DataFrame:
        """Lay out the grid and its summary, whose interval is given, as they are printed."""


class MeanSummary:
    """Mean, sd and interval of each row."""

    summary_words = "mean and"
    meaning = ""

    def summarise(self, flat: Array, interval: Interval) -> pd.DataFrame:
        """Summarise draws, shape (draw, row)."""
        return summary_frame(flat, interval)

    def side_by_side(self, frame: pd.DataFrame, interval: Interval) -> pd.DataFrame:
        """Return the frame: a row of the grid is a row in print."""
        return frame
