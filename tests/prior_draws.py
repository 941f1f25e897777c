"""Prior draws of variables of a graph, all at once: one call of one function instead of one call a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.custom import CustomDistRV
from pymc.distributions.shape_utils import change_dist_size
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from tests.plain_mode import PLAIN


def prior_draws(
    graph: pm.Model, names: Sequence[str], size: int, seed: int, held: Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """Return independent draws of the named variables, shape (size, ...), joint over the names.

    Each random variable above them is drawn ``size`` times; what follows from it is computed as the graph
    says. Variables of ``held`` have the given values instead of draws.
    """
    if held:
        graph = pm.do(graph, {name: np.asarray(value, np.float64) for name, value in held.items()})
    variables = [graph[name] for name in names]
    above = set(ancestors(variables))
    random = [variable for variable in graph.free_RVs if variable in above]
    if any(isinstance(variable.owner.op, CustomDistRV) for variable in random):
        # These draw one value a call, whatever size they are asked for.
        drawn = pm.draw(variables, size, random_seed=seed, mode=PLAIN)
    else:
        repeated: dict[Any, Any] = {}
        for variable in random:
            # A law of a law has its size from its parameters, which are drawn already.
            is_law_of_law = any(other in repeated for other in ancestors([variable]))
            repeated[variable] = (
                vectorize_graph(variable, repeated)
                if is_law_of_law
                else change_dist_size(variable, (size,), expand=True)
            )
        drawn = pm.draw(vectorize_graph(variables, repeated), random_seed=seed, mode=PLAIN)
        fixed = [not set(random) & set(ancestors([variable])) for variable in variables]
        drawn = [
            np.broadcast_to(values, (size, *values.shape)) if is_fixed else values
            for values, is_fixed in zip(drawn, fixed, strict=True)
        ]
    assert all(len(values) == size for values in drawn)
    return dict(zip(names, drawn, strict=True))
