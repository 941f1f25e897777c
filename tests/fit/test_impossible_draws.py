"""No fit holds draws that its model cannot have, whether they were made elsewhere or come from a file."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from glmm_bayes.storage.save_load import load, save_fit
from tests.example_models import FURTHER
from tests.example_models import large_model_of as model_of
from tests.fit.place_of_a_draw import AT, SHAPE, WHERE
from tests.storage.test_saved_structures import DATA, FORMULAS, KNOWN

#: By the first word of a variable's name, or its whole name: where it lies, said here once more.
REAL = ("beta", "b", "mo", "alpha")
POSITIVE = ("sd", "range", "sigma", "shape", "phi", "kappa", "nu", "disc")
UNIT = ("share", "zi", "hu", "zoi", "coi")
CORRELATIONS = ("corr", "joint", "rescor")


def kind_of(name, model):
    """Say where a variable lies; of a further predictor, whose name stands in front, its kind counts."""
    words = name.split("_")
    word = words[0]
    for prefix, predictor in model.priors.predictors.items():
        if predictor.prefix and name.startswith(predictor.prefix):
            word = name.removeprefix(predictor.prefix).split("_")[0]
            assert prefix
    if word == "thresholds":
        return "ascending" if model.priors.thresholds.is_ordered else "real"
    groups = (
        (REAL, "real"),
        (POSITIVE, "positive"),
        (UNIT, "unit"),
        (CORRELATIONS, "correlation"),
        (("df",), "above two"),
        (("simplex",), "simplex"),
    )
    return next(kind for own, kind in groups if word in own)


def possible(kind, shape, rng):
    x = rng.normal(0.0, 0.3, shape)
    if kind == "correlation":
        size = shape[-1]
        x = np.broadcast_to(0.3 + 0.7 * np.eye(size), shape).copy()
    return {
        "positive": np.exp(x),
        "unit": 1.0 / (1.0 + np.exp(-x)),
        "above two": 2.0 + np.exp(x),
        "ascending": np.sort(x),
        "simplex": np.full(shape, 1.0 / shape[-1]) if shape[2:] else x,
    }.get(kind, x)


def draws_of(model):
    rng = np.random.default_rng(1)
    shapes = model.definition.posterior.shapes
    return {name: possible(kind_of(name, model), (*SHAPE, *shape), rng) for name, shape in shapes.items()}


def impossible(kind, x):
    """Values of one draw that lie where the kind cannot, each with a word of the message."""
    if kind == "correlation":
        size = len(x)
        other = np.eye(size)
        other[0, 1] = 0.4
        far = np.full((size, size), 5.0) + -4.0 * np.eye(size)
        both = np.full((size, size), -1.5 / (size - 1)) + (1.0 + 1.5 / (size - 1)) * np.eye(size)
        yield from ((2.0 * np.eye(size), "diagonal"), (far, "between -1 and 1"), (other, "symmetric"))
        if size > 2:
            yield both, "positive semi-definite"
    elif kind in ("positive", "above two", "unit"):
        yield x - x - 0.001, {"positive": "negative", "above two": "at least 2"}.get(kind, "between 0 and 1")
        if kind == "above two":
            yield x - x + 1.999, "at least 2"
        if kind == "unit":
            yield x - x + 1.001, "between 0 and 1"
    elif kind == "ascending":
        yield x[::-1], "ascend"
    elif kind == "simplex" and len(x) > 1:
        yield x * 1.001, "add up to 1"
        yield np.concatenate([x[:1] + 1.0, x[1:-1], x[-1:] - 1.0]), "add up to 1"


def ends(kind, x):
    """Values of one draw at the ends of the kind, where a sampler can come."""
    if kind == "correlation":
        yield np.ones_like(x)
        yield np.eye(len(x))
    elif kind == "unit":
        yield from (x - x, x - x + 1.0)
    elif kind in ("positive", "above two"):
        yield x - x + (2.0 if kind == "above two" else 0.0)
    elif kind == "ascending":
        yield x - x
    elif kind == "simplex":
        yield np.eye(len(x))[0]


def changed(draws, name, value):
    values = draws[name].copy()
    values[AT] = value
    return draws | {name: values}


def check_every_variable(model):
    draws, count = draws_of(model), 0
    gb.Fit.from_draws(model, draws)
    gb.Fit.from_draws(model, {name: values.astype(np.float32) for name, values in draws.items()})
    for name, values in draws.items():
        kind = kind_of(name, model)
        for value, words in impossible(kind, values[AT]):
            with pytest.raises(gb.DataError, match="draws_values") as caught:
                gb.Fit.from_draws(model, changed(draws, name, value))
            text = str(caught.value)
            assert f"'{name}'" in text and words in text and WHERE in text, text
            count += 1
        for value in ends(kind, values[AT]):
            fit = gb.Fit.from_draws(model, changed(draws, name, value))
            np.testing.assert_array_equal(fit.draws["posterior"][name].to_numpy()[AT], value)
    return count


@pytest.mark.parametrize("family", list(FAMILIES))
@pytest.mark.filterwarnings("ignore")
def test_every_variable_of_every_family_lies_where_it_can(family):
    assert check_every_variable(model_of(family)) > 0
    for parameter in FURTHER[family]:
        check_every_variable(model_of(family, right="x", **{parameter: "~ x + (1 + x | g)"}))


@cache
def structured(formula):
    known = {name: table for name, table in KNOWN.items() if f"= {name}" in formula}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gb.Model(formula, DATA, family="bernoulli", known=known or None)


MONOTONIC = "y ~ mo(time) + (1 |i| g)"


@pytest.mark.parametrize("formula", [*FORMULAS, MONOTONIC])
@pytest.mark.filterwarnings("ignore")
def test_every_variable_of_every_structure_lies_where_it_can(formula):
    assert check_every_variable(structured(formula)) > 0


LABELLED = gb.Formula("y ~ w + (1 + w |i| g)", sigma="~ 1 + (1 |i| g)")


@pytest.mark.filterwarnings("ignore")
def test_correlations_under_a_label_are_correlations():
    model = gb.Model(LABELLED, DATA.assign(y=np.linspace(0.0, 1.0, len(DATA))))
    draws = draws_of(model)
    tree = gb.Fit.from_draws(model, without(draws, "joint_corr_i")).draws
    labels = model.definition.posterior.labels["joint_i"]
    import xarray as xr

    def labelled(values):
        dims = ("chain", "draw", "joint_i", "joint_i_other")
        return xr.DataArray(values, dims=dims, coords={"joint_i": labels, "joint_i_other": labels})

    assert "joint_corr_i" not in tree["posterior"]
    for value, words in impossible("correlation", np.eye(3)):
        wrong = changed(draws, "joint_corr_i", value)
        with pytest.raises(gb.DataError, match=words) as caught:
            gb.Fit.from_draws(model, wrong | {"joint_corr_i": labelled(wrong["joint_corr_i"])})
        assert "'joint_corr_i'" in str(caught.value) and WHERE in str(caught.value)


def without(draws, name):
    return {key: values for key, values in draws.items() if key != name}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rescor", 2.0 * np.eye(2), "diagonal"),
        ("rescor", np.ones((2, 2)), "positive definite"),
        ("joint_corr_i", [[1.0, 0.9], [-0.9, 1.0]], "symmetric"),
        ("a_sigma", -1.0, "negative"),
        ("nu", -1.0, "negative"),
        ("b_sd_g", -1.0, "negative"),
    ],
)
def test_draws_of_several_responses_are_checked_too(name, value, words):
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {"g": np.repeat(list("uvwxy"), 6), "a": rng.normal(size=30), "b": rng.normal(size=30)}
    )
    formulas = gb.Formulas("a ~ 1 + (1 |i| g)", "b ~ 1 + (1 |i| g)", family="student", rescor=True)
    model = gb.Model(formulas, data)
    draws = {f"{one}_beta": np.zeros((*SHAPE, 1)) for one in "ab"} | {"nu": np.full(SHAPE, 5.0)}
    draws |= {f"{one}_sd_g": np.ones((*SHAPE, 1)) for one in "ab"}
    draws |= {f"{one}_b_g": np.zeros((*SHAPE, 5, 1)) for one in "ab"}
    draws |= {f"{one}_sigma": np.ones(SHAPE) for one in "ab"}
    draws |= {one: np.tile(np.eye(2), (*SHAPE, 1, 1)) for one in ("rescor", "joint_corr_i")}
    gb.Fit.from_draws(model, draws)
    with pytest.raises(gb.DataError, match=words) as caught:
        gb.Fit.from_draws(model, changed(draws, name, value))
    assert f"'{name}'" in str(caught.value) and WHERE in str(caught.value)


def test_a_probability_that_rounding_put_past_its_end_is_taken_as_the_end():
    model = model_of("zero_inflated_poisson", right="x")
    draws = draws_of(model)
    fit = gb.Fit.from_draws(model, changed(draws, "zi", 1.0 + 5e-7))
    assert fit.draws["posterior"]["zi"].to_numpy()[AT] == 1.0
    with pytest.raises(gb.DataError, match="between 0 and 1"):
        gb.Fit.from_draws(model, changed(draws, "zi", 1.0 + 2e-6))


def test_correlations_in_single_precision_are_correlations():
    rng = np.random.default_rng(5)
    data = pd.DataFrame(rng.normal(size=(60, 7)), columns=list("abcdefy")).assign(g=np.resize(range(9), 60))
    model = gb.Model("y ~ 1 + (1 + a + b + c + d + e + f | g)", data)
    factors = rng.normal(size=(2, 200, 7, 2))
    covariance = factors @ np.swapaxes(factors, -1, -2)
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    # Of rank two: five eigenvalues are zero before they are rounded.
    corr = (covariance / (sd[..., None] * sd[..., None, :])).astype(np.float32)
    draws = {"beta": np.ones((2, 200, 1)), "sd_g": np.ones((2, 200, 7)), "corr_g": corr}
    gb.Fit.from_draws(model, draws)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "family", ["gaussian", "student", "negative_binomial", "zero_inflated_beta", "cumulative"]
)
def test_draws_that_were_left_out_are_named_by_the_verb_that_needs_them(family, tmp_path):
    model = model_of(family)
    beta = {name: values for name, values in draws_of(model).items() if name == "beta"}
    fit = gb.Fit.from_draws(model, beta)
    verbs = (
        gb.predictions,
        gb.coefficients,
        gb.variance_components,
        gb.random_effects,
        gb.posterior_predictive,
    )
    for verb in (*verbs, lambda fit: gb.report(fit, tmp_path / "a.html")):
        try:
            verb(fit)
        except gb.DataError as error:
            assert error.code == "draws_missing" and "gb.Fit.from_draws" in str(error)


# The same through a file


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", ["gaussian", "zero_inflated_negative_binomial", "cumulative", "beta"])
def test_a_file_with_impossible_draws_is_refused(family, tmp_path):
    model = model_of(family)
    draws = draws_of(model)
    fit = gb.Fit.from_draws(model, draws)
    for name, values in draws.items():
        for value, words in impossible(kind_of(name, model), values[AT]):
            tree = fit.draws.copy()
            wrong = changed(draws, name, value)[name]
            posterior = tree["posterior"].to_dataset()
            tree["posterior"] = posterior.assign({name: (posterior[name].dims, wrong)})
            path = tmp_path / "wrong.glmm"
            save_fit(fit_with(fit, tree), path, overwrite=True)
            with pytest.raises(gb.StorageError) as caught:
                load(path)
            assert caught.value.code == "load_unsafe", caught.value
            assert f"'{name}'" in str(caught.value) and words in str(caught.value)


def fit_with(fit, tree, **settings):
    return gb.Fit(fit.definition, tree, {**fit.settings, **settings})
