"""Monotonic effects as columns: a step from each level to the next, and what is refused with a remedy."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec

RNG = np.random.default_rng(4)
DATA = pd.DataFrame(
    {
        "n": np.resize([1, 2, 4, 5], 24),
        "half": np.resize([1.0, 1.5], 24),
        "text": np.resize(["low", "mid", "high"], 24),
        "f": RNG.permutation(np.resize(["a", "b"], 24)),
        "z": RNG.normal(size=24),
        "flag": np.resize([True, False], 24),
        "wide": np.arange(24) * 100,
        "day": pd.date_range("2020-01-01", periods=24),
        "y": RNG.normal(size=24),
    }
)
DATA["o"] = pd.Categorical(DATA["text"], ["low", "mid", "high", "top"], ordered=True)


def design_of(formula, rank="error"):
    spec = ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(DATA, spec.names(), findings), findings, rank=rank)


@pytest.mark.parametrize(
    ("formula", "labels"),
    [
        ("y ~ mo(n)", ["mo(n)[>1]", "mo(n)[>2]", "mo(n)[>3]", "mo(n)[>4]"]),
        ("y ~ mo(o)", ["mo(o)[>low]", "mo(o)[>mid]"]),
        ("y ~ mo(o):z", ["mo(o)[>low]:z", "mo(o)[>mid]:z"]),
        ("y ~ mo(o):f", ["mo(o)[>low]:f[a]", "mo(o)[>mid]:f[a]", "mo(o)[>low]:f[b]", "mo(o)[>mid]:f[b]"]),
        (
            "y ~ mo(o)*f",
            ["mo(o)[>low]", "mo(o)[>mid]", "f[b]", "mo(o)[>low]:f[b]", "mo(o)[>mid]:f[b]"],
        ),
        (
            'y ~ mo(ordered(text, "low", "mid", "high"))',
            [f'mo(ordered(text, "low", "mid", "high"))[>{level}]' for level in ("low", "mid")],
        ),
    ],
)
def test_each_level_but_the_highest_has_a_step(formula, labels):
    assert design_of(formula).coefficients == ("Intercept", *labels)


def test_a_step_is_one_above_its_level():
    design = design_of("y ~ mo(n)")
    steps = {1: [0, 0, 0, 0], 2: [1, 0, 0, 0], 4: [1, 1, 1, 0], 5: [1, 1, 1, 1]}
    np.testing.assert_array_equal(design.x[:, 1:], [steps[value] for value in DATA["n"]])
    labels = design_of('y ~ mo(ordered(text, "low", "mid", "high"))')
    steps = {"low": [0, 0], "mid": [1, 0], "high": [1, 1]}
    np.testing.assert_array_equal(labels.x[:, 1:], [steps[value] for value in DATA["text"]])


def test_products_are_products():
    design = design_of("y ~ mo(o)*z")
    steps, z = design.x[:, 1:3], DATA["z"].to_numpy()
    np.testing.assert_array_equal(design.x[:, 4:], steps * z[:, None])


def test_new_rows_may_lie_between_the_levels_that_occurred():
    design = design_of("y ~ mo(n)")
    new = replay_design(design, pd.DataFrame({"n": [3.0, 5.0, 1.0]}), False)
    np.testing.assert_array_equal(new.x[:, 1:], [[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])


def test_new_labels_are_matched_by_name_whatever_their_order():
    design = design_of("y ~ mo(o)")
    new = replay_design(design, pd.DataFrame({"o": ["high", "low", "mid"]}), False)
    np.testing.assert_array_equal(new.x[:, 1:], [[1, 1], [0, 0], [1, 0]])


@pytest.mark.parametrize(
    ("formula", "rows", "message"),
    [
        ("y ~ mo(n)", {"n": [2, 6]}, r"\[new_level\] 'mo\(n\)' has 6 \(row 1\); known: 1, 2, 3, 4, 5"),
        ("y ~ mo(o)", {"o": ["top"]}, r"\[new_level\] 'mo\(o\)' has top .*declared but never observed"),
        ("y ~ mo(n)", {"n": [2.5]}, r"\[column_type\] mo\(n\) needs ordered levels or whole numbers"),
    ],
)
def test_new_levels_are_refused(formula, rows, message):
    with pytest.raises(gb.PredictionError, match=message):
        replay_design(design_of(formula), pd.DataFrame(rows), False)


@pytest.mark.parametrize(
    ("formula", "code", "parts"),
    [
        (
            "y ~ mo(text)",
            "column_type",
            ["in no declared order", 'mo(ordered(text, "high", "low", "mid"))', "lowest first"],
        ),
        ("y ~ mo(half)", "column_type", ["column 'half' has 12 others", "rows 1, 3, 5, 7, 9 (+7 more): 1.5"]),
        ("y ~ mo(flag)", "column_type", ["holds booleans", "Write flag as it is."]),
        ("y ~ mo(day)", "column_type", ["is a date", "days_since(day"]),
        ("y ~ mo(wide)", "formula_too_large", ["goes from 0 to 2300", "limit 200"]),
        ("y ~ mo(n) + n", "rank_deficient", ["n = 1 + mo(n)[>1]"]),
    ],
)
def test_what_has_no_order_is_refused_with_what_to_write(formula, code, parts):
    with pytest.raises(DataError) as caught:
        design_of(formula)
    assert caught.value.code == code
    assert [part for part in parts if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("formula", "code", "hint"),
    [
        ("y ~ (mo(n) | f)", "not_available", "Write mo(n) outside of the brackets, and (n | g)"),
        ("y ~ mo(n):mo(o)", "not_available", "Write mo(n) + mo(o)"),
        ("y ~ mo(n + 1)", "formula_function", "Example: mo(x)."),
        ("y ~ log(mo(n))", "formula_function", "Use it as a term"),
        ("mo(n) ~ z", "formula_function", "Use it as a term"),
        ("y ~ mo(ordered(n))", "formula_function", 'ordered(x, "low", "mid", "high")'),
    ],
)
def test_a_place_where_it_cannot_stand_is_told(formula, code, hint):
    with pytest.raises(gb.FormulaError) as caught:
        ModelSpec.from_formula(formula)
    assert caught.value.code == code
    assert hint in str(caught.value)


def test_a_step_is_never_removed_alone():
    with pytest.raises(DataError, match=r"is a step and cannot be removed alone\. Remove mo\(n\)"):
        design_of("y ~ n + mo(n)", rank="drop")


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_formula_and_file_keep_the_term(tmp_path, suffix):
    spec = ModelSpec.from_formula('y ~ z*mo(ordered(text, "low", "mid", "high")) + mo(n)')
    assert ModelSpec.from_formula(spec.to_formula()) == spec
    spec.to_file(tmp_path / f"model.{suffix}")
    assert ModelSpec.from_file(tmp_path / f"model.{suffix}") == spec
