"""How responses that are categories are read: what is accepted, printed, and refused with a remedy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.column import Column
from glmm_bayes.design.response import ResponseColumns, read_response
from glmm_bayes.design.table import read_table
from glmm_bayes.families import FAMILIES
from glmm_bayes.spec.expressions import Call, Name, Text
from glmm_bayes.spec.response_term import ResponseTerm

WORDS = ["mid", "low", "high", "low"]
ORDER = ["low", "mid", "high"]
ORDINAL = ("cumulative", "sratio", "cratio", "acat")
RATING = Name("rating")
LISTED = Call("ordered", (RATING, *map(Text, ORDER)))


def read(family, values, expression=RATING):
    """Read the column ``rating`` and return the response and what was found."""
    findings = Findings(DataError)
    data = values if isinstance(values, pl.DataFrame) else pd.DataFrame({"rating": values})
    table = read_table(data, ["rating"], findings)
    columns = read_response(ResponseTerm(expression), table, findings)
    return FAMILIES[family].read_response(columns, findings), findings


def texts(findings, severity):
    return [str(finding) for finding in findings.collected if finding.severity == severity]


def ordered(*values, levels=ORDER):
    return pd.Categorical(values, levels, ordered=True)


ACCEPTED = {
    "ordered": (ordered(*WORDS), RATING, ORDER, "'rating': low < mid < high (as declared)."),
    "enum": (
        pl.DataFrame({"rating": pl.Series(WORDS, dtype=pl.Enum(ORDER))}),
        RATING,
        ORDER,
        "'rating': low < mid < high (as declared).",
    ),
    "ordered()": (WORDS, LISTED, ORDER, "'rating': low < mid < high (as declared)."),
    "whole": ([20, 3, 100, 3], RATING, ["3", "20", "100"], "'rating': 3 < 20 < 100 (its values, ascending)."),
    "float": ([2.0, 1.0, 3.0, 1.0], RATING, ["1", "2", "3"], "'rating': 1 < 2 < 3 (its values, ascending)."),
}


@pytest.mark.parametrize("family", ORDINAL)
@pytest.mark.parametrize("case", ACCEPTED)
def test_an_ordered_response_keeps_its_order_and_prints_it(family, case):
    values, expression, categories, note = ACCEPTED[case]
    response, findings = read(family, values, expression)
    assert response.categories == tuple(categories)
    np.testing.assert_array_equal(response.values, [1.0, 0.0, 2.0, 0.0])
    np.testing.assert_array_equal(response.trials, np.ones(4))
    assert response.mean_label == "P(rating = k)"
    assert texts(findings, "note") == [f"[response_coding] {note}"]
    assert not texts(findings, "error") and not texts(findings, "warning")


def test_a_declared_category_that_never_occurs_is_kept_with_a_warning():
    response, findings = read("cumulative", ordered("low", "high", "low"))
    assert response.categories == tuple(ORDER)
    np.testing.assert_array_equal(response.values, [0.0, 2.0, 0.0])
    assert texts(findings, "warning") == [
        "[unused_levels] 'rating': categories mid never occur; kept, so thresholds beside them rest on "
        "their prior. Remove them from the declared levels if they cannot occur."
    ]


CATEGORIES = {
    "text": (WORDS, ["high", "low", "mid"], "high is the reference, the first category in sorted order."),
    "declared": (
        pd.Categorical(WORDS, ORDER),
        ORDER,
        "low is the reference, the first category declared.",
    ),
    "ordered": (
        ordered(*WORDS),
        ORDER,
        "low is the reference, the first category declared. The order of the others is not used. "
        'The order counts in family="cumulative".',
    ),
    "codes": (
        pd.Categorical([2, 1, 3, 1]),
        ["1", "2", "3"],
        "1 is the reference, the first category declared.",
    ),
}


@pytest.mark.parametrize("case", CATEGORIES)
def test_a_categorical_response_prints_its_reference(case):
    values, categories, note = CATEGORIES[case]
    response, findings = read("categorical", values)
    assert response.categories == tuple(categories)
    assert [categories[int(position)] for position in response.values] == list(map(str, values))
    assert response.mean_label == "P(rating = k)"
    assert texts(findings, "note") == [f"[response_coding] 'rating': {note}"]
    assert not texts(findings, "error")


def test_a_category_that_never_occurs_is_dropped_from_a_categorical_response_with_a_note():
    response, findings = read("categorical", pd.Categorical(["mid", "high", "mid", "x"], [*ORDER, "x"]))
    assert response.categories == ("mid", "high", "x")
    np.testing.assert_array_equal(response.values, [0.0, 1.0, 0.0, 2.0])
    assert texts(findings, "note")[0] == "[unused_levels] 'rating': categories low never occur; dropped."


def test_two_categories_are_pointed_to_bernoulli():
    _, findings = read("categorical", ["a", "b", "a"])
    assert texts(findings, "note")[1] == (
        "[response_coding] 'rating' has two categories: categorical is then the bernoulli model. "
        'Use family="bernoulli".'
    )
    assert not texts(findings, "error")


BERNOULLI = 'A two-valued response is family="bernoulli".'
REFUSED = [
    (
        "cumulative", WORDS, RATING, (),
        "[response_coding] 'rating' has the values high, low, mid in no declared order. "
        'Write ordered(rating, "high", "low", "mid") ~ ... with the values in their order, lowest first.',
    ),
    (
        "sratio", pd.Categorical(WORDS, ORDER), RATING, (),
        "[response_coding] 'rating' has the values low, mid, high in no declared order. "
        'Write ordered(rating, "low", "mid", "high") ~ ... with the values in their order, lowest first.',
    ),
    (
        "acat", ["1", "2", "10", "2"], RATING, (),
        "[response_coding] 'rating' has the values 1, 10, 2 in no declared order. They look like numbers: "
        'write data["rating"].astype(float) if they are. '
        'Write ordered(rating, "1", "10", "2") ~ ... with the values in their order, lowest first.',
    ),
    (
        "cratio", ["yes", "no", "no"], RATING, (),
        f"[response_coding] cratio needs at least 3 categories: 'rating' has 2 (no, yes). {BERNOULLI}",
    ),
    (
        "cumulative", [0, 1, 1], RATING, (),
        f"[response_coding] cumulative needs at least 3 categories: 'rating' has 2 (0, 1). {BERNOULLI}",
    ),
    (
        "cumulative", ordered("low", "low"), RATING, (),
        "[constant_column] response 'rating' is constant (low): nothing to model.",
    ),
    (
        "cumulative", [True, False, True], RATING, (),
        f"[column_type] cumulative needs ordered categories or whole numbers: column 'rating' holds "
        f"booleans. {BERNOULLI}",
    ),
    (
        "cumulative", [1.0, 2.5, 3.0, 0.5], RATING, (1, 3),
        "[response_support] cumulative needs ordered categories or whole numbers: column 'rating' has 2 "
        'values outside it (rows 1, 3: 2.5, 0.5). Numbers on a scale are family="gaussian".',
    ),
    (
        "cumulative", pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"]), RATING, (),
        "[column_type] the response 'rating' holds dates; numbers, booleans or labels can be modelled. "
        'Write days_since(rating, "2020-01-01") ~ ...',
    ),
    (
        "acat", WORDS, Call("success", (RATING, Text("low"))), (),
        "[response_coding] acat needs all categories of 'rating'; success() keeps one only. "
        'Write rating ~ ..., or use family="bernoulli".',
    ),
    (
        "categorical", [1, 2, 3], RATING, (),
        "[column_type] categorical needs categories or text: column 'rating' holds numbers. "
        'Write C(rating) ~ ... if they are codes of categories.',
    ),
    (
        "categorical", ["1", "2", "3"], RATING, (),
        "[column_type] categorical needs categories or text: column 'rating' holds numbers as text. "
        'Write C(rating) ~ ... if they are codes of categories.',
    ),
    (
        "categorical", [True, False, True], RATING, (),
        f"[column_type] categorical needs categories or text: column 'rating' holds booleans. {BERNOULLI}",
    ),
    (
        "categorical", ["a", "a"], RATING, (),
        "[constant_column] response 'rating' is constant (a): nothing to model.",
    ),
    (
        "multinomial", WORDS, RATING, (),
        "[response_coding] multinomial needs a column of numbers for each category beside 'rating'. "
        'Write cbind(a, b, c) ~ .... One category in each row is family="categorical".',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("family", "values", "expression", "rows", "text"), REFUSED)
def test_a_response_that_is_no_category_is_refused_with_its_remedy(family, values, expression, rows, text):
    _, findings = read(family, values, expression)
    assert texts(findings, "error") == [text]
    (error,) = findings.errors
    assert error.column == "rating" and error.rows == rows


def test_trials_are_refused():
    findings = Findings(DataError)
    column = Column("rating", "number", np.array([1.0, 2.0, 3.0]))
    columns = ResponseColumns("rating", column, "rating", np.full(3, 5.0), None, None, np.arange(3))
    FAMILIES["cumulative"].read_response(columns, findings)
    assert texts(findings, "error") == [
        "[trials] cumulative has no trials, but the formula gives them for 'rating'. Use family=\"binomial\"."
    ]


@dataclass(frozen=True)
class Counted(ResponseColumns):
    """Numbers of each category."""

    counts: Any = None
    categories: tuple[str, ...] = ()


def read_counts(*columns):
    counts = np.column_stack(columns)
    findings = Findings(DataError)
    column = Column("a", "number", counts[:, 0])
    rows = np.arange(len(counts))
    given = Counted(
        "cbind(a, b, c)", column, "a", None, None, None, rows, counts=counts, categories=("a", "b", "c")
    )
    return FAMILIES["multinomial"].read_response(given, findings), findings


def test_a_multinomial_response_is_its_counts_and_prints_its_reference():
    response, findings = read_counts([1.0, 0.0], [2.0, 0.0], [0.0, 3.0])
    np.testing.assert_array_equal(response.values, [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    np.testing.assert_array_equal(response.trials, [3.0, 3.0])
    assert response.categories == ("a", "b", "c") and response.mean_label == "P(category = k)"
    assert [str(finding) for finding in findings.collected] == [
        "[response_coding] 'cbind(a, b, c)': a is the reference, the first category."
    ]


def test_counts_that_are_none_are_refused_by_column_and_row():
    _, findings = read_counts([1.0, 0.5, 2.0], [2.0, 1.0, -1.0], [0.0, 3.0, 1.0])
    assert texts(findings, "error") == [
        "[response_support] multinomial needs whole numbers of at least 0: column 'a' has 1 values outside "
        "it (row 1: 0.5).",
        "[response_support] multinomial needs whole numbers of at least 0: column 'b' has 1 values outside "
        "it (row 2: -1).",
    ]
    assert [(error.column, error.rows) for error in findings.errors] == [("a", (1,)), ("b", (2,))]


def test_rows_and_categories_without_counts_are_told():
    _, findings = read_counts([1.0, 0.0], [0.0, 0.0], [2.0, 0.0])
    assert [str(finding) for finding in findings.collected if finding.code != "response_coding"] == [
        "[degenerate_response] 'b' is 0 in all rows: its coefficients rest on their priors.",
        "[trials] 1 rows have 0 trials (row 1): kept, they carry no information.",
    ]


@pytest.mark.parametrize(
    ("values", "unseen"), [([1, 2, 4], "3"), ([1, 5, 7], "2 to 4, 6"), ([10, 200, 300], "")]
)
@pytest.mark.parametrize("family", ["cumulative", "sratio"])
def test_whole_numbers_that_were_never_seen_are_told(family, values, unseen):
    model = gb.Model("y ~ 1", pd.DataFrame({"y": values * 2}), family=family)
    text = " ".join(map(str, model.findings))
    assert (f"{unseen} was never seen" in text) if unseen else ("never seen" not in text)
