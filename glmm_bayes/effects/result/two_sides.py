"""Draws of coefficients under two estimands in, their summary and the table with both side by side out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glmm_bayes.core.intervals import Interval
from glmm_bayes.core.maths import Array
from glmm_bayes.effects.result.summary import MeanSummary, ratio_of, summary_frame

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

    def side_by_side(self, frame: pd.DataFrame, interval: Interval) -> pd.DataFrame:
        """Put the population-averaged coefficients beside the subject-specific ones."""
        sides = {
            word: frame[frame["estimand"] == word].reset_index(drop=True) for word in (SUBJECT, POPULATION)
        }
        estimates = ("mean", "sd", *interval.columns)
        ratios = {} if self.scale is None else _ratio_columns(interval)
        columns: dict[str, pd.Series] = {"coef": sides[SUBJECT]["coef"]}
        for word, side in sides.items():
            columns |= {f"{word}_{name}": side[name] for name in estimates if len(side)}
        if self.both:
            columns["attenuation"] = sides[POPULATION]["attenuation"]
        for word, side in sides.items():
            # A ratio may have no name on one side; the others stand there, also of a single draw.
            columns |= {f"{word}_{ratios[name]}": side[name] for name in ratios if side[name].notna().any()}
        placed = {"coef", "estimand", "attenuation", *estimates, *ratios}
        columns |= {str(name): sides[SUBJECT][name] for name in frame.columns if name not in placed}
        return pd.DataFrame(columns)


def _ratio_columns(interval: Interval) -> dict[str, str]:
    """Return the columns of ratios in the summary, and what each is called behind the word for its side."""
    return {"ratio_median": "ratio", **{f"ratio_{end}": f"ratio_{end}" for end in interval.columns}}


def _ratios(logs: Array, interval: Interval) -> pd.DataFrame:
    """Summarise ``exp(coefficient)`` by median and interval."""
    ratios = ratio_of(logs)
    numbers = (np.median(ratios, axis=0), *interval.ends(ratios))
    return pd.DataFrame(dict(zip(_ratio_columns(interval), numbers, strict=True)))


def _attenuation(beta: Array, gamma: Array, interval: Interval) -> Array:
    """Return the median ratio; NaN where the sign of the subject-specific coefficient is open."""
    low, high = interval.ends(beta)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.median(gamma / beta, axis=0)
    return np.where((low > 0) | (high < 0), ratio, np.nan)
