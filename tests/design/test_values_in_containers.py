"""The traps of each container: wide numbers, gaps, identifiers, decimals and dates keep what they say."""

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.table import as_labels
from tests.design.eight_containers import design_of, pandas_numpy, table_of


@pytest.mark.parametrize("make", [pl.Series, lambda v: pa.chunked_array([pa.array(v)]), list])
def test_a_wide_integer_beside_a_gap_stays_exact(make):
    data = {"g": make([2**62 + 1, None, 2**62 + 3])}
    column = table_of(data, "g", missing="drop")["g"]
    assert column.levels == (2**62 + 1, 2**62 + 3) and column.identifier


@pytest.mark.parametrize("dtype", ["Int64", "int64[pyarrow]"])
def test_a_wide_integer_beside_a_gap_stays_exact_in_pandas(dtype):
    frame = pd.DataFrame({"g": pd.array([2**62 + 1, None, 2**62 + 3], dtype=dtype)})
    assert table_of(frame, "g", missing="drop")["g"].levels == (2**62 + 1, 2**62 + 3)


def test_a_masked_array_misses_what_is_masked_and_keeps_the_rest_exact():
    masked = np.ma.MaskedArray([2**62 + 1, 5, 2**62 + 3], mask=[False, True, False])
    table = table_of({"g": masked}, "g", missing="drop")
    assert table["g"].levels == (2**62 + 1, 2**62 + 3) and table.rows.tolist() == [0, 2]


def test_integer_categories_stay_integers():
    codes = [10, 3, 10, 2]
    frame = pd.DataFrame({"g": pd.Categorical(codes, [10, 3, 2])})
    for data in (
        frame,
        pa.Table.from_pandas(frame),
        frame.astype(pd.ArrowDtype(pa.dictionary("int8", "int64"))),
    ):
        levels = table_of(data, "g")["g"].levels
        assert set(levels) == {10, 3, 2} and {type(level) for level in levels} == {int}
    assert table_of(frame, "g")["g"].levels == (10, 3, 2)


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table, pd.DataFrame, dict])
def test_nan_and_null_are_both_missing(make):
    data = make({"x": [1.0, float("nan"), None, 4.0]})
    with pytest.raises(gb.DataError) as caught:
        table_of(data, "x")
    assert (caught.value.code, caught.value.rows) == ("missing_values", (1, 2))
    assert table_of(data, "x", missing="drop")["x"].values.tolist() == [1.0, 4.0]


GAPS = {
    "nan": pd.Series([1.0, np.nan]),
    "None": pd.Series(["a", None], dtype=object),
    "NA": pd.Series([1, pd.NA], dtype="Int64"),
    "NA of a boolean": pd.Series([True, pd.NA], dtype="boolean"),
    "None of a boolean": pd.Series([True, None], dtype=object),
    "NaT": pd.Series([pd.Timestamp("2020-01-01"), pd.NaT]),
    "no category": pd.Series(pd.Categorical(["a", None])),
    "arrow null": pd.Series(["a", None], dtype="string[pyarrow]"),
    "polars null": pl.Series(["a", None]),
    "no enum": pl.Series(["a", None], dtype=pl.Enum(["a"])),
    "no polars category": pl.Series(["a", None], dtype=pl.Categorical),
    "no arrow category": pa.chunked_array([pa.array(["a", None]).dictionary_encode()]),
    "arrow decimal": pa.chunked_array([pa.array([Decimal("1"), None])]),
    "NaN of a Decimal": pd.Series([Decimal("1"), Decimal("NaN")], dtype=object),
    "arrow date": pa.chunked_array([pa.array([dt.date(2020, 1, 1), None])]),
}


@pytest.mark.parametrize("gap", GAPS)
def test_every_kind_of_gap_is_missing_and_what_stands_beside_it_is_kept(gap):
    with pytest.raises(gb.DataError) as caught:
        table_of({"v": GAPS[gap]}, "v")
    assert (caught.value.code, caught.value.column, caught.value.rows) == ("missing_values", "v", (1,))
    assert len(table_of({"v": GAPS[gap]}, "v", missing="drop")) == 1


IDENTIFIERS = [uuid.UUID(int=5), uuid.UUID(int=2**127), uuid.UUID(int=5)]


def test_uuids_are_exact_labels_that_name_and_do_not_measure():
    for data in (
        pd.DataFrame({"g": IDENTIFIERS}),
        pl.DataFrame({"g": pl.Series(IDENTIFIERS, dtype=pl.Object)}),
    ):
        column = table_of(data, "g")["g"]
        assert column.identifier and column.values.tolist() == [0, 1, 0]
        assert [uuid.UUID(text) for text in column.levels] == IDENTIFIERS[:2]


def test_bytes_are_exact_labels_that_name_and_do_not_measure():
    values = [b"b\xff", b"a", b"b\\xff"]
    fields = np.array([(value,) for value in values], dtype=[("g", "S8")])
    for data in ({"g": values}, pl.DataFrame({"g": values}), pa.table({"g": values}), fields):
        column = table_of(data, "g")["g"]
        assert column.identifier and len(column.levels) == 3
        assert column.levels[column.values[1]] == "b'a'"


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 + 5, 2**64, 2**90])
def test_whole_numbers_that_a_float_cannot_hold_are_exact_labels(value):
    column = table_of({"g": [value, value - 1, value]}, "g")["g"]
    assert column.identifier and column.levels == (value - 1, value) and column.values.tolist() == [1, 0, 1]


def test_the_widest_exact_number_is_a_number():
    column = table_of({"g": np.array([2**53, -(2**53)])}, "g")["g"]
    assert (
        column.data_type == "number" and not column.identifier and column.values.tolist() == [2**53, -(2**53)]
    )


@pytest.mark.parametrize("make", [list, pl.Series, lambda v: pa.chunked_array([pa.array(v)])])
def test_whole_decimals_are_whole_numbers_and_others_floats(make):
    whole = table_of({"x": make([Decimal("2"), Decimal("-30")])}, "x")["x"]
    assert whole.values.dtype == np.int64 and whole.values.tolist() == [2, -30]
    other = table_of({"x": make([Decimal("0.1"), Decimal("2")])}, "x")["x"]
    assert other.values.dtype == np.float64 and other.values.tolist() == [0.1, 2.0]


def test_polars_categories_have_no_order_and_none_of_another_frame():
    _elsewhere = pl.Series(["zz", "z"], dtype=pl.Categorical)
    column = table_of(pl.DataFrame({"f": pl.Series(["b", "a"], dtype=pl.Categorical)}), "f")["f"]
    assert column.levels == ("a", "b") and not column.ordered


DATES = {
    "pandas": pd.Series(pd.to_datetime(["2020-01-01 00:00:00.00", "2020-01-02 12:30:00.25"])),
    "pandas seconds": pd.Series(np.array(["2020-01-01", "2020-01-02"], "datetime64[s]")),
    "zone": pd.Series(
        pd.to_datetime(["2020-01-01 02:00", "2020-01-02 02:00"]).tz_localize("Europe/Helsinki")
    ),
    "polars zone": pl.Series([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]).dt.convert_time_zone("Asia/Tokyo"),
    "polars date": pl.Series([dt.date(2020, 1, 1)]),
    "arrow date64": pa.chunked_array([pa.array([dt.date(2020, 1, 1)], pa.date64())]),
    "python date": [dt.date(2020, 1, 1), dt.date(1990, 2, 3)],
    "python zone": [dt.datetime(2020, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))],
    "numpy": np.array(["2020-01-01"], "datetime64[D]"),
}


@pytest.mark.parametrize("kind", DATES)
def test_dates_are_nanoseconds_of_universal_time_and_iso_text_as_levels(kind):
    column = table_of({"d": DATES[kind]}, "d")["d"]
    assert column.data_type == "date" and column.values.dtype == np.int64
    assert column.values[0] == np.datetime64("2020-01-01", "ns").astype(np.int64)
    labels = as_labels(column)
    assert labels.levels[labels.values[0]] == "2020-01-01"
    if kind == "pandas":
        assert labels.levels == ("2020-01-01", "2020-01-02T12:30:00.25")


def test_dates_group_rows():
    design = design_of("y ~ 1 + (1 | day)", pandas_numpy())
    assert design.groups[0].levels == tuple((f"2020-01-{day:02d}",) for day in range(1, 13))


# ------------------------------------------------------------------------------------------ notes on labels


def notes_of(values):
    findings = Findings(gb.DataError)
    table_of({"f": values}, "f", findings=findings)
    assert not findings.errors
    return [(note.code, note.column, note.message) for note in findings.collected if note.severity == "note"]


def test_labels_that_nearly_agree_are_noted():
    assert notes_of(["A", "A ", "b", "B", "c"]) == [
        (
            "unused_levels",
            "f",
            "column 'f': levels 'A' and 'A ' differ by spaces only; 'B' and 'b' differ by case only.",
        )
    ]
    assert notes_of(["a", "b", "ab", "Ä"]) == []


def test_texts_that_often_stand_for_a_gap_are_noted_and_kept():
    assert notes_of(["a", "NA", "", "NA"]) == [
        ("missing_values", "f", "column 'f': '' is a label, not a missing value (row 2)."),
        ("missing_values", "f", "column 'f': 'NA' is a label, not a missing value (rows 1, 3)."),
    ]
