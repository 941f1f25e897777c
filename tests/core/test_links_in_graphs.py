"""A link is written once: its graph gives what its arrays give, with gradients that are finite."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.graph.maths import GRAPH
from tests.plain_mode import PLAIN


def functions_of(name):
    """Return the functions that a density is made of."""
    link = LINKS[name]
    functions = [
        link.inverse,
        link.inverse_derivative,
        link.inverse_second_derivative,
        link.log_inverse_derivative,
    ]
    if name not in ("identity", "tan_half"):
        functions.append(link.log_inverse)
    if isinstance(link, ProbabilityLink):
        functions.append(link.log_complement)
    return functions


def domain(name):
    if LINKS[name].has_pole:
        return np.linspace(0.05, 30.0, 600)
    if name == "logc":
        return np.linspace(-30.0, -0.01, 600)
    # The log of a square has no gradient at 0.
    eta = np.linspace(-30.0, 30.0, 1201)
    return eta[eta != 0.0] if name == "sqrt" else eta


@pytest.mark.parametrize("name", list(LINKS))
def test_the_graph_agrees_with_the_arrays_and_its_gradients_are_finite(name):
    x, eta = pt.dvector("x"), domain(name)
    functions = functions_of(name)
    values = [function(x, GRAPH) for function in functions]
    slopes = [pytensor.grad(pt.as_tensor(value).sum(), x, disconnected_inputs="ignore") for value in values]
    compiled = pytensor.function([x], values + slopes, mode=PLAIN)
    results = compiled(eta)
    for function, value, slope in zip(functions, results, results[len(functions) :], strict=False):
        # Numbers below the smallest normal one have fewer digits.
        np.testing.assert_allclose(value, function(eta), rtol=1e-12, atol=1e-300)
        assert np.isfinite(slope).all()
    # What is written as a derivative is that of the graph itself.
    of_inverse, of_slope, _, of_log_slope, *_ = results[len(functions) :]
    slope, bend = results[1:3]
    np.testing.assert_allclose(of_inverse, slope, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(of_slope, bend, rtol=1e-11, atol=1e-15)
    near = np.abs(slope) > 1e-250
    np.testing.assert_allclose(of_log_slope[near], bend[near] / slope[near], rtol=1e-11, atol=1e-11)
