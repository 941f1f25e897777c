"""The kernel of all effects has the graph's density and its gradient, for each family and structure."""

from functools import cache

import numpy as np
import pytest

from glmm_bayes.kernels.find_pilot import with_pilot
from glmm_bayes.kernels.joint import plain_kernel
from glmm_bayes.sampling.guides import guide_of
from tests.kernels.family_models import MODELS, NORMAL_MODELS, model_of
from tests.kernels.graph_density import affine_log_jacobian, log_density, log_jacobian

POINTS = 6
ALL = MODELS | NORMAL_MODELS
#: A coefficient inside an interval, and no coefficient.
NOT_FAR = ("other priors", "cumulative, no columns")
#: Models whose linear predictors have ends.
WITH_ENDS = [
    name
    for name, (_, family, link, _) in MODELS.items()
    if (link == "identity" and family != "student") or (link == "log" and family in ("bernoulli", "binomial"))
]


KINDS = pytest.mark.parametrize("piloted", [False, True], ids=["plain", "piloted"])


@cache
def kernel(name, piloted):
    definition = model_of(name).definition
    plain = plain_kernel(definition, {key: one.value for key, one in guide_of(definition).centres.items()})
    return with_pilot(plain) if piloted else plain


def points(name, one):
    rng = np.random.default_rng(sum(map(ord, name)))
    return [inside(one, rng.normal(0, 0.7, one.numbers)) for _ in range(POINTS)]


def inside(one, point):
    """Return the point, nearer to the centre where the mean of a row is none."""
    for halves in range(60):
        near = point / 2**halves
        if one.value(near)[0] > -np.inf:
            # At an end itself densities are steep.
            return near / 2 if halves else near
    raise AssertionError("there is no density near the centre")


def reported(one, point):
    return {name: values[0] for name, values in one.expand(point).items()}


@KINDS
@pytest.mark.parametrize("name", ALL)
def test_it_is_the_graphs_density(name, piloted):
    one, model, gaps = kernel(name, piloted), model_of(name), []
    for point in points(name, one):
        graph = log_density(model, point, reported(one, point))
        graph += log_jacobian(model, point, lambda at: (at, reported(one, at)), one.hyper)
        graph += affine_log_jacobian(model, point, lambda at: (at, reported(one, at)), one.hyper)
        gaps.append(graph - one.value(point)[0])
    np.testing.assert_allclose(gaps, gaps[0], rtol=0, atol=1e-9 * max(1, abs(graph)))


@KINDS
@pytest.mark.parametrize("name", ALL)
def test_the_gradient_is_that_of_the_density(name, piloted):
    one, step = kernel(name, piloted), 1e-5
    for point in points(name, one)[:3]:
        value, gradient = one.value(point)
        for k, unit in enumerate(np.eye(one.numbers)):
            difference = (one.value(point + step * unit)[0] - one.value(point - step * unit)[0]) / (2 * step)
            assert gradient[k] == pytest.approx(difference, rel=1e-6, abs=1e-8 * max(1, abs(value)))


@KINDS
@pytest.mark.parametrize("name", [name for name in ALL if name not in NOT_FAR])
@pytest.mark.parametrize("far", [-40.0, 40.0])
def test_far_out_there_is_a_number_or_no_density_and_never_a_wrong_one(name, far, piloted):
    one = kernel(name, piloted)
    point = np.zeros(one.numbers)
    point[one.hyper :][: one.struct.coefficients] = far
    value, gradient = one.value(point)
    assert np.isfinite(value) == np.isfinite(gradient).all()
    assert value == -np.inf or value < one.value(np.zeros(one.numbers))[0]


@pytest.mark.parametrize("name", WITH_ENDS)
def test_where_a_row_has_no_mean_neither_has_the_graph_a_density(name):
    one, found = kernel(name, False), 0
    for far in (-40.0, 40.0):
        point = np.zeros(one.numbers)
        point[one.hyper :][: one.struct.coefficients] = far
        if one.value(point)[0] == -np.inf:
            found += 1
            assert not np.isfinite(log_density(model_of(name), point, reported(one, point)))
    assert found


@pytest.mark.parametrize("name", ALL)
def test_a_pilot_is_found(name):
    assert kernel(name, True) is not kernel(name, False)
