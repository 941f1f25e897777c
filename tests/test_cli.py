"""The command line does what its help says, and ends in one sentence and a documented exit code."""

import json
import subprocess
import sys

import pytest

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

[output]
report = "epil.html"
"""


def run(*arguments, cwd):
    command = [sys.executable, "-m", "glmm_bayes.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


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
    done = run("fit", spec, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "89% equal-tailed interval" in " ".join(done.stdout.split())
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
        (("trt +", "trtt +"), 3, "Did you mean 'trt'"),
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


def test_wrong_usage_ends_with_two(tmp_path):
    assert run("fitt", cwd=tmp_path).returncode == 2


def test_grouping_columns_of_a_csv_are_read_as_text(spec, tmp_path):
    (tmp_path / "d.csv").write_text("y,trt,subject\n1,a,007\n2,b,007\n3,a,7\n1,b,7\n", encoding="utf-8")
    spec.write_text(SPEC.replace('dataset = "epil"', 'path = "d.csv"'), encoding="utf-8")
    done = run("check", spec, cwd=tmp_path)
    assert "subject: 2 levels" in done.stdout
