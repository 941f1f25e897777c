"""Regions of censoring and bounds, family by family: probabilities, replicates, nothing impossible."""

import itertools
from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.design.response_additions import Additions
from glmm_bayes.families import FAMILIES, Response
from glmm_bayes.families.likelihood import draw_responses, log_likelihood
from glmm_bayes.families.regions import censored_regions, without_region
from glmm_bayes.graph.maths import GRAPH
from tests.plain_mode import PLAIN

INF, NAN = np.inf, np.nan


# Fused operations of more than 32 operands have no Python form.
PARAMETERS = {"sigma": 0.7, "nu": 4.0, "shape": 1.7, "phi": 3.0, "zi": 0.3, "hu": 0.25}


WITH_CDF = [name for name in FAMILIES if FAMILIES[name].has_cdf]


DISCRETE = [name for name in WITH_CDF if FAMILIES[name].is_discrete]


CONTINUOUS = [name for name in WITH_CDF if not FAMILIES[name].is_discrete]


ETAS = (-30.0, -3.0, 0.0, 1.0, 4.0, 30.0, 200.0)


def at_of(family, eta, m=NUMPY, **given):
    values = PARAMETERS | given
    shape = (1,) * (np.ndim(eta) if m is NUMPY else 1)
    further = {name: number(np.full(shape, values[name]), m) for name in FAMILIES[family].auxiliaries}
    return {"mu": RowValue(LINKS[FAMILIES[family].links[0]], eta, m), **further}


@pytest.mark.parametrize("tail", ["log_cdf", "log_survival"])
@pytest.mark.parametrize("family", DISCRETE)
def test_between_whole_numbers_a_distribution_function_is_that_of_the_lower(family, tail):
    k = np.arange(-2.0, 30.0)
    eta = np.full(len(k), 0.9)
    whole, half = (getattr(FAMILIES[family], tail)(y, 1.0, at_of(family, eta), NUMPY) for y in (k, k + 0.5))
    np.testing.assert_array_equal(whole, half)
    place = pt.vector("y", dtype="float64")
    graph = getattr(FAMILIES[family], tail)(place, 1.0, at_of(family, pt.constant(eta), GRAPH), GRAPH)
    function = pytensor.function([place], graph, mode=PLAIN)
    np.testing.assert_allclose(function(k), whole, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(function(k), function(k + 0.5))


@pytest.mark.parametrize("family", DISCRETE)
def test_a_distribution_function_sums_up_the_probabilities(family):
    k = np.arange(0.0, 40.0)
    at = at_of(family, np.full(len(k), 0.9))
    masses = np.exp(FAMILIES[family].log_density(k, 1.0, at, NUMPY))
    for tail, expected in (("log_cdf", masses.cumsum()), ("log_survival", 1.0 - masses.cumsum())):
        found = np.exp(getattr(FAMILIES[family], tail)(k, 1.0, at, NUMPY))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def grid_of(family):
    """Return rows of every kind of censoring under many bounds; ends are whole or not, in or out."""
    unit = FAMILIES[family].support.ceiling is not None
    ys = [-1.0, 0.0, 0.2, 0.4, 0.9, 1.0] if unit else [-1.0, -0.5, 0.0, 0.4, 1.0, 2.5, 3.0, 8.0, 40.0]
    lower = [-INF, -0.5, 0.0, 0.4] if unit else [-INF, -0.5, 0.0, 0.4, 1.0, 2.2]
    upper = [INF, 0.8, 1.0] if unit else [INF, 0.8, 1.0, 3.5, 12.0, 60.0]
    rows = []
    for code, y, low, high in itertools.product([-1, 1, 2], ys, lower, upper):
        ends = [end for end in (*ys, 3.7, INF) if end > y] if code == 2 else [NAN]
        rows += [(code, y, end, low, high) for end in ends if low < high]
    code, y, end, low, high = (np.array(column) for column in zip(*rows, strict=True))
    return y, Additions(censored=code.astype(np.int8), interval_end=end, lower=low, upper=high)


@pytest.mark.parametrize("family", WITH_CDF)
def test_no_censored_row_is_more_than_certain_and_each_possible_one_has_a_probability(family):
    y, additions = grid_of(family)
    region = censored_regions(FAMILIES[family].support, y, additions)
    lost = without_region(FAMILIES[family].support, *region, additions)
    assert 0.05 < lost.mean() < 0.7
    additions = replace(additions, region=region)
    for eta in ETAS:
        at = at_of(family, np.full(len(y), eta))
        with np.errstate(all="ignore"):
            found = log_likelihood(FAMILIES[family], y, np.ones(len(y)), at, additions, NUMPY)
            bounds = log_likelihood(
                FAMILIES[family], y, np.ones(len(y)), at, replace(additions, lower=None, upper=None), NUMPY
            )
        assert np.isfinite(found[~lost]).all()
        # Rounding is of the two logs, which are differences of what the region and the bounds have.
        assert (found[~lost] <= 1e-9 + 1e-13 * np.abs(bounds[~lost])).all()
        assert not (np.isfinite(found[lost])).any()


@pytest.mark.parametrize("family", WITH_CDF)
def test_regions_have_the_probability_of_all_that_is_inside_them(family):
    y, additions = grid_of(family)
    region = censored_regions(FAMILIES[family].support, y, additions)
    kept = ~without_region(FAMILIES[family].support, *region, additions)
    at = at_of(family, np.array([0.4]))
    code, low, high = additions.censored, additions.lower, additions.upper
    start = np.where(code == -1, -INF, y)
    end = np.select([code == -1, code == 1], [y, INF], additions.interval_end)
    numbers, masses = cells_of(family, at)
    inside = (numbers >= low[:, None]) & (numbers <= high[:, None])
    known = inside & (numbers > start[:, None]) & (numbers <= end[:, None])
    with np.errstate(invalid="ignore"):
        share = (known @ masses) / (inside @ masses)
    found = np.exp(
        log_likelihood(FAMILIES[family], y, np.ones(len(y)), at, replace(additions, region=region), NUMPY)
    )
    tolerance = 1e-10 if FAMILIES[family].is_discrete else 2e-4
    np.testing.assert_allclose(found[kept], share[kept], rtol=0, atol=tolerance)
    # What is refused is impossible.
    assert not (share[~kept] >= tolerance).any()


def cells_of(family, at):
    """Return numbers and their probabilities by the density alone, an atom at the floor included."""
    if FAMILIES[family].is_discrete:
        numbers = np.arange(0.0, 400.0)
        return numbers, np.exp(FAMILIES[family].log_density(numbers, 1.0, at, NUMPY))
    unit = FAMILIES[family].support.ceiling is not None
    edges = np.linspace(0.0, 1.0, 5_001) if unit else np.linspace(-60.0, 160.0, 22_001)
    middle = 0.5 * (edges[1:] + edges[:-1])
    some = middle > (-INF if FAMILIES[family].support.floor is None else 0.0)
    middle = middle[some]
    masses = np.exp(FAMILIES[family].log_density(middle, 1.0, at, NUMPY)) * (edges[1] - edges[0])
    if FAMILIES[family].support.floor_has_mass:
        atom = np.exp(FAMILIES[family].log_density(np.zeros(1), 1.0, at, NUMPY))
        return np.append(0.0, middle), np.append(atom, masses)
    return middle, masses


@pytest.mark.parametrize("width", [1e-1, 1e-5, 1e-9, 1e-14])
@pytest.mark.parametrize("family", CONTINUOUS)
def test_narrow_intervals_have_the_density_times_their_width(family, width):
    low = np.array([0.375])
    high = low + width
    at = at_of(family, np.array([0.4]))
    found = FAMILIES[family].log_between(low, high, 1.0, at, NUMPY)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    y = 0.5 * (low + high) + 0.5 * (high - low) * nodes
    terms = FAMILIES[family].log_density(y, 1.0, at, NUMPY) + np.log(weights)
    expected = np.logaddexp.reduce(terms) + np.log(0.5 * (high - low))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


BOUNDS = {
    "whole": (1.0, 3.0), "not whole": (1.3, 3.5), "lower": (2.5, INF), "upper": (-INF, 3.5),
    "with zero": (0.0, 2.0), "far": (150.0, 160.5),
}  # fmt: skip


UNIT_BOUNDS = {"lower": (0.3, INF), "upper": (-INF, 0.8), "both": (0.2, 0.7)}


@pytest.mark.parametrize("family", WITH_CDF)
def test_replicates_lie_inside_the_bounds_wherever_the_mean_is(family):
    law = FAMILIES[family]
    bounds = (UNIT_BOUNDS if law.support.ceiling is not None else BOUNDS).values()
    low, high = (np.repeat(ends, 2) for ends in zip(*bounds, strict=True))
    etas = np.repeat([-300.0, -30.0, -2.0, 1.0, 8.0, 30.0, 200.0], 3)
    ones = np.ones(len(low))
    response = Response("y", "y", ones, ones, additions=Additions(lower=low, upper=high))
    at = at_of(family, np.tile(etas[:, None], len(low)))
    drawn = draw_responses(law, np.random.default_rng(1), response, at)
    out = np.argwhere((drawn < low) | (drawn > high))
    assert not len(out), [(etas[draw], low[row], high[row], drawn[draw, row]) for draw, row in out]
    assert not law.is_discrete or (drawn == np.floor(drawn)).all()


@pytest.mark.parametrize("family", DISCRETE)
def test_replicates_inside_bounds_follow_their_law(family):
    law, size = FAMILIES[family], 4000
    additions = Additions(lower=np.array([0.6]), upper=np.array([3.5]))
    response = Response("y", "y", np.ones(1), np.ones(1), additions=additions)
    drawn = draw_responses(law, np.random.default_rng(2), response, at_of(family, np.full((size, 1), 6.0)))
    k = np.arange(1.0, 4.0)
    masses = np.exp(law.log_density(k, 1.0, at_of(family, np.array([6.0])), NUMPY))
    counts = [(drawn == value).sum() for value in k]
    expected = size * masses / masses.sum()
    some = expected > 5
    assert stats.chisquare(np.array(counts)[some], expected[some], sum_check=False).pvalue > 1e-4


def test_zeros_beside_positive_numbers_keep_their_share_below_a_bound():
    response = Response("y", "y", np.ones(1), np.ones(1), additions=Additions(upper=np.array([2.0])))
    at = at_of("hurdle_gamma", np.full((4000, 1), 5.0))
    drawn = draw_responses(FAMILIES["hurdle_gamma"], np.random.default_rng(3), response, at)
    share = 0.25 / (0.25 + 0.75 * stats.gamma(1.7, scale=np.exp(5.0) / 1.7).cdf(2.0))
    assert stats.binomtest(int((drawn == 0).sum()), 4000, share).pvalue > 1e-4 and drawn.max() <= 2.0
