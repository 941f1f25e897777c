"""Same data in eight containers: same bits of design; what is no table is refused, and none is modified."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

import glmm_bayes as gb
from glmm_bayes.design.design import replay_design
from glmm_bayes.storage.manifest import fingerprint
from tests.design.eight_containers import (
    ARRAYS,
    CONTAINERS,
    RNG,
    ROWS,
    design_of,
    pandas_numpy,
    structured,
    table_of,
)

PLAIN = "y ~ x*b + i + small + single + s + (1 + x | wide) + (1 | s:huge) + (1 | day) + (1 | i)"
ORDER = ["mid", "low", "high", "never"]
DRAWN = {ordered: RNG.choice(ORDER[:3], ROWS) for ordered in (True, False)}
WITH_CATEGORIES = "y ~ x + o + u + (1 | o) + (1 | u)"


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
