"""What is sampled and why: rules that a fit tells, and that no user's change of the graph gets lost in."""

import warnings

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.settings import Settings
from glmm_bayes.kernels.eligible import MOST_DENSE
from glmm_bayes.sampling.paths import choose_path
from tests.kernels.family_models import MODELS as FAMILIES
from tests.kernels.family_models import NORMAL_MODELS
from tests.kernels.family_models import model_of as family_model
from tests.kernels.normal_models import DATA, MODELS, model_of

KNOWN = pd.DataFrame(np.eye(8) + 0.1, index=list("ABCDEFGH"), columns=list("ABCDEFGH"))
#: Formula, what ``gb.Model`` is given besides, and what speaks against integrating effects out.
GRAPHS = {
    "family": (
        "count ~ x + (1 | g)",
        {"family": "geometric"},
        "geometric with link log, which has no kernel",
    ),
    "link": ("k2 ~ x + (1 | g)", {"family": "bernoulli", "link": "cauchit"}, "cauchit, which has no kernel"),
    "normal, link": ("positive ~ x + (1 | g)", {"family": "gaussian", "link": "softplus"}, "not normal"),
    "thresholds": (
        "steps ~ x + (1 | g)",
        {"family": "cumulative", "priors": {"thresholds": gb.Prior("Uniform", lower=-9, upper=9)}},
        "the prior of thresholds",
    ),
    "disc": (gb.Formula("steps ~ x + (1 | g)", disc="~ x"), {"family": "cumulative"}, "further parameter"),
    "sigma": (gb.Formula("y ~ x + (1 | g)", sigma="~ x"), {}, "further parameter"),
    "se": ("y | se(weight) ~ x + (1 | g)", {}, "measured"),
    "censored": ("y | cens(seen) ~ x + (1 | g)", {}, "censored"),
    "truncated": ("positive | trunc(lb = 0) ~ x + (1 | g)", {"family": "gaussian"}, "truncated"),
    "monotonic": ("y ~ mo(steps) + (1 | g)", {}, "not linear"),
    "members": ("y ~ x + (1 | mm(g, g2))", {}, "several members (mm(g, g2))"),
    "student effects": ('y ~ x + (1 | gr(g, dist = "student"))', {}, "not normal, or levels"),
    "known": ("y ~ x + (1 | gr(g, cov = K))", {"known": {"K": KNOWN}}, "levels that are not independent (g)"),
    "ar1": ('y ~ x + (0 + steps | gr(g, structure = "ar1"))', {}, "a structure of its effects"),
    "several responses": (gb.Formulas("y ~ x + (1 | g)", "w ~ x"), {}, "several responses"),
}


def model(formula, further):
    data = DATA.assign(
        k2=(DATA["x"] > 0).astype(int),
        steps=np.resize([1, 2, 3], len(DATA)),
        g2=np.roll(DATA["g"], 5),
        seen=np.resize(["none", "none", "right"], len(DATA)),
        count=np.resize([0, 3, 1, 5], len(DATA)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return gb.Model(formula, data, **further)


def path_of(a_model, is_extended=False, **settings):
    return choose_path(a_model.definition, Settings(**settings), is_extended)


@pytest.mark.parametrize("name", MODELS)
def test_normal_models_have_their_effects_integrated_out(name):
    assert path_of(model_of(name)).method == "marginal"


@pytest.mark.parametrize("name", FAMILIES)
def test_models_of_other_listed_families_have_a_kernel_of_all_effects(name):
    one = family_model(name)
    assert path_of(one).method == "joint" and path_of(one, method="joint").why == "asked for"
    with pytest.raises(gb.SamplingError, match="not normal around the linear predictor"):
        path_of(one, method="marginal")


@pytest.mark.parametrize("name", NORMAL_MODELS)
def test_normal_models_have_that_kernel_where_it_is_asked_for(name):
    one = family_model(name)
    assert path_of(one).method == "marginal" and path_of(one, method="joint").method == "joint"


@pytest.mark.parametrize("name", GRAPHS)
def test_all_others_are_sampled_by_their_graphs_for_a_reason(name):
    formula, further, words = GRAPHS[name]
    one = model(formula, further)
    assert path_of(one).method == "graph" and words in path_of(one).why
    for method in ("joint", "marginal"):
        with pytest.raises(gb.SamplingError) as caught:
            path_of(one, method=method)
        assert caught.value.code == "method"


def test_normal_models_whose_smaller_factors_have_too_many_levels_keep_all_effects():
    rng = np.random.default_rng(1)
    size = 4 * MOST_DENSE
    data = pd.DataFrame(
        {"y": rng.normal(size=size), "g": np.arange(size) % (size // 2), "h": np.arange(size) % MOST_DENSE}
    )
    one = gb.Model("y ~ 1 + (1 | g) + (1 | h)", data)
    assert path_of(one).method == "joint"
    with pytest.raises(gb.SamplingError, match=f"{MOST_DENSE + 1} coefficients and effects"):
        path_of(one, method="marginal")


def test_the_graph_is_sampled_where_it_is_asked_for_or_another_engine_is():
    one = model_of("intercepts")
    assert path_of(one, method="graph").why == "asked for"
    assert path_of(one, engine="pymc") == path_of(one, engine="pymc", method="auto")
    assert path_of(one, engine="pymc").method == "graph" and "engine pymc" in path_of(one, engine="pymc").why


@pytest.mark.parametrize("word", ["laplace", "", None, 3, "Graph", ["graph"]])
def test_another_method_is_refused_before_anything_is_made(word):
    with pytest.raises(gb.SamplingError, match='method must be one of "auto", "graph", "joint", "marginal"'):
        model_of("intercepts").fit(method=word)


def fresh():
    return gb.Model("y ~ x + (1 | g)", DATA)


def extended_by_potential(one):
    with one.pymc_model:
        pm.Potential("more", -one.pymc_model["sigma"])


def with_other_data(one):
    one.pymc_model["observed"].set_value(np.zeros(len(DATA)))


def test_a_graph_that_was_only_looked_at_is_as_it_was_built():
    one = fresh()
    assert one.pymc_model["sigma"].name == "sigma" and not one._has_changed_graph


@pytest.mark.parametrize("change", [extended_by_potential, with_other_data])
def test_a_graph_that_was_changed_by_hand_is_sampled_as_it_is(change):
    one = fresh()
    change(one)
    assert one._has_changed_graph
    assert path_of(one, one._has_changed_graph).why == "a graph that was changed by hand"
    with pytest.raises(gb.SamplingError, match="changed by hand"):
        one.fit(method="marginal", progress=False)
