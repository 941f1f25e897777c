"""The two simulated data sets of the protocol, by NumPy alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEED = 20260101


def slopes_of_500_groups() -> pd.DataFrame:
    """Simulate S1: binary responses, 20 rows in each of 500 groups, intercepts and slopes correlated."""
    rng = np.random.default_rng(SEED)
    groups, rows = 500, 20
    covariance = np.array([[0.64, 0.12], [0.12, 0.25]])
    b = rng.multivariate_normal(np.zeros(2), covariance, groups)
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(size=groups * rows)
    return _with_responses(rng, -0.5 + b[g, 0] + (0.7 + b[g, 1]) * x, {"x": x, "g": g})


def nearly_single_rows() -> pd.DataFrame:
    """Simulate S2: binary responses, 2,160 rows in 1,600 groups, standard deviation 2."""
    rng = np.random.default_rng(SEED + 1)
    groups, rows = 1600, 2160
    g = np.concatenate([np.arange(groups), rng.integers(0, groups, rows - groups)])
    x1, x2 = rng.normal(size=rows), rng.integers(0, 2, rows).astype(float)
    eta = -0.5 + 0.8 * x1 - 0.6 * x2 + 2.0 * rng.normal(size=groups)[g]
    return _with_responses(rng, eta, {"x1": x1, "x2": x2, "g": g})


def _with_responses(
    rng: np.random.Generator, eta: np.ndarray, columns: dict[str, np.ndarray]
) -> pd.DataFrame:
    y = (rng.random(len(eta)) < 1.0 / (1.0 + np.exp(-eta))).astype(int)
    labels = np.array([f"g{code:04d}" for code in columns["g"]])
    return pd.DataFrame({"y": y, **columns, "g": labels})
