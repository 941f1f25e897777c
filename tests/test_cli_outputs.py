"""What is cheap to check is checked before data are read; results go where they may, and draws are kept."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes import cli
from tests.names_of_files import NAMES

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
    "a new folder": ('[output]\nfit = "new/"', 4, "names a folder. Name a file in it"),
    "a new folder of the report": ('[output]\nreport = "new/."', 4, "names a folder. Name a file in it"),
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
@pytest.mark.parametrize("asked", ["draws = 1000000000", "chains = 100000", "tune = 1000000000"])
def test_what_no_machine_holds_is_refused_before_sampling(verb, asked, command, tmp_path):
    found, out, said = command(verb, f"[sampler]\n{asked}", data=EPIL)
    assert found == 4 and out == "" and "[resources]" in said and "Try " in said
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["a.toml"]


@pytest.mark.parametrize("verb", ["check", "fit"])
def test_what_no_disk_holds_is_refused_before_sampling(verb, command, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    found, out, said = command(verb, "", data=EPIL)
    assert found == 4 and out == "" and "of disk" in said


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


@pytest.mark.parametrize("seed", [-1, 2**63, 2**70])
def test_the_demo_says_first_what_is_no_seed(seed, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    found, out, said = run(monkeypatch, capsys, "demo", f"--seed={seed}")
    assert found == 3 and out == "" and "--seed" in said and "2**63 - 1" in said


@pytest.mark.parametrize(
    "asked", [("--measure", "rato"), ("--estimand", "marginal"), ("--per", "row"), ("--per", "label")]
)
def test_effects_says_first_what_no_fit_answers(asked, monkeypatch, capsys, tmp_path):
    found, _, said = run(monkeypatch, capsys, "effects", tmp_path / "none.glmm", "trt", *asked)
    assert found == 3 and asked[0].strip("-") in said and "none.glmm" not in said


@pytest.mark.parametrize("verb", ["demo", "fit", "report"])
def test_a_folder_on_the_command_line_is_no_file(verb, command, monkeypatch, capsys, tmp_path):
    saved(tmp_path / "own" / "a.glmm")
    if verb == "demo":
        found, out, said = run(monkeypatch, capsys, "demo", "--out", "new/")
    else:
        found, out, said = command(verb, "", "--out", "new/", "--force", data=EPIL)
    assert found == 4 and out == "" and "names a folder. Name a file in it" in said
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", ["q.glmm", "q.html", "a.toml"])
def test_no_report_replaces_what_it_is_made_from(source, name, command, monkeypatch, capsys, tmp_path):
    path = tmp_path / "own" / source
    if source == "a.toml":
        fit = tmp_path / "own" / "a.glmm"
        saved(fit)
        command("check", "", data=EPIL)
        targets = [NAMES[name](fit), path]
    else:
        saved(path)
        targets = [NAMES[name](path)]
    before = {each: each.read_bytes() for each in path.parent.iterdir()}
    for target in targets:
        found, out, said = run(monkeypatch, capsys, "report", path, "--out", target, "--force")
        assert found == 4 and out == "" and "[output]" in said, said
    if source == "q.html":
        assert run(monkeypatch, capsys, "report", path, "--force")[0] == 4
    assert {each: each.read_bytes() for each in path.parent.iterdir()} == before


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", ["a.toml", "d.csv"])
def test_no_fit_replaces_what_it_is_made_from(source, name, command, tmp_path):
    (tmp_path / "own" / "d.csv").write_text("y,trt,subject\n1,a,1\n2,b,1\n3,a,2\n1,b,2\n", encoding="utf-8")
    command("check", "", data='[data]\npath = "d.csv"')
    target = NAMES[name](tmp_path / "own" / source)
    for more in ("", f'[output]\nreport = "{os.path.relpath(target, tmp_path / "own")}"'):
        flags = ["--force"] if more else ["--force", "--out", target]
        found, _, said = command("fit", more, *flags, data='[data]\npath = "d.csv"')
        assert found == 4 and "would replace" in said


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
@pytest.mark.parametrize("hidden", ["\x1b[31m", "\u202e", "\x07", "\u200b"])
def test_paths_are_shown_and_not_obeyed(hidden, monkeypatch, capsys, tmp_path):
    path = tmp_path / f"{hidden}q.glmm"
    saved(path)
    for more in (
        [],
        [],
        ["--out", tmp_path / f"{hidden}.html", "--force"],
        ["--out", path],
        ["--out", f"/{hidden}/a"],
    ):
        _, out, said = run(monkeypatch, capsys, "report", path, *more)
        assert hidden not in out + said and f"<U+{ord(hidden[0]):04X}>" in out + said
    _, out, said = run(monkeypatch, capsys, f"fi{hidden}t")
    assert hidden not in out + said


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


@pytest.mark.parametrize("verb", ["fit", "effects", "report"])
def test_help_says_whose_default_level_and_kind_of_intervals_are(monkeypatch, capsys, verb):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["glmm-bayes", verb, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert (
        "ArviZ's rcParams (0.89 unless changed)" in said and "ArviZ's rcParams (eti unless changed)" in said
    )
