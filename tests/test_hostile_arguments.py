"""Whatever stands in an argument of a public call, the answer is a result or a typed error that names it."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.corpus.case import DATA
from tests.corpus.effects import COUNTS, REST

VALUES = {
    "None": None,
    "a word": "nonsense",
    "an empty text": "",
    "bytes": b"x",
    "below 0": -1,
    "a fraction": 1.5,
    "not a number": float("nan"),
    "wide": 10**400,
    "complex": 1j,
    "an empty list": [],
    "a repeated name": ["x", "x"],
    "a mapping": {"nonsense": 1},
    "a frame": pd.DataFrame(),
    "a matrix": np.zeros((2, 2)),
    "a function": lambda *given: 1 / 0,
    "an object": object(),
}
#: Arguments that are not checked before the work begins, or are files.
ELSEWHERE = {"path", "overwrite"}


def arguments_of(function):
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in ELSEWHERE
    ]


VERBS = [
    name
    for name in gb.__all__
    if inspect.isfunction(getattr(gb, name)) and "fit" in arguments_of(getattr(gb, name))[:1]
]


def bare_errors(call, given):
    """Give each value in the place of each argument; list what is neither a result nor a typed error."""
    found = []
    for name in arguments_of(call):
        for words, value in VALUES.items():
            try:
                call(**{**given, name: value})
            except gb.GlmmError as error:
                if name.rstrip("s") not in str(error) and words not in ("a word", "an empty text"):
                    found.append(f"{name} = {words}: not named in {str(error)[:80]}")
            except Exception as error:  # noqa: BLE001 - bare errors are what is looked for
                found.append(f"{name} = {words}: {type(error).__name__} {error}")
    return found


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_the_verbs_are_those_of_the_corpus():
    from tests.corpus.effects import VERBS as KNOWN

    assert sorted(VERBS) == sorted(KNOWN)


@pytest.mark.parametrize("verb", [name for name in VERBS if name not in ("report", "gee_check")])
def test_arguments_of_a_verb(verb):
    function = getattr(gb, verb)
    first = [name for name in arguments_of(function) if name != "fit"][: len(REST.get(verb, ()))]
    given = dict(zip(first, REST.get(verb, ()), strict=True))
    assert bare_errors(function, {"fit": COUNTS, **given}) == []


def test_arguments_of_a_model():
    given = {"formula": "y ~ x + (1 | g)", "data": DATA}
    assert bare_errors(gb.Model.__init__.__get__(object.__new__(gb.Model)), given) == []


def _callables():
    """List public functions, classes and methods by name."""
    for name in gb.__all__:
        public = getattr(gb, name)
        yield name, public
        if inspect.isclass(public):
            yield from (
                (f"{name}.{key}", getattr(public, key))
                for key in dir(public)
                if not key.startswith("_") and callable(getattr(public, key))
            )


def _signature(function):
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


#: Arguments that are True or False, and by others also names: those are asked of the verbs above.
FLAGS = [
    (name, argument)
    for name, function in _callables()
    for argument, parameter in _signature(function).items()
    if isinstance(parameter.default, bool) or str(parameter.annotation) in ("bool", "bool | None")
]
SPEC = gb.ModelSpec.from_formula("k ~ x")
MANY = gb.Formulas("y ~ x", "z ~ x")
#: How each is called with a flag, by its name.
CALLS = {
    "Fit.save": lambda folder, **flag: COUNTS.save(folder / "a", **flag),
    "Formulas": lambda folder, **flag: gb.Formulas("y ~ x", "z ~ x", **flag),
    "Model.fit": lambda folder, **flag: COUNTS_MODEL.fit(draws=10**12, **flag),
    "ModelSpec.to_file": lambda folder, **flag: SPEC.to_file(folder / "a", **flag),
    "MultivariateFit.save": lambda folder, **flag: gb.MultivariateFit.save(None, folder / "a", **flag),
    "MultivariateModel.fit": lambda folder, **flag: gb.Model(MANY, DATA).fit(draws=10**12, **flag),
    "coefficients": lambda folder, **flag: gb.coefficients(COUNTS, **flag),
    "ranks": lambda folder, **flag: gb.ranks(COUNTS, "g", **flag),
    "report": lambda folder, **flag: gb.report(COUNTS, folder / "a", **flag),
}
COUNTS_MODEL = gb.Model("k ~ x", DATA, "poisson")
NO_FLAGS = ["no", "", "False", 0, 1, 1.0, [], (), float("nan"), np.array([True, False]), object()]


def test_every_flag_is_asked():
    assert {name for name, _ in FLAGS} == set(CALLS)


@pytest.mark.parametrize(("name", "argument"), FLAGS)
@pytest.mark.parametrize("there", ["", "theirs", "ours"])
def test_a_flag_is_true_or_false(name, argument, there, tmp_path):
    """Also where a file of ours, or somebody else's, has the name: neither is replaced."""
    if there == "ours" and name in ("report", "ModelSpec.to_file"):
        CALLS[name](tmp_path)
    elif there:
        (tmp_path / "a").write_text("theirs")
    before = (tmp_path / "a").read_bytes() if there else None
    for value in NO_FLAGS:
        with pytest.raises(gb.GlmmError, match=rf"{argument} must be True(,| or) False"):
            CALLS[name](tmp_path, **{argument: value})
        assert ((tmp_path / "a").read_bytes() if there else None) == before
        assert there or not [*tmp_path.iterdir()]
