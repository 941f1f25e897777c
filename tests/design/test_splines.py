"""Polynomials, splines and contrasts equal R's, on training rows and on new rows, also beyond the ends."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from formulaic.transforms.cubic_spline import cubic_spline

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings, FormulaError, GlmmWarning
from glmm_bayes.design.contrasts import contrast_column, contrast_indices
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.table import read_table

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "splines.json").read_text())
X, NEW = np.array(ORACLE["x"]), np.array(ORACLE["new"])
DATA = pd.DataFrame({"x": X, "y": np.sin(X), "z": np.cos(3 * X), "f": np.resize(list("abc"), len(X))})
BASES = [*(case["call"] for case in ORACLE["bases"]), "cr(x, df = 4)"]


def design_of(formula, data=DATA):
    spec = gb.ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings), findings)


def replay(design, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlmmWarning)
        return replay_design(design, data, with_groups=False)


@pytest.mark.parametrize("case", ORACLE["bases"], ids=lambda case: case["call"])
def test_bases_equal_rs_on_training_rows_and_on_new_rows(case):
    design = design_of(f"y ~ {case['call']}")
    np.testing.assert_allclose(design.x[:, 1:], case["training"], rtol=1e-10, atol=1e-10)
    new = replay(design, pd.DataFrame({"x": NEW}))
    np.testing.assert_allclose(new.x[:, 1:], case["new"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("df", [2, 3, 4, 7])
def test_regression_splines_equal_formulaics_up_to_a_rotation(df):
    design = design_of(f"y ~ cr(x, df = {df})")
    new = replay(design, pd.DataFrame({"x": NEW}))
    state = {}
    ours = np.vstack([design.x[:, 1:], new.x[:, 1:]])
    keywords = {"df": df, "constraints": "center", "extrapolation": "extend"}
    theirs = [
        np.column_stack(list(cubic_spline(values, **keywords, _state=state).values())) for values in (X, NEW)
    ]
    theirs = np.vstack(theirs)
    # Signs of the Householder vectors are free; the columns are theirs one by one else.
    signs = np.sign(np.sum(ours * theirs, axis=0))
    np.testing.assert_allclose(ours, theirs * signs, atol=1e-10)
    np.testing.assert_allclose(design.x[:, 1:].mean(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("case", ORACLE["contrasts"], ids=lambda case: case["contrast"])
def test_contrasts_equal_rs(case):
    for size, expected in zip(ORACLE["sizes"], case["matrices"], strict=True):
        indices = contrast_indices(case["contrast"], size)
        columns = [contrast_column(case["contrast"], size, index) for index in indices]
        np.testing.assert_allclose(np.column_stack(columns), expected, atol=1e-12)


@pytest.mark.parametrize("call", BASES)
def test_a_row_has_the_same_bits_alone_as_in_its_table(call):
    design = design_of(f"y ~ {call} + f")
    again = replay(design, DATA)
    np.testing.assert_array_equal(again.x, design.x)
    for row in (0, 7, 19):
        np.testing.assert_array_equal(replay(design, DATA.iloc[[row]]).x[0], design.x[row])
    order = np.random.default_rng(1).permutation(len(X))
    np.testing.assert_array_equal(replay(design, DATA.iloc[order]).x, design.x[order])


@pytest.mark.parametrize("call", BASES)
def test_rows_beyond_the_range_are_warned_of_once_with_their_count(call):
    design = design_of(f"y ~ {call}")
    low, high = (float(re.search(rf"{end} = (\d+)", call)[1]) if end in call else value
                 for end, value in (("lower", X.min()), ("upper", X.max())))  # fmt: skip
    rows = pd.DataFrame({"x": [high + 1, low, low - 1, high, high + 3]}, index=list("pqrst"))
    name = call.split("(")[0]
    sentence = (
        f"[extrapolation] 'x' was in [{low:g}, {high:g}]; 3 rows lie outside (rows p, r, t): "
        f"{name} extrapolates there."
    )
    with pytest.warns(GlmmWarning) as caught:
        replay_design(design, rows, with_groups=False)
    assert [str(warning.message) for warning in caught] == [sentence]


def test_rows_within_the_range_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replay_design(design_of("y ~ ns(x, df = 3)"), {"x": [0.31, 5.0, 9.4]}, with_groups=False)


def test_columns_are_named_by_their_call_and_number():
    assert design_of("y ~ poly(x, 2) + f:bs(z)").coefficients == (
        "Intercept", "poly(x, 2)[1]", "poly(x, 2)[2]",
        *(f"f[{level}]:bs(z)[{number}]" for number in (1, 2, 3) for level in "abc"),
    )  # fmt: skip


REFUSED = {
    "poly(x, 4)": ([1, 2, 3, 4, 1, 2], "poly(x, 4): 'x' has 4 distinct values; at least 5 are needed."),
    "bs(x, df = 4)": ([2, 2, 2, 2, 2, 2], "bs(x, df = 4): 'x' has 1 distinct value; at least 5 are needed."),
    "ns(x, df = 8)": ([1, 2, 3, 1, 2, 3], "ns(x, df = 8): 'x' has 3 distinct values; at least 9 are needed."),
    "cr(x, df = 5)": ([1, 2, 3, 4, 5, 1], "cr(x, df = 5): 'x' has 5 distinct values; at least 6 are needed."),
    "bs(x, knots = c(3, 9))": (
        [1, 2, 3, 4, 5, 6],
        "bs(x, knots = c(3, 9)): each knot must lie inside [1, 6]; 'x' is in [1, 6].",
    ),
    "ns(x, df = 3, lower = 8)": (
        [1, 2, 3, 4, 5, 6],
        "ns(x, df = 3, lower = 8): no value lies between lower and upper; 'x' is in [1, 6].",
    ),
}


@pytest.mark.parametrize("call", REFUSED)
def test_columns_that_the_rows_cannot_carry_are_refused(call):
    values, sentence = REFUSED[call]
    with pytest.raises(DataError) as caught:
        design_of(f"y ~ {call}", pd.DataFrame({"x": values, "y": np.arange(6.0)}))
    assert (caught.value.code, caught.value.column) == ("rank_deficient", "x")
    assert sentence in str(caught.value)


def test_trends_of_very_many_levels_are_refused():
    data = pd.DataFrame({"k": np.tile(np.arange(21), 2), "y": np.arange(42.0)})
    with pytest.raises(DataError) as caught:
        design_of('y ~ C(k, "poly")', data)
    assert caught.value.code == "formula_function"


@pytest.mark.parametrize("contrast", ["helmert", "poly"])
def test_contrasts_without_a_reference_level_take_none(contrast):
    with pytest.raises(FormulaError) as caught:
        design_of(f'y ~ C(f, "{contrast}", ref="b")')
    assert "has no reference level" in str(caught.value)
