"""The command line does what its help says, and ends in one sentence and a documented exit code."""

import io
import json
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from unittest import mock

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes import cli
from glmm_bayes.core.errors import DataError, StorageError
from glmm_bayes.design.containers.known_files import read_known

SPEC = """
[model]
formula = "y ~ trt + (1 | subject)"
family = "poisson"

[data]
dataset = "epil"

[sampler]
draws = 100
tune = 200
chains = 2
seed = 1

[[effects]]
verb = "comparisons"
variable = "trt"
measure = "ratio"

[output]
report = "epil.html"
"""


IN_YAML = """
model:
  response: y
  family: poisson
  terms: [trt]
  groups:
    - factor: subject
data: {dataset: epil}
effects:
  - {verb: comparisons, variable: trt, measure: ratio}
  - {verb: predictions, estimand: typical, by: trt}
output: {fit: fits/epil.glmm, report: epil.html}
"""


def start(*arguments, cwd):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "glmm_bayes.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def run(*arguments, cwd):
    """Run the command line in this process, which has what it imports already."""
    out, err = io.StringIO(), io.StringIO()
    given = mock.patch.object(sys, "argv", ["glmm-bayes", *map(str, arguments)])
    with given, chdir(cwd), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
        cli.main()
    return subprocess.CompletedProcess(arguments, caught.value.code or 0, out.getvalue(), err.getvalue())


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "epil.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def test_check_prints_model_and_findings(spec, tmp_path):
    done = run("check", spec, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "poisson(log)" in done.stdout and "59 levels" in done.stdout
    document = json.loads(run("check", spec, "--json", cwd=tmp_path).stdout)
    assert document["formula"] == "y ~ trt + (1 | subject)"
    severities = [finding["severity"] for finding in document["findings"]]
    assert severities[0] == "note" and set(severities[1:]) == {"passed"}


@pytest.mark.sampling
@pytest.mark.slow
def test_fit_effects_and_report_follow_each_other(spec, tmp_path):
    done = start("fit", spec, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "89% equal-tailed interval" in " ".join(done.stdout.split())
    assert "progabide vs placebo" in done.stdout
    assert (tmp_path / "epil.glmm").is_file() and (tmp_path / "epil.html").is_file()
    again = run("fit", spec, cwd=tmp_path)
    assert again.returncode == 4 and "--overwrite" in again.stderr
    effects = run("effects", "epil.glmm", "trt", "--measure", "ratio", "--json", cwd=tmp_path)
    document = json.loads(effects.stdout)
    assert document["estimand"] == "population" and document["rows"][0]["contrast"] == "progabide vs placebo"
    assert "population-averaged" in run("effects", "epil.glmm", "trt", cwd=tmp_path).stdout
    report = run("report", "epil.glmm", "--out", "again.html", cwd=tmp_path)
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "again.html").read_text() == (tmp_path / "epil.html").read_text()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("epil", "eepil"), 3, "Did you mean 'epil'"),
        (("(1 | subject)", "(1 | subjct)"), 3, "Did you mean 'subject'"),
        (("family", "famly"), 3, "famly"),
        (("poisson", "bernoulli"), 3, "response_support"),
        (('dataset = "epil"', 'path = "epil.csv"'), 4, "no such file"),
    ],
)
def test_wrong_input_ends_in_one_sentence_and_an_exit_code(spec, tmp_path, change, code, words):
    spec.write_text(SPEC.replace(*change), encoding="utf-8")
    done = run("check", spec, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A fit made of draws from elsewhere."""
    model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    rng = np.random.default_rng(1)
    draws = {"beta": rng.normal(1, 0.1, (2, 50, 2)), "sd_subject": rng.uniform(0.5, 1, (2, 50, 1))}
    path = tmp_path_factory.mktemp("saved") / "epil.glmm"
    gb.Fit.from_draws(model, draws).save(path)
    return path


@pytest.fixture
def fitted(tmp_path, saved):
    """A spec file and, where it says, a fit of its model."""
    path = tmp_path / "epil.yaml"
    path.write_text(IN_YAML, encoding="utf-8")
    (tmp_path / "fits").mkdir()
    shutil.copy(saved, tmp_path / "fits")
    return path


def test_a_file_in_yaml_term_by_term_is_checked_like_its_formula(fitted, tmp_path):
    done = run("check", fitted, "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert document["formula"] == "y ~ trt + (1 | subject)", done.stderr
    assert {finding["severity"] for finding in document["findings"]} == {"note", "passed"}


def test_effects_of_a_spec_file_are_those_that_it_asks_for(fitted, tmp_path):
    done = run("effects", fitted, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ratio, means = json.loads(done.stdout)["effects"]
    fit = gb.load(tmp_path / "fits" / "epil.glmm")
    expected = gb.comparisons(fit, "trt", measure="ratio").summary()["mean"].tolist()
    assert [row["mean"] for row in ratio["rows"]] == pytest.approx(expected)
    assert (ratio["estimand"], ratio["measure"], means["estimand"]) == ("population", "ratio", "typical")
    assert [row["trt"] for row in means["rows"]] == ["placebo", "progabide"]
    text = run("effects", fitted, cwd=tmp_path).stdout
    assert text.index("ratio") < text.index("typical group")


def test_a_variable_on_the_command_line_is_asked_of_the_fit_that_the_file_names(fitted, tmp_path):
    by_file = run("effects", fitted, "trt", "--json", cwd=tmp_path)
    by_fit = run("effects", "fits/epil.glmm", "trt", "--json", cwd=tmp_path)
    assert json.loads(by_file.stdout) == json.loads(by_fit.stdout)


def test_the_report_of_a_spec_file_goes_where_it_says(fitted, tmp_path):
    done = run("report", fitted, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "epil.html").is_file()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("terms: [trt]", "terms: [trt, base]"), 4, "not a fit of the model that epil.yaml says now"),
        (("fits/epil.glmm", "fits/none.glmm"), 4, "none.glmm"),
        (("measure: ratio", "measure: odds_ratio"), 3, "[effects.1]"),
        (("variable: trt", "variable: trtt"), 3, "Did you mean 'trt'?"),
        (("by: trt", "by: trtt"), 3, "[effects.2]"),
    ],
)
def test_effects_that_cannot_be_computed_say_which_and_why(fitted, tmp_path, change, code, words):
    fitted.write_text(IN_YAML.replace(*change), encoding="utf-8")
    done = run("effects", fitted, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_effects_without_a_variable_or_a_file_that_asks_for_some_are_wrong_usage(spec, fitted, tmp_path):
    done = run("effects", "fits/epil.glmm", cwd=tmp_path)
    assert done.returncode == 2 and "a spec file with 'effects'" in " ".join(done.stderr.split())


def test_the_schema_is_printed_as_one_document(tmp_path):
    assert json.loads(run("schema", cwd=tmp_path).stdout) == gb.spec_schema()


def test_a_known_matrix_is_read_with_its_labels_as_text(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text(",007,NA,b\n007,1,0.5,0\nNA,0.5,1,0\nb,0,0,1\n", encoding="utf-8")
    matrix = read_known(path)
    assert matrix.index.tolist() == matrix.columns.tolist() == ["007", "NA", "b"]
    assert matrix.to_numpy().tolist() == [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]


def test_a_known_list_of_neighbours_is_two_columns_of_text(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("from,to\n1,02\n02,NA\n", encoding="utf-8")
    assert read_known(path).to_numpy().tolist() == [["1", "02"], ["02", "NA"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("k,a,b\na,1,0\nc,0,1\n", "row labels and column labels are not the same"),
        ("k,a,b\na,1,0\n", "row labels and column labels are not the same"),
        ("k,a,a\na,1,0\na,0,1\n", "row labels and column labels are not the same"),
        ("k,a,b\na,1,x\nb,0,1\n", "row a, column b is not a number"),
        ("k,a,b\na,1,0\nb,,1\n", "row b, column a is not a number"),
        ("k,a,b\na,1,0,3,4\nb,0,1\n", "w.csv"),
        ("", "w.csv"),
    ],
)
def test_a_file_that_is_no_known_matrix_is_refused(tmp_path, text, words):
    (tmp_path / "w.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="a square table with labels, or two columns") as caught:
        read_known(tmp_path / "w.csv")
    assert words in str(caught.value)


def test_a_known_matrix_that_is_not_there_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="no such file"):
        read_known(tmp_path / "none.csv")


def test_wrong_usage_ends_with_two(tmp_path):
    assert run("fitt", cwd=tmp_path).returncode == 2
    assert start("fitt", cwd=tmp_path).returncode == 2


def test_grouping_columns_of_a_csv_are_read_as_text(spec, tmp_path):
    (tmp_path / "d.csv").write_text("y,trt,subject\n1,a,007\n2,b,007\n3,a,7\n1,b,7\n", encoding="utf-8")
    spec.write_text(SPEC.replace('dataset = "epil"', 'path = "d.csv"'), encoding="utf-8")
    done = run("check", spec, cwd=tmp_path)
    assert "subject: 2 levels" in done.stdout


def test_slopes_are_asked_for_in_a_spec_file(tmp_path):
    data = gb.load_dataset("epil")
    model = gb.Model("y ~ log(base) + (1 | subject)", data, "poisson")
    fit = gb.Fit.from_draws(model, {"beta": [[[-1.0, 0.8]]], "sd_subject": [[[0.5]]]})
    fit.save(tmp_path / "epil.glmm")
    text = (
        'model: {formula: "y ~ log(base) + (1 | subject)", family: poisson}\n'
        "data: {dataset: epil}\neffects:\n  - {verb: slopes, variable: base, measure: eyex}\n"
        "output: {fit: epil.glmm}\n"
    )
    (tmp_path / "epil.yaml").write_text(text, encoding="utf-8")
    done = run("effects", "epil.yaml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (slope,) = json.loads(done.stdout)["effects"]
    assert slope["rows"][0]["mean"] == pytest.approx(0.8)
    assert slope["estimand"] == "population"


def test_version_and_exit_codes_are_told(tmp_path):
    assert run("--version", cwd=tmp_path).stdout.strip() == f"glmm-bayes {gb.__version__}"
    text = " ".join(run("--help", cwd=tmp_path).stdout.split())
    for code in (
        "0 done",
        "2 wrong usage",
        "3 wrong input",
        "4 resources",
        "5 sampling failed",
        "6 done, but",
    ):
        assert code in text


def test_an_error_is_a_json_document_where_one_is_asked_for(tmp_path, spec):
    spec.write_text(SPEC.replace('variable = "trt"', 'variable = "trtt"'), encoding="utf-8")
    done = run("check", spec, "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 3 and document["error"] == done.stderr.split()[0] == "FormulaError"
    (finding,) = document["findings"]
    assert f"[{finding['code']}] {finding['message']} {finding['hint']}" in done.stderr
    assert "Did you mean 'trt'?" in finding["hint"]
    assert run("check", spec, cwd=tmp_path).stdout == ""
