"""Population means of families with zero parts: stated numbers, and a fine grid in two dimensions."""

import numpy as np
import pytest
from scipy import stats

from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES

CENTRES, SDS, CORRELATION = (0.3, -1.0), (0.8, 1.2), 0.5
#: Random parts of mu and of the zero part; then digits of an independent computation to 30 places.
STATED = [
    ("zero_inflated_poisson", "zi", {}, 1.11506532120),
    ("zero_inflated_negative_binomial", "zi", {"shape": 1.4}, 1.11506532120),
    ("hurdle_gamma", "hu", {"shape": 2.3}, 1.11506532120),
    ("hurdle_lognormal", "hu", {"sigma": 0.6}, 1.33497556355),
    ("hurdle_poisson", "hu", {}, 1.45187458943),
]


def joint_of(first, second, centres, variances, covariance, numbers, links=("log", "logit")):
    """Return two correlated predictors, and further parameters as numbers."""
    names, cells = (first, second), (1, 1)
    at = {
        name: RowValue(LINKS[link], np.full(cells, centre))
        for name, link, centre in zip(names, links, centres, strict=True)
    }
    at |= {name: number(np.asarray(value)) for name, value in numbers.items()}
    variance = {name: np.full(cells, v) for name, v in zip(names, variances, strict=True) if v > 0}
    return Joint(at, variance, {names: np.full(cells, covariance)} if covariance else {})


@pytest.mark.parametrize(("family", "zero", "numbers", "stated"), STATED)
def test_the_correlation_of_the_two_parts_is_in_the_mean(family, zero, numbers, stated):
    links = (FAMILIES[family].links[0], "logit")
    joint = joint_of("mu", zero, CENTRES, np.square(SDS), CORRELATION * SDS[0] * SDS[1], numbers, links)
    found = FAMILIES[family].population_mean(joint)
    assert found.value.item() == pytest.approx(stated, rel=5e-9)


#: A grid so fine and so wide that the plain sum over it is exact to rounding.
GRID = np.linspace(-16.0, 16.0, 641)
NORMALS = np.stack([axis.ravel() for axis in np.meshgrid(GRID, GRID)])
WEIGHTS = np.prod(stats.norm.pdf(NORMALS), axis=0) * (GRID[1] - GRID[0]) ** 2


def brute_force(family, joint):
    """Sum the conditional mean over a grid of the two random parts, without any conditioning."""
    (first, v1), (second, v2) = ((name, v.item()) for name, v in joint.variance.items())
    c = sum(value.item() for value in joint.covariance.values())
    moved = {
        first: np.sqrt(v1) * NORMALS[0],
        second: c / np.sqrt(v1) * NORMALS[0] + np.sqrt(v2 - c**2 / v1) * NORMALS[1],
    }
    at = dict(joint.at)
    for name, part in moved.items():
        at[name] = RowValue(at[name].link, at[name].eta + part[:, None])
    return WEIGHTS @ FAMILIES[family].mean(at)[:, 0]


PAIRS = [
    ("zero_inflated_poisson", "mu", "zi", {}, ("sqrt", "logit")),
    ("zero_inflated_poisson", "mu", "zi", {}, ("softplus", "logit")),
    ("zero_inflated_binomial", "mu", "zi", {}, ("logit", "logit")),
    ("zero_inflated_beta", "mu", "zi", {"phi": 4.2}, ("probit", "logit")),
    ("hurdle_poisson", "mu", "hu", {}, ("log", "logit")),
    ("hurdle_poisson", "mu", "hu", {}, ("softplus", "logit")),
    ("hurdle_negative_binomial", "mu", "hu", {"shape": 1.4}, ("log", "logit")),
    ("hurdle_negative_binomial", "mu", "shape", {"hu": 0.3}, ("log", "log")),
    ("zero_one_inflated_beta", "mu", "zoi", {"phi": 4.2, "coi": 0.6}, ("logit", "logit")),
    ("zero_one_inflated_beta", "zoi", "coi", {"phi": 4.2, "mu": 0.6}, ("logit", "logit")),
]


@pytest.mark.parametrize("variances", [(0.3, 0.5), (1.0, 2.0), (4.0, 9.0)])
@pytest.mark.parametrize("correlation", [0.0, -0.6])
@pytest.mark.parametrize(("family", "first", "second", "numbers", "links"), PAIRS)
def test_two_parts_agree_with_brute_force(family, first, second, numbers, links, variances, correlation):
    covariance = correlation * np.sqrt(variances[0] * variances[1])
    joint = joint_of(first, second, (0.3, -0.4), variances, covariance, numbers, links)
    found = FAMILIES[family].population_mean(joint)
    expected = brute_force(family, joint)
    assert found.value.item() == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("link", FAMILIES["ordered_beta"].links)
@pytest.mark.parametrize("v", [0.3, 4.0, 16.0])
def test_ordered_beta_averages_zeros_ones_and_numbers_between_them(link, v):
    family = FAMILIES["ordered_beta"]
    at = {
        "mu": RowValue(LINKS[link], np.full((1, 1), 0.4)),
        "thresholds": number(np.array([[[-1.1, 1.4]]])),
        "phi": number(np.array([[4.2]])),
    }
    found = family.population_mean(Joint(at, {"mu": np.full((1, 1), v)}, {}))
    z = np.linspace(-12.0, 12.0, 200_001)
    weights = stats.norm.pdf(z) * (z[1] - z[0])
    moved = at | {"mu": RowValue(LINKS[link], 0.4 + np.sqrt(v) * z[:, None])}
    assert found.value.item() == pytest.approx(weights @ family.mean(moved)[:, 0], rel=1e-7)
