"""Columns of the fixed part equal formulaic's and R's, value by value and in the same order.

Where ours differ from formulaic's, the difference is R's rule, and has a test of its own:

* booleans are factors with the levels False, True, as in R; formulaic takes them as numbers, so the
  oracle's frame holds them as categories;
* ``a:b`` beside an intercept keeps one column for each cell, as in R, where formulaic drops cells until
  the rank is full: with us that is an error that names the columns (R's lm sets coefficients to NA);
* ``C(x, ref = "b")`` puts ``b`` first among the levels, as R's ``relevel`` does; formulaic's
  ``contr.treatment("b")`` leaves the order of the levels as it was.

Two differences are from R, where formulaic does as we do: ``a:x + b:x`` without ``x`` is coded with full
rank (R leaves the last column dependent), and ``b:a`` after ``a`` keeps the user's order of the two (R
writes ``a:b``).
"""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix

from glmm_bayes import DataError, load_dataset
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.design import build_design
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec

ORACLES = Path(__file__).parents[1] / "oracles"
RNG = np.random.default_rng(11)
# Every cell of the two factors and the boolean, five times.
CELLS = list(itertools.product(["low", "mid", "top"], ["e", "n", "s", "w"], [False, True])) * 5
DATA = pd.DataFrame(CELLS, columns=["a", "b", "yes"]).sample(frac=1.0, random_state=1, ignore_index=True)
DATA = DATA.assign(
    y=RNG.normal(size=len(DATA)),
    x=RNG.normal(3.0, 1.5, len(DATA)),
    z=RNG.uniform(0.5, 4.0, len(DATA)),
    n=RNG.integers(1, 9, len(DATA)),
)

FORMULAS = [
    # numbers
    "1", "x", "0 + x", "x + z", "0 + x + z", "x + n", "x:z", "x*z", "0 + x*z", "0 + x:z", "x/z", "x*z*n",
    "x + x:z", "(x + z)^2", "(x + z + n)^2", "x*z*n - x:z:n",
    # factors
    "a", "0 + a", "b", "0 + b", "a + b", "0 + a + b", "b + a", "a*b", "0 + a*b", "a + a:b", "b + a:b",
    "0 + a:b", "a/b", "0 + a/b", "(a + b)^2", "a*b - a", "a*b - b", "b + b:a",
    # booleans
    "yes", "0 + yes", "yes + a", "0 + yes + a", "a + yes", "a*yes", "0 + a*yes", "a/yes", "yes/a",
    "0 + a:yes", "yes*x", "0 + yes:x", "a*b*yes", "0 + a:b:yes", "(a + b + yes)^2",
    # numbers by factors
    "x + a", "x*a", "a*x", "0 + a*x", "x + x:a", "a + x:a", "0 + a + x:a", "x:a", "0 + x:a", "0 + x + x:a",
    "a/x", "0 + a/x", "x/a", "a*x - x", "a*x - a", "(a + x)^2", "0 + (a + x)^2", "(a + b + x)^2",
    "a*b*x", "0 + a*b*x", "a*b*x - a:b:x", "x:z + a*b", "(x + z):a", "a:x:z", "a:x + b:x", "(x + z):(a + b)",
    "a + b:x",
    # functions
    "log(z)", "log1p(z)", "log2(z) + log10(n)", "exp(x) + expm1(z)", "sqrt(z)*a", "abs(x)", "log(z):a",
    "I(x^2)", "x + I(x^2) + I(x^3)", "I(-x^2)", "I(x^2):a", "I(x > 3)", "I(x*z) + x", "I(z / n)",
    "I((x + z)*n - x/2)", "log(I(x^2 + 1))",
    # centred and scaled
    "center(x)", "scale(x)", "center(x) + scale(z)", "scale(x)*a", "center(x):center(z)", "scale(log(z))",
    "center(n)*yes",
    # levels
    "C(n)", "C(n) + x", "0 + C(n):x", "C(yes)", "C(yes)*x", "C(a)*b", 'C(b, ref = "s")', 'C(a, ref = "top")',
    'C(a, ref = "mid")*x', 'C(a, ref = "mid") + C(b, ref = "w")', 'C(n, ref = "5") + z', 'I(a == "mid")',
    'x + I(b != "s")',
]  # fmt: skip


def design_of(formula, data=DATA):
    spec = ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec, read_table(data, spec.names(), findings, spec.text), findings)


def in_formulaics_words(formula):
    text = formula.replace("^", "**").replace('"', "'")
    text = re.sub(r"C\((\w+), ref = '(\w+)'\)", r"C(\1, contr.treatment('\2'))", text)
    text = text.replace("contr.treatment('5')", "contr.treatment(5)")
    return re.sub(r"(?<![\w.])(log1p|log2|log10|expm1|sqrt|abs)\(", r"np.\1(", text)


def test_the_table_is_long_and_without_repeats():
    assert len(set(FORMULAS)) == len(FORMULAS) >= 60


@pytest.mark.parametrize("formula", FORMULAS)
def test_columns_equal_those_of_formulaic(formula):
    as_categories = DATA.assign(yes=pd.Categorical(DATA["yes"]))
    oracle = np.asarray(model_matrix(in_formulaics_words(formula), as_categories), dtype=float)
    x = design_of(f"y ~ {formula}").x
    assert x.shape == oracle.shape
    np.testing.assert_allclose(x, oracle, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("0 + yes", ["yes[False]", "yes[True]"]),
        ("0 + yes + a", ["yes[False]", "yes[True]", "a[mid]", "a[top]"]),
        ('0 + C(a, ref = "mid")', [f'C(a, ref = "mid")[{level}]' for level in ("mid", "low", "top")]),
        ("a:x + b:x", ["Intercept", "a[low]:x", "a[mid]:x", "a[top]:x", "b[n]:x", "b[s]:x", "b[w]:x"]),
        ("a*yes", ["Intercept", "a[mid]", "a[top]", "yes[True]", "a[mid]:yes[True]", "a[top]:yes[True]"]),
        ("b:a:x", ["Intercept", *(f"b[{b}]:a[{a}]:x" for a in ("low", "mid", "top") for b in "ensw")]),
    ],
)
def test_labels_name_levels_and_the_first_factor_varies_fastest(formula, columns):
    assert list(design_of(f"y ~ {formula}").coefficients) == columns


def test_a_reference_is_first_and_the_other_levels_keep_their_order():
    design = design_of('y ~ 0 + C(b, ref = "s")')
    expected = np.column_stack([DATA["b"] == level for level in ("s", "e", "n", "w")])
    np.testing.assert_array_equal(design.x, expected)


@pytest.mark.parametrize("formula", ["a:b", "b:a", "a:b + x", "a:yes", "x + a:x:yes", "a:b:x + x"])
def test_cells_beside_what_they_add_up_to_are_refused_as_dependent(formula):
    with pytest.raises(DataError) as caught:
        design_of(f"y ~ {formula}")
    assert caught.value.code == "rank_deficient"
    assert len(caught.value.findings) == 1


@pytest.mark.parametrize("declared", [["c", "a", "b"], ["b", "c", "a", "never"]])
def test_declared_order_of_levels_decides_the_reference(declared):
    data = pd.DataFrame({"y": [1.0, 2, 3, 5], "f": pd.Categorical(list("abca"), categories=declared)})
    design = design_of("y ~ f", data)
    assert list(design.coefficients) == ["Intercept", *(f"f[{level}]" for level in declared[1:3])]
    for level, column in zip(declared[1:3], design.x[:, 1:].T, strict=True):
        np.testing.assert_array_equal(column, data["f"] == level)


@pytest.mark.parametrize("formula", ["a*b*x", "yes + C(n) + z", "0 + a:b"])
def test_order_of_rows_cannot_change_levels_or_columns(formula):
    order = np.random.default_rng(5).permutation(len(DATA))
    design, shuffled = design_of(f"y ~ {formula}"), design_of(f"y ~ {formula}", DATA.iloc[order])
    assert shuffled.coefficients == design.coefficients
    np.testing.assert_array_equal(shuffled.x, design.x[order])


MATRICES = json.loads((ORACLES / "design_rows.json").read_text(encoding="utf-8"))["matrices"]


def data_behind(case):
    """The data set and the rows of R's matrix; of data not embedded, those rows after one row a level."""
    name = case["dataset"]
    if "data" in case:
        rows, levels = pd.DataFrame(case["data"]), case["levels"]
        # Rows in front teach the levels only; fractions keep them from being dependent.
        front = {
            column: np.resize(levels[column], 12) if column in levels else np.arange(12.0) ** k / 7
            for k, column in enumerate(rows, start=1)
        }
        if len(levels) > 1:
            cells = list(itertools.islice(itertools.cycle(itertools.product(*levels.values())), 12))
            front |= dict(zip(levels, map(list, zip(*cells, strict=True)), strict=True))
        data = pd.concat([pd.DataFrame(front), rows], ignore_index=True)
        data = data.assign(
            **{column: pd.Categorical(data[column], known) for column, known in levels.items()}
        )
        return data, np.arange(12, 12 + len(rows))
    data = pd.read_csv(ORACLES / "data" / "ohio.csv") if name == "ohio" else load_dataset(name)
    return data, np.array(case["csv_row_1based"]) - 1


@pytest.mark.parametrize("case", MATRICES, ids=[f"{m['dataset']}-{m['model']}" for m in MATRICES])
def test_columns_equal_those_of_r(case):
    data, rows = data_behind(case)
    design = design_of(f"answer ~ {case['fixed']}", data.assign(answer=np.arange(len(data)) * 1.0))
    ours = [re.sub(r"[\[\]]", "", label) for label in design.coefficients]
    rs = [column.replace("(Intercept)", "Intercept") for column in case["columns"]]
    assert [sorted(name.split(":")) for name in ours] == [sorted(name.split(":")) for name in rs]
    np.testing.assert_allclose(design.x[rows], case["rows"], rtol=1e-14)
