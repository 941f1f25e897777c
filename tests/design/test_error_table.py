"""The error table of the design documents, row by row: what is written, and the sentence that answers it."""

import time
import warnings
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

import glmm_bayes as gb
from glmm_bayes.design.design import replay_design
from tests.design.error_sentences import TABLE
from tests.design.spoiled_data import DATA, POISSON, new, ordered
from tests.pace import in_time


def told(formula, data, arguments, code):
    """The first finding of a code, raised or listed, and how long it took."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        try:
            findings = gb.Model(formula, data, **arguments).findings
        except gb.GlmmError as error:
            findings = error.findings
    seconds = time.process_time() - start
    return next(finding for finding in findings if finding.code == code), seconds


@pytest.fixture(scope="module", autouse=True)
def warm():
    gb.Model("y ~ x", DATA)


@pytest.mark.parametrize(
    ("row", "formula", "data", "arguments", "code", "message"),
    TABLE,
    ids=[f"{i}: row {entry[0]}" for i, entry in enumerate(TABLE)],
)
def test_each_row_of_the_table_says_its_sentence_at_once(row, formula, data, arguments, code, message):
    finding, seconds = told(formula, data, arguments, code)
    assert str(finding) == f"[{code}] {message}"
    assert in_time(seconds, 1.0)
    # What is wrong with data names a column of the data, and the rows that the sentence shows.
    names = [str(name) for name in getattr(data, "columns", ())]
    if finding.column is not None:
        assert finding.column in [*names, "anser", "gg", "m"] and finding.column in message
    else:
        assert code.startswith(("formula_", "duplicate_effect", "not_available", "empty_", "missing_"))
    if "row r" in message or "rows r" in message:
        assert str(finding.rows[0]) in message


DESIGN = gb.Model(
    "y ~ scale(x) + f + u + bs(z, df = 4) + (1 | g)", new(u=ordered("no", "never", "yes"))
).design
NEXT = new(u=ordered("no", "never", "yes")).head(4)
# row, new data, code, column, rows, message
NEW_ROWS = [
    (21, NEXT.assign(f=list("abbq")), "new_level", "f", ("r3",), "'f' has q (row r3); known: a, b, c."),
    (21, NEXT.assign(u=["no", "never", "yes", "no"]), "new_level", "u", ("r1",),
     "'u' has never (row r1); known: no, yes. "
     "never: declared but never observed, no effect could be learnt."),
    (22, NEXT.drop(columns="x"), "newdata_schema", "x", (), "new data: column 'x' missing."),
    (22, NEXT.drop(columns="g"), "newdata_schema", "g", (), "new data: column 'g' missing."),
    (22, NEXT.assign(x="a"), "newdata_schema", "x", (),
     "new data: 'x': trained as number, got label. Convert it to what it was."),
    (4, NEXT.assign(x=[1, 2, np.nan, 4]), "missing_values", "x", ("r2",),
     "column 'x': 1 of 4 values missing (row r2). Fill them, or leave those rows out."),
    (5, NEXT.assign(x=[1, 2, np.inf, 4]), "non_finite", "x", ("r2",),
     "column 'x': 1 infinite values (row r2). Correct them; missing=\"drop\" does not remove them."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "data", "code", "column", "rows", "message"),
    NEW_ROWS,
    ids=[f"{i}: row {entry[0]}" for i, entry in enumerate(NEW_ROWS)],
)
def test_each_row_on_new_data_says_its_sentence(row, data, code, column, rows, message):
    with pytest.raises(gb.PredictionError) as caught:
        replay_design(DESIGN, data, with_groups=True)
    error = caught.value
    assert (str(error), error.column, error.rows) == (f"[{code}] {message}", column, rows)


FIT = gb.Fit.from_draws(
    gb.Model("y ~ x + (1 | g)", DATA), {"beta": np.zeros((1, 2, 2)), "sd_g": np.ones((1, 2)),
                                        "b_g": np.zeros((1, 2, 8)), "sigma": np.ones((1, 2))}
)  # fmt: skip


def test_row_20_a_new_level_of_a_grouping_factor_is_asked_about():
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(FIT, NEXT.assign(g=["s0", "new", "newer", "s1"]), estimand="subject")
    assert (caught.value.code, caught.value.column, caught.value.rows) == ("new_group", "g", ("r1", "r2"))
    assert str(caught.value) == (
        "[new_group] 'g': 2 levels were not in the training data (new, newer; rows r1, r2). "
        'Ask for estimand="population" (average over groups), "typical" (effect 0) or "new_subject" '
        "(one new group)."
    )


def test_row_23_predictions_need_no_response():
    assert gb.predictions(FIT, NEXT.drop(columns="y"), estimand="typical").draws.shape == (1, 2, 4)


def test_row_24_beyond_the_range_of_a_spline_is_a_warning_with_rows():
    with pytest.warns(gb.GlmmWarning) as caught:
        replay_design(DESIGN, NEXT.assign(z=[1.5, 99.0, 2.0, 2.0]), with_groups=True)
    low, high = DATA["z"].min(), DATA["z"].max()
    assert [str(warning.message) for warning in caught] == [
        f"[extrapolation] 'z' was in [{low:g}, {high:g}]; 1 row lies outside (row r1): bs extrapolates there."
    ]


def test_row_25_training_rows_replay_to_the_bit():
    again = replay_design(DESIGN, new(u=ordered("no", "never", "yes")), with_groups=True)
    np.testing.assert_array_equal(again.x, DESIGN.x)


def test_row_28_decimals_nullable_columns_and_polars_are_the_same_numbers():
    plain = gb.Model("k ~ x + bit", DATA, **POISSON)
    decimals = new(k=[Decimal(int(k)) for k in DATA["k"]], bit=DATA["bit"].astype("Int8"))
    for data in (decimals, pl.from_pandas(DATA)):
        found = gb.Model("k ~ x + bit", data, **POISSON)
        np.testing.assert_array_equal(found.design.x, plain.design.x)
        np.testing.assert_array_equal(found.response.values, plain.response.values)


def test_row_30_wide_identifiers_are_exact_levels():
    wide = 2**60 + np.arange(8)
    design = gb.Model("y ~ x + (1 | u)", new(u=np.repeat(wide, 3))).design
    assert [int(level[0]) for level in design.groups[0].levels] == wide.tolist()


def test_row_44_an_unknown_key_of_a_spec_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text("model:\n  formula: y ~ x\n  famly: poisson\n", encoding="utf-8")
    with pytest.raises(gb.GlmmError) as caught:
        gb.ModelSpec.from_file(path)
    assert str(caught.value) == (
        "[config_key] model.yaml:3: unknown key 'famly' in [model]. Did you mean 'family'? "
        "Known: formula, family, link, interpretation, edition, response, intercept, terms, specific, "
        "offset, groups."
    )


def test_all_rows_of_parse_data_response_and_new_data_are_here():
    here = {entry[0] for entry in (*TABLE, *NEW_ROWS)} | {20, 23, 24, 25, 28, 30, 44}
    assert here == {*range(1, 32), 44, 45}
