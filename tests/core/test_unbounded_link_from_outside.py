"""Means under a link of another package that grows like exp: as those of the log link, or refused."""

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.core.integrals import (
    link_of_population_mean,
    population_mean,
    population_mean_derivatives,
    population_variance,
    second_moment,
)
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.mean_rules import TrapezoidRule, rule_of
from glmm_bayes.core.pair_covariance import pair_covariance
from tests.outside import run_module

LOG_2 = np.log(2)
ETA = np.array([[-3.0, 0.0, 0.3], [0.2, 1.0, 4.0]])
SDS = [0.1, 1.0, 3.0, 5.0, 8.0]


@pytest.fixture(autouse=True)
def link(registries, tmp_path, monkeypatch):
    return run_module("log_two", tmp_path, monkeypatch).LogTwo()


def both(function, v, *more):
    """Return a quantity under the link and under the log link, whose linear predictor is log 2 times it."""
    return (
        function(LINKS["log_two"], ETA, np.full(ETA.shape, v), *more),
        function(LINKS["log"], LOG_2 * ETA, np.full(ETA.shape, LOG_2**2 * v), *more),
    )


@pytest.mark.parametrize("sd", SDS)
def test_means_and_their_error_are_those_of_the_log_link(sd):
    found, expected = both(population_mean, sd**2)
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-10)
    assert np.abs(found.value - expected.value).max() <= found.error
    assert found.error <= 1e-8 * expected.value.max()


@pytest.mark.parametrize("sd", SDS)
def test_derivatives_moments_and_links_of_means_are_those_of_the_log_link(sd):
    (slope, in_v), (of_log, of_log_in_v) = both(population_mean_derivatives, sd**2)
    np.testing.assert_allclose(slope, LOG_2 * of_log, rtol=1e-9)
    np.testing.assert_allclose(in_v, LOG_2**2 * of_log_in_v, rtol=1e-9)
    found, expected = both(second_moment, sd**2)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    found, expected = both(population_variance, sd**2)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    found, expected = both(link_of_population_mean, sd**2)
    np.testing.assert_allclose(found, expected / LOG_2, rtol=1e-9, atol=1e-12)


def test_covariances_of_two_rows_are_those_of_the_log_link():
    v, c = np.full(ETA.shape, 4.0), np.full(ETA.shape, 2.0)
    found = pair_covariance(LINKS["log_two"], (ETA, 0.5 * ETA), (v, v), c)
    scaled = (LOG_2 * ETA, 0.5 * LOG_2 * ETA)
    expected = pair_covariance(LINKS["log"], scaled, (LOG_2**2 * v, LOG_2**2 * v), LOG_2**2 * c)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_without_variance_a_mean_is_the_inverse_itself():
    v = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    found = population_mean(LINKS["log_two"], ETA, v).value
    np.testing.assert_array_equal(found[v == 0], LINKS["log_two"].inverse(ETA[v == 0]))


def changed(link, inverse):
    return type("Mine", (type(link),), {"name": "mine", "inverse": inverse})()


def test_means_beyond_the_largest_number_are_infinite(link):
    assert np.isinf(population_mean(link, np.zeros(1), np.full(1, 60.0**2)).value).all()
    faster = changed(link, lambda self, eta, m=None: np.exp(eta**2))
    assert np.isinf(population_mean(faster, np.zeros(1), np.ones(1)).value).all()


def test_a_mean_that_cannot_be_integrated_is_refused_with_what_to_write(link):
    none_below_0 = changed(link, lambda self, eta, m=None: np.sqrt(eta))
    with pytest.raises(gb.PredictionError, match=r"'mine' cannot be integrated.* mean_rule") as caught:
        population_mean(none_below_0, ETA, np.ones(ETA.shape))
    assert caught.value.code == "estimand_undefined"


def test_rules_of_listed_links_are_what_they_were():
    by_trapezoid = {name for name in LINKS if type(rule_of(LINKS[name])) is TrapezoidRule}
    assert by_trapezoid == {"cauchit", "softplus", "tan_half"}


def test_verbs_agree_with_those_of_the_log_link():
    data = {"y": np.arange(24) % 5, "x": np.linspace(-1, 1, 24), "g": np.repeat(range(6), 4)}
    results = []
    for name, scale in (("log_two", 1.0), ("log", LOG_2)):
        model = gb.Model("y ~ x + (1 | g)", data, family="poisson", link=name)
        draws = {"beta": np.full((1, 2, 2), [0.4, -0.3]) * scale, "sd_g": np.full((1, 2, 1), 5.0 * scale)}
        fit = gb.Fit.from_draws(model, draws)
        verbs = (gb.predictions(fit, by=True), gb.comparisons(fit, "x"), gb.slopes(fit, "x"), gb.icc(fit))
        results.append([verb.draws.to_numpy() for verb in verbs])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7)
