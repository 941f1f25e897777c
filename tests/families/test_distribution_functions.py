"""Logs of distribution and survival functions: far tails equal R's, graphs have them with their gradients."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from glmm_bayes.core.incomplete import log_betainc, log_gammainc, log_gammaincc
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.maths import GRAPH
from tests.examples import REFERENCES as ROWS
from tests.families.family_laws import at_of, etas_of, far_etas, values_of
from tests.plain_mode import PLAIN

FAR = json.loads((Path(__file__).parents[1] / "oracles" / "far_tails.json").read_text())
FAMILIES_WITH = [
    name
    for name in ROWS
    if FAMILIES[name].has_cdf and not FAMILIES[name].is_discrete and not FAMILIES[name].support.floor_has_mass
]
CASES = [(family, link) for family in FAMILIES_WITH for link in FAMILIES[family].links]
#: One link of each family, for what a link adds has laws of its own; and those whose means reach 0 or 1.
COMPILED = [(family, FAMILIES[family].links[0]) for family in FAMILIES_WITH]
FAR_COMPILED = [*COMPILED, ("beta", "cloglog"), ("beta", "loglog"), ("gamma", "inverse")]
TAILS = ("log_cdf", "log_survival")


def r_rows(name):
    return [pytest.param(*row, id="-".join(f"{value:g}" for value in row[:-1])) for row in FAR[name]]


@pytest.mark.parametrize(("shape", "x", "expected"), r_rows("gamma lower"))
def test_the_far_lower_tail_of_the_gamma_equals_that_of_r(shape, x, expected):
    np.testing.assert_allclose(log_gammainc(shape, x, NUMPY), expected, rtol=1e-9)


@pytest.mark.parametrize(("shape", "x", "expected"), r_rows("gamma upper"))
def test_the_far_upper_tail_of_the_gamma_equals_that_of_r(shape, x, expected):
    np.testing.assert_allclose(log_gammaincc(shape, x, NUMPY), expected, rtol=1e-9)


@pytest.mark.parametrize(("a", "b", "x", "expected"), r_rows("beta"))
def test_the_far_tail_of_the_beta_equals_that_of_r(a, b, x, expected):
    np.testing.assert_allclose(log_betainc(a, b, x, 1 - x, NUMPY), expected, rtol=1e-9)


@pytest.mark.parametrize(("z", "nu", "expected"), r_rows("student"))
def test_both_far_tails_of_the_student_equal_that_of_r(z, nu, expected):
    at = {"mu": number(0.0), "sigma": number(1.0), "nu": number(nu)}
    np.testing.assert_allclose(FAMILIES["student"].log_cdf(z, 1, at, NUMPY), expected, rtol=1e-9)
    np.testing.assert_allclose(FAMILIES["student"].log_survival(-z, 1, at, NUMPY), expected, rtol=1e-9)


def responses(family, link):
    """Draw one response a row, and the rows' linear predictors."""
    row, eta = ROWS[family], etas_of(ROWS[family], link)
    frozen = row.frozen(values_of(row, link, eta), row.trials())
    return frozen.rvs(random_state=np.random.default_rng(5)), eta


@cache
def compiled(family, link, tail, mode=PLAIN):
    """Compile one tail and its gradient in eta and in each further parameter."""
    row, y, eta = ROWS[family], pt.vector("y", dtype="float64"), pt.vector("eta", dtype="float64")
    scalars = {name: pt.scalar(name) for name in row.parameters}
    inputs = [eta, *scalars.values()]
    log_tail = getattr(FAMILIES[family], tail)(y, 1.0, at_of(link, eta, scalars, GRAPH), GRAPH)
    return pytensor.function([y, *inputs], [log_tail, *pytensor.grad(log_tail.sum(), inputs)], mode=mode)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(("family", "link"), COMPILED)
def test_the_graph_has_the_same_tails_and_their_gradients(family, link, tail):
    y, eta = responses(family, link)
    parameters = ROWS[family].parameters
    found, slope, *slopes = compiled(family, link, tail)(y, eta, *parameters.values())

    def numbers(eta, parameters):
        return getattr(FAMILIES[family], tail)(y, 1.0, at_of(link, eta, parameters), NUMPY)

    np.testing.assert_allclose(found, numbers(eta, parameters), rtol=1e-10, atol=1e-14)
    step = 1e-5
    difference = (numbers(eta + step, parameters) - numbers(eta - step, parameters)) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=5e-6, atol=1e-7)
    for (name, value), gradient in zip(parameters.items(), slopes, strict=True):
        up, down = ({**parameters, name: value + shift} for shift in (step, -step))
        expected = (numbers(eta, up) - numbers(eta, down)).sum() / (2 * step)
        np.testing.assert_allclose(gradient, expected, rtol=5e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(("family", "link"), CASES)
def test_tails_are_finite_thirty_units_out(family, link, tail):
    y, _ = responses(family, link)
    at = at_of(link, far_etas(family, link), ROWS[family].parameters)
    assert np.isfinite(getattr(FAMILIES[family], tail)(y, 1.0, at, NUMPY)).all()


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(("family", "link"), FAR_COMPILED)
def test_gradients_of_tails_are_finite_thirty_units_out(family, link, tail):
    y, _ = responses(family, link)
    found = compiled(family, link, tail)(y, far_etas(family, link), *ROWS[family].parameters.values())
    assert all(np.isfinite(part).all() for part in found)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_the_two_tails_add_up_to_one(family, link):
    y, eta = responses(family, link)
    at = at_of(link, eta, ROWS[family].parameters)
    lower, upper = (getattr(FAMILIES[family], tail)(y, 1.0, at, NUMPY) for tail in TAILS)
    np.testing.assert_allclose(np.exp(lower) + np.exp(upper), 1.0, rtol=1e-13)


#: Families whose tails are incomplete gamma and beta functions: a fresh machine compiles them for minutes.
LONG_COMPILED = ("student", "beta", "gamma")


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=pytest.mark.study if name in LONG_COMPILED else pytest.mark.slow)
        for name in FAMILIES_WITH
    ],
)
def test_the_samplers_compiler_takes_tails_and_gradients(family):
    link = FAMILIES[family].links[0]
    y, eta = responses(family, link)
    values = (y, eta, *ROWS[family].parameters.values())
    for tail in TAILS:
        plain, numba = (compiled(family, link, tail, mode)(*values) for mode in (PLAIN, "NUMBA"))
        for one, other in zip(plain, numba, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-9)
