"""Draws of coefficients under two estimands in, their summary and the table with both side by side out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.intervals import Interval
from glmm_bayes.effects.result.summary import MeanSummary, summary_frame

Array = NDArray[np.float64]

SUBJECT, POPULATION = "subject", "population"


@dataclass(frozen=True)
class TwoSides(MeanSummary):
    """Rows of subject-specific coefficients, then those of the same coefficients for the population.

    Attributes
    ----------
    both : int
        How many of the first subject-specific rows have a population-averaged one, in the same order.
    subject : int
        Rows of subject-specific coefficients.
    scale : ndarray, shape (draw, subject), or None
        What coefficients are multiplied by before they are the log of a ratio; NaN where they are none.
    """

    both: int
    subject: int
    scale: Array | None

    def summarise(self, flat: Array, interval: Interval) -> pd.DataFrame:
        """Summarise coefficients and, beside them, the ratios exp(coefficient) and the attenuation."""
        frame = summary_frame(flat, interval)
        if self.scale is not None:
            logs = flat * np.hstack([self.scale, self.scale[:, : self.both]])
            frame = pd.concat([frame, _ratios(logs, interval)], axis=1)
        if self.both:
            share = _attenuation(flat[:, : self.both], flat[:, self.subject :], interval)
            frame["attenuation"] = np.concatenate([np.full(self.subject, np.nan), share])
        return frame

    def side_by_side(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put the population-averaged coefficients beside the subject-specific ones."""
        sides = {word: frame[frame["estimand"] == word] for word in (SUBJECT, POPULATION)}
        drawn = [name for name in frame.columns if name in ("mean", "sd") or name.endswith(("_lb", "_ub"))]
        ratios = [name for name in frame.columns if name.startswith("ratio_")]
        coefficients = [name for name in drawn if name not in ratios]
        columns: dict[str, pd.Series] = {"coef": sides[SUBJECT]["coef"].reset_index(drop=True)}
        for names in (coefficients, ["attenuation"] if self.both else [], ratios):
            for word, side in sides.items():
                if not len(side) or (names == ["attenuation"] and word == SUBJECT):
                    continue
                # A ratio may have no name on one side; the others stand there, also of a single draw.
                for name in (name for name in names if name not in ratios or side[name].notna().any()):
                    shown = name if names == ["attenuation"] else f"{word}_{name.replace('_median', '')}"
                    columns[shown] = side[name].reset_index(drop=True)
        further = [name for name in frame.columns if name not in {"coef", "estimand", "attenuation", *drawn}]
        for name in (name for name in further if name not in ratios):
            columns[name] = sides[SUBJECT][name].reset_index(drop=True)
        return pd.DataFrame(columns)


def _ratios(logs: Array, interval: Interval) -> pd.DataFrame:
    """Summarise ``exp(coefficient)`` by median and interval."""
    lower, upper = interval.ends(np.exp(logs))
    names = (f"ratio_{name}" for name in interval.columns)
    return pd.DataFrame(
        {"ratio_median": np.median(np.exp(logs), axis=0), **dict(zip(names, (lower, upper), strict=True))}
    )


def _attenuation(beta: Array, gamma: Array, interval: Interval) -> Array:
    """Return the median ratio; NaN where the sign of the subject-specific coefficient is open."""
    low, high = interval.ends(beta)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.median(gamma / beta, axis=0)
    return np.where((low > 0) | (high < 0), ratio, np.nan)
