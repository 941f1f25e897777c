"""``glmm-bayes effects`` asked for rows, values, scales and levels, as the functions are asked."""

import json

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.test_cli_effects import a_fit
from tests.test_cli_outputs import run

ROWS = pd.DataFrame({"trt": ["placebo", "progabide", "placebo"], "subject": ["1", "30", "2"]})


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    a_fit().save(tmp_path / "a.glmm")
    ROWS.to_csv(tmp_path / "rows.csv", index=False)

    def act(*arguments):
        return run(monkeypatch, capsys, "effects", tmp_path / "a.glmm", *arguments)

    return act


def rows_of(out):
    return pd.DataFrame(json.loads(out)["rows"])


def same(found, effects, probability=0.89):
    table = effects.summary(probability)
    numbers = [name for name in table if pd.api.types.is_float_dtype(table[name])]
    assert list(found.columns) == list(table.columns)
    np.testing.assert_allclose(found[numbers], table[numbers], rtol=1e-8)


@pytest.mark.parametrize("word", ["population", "subject", "new_subject"])
def test_rows_of_a_file_are_predicted(asked, tmp_path, word):
    code, out, _ = asked("--newdata", tmp_path / "rows.csv", "--estimand", word, "--json")
    assert code == 0
    same(rows_of(out), gb.predictions(a_fit(), ROWS, estimand=word))


def test_values_rows_scale_and_level_of_a_comparison(asked, tmp_path):
    given = ("trt", "--values", "progabide,placebo", "--newdata", tmp_path / "rows.csv", "--scale", "link")
    code, out, _ = asked(*given, "--probability", "0.5", "--json")
    assert code == 0
    effects = gb.comparisons(a_fit(), "trt", newdata=ROWS, values=["progabide", "placebo"], scale="link")
    same(rows_of(out), effects, 0.5)
    assert json.loads(out)["interval"] == "50% equal-tailed interval"


@pytest.mark.parametrize(
    "given", [("progabide,placebo",), ("progabide", "placebo"), ("progabide , placebo",), ("pairwise",)]
)
def test_values_are_written_together_or_one_by_one(asked, given):
    code, out, said = asked("trt", *(part for value in given for part in ("--values", value)))
    assert code == 0 and "placebo" in out, said


def test_numbers_are_read_as_numbers(tmp_path, monkeypatch, capsys):
    model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    draws = {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]], "sigma": [[25.0]]}
    gb.Fit.from_draws(model, draws).save(tmp_path / "s.glmm")
    _, out, _ = run(monkeypatch, capsys, "effects", tmp_path / "s.glmm", "Days", "--values", "0,9", "--json")
    assert rows_of(out)["mean"].item() == 90.0 and rows_of(out)["contrast"].item() == "9 vs 0"


@pytest.mark.parametrize("probability", [0.5, 0.95])
def test_the_level_stands_in_caption_and_columns(asked, probability):
    _, out, _ = asked("trt", "--probability", probability)
    assert f"{100 * probability:g}% equal-tailed" in " ".join(out.split())
    assert f"eti{100 * probability:g}_lb" in out


WRONG = [
    (("--values", "1,2"), 2, "name the variable"),
    (("--newdata", "rows.csv", "--measure", "ratio"), 2, "name the variable that --measure is of"),
    (("--scale", "link"), 2, "name the variable that --scale is of"),
    (("trt", "--probability", "95"), 3, "0.95"),
    (("trt", "--values", "placebo,aspirin"), 3, "no level 'aspirin'"),
    (("trt", "--newdata", "nowhere.csv"), 4, "no such file"),
    (("trt", "--scale", "exc.prob"), 3, 'scale="at_least"'),
    (("trt", "--scale", "score"), 3, "ordered categories"),
    ((), 2, "--newdata"),
]


@pytest.mark.parametrize(("given", "code", "words"), WRONG)
def test_wrong_questions_are_answered_in_a_sentence(asked, given, code, words):
    found, out, said = asked(*given)
    assert (found, out) == (code, "") and words in said and "Traceback" not in said


def test_levels_of_a_file_are_those_of_the_data(tmp_path, monkeypatch, capsys):
    data = pd.DataFrame(
        {"y": np.arange(12.0), "g": np.repeat(["007", "7", "08"], 4), "x": np.resize([0, 1, 3], 12)}
    )
    model = gb.Model("y ~ x + (1 | g)", data)
    draws = {"beta": [[[1.0, 2.0]]], "sd_g": [[[1.0]]], "b_g": [[[[10.0], [20.0], [30.0]]]], "sigma": [[1.0]]}
    gb.Fit.from_draws(model, draws).save(tmp_path / "g.glmm")
    data.head(1).to_csv(tmp_path / "one.csv", index=False)
    given = ("--newdata", tmp_path / "one.csv", "--estimand", "subject", "--json")
    _, out, _ = run(monkeypatch, capsys, "effects", tmp_path / "g.glmm", *given)
    assert rows_of(out)["mean"].item() == 11.0


def test_what_is_printed_fits_a_terminal(asked, tmp_path):
    for given in (("trt",), ("--newdata", tmp_path / "rows.csv"), ("trt", "--measure", "ratio")):
        _, out, _ = asked(*given)
        assert max(map(len, out.split("\n"))) <= 100


def test_what_is_written_as_json_is_json(asked):
    _, out, _ = asked("trt", "--measure", "nnt", "--json")
    found = json.loads(out, parse_constant=lambda word: pytest.fail(word))
    assert found["null"] is None and len(found["rows"]) == 1
