"""Laws of do.py: which Python it takes, what it says when none fits, and whose folder it may empty."""

import os
import sys

import pytest

from tests.setup.launcher import load

posix_only = pytest.mark.skipif(os.name == "nt", reason="the stand-in interpreters are shell scripts")
DEAD = "echo 'pyenv: python3.13: command not found' >&2; exit 127"
VERSION = ".".join(str(part) for part in sys.version_info[:3])


@pytest.fixture
def launcher(monkeypatch):
    for name in ("PYTHON", "VENV", "WHEELS"):
        monkeypatch.delenv(name, raising=False)
    return load()


@pytest.fixture
def folder(tmp_path, monkeypatch, launcher):
    """Return a folder that is the whole path: no interpreter of this machine is in sight."""
    shown = tmp_path / "bin"
    shown.mkdir()
    monkeypatch.setenv("PATH", str(shown))
    monkeypatch.setattr(launcher, "FOLDERS", "")
    monkeypatch.setattr(launcher.sys, "executable", "")
    return shown


def stand_in(folder, name, body):
    """Write a shell script that plays an interpreter."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n" + body + "\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return str(folder / name)


def answers(version):
    """Return the script of an interpreter that answers the probe."""
    return f"printf '{version}\\n/real/python\\n'"


@posix_only
def test_dead_shims_are_skipped_and_do_not_hide_a_live_namesake_later_on_the_path(
    launcher, folder, monkeypatch
):
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{folder / 'later'}")
    stand_in(folder, "python3.13", DEAD)
    stand_in(folder, "python3.12", answers("3.12.4"))
    assert launcher.find_python(folder / "venv") == ("3.12.4", "/real/python")
    stand_in(folder / "later", "python3.13", answers("3.13.1"))
    assert launcher.find_python(folder / "venv") == ("3.13.1", "/real/python")
    assert launcher.find_python(folder / "venv", (3, 13)) == ("3.12.4", "/real/python")


@posix_only
def test_the_failure_lists_each_candidate_with_what_it_did(launcher, folder, monkeypatch):
    monkeypatch.setattr(launcher, "PATIENCE", 0.5)
    monkeypatch.setenv("PYTHON", stand_in(folder, "mine", "while :; do :; done"))
    stand_in(folder, "python3.13", DEAD)
    stand_in(folder, "python3.12", "echo 3.12.4; echo 'No module named ensurepip' >&2; exit 1")
    stand_in(folder, "python3", answers("3.11.2"))
    stand_in(folder, "python", answers("3.15.0"))
    with pytest.raises(launcher.SetupError) as caught:
        launcher.find_python(folder / "venv")
    status, told = caught.value.args
    lines = {line.split(" (")[0].split(":")[0].strip(): line for line in told.splitlines()[1:]}
    assert status == 3
    assert lines["$PYTHON"].endswith("gives no answer in 0.5 seconds")
    assert lines["python3.13"].endswith("does not run (pyenv: python3.13: command not found)")
    assert lines["python3.12"].endswith("3.12.4, No module named ensurepip")
    assert lines["python3.14"].endswith("not there")
    assert lines["python3"].endswith("3.11.2, too old")
    assert lines["python"].endswith("3.15.0, too new")
    assert "PYTHON=/path/to/python make demo" in told


@posix_only
def test_the_chosen_python_comes_first_unless_it_lies_in_the_environment(launcher, folder, monkeypatch):
    stand_in(folder, "python3.13", answers("3.13.0"))
    monkeypatch.setenv("PYTHON", stand_in(folder.parent / "venv", "mine", answers("3.12.7")))
    assert launcher.find_python(folder)[0] == "3.12.7"
    assert launcher.find_python(folder.parent / "venv")[0] == "3.13.0"


def test_this_interpreter_fits(launcher):
    assert launcher.judge(sys.executable)[::2] == (VERSION, "")


def test_a_foreign_folder_is_left_alone(launcher, tmp_path, monkeypatch, capsys):
    (tmp_path / "thesis.txt").touch()
    monkeypatch.setenv("VENV", str(tmp_path))
    for verb in ("setup", "clean"):
        assert launcher.main([verb]) == 4
        assert "left as it is" in capsys.readouterr().out
        assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_half_made_environment_of_ours_is_emptied_and_links_are_not_followed(launcher, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    launcher.claim(tmp_path / "venv")
    (tmp_path / "venv" / "lib" / "numpy").mkdir(parents=True)
    (tmp_path / "venv" / launcher.STAMP).touch()
    if os.name != "nt":
        (tmp_path / "venv" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    launcher.claim(tmp_path / "venv")
    assert [each.name for each in (tmp_path / "venv").iterdir()] == [launcher.MARKER]
    assert (tmp_path / "outside" / "kept").exists()


def test_the_stamp_holds_until_something_changes(launcher, tmp_path, monkeypatch):
    venv, lock, other = tmp_path / "venv", tmp_path / "dev.txt", tmp_path / "other.txt"
    lock.write_text("numpy==2.0\n", encoding="utf-8")
    other.write_text("numpy==1.0\n", encoding="utf-8")
    venv.mkdir()
    monkeypatch.setattr(launcher, "judge", lambda file, below: ("3.13.0", file, ""))
    assert not launcher.is_ready(venv, lock)
    (venv / launcher.STAMP).write_text(launcher.fingerprint(venv, lock, "3.13.0"))
    assert launcher.is_ready(venv, lock)
    assert not launcher.is_ready(venv, other)
    for verdict in (("3.13.1", "python", ""), ("3.13.0", "", "does not run")):
        monkeypatch.setattr(launcher, "judge", lambda file, below, verdict=verdict: verdict)
        assert not launcher.is_ready(venv, lock)
    monkeypatch.setattr(launcher, "judge", lambda file, below: ("3.13.0", file, ""))
    venv.rename(tmp_path / "moved")
    assert not launcher.is_ready(tmp_path / "moved", lock)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "1.2 GB is needed"),
        ("NewConnectionError\nNo matching distribution found for numpy==2.5.5", "No network"),
        ("error: Failed to fetch\n  dns error: failed to look up", "No network"),
        ("ERROR: No matching distribution found for numba==0.68.0", "No wheel of the package"),
        ("Segmentation fault", "last words are above"),
    ],
)
def test_failures_of_an_installer_are_told_in_words(launcher, tmp_path, words, told):
    assert told in launcher.explain(words, tmp_path)


def test_every_failed_part_is_named_after_all_have_run(launcher, monkeypatch, capsys):
    monkeypatch.setattr(launcher, "call", lambda venv, name, *rest: int(name in ("mypy", "python")))
    assert launcher.check(None, "-n", "1") == 1
    assert "FAILED: mypy, python -m pytest" in capsys.readouterr().out
    assert launcher.check(None) == 1
    monkeypatch.setattr(launcher, "call", lambda venv, *command: 0)
    assert launcher.check(None) == 0


def test_an_unknown_verb_prints_the_list(launcher, capsys):
    assert launcher.main(["dmeo"]) == 2
    assert "fit and report" in capsys.readouterr().out
    assert launcher.main(["--help"]) == 0


def test_the_launcher_stays_short(launcher):
    assert len((launcher.ROOT / "do.py").read_text(encoding="utf-8").splitlines()) <= 300
