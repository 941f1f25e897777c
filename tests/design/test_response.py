"""What the data say about the left side of a formula, before a family reads it."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.containers.frames import as_frame
from glmm_bayes.design.response import read_response
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec

DATA = pd.DataFrame(
    {
        "a": [1, 0, 4],
        "b": [2, 2, 0],
        "c d": [0.0, 7, 1],
        "x": [0.5, 2, 1],
        "score": ["low", "high", "low"],
    }
)


def response(text, data=DATA):
    spec, findings = ModelSpec.from_formula(f"{text} ~ x"), Findings(DataError)
    columns = read_response(spec.response, read_table(as_frame(data), list(spec.names()), findings), findings)
    findings.raise_errors()
    return columns


def test_three_columns_of_counts_are_categories():
    found = response("cbind(a, b, `c d`)")
    assert found.categories == ("a", "b", "`c d`")
    np.testing.assert_array_equal(found.counts, DATA[["a", "b", "c d"]])
    assert found.column.name == found.label == found.source == "a"
    np.testing.assert_array_equal(found.column.values, DATA["a"])
    np.testing.assert_array_equal(found.trials, [3, 9, 5])


def test_two_columns_of_counts_are_successes_and_failures():
    found = response("cbind(a, b)")
    assert (found.counts, found.categories) == (None, ())
    np.testing.assert_array_equal(found.trials, [3, 2, 4])


def test_three_columns_survive_text():
    spec = ModelSpec.from_formula("cbind(a, b, `c d`) ~ x")
    assert spec.to_formula() == "cbind(a, b, `c d`) ~ x"
    with pytest.raises(gb.FormulaError, match="cannot predict itself"):
        ModelSpec.from_formula("cbind(a, b, `c d`) ~ b")


@pytest.mark.parametrize(("column", "value"), [("a", -1), ("b", 2.5), ("c d", -0.5)])
def test_counts_are_whole_and_not_negative(column, value):
    with pytest.raises(DataError) as caught:
        response("cbind(a, b, `c d`)", DATA.assign(**{column: [value, 1, 1]}))
    error = caught.value
    assert (error.code, error.column, error.rows) == ("trials", column, (0,))
    assert f"must be whole numbers of at least 0 (row 0: {value})." in str(error)


def test_a_declared_order_of_the_response_holds_levels_that_never_occur():
    found = response('ordered(score, "low", "mid", "high")')
    assert found.column.levels == ("low", "mid", "high") and found.column.ordered
    assert found.column.values.tolist() == [0, 2, 0]


def test_a_level_outside_of_the_declared_order_is_refused():
    with pytest.raises(DataError) as caught:
        response('ordered(score, "low", "mid")')
    assert caught.value.column == "score" and caught.value.rows == (1,) and "high" in str(caught.value)


def test_a_reference_of_the_response_stands_first():
    assert response("C(score)").column.levels == ("high", "low")
    assert response('C(score, ref = "low")').column.levels == ("low", "high")
    with pytest.raises(gb.FormulaError, match="a response has no contrasts"):
        response('C(score, "sum")')


@pytest.mark.parametrize("text", ['ordered(score, "low", "high")', "C(score)", 'C(score, ref = "low")'])
def test_how_levels_are_read_survives_text(text):
    assert ModelSpec.from_formula(f"{text} ~ x").to_formula() == f"{text} ~ x"
