"""Chains start near the scale of the data, whatever the priors are; a start that is far from it is refused.

The log density at the starts is that of the graph, compiled as fast as PyTensor can; nothing is sampled but
in the tests that say so.
"""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.families.parameters import TRANSFORMS, Law
from glmm_bayes.fit.settings import Settings
from glmm_bayes.priors.prior_densities import DISTRIBUTIONS, distribution, median
from glmm_bayes.sampling import nutpie_engine
from glmm_bayes.sampling.densities import GraphDensity, NutpieDensity
from glmm_bayes.sampling.guides import guide_of
from glmm_bayes.sampling.null_model import rows_of_coefficients
from glmm_bayes.sampling.nutpie_engine import _compiled
from glmm_bayes.sampling.start_centres import _SAMPLED, _within
from glmm_bayes.sampling.starts import LIMIT, chain_starts
from glmm_bayes.spec.prior import DISTRIBUTIONS as WRITTEN
from tests.plain_mode import PLAIN

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "benchmarks")]

import bugs  # noqa: E402
import bugs_cases  # noqa: E402

from tests.example_models import model_of  # noqa: E402
from tests.examples import DATA, RESPONSES  # noqa: E402

SEEDS = [11, 12, 13, 14]
#: Priors that leave everything to the data: a textbook's, and far beyond.
VAGUE = gb.Prior("Normal", mu=0, sigma=100)
WIDE = {
    "Uniform(0, 10)": gb.Prior("Uniform", lower=0, upper=10),
    "Uniform(0, 100)": gb.Prior("Uniform", lower=0, upper=100),
    "Uniform(0, 1e6)": gb.Prior("Uniform", lower=0, upper=1e6),
    "HalfCauchy(25)": gb.Prior("HalfCauchy", beta=25),
    "HalfNormal(100)": gb.Prior("HalfNormal", sigma=100),
    "HalfStudentT(2, 1e4)": gb.Prior("HalfStudentT", nu=2, sigma=1e4),
    "Exponential(1000)": gb.Prior("Exponential", scale=1000),
    "InverseGamma variance": gb.Prior("InverseGamma", alpha=0.001, beta=0.001, of="variance"),
    "Gamma precision": gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision"),
}


def guide(model):
    return guide_of(model.definition)


def names_of(model):
    return list(model.definition.posterior)


def density(model):
    own = guide(model)
    return GraphDensity(model.pymc_model, names_of(model), own.overrides(model.pymc_model), PLAIN)


def starts(model, seeds=SEEDS, found=None):
    own, found = guide(model), found or density(model)
    reach = own.reach(model.pymc_model, found.shapes)
    return chain_starts(own, found, found.centre, reach, seeds, own.judges(model.pymc_model))


def check_starts(model):
    """Check that four chains start apart, at finite densities, with likelihoods within the bound."""
    own, found = guide(model), density(model)
    points = starts(model, found=found)
    assert np.isfinite(own.null)
    for point in points:
        value, gradient = found.value(point)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()
        assert own.log_likelihood(found.expand(point)) >= own.null - LIMIT * own.rows
    assert len({tuple(point) for point in points}) == len(points)
    return points, found


@pytest.mark.slow
@pytest.mark.parametrize("name", bugs_cases.CASES)
def test_priors_of_bugs_examples_start_within_the_bound(name):
    check_starts(bugs.model_of(name))


@cache
def salm(name):
    """The colonies of findings: a plate a row, and priors that froze every chain."""
    priors = {"beta": VAGUE, "beta[Intercept]": VAGUE, "sd": WIDE[name]}
    return gb.Model("y ~ log_dose + (1 | plate)", bugs_cases.salm(), family="poisson", priors=priors)


@pytest.mark.parametrize("name", WIDE)
def test_log_density_of_starts_is_that_of_default_priors_however_wide_they_are(name):
    _, found = check_starts(salm(name))
    # Default priors start between -400 and -1,800; the priors' centres were at -2e17 to -3e112.
    assert min(found.value(point)[0] for point in starts(salm(name), found=found)) > -2000


@pytest.mark.study
@pytest.mark.sampling
@pytest.mark.parametrize("name", ["Uniform(0, 100)", "HalfNormal(100)"])
def test_vague_priors_do_not_freeze_the_chains(name):
    fit = salm(name).fit(draws=500, tune=500, seed=1, cores=2)
    sd = fit.draws["posterior"]["sd_plate"].to_numpy()
    # By JAGS, Uniform(0, 100): mean 0.338, sd 0.089.
    assert (sd.std(axis=1) > 0.02).all()
    assert abs(sd.mean() - 0.338) < 0.03
    assert int(fit.draws["sample_stats"]["diverging"].sum()) < 20


def vague_priors(model):
    """Give every coefficient, standard deviation and dispersion of a model a prior without any scale."""
    kinds = {
        "positive": gb.Prior("HalfNormal", sigma=1e4),
        "unit": gb.Prior("Uniform", lower=0, upper=1),
        "real": gb.Prior("Normal", mu=0, sigma=1e4),
    }
    result = {name: kinds[model.family.kinds[name].support] for name in model.priors.auxiliary}
    for predictor in model.priors.predictors.values():
        own = predictor.prefix
        result |= {f"{own}beta[{c}]": gb.Prior("Normal", mu=0, sigma=1e4)
                   for c in predictor.design.coefficients}  # fmt: skip
        result |= {f"{own}sd": gb.Prior("HalfNormal", sigma=1e4)} if predictor.groups else {}
    return result


@cache
def vague(family):
    model = model_of(family)
    return gb.Model(model.spec.text, DATA, family=family, priors=vague_priors(model))


@pytest.mark.parametrize("family", RESPONSES)
def test_every_family_starts_at_its_data_under_vague_priors(family):
    # Nothing is compiled: the centre has random effects of 0, so its likelihood is that without effects.
    plain, wide = guide(model_of(family)), guide(vague(family))
    assert wide.null == pytest.approx(plain.null, abs=1e-6)
    assert wide.excluded == ()
    for name, own in wide.centres.items():
        assert np.isfinite(own.value).all(), name
        assert (own.reach > 0).all(), name
        if "sd_" in name:
            np.testing.assert_allclose(own.value, plain.centres[name].value, rtol=1e-9)
    for predictor in vague(family).priors.predictors.values():
        # No effect of a column: the linear predictor is the same in all rows.
        found = predictor.fixed.from_normal @ wide.centres[predictor.names.of("beta_basis")].value
        assert np.ptp(rows_of_coefficients(predictor) @ found) < 1e-3


@pytest.mark.slow
@pytest.mark.sampling
@pytest.mark.parametrize("family", RESPONSES)
def test_every_family_finds_starts_under_vague_priors(family):
    check_starts(vague(family))


RNG = np.random.default_rng(3)
ROWS = pd.DataFrame({"x": RNG.normal(size=60), "year": np.tile(np.arange(2000, 2010), 6)}).assign(
    g=np.repeat(list("abcdef"), 10),
    h=np.tile(list("uvwxyz"), 10),
    step=lambda f: pd.Categorical(np.tile(["low", "mid", "high"], 20), ["low", "mid", "high"], ordered=True),
    y=lambda f: 3 + f["x"] + RNG.normal(size=60),
    bit=lambda f: (f["x"] + RNG.normal(size=60) > 0).astype(int),
    count=lambda f: RNG.poisson(np.exp(1 + 0.5 * f["x"])),
)
SD, SIGMA = {"sd": WIDE["Uniform(0, 100)"]}, {"sigma": WIDE["HalfNormal(100)"]}
ALL = {"beta": VAGUE, "beta[Intercept]": VAGUE, **SD}
MODELS = {
    "slopes": lambda: gb.Model("y ~ x + (1 + x | g)", ROWS, priors=ALL | SIGMA),
    "years as they are": lambda: gb.Model("y ~ year + (1 + year | g)", ROWS, priors=ALL | SIGMA),
    "crossed": lambda: gb.Model("count ~ x + (1 | g) + (x || h)", ROWS, family="poisson", priors=ALL),
    "cell means": lambda: gb.Model("count ~ 0 + g + (1 | h)", ROWS, family="poisson",
                                   priors={"beta": VAGUE, **SD}),
    "the average row": lambda: gb.Model(
        "y ~ year + (1 | g)", ROWS,
        priors={"Intercept": gb.Prior("StudentT", nu=3, mu=0, sigma=1e4), "beta": VAGUE, **SD}),
    "monotonic": lambda: gb.Model("y ~ mo(step) * x + (1 | g)", ROWS, priors=ALL | SIGMA),
    "student effects": lambda: gb.Model('y ~ x + (1 | gr(g, dist = "student"))', ROWS, priors=ALL | SIGMA),
    "population": lambda: gb.Model("bit ~ x + (1 | g)", ROWS, family="bernoulli", priors=ALL,
                                   interpretation="population"),
    "two predictors": lambda: gb.Model(gb.Formula("y ~ x + (1 | g)", sigma="~ x + (1 | g)"), ROWS,
                                       priors=ALL | {"sigma_beta": VAGUE, "sigma_sd": SD["sd"]}),
    "zero inflation": lambda: gb.Model(gb.Formula("count ~ x + (1 | g)", zi="~ x"), ROWS,
                                       family="zero_inflated_poisson", priors=ALL | {"zi_beta": VAGUE}),
    "labels": lambda: gb.Model(gb.Formula("y ~ x + (1 |i| g)", sigma="~ 1 + (1 |i| g)"), ROWS, priors=ALL),
    "uniform coefficients": lambda: gb.Model(
        "count ~ x + (1 | g)", ROWS, family="poisson",
        priors={"beta": gb.Prior("Uniform", lower=-100, upper=100),
                "beta[Intercept]": gb.Prior("Uniform", lower=-100, upper=100), **SD}),
    "cauchy coefficients": lambda: gb.Model(
        "y ~ year + (1 | g)", ROWS.assign(y=1e6 * ROWS["y"]),
        priors={"beta": gb.Prior("Cauchy", alpha=0, beta=1e7), **SD}),
    "several responses": lambda: gb.Model(
        gb.Formulas("y ~ x + (1 |i| g)", "count ~ x + (1 |i| g)", family=("gaussian", "poisson")), ROWS,
        priors=ALL),
    "correlated residuals": lambda: gb.Model(
        gb.Formulas("y ~ x + (1 | g)", "x ~ 1", family=("gaussian", "gaussian"), rescor=True), ROWS,
        priors=ALL),
}  # fmt: skip


@pytest.mark.sampling
@pytest.mark.parametrize("name", MODELS)
def test_every_structure_finds_starts_under_vague_priors(name):
    check_starts(MODELS[name]())


def test_more_chains_keep_the_first_starts():
    model = salm("Uniform(0, 100)")
    found = density(model)
    few, many = starts(model, SEEDS[:2], found), starts(model, SEEDS, found)
    np.testing.assert_array_equal(few, many[:2])
    assert not np.array_equal(few[0], few[1])


@pytest.mark.sampling
def test_all_engines_start_at_the_same_points():
    model = salm("Gamma precision")
    own, graph = guide(model), model.pymc_model
    compiled = _compiled(graph, names_of(model), own)
    nutpie = NutpieDensity(compiled, len(graph.free_RVs))
    other = density(model)
    np.testing.assert_allclose(compiled.initial_point_func(0), other.centre, rtol=1e-12)
    reach = own.reach(graph, nutpie.shapes)
    points = chain_starts(own, nutpie, compiled.initial_point_func(0), reach, SEEDS)
    np.testing.assert_allclose(points, starts(model, found=other), rtol=1e-12)
    for point in points:
        assert nutpie.value(point)[0] == pytest.approx(other.value(point)[0], rel=1e-9)
        np.testing.assert_allclose(nutpie.value(point)[1], other.value(point)[1], rtol=1e-6, atol=1e-6)
        for name, value in other.expand(point).items():
            if name in names_of(model):
                np.testing.assert_allclose(nutpie.expand(point)[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.sampling
def test_every_chain_of_nutpie_gets_the_start_that_is_its_own():
    # On two cores chains ask in any order, by seeds that name no chain.
    model = salm("Gamma precision")
    own, graph = guide(model), model.pymc_model
    compiled = _compiled(graph, names_of(model), own)
    points = starts(model, seeds=range(5))
    seeds = nutpie_engine._nutpie_seeds(compiled, points, 7)
    assert len(set(seeds)) == 5
    assert nutpie_engine._nutpie_seeds(compiled, points[:3], 7) == seeds[:3]
    asked = []
    listening = replace(compiled, initial_point_func=lambda seed: asked.append(seed) or points[0].copy())
    nutpie_engine._run(listening, Settings(draws=5, tune=20, chains=5, cores=2, progress=False), 7)
    assert set(asked) == set(seeds)


def test_a_prior_that_forbids_the_data_is_refused_with_its_name():
    priors = {
        "beta[Intercept]": gb.Prior("Uniform", lower=1000, upper=1001),
        "sigma": gb.Prior("Uniform", lower=0, upper=0.1),
    }
    model = gb.Model("y ~ 1", ROWS, priors=priors)
    with pytest.raises(gb.SamplingError, match="start_far") as caught:
        starts(model)
    message = str(caught.value)
    for words in ("beta[Intercept]", "Uniform(lower=1000, upper=1001)", "a row", "Widen the priors"):
        assert words in message


def test_sharp_priors_that_the_model_can_live_with_are_not_refused():
    # The intercept is held at 0, 50 sds of the data away: the groups' sd can take its place.
    days = gb.load_dataset("sleepstudy")
    sharp = gb.Prior("Normal", mu=0, sigma=0.1)
    model = gb.Model("Reaction ~ 1 + (1 | Subject)", days, priors={"beta[Intercept]": sharp})
    check_starts(model)


def test_a_users_own_limits_are_met_and_not_judged():
    model = gb.Model("y ~ x + (1 | g)", ROWS)
    with model.pymc_model as graph:
        pm.Potential("limit", pm.math.switch(graph["beta"][1] > 0.2, 0.0, -np.inf))
        own = pm.Normal("own", mu=50.0, sigma=1.0)
        pm.Normal("seen", mu=own, sigma=1.0, observed=np.array([50.0]))
    found = density(model)
    for point in starts(model, found=found):
        assert np.isfinite(found.value(point)[0])
        assert found.expand(point)["beta"][0, 1] > 0.2


def test_a_start_that_the_user_has_set_is_kept():
    model = gb.Model("y ~ x + (1 | g)", ROWS, priors=SD)
    graph = model.pymc_model
    graph.set_initval(graph["sd_g"], np.array([7.0]))
    assert graph["sd_g"] not in guide(model).overrides(graph)
    assert density(model).expand(density(model).centre)["sd_g"][0, 0] == pytest.approx(7.0)


def test_densities_without_a_finite_start_are_refused():
    model = gb.Model("y ~ x", ROWS)
    with model.pymc_model:
        pm.Potential("never", pm.math.constant(-np.inf))
    with pytest.raises(gb.SamplingError, match="start_not_finite"):
        starts(model)


def test_a_chain_that_never_moved_is_named():
    model = gb.Model("y ~ x", ROWS)
    rng = np.random.default_rng(1)
    beta, sigma = rng.normal(size=(3, 200, 2)), np.abs(rng.normal(size=(3, 200)))
    assert "stuck" not in str(gb.diagnose(gb.Fit.from_draws(model, {"beta": beta, "sigma": sigma})))
    beta[1], sigma[1] = beta[1, 0], np.repeat(sigma[1, :4], 50)
    diagnosis = gb.diagnose(gb.Fit.from_draws(model, {"beta": beta, "sigma": sigma}))
    assert not diagnosis.passed
    assert "stuck chains: chain 2 of 3 hardly moved (beta[Intercept])" in str(diagnosis)


ARGUMENTS = {
    "Normal": {"mu": 1.0, "sigma": 2.0},
    "StudentT": {"nu": 3.0, "mu": 1.0, "sigma": 2.0},
    "Cauchy": {"alpha": 1.0, "beta": 2.0},
    "Laplace": {"mu": 1.0, "b": 2.0},
    "Logistic": {"mu": 1.0, "s": 2.0},
    "Uniform": {"lower": -1.0, "upper": 4.0},
    "HalfNormal": {"sigma": 2.0},
    "HalfStudentT": {"nu": 3.0, "sigma": 2.0},
    "HalfCauchy": {"beta": 2.0},
    "Exponential": {"scale": 2.0},
    "Gamma": {"alpha": 2.0, "beta": 3.0},
    "InverseGamma": {"alpha": 2.0, "beta": 3.0},
    "LogNormal": {"mu": 0.3, "sigma": 0.7},
    "Beta": {"alpha": 2.0, "beta": 3.0},
}


def test_every_distribution_of_one_number_has_a_density_here():
    assert set(DISTRIBUTIONS) == set(WRITTEN) - {"LKJ", "Dirichlet"} == set(ARGUMENTS)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_densities_of_priors_are_pymcs(name):
    law, places = distribution(gb.Prior(name, **ARGUMENTS[name])), np.array([0.1, 0.4, 0.8])
    ours = np.array([float(law.logpdf(place)) for place in places])
    # PyTensor takes a Python float that fits for float32.
    other = getattr(pm, name).dist(**{key: np.float64(value) for key, value in ARGUMENTS[name].items()})
    theirs = pm.logp(other, places).eval()
    if name in ("HalfCauchy", "HalfStudentT"):
        # PyMC may hold the log 2 of these two in single precision: the gap is that of the constant, or none.
        single = float(np.log(np.float32(2))) - np.log(2)
        assert np.abs(theirs - ours).max() < 1e-12 or np.abs(theirs - ours - single).max() < 1e-12
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    draws = pm.draw(other, 4000, random_seed=1)
    assert abs(np.mean(draws < float(law.ppf(0.5))) - 0.5) < 0.04


#: The same distributions in SciPy; of the half t the whole one.
IN_SCIPY = {
    "Normal": lambda mu, sigma: stats.norm(mu, sigma),
    "StudentT": lambda nu, mu, sigma: stats.t(nu, mu, sigma),
    "Cauchy": lambda alpha, beta: stats.cauchy(alpha, beta),
    "Laplace": lambda mu, b: stats.laplace(mu, b),
    "Logistic": lambda mu, s: stats.logistic(mu, s),
    "Uniform": lambda lower, upper: stats.uniform(lower, upper - lower),
    "HalfNormal": lambda sigma: stats.halfnorm(scale=sigma),
    "HalfStudentT": lambda nu, sigma: stats.t(nu, 0.0, sigma),
    "HalfCauchy": lambda beta: stats.halfcauchy(scale=beta),
    "Exponential": lambda scale: stats.expon(scale=scale),
    "Gamma": lambda alpha, beta: stats.gamma(alpha, scale=1.0 / beta),
    "InverseGamma": lambda alpha, beta: stats.invgamma(alpha, scale=beta),
    "LogNormal": lambda mu, sigma: stats.lognorm(sigma, scale=np.exp(mu)),
    "Beta": lambda alpha, beta: stats.beta(alpha, beta),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_quantiles_and_densities_of_priors_are_scipys(name):
    ours, theirs = distribution(gb.Prior(name, **ARGUMENTS[name])), IN_SCIPY[name](**ARGUMENTS[name])
    shares = np.array([0.01, 0.3, 0.5, 0.77, 0.999])
    is_half_t = name == "HalfStudentT"
    places = theirs.ppf(0.5 + shares / 2 if is_half_t else shares)
    np.testing.assert_allclose(ours.ppf(shares), places, rtol=1e-12, atol=1e-15)
    expected = theirs.logpdf(places) + (np.log(2.0) if is_half_t else 0.0)
    np.testing.assert_allclose(ours.logpdf(places), expected, rtol=1e-12, atol=1e-15)
    outside = ours.lower * ours.scale + ours.loc - 1.0
    assert not np.isfinite(ours.lower) or ours.logpdf(outside) == -np.inf


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_what_is_sampled_is_found_back_from_the_parameter(transform):
    value = 0.3 if transform == "logit" else 3.7
    law = Law(gb.Prior("HalfNormal", sigma=1.0), transform)
    assert float(law.value(_SAMPLED[transform](value))) == pytest.approx(value, rel=1e-12)
    assert np.isfinite(median(law))


@pytest.mark.parametrize(
    ("prior", "value", "expected"),
    [
        (gb.Prior("Normal", mu=0, sigma=100), 298.0, 298.0),
        (gb.Prior("Normal", mu=0, sigma=1), 298.0, 0.0),
        (gb.Prior("HalfNormal", sigma=100), 0.8, 0.8),
        (gb.Prior("HalfNormal", sigma=0.01), 0.8, 0.00674489750196082),
        (gb.Prior("Uniform", lower=0, upper=100), 0.8, 0.8),
        (gb.Prior("Uniform", lower=5, upper=7), 0.8, 6.0),
        (gb.Prior("Gamma", alpha=0.001, beta=0.001), 1.5, 1.5),
        (gb.Prior("Gamma", alpha=0.001, beta=0.001), 1e-4, 1e-4),
        (gb.Prior("HalfCauchy", beta=1e6), 0.8, 0.8),
    ],
)
def test_a_start_leaves_the_data_only_where_the_prior_excludes_them(prior, value, expected):
    assert _within(prior, value) == pytest.approx(expected, rel=1e-9)
