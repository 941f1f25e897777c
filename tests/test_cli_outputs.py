"""What is cheap to check is checked before data are read; results go where they may, and draws are kept."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes import cli

MODEL = """
[model]
formula = "y ~ trt + (1 | subject)"
family = "poisson"
{data}
{more}
"""
#: No file of this name is there: who complains of it has looked for data.
NO_DATA = '[data]\npath = "none.csv"'
EPIL = '[data]\ndataset = "epil"'


def run(monkeypatch, capsys, *arguments):
    """Run the command line in this process; return its exit code and what it said."""
    monkeypatch.setattr(sys, "argv", ["glmm-bayes", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    said = capsys.readouterr()
    return caught.value.code or 0, said.out, said.err


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Write a spec file in a folder of its own and run a command on it."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)

    def act(verb, more, *arguments, data=NO_DATA):
        spec = folder / "a.toml"
        spec.write_text(MODEL.format(data=data, more=more), encoding="utf-8")
        return run(monkeypatch, capsys, verb, spec, *arguments)

    return act


CHEAP = {
    "no folder of the fit": ('[output]\nfit = "none/a.glmm"', 4, "there is no folder"),
    "no folder of the report": ('[output]\nreport = "none/a.html"', 4, "there is no folder"),
    "a folder": ('[output]\nfit = "."', 4, "is a folder"),
    "long": (f'[output]\nreport = "{"x" * 300}.html"', 4, "no path of a file"),
    "the spec itself": ('[output]\nreport = "a.toml"', 4, "would replace the spec file"),
    "the data": ('[output]\nfit = "none.csv"', 4, "would replace the data"),
    "one file twice": ('[output]\nfit = "a"\nreport = "./a"', 4, "are one file"),
    "outside by dots": ('[output]\nreport = "../a.html"', 4, "leads out of the folder"),
    "outside by a whole path": ('[output]\nfit = "/elsewhere/a.glmm"', 4, "leads out of the folder"),
    "engine": ('[sampler]\nengine = "stan"', 3, "no engine 'stan'"),
    "seed": ("[sampler]\nseed = -1", 3, "seed"),
    "cores": ("[sampler]\ncores = 0", 3, "cores"),
    "target_accept": ("[sampler]\ntarget_accept = 1.5", 3, "target_accept"),
    "draws": ("[sampler]\ndraws = 0", 3, "draws"),
    "a variable": ('[[effects]]\nverb = "comparisons"\nvariable = "trtt"', 3, "Did you mean 'trt'"),
    "a measure": ('[[effects]]\nverb = "comparisons"\nvariable = "trt"\nmeasure = "rato"', 3, "[effects.1]"),
    "a slope": ('[[effects]]\nverb = "slopes"\nvariable = "trt"\nmeasure = "dyd"', 3, "measure"),
    "by": ('[[effects]]\nverb = "predictions"\nby = "trtt"', 3, "Did you mean 'trt'"),
    "by several": ('[[effects]]\nverb = "predictions"\nby = ["trt", "base"]', 3, "no column 'base'"),
    "by itself": ('[[effects]]\nverb = "comparisons"\nvariable = "trt"\nby = "trt"', 3, "what is compared"),
    "an estimand": ('[[effects]]\nverb = "predictions"\nestimand = "marginal"', 3, "no estimand"),
    "a factor": ('[[effects]]\nverb = "predictions"\nestimand = {site = "typical"}', 3, "Factors: subject"),
}


@pytest.mark.parametrize("verb", ["check", "fit"])
@pytest.mark.parametrize("kind", CHEAP)
def test_what_is_cheap_is_found_before_data_are_read(verb, kind, command):
    more, code, words = CHEAP[kind]
    found, _, said = command(verb, more)
    assert (found, words in " ".join(said.split())) == (code, True), said
    assert "Traceback" not in said and "cannot be read" not in said


@pytest.mark.parametrize("verb", ["check", "fit"])
def test_only_then_are_data_looked_for(verb, command):
    found, _, said = command(verb, '[output]\nfit = "a.glmm"\nreport = "a.html"')
    assert found == 4 and "none.csv" in said


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
@pytest.mark.parametrize("is_dangling", [True, False])
@pytest.mark.parametrize("verb", ["check", "fit", "report"])
def test_results_do_not_leave_the_folder_by_a_link(verb, is_dangling, command, tmp_path):
    (tmp_path / "other").mkdir()
    if not is_dangling:
        (tmp_path / "other" / "a.html").write_text("mine")
    (tmp_path / "own" / "way").symlink_to(tmp_path / "other")
    (tmp_path / "own" / "b.html").symlink_to(tmp_path / "other" / "a.html")
    for path in ("way/a.html", "b.html", "way/../way/a.html"):
        found, _, said = command(verb, f'[output]\nreport = "{path}"')
        assert found == 4 and "output_outside" in said, said
    assert is_dangling or (tmp_path / "other" / "a.html").read_text() == "mine"


def test_results_leave_the_folder_where_the_user_says_so(command, tmp_path):
    (tmp_path / "other").mkdir()
    found, _, said = command("fit", '[output]\nreport = "../other/a.html"', "--allow-outside")
    assert found == 4 and "none.csv" in said
    # What the user names on the command line goes where it says.
    found, _, said = command("fit", "", "--out", tmp_path / "other" / "a.glmm")
    assert found == 4 and "none.csv" in said


@pytest.mark.parametrize("verb", ["check", "fit", "report"])
def test_a_file_that_is_no_report_of_ours_is_not_replaced(verb, command, tmp_path):
    victim = tmp_path / "own" / "victim.conf"
    victim.write_text("mine")
    found, _, said = command(verb, '[output]\nreport = "victim.conf"', data=EPIL)
    assert found == 4 and "[exists]" in said and victim.read_text() == "mine"
    assert verb == "check" or "--overwrite" in said


def saved(path):
    model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    draws = {"beta": np.ones((1, 4, 2)), "sd_subject": np.ones((1, 4, 1))}
    fit = gb.Fit.from_draws(model, draws)
    fit.save(path)
    return fit


def test_a_report_of_ours_is_replaced_and_others_by_force(command, tmp_path):
    saved(tmp_path / "own" / "a.glmm")
    report = tmp_path / "own" / "a.html"
    more = '[output]\nreport = "a.html"'
    assert command("report", more, data=EPIL)[0] == 0
    first = report.read_bytes()
    assert command("report", more, data=EPIL)[0] == 0 and report.read_bytes() == first
    report.write_text("mine")
    assert command("report", more, data=EPIL)[0] == 4 and report.read_text() == "mine"
    assert command("report", more, "--force", data=EPIL)[0] == 0 and report.read_bytes() == first


def test_a_fit_that_is_there_is_found_by_fit_and_no_fault_to_check(command, tmp_path):
    saved(tmp_path / "own" / "a.glmm")
    found, _, said = command("fit", "")
    assert found == 4 and "[exists]" in said and "--overwrite" in said
    found, out, said = command("check", "", "--json", data=EPIL)
    assert found == 0 and json.loads(out)["formula"], said


def test_the_demo_says_first_where_it_cannot_write(monkeypatch, capsys, tmp_path):
    (tmp_path / "mine.html").write_text("mine")
    for path, word in (("none/a.html", "no folder"), ("mine.html", "[exists]")):
        found, out, said = run(monkeypatch, capsys, "demo", "--out", tmp_path / path)
        assert found == 4 and word in said and out == ""


@pytest.mark.parametrize("fault", ["no folder", "taken"])
def test_draws_outlive_a_path_that_fails_after_sampling(fault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit, target = saved(tmp_path / "one.glmm"), tmp_path / "gone" / "two.glmm"
    if fault == "taken":
        target = tmp_path / "two.glmm"
        target.write_text("somebody else's")
    with pytest.raises(gb.StorageError) as caught:
        cli._save(fit, target, overwrite=False)
    (kept,) = (Path(f.message.split(": ")[1].rstrip(".")) for f in caught.value.findings if f.code == "kept")
    assert gb.load(kept).draws.identical(fit.draws) and kept.parent == tmp_path
