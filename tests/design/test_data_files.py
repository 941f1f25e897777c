"""Data files: exact values, grouping columns as text, lines as row labels; no addresses, no wildcards."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.containers.data_files import read_data_file
from glmm_bayes.design.containers.known_files import read_known
from glmm_bayes.design.table import read_table
from glmm_bayes.storage.manifest import fingerprint

ROWS = 40
RNG = np.random.default_rng(11)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "x": RNG.normal(size=ROWS) * 10.0 ** RNG.integers(-140, 140, ROWS),
        "flag": np.resize([True, False], ROWS),
        "f": pd.Categorical(np.resize(["lo", "hi"], ROWS), ["lo", "hi"], ordered=True),
        "g": np.resize([f"{i:03d}" for i in range(8)], ROWS),
        "id": np.resize(np.arange(2**62 + 1, 2**62 + 9), ROWS),
    }
)


def write(folder, text, name="data.csv"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def table_of(data, *names, missing="error"):
    return read_table(data, names, Findings(gb.DataError), missing=missing)


def test_a_csv_gives_the_bits_of_the_frame_that_was_written(tmp_path):
    DATA.to_csv(tmp_path / "data.csv", index=False)
    read = read_data_file(tmp_path / "data.csv", ["g"])
    names = ("y", "x", "flag", "g", "id")
    assert fingerprint(table_of(read, *names)) == fingerprint(table_of(DATA, *names))


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_columnar_files_give_the_bits_and_the_levels_of_the_frame(tmp_path, kind):
    path = tmp_path / f"data.{kind}"
    table = pa.Table.from_pandas(DATA, preserve_index=False)
    if kind == "parquet":
        pa.parquet.write_table(table, path, row_group_size=7)
    else:
        pa.feather.write_feather(table, str(path), chunksize=7)
    read, expected = table_of(read_data_file(path), *DATA), table_of(DATA, *DATA)
    assert fingerprint(read) == fingerprint(expected)
    assert read["f"].levels == ("lo", "hi") and read["f"].ordered
    assert read.rows.tolist() == list(range(ROWS))


@pytest.mark.parametrize("written", [str, lambda path: path])
def test_a_model_takes_a_path_and_reads_its_grouping_columns_as_text(tmp_path, written):
    DATA.to_csv(tmp_path / "data.csv", index=False)
    model = gb.Model("y ~ flag + (1 | g)", written(tmp_path / "data.csv"))
    assert model.design.groups[0].levels == tuple((f"{i:03d}",) for i in range(8))
    assert model.design.table.rows.tolist() == list(range(2, ROWS + 2))


BOTH = {
    "a predictor": "y ~ age + (1 | age)",
    "nested": "y ~ x + (1 | g:age) + age",
    "a slope": "y ~ x + (age | g) + (1 | age)",
    "computed with": "y ~ I(age / 10) + (1 | age)",
    "weights of members": "y ~ x + (1 | mm(g, h, weights = cbind(age, age))) + (1 | age)",
    "an offset": "y ~ x + offset(log(age)) + (1 | age)",
    "weights": "y | weights(age) ~ x + (1 | age)",
    "a response": gb.Formulas("y ~ x + (1 | age)", "age ~ x"),
    "of another parameter": gb.Formula("y ~ x + (1 | age)", sigma="~ age"),
    "of another response": gb.Formulas("y ~ x + (1 | age)", "x ~ age + (1 | g)"),
}
LABELLED = {
    "levels": "y ~ C(code) + (1 | code)",
    "a comparison": 'y ~ I(code == "007") + (1 | code)',
    "nested": "y ~ x + (1 | g:code)",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", BOTH)
def test_a_column_that_groups_and_is_computed_with_is_read_as_in_memory(tmp_path, case):
    ages = RNG.integers(20, 32, ROWS)
    data = DATA.assign(x=RNG.normal(size=ROWS), age=ages, h=DATA["g"].iloc[::-1].to_numpy())
    data.to_csv(tmp_path / "data.csv", index=False)
    read, known = gb.Model(BOTH[case], tmp_path / "data.csv"), gb.Model(BOTH[case], data)
    assert [len(group.levels) for group in groups_of(read)] == [len(g.levels) for g in groups_of(known)]
    assert repr(read).partition("\n")[0] == repr(known).partition("\n")[0]


def groups_of(model):
    return [group for one in model.definition.responses.values() for group in one.design.groups]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", LABELLED)
def test_a_column_that_is_labels_wherever_it_is_read_stays_as_it_is_written(tmp_path, case):
    data = DATA.assign(x=RNG.normal(size=ROWS), code=np.resize([f"{i:03d}" for i in range(8)], ROWS))
    data.to_csv(tmp_path / "data.csv", index=False)
    (group,) = gb.Model(LABELLED[case], tmp_path / "data.csv").design.groups
    assert {level[-1] for level in group.levels} == {f"{i:03d}" for i in range(8)}


def test_a_tab_separated_file_is_read_as_a_csv_is(tmp_path):
    DATA.to_csv(tmp_path / "data.tsv", index=False, sep="\t")
    assert table_of(read_data_file(tmp_path / "data.tsv"), "x")["x"].values.tolist() == DATA["x"].tolist()


LINES = {
    "plain": ("x,t\n1,a\nNA,b\n", [3]),
    "no newline at the end": ("x,t\n1,a\nNA,b", [3]),
    "other newlines": ("x,t\r\n1,a\r\nNA,b\r\n", [3]),
    "byte order mark": ("\ufeffx,t\n1,a\nNA,b\n", [3]),
    "blank lines": ("x,t\n\n1,a\n\n\nNA,b\n", [6]),
    "a line break inside quotes": ('x,t\n1,"a\nb"\n,"c"\n2,d\nNaN,e\n', [4, 6]),
}


@pytest.mark.parametrize("case", LINES)
def test_rows_of_a_text_file_are_named_by_their_lines(tmp_path, case):
    text, lines = LINES[case]
    with pytest.raises(gb.DataError) as caught:
        table_of(read_data_file(write(tmp_path, text)), "x", "t")
    assert (caught.value.code, caught.value.column, caught.value.rows) == (
        "missing_values",
        "x",
        tuple(lines),
    )


def test_only_empty_fields_and_na_are_missing_and_other_texts_are_labels(tmp_path):
    text = "f\na\nnull\nNone\nnan\n-\nn/a\nNA\n"
    table = table_of(read_data_file(write(tmp_path, text)), "f", missing="drop")
    assert table["f"].levels == ("-", "None", "a", "n/a", "nan", "null")


def test_whole_numbers_beside_a_gap_stay_whole_and_exact(tmp_path):
    table = table_of(
        read_data_file(write(tmp_path, f"n,g\n1,{2**62 + 1}\n,7\n3,\n")), "n", "g", missing="drop"
    )
    assert table["n"].values.dtype == np.int64
    assert table["n"].values.tolist() == [1] and 2**62 + 1 in table["g"].levels


def test_a_repeated_name_in_the_header_is_told_not_renamed(tmp_path):
    read = read_data_file(write(tmp_path, "x,y,x\n1,2,3\n"))
    assert list(read.columns) == ["x", "y", "x"]
    with pytest.raises(gb.DataError, match=r"column 'x' occurs 2 times \(positions \[0, 2\]\)"):
        table_of(read, "x")


BROKEN = {
    "nothing": ("", "no header line"),
    "a row too long": ("x,y\n1,2\n1,2,3\n", "line 3"),
    "all rows too long": ("x,y\n1,2,3\n4,5,6\n", "more fields than the 2 names"),
    "an open quote": ('x,y\n1,"2\n', "data.csv"),
    "another encoding": ("x\n\u00e9\n".encode("latin-1"), "not UTF-8"),
    "a broken parquet": (b"PAR1 and no more", "data.parquet"),
    "a text called feather": (b"x,y\n1,2\n", "data.feather"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_by_name(tmp_path, case):
    content, sentence = BROKEN[case]
    kind = next((kind for kind in ("parquet", "feather") if kind in case), "csv")
    path = write(tmp_path, content, f"data.{kind}")
    with pytest.raises((gb.DataError, gb.StorageError)) as caught:
        read_data_file(path)
    assert caught.value.code in ("data_file", "storage")
    assert sentence in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(
    "path",
    ["no.csv", "https://example.org/data.csv", "s3://bucket/data.parquet", "*.csv", "."],
)
def test_one_file_on_this_machine_is_read_and_nothing_else(tmp_path, monkeypatch, path):
    (tmp_path / "data.csv").write_text("x,y\n1,2\n")
    monkeypatch.chdir(tmp_path)
    opened = []
    sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket") else None)
    with pytest.raises(gb.StorageError, match=r"no such file|is a folder"):
        gb.Model("y ~ x", path)
    assert not opened


NO_PATHS = {
    "too long a name": "x" * 300 + ".csv",
    "too long a path": "x/" * 5_000,
    "an endless name": Path("x" * 100_000),
    "a null character": "a\0b.csv",
    "half a character": "\ud800.csv",
    "nothing": "",
    "a link to itself": "loop.csv",
    "below a file": "data.csv/data.csv",
}
READERS = {
    "a model": lambda path: gb.Model("y ~ x", path),
    "several responses": lambda path: gb.Model(gb.Formulas("y ~ x", "x ~ 1"), path),
    "a fit": gb.load,
    "a spec file": gb.ModelSpec.from_file,
    "a known matrix": read_known,
    "a file to write": lambda path: gb.ModelSpec.from_formula("y ~ x").to_file(path),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", NO_PATHS)
def test_what_no_system_can_look_up_is_refused_wherever_a_path_is_given(tmp_path, monkeypatch, case, reader):
    (tmp_path / "data.csv").write_text("x,y\n1,2\n")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(gb.StorageError) as caught:
        READERS[reader](NO_PATHS[case])
    assert len(str(caught.value)) < 1_000


def test_another_kind_of_file_is_refused_with_those_that_are_read(tmp_path):
    path = write(tmp_path, "x,y\n1,2\n", "data.xlsx")
    with pytest.raises(
        gb.StorageError, match=r"'\.xlsx' are not read; known: \.csv, \.tsv, \.parquet, \.feather"
    ):
        read_data_file(path)
