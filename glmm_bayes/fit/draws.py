"""Draws, the sampler's statistics and how they were made, as one value; what is recorded of a sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The samplers that there are.
ENGINES = ("nutpie", "pymc")
#: What may be sampled: the graph, its density in C, or what is left of that once effects are integrated out.
METHODS = ("auto", "graph", "joint", "marginal")
#: The engine of draws that none of ours made.
ELSEWHERE = "draws made elsewhere"
#: Libraries that draws depend on.
DRAWN_WITH = ("glmm-bayes", "pymc", "pytensor", "nutpie", "numpy")


@dataclass(frozen=True)
class Draws:
    """Arrays of draws and of the sampler's statistics, shape (chain, draw, ...), and their settings."""

    posterior: Mapping[str, NDArray[np.float64]]
    statistics: Mapping[str, NDArray[Any]]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Statistic:
    """What a sampler says of each draw.

    Attributes
    ----------
    names : tuple of str
        What the samplers call it.
    dtype : type
        One of the three that files hold.
    least : float
    is_judged : bool
        True if ``diagnose`` reads it; every sampler gives those.
    """

    names: tuple[str, ...]
    dtype: type[np.generic]
    least: float = 0.0
    is_judged: bool = False


#: By ArviZ's names: all that is kept.
STATISTICS: Mapping[str, Statistic] = MappingProxyType(
    {
        "diverging": Statistic(("diverging",), np.bool_, is_judged=True),
        "tree_depth": Statistic(("depth", "tree_depth"), np.int64),
        "reached_max_treedepth": Statistic(
            ("maxdepth_reached", "reached_max_treedepth"), np.bool_, is_judged=True
        ),
        "energy": Statistic(("energy",), np.float64, -np.inf, is_judged=True),
        "lp": Statistic(("logp", "model_logp"), np.float64, -np.inf),
        "n_steps": Statistic(("n_steps",), np.int64),
        "acceptance_rate": Statistic(("mean_tree_accept",), np.float64),
        "step_size": Statistic(("step_size",), np.float64),
    }
)
#: Below this many draws a chain, a run that ended early says nothing worth keeping.
FEWEST_DRAWS = 100
