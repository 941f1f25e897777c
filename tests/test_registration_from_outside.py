"""One rule for families, links, structures and measures of another package: what may be registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.link_registration import try_link
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.mean_rules import rule_of
from glmm_bayes.core.mean_rules.closed_forms import IdentityRule
from glmm_bayes.core.registry import Registry
from glmm_bayes.covariances import COVARIANCES, EffectCovariance, LevelCovariance
from glmm_bayes.covariances.structure_trial import try_structure
from glmm_bayes.effects.result.measure_trial import try_measure
from glmm_bayes.effects.result.measures import MEASURES
from glmm_bayes.families import FAMILIES
from glmm_bayes.families.family_trial import try_family
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


@pytest.mark.parametrize("noun", ["family", "link", "measure"])
def test_a_class_where_one_that_is_made_is_needed_says_how_to_write_it(
    noun, registries, tmp_path, monkeypatch
):
    kind = KINDS[noun]
    cls = getattr(run_module(kind.name, tmp_path, monkeypatch), kind.class_name)
    assert f"Write gb.register_{noun}({kind.class_name}())." in refused(kind, cls)


# What a class states and does.


class _Gone:
    """An attribute that is missing."""

    def __get__(self, entry, cls):
        raise AttributeError


GONE = _Gone()


def changed(kind, cls, **attributes):
    """Return an entry of a class of its own, with other attributes."""
    namespace = {"name": "mine", "__module__": "mine", **attributes}
    if kind.name == "sech" and "mirror" not in attributes:
        namespace["mirror"] = "mine"
    # What a class states is asked of the class, where that is what is registered.
    meta = type(cls)
    gone = [name for name, value in attributes.items() if value is GONE and kind.registry is COVARIANCES]
    if gone:
        meta = type("Meta", (meta,), dict.fromkeys(gone, GONE))
        namespace = {name: value for name, value in namespace.items() if name not in gone}
    return kind.entry(meta("Mine", (cls,), namespace))


def raising(self, *arguments):
    raise ValueError("boom")


FAULTS = {
    "family": [
        ({"notation": GONE}, r"notation is missing; it must be a Notation. Write notation = Notation\("),
        ({"notation": "Poisson"}, "notation must be a Notation, found 'Poisson'"),
        ({"auxiliaries": ("nosuch",)}, "auxiliaries must be a tuple of names among sigma.*found .*nosuch"),
        ({"auxiliaries": "sigma"}, "auxiliaries must be a tuple"),
        ({"auxiliaries": ("sigma", "sigma")}, "listed twice"),
        ({"defaults": {"disc": "1"}}, "defaults must be a mapping"),
        (
            {"mu": FAMILIES["poisson"].mu.__class__(("nolink", "log"))},
            "mu takes the link nolink, which is not",
        ),
        ({"mu": FAMILIES["poisson"].mu.__class__(("log",), (1, 0))}, "bounds of mu must be two numbers"),
        ({"support": None}, "support must be a Support, found None"),
        ({"thresholds": 3}, "thresholds must be a Thresholds or None"),
        ({"response_mean": FAMILIES["poisson"].response_mean.__class__(("mu", "zi"), "x")}, "depends on zi"),
    ],
    "link": [
        ({"latex": GONE}, "latex is missing; it must be a text"),
        ({"strip": GONE}, "strip is missing; it must be a number above 0. Write strip = np.pi."),
        ({"strip": 0.0}, "strip must be a number above 0, found 0"),
        ({"mirror": GONE}, "mirror is missing; it must be a text"),
        ({"mirror": property(raising)}, r"mirror is missing \(it raised ValueError: boom\)"),
        ({"mirror": "nosuch"}, "the link of the complement of 'mine' is 'nosuch', which is not registered"),
        ({"mirror": "cloglog"}, "the inverse of mirror, 'cloglog', at -eta must be 1 - inverse"),
        ({"prior_scale": GONE}, "prior_scale is missing; it must be a number above 0"),
        ({"prior_scale": np.inf}, "prior_scale must be a number above 0, found inf"),
        ({"latent_variance": -1.0}, "latent_variance must be"),
        ({"bounds": 3}, "bounds must be two numbers"),
        ({"is_increasing": "yes"}, "is_increasing must be True or False"),
        ({"inverse": raising}, "inverse raised .*"),
        ({"inverse": lambda self, eta, m=None: 0.5}, "inverse must give numbers of shape"),
        (
            {"inverse": lambda self, eta, m=None: 1.0 + 0 * eta + eta},
            "inverse must lie between the bounds 0 and 1",
        ),
        ({"link": lambda self, mu: 0.0 * mu}, "link must differ at the two bounds of the mean"),
        ({"link": lambda self, mu: mu}, r"link\(inverse\(eta\)\) must be of_inverse\(eta\)"),
        ({"inverse_second_derivative": lambda self, eta, m=None: 0 * eta}, "the slope of inverse_derivative"),
        (
            {"log_complement": lambda self, eta, m=None: np.nan * eta},
            "log_complement must give finite numbers",
        ),
    ],
    "structure": [
        ({"root": lambda self, values, m=None: np.zeros((2, 2))}, "root must give numbers of shape"),
        (
            {"root": lambda self, values, m=None: 2 * np.eye(self.size)},
            "squares of each row of root must be 1",
        ),
        ({"root": raising}, "root raised ValueError: boom"),
        ({"sampled": lambda self, prior: 2 * type(self).__mro__[1].sampled(self, prior)}, "one suffix"),
        ({"sampled": lambda self, prior: [3]}, "sampled must return a tuple of SampledVariable"),
        ({"sampled": raising}, "sampled raised ValueError: boom"),
        ({"pairs": ((0, 9),)}, "pairs must be positions"),
        ({"orders_levels": 1}, "orders_levels must be True or False, found 1"),
        ({"arguments": {"cov": None}}, "arguments must be a mapping of names, not by, cov"),
    ],
    "measure": [
        ({"label": GONE}, "label is missing; it must be a text"),
        ({"null": "0"}, "null must be a number, found '0'"),
        ({"null": 1.0}, "compare of equal averages must be null, 1, found 0"),
        ({"scale": "link"}, "scale must be response or log_odds, found 'link'"),
        ({"of_ordered": "all"}, "of_ordered must be None or at_least"),
        ({"compare": raising}, "compare raised ValueError: boom"),
        (
            {"compare": lambda self, high, low: 1.0},
            r"compare must give numbers of shape \(2, 3\), found shape \(\)",
        ),
        ({"compare": lambda self, high, low: None}, "compare must give numbers of shape"),
        ({"compare": lambda self, high, low: (high - low) / 0}, "compare must give finite numbers"),
        ({"compare": lambda self, high, low: high - low.mean()}, "element by element"),
    ],
}


@pytest.mark.parametrize(
    ("noun", "attributes", "said"), [(noun, *fault) for noun, faults in FAULTS.items() for fault in faults]
)
def test_what_is_missing_or_wrong_is_said_when_it_is_registered(
    noun, attributes, said, registries, tmp_path, monkeypatch
):
    kind = KINDS[noun]
    cls = getattr(run_module(kind.name, tmp_path, monkeypatch), kind.class_name)
    entry = changed(kind, cls, **attributes)
    with pytest.raises(gb.GlmmError, match=f"(?s){said}"):
        kind.register(entry)
    refused(kind, entry)
    assert refused(kind, entry).count("[") >= 1


RING_FAULTS = [
    ({"parameters": {"sd": "positive"}}, "whose first word is none of posteriors"),
    ({"parameters": {"w w": "unit"}}, "parameters must be a mapping"),
    ({"parameters": {"corr_x": "unit"}}, "parameters must be a mapping"),
    ({"parameters": {"w": "nosuch"}}, "parameters must be a mapping"),
    ({"meanings": {"w": 3}}, "meanings must be a mapping"),
    ({"default_priors": lambda self: {}}, "default_priors must have a Prior of each parameter.*none of w"),
    ({"default_priors": lambda self: {"w": 3}}, "default_priors must have a Prior"),
    ({"default_priors": raising}, "default_priors raised ValueError: boom"),
    (
        {"effects": lambda self, values, parameters, m=None: values[0]},
        "matrix must be the covariance of effects",
    ),
    ({"effects": lambda self, values, parameters, m=None: 1.0}, "effects must give numbers of shape"),
    ({"row_variance": lambda self, p, members, weights, m=None: np.zeros(3)}, "row_variance must be w'Aw"),
    ({"variance": lambda self, p, members, weights: np.zeros((2, 3))}, "variance must be w'Aw"),
]


@pytest.mark.parametrize(("attributes", "said"), RING_FAULTS)
def test_what_is_wrong_with_a_structure_of_levels_is_said(
    attributes, said, registries, tmp_path, monkeypatch
):
    kind = KINDS["structure"]
    entry = changed(kind, run_module("ring", tmp_path, monkeypatch).Ring, **attributes)
    with pytest.raises(gb.FormulaError, match=f"(?s){said}"):
        kind.register(entry)
    refused(kind, entry)


@pytest.mark.parametrize("base", [EffectCovariance, LevelCovariance])
def test_what_a_structure_must_write_is_named(base, registries):
    said = refused(KINDS["structure"], type("Mine", (base,), {"name": "mine"}))
    assert "'mine': " in said and "is not written" in said and f"base.{base.__name__}" in said


def test_a_structure_that_is_of_other_levels_is_registered(registries, tmp_path, monkeypatch):
    ring = run_module("ring", tmp_path, monkeypatch).Ring
    gb.register_covariance(type("Mine", (ring,), {"name": "mine", "prepare": raising}))
    assert "mine" in COVARIANCES


@pytest.mark.parametrize("noun", KINDS)
def test_what_is_listed_is_as_what_is_registered_must_be(noun):
    registry = KINDS[noun].registry
    trials = {"family": try_family, "structure": try_structure, "measure": try_measure}
    for name in registry:
        if noun == "link":
            try_link(registry[name])
        elif name != "known":  # gr(g, cov = K) is how formulas call it
            trials[noun](registry.trial(registry[name]))


def test_a_measure_that_fails_when_it_is_used_says_so(registries, tmp_path, monkeypatch):
    measure = run_module("cohens_h", tmp_path, monkeypatch).CohensH

    def compare(self, high, low):
        if high.size > 6:
            raise ValueError("boom")
        return measure.compare(self, high, low)

    gb.register_measure(type("Mine", (measure,), {"name": "mine", "compare": compare})())
    data = {"y": np.tile([0, 1, 1], 8), "x": np.linspace(-1, 1, 24)}
    model = gb.Model("y ~ x", data, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": np.full((1, 20, 2), 0.2)})
    with pytest.raises(gb.PredictionError, match=r"the measure mine must .* raised ValueError: boom"):
        gb.comparisons(fit, "x", measure="mine")
