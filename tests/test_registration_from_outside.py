"""One rule for families, links, structures and measures of another package: what may be registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.mean_rules import rule_of
from glmm_bayes.core.mean_rules.closed_forms import IdentityRule
from glmm_bayes.core.registry import Registry
from glmm_bayes.covariances import COVARIANCES
from glmm_bayes.effects.result.measures import MEASURES
from glmm_bayes.families import FAMILIES
from tests.outside import run_module


@dataclass(frozen=True)
class Kind:
    """A registry, the call that adds to it, the class of another package, and a listed name."""

    registry: Registry[Any]
    register: Any
    name: str
    class_name: str
    listed: str

    def entry(self, cls):
        """Return what is registered of a class."""
        return cls if self.registry is COVARIANCES else cls()


KINDS = {
    "family": Kind(FAMILIES, gb.register_family, "laplace", "Laplace", "poisson"),
    "link": Kind(LINKS, gb.register_link, "sech", "Sech", "probit"),
    "structure": Kind(COVARIANCES, gb.register_covariance, "bell", "Bell", "ar1"),
    "measure": Kind(MEASURES, gb.register_measure, "cohens_h", "CohensH", "ratio"),
}


@pytest.fixture(params=KINDS)
def kind(request, registries):
    return KINDS[request.param]


@pytest.fixture
def outside(kind, tmp_path, monkeypatch):
    """Return the class, which its module has registered."""
    return getattr(run_module(kind.name, tmp_path, monkeypatch), kind.class_name)


def refused(kind, entry):
    before = [(name, kind.registry[name]) for name in kind.registry]
    with pytest.raises(gb.GlmmError) as caught:
        kind.register(entry)
    assert [(name, kind.registry[name]) for name in kind.registry] == before
    assert caught.value.code == ("measure" if kind.name == "cohens_h" else f"custom_{kind.registry.noun}")
    return str(caught.value)


def named(cls, name):
    return type(cls.__name__, (cls,), {"name": name, "__module__": cls.__module__})


@pytest.mark.parametrize(
    "name", [None, 3, "", "my link", "My_link", "2nd", "a-b", "ä", "none", "on", "link\n", ["link"]]
)
def test_what_is_no_name_is_refused(kind, outside, name):
    assert "name is small letters, digits and underscores" in refused(kind, kind.entry(named(outside, name)))


def test_a_listed_name_is_refused(kind, outside):
    said = refused(kind, kind.entry(named(outside, kind.listed)))
    assert f"'{kind.listed}' is a listed {kind.registry.noun}" in said and f'"my_{kind.listed}"' in said


@pytest.mark.parametrize("name", ["rr", "risk_ratio", "oddsratio", "irr", "odds"])
def test_another_name_of_a_listed_measure_is_refused(registries, tmp_path, monkeypatch, name):
    kind = KINDS["measure"]
    measure = run_module(kind.name, tmp_path, monkeypatch).CohensH
    assert f"'{name}' is another name of the measure" in refused(kind, named(measure, name)())


@pytest.mark.parametrize("name", ["us", "cs", "diag", "toep"])
def test_what_formulas_call_a_listed_structure_is_refused(registries, tmp_path, monkeypatch, name):
    kind = KINDS["structure"]
    structure = run_module(kind.name, tmp_path, monkeypatch).Bell
    assert f"'{name}' is another name of the structure" in refused(kind, named(structure, name))


def test_another_class_under_a_registered_name_is_refused(kind, outside):
    other = type("Other", (outside,), {"__module__": outside.__module__})
    said = refused(kind, kind.entry(other))
    assert f"another {kind.registry.noun} is registered as '{kind.name}'" in said


def test_the_same_class_run_again_takes_the_place_of_the_first(kind, outside, tmp_path, monkeypatch):
    again = getattr(run_module(kind.name, tmp_path, monkeypatch), kind.class_name)
    assert again is not outside
    entry = kind.registry[kind.name]
    assert (entry if isinstance(entry, type) else type(entry)) is again
    assert list(kind.registry).count(kind.name) == 1 and kind.registry.added == (kind.name,)


@pytest.mark.parametrize("noun", ["family", "link", "measure"])
def test_a_second_one_of_the_class_with_other_state_takes_the_place_of_the_first(
    noun, registries, tmp_path, monkeypatch
):
    kind = KINDS[noun]
    cls = getattr(run_module(kind.name, tmp_path, monkeypatch), kind.class_name)
    stated = type(cls.__name__, (cls,), {"name": "stated", "__module__": cls.__module__, "mirror": "stated"})
    first, second = stated(), stated()
    object.__setattr__(second, "power", 2)
    kind.register(first)
    kind.register(second)
    assert kind.registry["stated"] is second


def test_a_measure_of_a_user_is_called_in_any_spelling_as_ours_are(registries, tmp_path, monkeypatch):
    measure = run_module("cohens_h", tmp_path, monkeypatch).CohensH
    assert MEASURES["Cohens-H"] is MEASURES["cohens_h"]
    assert "another name of the measure 'cohens_h'" in refused(KINDS["measure"], named(measure, "cohensh")())


def test_the_rule_of_means_is_that_of_the_last_registration(registries, tmp_path, monkeypatch):
    sech = run_module("sech", tmp_path, monkeypatch).Sech
    gb.register_link(sech(), mean_rule=IdentityRule)
    assert population_mean(LINKS["sech"], np.zeros(1), np.ones(1)).rule == "exact"
    gb.register_link(sech())
    assert not isinstance(rule_of(LINKS["sech"]), IdentityRule)


def test_functions_of_a_family_that_are_others_are_refused(registries):
    words = {"random": lambda rng, mu: mu, "variance": lambda mu: mu, "support": "real"}
    gb.register_family(gb.CustomFamily("mine", log_density=lambda y, mu, m: -m.abs(y - mu), **words))
    with pytest.raises(gb.FormulaError, match="another family is registered as 'mine'"):
        gb.register_family(gb.CustomFamily("mine", log_density=lambda y, mu, m: -((y - mu) ** 2), **words))


def test_a_class_where_one_that_is_made_is_needed_says_how_to_write_it(registries, tmp_path, monkeypatch):
    laplace = run_module("laplace", tmp_path, monkeypatch).Laplace
    assert "Write gb.register_family(Laplace())." in refused(KINDS["family"], laplace)
