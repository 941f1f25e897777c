"""Models, fits and what they are made of may be pickled and copied: workers of a pool get them so."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.frozen import FrozenMapping
from tests.example_models import fit_of

PRIOR = {"beta": gb.Prior("Normal", mu=0, sigma=1)}
FORMULA = gb.Formula("y ~ x + (1 |i| g)", sigma="~ z + (1 |i| g)", nu=4)
VALUES = {
    "Formula": FORMULA,
    "Formulas": gb.Formulas(FORMULA, "w ~ x + (1 |i| g)", family=("student", "poisson"), link=(None, "log")),
    "ModelSpec": gb.ModelSpec.from_formula(FORMULA, family="student", priors=PRIOR),
    "ModelSpec of a text": gb.ModelSpec.from_formula("y ~ mo(x) + (1 | gr(g, structure = 'ar1'))"),
    "Prior": PRIOR["beta"],
    "FrozenMapping": FrozenMapping({"a": 1}),
}
WAYS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - our own bytes
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


def _half(y, mu, m):
    return -0.5 * ((y - mu) ** 2 + np.log(2 * np.pi))


def _random(rng, mu):
    return rng.normal(mu)


def _variance(mu):
    return np.ones_like(mu)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", VALUES)
def test_what_text_says_is_the_same_after_it(name, way):
    value = VALUES[name]
    again = WAYS[way](value)
    assert type(again) is type(value)
    assert again == value
    assert repr(again) == repr(value)
    assert hash(again) == hash(value)


def test_a_frozen_mapping_is_read_as_any_and_never_changed():
    one = FrozenMapping({"a": 1, "b": 2})
    assert (one == {"b": 2, "a": 1}, list(one), len(one), dict(one)) == (
        True,
        ["a", "b"],
        2,
        {"a": 1, "b": 2},
    )
    with pytest.raises(TypeError):
        one["a"] = 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", ["gaussian", "zero_inflated_poisson", "categorical"])
def test_a_fit_gives_the_same_numbers_after_it(family, way):
    fit = fit_of(family, draws=4)
    fit.flat  # noqa: B018 - derived, and not to be copied
    again = WAYS[way](fit)
    assert "flat" not in vars(again)
    assert str(again) == str(fit)
    frames = [gb.predictions(one, estimand="typical").summary() for one in (fit, again)]
    pd.testing.assert_frame_equal(*frames)
    pd.testing.assert_frame_equal(*(gb.summary(one) for one in (fit, again)))
    values = [np.asarray(one.draws["log_likelihood"]["y"]) for one in (fit, again)]
    np.testing.assert_array_equal(*values)


def test_a_fit_of_several_responses_gives_the_same_numbers_after_it():
    data = gb.load_dataset("sleepstudy").assign(late=lambda d: d["Days"] % 2)
    formulas = gb.Formulas("Reaction ~ Days", "late ~ Reaction", family=("gaussian", "bernoulli"))
    model = gb.Model(formulas, data)
    draws = {"Reaction_beta": [[[250.0, 10.0]]], "Reaction_sigma": [[30.0]], "late_beta": [[[0.0, 0.1]]]}
    fit = gb.Fit.from_draws(model, draws)
    again = WAYS["pickle"](fit)
    frames = [gb.predictions(one["late"]).summary() for one in (fit, again)]
    pd.testing.assert_frame_equal(*frames)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_is_the_same_and_builds_a_graph_of_its_own(way):
    data = gb.load_dataset("sleepstudy")
    model = gb.Model("Reaction ~ poly(Days, 2) + (1 + Days | Subject)", data, priors=PRIOR)
    graph = model.pymc_model
    again = WAYS[way](model)
    assert "pymc_model" not in vars(again)
    assert str(again) == str(model)
    pd.testing.assert_frame_equal(again.check(), model.check())
    assert again.pymc_model is not graph
    assert [one.name for one in again.pymc_model.basic_RVs] == [one.name for one in graph.basic_RVs]


@pytest.mark.usefixtures("registries")
def test_a_family_of_functions_goes_with_its_model():
    family = gb.CustomFamily(
        "unit_normal", log_density=_half, random=_random, variance=_variance, support="real"
    )
    fit = gb.Fit.from_draws(
        gb.Model("Reaction ~ Days", gb.load_dataset("sleepstudy"), family=family),
        {"beta": [[[250.0, 10.0]]]},
    )
    again = copy.deepcopy(fit)
    pd.testing.assert_frame_equal(gb.predictions(again).summary(), gb.predictions(fit).summary())


def test_another_process_reads_a_model(tmp_path):
    model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    path = tmp_path / "model.bin"
    path.write_bytes(pickle.dumps(model))
    code = f"import pickle; print(pickle.load(open({str(path)!r}, 'rb')))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(model).strip()
