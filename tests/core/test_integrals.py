"""Population means against exact values and an independent quadrature."""

from __future__ import annotations

import numpy as np
import pytest
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
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.mean_rules.logit import MIXTURE
from tests.core.integral_cases import (
    CLOGLOG,
    LOG,
    LOGIT,
    NODES,
    PROBIT,
    SIGMAS,
    WEIGHTS,
    WITH_A_POLE,
    agrees,
    every_probability_link,
    reference,
    with_links,
)

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
