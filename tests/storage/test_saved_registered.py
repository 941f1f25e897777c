"""A file names its user's families, links and structures; what is missing there is to be registered."""

import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.covariances import COVARIANCES
from glmm_bayes.families import FAMILIES
from tests.outside import run_module

DATA = pd.DataFrame(
    {
        "y": np.tile([0, 1, 1], 8),
        "x": np.linspace(-1, 1, 24),
        "t": np.tile(range(4), 6),
        "g": np.repeat(range(6), 4),
    }
)
STRUCTURED = '(0 + t | gr(g, structure = "bell"))'
#: Noun: the name, its registry, the call that adds to it and a model that needs it.
REGISTERED = {
    "family": ("laplace", FAMILIES, "register_family", {"formula": "x ~ t", "family": "laplace"}),
    "link": ("sech", LINKS, "register_link", {"formula": "y ~ x", "family": "bernoulli", "link": "sech"}),
    "structure": ("bell", COVARIANCES, "register_covariance", {"formula": f"x ~ y + {STRUCTURED}"}),
}
SEVERAL = gb.Formulas("x ~ y", "y ~ x", family=("gaussian", "bernoulli"), link=(None, "sech"))


def drawn(model):
    variables, shapes = model.definition.posterior.variables, model.definition.posterior.shapes
    draws = {name: np.full((1, 3, *shapes[name]), 0.5) for name in variables}
    if "corr_g" in draws:
        draws["corr_g"] = np.broadcast_to(0.7 * np.eye(4) + 0.3, (1, 3, 4, 4))
    return gb.Fit.from_draws(model, draws)


@pytest.fixture(params=[*REGISTERED, "one response of several"])
def saved(request, registries, tmp_path, monkeypatch):
    """Save a fit that needs what another package registers."""
    of_several = request.param not in REGISTERED
    noun = "link" if of_several else request.param
    name, registry, call, words = REGISTERED[noun]
    run_module(name, tmp_path, monkeypatch)
    fit = drawn(gb.Model(SEVERAL, DATA) if of_several else gb.Model(words["formula"], DATA, **{
        key: word for key, word in words.items() if key != "formula"
    }))  # fmt: skip
    fit.save(tmp_path / "a.glmm")
    return noun, name, registry, call, fit, tmp_path / "a.glmm"


def test_where_it_is_not_registered_the_file_says_what_to_register(saved, monkeypatch):
    noun, name, registry, call, _, path = saved
    monkeypatch.delitem(registry._entries, name)
    with pytest.raises(gb.StorageError, match=f"its {noun} '{name}' is not registered here") as caught:
        gb.load(path)
    assert caught.value.code == f"load_{noun}"
    assert f"gb.{call}(" in caught.value.hint and "then load again" in caught.value.hint


def test_where_one_of_that_name_is_registered_the_file_says_that_it_must_be_the_same(saved):
    noun, name, _, _, fit, path = saved
    with pytest.warns(gb.GlmmWarning, match=f"its {noun} is one that you have registered: {name}") as told:
        again = gb.load(path)
    assert [warning.filename for warning in told] == [__file__]
    assert again.draws.identical(fit.draws)


@pytest.mark.parametrize("words", [{}, {"family": "bernoulli", "link": "probit"}])
def test_listed_ones_are_not_told(words, tmp_path):
    drawn(gb.Model("y ~ x", DATA, **words)).save(tmp_path / "a.glmm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gb.load(tmp_path / "a.glmm")
