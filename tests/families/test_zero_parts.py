"""Laws of families with zero parts that the table of families does not state."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from tests.examples import REFERENCES as ROWS
from tests.families.family_laws import at_of, etas_of
from tests.plain_mode import PLAIN

PARTS = [name for name in ROWS if {"zi", "hu", "zoi"} & ROWS[name].parameters.keys()]
PROBABILITIES = ("zi", "hu", "zoi", "coi")
# Every kind of response that the family takes.
KINDS = {
    "zero_inflated_beta": (0.0, 0.3),
    "zero_one_inflated_beta": (0.0, 0.3, 1.0),
    "hurdle_gamma": (0.0, 0.3, 40.0),
    "hurdle_lognormal": (0.0, 0.3, 40.0),
}


@pytest.mark.parametrize("family", PARTS)
def test_density_and_gradient_are_finite_where_a_part_is_nearly_certain(family):
    row, link = ROWS[family], FAMILIES[family].links[0]
    names = [name for name in row.parameters if name in PROBABILITIES]
    rest = {name: number(value, GRAPH) for name, value in row.parameters.items() if name not in names}
    y, mu, share = pt.vector("y"), pt.vector("mu"), pt.vector("share")
    at = {"mu": RowValue(LINKS[link], mu, GRAPH), **rest}
    at |= {name: RowValue(LINKS["logit"], share, GRAPH) for name in names}
    density = FAMILIES[family].log_density(y, 5.0, at, GRAPH)
    gradient = pytensor.grad(density.sum(), [mu, share])
    compiled = pytensor.function([y, mu, share], [density, *gradient], mode=PLAIN)
    ends = np.array([-30.0, 0.0, 30.0])
    for kind in KINDS.get(family, (0.0, 1.0, 5.0)):
        mus, shares = (grid.ravel() for grid in np.meshgrid(ends, ends))
        found = compiled(np.full(9, kind), mus, shares)
        assert all(np.isfinite(part).all() for part in found), kind


@pytest.mark.parametrize("family", PARTS)
def test_an_impossible_zero_part_leaves_the_plain_law(family):
    family = FAMILIES[family]
    parameters = {
        name: 0.0 if name in PROBABILITIES else v for name, v in ROWS[family.name].parameters.items()
    }
    at = at_of(family.links[0], np.array([[0.4]]), parameters)
    y = 0.3 if "beta" in family.name else 2.0
    rest = getattr(family, "rest", FAMILIES["zero_inflated_beta"].rest)
    plain = rest.log_density(y, 5.0, at, NUMPY)
    np.testing.assert_allclose(family.log_density(y, 5.0, at, NUMPY), plain, rtol=1e-14)
    np.testing.assert_allclose(family.mean(at), rest.mean(at), rtol=1e-14)
    np.testing.assert_allclose(family.variance(at), rest.variance(at), rtol=1e-13)


@pytest.mark.parametrize("family", PARTS)
def test_nothing_lies_below_zero(family):
    family = FAMILIES[family]
    if not family.has_cdf:
        return
    at = at_of(family.links[0], np.array([[0.4]]), ROWS[family.name].parameters)
    assert family.log_cdf(-1.0, 1.0, at, NUMPY) == -np.inf
    assert family.log_survival(-1.0, 1.0, at, NUMPY) == 0.0


@pytest.mark.parametrize("family", ["hurdle_poisson", "hurdle_negative_binomial"])
def test_a_truncated_count_of_tiny_mean_is_one(family):
    parameters = ROWS[family].parameters | {"hu": 0.0}
    at = at_of("log", np.full((1000, 1), -30.0), parameters)
    assert (FAMILIES[family].random(np.random.default_rng(1), np.ones(1), at) == 1.0).all()
    np.testing.assert_allclose(FAMILIES[family].mean(at), 1.0, rtol=1e-12)
    assert (FAMILIES[family].variance(at) >= 0.0).all()


@pytest.mark.parametrize("family", ROWS)
def test_without_random_effects_the_population_mean_is_the_mean(family):
    row, link = ROWS[family], FAMILIES[family].links[0]
    at = at_of(link, etas_of(row, link)[None], row.parameters)
    found = FAMILIES[family].population_mean(Joint(at, {}, {}))
    np.testing.assert_allclose(found.value, FAMILIES[family].mean(at), rtol=1e-13)
    assert found.error == 0.0


def test_a_lognormal_with_random_effects_on_sigma_has_no_population_mean():
    at = at_of("identity", np.zeros((1, 1)), ROWS["hurdle_lognormal"].parameters)
    with pytest.raises(PredictionError) as caught:
        FAMILIES["hurdle_lognormal"].population_mean(Joint(at, {"sigma": np.ones((1, 1))}, {}))
    assert caught.value.code == "estimand_undefined"


def test_the_variance_of_one_trial_is_that_of_a_single_trial():
    mu, phi, zi = stats.logistic.cdf(0.4), 3.5, 0.3
    overdispersed = FAMILIES["beta_binomial"].variance(at_of("logit", np.array([[0.4]]), {"phi": phi}))
    np.testing.assert_allclose(overdispersed, stats.betabinom.var(1, mu * phi, (1 - mu) * phi), rtol=1e-12)
    inflated = FAMILIES["zero_inflated_binomial"].variance(at_of("logit", np.array([[0.4]]), {"zi": zi}))
    np.testing.assert_allclose(inflated, stats.bernoulli.var((1 - zi) * mu), rtol=1e-12)


def test_draws_of_the_beta_binomial_vary_between_rows_as_its_documentation_says():
    n, phi, mu = 12.0, 3.5, stats.logistic.cdf(0.4)
    stated = n * mu * (1 - mu) * (1 + (n - 1) / (1 + phi))
    np.testing.assert_allclose(stated, stats.betabinom.var(n, mu * phi, (1 - mu) * phi), rtol=1e-12)
    at = at_of("logit", np.full((200_000, 1), 0.4), {"phi": phi})
    draws = FAMILIES["beta_binomial"].random(np.random.default_rng(5), np.array([n]), at)
    squares = (draws - n * mu) ** 2
    assert abs(squares.mean() - stated) < 4 * squares.std() / np.sqrt(len(draws))


@pytest.mark.parametrize(
    ("family", "parameters", "limit"),
    [
        ("negative_binomial_1", {"shape": 1e7}, "poisson"),
        ("generalized_poisson", {"shape": 1e7}, "poisson"),
        ("beta_binomial", {"phi": 1e7}, "binomial"),
    ],
)
def test_overdispersion_vanishes_as_its_parameter_grows(family, parameters, limit):
    y, n, eta = np.array([0.0, 1.0, 3.0, 7.0]), np.full(4, 9.0), np.full(4, 0.4)
    link = FAMILIES[family].links[0]
    found = FAMILIES[family].log_density(y, n, at_of(link, eta, parameters), NUMPY)
    expected = FAMILIES[limit].log_density(y, n, at_of(link, eta, {}), NUMPY)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_the_geometric_is_the_negative_binomial_of_shape_one():
    y, eta = np.array([0.0, 1.0, 3.0, 7.0]), np.array([-2.0, 0.0, 1.0, 3.0])
    found = FAMILIES["geometric"].log_density(y, 1.0, at_of("log", eta, {}), NUMPY)
    expected = FAMILIES["negative_binomial"].log_density(y, 1.0, at_of("log", eta, {"shape": 1.0}), NUMPY)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
