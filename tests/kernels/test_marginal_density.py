"""The density with effects integrated out is the graph's; what is drawn given it is what was integrated."""

from functools import cache

import numpy as np
import pytensor
import pytest

from glmm_bayes.kernels.eligible import why_not_marginal
from glmm_bayes.kernels.marginal import Marginal
from tests.kernels.graph_points import graph_point
from tests.kernels.normal_models import MODELS, model_of
from tests.plain_mode import PLAIN

POINTS = 6


@cache
def kernel(name):
    definition = model_of(name).definition
    assert why_not_marginal(definition) == ""
    return Marginal(definition)


@cache
def graph(name):
    """Compile the graph's log density as a function of its unconstrained values."""
    model = model_of(name).pymc_model
    return pytensor.function(model.value_vars, model.logp(), mode=PLAIN, on_unused_input="ignore")


def points(name, count=POINTS):
    rng = np.random.default_rng(sum(map(ord, name)))
    return [
        (rng.normal(0, 0.6, kernel(name).numbers), rng.normal(size=kernel(name).units)) for _ in range(count)
    ]


def unconstrained(name, point, normal):
    """Return the values of the graph's variables at a point and a draw given it, and what is integrated."""
    model = model_of(name).pymc_model
    sampled, integrated = graph_point(kernel(name), point, normal)
    values, hidden = {}, set()
    for variable, value in model.rvs_to_values.items():
        if variable in model.observed_RVs:
            continue
        given, transform = sampled[variable.name], model.rvs_to_transforms[variable]
        if transform is not None:
            given = transform.forward(given, *variable.owner.inputs).eval(mode=PLAIN)
        values[value.name] = np.asarray(given, float)
        hidden |= {value.name} if variable.name in integrated else set()
    return values, hidden


def log_jacobian(name, point):
    """Return log |d graph's hyperparameters / d kernel's|, by sixth-order differences."""
    one = kernel(name)
    zeros, step = np.zeros(one.units), 0.02

    def hyper(at):
        values, hidden = unconstrained(name, at, zeros)
        return np.concatenate([np.ravel(value) for key, value in values.items() if key not in hidden])

    weights = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    columns = [
        sum(w * (hyper(point + k * step * e) - hyper(point - k * step * e)) for k, w in weights.items())
        / step
        for e in np.eye(one.numbers)
    ]
    return np.linalg.slogdet(np.array(columns))[1]


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_integral_of_the_graphs_density_and_draws_are_of_what_was_integrated(name):
    """log p(theta, u) = log p(theta) + log N(u; its mean and covariance), whatever theta and u are."""
    one, gaps = kernel(name), []
    for point, normal in points(name):
        joint = float(graph(name)(**unconstrained(name, point, normal)[0])) + log_jacobian(name, point)
        conditional = -0.5 * normal @ normal + one.half_log_det(point)
        gaps.append(joint - conditional - one.value(point)[0])
    np.testing.assert_allclose(gaps, gaps[0], rtol=0, atol=1e-9 * max(1, abs(joint)))


@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_is_that_of_the_density(name):
    one, step = kernel(name), 1e-5
    for point, _ in points(name):
        gradient = one.value(point)[1]
        for k, unit in enumerate(np.eye(one.numbers)):
            difference = (one.value(point + step * unit)[0] - one.value(point - step * unit)[0]) / (2 * step)
            assert gradient[k] == pytest.approx(difference, rel=1e-6, abs=1e-6)
