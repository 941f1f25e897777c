"""Laws that population means obey, whatever the rule: derivatives, reflection, order, shapes, bits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmm_bayes.core.integrals import (
    Trapezoid,
    link_of_population_mean,
    population_mean,
    population_mean_derivatives,
    population_variance,
    second_moment,
    trapezoid_mean,
)
from glmm_bayes.core.links import LINKS, ProbabilityLink
from tests.core.integral_cases import (
    CLOGLOG,
    LOG,
    LOGIT,
    PROBIT,
    SIGMAS,
    every_link,
    every_probability_link,
)


@every_link
@settings(deadline=None)
@given(eta=st.floats(-8.0, 8.0), sigma=st.floats(0.3, 5.0))
def test_the_heat_equation_holds(name, eta, sigma):
    link, v, step = LINKS[name], sigma**2, 0.02
    shifts = eta + step * np.arange(-2, 3)
    d_eta, d_v = population_mean_derivatives(link, shifts, v)
    slope = (d_eta[0] - 8.0 * d_eta[1] + 8.0 * d_eta[3] - d_eta[4]) / (12.0 * step)
    scale = max(1.0, abs(float(population_mean(link, eta, v).value)))
    # Four slopes within 1.6e-8, perhaps on both sides of the seam of the tail formula, over the step.
    tolerance = 2e-6 if name == "logit" else 2e-7
    assert abs(0.5 * slope - d_v[2]) < tolerance * scale


@every_link
@settings(deadline=None)
@given(eta=st.floats(-8.0, 8.0), sigma=st.floats(0.3, 5.0))
def test_derivatives_are_those_of_the_mean(name, eta, sigma):
    link, v, step = LINKS[name], sigma**2, 1e-3
    d_eta, d_v = population_mean_derivatives(link, eta, v)
    m = population_mean(
        link, eta + step * np.array([-1.0, 1.0, 0.0, 0.0]), v + step * np.array([0, 0, -1, 1])
    ).value
    scale = max(1.0, abs(m).max())
    assert abs((m[1] - m[0]) / (2 * step) - d_eta) < 5e-6 * scale
    assert abs((m[3] - m[2]) / (2 * step) - d_v) < 5e-6 * scale


@pytest.mark.parametrize("name", ["logit", "probit"])
@settings(deadline=None)
@given(eta=st.floats(-40.0, 40.0), v=st.floats(0.0, 150.0))
def test_reflection(name, eta, v):
    link = LINKS[name]
    up, down = population_mean(link, [eta, -eta], v).value
    assert up + down == pytest.approx(1.0, abs=2e-14)
    above, below = link_of_population_mean(link, [eta, -eta], v)
    assert above == pytest.approx(-below, abs=1e-13)


@every_probability_link
@pytest.mark.parametrize("sigma", [0.05, *SIGMAS])
def test_the_mean_is_a_probability_that_increases_with_eta(name, sigma):
    # exp(-exp(7)) is no number of float64 any more.
    lowest = -6.0 if name == "loglog" else -12.0
    mean = population_mean(LINKS[name], np.linspace(lowest, 12.0, 193), sigma**2).value
    assert ((mean > 0.0) & (mean <= 1.0)).all()
    # Where it is 1 to the last digit, only rounding is left to see.
    assert (np.diff(mean) >= -3e-16).all()
    assert (np.diff(mean[mean < 1.0 - 1e-6]) > 0.0).all()


@pytest.mark.parametrize("name", ["logit", "probit"])
@pytest.mark.parametrize("eta", [-6.0, -1.0, 0.2, 3.0])
def test_more_variance_pulls_the_mean_towards_one_half(name, eta):
    mean = population_mean(LINKS[name], eta, np.linspace(0.0, 100.0, 401)).value
    assert (np.diff(np.abs(mean - 0.5)) < 0.0).all()


@every_link
def test_no_variance_gives_the_inverse_link_itself(name):
    link = LINKS[name]
    eta = np.linspace(-6.0, 6.0, 25)
    alone = population_mean(link, eta, 0.0)
    np.testing.assert_array_equal(alone.value, link.inverse(eta))
    assert (alone.rule, alone.error) == ("exact", 0.0)
    mixed = np.column_stack([np.zeros(25), np.ones(25)])
    np.testing.assert_array_equal(population_mean(link, eta[:, None], mixed).value[:, 0], link.inverse(eta))
    d_eta, d_v = population_mean_derivatives(link, eta[:, None], mixed)
    np.testing.assert_allclose(d_eta[:, 0], link.inverse_derivative(eta), rtol=1e-15)
    np.testing.assert_allclose(d_v[:, 0], 0.5 * link.inverse_second_derivative(eta), rtol=1e-15)
    np.testing.assert_array_equal(population_variance(link, eta, 0.0), 0.0)
    np.testing.assert_allclose(second_moment(link, eta, 0.0), link.inverse(eta) ** 2, atol=1e-15, rtol=1e-14)


@every_link
@settings(deadline=None)
@given(eta=st.floats(-3.0, 2.0), v=st.floats(0.0, 4.0))
def test_the_link_of_the_mean_is_that(name, eta, v):
    link = LINKS[name]
    if name == "sqrt":
        eta = abs(eta)
    mean = population_mean(link, eta, v).value
    assert link_of_population_mean(link, eta, v) == pytest.approx(float(link.link(mean)), abs=2e-8)


@every_probability_link
def test_the_link_of_the_mean_is_finite_where_the_mean_is_0_or_1(name):
    eta, v = np.linspace(-40.0, 40.0, 161), np.array([[0.0], [0.01], [1.0], [16.0], [1e4]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = link_of_population_mean(LINKS[name], eta, v)
    assert np.isfinite(value).all()
    np.testing.assert_array_equal(value[0], eta)
    assert (np.diff(value, axis=1) > 0.0).all()


def test_link_of_the_mean_in_closed_form():
    assert link_of_population_mean(LOG, 400.0, 1000.0) == 900.0
    assert link_of_population_mean(PROBIT, 30.0, 3.0) == 15.0
    assert link_of_population_mean(LINKS["identity"], 5.0, 3.0) == 5.0


@every_link
def test_arguments_are_broadcast_and_blocks_leave_no_seam(name):
    link = LINKS[name]
    eta, v = np.linspace(-3.0, 3.0, 300), np.linspace(0.0, 4.0, 200)[:, None]
    whole = population_mean(link, eta, v).value
    assert whole.shape == (200, 300)
    for draw in (0, 77, 199):
        # The other draws set the step, so the trapezoid agrees to its tolerance.
        np.testing.assert_allclose(whole[draw], population_mean(link, eta, v[draw]).value, rtol=1e-9)
    assert population_mean(link, 0.1, 1.0).value.shape == ()
    assert population_mean(link, np.empty((0, 3)), 1.0).value.shape == (0, 3)


@every_link
def test_the_same_call_twice_gives_the_same_bits(name):
    eta, v = np.linspace(-3.0, 3.0, 40_000), 1.7
    once, twice = (population_mean(LINKS[name], eta, v).value for _ in range(2))
    np.testing.assert_array_equal(once, twice)


@pytest.mark.parametrize("v", [-1.0, np.nan, np.inf, [1.0, -1e-9]])
def test_a_variance_must_be_finite_and_not_negative(v):
    with pytest.raises(ValueError, match="finite and not negative"):
        population_mean(LOGIT, 0.0, v)


def test_rules_are_named():
    assert population_mean(LOGIT, 0.0, 1.0).rule == "normal mixture, 8 terms"
    assert population_mean(LOGIT, 0.0, 1.0).error == 2.2e-9
    assert population_mean(CLOGLOG, 0.0, 1.0).rule == "trapezoid, 41 nodes"
    assert population_mean(PROBIT, 0.0, 1.0).rule == "exact"
    assert isinstance(PROBIT, ProbabilityLink)


def test_no_element_of_a_block_spoils_the_certificate():
    sd = np.array([0.0, 1e-30, 1e-3, 4.0])
    rule = Trapezoid.for_block(LOGIT.strip, 4.0)
    assert rule.error_bound(LOGIT.strip, sd, 1.0) == rule.error_bound(LOGIT.strip, sd[3:], 1.0)


def test_a_strip_that_is_too_wide_is_found_by_the_nested_rule():
    """A pole at distance .1 while the caller says 3: the step is halved until the rules agree."""

    def narrow(x):
        return 1 / (1 + (x / 0.1) ** 2)

    found = trapezoid_mean(narrow, np.array([0.0, 0.3]), np.array([1.0, 1.0]), strip=3.0)
    z = np.linspace(-9, 9, 200_001)
    density = np.exp(-0.5 * z**2)
    exact = [float((narrow(centre + z) * density).sum() / density.sum()) for centre in (0.0, 0.3)]
    np.testing.assert_allclose(found.value, exact, atol=1e-6)
    assert found.rule != trapezoid_mean(np.tanh, np.zeros(1), np.ones(1), strip=3.0).rule
