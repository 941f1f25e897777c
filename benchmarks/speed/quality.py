"""Draws in, their quality out: effective sample sizes, convergence, and whether two tools agree.

One environment's ArviZ computes all of it, of every number of a draw: coefficients, standard deviations,
correlations, dispersion and all group effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from arviz_stats.base import array_stats

AXES = {"chain_axis": 0, "draw_axis": 1}
R_HAT, ESS = 1.01, 400.0
#: What two posteriors are compared by.
COMPARED = ("mean", "sd", "q05", "q95")


def quality(draws: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Return the least effective sample sizes and the largest R-hat, each with the number it is of."""
    bulk = array_stats.ess(draws, method="bulk", **AXES)
    tail = array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **AXES)
    spread = array_stats.ess(draws, method="sd", **AXES)
    r_hat = array_stats.rhat(draws, **AXES)
    return {
        "ess_bulk": float(bulk.min()),
        "ess_bulk_of": names[int(bulk.argmin())],
        "ess_tail": float(tail.min()),
        "ess_tail_of": names[int(tail.argmin())],
        "ess_sd": float(spread.min()),
        "r_hat": float(r_hat.max()),
        "numbers": len(names),
        "passes": bool(r_hat.max() < R_HAT and min(bulk.min(), tail.min()) > ESS),
    }


def summary(draws: np.ndarray) -> dict[str, np.ndarray]:
    """Return means, sds and quantiles of all numbers, each with its Monte Carlo error."""
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=(0, 1))
    found = {"mean": draws.mean(axis=(0, 1)), "sd": draws.std(axis=(0, 1), ddof=1)}
    found |= {"q05": lower, "q95": upper}
    errors = {
        "mean": array_stats.mcse(draws, method="mean", **AXES),
        "sd": array_stats.mcse(draws, method="sd", **AXES),
        "q05": array_stats.mcse(draws, method="quantile", prob=0.05, **AXES),
        "q95": array_stats.mcse(draws, method="quantile", prob=0.95, **AXES),
    }
    return found | {f"error_{name}": np.asarray(values) for name, values in errors.items()}


def pooled(summaries: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Average the summaries of independent runs."""
    count = len(summaries)
    found = {name: np.mean([each[name] for each in summaries], axis=0) for name in COMPARED}
    errors = {
        f"error_{name}": np.sqrt(np.sum([each[f"error_{name}"] ** 2 for each in summaries], axis=0)) / count
        for name in COMPARED
    }
    return found | errors


def agreement(
    own: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], names: Sequence[str]
) -> dict[str, Any]:
    """Compare two summaries in combined Monte Carlo errors."""
    scores = np.stack(
        [
            np.abs(own[name] - other[name]) / np.hypot(own[f"error_{name}"], other[f"error_{name}"])
            for name in COMPARED
        ]
    )
    which, number = np.unravel_index(int(scores.argmax()), scores.shape)
    ratio = own["sd"] / other["sd"]
    return {
        "largest_z": float(scores.max()),
        "largest_z_of": f"{COMPARED[which]} of {names[number]}",
        "share_above_2": float((scores > 2).mean()),
        "sd_ratios": [float(ratio.min()), float(ratio.max())],
    }
