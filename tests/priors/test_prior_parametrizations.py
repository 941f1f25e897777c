"""A prior is written in any parametrization that PyMC has, and is the same law."""

import inspect

import numpy as np
import pymc as pm
import pytest

import glmm_bayes as gb
from glmm_bayes.spec.prior import DISTRIBUTIONS

# Arguments that PyMC takes beside those of a law's parametrization.
FURTHER = {"kwargs", "args", "n"}
NUMBERS = {"mu": 0.4, "sigma": 0.3, "tau": 2.5, "nu": 4.0, "lam": 1.7, "alpha": 1.3, "beta": 2.2, "b": 0.7}
NUMBERS |= {"s": 0.6, "lower": -1.0, "upper": 2.0, "scale": 0.8, "a": 1.5, "eta": 2.0}
WAYS = [
    pytest.param(name, tuple(way.arguments), id=f"{name}({', '.join(way.arguments)})")
    for name in DISTRIBUTIONS
    for way in DISTRIBUTIONS[name].ways
    if name not in ("LKJ", "Dirichlet")
]


@pytest.mark.parametrize(("name", "arguments"), WAYS)
def test_the_law_is_that_of_pymc(name, arguments):
    # PyMC rounds a plain 2.5 to single precision on its way.
    given = {argument: np.float64(NUMBERS[argument]) for argument in arguments}
    kept = {key: np.float64(value) for key, value in gb.Prior(name, **given).arguments}
    values = np.array([0.1, 0.35, 0.8])
    law = getattr(pm, name).dist
    np.testing.assert_allclose(
        pm.logp(law(**kept), values).eval(), pm.logp(law(**given), values).eval(), rtol=1e-12
    )


@pytest.mark.parametrize("name", [name for name in DISTRIBUTIONS if name != "LKJ"])
def test_every_argument_of_pymc_is_one(name):
    theirs = set(inspect.signature(getattr(pm, name).dist).parameters) - FURTHER
    ours = {argument for way in DISTRIBUTIONS[name].ways for argument in way.arguments}
    assert theirs <= ours


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("Normal", {"sigma": 1, "tau": 1}, "mu, sigma, or mu, tau; found sigma, tau"),
        ("Gamma", {"mu": 1, "beta": 1}, "alpha, beta, or mu, sigma; found mu, beta"),
        ("Gamma", {"mu": 1}, "needs sigma"),
        ("Gamma", {"mu": -1, "sigma": 1}, "mu must be above 0"),
        ("Normal", {"tau": 0}, "tau must be above 0"),
        ("Exponential", {"lam": -2}, "lam must be above 0"),
        ("Exponential", {"rate": 2}, "no argument 'rate' (it has scale, or lam)"),
        ("Beta", {"mu": 0.5, "sigma": 0.5}, "below sqrt(mu (1 - mu)) = 0.5"),
        ("Beta", {"mu": 1.5, "sigma": 0.1}, "mu must be below 1"),
        ("Beta", {"mu": 1.5, "nu": 3}, "mu must be below 1"),
        ("Exponential", {"lam": 1e-151}, "at least 1e-150"),
    ],
)
def test_what_is_no_parametrization_is_refused_in_its_own_words(name, given, words):
    with pytest.raises(gb.PriorError) as caught:
        gb.Prior(name, **given)
    assert words in str(caught.value)


def test_arguments_without_names_are_answered_with_names():
    with pytest.raises(gb.PriorError, match=r'found 0, 1. Write gb.Prior\("Normal", mu=..., sigma=...\)'):
        gb.Prior("Normal", 0, 1)


@pytest.mark.parametrize("name", ["Gamma", "InverseGamma"])
@pytest.mark.parametrize(("mu", "sigma"), [(1e100, 1e-100), (1e-100, 1e100), (1e149, 1e149)])
def test_moments_of_no_law_in_numbers_are_refused_or_kept(name, mu, sigma):
    try:
        prior = gb.Prior(name, mu=mu, sigma=sigma)
    except gb.PriorError as error:
        assert f"{name}(mu={mu:g}, sigma={sigma:g})" in str(error)
    else:
        assert all(np.isfinite(value) for _, value in prior.arguments)
