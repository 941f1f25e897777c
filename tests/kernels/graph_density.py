"""A model, a kernel's point and reported variables in, the graph's log density there and the Jacobian out."""

from functools import cache

import numpy as np
import pytensor

from tests.kernels.graph_points import graph_point
from tests.plain_mode import PLAIN


@cache
def compiled(model):
    """Compile the graph's log density as a function of its unconstrained values."""
    graph = model.pymc_model
    return pytensor.function(graph.value_vars, graph.logp(), mode=PLAIN, on_unused_input="ignore")


def unconstrained(model, point, drawn):
    """Return the values of the graph's variables, and the names of those of coefficients and effects."""
    graph = model.pymc_model
    sampled, integrated = graph_point(model.definition, point, drawn)
    values, hidden = {}, set()
    for variable, value in graph.rvs_to_values.items():
        if variable in graph.observed_RVs:
            continue
        given, transform = sampled[variable.name], graph.rvs_to_transforms[variable]
        if transform is not None:
            given = transform.forward(given, *variable.owner.inputs).eval(mode=PLAIN)
        values[value.name] = np.asarray(given, float)
        hidden |= {value.name} if variable.name in integrated else set()
    return values, hidden


def log_density(model, point, drawn):
    """Return the graph's log density."""
    return float(compiled(model)(**unconstrained(model, point, drawn)[0]))


def log_jacobian(model, point, drawn_at, numbers):
    """Return log |d graph's hyperparameters / d the kernel's first numbers|, by sixth-order differences."""
    step, weights = 0.02, {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}

    def hyper(at):
        values, hidden = unconstrained(model, *drawn_at(at))
        return np.concatenate([[], *(np.ravel(value) for key, value in values.items() if key not in hidden)])

    columns = [
        sum(w * (hyper(point + k * step * e) - hyper(point - k * step * e)) for k, w in weights.items())
        / step
        for e in np.eye(len(point))[:numbers]
    ]
    return np.linalg.slogdet(np.array(columns))[1] if numbers else 0.0


def affine_log_jacobian(model, point, drawn_at, numbers):
    """Return log |d graph's coefficients and effects / d the kernel's other numbers|: they are affine."""

    def hidden(at):
        # They are unconstrained as they are.
        sampled, names = graph_point(model.definition, *drawn_at(at))
        return np.concatenate([[], *(np.ravel(sampled[name]) for name in sorted(names))])

    middle = hidden(point)
    columns = [hidden(point + e) - middle for e in np.eye(len(point))[numbers:]]
    return np.linalg.slogdet(np.array(columns))[1]
