"""Population means against exact values, an independent quadrature, and the laws that they obey."""

from __future__ import annotations

import warnings
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.integrals import (
    LOGIT_ERROR,
    Trapezoid,
    link_of_population_mean,
    population_mean,
    population_mean_derivatives,
    population_variance,
    second_moment,
    trapezoid_mean,
)
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.mean_rules.logit import MIXTURE

LOGIT, PROBIT, CLOGLOG, LOG = LINKS["logit"], LINKS["probit"], LINKS["cloglog"], LINKS["log"]
PROBABILITY_LINKS = ["logit", "probit", "cloglog", "loglog", "cauchit"]
WITH_A_POLE = ["inverse", "inverse_squared"]
SIGMAS = [0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]

every_link = pytest.mark.parametrize("name", [name for name in LINKS if name not in WITH_A_POLE])
every_probability_link = pytest.mark.parametrize("name", PROBABILITY_LINKS)


def panels(low=-14.0, high=14.0, count=700, order=12):
    """Return nodes and weights of composite Gauss-Legendre quadrature for the standard normal."""
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(low, high, count + 1)
    half = 0.5 * (high - low) / count
    nodes = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * x).ravel()
    return nodes, np.tile(half * w, count) * stats.norm.pdf(nodes)


NODES, WEIGHTS = panels()


def reference(function, eta, sigma):
    """Return E[function(eta + sigma Z)] by a rule that shares nothing with the package's."""
    return np.array([WEIGHTS @ function(e + sigma * NODES) for e in np.atleast_1d(eta)])


def half_unit(printed):
    """Return half a unit of the last digit printed."""
    return 0.5 * 10.0 ** Decimal(printed).as_tuple().exponent


def agrees(value, printed, error=0.0):
    """Whether a value rounds to the printed digits, up to the certified error of its rule."""
    printed_value = float(printed)
    return abs(float(value) - printed_value) <= half_unit(printed) + error + 2e-15 * abs(printed_value)


def with_links(cases):
    return pytest.mark.parametrize(("name", "eta", "v", "printed"), cases)


MEANS = [
    ("logit", -0.4, 5.964, "0.446881558357"),
    ("logit", 1, 1, ".696734670144"),
    ("logit", -1.6307283, 16.13126, ".355173344142"),
    ("logit", 2, 4, ".775200245397"),
    ("logit", -3, 9, ".194385736088"),
    ("logit", -5, 1, ".010796789474"),
    ("logit", 1.3, 2.2, ".717890335278"),
    ("logit", -1, 16, ".409608"),
    ("logit", 1, 16, ".590392"),
    ("logit", -12, 1, "1.01298146727e-5"),
    ("logit", -30, 4, "6.9144001e-13"),
    ("probit", -0.5, 1.2, ".368020784633"),
    ("log", 0.3, 0.5, "1.733253017867"),
    ("cloglog", -1, 1, ".364078187272"),
    ("cloglog", -9, 2, ".000335049326788"),
    ("cloglog", 0.3, 0.64, "0.707412634312"),
]
D_ETA = [
    ("logit", 1.3, 2.2, ".148620452778"),
    ("probit", -0.5, 1.2, ".254110670760"),
    ("cloglog", -1, 1, ".231547000418"),
]
D_V = [
    ("logit", 1.3, 2.2, "-.020258988350"),
    ("probit", -0.5, 1.2, ".028876212586"),
    ("cloglog", -1, 1, ".037271412748"),
]
SECOND = [
    ("logit", 0, 1, ".293379035858"),
    ("probit", -0.5, 1.2, ".219350993860"),
    ("cloglog", -1, 1, ".190189293810"),
]
# What the mixture may add to half a unit of the last digit printed: dm/d eta and E h^2, dm/dv.
EXTRA = {"logit": (1.6e-8, 6e-8), "probit": (0.0, 0.0), "cloglog": (0.0, 0.0)}
# Var_b(mu) / (m (1 - m)), statistics.md section 8
RESPONSE_ICC = [
    ("logit", 0, 1, ".173516143432"),
    ("logit", -1.62, 4.016**2, ".62989928157"),
    ("logit", -3.1, 2.165**2, ".341683319592"),
    ("probit", -0.5, 1.2, ".360784072389"),
]


def by_trapezoid(function, link, eta, v):
    """Return E[function] with a step so small that nothing but rounding is left."""
    return trapezoid_mean(
        function, eta, v, strip=link.strip, tol=1e-14, exponential_tail=link.exponential_tail
    ).value


@with_links(MEANS)
def test_means_are_the_exact_values_within_their_certificate(name, eta, v, printed):
    result = population_mean(LINKS[name], eta, v)
    # In the far tails the tail formula makes the certificate a relative one.
    tail = name == "logit" and float(printed) < 1e-4
    assert agrees(result.value, printed, result.error * (2.0 * float(printed) if tail else 1.0))


@with_links(MEANS)
def test_means_by_a_fine_trapezoid_have_all_printed_digits(name, eta, v, printed):
    link = LINKS[name]
    value = population_mean(link, eta, v).value if link is LOG else by_trapezoid(link.inverse, link, eta, v)
    assert agrees(value, printed)


@with_links(D_ETA)
def test_slopes_in_eta_are_the_exact_values(name, eta, v, printed):
    link = LINKS[name]
    assert agrees(population_mean_derivatives(link, eta, v)[0], printed, EXTRA[name][0])
    assert agrees(by_trapezoid(link.inverse_derivative, link, eta, v), printed)


@with_links(D_V)
def test_slopes_in_v_are_the_exact_values(name, eta, v, printed):
    link = LINKS[name]
    assert agrees(population_mean_derivatives(link, eta, v)[1], printed, EXTRA[name][1])
    assert agrees(0.5 * by_trapezoid(link.inverse_second_derivative, link, eta, v), printed)


@with_links(SECOND)
def test_second_moments_are_the_exact_values(name, eta, v, printed):
    link = LINKS[name]
    assert agrees(second_moment(link, eta, v), printed, EXTRA[name][0])
    assert agrees(by_trapezoid(lambda x: np.square(link.inverse(x)), link, eta, v), printed)


@with_links(RESPONSE_ICC)
def test_variances_give_the_exact_response_scale_icc(name, eta, v, printed):
    m = by_trapezoid(LINKS[name].inverse, LINKS[name], eta, v)
    assert agrees(population_variance(LINKS[name], eta, v) / (m * (1.0 - m)), printed)


def test_the_mixture_has_the_printed_weights_and_scales():
    p, s = np.array(MIXTURE).T
    assert abs(p.sum() - 1.0) < 1e-14
    assert agrees((p / s**2).sum(), "3.289867672")
    x = np.linspace(-15.0, 15.0, 30001)
    worst = np.abs(special.ndtr(np.multiply.outer(x, s)) @ p - special.expit(x)).max()
    assert agrees(worst * 1e9, "2.1086")
    assert worst < LOGIT_ERROR
    first = np.abs(stats.norm.pdf(np.multiply.outer(x, s)) @ (p * s) - LOGIT.inverse_derivative(x)).max()
    assert agrees(first * 1e8, "1.3")


@pytest.mark.parametrize("sigma", [0.0, 0.01, *SIGMAS])
def test_logit_agrees_with_the_trapezoid(sigma):
    eta = np.linspace(-12.0, 12.0, 481)
    v = sigma**2

    def exact(function):
        return trapezoid_mean(function, eta, v, strip=LOGIT.strip, tol=1e-12).value

    d_eta, d_v = population_mean_derivatives(LOGIT, eta, v)
    assert np.abs(population_mean(LOGIT, eta, v).value - exact(LOGIT.inverse)).max() < 5e-9
    assert np.abs(d_eta - exact(LOGIT.inverse_derivative)).max() < 2e-8
    assert np.abs(d_v - 0.5 * exact(LOGIT.inverse_second_derivative)).max() < 1e-7


@pytest.mark.parametrize("sigma", SIGMAS)
def test_probit_and_log_are_exact(sigma):
    eta = np.linspace(-12.0, 12.0, 97)
    v = sigma**2
    a = eta / np.sqrt(1.0 + v)
    np.testing.assert_allclose(population_mean(PROBIT, eta, v).value, special.ndtr(a), rtol=0, atol=1e-14)
    np.testing.assert_allclose(population_mean(LOG, eta, v).value, np.exp(eta + v / 2), rtol=1e-14)
    # Owen's function is the only part that quadrature must confirm.
    square = reference(lambda x: special.ndtr(x) ** 2, eta, sigma)
    np.testing.assert_allclose(second_moment(PROBIT, eta, v), square, rtol=0, atol=1e-13)
    np.testing.assert_allclose(second_moment(LOG, eta, v), np.exp(2 * eta + 2 * v), rtol=1e-14)


def test_identity_is_exact():
    identity = LINKS["identity"]
    result = population_mean(identity, [1.0, 2.0], 3.0)
    np.testing.assert_array_equal(result.value, [1.0, 2.0])
    np.testing.assert_array_equal(second_moment(identity, [1.0, 2.0], 3.0), [4.0, 7.0])
    np.testing.assert_array_equal(population_variance(identity, [1.0, 2.0], 3.0), [3.0, 3.0])
    assert (result.rule, result.error) == ("exact", 0.0)


@every_probability_link
@pytest.mark.parametrize("sigma", SIGMAS)
def test_the_certificate_covers_the_error(name, sigma):
    link = LINKS[name]
    eta = np.linspace(-12.0, 12.0, 97)
    exact = reference(link.inverse, eta, sigma)
    ruled = population_mean(link, eta, sigma**2)
    # An exact form is wrong by its rounding alone.
    assert np.abs(ruled.value - exact).max() <= max(ruled.error, 1e-14)
    fallback = trapezoid_mean(link.inverse, eta, sigma**2, strip=link.strip)
    assert np.abs(fallback.value - exact).max() <= fallback.error < 2e-9


@pytest.mark.parametrize(("intervals", "printed"), [(52, "1.8e-7"), (80, "3.3e-11")])
def test_the_certificate_is_the_error_of_the_logit(intervals, printed):
    eta, sd = np.linspace(-12.0, 12.0, 2001), np.full(2001, 4.0)
    rule = Trapezoid.with_intervals(intervals)
    bound = rule.error_bound(LOGIT.strip, sd, 1.0)
    exact = Trapezoid.with_intervals(400).mean(LOGIT.inverse, eta, sd)
    error = np.abs(rule.mean(LOGIT.inverse, eta, sd) - exact).max()
    assert float(f"{error:.1e}") == float(printed)
    assert 0.98 * bound <= error <= bound


@pytest.mark.parametrize(
    ("strip", "sigma", "nodes"),
    [
        (np.pi, 0.5, 33),
        (np.pi, 1, 33),
        (np.pi, 2, 41),
        (np.pi, 4, 81),
        (np.pi, 8, 161),
        (np.pi, 12, 241),
        (np.pi / 2, 0.5, 33),
        (np.pi / 2, 1, 41),
        (np.pi / 2, 2, 81),
        (np.pi / 2, 4, 161),
        (np.pi / 2, 8, 321),
        (1.0, 1, 65),
        (1.0, 2, 129),
        (1.0, 4, 253),
    ],
)
def test_the_trapezoid_has_the_tabled_number_of_nodes(strip, sigma, nodes):
    rule = Trapezoid.for_block(strip, sigma)
    assert rule.nodes.size == nodes
    assert rule.weights.sum() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(rule.half().nodes, rule.nodes[::2], atol=1e-14)


def test_the_half_rule_warns_of_a_rule_that_is_too_coarse():
    eta, sd = np.linspace(-5.0, 5.0, 101), np.full(101, 8.0)

    def difference(rule):
        return np.abs(rule.mean(LOGIT.inverse, eta, sd) - rule.half().mean(LOGIT.inverse, eta, sd)).max()

    assert difference(Trapezoid.for_block(LOGIT.strip, 8.0)) < 1e-4
    assert difference(Trapezoid.for_block(LOGIT.strip, 1.0)) > 1e-4


@pytest.mark.parametrize(("eta", "v"), [(-1.3, 0.7), (0.4, 6.0), (2.5, 2.0)])
def test_cloglog_agrees_with_adaptive_quadrature(eta, v):
    def integrand(z):
        return float(CLOGLOG.inverse(np.array(eta + np.sqrt(v) * z))) * stats.norm.pdf(z)

    exact = integrate.quad(integrand, -12.0, 12.0, epsabs=1e-13, limit=400)[0]
    result = population_mean(CLOGLOG, eta, v)
    assert abs(result.value - exact) < min(result.error, 5e-11)


def test_cloglog_second_moment_is_twice_the_mean_less_the_mean_at_twice_the_hazard():
    eta, v = np.linspace(-6.0, 4.0, 41), 2.3
    mean, doubled = (population_mean(CLOGLOG, x, v).value for x in (eta, eta + np.log(2.0)))
    np.testing.assert_allclose(second_moment(CLOGLOG, eta, v), 2.0 * mean - doubled, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("sigma", "bound"), [(0.1, 4e-9), (1, 4e-9), (2, 4e-9), (4, 4e-9), (6, 2e-7), (8, 2e-6)]
)
def test_the_far_tails_of_the_logit_keep_their_relative_accuracy(sigma, bound):
    eta = np.linspace(-40.0, 0.0, 81)
    # The tilted integrand moves the mass to z = sigma, where the reference has its nodes.
    exact = np.exp(eta + sigma**2 / 2) * np.array(
        [WEIGHTS @ special.expit(-(e + sigma**2 + sigma * NODES)) for e in eta]
    )
    assert np.abs(population_mean(LOGIT, eta, sigma**2).value / exact - 1.0).max() < bound
    odds = link_of_population_mean(LOGIT, -eta, sigma**2)
    np.testing.assert_allclose(odds, -special.logit(exact), rtol=0, atol=max(2.0 * bound, 1e-8))


def test_cloglog_is_the_same_with_and_without_tilting():
    tilted = trapezoid_mean(CLOGLOG.inverse, -9, 2, strip=CLOGLOG.strip, exponential_tail=True).value
    plain = trapezoid_mean(CLOGLOG.inverse, -9, 2, strip=CLOGLOG.strip).value
    assert tilted == pytest.approx(float(plain), rel=1e-9)


@pytest.mark.parametrize("v", [0.01, 1.0, 9.0])
def test_cloglog_keeps_its_relative_accuracy_in_the_lower_tail(v):
    eta = np.array([-40.0, -30.0, -20.0])
    exact = reference(lambda x: CLOGLOG.inverse(x), eta, np.sqrt(v))
    # e^(eta + v/2) alone is m up to e^(2 eta + 2v)/2.
    np.testing.assert_allclose(population_mean(CLOGLOG, eta, v).value, exact, rtol=1e-10)


@every_probability_link
@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 12.0])
def test_variances_keep_their_relative_accuracy(name, sigma):
    link = LINKS[name]
    eta = np.linspace(-16.0, 16.0, 65)
    mean = reference(link.inverse, eta, sigma)
    inside = (mean > 1e-6) & (mean < 1.0 - 1e-6)
    exact = [
        reference(lambda x, m=m: np.square(link.inverse(x) - m), e, sigma)[0]
        for e, m in zip(eta[inside], mean[inside], strict=True)
    ]
    np.testing.assert_allclose(population_variance(link, eta[inside], sigma**2), exact, rtol=1e-5)


def test_the_variance_under_a_log_link_is_that_of_the_lognormal():
    value = population_variance(LOG, 0.3, [1e-12, 0.5])
    np.testing.assert_allclose(value, [np.exp(0.6) * 1e-12, np.exp(1.1) * np.expm1(0.5)], rtol=1e-11)


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


@pytest.mark.parametrize(
    ("name", "eta", "v", "printed"),
    [
        ("softplus", 0.2, 1, ".910187448580"),
        ("loglog", 0.5, 2, ".503109717895"),
        ("cauchit", 0.8, 1.5, ".645093828966"),
    ],
)
def test_a_link_without_a_closed_form_is_integrated_by_its_strip(name, eta, v, printed):
    link = LINKS[name]
    result = population_mean(link, eta, v)
    assert result.rule.startswith("trapezoid, ")
    assert agrees(result.value, printed, result.error)
    assert agrees(by_trapezoid(link.inverse, link, eta, v), printed)


def test_the_second_moment_and_the_link_of_the_mean_need_no_closed_form():
    assert abs(second_moment(LINKS["loglog"], 0.5, 2) - 0.354304900356) < 1e-10
    value = link_of_population_mean(LINKS["softplus"], 0.2, 1)
    assert value == pytest.approx(np.log(np.expm1(0.910187448580)), abs=1e-10)


@pytest.mark.parametrize(
    ("eta", "sigma"), [(-2.5, 0.1), (-6.0, 0.5), (-8.0, 1.0), (-20.0, 2.0), (-16.0, 4.0), (-40.0, 4.0)]
)
def test_loglog_and_the_complement_of_cloglog_keep_their_relative_accuracy(eta, sigma):
    exact = reference(LINKS["loglog"].inverse, eta, sigma)[0]
    assert exact < 1e-4
    assert population_mean(LINKS["loglog"], eta, sigma**2).value == pytest.approx(exact, rel=1e-9)
    hazard = -np.log(exact)
    assert link_of_population_mean(CLOGLOG, -eta, sigma**2) == pytest.approx(np.log(hazard), rel=1e-10)
    assert link_of_population_mean(LINKS["loglog"], eta, sigma**2) == pytest.approx(
        -np.log(hazard), rel=1e-10
    )


@pytest.mark.parametrize("name", ["loglog", "cauchit", "softplus", "tan_half"])
@pytest.mark.parametrize("v", [0.25, 1.0, 4.0, 16.0])
def test_means_squares_and_variances_agree_with_quadrature(name, v):
    link, eta = LINKS[name], np.linspace(-4.0, 4.0, 9)
    mean = reference(link.inverse, eta, np.sqrt(v))
    square = reference(lambda x: np.square(link.inverse(x)), eta, np.sqrt(v))
    np.testing.assert_allclose(population_mean(link, eta, v).value, mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(second_moment(link, eta, v), square, rtol=1e-8)
    np.testing.assert_allclose(population_variance(link, eta, v), square - mean**2, rtol=1e-6)


def test_the_square_root_link_has_a_closed_form():
    link, eta, v = LINKS["sqrt"], np.array([-1.5, 0.0, 0.7]), 2.3
    result = population_mean(link, eta, v)
    assert (result.rule, result.error) == ("exact", 0.0)
    np.testing.assert_allclose(result.value, eta**2 + v, rtol=1e-15)
    d_eta, d_v = population_mean_derivatives(link, eta, v)
    np.testing.assert_array_equal(d_eta, 2.0 * eta)
    np.testing.assert_array_equal(d_v, 1.0)
    np.testing.assert_allclose(second_moment(link, eta, v), eta**4 + 6 * eta**2 * v + 3 * v**2, rtol=1e-15)
    np.testing.assert_allclose(population_variance(link, eta, v), 4 * eta**2 * v + 2 * v**2, rtol=1e-15)
    np.testing.assert_allclose(link_of_population_mean(link, eta, v), np.sqrt(eta**2 + v), rtol=1e-15)


@pytest.mark.parametrize("name", WITH_A_POLE)
@pytest.mark.parametrize(
    "function",
    [
        population_mean,
        population_mean_derivatives,
        second_moment,
        population_variance,
        link_of_population_mean,
    ],
)
def test_a_pole_leaves_no_mean(name, function):
    with pytest.raises(PredictionError) as caught:
        function(LINKS[name], [1.0, 2.0], [0.0, 1e-6])
    assert str(caught.value) == (
        f"[estimand_undefined] the population mean does not exist: the {name} link has a pole inside the "
        'support of the random effects. Ask for estimand="typical", or for quantiles of '
        'estimand="new_subject".'
    )


@pytest.mark.parametrize("name", WITH_A_POLE)
def test_without_variance_a_pole_does_no_harm(name):
    link, eta = LINKS[name], np.array([0.3, 2.0])
    np.testing.assert_array_equal(population_mean(link, eta, 0.0).value, link.inverse(eta))
    d_eta, d_v = population_mean_derivatives(link, eta, 0.0)
    np.testing.assert_array_equal(d_eta, link.inverse_derivative(eta))
    np.testing.assert_array_equal(d_v, 0.5 * link.inverse_second_derivative(eta))
    np.testing.assert_array_equal(second_moment(link, eta, 0.0), link.inverse(eta) ** 2)
    np.testing.assert_array_equal(population_variance(link, eta, 0.0), 0.0)
    np.testing.assert_array_equal(link_of_population_mean(link, eta, 0.0), eta)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("name", ["softplus", "loglog", "cauchit", "tan_half"])
def test_the_certificate_covers_the_error_of_other_links(name, sigma):
    link = LINKS[name]
    eta = np.linspace(-12.0, 12.0, 49)
    result = population_mean(link, eta, sigma**2)
    assert np.abs(result.value - reference(link.inverse, eta, sigma)).max() <= result.error


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
