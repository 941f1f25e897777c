"""The conditional predictor of a marginalized model against check values, quadrature and differences."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import integrate, stats

from glmm_bayes.core.conditional import CONDITIONAL, conditional_predictor
from glmm_bayes.core.integrals import link_of_population_mean
from glmm_bayes.core.links import LINKS
from glmm_bayes.graph.maths import GRAPH
from tests.plain_mode import PLAIN

#: Largest standard deviation for which the docstring promises 1e-8, and where eta is looked at.
RANGES = {
    "identity": (8.0, (-10.0, 10.0)),
    "log": (8.0, (-10.0, 10.0)),
    "probit": (10.0, (-6.0, 6.0)),
    "logit": (10.0, (-12.0, 12.0)),
    "cloglog": (10.0, (-12.0, 2.5)),
}


def test_the_check_values_of_the_logit():
    """statistics 7: eta = -1.2, v = 4."""
    link, step = LINKS["logit"], 1e-5
    found = conditional_predictor(link, np.array([-1.2, -1.2 + step, -1.2 - step]), np.full(3, 4.0))
    assert found[0] == pytest.approx(-1.94112068002, abs=2e-8)
    assert (found[1] - found[2]) / (2 * step) == pytest.approx(1.55574323311, abs=1e-6)
    high, low = (conditional_predictor(link, np.array([-1.2]), np.array([4.0 + h])) for h in (step, -step))
    assert ((high - low) / (2 * step)).item() == pytest.approx(-0.143722745280, abs=1e-6)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_population_mean_is_that_of_the_formula(name):
    sd, (low, high) = RANGES[name]
    link = LINKS[name]
    eta, sds = np.meshgrid(np.linspace(low, high, 41), np.array([0.01, 0.3, 1.0, 2.0, sd]), indexing="ij")
    delta = conditional_predictor(link, eta, sds**2)
    for e, s, d in zip(eta.ravel()[::7], sds.ravel()[::7], delta.ravel()[::7], strict=True):
        mean = integrate.quad(
            lambda z, d=d, s=s: link.inverse(np.array(d + s * z)) * stats.norm.pdf(z),
            -12, 12, epsabs=1e-12, epsrel=1e-11, limit=500, points=[-d / s] if abs(d / s) < 12 else None,
        )[0]  # fmt: skip
        expected = float(link.inverse(np.array(e)))
        # The trapezoid of the log link's own oracle ends at 12 standard deviations.
        if name != "log" or s < 3:
            assert mean == pytest.approx(expected, rel=1e-7 if name in ("identity", "log") else 0, abs=1e-8)
    np.testing.assert_allclose(link_of_population_mean(link, delta, sds**2), eta, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_a_graph_has_the_same_values_and_the_derivatives_of_the_solution(name):
    sd, (low, high) = RANGES[name]
    link = LINKS[name]
    eta, v = (part.ravel() for part in np.meshgrid(np.linspace(low, high, 9), [0.25, 1.0, 0.8 * sd**2]))
    eta[0] = 0.0
    x, y = pt.dvector(), pt.dvector()
    delta = conditional_predictor(link, x, y, GRAPH)
    in_eta, in_v = pytensor.grad(delta.sum(), [x, y], disconnected_inputs="ignore")
    value, d_eta, d_v = pytensor.function([x, y], [delta, in_eta, in_v], mode=PLAIN)(eta, v)
    np.testing.assert_allclose(value, conditional_predictor(link, eta, v), rtol=1e-10, atol=1e-10)
    h = 1e-4
    for given, step in ((d_eta, (h, 0.0)), (d_v, (0.0, h))):
        high_side = conditional_predictor(link, eta + step[0], v + step[1])
        low_side = conditional_predictor(link, eta - step[0], v - step[1])
        # The mixture has a seam of 2e-9, which differences see divided by the step.
        np.testing.assert_allclose(given, (high_side - low_side) / (2 * h), rtol=2e-5, atol=5e-5)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_values_and_derivatives_are_finite_where_nothing_varies(name):
    x, y = pt.dvector(), pt.dvector()
    delta = conditional_predictor(LINKS[name], x, y, GRAPH)
    outputs = [delta, *pytensor.grad(delta.sum(), [x, y], disconnected_inputs="ignore")]
    eta = np.array([-4.0, 0.0, 2.0])
    found = pytensor.function([x, y], outputs, mode=PLAIN)(eta, np.zeros(3))
    assert all(np.isfinite(part).all() for part in found)
    np.testing.assert_allclose(found[0], eta, atol=3e-8)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_values_are_finite_far_outside_what_a_posterior_holds(name):
    """Where a sampler may look in its first steps."""
    eta, v = (part.ravel() for part in np.meshgrid([-40.0, -5.0, 3.0], [1e-8, 25.0, 2500.0]))
    assert np.isfinite(conditional_predictor(LINKS[name], eta, v)).all()
