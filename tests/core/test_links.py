"""Laws of every link: round trips, derivatives by differences, tails, edges."""

from __future__ import annotations

import warnings
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.mean_rules import rule_of

WIDE = np.concatenate([np.linspace(-40.0, 40.0, 1601), [-1e-300, 1e-300, -0.0]])
MIDDLE = np.linspace(-4.0, 4.0, 161)
PROBABILITY_LINKS = [name for name in LINKS if isinstance(LINKS[name], ProbabilityLink)]
WITH_A_POLE = ["inverse", "inverse_squared"]
#: Links whose means are logged: the others have means below zero.
WITH_LOGS = [name for name in LINKS if name not in ("identity", "tan_half")]

every_link = pytest.mark.parametrize("name", list(LINKS))
every_link_without_a_pole = pytest.mark.parametrize("name", [n for n in LINKS if n not in WITH_A_POLE])
every_probability_link = pytest.mark.parametrize("name", PROBABILITY_LINKS)


def domain(name):
    """Return linear predictors up to 40 in size that the link allows."""
    if name in WITH_A_POLE:
        return np.concatenate([np.linspace(0.05, 40.0, 800), [1e-100]])
    if name == "logc":
        return np.concatenate([np.linspace(-40.0, -0.05, 800), [-1e-100]])
    return WIDE


def middle(name):
    """Return linear predictors where differences are accurate."""
    if name == "logc":
        return np.linspace(-4.5, -0.5, 161)
    return np.linspace(0.5, 4.5, 161) if name in WITH_A_POLE else MIDDLE


def test_the_registry_holds_the_links_under_their_names():
    names = "identity log logit probit cloglog loglog cauchit sqrt softplus inverse inverse_squared tan_half "
    names += "logc"
    assert list(LINKS) == names.split()
    assert all(LINKS[name].name == name for name in LINKS)
    assert PROBABILITY_LINKS == ["logit", "probit", "cloglog", "loglog", "cauchit"]
    assert [name for name in LINKS if LINKS[name].has_pole] == WITH_A_POLE
    assert [name for name in LINKS if not LINKS[name].is_increasing] == ["sqrt", *WITH_A_POLE, "logc"]


def test_an_unknown_link_is_answered_with_a_suggestion():
    with pytest.raises(FormulaError, match="Did you mean 'cloglog'"):
        LINKS["cloglg"]


@every_link
def test_the_strip_of_every_link_is_positive_and_a_pole_leaves_none(name):
    # With a pole on the line itself there is no strip.
    assert np.isnan(LINKS[name].strip) if LINKS[name].has_pole else LINKS[name].strip > 0.0


@every_link
@given(eta=st.floats(-3.0, 3.0))
def test_link_undoes_inverse(name, eta):
    link = LINKS[name]
    if name == "sqrt":
        # Both signs have one mean; the link gives the positive one.
        eta = abs(eta)
    if link.has_pole:
        eta = abs(eta) + 1e-3
    assert link.link(link.inverse(np.array(eta))) == pytest.approx(eta, abs=1e-7)


@every_probability_link
@given(mu=st.floats(1e-12, 1.0 - 1e-12))
def test_inverse_undoes_link(name, mu):
    link = LINKS[name]
    assert link.inverse(link.link(np.array(mu))) == pytest.approx(mu, rel=1e-13)


@every_link
def test_derivatives_agree_with_central_differences(name):
    link, step, eta = LINKS[name], 1e-5, middle(name)
    first = (link.inverse(eta + step) - link.inverse(eta - step)) / (2.0 * step)
    second = (link.inverse_derivative(eta + step) - link.inverse_derivative(eta - step)) / (2.0 * step)
    scale = np.maximum(1.0, np.abs(link.inverse(eta)))
    # The third and fourth derivatives of 1/eta reach 400 at 1/2.
    atol = 1e-7 if link.has_pole else 1e-9
    np.testing.assert_allclose(link.inverse_derivative(eta) / scale, first / scale, atol=atol)
    np.testing.assert_allclose(link.inverse_second_derivative(eta) / scale, second / scale, atol=atol)


@every_link
def test_nothing_is_undefined_and_no_warning_is_raised_within_40(name):
    link, eta = LINKS[name], domain(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = [link.inverse(eta), link.inverse_derivative(eta), link.inverse_second_derivative(eta)]
        if name in WITH_LOGS:
            # The square of -0.0 is 0, whose log is -inf indeed.
            results.append(link.log_inverse(eta[eta != 0.0]))
        if isinstance(link, ProbabilityLink):
            results.append(link.log_complement(eta))
            results.append(link.link_of_log_complement(link.log_complement(MIDDLE)))
    assert all(np.isfinite(result).all() for result in results)
    assert all(result.dtype == np.float64 for result in results)


@every_link
def test_inverse_never_falls_unless_the_link_says_so(name):
    if name in WITH_A_POLE:
        assert (np.diff(LINKS[name].inverse(domain(name)[:800])) < 0.0).all()
    elif name == "logc":
        assert (np.diff(LINKS[name].inverse(domain(name)[:800])) <= 0.0).all()
    elif name == "sqrt":
        assert (np.diff(LINKS[name].inverse(WIDE[800:1601])) > 0.0).all()
        np.testing.assert_array_equal(LINKS[name].inverse(WIDE), LINKS[name].inverse(-WIDE))
    else:
        assert (np.diff(LINKS[name].inverse(WIDE[:1601])) >= 0.0).all()


@every_probability_link
def test_the_mirror_is_the_link_of_the_complement(name):
    link = LINKS[name]
    mirror = LINKS[link.mirror]
    np.testing.assert_allclose(mirror.log_inverse(-WIDE), link.log_complement(WIDE), rtol=1e-15)
    # Below 1e-300 the probability itself loses digits.
    near = WIDE[np.abs(WIDE) < 37.0]
    np.testing.assert_allclose(mirror.inverse(-near), np.exp(link.log_complement(near)), rtol=1e-13)


@every_probability_link
def test_a_probability_stays_between_0_and_1(name):
    mean = LINKS[name].inverse(WIDE)
    assert (mean >= 0.0).all()
    assert (mean <= 1.0).all()


@every_probability_link
def test_logs_agree_with_the_logs_of_the_probability_and_its_complement(name):
    link = LINKS[name]
    eta = np.linspace(-4.0, 1.5, 200)
    mean = link.inverse(eta)
    np.testing.assert_allclose(link.log_inverse(eta), np.log(mean), rtol=1e-13)
    np.testing.assert_allclose(link.log_complement(eta), np.log1p(-mean), rtol=1e-10)


@every_probability_link
def test_the_two_logs_belong_to_probabilities_that_sum_to_one(name):
    link = LINKS[name]
    eta = np.linspace(-38.0, 38.0, 761)
    total = np.exp(link.log_inverse(eta)) + np.exp(link.log_complement(eta))
    np.testing.assert_allclose(total, 1.0, rtol=1e-13)


def test_logs_keep_their_digits_in_the_tails():
    logit, probit, cloglog = LINKS["logit"], LINKS["probit"], LINKS["cloglog"]
    assert logit.log_inverse(np.array(40.0)) == pytest.approx(-np.exp(-40.0), rel=1e-14)
    assert probit.log_inverse(np.array(10.0)) == pytest.approx(-stats.norm.sf(10.0), rel=1e-12)
    assert probit.log_complement(np.array(40.0)) == pytest.approx(special.log_ndtr(-40.0), rel=1e-14)
    assert cloglog.log_inverse(np.array(3.0)) == pytest.approx(-np.exp(-np.exp(3.0)), rel=1e-8)
    assert cloglog.log_inverse(np.array(-40.0)) == pytest.approx(-40.0, rel=1e-15)
    assert cloglog.log_complement(np.array(5.0)) == pytest.approx(-np.exp(5.0), rel=1e-15)


def test_log_of_cloglog_has_no_seam():
    link = LINKS["cloglog"]
    for seam in (-30.0, 0.0):
        below, above = link.log_inverse(np.array([np.nextafter(seam, -99.0), seam]))
        assert below == pytest.approx(above, rel=1e-14)


def in_tails(name):
    """Return (eta, log probability) far out, from the leading terms of each distribution function."""
    size = np.array([15.0, 25.0, 40.0])
    hazard = np.exp(-size)
    t = 1.0 / size
    leading = {
        "logit": (-size - np.log1p(hazard), -np.log1p(hazard)),
        "probit": (special.log_ndtr(-size), -stats.norm.sf(size)),
        "cloglog": (-size + np.log1p(-hazard / 2 + hazard**2 / 6), -np.exp(-np.exp(size))),
        "loglog": (-np.exp(size), -hazard),
        "cauchit": (np.log(np.arctan(t) / np.pi), np.log1p(-np.arctan(t) / np.pi)),
    }
    return size, *leading[name]


@every_probability_link
def test_logs_keep_their_digits_in_both_tails(name):
    size, low, high = in_tails(name)
    np.testing.assert_allclose(LINKS[name].log_inverse(-size), low, rtol=1e-13)
    np.testing.assert_allclose(LINKS[name].log_inverse(size), high, rtol=1e-13, atol=1e-300)
    mirror = LINKS[name].mirror
    np.testing.assert_allclose(LINKS[mirror].log_complement(size), low, rtol=1e-13)
    np.testing.assert_allclose(LINKS[mirror].log_complement(-size), high, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", [name for name in WITH_LOGS if name not in PROBABILITY_LINKS])
def test_the_log_of_the_mean_is_that(name):
    eta = np.linspace(-3.0, -0.5, 40) if name == "logc" else np.linspace(0.5, 3.0, 40)
    np.testing.assert_allclose(LINKS[name].log_inverse(eta), np.log(LINKS[name].inverse(eta)), rtol=1e-13)


def test_the_log_of_softplus_keeps_its_digits_below():
    eta = np.array([-40.0, -30.0, -20.0, -5.0])
    np.testing.assert_allclose(LINKS["softplus"].log_inverse(eta), np.log(np.log1p(np.exp(eta))), rtol=1e-15)


@every_probability_link
def test_the_linear_predictor_is_recovered_from_the_log_complement(name):
    link = LINKS[name]
    eta = np.linspace(-3.0, 30.0, 331)
    np.testing.assert_allclose(
        link.link_of_log_complement(link.log_complement(eta)), eta, rtol=1e-12, atol=1e-12
    )


@every_probability_link
def test_certain_events_have_infinite_linear_predictors(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(LINKS[name].link(np.array([0.0, 1.0])), [-np.inf, np.inf])


def test_log_of_a_mean_of_zero_and_exp_of_a_huge_predictor_are_infinite_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LINKS["log"].link(np.array(0.0)) == -np.inf
        assert LINKS["log"].inverse(np.array(1000.0)) == np.inf


@every_link
def test_links_are_constants(name):
    link = LINKS[name]
    assert link == type(link)()
    with pytest.raises(AttributeError):
        link.name = "other"


@every_link
def test_the_log_of_the_slope_is_that_of_the_slope(name):
    link, eta = LINKS[name], np.linspace(0.1, 3.0, 30)
    slope = np.abs(link.inverse_derivative(eta))
    np.testing.assert_allclose(link.log_inverse_derivative(eta), np.log(slope), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("link", "wanted"), [("probit", -1250.918938533), ("cloglog", 50 - np.exp(50))])
def test_the_log_of_the_slope_is_finite_where_the_slope_underflows(link, wanted):
    np.testing.assert_allclose(LINKS[link].log_inverse_derivative(np.array(50.0)), wanted, rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "means", "ends"),
    [
        ("log", (0.0, 1.0), (-np.inf, 0.0)),
        ("logc", (0.0, 1.0), (-np.inf, 0.0)),
        ("identity", (0.0, 1.0), (0.0, 1.0)),
        ("identity", (0.0, np.inf), (0.0, np.inf)),
        ("inverse", (0.0, np.inf), (0.0, np.inf)),
        ("inverse_squared", (0.0, np.inf), (0.0, np.inf)),
        *((name, (0.0, 1.0), (-np.inf, np.inf)) for name in PROBABILITY_LINKS),
        *((name, (0.0, np.inf), (-np.inf, np.inf)) for name in ("log", "softplus", "sqrt")),
        *((name, (-np.inf, np.inf), (-np.inf, np.inf)) for name in ("identity", "log", "inverse")),
        ("tan_half", (-np.pi, np.pi), (-np.inf, np.inf)),
    ],
)
def test_the_ends_of_the_linear_predictor_are_those_of_the_means(name, means, ends):
    assert LINKS[name].predictor_domain(means) == ends


@pytest.mark.parametrize("name", ["log", "identity", "logc"])
def test_a_probability_and_its_complement_keep_their_logs_inside_the_ends(name):
    eta = np.array([0.03, 0.4, 0.99]) if name == "identity" else np.array([-30.0, -1.3, -1e-12])
    link = LINKS[name]
    with localcontext(prec=60):
        means = {"log": Decimal.exp, "identity": lambda x: x, "logc": lambda x: 1 - x.exp()}
        exact = [means[name](Decimal(float(x))) for x in eta]
        logs = [float(mean.ln()) for mean in exact]
        complements = [float((1 - mean).ln()) for mean in exact]
    np.testing.assert_allclose(link.log_inverse(eta), logs, rtol=1e-13)
    np.testing.assert_allclose(link.log_complement(eta), complements, rtol=1e-13)


@pytest.mark.parametrize("name", ["log", "logc"])
def test_a_mean_at_the_end_of_its_range_has_an_infinite_log_on_one_side(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        at_end = np.array([0.0])
        logs = LINKS[name].log_inverse(at_end), LINKS[name].log_complement(at_end)
    assert sorted(float(value[0]) for value in logs) == [-np.inf, 0.0]


OF_ETA = [
    "inverse",
    "inverse_derivative",
    "inverse_second_derivative",
    "of_inverse",
    "log_inverse_derivative",
]
OF_ETA += ["log_inverse", "log_complement", "log_odds"]
every_shape = pytest.mark.parametrize("shape", [(3, 4), (1, 4), (4,), (2, 0), ()], ids=str)


@every_link
@every_shape
def test_results_have_the_shape_of_what_a_link_takes(name, shape):
    link, eta = LINKS[name], np.full(shape, -0.7 if name == "logc" else 0.7)
    results = {function: getattr(link, function)(eta) for function in OF_ETA}
    results["link"] = link.link(results["inverse"])
    if isinstance(link, ProbabilityLink):
        results["link_of_log_complement"] = link.link_of_log_complement(results["log_complement"])
    assert {function: np.shape(value) for function, value in results.items()} == dict.fromkeys(results, shape)
    assert {function: value.dtype for function, value in results.items()} == dict.fromkeys(
        results, np.float64
    )


@every_link_without_a_pole
@every_shape
def test_means_over_a_normal_have_the_shape_of_what_a_rule_takes(name, shape):
    rule = rule_of(LINKS[name])
    eta, v = np.full(shape, -0.7 if name == "logc" else 0.7), np.full(shape, 0.01)
    of_mean, of_variance = rule.derivatives(eta, v)
    moments = (rule.mean(eta, v).value, rule.second_moment(eta, v), rule.variance(eta, v))
    assert {np.shape(value) for value in (*moments, of_mean, of_variance, rule.link_of_mean(eta, v))} == {
        shape
    }
