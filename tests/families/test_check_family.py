"""A right family passes every law; a bug fails the law that it breaks, and the table says where."""

import numpy as np
import pymc as pm
import pytest
from pytensor.gradient import zero_grad

import glmm_bayes as gb
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.traits import Support
from tests.families.custom_examples import RAYLEIGH, kumaraswamy, my_gamma, my_poisson, pascal, rayleigh


@pytest.mark.parametrize("family", [rayleigh, my_poisson, my_gamma, kumaraswamy, pascal])
def test_a_right_family_passes_every_law(family):
    table = gb.check_family(family())
    assert set(table["result"]) == {"passed"}, table


@pytest.mark.parametrize("family", ["gaussian", "lognormal", "weibull", "poisson", "negative_binomial"])
def test_listed_families_pass_every_law(family):
    table = gb.check_family(family)
    assert set(table["result"]) == {"passed"}, table


TOTAL, MEAN, VARIANCE = "the density integrates to 1", "the mean is that", "the variance is that"
SUPPORT, DRAWS = "draws lie in the support", "draws have the distribution"
GRAPH, GRADIENT, FAR = "the graph has the density", "the gradient is that", "density and gradient are finite"
BUGS = [
    ("a constant is missing",
     {"log_density": lambda y, mu, m: m.log(y) - 2 * m.log(mu) - np.pi / 4 * (y / mu) ** 2}, {TOTAL}),
    ("the mean is another", {"mean": lambda mu: 1.1 * mu}, {MEAN}),
    ("the variance is another", {"variance": lambda mu: mu**2}, {VARIANCE}),
    ("draws have the wrong scale", {"random": lambda rng, mu: rng.rayleigh(mu)}, {DRAWS}),
    ("draws are below 0", {"random": lambda rng, mu: -RAYLEIGH["random"](rng, mu)},
     {SUPPORT, DRAWS, GRAPH, GRADIENT, FAR}),
    ("a gradient is no number",
     {"log_density": lambda y, mu, m: RAYLEIGH["log_density"](y, mu, m) + m.sqrt(m.maximum(-mu, 0.0))},
     {GRADIENT, FAR}),
    ("a gradient is lost",
     {"log_density": lambda y, mu: pm.logp(pm.Exponential.dist(scale=zero_grad(mu)), y),
      "random": lambda rng, mu: rng.exponential(mu), "variance": lambda mu: mu**2}, {GRADIENT}),
    ("the density overflows far out",
     {"log_density": lambda y, mu, m: m.log(RAYLEIGH_DENSITY(y, mu, m))}, {FAR}),
    ("the graph is not the array's",
     {"log_density": lambda y, mu, m: RAYLEIGH["log_density"](y, mu, m) + (0.0 if m is NUMPY else 0.1)},
     {GRAPH}),
]  # fmt: skip


def RAYLEIGH_DENSITY(y, mu, m):  # noqa: N802
    return np.pi / 2 * y / mu**2 * m.exp(-np.pi / 4 * (y / mu) ** 2)


@pytest.mark.parametrize(("changes", "laws"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS])
def test_a_bug_fails_the_law_that_it_breaks_and_no_other(changes, laws):
    table = gb.check_family(rayleigh(**changes))
    failed = set(table.loc[table["result"] == "failed", "law"])
    assert len(failed) == len(laws), table
    assert all(any(law.startswith(start) for law in failed) for start in laws), table


def test_counts_that_are_no_counts_fail():
    table = gb.check_family(my_poisson(random=lambda rng, mu: rng.gamma(mu)))
    assert dict(zip(table["law"], table["result"], strict=True))[SUPPORT] == "failed"


def test_a_failed_law_says_where():
    table = gb.check_family(rayleigh(variance=lambda mu: mu**2), mu=[2.0])
    assert table["found"][2] == "variance is 4, not 1.093, at mu = 2"
    assert "Laws of the family rayleigh at 1 points of its parameters." in str(table)


def test_values_of_parameters_are_the_users():
    table = gb.check_family("student", mu=[0.0], parameters={"sigma": [2.0], "nu": [5.0]})
    assert set(table["result"]) == {"passed"}
    with pytest.raises(gb.FormulaError, match=r"no parameter 'shape'\. Its parameters beside mu: sigma, nu"):
        gb.check_family("student", parameters={"shape": [2.0]})
    with pytest.raises(gb.FormulaError, match="equally many values: sigma 1, nu 2"):
        gb.check_family("student", parameters={"sigma": [2.0]})
    with pytest.raises(gb.FormulaError, match=r"no parameter 'cs_1'\. Its parameters beside mu: disc"):
        gb.check_family("cumulative", parameters={"cs_1": [2.0]})


def test_a_kind_of_responses_that_no_law_is_of_is_refused(monkeypatch):
    states = {"name": "ranks", "support": Support("ranks", "places in a race")}
    ranks = type("Ranks", (type(FAMILIES["poisson"]),), states)
    monkeypatch.setitem(FAMILIES._entries, "ranks", ranks())
    with pytest.raises(gb.FormulaError, match=r"ranks has responses of a kind of its own \(ranks\)"):
        gb.check_family("ranks")


def test_a_probability_is_never_0_or_1_to_the_last_digit():
    family = gb.CustomFamily(
        "coin",
        log_density=lambda y, mu, m: y * m.log(mu) + (1 - y) * m.log1p(-mu),
        random=lambda rng, mu: rng.binomial(1, mu),
        variance=lambda mu: mu * (1 - mu),
        support="count",
        links=("logit", "probit", "cloglog"),
    )
    far = gb.check_family(family)["result"].iloc[-1]
    assert far == "passed"
