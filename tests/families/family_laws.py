"""What a family is held to: an independent formula of its density, mean, variance and distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.numbers import RealFamily
from tests.examples import Example

Values = Mapping[str, Any]


def default_etas(link: str) -> np.ndarray:
    """Return four linear predictors inside the link's domain."""
    if link in ("inverse", "inverse_squared"):
        return np.array([0.2, 0.5, 1.1, 3.0])
    if link == "identity":
        return np.array([0.4, 1.0, 2.5, 6.0])
    if link == "sqrt":
        return np.array([0.5, 1.0, 1.7, 3.0])
    return np.array([-1.3, -0.2, 0.4, 1.1])


def etas_of(row: Example, link: str) -> np.ndarray:
    return np.asarray(row.etas.get(link, default_etas(link)), float)


#: Linear predictors near an end of the mean of probabilities, or of the linear predictor itself.
FAR_OF_PROBABILITIES = {
    "log": (-30.0, -4.0, -0.5, -1e-3),
    "identity": (1e-3, 0.3, 0.7, 0.999),
    "logc": (-30.0, -4.0, -0.5, -1e-3),
}


def at_of(link: str, eta: Any, parameters: Values, m: Any = None) -> dict[str, RowValue]:
    """Return the parameters as a family takes them, those beside mu as numbers."""
    more = () if m is None else (m,)
    return {"mu": RowValue(LINKS[link], eta, *more)} | {
        name: number(value, *more) for name, value in parameters.items()
    }


def values_of(row: Example, link: str, eta: np.ndarray) -> dict[str, Any]:
    mu = LINKS[link].inverse(eta)
    return {"mu": mu} | {name: np.broadcast_to(value, mu.shape) for name, value in row.parameters.items()}


def reference_log_density(frozen: Any, y: np.ndarray) -> np.ndarray:
    return frozen.logpdf(y) if hasattr(frozen, "logpdf") else frozen.logpmf(y)


def far_etas(family: str, link: str) -> np.ndarray:
    """Return linear predictors 30 units out, within the domain of the link and of the family's mean."""
    if FAMILIES[family].has_bounded_predictor(LINKS[link]):
        return np.array(FAR_OF_PROBABILITIES[link])
    is_real = isinstance(FAMILIES[family], RealFamily) or family in ("lognormal", "von_mises")
    if link in ("inverse", "inverse_squared") or (link == "identity" and not is_real):
        return np.array([1e-3, 0.5, 5.0, 30.0])
    if link == "sqrt":
        return np.array([-30.0, -1.0, 0.5, 30.0])
    return np.array([-30.0, -4.0, 3.0, 30.0])
