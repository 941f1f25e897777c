"""The density with effects integrated out is the graph's; what is drawn given it is what was integrated."""

from functools import cache

import numpy as np
import pytest

from glmm_bayes.kernels.eligible import why_not_marginal
from glmm_bayes.kernels.marginal import MarginalKernel
from tests.kernels.graph_density import log_density, log_jacobian
from tests.kernels.normal_models import MODELS, model_of

POINTS = 6


@cache
def kernel(name):
    definition = model_of(name).definition
    assert why_not_marginal(definition) == ""
    return MarginalKernel(definition)


def points(name, count=POINTS):
    rng = np.random.default_rng(sum(map(ord, name)))
    return [
        (rng.normal(0, 0.6, kernel(name).numbers), rng.normal(size=kernel(name).units)) for _ in range(count)
    ]


def drawn(one, point, normal):
    return {name: values[0] for name, values in one.draws(point[None], normal[None]).items()}


def in_the_graph(one):
    """Return a function that takes a kernel's point, with no error of a draw, to the graph's."""
    zeros = np.zeros(one.units)
    return lambda point: (point, drawn(one, point, zeros))


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_integral_of_the_graphs_density_and_draws_are_of_what_was_integrated(name):
    """log p(theta, u) = log p(theta) + log N(u; its mean and covariance), whatever theta and u are."""
    one, gaps = kernel(name), []
    for point, normal in points(name):
        joint = log_density(model_of(name), point, drawn(one, point, normal))
        joint += log_jacobian(model_of(name), point, in_the_graph(one), one.numbers)
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
