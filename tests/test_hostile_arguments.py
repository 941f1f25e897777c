"""Whatever stands in an argument of a public call, the answer is a result or a typed error that names it."""

import inspect
import warnings
from collections import deque
from functools import cache, reduce
from itertools import count

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmm_bayes as gb
from glmm_bayes.core.links import Probit
from glmm_bayes.covariances.diagonal import Diagonal
from glmm_bayes.effects.result.measures import Difference
from tests.corpus.case import DATA
from tests.corpus.effects import COUNTS, REST

pytestmark = pytest.mark.usefixtures("registries")


class Silent:
    """Something that cannot be written."""

    def __repr__(self):
        raise RuntimeError("no words")

    __str__ = __repr__


def raising():
    yield "x"
    raise RuntimeError("no more")


VALUES = {
    "None": None,
    "a word": "nonsense",
    "an empty text": "",
    "bytes": b"x",
    "below 0": -1,
    "a fraction": 1.5,
    "not a number": float("nan"),
    "wide": 10**400,
    "large": 1e308,
    "unsigned": 2**64,
    "minus zero": -0.0,
    "complex": 1j,
    "an empty list": [],
    "a repeated name": ["x", "x"],
    "a mapping": {"nonsense": 1},
    "a name": {"x": 1},
    "a set": {1},
    "a frame": pd.DataFrame(),
    "a matrix": np.zeros((2, 2)),
    "a function": lambda *given: 1 / 0,
    "an object": object(),
    "no value of pandas": pd.NA,
    "no time": pd.NaT,
    "a time": pd.Timestamp("2020-01-01"),
    "a list of NaN": [float("nan")],
    "a nested None": [[None]],
    "a series": pd.Series(["x", "z"]),
    "an index": pd.Index([1.0, 2.0]),
    "an array of one value": np.array("x"),
    "an array of one number": np.array(1),
    "an array of None": np.array(None),
    "an array of booleans": np.array([True, False]),
    "dots": ...,
    "a slice": slice(3),
    "a type": object,
    "a list in lists": reduce(lambda inner, _: [inner], range(3_000), 0),
    "a ragged list": [[1], [1, 2]],
    "a long text": "x" * 100_000,
    "many names": [f"name{number}" for number in range(2_000)],
    "many names as keys": {f"name{number}": number for number in range(2_000)},
    "a silent object": Silent(),
    "silent objects": [Silent(), Silent()],
    "a list that ends early": raising,
}
#: Arguments that are not checked before the work begins, or are files.
ELSEWHERE = {"path", "overwrite"}
#: Arguments whose messages write a value as it writes itself.
WRITTEN_AS_IT_IS = {"path", "progress"}
#: What is told of a word of the right type.
WORDS = {"a word", "an empty text", "a long text", "a name"}
#: What an error calls an argument, where it has a better word.
CALLED = {"name": ("name", "distribution", "dataset"), "words": ("estimand",), "text": ("formula",)}
CALLED |= dict.fromkeys(["first", "second"], ("formula",))
#: No error is longer: a value is shown by its beginning.
LONGEST = 2_000


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
FAMILY = {
    "name": "rayleigh",
    "log_density": lambda y, mu, m: m.log(y) + np.log(np.pi / 2) - 2 * m.log(mu) - np.pi / 4 * (y / mu) ** 2,
    "random": lambda rng, mu: rng.rayleigh(mu * np.sqrt(2 / np.pi)),
    "variance": lambda mu: (4 / np.pi - 1) * mu**2,
    "support": "positive",
}
MODEL = gb.Model("y ~ x + (1 | g)", DATA)
TOGETHER = gb.Model(gb.Formulas("y ~ x + (1 | g)", "p ~ x + (1 | g)"), DATA)


def with_estimand(**fields):
    return gb.predictions(COUNTS, estimand=gb.Estimand(**fields))


def compared(**fields):
    return gb.comparisons(COUNTS, "x", estimand=gb.Estimand(**fields), by=True)


def given_prior(name, of, sigma):
    return gb.Prior(name, of=of, sigma=sigma)


def priors(beta):
    return gb.Model("y ~ x", DATA, priors={"beta": beta})


def predicted(x):
    return gb.grid(COUNTS, x=x)


def bootstrapped(unit, seed):
    return gb.predictions(COUNTS, by=True, weights=gb.BayesianBootstrap(unit, seed=seed))


class OwnLink(Probit):
    name = mirror = "own_probit"


class OwnStructure(Diagonal):
    name = "own_structure"


class OwnMeasure(Difference):
    name = "own_measure"


#: Every other public call: what is called, and the arguments that are right.
CALLS = {
    "a model": (
        lambda **given: gb.Model(**given),
        {"formula": "y ~ x + (1 | g)", "data": DATA, **dict.fromkeys(["family", "link", "priors", "known"])}
        | {"missing": "error", "rank": "error", "interpretation": None},
    ),
    "models": (
        lambda **given: gb.Model(**given),
        {"formula": gb.Formulas("y ~ x", "p ~ x"), "data": DATA, "priors": None, "known": None}
        | {"missing": "error", "rank": "error", "family": None, "link": None, "interpretation": None},
    ),
    "fit": (MODEL.fit, {"draws": 100, "tune": 100}),
    "fit together": (TOGETHER.fit, {"draws": 100, "tune": 100}),
    "prior_predictive": (MODEL.prior_predictive, {}),
    "prior_predictive together": (TOGETHER.prior_predictive, {}),
    "an estimand": (with_estimand, dict.fromkeys(["newdata", "weights", "parameter", "per"])
        | {"words": "population", "scale": "response"}),
    "an estimand of a comparison": (compared, dict.fromkeys(["newdata", "weights", "parameter", "per"])
        | {"words": "population"}),
    "a prior": (given_prior, {"name": "Normal", "of": None, "sigma": 1.0}),
    "the priors": (priors, {"beta": gb.Prior("Normal", sigma=1)}),
    "a bootstrap": (bootstrapped, {"unit": None, "seed": 0}),
    "a family": (
        lambda **given: gb.CustomFamily(**given), FAMILY | {"mean": None, "links": (), "parameters": {}}
    ),
    "is_same": (gb.CustomFamily(**FAMILY).is_same, {"other": gb.CustomFamily(**FAMILY)}),
    "a formula": (
        lambda text, sigma: gb.Model(gb.Formula(text, sigma=sigma), DATA), {"text": "y ~ x", "sigma": "~ x"}
    ),
    "formulas": (
        lambda first, second, **given: gb.Formulas(first, second, **given),
        {"first": "y ~ x", "second": "p ~ x", "family": "gaussian", "link": None, "rescor": False},
    ),
    "a spec": (gb.ModelSpec.from_formula, {"formula": "y ~ x"}),
    "a grid": (predicted, {"x": [0.0, 1.0]}),
    "a summary": (gb.predictions(COUNTS).summary, {}),
    "a summary of estimands": (gb.estimands(COUNTS).summary, {}),
    "check_family": (gb.check_family, {"family": "poisson", "draws": 50}),
    "load_dataset": (gb.load_dataset, {"name": "epil"}),
    "register_family": (gb.register_family, {"family": gb.CustomFamily(**FAMILY)}),
    "register_link": (gb.register_link, {"link": OwnLink(), "mean_rule": None}),
    "register_covariance": (gb.register_covariance, {"structure": OwnStructure}),
    "register_measure": (gb.register_measure, {"measure": OwnMeasure()}),
    "register_transform": (gb.register_transform, {"name": "lagged", "function": np.abs}),
    "from_draws": (gb.Fit.from_draws, {"model": MODEL, "draws": {}}),
    "from_draws together": (gb.Fit.from_draws, {"model": TOGETHER, "draws": {}}),
    "load": (gb.load, {"path": "nosuch"}),
    "a file of a spec": (gb.ModelSpec.from_file, {"path": "nosuch"}),
    "spec_schema": (gb.spec_schema, {}),
}  # fmt: skip


def bare_errors(call, given):
    """Give each value in the place of each argument; list what is neither a result nor a typed error."""
    found = []
    for name in dict.fromkeys([*given, *arguments_of(call)]):
        for words, value in VALUES.items():
            if name in WRITTEN_AS_IT_IS and "silent" in words:
                continue
            try:
                call(**{**given, name: value() if value is raising else value})
            except gb.GlmmError as error:
                named = CALLED.get(name, (name.rstrip("s"),))
                if not any(word in str(error) for word in named) and words not in WORDS:
                    found.append(f"{name} = {words}: not named in {str(error)[:80]}")
                if len(str(error)) > LONGEST:
                    found.append(f"{name} = {words}: {len(str(error))} characters")
            except Exception as error:  # noqa: BLE001 - bare errors are what is looked for
                found.append(f"{name} = {words}: {type(error).__name__} {str(error)[:100]}")
    return found


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def nothing_is_compiled(monkeypatch):
    def stop(*given):
        raise gb.SamplingError(
            "draws, tune, chains, seed, cores, engine, target_accept and progress are right"
        )

    monkeypatch.setattr(gb.Model, "pymc_model", property(stop))
    monkeypatch.setattr(gb.Model, "_sampled", stop)


def test_the_verbs_are_those_of_the_corpus():
    from tests.corpus.effects import VERBS as KNOWN

    assert sorted(VERBS) == sorted(KNOWN)


@pytest.mark.parametrize("verb", [name for name in VERBS if name not in ("report", "gee_check")])
def test_arguments_of_a_verb(verb):
    function = getattr(gb, verb)
    first = [name for name in arguments_of(function) if name != "fit"][: len(REST.get(verb, ()))]
    given = dict(zip(first, REST.get(verb, ()), strict=True))
    assert bare_errors(function, {"fit": COUNTS, **given}) == []


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
FLAG_CALLS = {
    "Fit.save": lambda folder, **flag: COUNTS.save(folder / "a", **flag),
    "Formulas": lambda folder, **flag: gb.Formulas("y ~ x", "z ~ x", **flag),
    "Model.fit": lambda folder, **flag: COUNTS_MODEL.fit(draws=10**12, **flag),
    "ModelSpec.to_file": lambda folder, **flag: SPEC.to_file(folder / "a", **flag),
    "coefficients": lambda folder, **flag: gb.coefficients(COUNTS, **flag),
    "ranks": lambda folder, **flag: gb.ranks(COUNTS, "g", **flag),
    "report": lambda folder, **flag: gb.report(COUNTS, folder / "a", **flag),
}
COUNTS_MODEL = gb.Model("k ~ x", DATA, "poisson")
NO_FLAGS = ["no", "", "False", 0, 1, 1.0, [], (), float("nan"), np.array([True, False]), object()]


def test_every_flag_is_asked():
    assert {name for name, _ in FLAGS} == set(FLAG_CALLS)


@pytest.mark.parametrize(("name", "argument"), FLAGS)
@pytest.mark.parametrize("there", ["", "theirs", "ours"])
def test_a_flag_is_true_or_false(name, argument, there, tmp_path):
    """Also where a file of ours, or somebody else's, has the name: neither is replaced."""
    if there == "ours" and name in ("report", "ModelSpec.to_file"):
        FLAG_CALLS[name](tmp_path)
    elif there:
        (tmp_path / "a").write_text("theirs")
    before = (tmp_path / "a").read_bytes() if there else None
    for value in NO_FLAGS:
        with pytest.raises(gb.GlmmError, match=rf"{argument} must be True(,| or) False"):
            FLAG_CALLS[name](tmp_path, **{argument: value})
        assert ((tmp_path / "a").read_bytes() if there else None) == before
        assert there or not [*tmp_path.iterdir()]


@pytest.mark.parametrize("called", CALLS)
def test_arguments_of_every_other_call(called, nothing_is_compiled):
    call, given = CALLS[called]
    assert bare_errors(call, given) == []


def test_every_public_function_is_called():
    functions = {name for name in gb.__all__ if inspect.isfunction(getattr(gb, name))}
    assert functions - set(VERBS) == {name for name in CALLS if name in gb.__all__}


#: Ways to list two names or values.
LISTS = {
    "a list": list,
    "a tuple": tuple,
    "an array": np.array,
    "an array of objects": lambda values: np.array(values, dtype=object),
    "a series": pd.Series,
    "a categorical": lambda values: pd.Series(values, dtype="category"),
    "an index": pd.Index,
    "a series of polars": pl.Series,
    "keys": lambda values: dict.fromkeys(values).keys(),
    "values": lambda values: dict(enumerate(values)).values(),
    "a generator": lambda values: (value for value in values),
    "a map": lambda values: map(values.__getitem__, range(len(values))),
    "a deque": deque,
}


#: Calls that take a list, which ``way`` writes.
TAKING_LISTS = [
    lambda way: gb.comparisons(COUNTS, way(["x", "z"]), by=way(["f", "g"])).summary(),
    lambda way: gb.comparisons(COUNTS, way(["x", "z"]), values=way([0, 1])).summary(),
    lambda way: gb.comparisons(COUNTS, {"f": way(["u", "v"])}).summary(),
    lambda way: gb.predictions(COUNTS, by=way(["f", "z"])).summary(),
    lambda way: gb.slopes(COUNTS, "x", by=way(["f", "z"])).summary(),
    lambda way: gb.estimands(COUNTS, "x", values=way([0.0, 2.0]), by=way(["f", "z"])).summary(),
    lambda way: gb.interval_ratio(COUNTS, "z", values=way([0, 1])).summary(),
    lambda way: gb.fan(COUNTS, None, probabilities=way([0.1, 0.9])).summary(),
    lambda way: gb.grid(COUNTS, x=way([0.0, 1.5]), f=way(["u", "v"])),
    lambda way: gb.check_family(gb.CustomFamily(**FAMILY), way([0.5, 2.0]), draws=100),
]


@cache
def from_plain_lists():
    """Return what the calls answer to lists."""
    return [pd.DataFrame(call(list)) for call in TAKING_LISTS]


@pytest.mark.parametrize("given", LISTS)
def test_names_and_values_may_be_listed_in_any_way(given):
    listed = LISTS[given]
    for call, expected in zip(TAKING_LISTS, from_plain_lists(), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(call(listed)), expected)
    families = gb.Formulas("y ~ x", "k ~ x", family=listed(["gaussian", "poisson"])).families
    assert families == ("gaussian", "poisson")
    assert gb.CustomFamily(**FAMILY, links=listed(["log", "identity"])).links == ("log", "identity")


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("verb", ["predictions", "comparisons", "slopes"])
def test_a_boolean_of_numpy_is_one(verb, flag):
    function, rest = getattr(gb, verb), REST.get(verb, ())
    found, known = (function(COUNTS, *rest, by=by) for by in (np.bool_(flag), flag))
    np.testing.assert_array_equal(found.draws, known.draws)


def test_a_list_without_an_end_is_refused():
    with pytest.raises(gb.PredictionError, match="values must hold"):
        gb.comparisons(COUNTS, "x", values=count())
