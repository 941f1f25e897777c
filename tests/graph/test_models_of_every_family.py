"""Models of every family: graph and arrays agree, gradients are finite, prior draws fit the response."""

import numpy as np
import pytensor
import pytest

import glmm_bayes as gb
from glmm_bayes.graph.families import FAMILIES
from glmm_bayes.infer.datatree import dimensions
from tests.graph.model_rows import DATA, EVERY, RESPONSES, USABLE, model_of

DEFAULT = [(family, None) for family in USABLE]
OTHERS = [(family, link) for family, link in EVERY if link != FAMILIES[family].links[0]]


def at_a_point(model, seed=1):
    """Return the variables, the rows' log density and the gradient at a random point of the graph."""
    graph = model.pymc_model
    names = list(dimensions(model.priors))
    values = graph.replace_rvs_by_values([graph[name] for name in names])
    (density,) = graph.logp(vars=[graph["y"]], sum=False)
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        compiled = graph.compile_fn(
            [*values, density, graph.dlogp()], inputs=graph.value_vars, on_unused_input="ignore"
        )
    rng = np.random.default_rng(seed)
    start = graph.initial_point(random_seed=seed)
    point = {name: value + rng.uniform(-0.05, 0.05, np.shape(value)) for name, value in start.items()}
    *found, rows, gradient = compiled(point)
    return dict(zip(names, found, strict=True)), rows, gradient


def assert_one_density(model):
    """The graph's log density of each row is that of a fit whose one draw has the same values."""
    values, rows, gradient = at_a_point(model)
    assert np.isfinite(rows).all() and np.isfinite(gradient).all()
    fit = gb.Fit.from_draws(model, {name: np.asarray(value)[None, None] for name, value in values.items()})
    np.testing.assert_allclose(fit.draws["log_likelihood"]["y"].to_numpy()[0, 0], rows, rtol=1e-9, atol=1e-12)


def test_every_family_has_a_response_here():
    assert list(RESPONSES) == list(FAMILIES)


@pytest.mark.parametrize(("family", "link"), DEFAULT)
def test_graph_and_arrays_have_one_log_density(family, link):
    assert_one_density(model_of(family, link))


@pytest.mark.slow
@pytest.mark.parametrize(("family", "link"), OTHERS)
def test_graph_and_arrays_have_one_log_density_for_every_other_link(family, link):
    assert_one_density(model_of(family, link))


def further(family, right):
    """Return a formula for each parameter beside the mean."""
    names = (*FAMILIES[family].auxiliaries, *FAMILIES[family].defaults)
    return dict.fromkeys(names, right)


#: gb.Formula() does not know these parameters so far.
UNKNOWN = {"alpha", "kappa", "zoi", "coi"}
FORMULATED = [f for f in USABLE if further(f, "") and not UNKNOWN & set(further(f, ""))]


@pytest.mark.slow
@pytest.mark.parametrize("family", FORMULATED)
def test_every_parameter_takes_a_formula_with_shared_random_effects(family):
    model = model_of(family, None, "x + (1 |i| g)", **further(family, "~ t + (1 |i| g)"))
    for name in further(family, ""):
        assert {f"{name}_beta", f"{name}_sd_g", f"{name}_b_g"} <= set(dimensions(model.priors))
    assert "joint_corr_i" in dimensions(model.priors)
    assert_one_density(model)


@pytest.mark.slow
@pytest.mark.parametrize("family", FORMULATED)
def test_a_fixed_parameter_is_not_sampled(family):
    values = {"alpha": 0.5, "zi": 0.3, "hu": 0.3, "zoi": 0.3, "coi": 0.4, "nu": 4.0}
    fixed = {name: values.get(name, 1.5) for name in further(family, "")}
    model = model_of(family, None, "x + (1 | g)", **fixed)
    assert not set(fixed) & set(dimensions(model.priors))
    assert_one_density(model)


@pytest.mark.parametrize("family", USABLE)
def test_responses_drawn_from_the_prior_lie_in_the_support(family):
    model = model_of(family)
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        drawn = model.prior_predictive(draws=5, seed=1)
    y = drawn["prior_predictive"]["y"].to_numpy()
    low, high = RESPONSES[family][1:]
    trials = model.response.trials
    assert y.shape == (1, 5, len(DATA))
    assert np.isfinite(y).all()
    if model.response.categories:
        assert set(np.unique(y)) <= set(range(len(model.response.categories)))
    else:
        assert (y >= low * trials).all() and (y <= high * trials).all()
    if FAMILIES[family].is_discrete:
        np.testing.assert_array_equal(y, np.round(y))


ZI = gb.Formula("count ~ x + (1 |i| g)", zi="~ x + (1 |i| g)")
NAMED = {
    "zi_beta[x]": (ZI, "zero_inflated_poisson", gb.Prior("Normal", mu=0.7, sigma=0.2)),
    "zi_sd_g": (ZI, "zero_inflated_poisson", gb.Prior("HalfNormal", sigma=0.2)),
    "sigma_sd_g": (
        gb.Formula("real ~ x + (1 | g)", sigma="~ t + (1 | g)"),
        "gaussian",
        gb.Prior("Exponential", scale=0.1),
    ),
    "thresholds": ("rating ~ x + (1 | g)", "cumulative", gb.Prior("Normal", mu=0.0, sigma=3.0)),
    "corr_g": (ZI, "zero_inflated_poisson", gb.Prior("LKJ", eta=5.0)),
}


#: What is printed names each effect, and a correlation of effects with a shared label by that label.
PRINTED_AS = {
    "corr_g": "joint_corr_i",
    "zi_sd_g": "zi_sd_g[Intercept]",
    "sigma_sd_g": "sigma_sd_g[Intercept]",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_prior_written_by_name_is_the_one_that_is_sampled(name):
    formula, family, prior = NAMED[name]
    model = gb.Model(formula, DATA, family=family, priors={name: prior})
    rows = {row.parameter: str(row.prior) for row in model.priors.rows}
    assert rows[PRINTED_AS.get(name, name)] == str(prior)
    assert_one_density(model)
