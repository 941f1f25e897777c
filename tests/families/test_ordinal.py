"""Ordinal families agree with textbook formulas; thresholds have the prior and the start that they say."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import integrate, stats

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.thresholds import log_prior, median_start
from glmm_bayes.graph.maths import GRAPH
from tests.families.ordinal_laws import (
    CASES,
    DISC,
    ETA,
    LATENT,
    TAU,
    at_of,
    specific,
    table,
    textbook,
)
from tests.plain_mode import PLAIN

CATEGORIES = np.arange(4.0)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_probabilities_are_those_of_the_textbook_and_add_up_to_one(family, link):
    cs = specific(family)
    found = FAMILIES[family].mean(at_of(link, ETA[None], disc=DISC, cs=cs))
    assert found.shape == (1, 4, 4)
    np.testing.assert_allclose(found[0], table(family, link, ETA, disc=DISC, cs=cs), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=0, atol=2e-15)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_the_log_density_is_the_log_of_the_probability(family, link):
    cs = specific(family)
    expected = np.log(table(family, link, ETA, disc=DISC, cs=cs))
    for position in range(4):
        y = np.full(4, float(position))
        at = at_of(link, ETA[None], disc=DISC, cs=cs)
        found = FAMILIES[family].log_density(y, np.ones(4), at, NUMPY)
        np.testing.assert_allclose(found[0], expected[:, position], rtol=1e-11)


@pytest.mark.parametrize("link", LATENT)
def test_cumulative_keeps_its_digits_in_both_tails(link):
    latent = LATENT[link]
    for eta in (-30.0, -15.0, -3.0, 3.0, 15.0, 30.0):
        low, high = latent.logcdf(TAU - eta), latent.logsf(TAU - eta)
        with np.errstate(divide="ignore"):
            below = low[1:] + np.log(-np.expm1(low[:-1] - low[1:]))
            above = high[:-1] + np.log(-np.expm1(high[1:] - high[:-1]))
        between = np.where(low[1:] < high[:-1], below, above)
        expected = np.concatenate([low[:1], between, high[-1:]])
        at = at_of(link, np.full((1, 4), eta))
        found = FAMILIES["cumulative"].log_density(CATEGORIES, np.ones(4), at, NUMPY)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("family", ["cumulative", "sratio", "cratio", "acat"])
def test_the_variance_is_that_of_the_score(family):
    probabilities = table(family, "logit", ETA)
    expected = [stats.rv_discrete(values=(np.arange(1, 5), row / row.sum())).var() for row in probabilities]
    np.testing.assert_allclose(FAMILIES[family].variance(at_of("logit", ETA[None]))[0], expected, rtol=1e-12)


def test_effects_of_one_threshold_move_the_odds_there_alone():
    plain = FAMILIES["acat"].mean(at_of("logit", ETA[None]))[0]
    moved = FAMILIES["acat"].mean(at_of("logit", ETA[None], cs={"cs_2": np.full(4, 0.7)}))[0]
    change = np.log(moved[:, 1:] / moved[:, :-1]) - np.log(plain[:, 1:] / plain[:, :-1])
    np.testing.assert_allclose(change, np.tile([0.0, 0.7, 0.0], (4, 1)), atol=1e-14)


@pytest.mark.parametrize("family", ["sratio", "cratio", "acat"])
def test_random_parts_of_one_threshold_alone_have_the_shape_of_all(family):
    shifts = np.linspace(-1, 1, 5)[:, None, None]
    found = FAMILIES[family].mean(at_of("logit", ETA[None], cs={"cs_2": shifts}))
    assert found.shape == (5, 1, 4, 4)
    for shift, probabilities in zip(shifts.ravel(), found[:, 0], strict=True):
        expected = table(family, "logit", ETA, cs={"cs_2": np.full(4, shift)})
        np.testing.assert_allclose(probabilities, expected, rtol=1e-12)


# statistics: tau = (-1, .5, 2), eta = .4, v = 2.25.
POPULATION = {
    ("cumulative", "logit"): ((0.268503779, 0.249162802, 0.241785960, 0.240547459), 6e-9),
    ("cumulative", "probit"): ((0.218703, 0.303415, 0.290483, 0.187399), 1e-6),
    ("sratio", "logit"): ((0.268503779, 0.320726574, 0.252224737, 0.158544911), 1e-9),
}


def population(family, link, eta, v, **more):
    joint = Joint(at_of(link, np.full((1, 1), eta), **more), {"mu": np.full((1, 1), v)})
    return FAMILIES[family].population_mean(joint)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_population_probabilities_of_cumulative_are_the_published_ones(link):
    expected, tolerance = POPULATION["cumulative", link]
    found = population("cumulative", link, 0.4, 2.25)
    np.testing.assert_allclose(found.value[0, 0], expected, rtol=0, atol=tolerance)
    assert found.value.sum() == pytest.approx(1.0, abs=4e-16)


def test_typical_probabilities_of_cumulative_are_the_published_ones():
    found = FAMILIES["cumulative"].mean(at_of("logit", np.full((1, 1), 0.4)))[0, 0]
    np.testing.assert_allclose(found, (0.197816, 0.327163, 0.307039, 0.167982), rtol=0, atol=5e-7)


@pytest.mark.parametrize("key", POPULATION)
def test_averaging_the_probabilities_over_groups_gives_the_published_ones(key):
    family, link = key
    expected, tolerance = POPULATION[key]

    def weighted(z, position):
        at = at_of(link, np.array([[0.4 + 1.5 * z]]))
        return stats.norm.pdf(z) * FAMILIES[family].mean(at)[0, 0, position]

    found = [integrate.quad(weighted, -9, 9, (k,), epsabs=1e-12, limit=200)[0] for k in range(4)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("link", LATENT)
def test_population_probabilities_of_cumulative_equal_brute_force_with_any_discrimination(link):
    nodes = np.linspace(-9, 9, 20_001)
    weights = stats.norm.pdf(nodes) * (nodes[1] - nodes[0])
    expected = weights @ np.array([textbook("cumulative", link, 0.4 + 1.2 * z, TAU, 1.7) for z in nodes])
    found = population("cumulative", link, 0.4, 1.44, disc=1.7)
    np.testing.assert_allclose(found.value[0, 0], expected, rtol=0, atol=2e-8)
    assert np.abs(found.value[0, 0] - expected).max() <= found.error + 1e-12


def test_without_random_effects_the_population_is_the_typical_row():
    for family, link in CASES:
        at = at_of(link, ETA[None])
        found = FAMILIES[family].population_mean(Joint(at))
        assert found.rule == "exact"
        np.testing.assert_array_equal(found.value, FAMILIES[family].mean(at))


def test_probabilities_between_thresholds_that_nearly_meet_are_never_negative():
    found = population("cumulative", "logit", 0.4, 2.25, tau=[-1.0, -1.0 + 1e-12, 2.0]).value
    assert (found >= 0).all() and found.sum() == pytest.approx(1.0, abs=4e-16)


def test_the_prior_of_thresholds_has_the_published_density():
    logit = LINKS["logit"]
    assert float(log_prior(TAU, logit, is_ordered=True)) == pytest.approx(-3.536773896, abs=5e-10)
    assert float(log_prior(TAU, logit, is_ordered=False)) == pytest.approx(
        -3.536773896 - np.log(6), abs=5e-10
    )


@pytest.mark.parametrize("link", LATENT)
def test_the_prior_of_thresholds_is_the_latent_law_in_arrays_and_graphs(link):
    far = np.array([[-1.0, 0.5, 2.0], [-30.0, 0.0, 30.0]])
    expected = LATENT[link].logpdf(far).sum(axis=-1)
    np.testing.assert_allclose(log_prior(far, LINKS[link], is_ordered=False), expected, rtol=1e-12)
    tau = [pt.scalar() for _ in range(3)]
    density = log_prior(pt.stack(tau), LINKS[link], GRAPH, is_ordered=True)
    graph = pytensor.function(tau, [density, *pytensor.grad(density, tau)], mode=PLAIN)
    for row, value in zip(far, expected, strict=True):
        found, *gradient = graph(*row)
        assert found == pytest.approx(value + np.log(6), rel=1e-12)
        assert np.isfinite(gradient).all()


def test_thresholds_start_where_all_categories_are_equally_likely():
    for link in LATENT:
        start = median_start(5, LINKS[link])
        at = at_of(link, np.zeros((1, 1)), start)
        np.testing.assert_allclose(FAMILIES["cumulative"].mean(at)[0, 0], np.full(5, 0.2), rtol=1e-12)
