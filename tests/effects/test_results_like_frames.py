"""A result that was a data frame is read like one, with a warning; any other says where its table is."""

import copy
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.effects.calls_of_verbs import FRAMES, VERBS, every_verb, fit


@every_verb(FRAMES)
def test_what_was_a_frame_is_read_like_one_with_a_warning_and_the_same_numbers(verb):
    result = VERBS[verb](fit())
    table = result.side_by_side()
    number = next(name for name in table.columns if pd.api.types.is_float_dtype(table[name]))
    reads = {
        "column": (lambda one: one[number], table[number]),
        "rows": (lambda one: one.loc[0, number], table.loc[0, number]),
        "columns": (lambda one: list(one.columns), list(table.columns)),
        "length": (len, len(table)),
        "iteration": (list, list(table)),
        "membership": (lambda one: number in one, True),
        "method": (lambda one: one.sort_values(number)[number].tolist(), sorted(table[number])),
        "merge": (lambda one: one.merge(table).shape, table.merge(table).shape),
    }
    for name, (read, expected) in reads.items():
        with pytest.warns(gb.GlmmWarning, match=r"no data frame from release"):
            found = read(result)
        if isinstance(expected, pd.Series):
            pd.testing.assert_series_equal(found, expected)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "mean" in result.attrs["caption"] and bool(result)


@every_verb(FRAMES)
def test_a_frame_is_made_of_the_table_not_of_the_result(verb):
    with pytest.raises(gb.PredictionError, match="side_by_side"):
        pd.DataFrame(VERBS[verb](fit()))


@every_verb()
def test_a_column_that_is_asked_for_as_an_attribute_is_told_where_it_is(verb):
    result = VERBS[verb](fit())
    name = next(name for name in result.side_by_side().columns if not hasattr(pd.DataFrame, name))
    with pytest.raises(AttributeError) as caught:
        getattr(result, name)
    assert f'result.side_by_side()["{name}"]' in str(caught.value)
    assert not hasattr(result, "nothing_of_that_name")
    for twin in (copy.copy(result), copy.deepcopy(result)):
        pd.testing.assert_frame_equal(twin.summary(), result.summary())


def test_a_result_cannot_be_joined_to_a_frame_and_its_table_can():
    result = VERBS["ranks"](fit())
    with pytest.raises(gb.PredictionError, match="side_by_side"):
        pd.DataFrame({"a": range(6)}).join(result)
    assert pd.DataFrame({"a": range(6)}).join(result.side_by_side()).shape[0] == 6


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_reading_a_result_like_a_frame_summarises_it_once_and_keeps_it_as_it_is(monkeypatch):
    result, calls = VERBS["random_effects"](fit()), []
    summarise = type(result.summarised).summarise
    monkeypatch.setattr(type(result.summarised), "summarise", lambda *how: calls.append(1) or summarise(*how))
    before = [result.loc[row, "mean"] for row in range(6)]
    assert len(calls) == 1
    result["mean"].iloc[0] = 7.0
    result.drop(columns="mean", inplace=True)
    assert [result.loc[row, "mean"] for row in range(6)] == before


def test_a_result_that_never_was_a_frame_says_where_its_table_is():
    result = VERBS["predictions"](fit())
    for read in (lambda: result["mean"], lambda: len(result), lambda: list(result), lambda: "mean" in result):
        with pytest.raises(gb.PredictionError, match="summary"):
            read()
