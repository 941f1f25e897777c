"""Bad input gives a typed error that names column and rows, in under a second, before any compilation."""

import time

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.design.bad_input_cases import CASES, DATA, GAUSS, ROWS, changed
from tests.design.bad_input_kinds import KINDS
from tests.pace import in_time


@pytest.fixture(scope="module", autouse=True)
def warm():
    gb.Model(GAUSS, DATA)


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gives_its_typed_error_at_once(case):
    arguments, kind, code, column, rows = CASES[case]
    start = time.process_time()
    with pytest.raises(kind) as caught:
        gb.Model(*arguments)
    assert in_time(time.process_time() - start, 1.0)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.column, tuple(error.rows)) == (code, column, rows), str(error)
    if column:
        assert column in str(error)
    assert len(str(error)) > 30


@pytest.mark.parametrize(
    ("kind", "given", "further", "error", "code", "column", "row"),
    KINDS,
    ids=[f"{i}: {entry[0]}" for i, entry in enumerate(KINDS)],
)
def test_bad_input_of_each_kind_gives_its_typed_error(kind, given, further, error, code, column, row):
    start = time.process_time()
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(*given, **further)
    assert in_time(time.process_time() - start, 1.0)
    found = caught.value
    assert type(found) is error
    assert (found.code, found.column, found.rows[:1]) == (code, column, row), str(found)
    assert column is None or column in str(found)
    assert all(str(label) in str(found) for label in row)


def test_the_corpus_has_the_size_that_is_promised():
    assert len(CASES) + len(KINDS) >= 150


def test_an_unknown_column_is_pointed_at_and_the_nearest_is_named():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("count ~ x + fff + (1 | g)", DATA.rename(columns={"f": "ff"}), "poisson")
    lines = str(caught.value).splitlines()
    assert lines[0] == "[unknown_column] formula:1:13: no column 'fff' in the data."
    assert lines[1].strip() == "count ~ x + fff + (1 | g)" and lines[2].strip() == "^^^"
    assert lines[2].index("^") == lines[1].index("fff")
    assert "Did you mean 'ff'?" in lines[3]


def test_all_findings_of_a_stage_are_raised_together():
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x + w", changed(x={1: np.nan}, w={2: np.nan}))
    assert [finding.column for finding in caught.value.findings] == ["x", "w"]


def test_dropped_rows_are_counted_by_column_and_row():
    data = changed(x={1: np.nan, 2: np.nan}, w={2: np.nan})
    model = gb.Model("y ~ x + w", data, missing="drop")
    assert len(model.design) == ROWS - 2
    message = model.check()["message"][0]
    assert message == "dropped 2 of 40 rows with missing values: x 2, w 1 (rows 1, 2)."
    assert "dropped 2 of 40 rows" in str(model)


def test_only_columns_of_the_model_are_looked_at():
    assert len(gb.Model("y ~ x", changed(w={2: np.nan})).design) == ROWS


def test_the_users_frame_is_never_modified():
    data = DATA.copy()
    gb.Model("y ~ scale(x)*f + (1 + x | g)", data)
    pd.testing.assert_frame_equal(data, DATA)


def test_few_groups_are_a_warning():
    with pytest.warns(gb.GlmmWarning, match="few_groups"):
        gb.Model("y ~ x + (1 | f)", DATA)


def test_row_labels_are_those_of_the_index():
    data = changed(x={3: np.nan}).set_index(pd.Index([f"r{i}" for i in range(ROWS)]))
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x", data)
    assert caught.value.rows == ("r3",)
