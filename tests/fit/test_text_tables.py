"""Tables as text: no wider than a terminal, and nothing of them is lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmm_bayes.fit.text_tables import WIDTH, table_text, told

words = st.text(st.sampled_from("abcdefg hij"), min_size=1, max_size=150).map(
    lambda text: " ".join(text.split())
)
names = st.text(st.sampled_from("abcde_"), min_size=1, max_size=30)


@st.composite
def frames(draw):
    rows = draw(st.integers(1, 4))
    columns = {}
    for name in draw(st.lists(names, min_size=1, max_size=14, unique=True)):
        kind = draw(st.sampled_from(["text", "number", "whole", "flag"]))
        if kind == "text":
            columns[name] = draw(st.lists(words, min_size=rows, max_size=rows))
        elif kind == "number":
            columns[name] = draw(st.lists(st.floats(-1e6, 1e6), min_size=rows, max_size=rows))
        else:
            columns[name] = draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows))
    return pd.DataFrame(columns)


@given(frames(), st.booleans())
def test_every_table_fits_and_keeps_its_texts(frame, is_left):
    texts = [name for name in frame if frame[name].dtype == object or isinstance(frame[name].iloc[0], str)]
    text = table_text(frame, left=texts if is_left else ())
    assert max(map(len, text.split("\n"))) <= WIDTH
    for name in frame:
        assert name in text
    if max(len(str(cell)) for name in texts for cell in frame[name]) <= 24 if texts else True:
        for name in texts:
            assert all(cell in text for cell in frame[name])


def test_broken_texts_are_whole_and_rows_stay_together():
    sentence = "a sentence that is longer than a column may be, and that is broken at its blanks " * 2
    frame = pd.DataFrame(
        {"code": ["one", "two"], "message": [sentence.strip(), "short."], "mean": [1.25, np.nan]}
    )
    text = table_text(frame)
    lines = text.split("\n")
    assert lines[1].startswith(" one a sentence") and lines[1].endswith("1.25")
    assert " ".join(text.split()).count("broken at its blanks") == 2
    assert lines[-1].split() == ["two", "short."]


def test_blocks_of_numbers_repeat_the_texts_that_tell_rows_apart():
    frame = pd.DataFrame({"level": ["a", "b"], **{f"a_rather_long_name_{k}": [k, k + 0.5] for k in range(9)}})
    blocks = table_text(frame).split("\n\n")
    assert len(blocks) > 1
    for block in blocks:
        assert [line.split()[0] for line in block.split("\n")] == ["level", "a", "b"]


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": []}), pd.DataFrame({"a": [1.0]})])
def test_small_tables_are_pandas_own(frame):
    assert table_text(frame) == frame.to_string(
        index=False, float_format=lambda value: f"{value:.4g}", na_rep=""
    )


def test_told_sentences_are_indented_from_their_second_line_on():
    first, *rest = told("word " * 40).split("\n")
    assert len(first) <= WIDTH and all(line.startswith("  word") for line in rest)


def test_numbers_that_tell_rows_apart_stand_in_each_block_too():
    numbers = {f"a_long_column_{k}": [k, k] for k in range(9)}
    frame = pd.DataFrame({"time": [0.5, 1.5], "g": ["a", "b"], **numbers})
    for block in table_text(frame, keys=2).split("\n\n"):
        assert [line.split()[:2] for line in block.split("\n")] == [["time", "g"], ["0.5", "a"], ["1.5", "b"]]
    for block in table_text(frame.set_index("time"), index=True).split("\n\n"):
        assert [line.split()[0] for line in block.split("\n")] == ["time", "0.5", "1.5"]
