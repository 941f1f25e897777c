"""Columns of 200 formulas equal R's by name and value, and formulaic's where its rule of rank is R's."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.columns import code_terms, evaluate_predictors
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.table import read_table

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "design_table.json").read_text())
DATA = pd.DataFrame(ORACLE["data"]).assign(y=np.arange(12.0))
CASES = ORACLE["cases"]


def columns_of(formula, data=DATA):
    """The columns without the check of their rank: some of R's are dependent."""
    spec = gb.ModelSpec.from_formula(f"y ~ {formula}")
    findings = Findings(DataError)
    evaluator = Evaluator(read_table(data, spec.names(), findings), {}, {}, True, findings)
    predictors = evaluate_predictors(spec.mean.fixed, evaluator)
    findings.raise_errors()
    columns = code_terms(spec.mean.fixed, predictors.levels)
    return columns, predictors.matrix(columns)


# Where R needs another word for a factor.
IN_R = {
    "C(k)": "factor(k)",
    "C(b)": "factor(b)",
    'C(f, ref = "b")': 'relevel(factor(f), ref = "b")',
    'C(f, ref = "c")': 'relevel(factor(f), ref = "c")',
    'C(k, ref = "3")': 'relevel(factor(k), ref = "3")',
    'C(f, contrast = "sum", ref = "a")': 'C(factor(f, c("b", "c", "a")), contr.sum)',
    'C(g, contrast = "sum", ref = "t")': 'C(factor(g, c("s", "u", "v", "t")), contr.sum)',
    'C(k, contrast = "sum")': "C(factor(k), contr.sum)",
    'C(k, contrast = "poly")': "C(factor(k), contr.poly)",
    'C(b, contrast = "sum")': "C(factor(b), contr.sum)",
    'ordered(f, "c", "a", "b")': 'factor(f, c("c", "a", "b"))',
    'ordered(g, "v", "u", "t", "s")': 'factor(g, c("v", "u", "t", "s"))',
    'I(f == "b")': 'I((f == "b") * 1)',
    'I(f != "b")': 'I((f != "b") * 1)',
}


def name_in_r(column):
    """Write a column's name as R does: f[b] is fb, f[S.a] is f1, f[.4] is f^4, poly(x, 2)[1] poly(x, 2)1."""
    return ":".join(part_in_r(part) for part in column.factors) or "(Intercept)"


def part_in_r(part):
    factor = re.sub(r'C\((\w+), contrast = "(\w+)"\)', r"C(\1, contr.\2)", part.factor)
    factor = IN_R.get(part.factor, factor).replace(" / ", "/")
    bounds = re.sub(r"lower = (\d), upper = (\d)", r"Boundary.knots = c(\1, \2)", factor)
    if part.coding == "number":
        # I(x > 3) is a factor in R, whose second level is TRUE.
        return re.sub(r"^(I\(.* (>|>=) .*\))$", r"\1TRUE", factor)
    if part.coding == "basis":
        is_alone = bounds in ("poly(x, 1)", "ns(x)", "bs(x, degree = 1)")
        return bounds if is_alone else bounds + part.label
    if part.coding == "full" or part.contrast == "treatment":
        return factor + (part.label.upper() if part.label in ("True", "False") else part.label)
    if part.contrast == "poly":
        return factor + (
            part.label if part.label in (".L", ".Q", ".C") else "^" + part.label.removeprefix(".")
        )
    number = part.index + 1 if part.contrast == "sum" else part.index
    return f"{factor}{number}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["ours"])
def test_columns_equal_rs_by_name_and_value(case):
    columns, x = columns_of(case["ours"])
    # R puts the factors of a product in the order of the formula's variables; we leave them as written.
    ours = [frozenset(name_in_r(column).split(":")) for column in columns]
    theirs = [frozenset(name.split(":")) for name in case["names"]]
    assert set(ours) == set(theirs) and len(ours) == len(theirs)
    expected = dict(zip(theirs, case["x"], strict=True))
    np.testing.assert_allclose(x.T, [expected[name] for name in ours], rtol=1e-10, atol=1e-10)


def test_there_are_many_formulas():
    assert len({case["ours"] for case in CASES}) == len(CASES) >= 200


def in_formulaics_words(text):
    text = re.sub(r"C\((\w), contr\.(\w+)\)", r"C(\1, contr.\2)", text)
    text = re.sub(r"\bC\((\w), ref = (\"\w\")\)", r"C(\1, contr.treatment(\2))", text)
    text = re.sub(r"\b(sqrt|sin|cos|abs|log1p|log2|expm1)\(", r"np.\1(", text)
    text = text.replace("raw = TRUE", "raw=True").replace("factor(", "C(").replace("standardize(", "scale(")
    text = re.sub(r"knots = c\(([^)]*)\)", r"knots=[\1]", text)
    return text.replace("^", "**")


# Ours alone, and what formulaic has under another meaning: its ns() is another basis.
NOT_IN_FORMULAIC = re.compile(
    r"ordered|pmin|pmax|\"sum\"|asin|ns\(|bs\(x\)|degree = 1|lower|I\(f [!=]=|C\([kb],"
)


@pytest.mark.parametrize(
    "text", [case["ours"] for case in CASES if not NOT_IN_FORMULAIC.search(case["ours"])]
)
def test_columns_span_what_formulaics_span(text):
    x = columns_of(text)[1]
    # To formulaic a boolean is a number.
    data = DATA.assign(b=DATA["b"].astype("category"))
    theirs = np.asarray(model_matrix(in_formulaics_words(text), data, context={"np": np}), float)
    rank = np.linalg.matrix_rank(x)
    assert np.linalg.matrix_rank(theirs) == np.linalg.matrix_rank(np.hstack([x, theirs])) == rank
