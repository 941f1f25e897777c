"""Population means and default scales of continuous families: closed forms, and what has no mean."""

import numpy as np
import pytest
from scipy import integrate, stats

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.base import Response
from glmm_bayes.families.parameters import PARAMETERS

ETA, V = np.array([[0.3, -1.0]]), np.array([[0.64, 2.0]])


def joint(link, variance, **parameters):
    numbers = {name: number(np.atleast_2d(value)) for name, value in parameters.items()}
    return Joint({"mu": RowValue(LINKS[link], ETA)} | numbers, variance)


def observed(y):
    return Response("y", "mean of y", y, np.ones(len(y)))


def test_the_lognormal_population_mean_adds_half_of_both_variances():
    found = FAMILIES["lognormal"].population_mean(joint("identity", {"mu": V}, sigma=0.6))
    np.testing.assert_allclose(found.value, np.exp(ETA + 0.5 * V + 0.18), rtol=1e-14)
    assert (found.rule, found.error) == ("exact", 0.0)


def test_the_lognormal_population_mean_without_random_effects_is_the_mean():
    found = FAMILIES["lognormal"].population_mean(joint("identity", {}, sigma=0.6))
    np.testing.assert_allclose(found.value, stats.lognorm(0.6, scale=np.exp(ETA)).mean(), rtol=1e-14)


def test_a_lognormal_with_random_effects_on_sigma_has_no_population_mean():
    with pytest.raises(PredictionError, match="lognormal with random effects on sigma has none") as caught:
        FAMILIES["lognormal"].population_mean(joint("identity", {"mu": V, "sigma": V}, sigma=0.6))
    assert caught.value.code == "estimand_undefined"


@pytest.mark.parametrize(
    ("variance", "nu", "found"),
    [({"mu": V}, [[4.0], [0.9]], "nu is as low as 0.9"), ({"nu": V}, 30.0, "nu has random effects")],
)
def test_a_student_response_whose_nu_reaches_one_has_no_population_mean(variance, nu, found):
    with pytest.raises(PredictionError, match=found) as caught:
        FAMILIES["student"].population_mean(joint("identity", variance, sigma=1.0, nu=nu))
    assert caught.value.code == "estimand_undefined"
    assert 'estimand="typical"' in caught.value.hint


def test_the_student_population_mean_is_that_of_the_location():
    found = FAMILIES["student"].population_mean(joint("log", {"mu": V}, sigma=1.0, nu=3.0))
    np.testing.assert_allclose(found.value, np.exp(ETA + 0.5 * V), rtol=1e-14)


def test_the_student_variance_is_infinite_up_to_two_degrees_of_freedom():
    at = joint("identity", {}, sigma=1.5, nu=[[2.0], [4.0]]).at
    np.testing.assert_array_equal(FAMILIES["student"].variance(at), [[np.inf, np.inf], [4.5, 4.5]])


@pytest.mark.parametrize("kappa", [1e-6, 0.4, 3.0, 80.0, 1e6])
def test_the_variance_of_an_angle_is_that_about_the_location(kappa):
    def moment(power):
        end = min(np.pi, 15 / np.sqrt(kappa))
        return integrate.quad(lambda x: x**power * np.exp(kappa * (np.cos(x) - 1)), 0, end, epsabs=0)[0]

    at = {"mu": number(np.array([[2.9]])), "kappa": number(np.array([[kappa]]))}
    np.testing.assert_allclose(FAMILIES["von_mises"].variance(at), moment(2) / moment(0), rtol=1e-9)


def test_the_prior_of_the_inverse_gaussian_shape_has_the_unit_of_the_response():
    def prior(y):
        response = observed(y)
        return PARAMETERS["shape"].law(FAMILIES["inverse_gaussian"].spread(response, np.zeros(3)))

    small, large = prior(np.array([1.0, 2.0, 6.0])), prior(np.array([100.0, 200.0, 600.0]))
    sampled = float(small.prior["sigma"])
    np.testing.assert_allclose(small.value(sampled), 3.0, rtol=1e-14)
    assert float(large.prior["sigma"]) == pytest.approx(sampled / 10, rel=1e-14)


def test_the_scale_of_student_priors_withstands_outliers():
    y = np.array([1.0, 2.0, 3.0, 4.0, 1e6])
    response = observed(y)
    assert FAMILIES["student"].spread(response, np.zeros(5)) == pytest.approx(1.4826, rel=1e-14)
    assert FAMILIES["student"].scales(LINKS["identity"], response, np.zeros(5)).intercept_mean == 3.0


def test_the_student_scale_is_the_sd_where_half_of_the_values_are_equal():
    y = np.array([3.0, 3.0, 3.0, 7.0])
    assert FAMILIES["student"].spread(observed(y), np.zeros(4)) == pytest.approx(2.0)


@pytest.mark.parametrize("family", ["gamma", "inverse_gaussian", "exponential", "weibull"])
def test_the_unit_of_exposure_moves_the_prior_of_the_intercept_alone(family):
    response, offset = observed(np.array([1.0, 4.0, 2.5])), np.log([1.0, 3.0, 2.0])
    one, other = (FAMILIES[family].scales(LINKS["log"], response, o) for o in (offset, offset + np.log(60)))
    assert one.intercept_mean - other.intercept_mean == pytest.approx(np.log(60), rel=1e-13)
    assert (one.intercept_sd, one.effect, one.group_sd) == (2.5, 1.5, 1.5)


def test_lognormal_scales_are_those_of_the_logs():
    response, offset = observed(np.exp([1.0, 2.0, 6.0])), np.array([0.0, 0.0, 3.0])
    found = FAMILIES["lognormal"].scales(LINKS["identity"], response, offset)
    assert (found.intercept_mean, found.intercept_sd, found.group_sd) == pytest.approx((2.0, 2.5, 1.0))


EXTREMES = [
    ("gamma", "log", {"shape": 1e-3}), ("inverse_gaussian", "log", {"shape": 1e-6}),
    ("weibull", "log", {"shape": 1e-3}), ("exponential", "log", {}),
    ("lognormal", "identity", {"sigma": 400.0}), ("beta", "logit", {"phi": 1e-4}),
    ("beta", "loglog", {"phi": 5.0}), ("beta", "cloglog", {"phi": 5.0}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "link", "parameters"), EXTREMES)
def test_draws_stay_inside_the_support_at_the_edge_of_what_numbers_can_hold(family, link, parameters):
    at = {"mu": RowValue(LINKS[link], np.tile([-30.0, 0.0, 30.0], (200, 1)))}
    at |= {name: number(np.full((200, 1), value)) for name, value in parameters.items()}
    draws = FAMILIES[family].random(np.random.default_rng(3), np.ones(3), at)
    assert ((draws > 0) & (draws < (1 if family == "beta" else np.inf))).all()
