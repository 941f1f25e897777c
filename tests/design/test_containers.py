"""Same data in eight containers: same bits of design; and each container's traps."""

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.design import build_design, replay_design
from glmm_bayes.design.table import as_labels, read_table
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.storage.manifest import fingerprint

ROWS = 60
RNG = np.random.default_rng(3)
ARRAYS = {
    "y": RNG.normal(size=ROWS),
    "x": RNG.normal(size=ROWS),
    "i": RNG.integers(-50, 50, ROWS),
    "small": RNG.integers(0, 200, ROWS).astype(np.uint8),
    "single": RNG.normal(size=ROWS).astype(np.float32),
    "b": np.resize([True, False, True], ROWS),
    "s": np.array(RNG.choice(["b", "é", "B", "a b", "体"], ROWS).tolist()),
    "wide": np.resize(np.arange(2**62 + 1, 2**62 + 13), ROWS),
    "huge": np.resize(np.arange(7, dtype=np.uint64) + np.uint64(2**63 + 1), ROWS),
    "day": np.resize(np.arange("2020-01-01", "2020-01-13", dtype="datetime64[D]"), ROWS).astype(
        "datetime64[us]"
    ),
}
PLAIN = "y ~ x*b + i + small + single + s + (1 + x | wide) + (1 | s:huge) + (1 | day) + (1 | i)"
ORDER = ["mid", "low", "high", "never"]
DRAWN = {ordered: RNG.choice(ORDER[:3], ROWS) for ordered in (True, False)}
WITH_CATEGORIES = "y ~ x + o + u + (1 | o) + (1 | u)"


def pandas_numpy():
    return pd.DataFrame(ARRAYS).astype({"s": object})


def pandas_nullable():
    return pandas_numpy().convert_dtypes(dtype_backend="numpy_nullable")


def pandas_arrow():
    return arrow().to_pandas(types_mapper=pd.ArrowDtype)


def polars():
    return pl.DataFrame({name: pl.Series(values) for name, values in ARRAYS.items()})


def arrow():
    return pa.table({name: pa.array(values) for name, values in ARRAYS.items()})


def mapping():
    return {name: values.tolist() if name in "xsb" else values for name, values in ARRAYS.items()}


def structured():
    records = np.zeros(ROWS, [(name, values.dtype.newbyteorder(">")) for name, values in ARRAYS.items()])
    for name, values in ARRAYS.items():
        records[name] = values
    return records


def dataset():
    return xr.Dataset({name: ("row", values) for name, values in ARRAYS.items()})


CONTAINERS = [
    pandas_numpy,
    pandas_nullable,
    pandas_arrow,
    polars,
    arrow,
    mapping,
    structured,
    dataset,
]


def table_of(data, *names, missing="error", findings=None):
    return read_table(data, names, findings or Findings(gb.DataError), missing=missing)


def design_of(formula, data):
    spec = ModelSpec.from_formula(formula)
    findings = Findings(gb.DataError)
    return build_design(spec.mean, read_table(data, spec.names(), findings, spec.text), findings)


def assert_same_bits(design, other):
    assert design.state == other.state and design.coefficients == other.coefficients
    assert design.x.tobytes() == other.x.tobytes()
    for one, two in zip(design.groups, other.groups, strict=True):
        assert one.levels == two.levels
        assert [list(map(type, level)) for level in one.levels] == [
            list(map(type, level)) for level in two.levels
        ]
        assert one.codes.tobytes() == two.codes.tobytes() and one.z.tobytes() == two.z.tobytes()
    assert fingerprint(design.table) == fingerprint(other.table)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda make: make.__name__)
def test_the_same_data_in_eight_containers_give_the_same_bits(container):
    design = design_of(PLAIN, container())
    assert_same_bits(design, design_of(PLAIN, pandas_numpy()))
    np.testing.assert_array_equal(design.table.rows, np.arange(ROWS))


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda make: make.__name__)
def test_new_rows_in_any_container_have_the_bits_of_the_training_rows(container):
    design = design_of(PLAIN, pandas_numpy())
    new = replay_design(design, container(), with_groups=True)
    assert new.x.tobytes() == design.x.tobytes()
    for one, other in zip(new.groups, design.groups, strict=True):
        assert one.codes.tobytes() == other.codes.tobytes()


def test_the_bits_are_those_of_the_data():
    design = design_of(PLAIN, structured())
    named = dict(zip(design.coefficients, design.x.T, strict=True))
    np.testing.assert_array_equal(named["x"], ARRAYS["x"])
    np.testing.assert_array_equal(named["i"], ARRAYS["i"])
    np.testing.assert_array_equal(named["b[True]"], ARRAYS["b"])
    np.testing.assert_array_equal(named["s[é]"], ARRAYS["s"] == "é")
    wide, pairs, days, _ = design.groups
    assert [level for (level,) in wide.levels] == list(range(2**62 + 1, 2**62 + 13))
    assert {second for _, second in pairs.levels} == set(range(2**63 + 1, 2**63 + 8))
    assert days.levels[0] == ("2020-01-01",) and len(days.levels) == 12


def categories(ordered):
    return pd.Categorical(DRAWN[ordered], ORDER, ordered=ordered)


def categorical_frame():
    return pd.DataFrame({"y": ARRAYS["y"], "x": ARRAYS["x"], "o": categories(True), "u": categories(False)})


def arrow_dictionary(ordered):
    codes = pa.array(categories(ordered).codes)
    # In two chunks whose dictionaries differ in order, as a file of several row groups has them.
    first = pa.DictionaryArray.from_arrays(codes[:30], pa.array(ORDER), ordered=ordered)
    return pa.chunked_array(
        [first, pa.DictionaryArray.from_arrays(codes[30:], pa.array(ORDER), ordered=ordered)]
    )


WITH_LEVELS = {
    "pandas": categorical_frame,
    "pandas arrow": lambda: categorical_frame().astype(
        {
            "o": pd.ArrowDtype(arrow_dictionary(True).type),
            "u": pd.ArrowDtype(arrow_dictionary(False).type),
        }
    ),
    "polars enum": lambda: pl.DataFrame(
        {
            "y": ARRAYS["y"],
            "x": ARRAYS["x"],
            "o": pl.Series(DRAWN[True].tolist(), dtype=pl.Enum(ORDER)),
            "u": pl.Series(DRAWN[False].tolist(), dtype=pl.Enum(ORDER)),
        }
    ),
    "pyarrow": lambda: pa.table(
        {"y": ARRAYS["y"], "x": ARRAYS["x"], "o": arrow_dictionary(True), "u": arrow_dictionary(False)}
    ),
    "pyarrow of pandas": lambda: pa.Table.from_pandas(categorical_frame()),
    "mapping": lambda: dict(categorical_frame().items()),
    "mapping of categoricals": lambda: {
        "y": ARRAYS["y"],
        "x": ARRAYS["x"],
        "o": categories(True),
        "u": arrow_dictionary(False),
    },
    "xarray": lambda: xr.Dataset.from_dataframe(categorical_frame()),
}


@pytest.mark.parametrize("container", WITH_LEVELS)
def test_declared_levels_keep_their_order_in_every_container_that_has_them(container):
    design = design_of(WITH_CATEGORIES, WITH_LEVELS[container]())
    assert_same_bits(design, design_of(WITH_CATEGORIES, categorical_frame()))
    assert design.coefficients == ("Intercept", "x", "o[low]", "o[high]", "u[low]", "u[high]")
    ordered, unordered = design.table["o"], design.table["u"]
    assert ordered.levels == tuple(ORDER) and ordered.declared and ordered.ordered
    # A polars Enum always has an order.
    assert unordered.declared and unordered.ordered == (container == "polars enum")


# ------------------------------------------------------------------------------- the measured traps


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


# ------------------------------------------------------------------------------------- what is refused


def test_a_lazy_frame_is_refused_with_collect():
    with pytest.raises(gb.DataError, match=r"lazy frame .* Write data\.collect\(\)") as caught:
        gb.Model("y ~ x", pl.LazyFrame({"y": [1.0], "x": [2.0]}))
    assert caught.value.code == "data_container"


NOT_TABLES = {
    "a plain array": (np.zeros((3, 2)), "named fields"),
    "a list": ([1, 2], "found list"),
    "a series": (pd.Series([1, 2]), "found Series"),
    "a dataset of two dimensions": (xr.Dataset({"y": (("a", "b"), np.zeros((2, 2)))}), "one dimension"),
    "a mapping of unequal lengths": ({"y": [1, 2], "x": [1]}, "y 2, x 1"),
    "a mapping of a matrix": ({"y": [1, 2], "x": np.zeros((2, 2))}, "'x' is ndarray of 2 dimensions"),
    "a mapping of a frame": ({"y": [1, 2], "x": pd.DataFrame({"a": [1, 2]})}, "'x' is DataFrame"),
    "a mapping of a set": ({"y": [1, 2], "x": {1, 2}}, "'x' is set"),
    "series that do not match": (
        {"y": pd.Series([1, 2]), "x": pd.Series([1, 2], index=[1, 0])},
        "different indexes",
    ),
}


@pytest.mark.parametrize("case", NOT_TABLES)
def test_what_is_no_table_of_rows_is_refused(case):
    data, sentence = NOT_TABLES[case]
    with pytest.raises(gb.DataError) as caught:
        gb.Model("y ~ x", data)
    assert caught.value.code == "data_container" and sentence in str(caught.value)


# ----------------------------------------------------------------------------------- names, rows, ownership


def test_names_are_compared_in_composed_form():
    composed, decomposed = "\u00e9t\u00e9", "e\u0301te\u0301"
    design = design_of(f"y ~ `{composed}`", {"y": [1.0, 2.0, 4.0], decomposed: [1.0, 0.0, 3.0]})
    assert design.coefficients[1].strip("`") == composed
    with pytest.raises(gb.DataError) as caught:
        table_of({composed: [1.0], decomposed: [1.0]}, composed)
    assert caught.value.code == "duplicate_column"


@pytest.mark.parametrize("make", [pd.DataFrame, pa.table], ids=["pandas", "pyarrow"])
def test_a_repeated_column_is_refused_where_it_is_used_only(make):
    twice = (
        pd.DataFrame([[1.0, 2.0, 3.0]], columns=["y", "x", "x"])
        if make is pd.DataFrame
        else pa.table([pa.array([1.0])] * 3, names=["y", "x", "x"])
    )
    assert len(table_of(twice, "y")) == 1
    with pytest.raises(gb.DataError, match=r"column 'x' occurs 2 times \(positions \[1, 2\]\)") as caught:
        table_of(twice, "x")
    assert (caught.value.code, caught.value.column) == ("duplicate_column", "x")


@pytest.mark.parametrize("kind", ["pandas", "pandas text", "polars", "xarray"])
def test_row_labels_are_the_index_of_pandas_or_count_from_zero(kind):
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=["u", "v"] if kind == "pandas text" else [7, 9])
    made = {"polars": pl.DataFrame(frame), "xarray": frame.to_xarray()}.get(kind, frame)
    expected = {"pandas text": ["u", "v"], "polars": [0, 1]}.get(kind, [7, 9])
    assert table_of(made, "x").rows.tolist() == expected


def test_a_single_value_stands_for_all_rows_and_alone_for_one():
    assert table_of({"f": ["a", "b"], "t": 12}, "f", "t")["t"].values.tolist() == [12, 12]
    assert len(table_of({"f": "a", "t": 12}, "f", "t")) == 1


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda make: make.__name__)
def test_the_users_object_is_neither_modified_nor_shared(container):
    data, before = container(), container()
    design = design_of(PLAIN, data)
    for column in design.table.columns.values():
        if column.values.flags.writeable:
            column.values[:] = 0
    after = table_of(data, *ARRAYS)
    for name, column in table_of(before, *ARRAYS).columns.items():
        np.testing.assert_array_equal(after[name].values, column.values, err_msg=name)


def test_a_later_change_of_the_users_array_does_not_reach_the_design():
    data = {name: values.copy() for name, values in ARRAYS.items()}
    design = design_of(PLAIN, data)
    for values in data.values():
        values[:] = values[0]
    assert_same_bits(design, design_of(PLAIN, pandas_numpy()))


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
