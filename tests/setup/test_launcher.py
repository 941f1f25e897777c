"""Laws of do.py: which Python it takes, what it says when none fits, and whose folder it may empty."""

import importlib.util
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
posix_only = pytest.mark.skipif(os.name == "nt", reason="the stand-in interpreters are shell scripts")
MakeFile = Callable[[str, str], Path]


@pytest.fixture
def launcher() -> ModuleType:
    """Return a fresh copy of do.py as a module."""
    spec = importlib.util.spec_from_file_location("launcher", ROOT / "do.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["launcher"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launcher: ModuleType) -> Path:
    """Return a folder that is the whole path: no interpreter of this machine is in sight."""
    shown = tmp_path / "bin"
    shown.mkdir()
    monkeypatch.setenv("PATH", str(shown))
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.delenv("VENV", raising=False)
    monkeypatch.setattr(launcher, "install_folders", lambda: iter(()))
    monkeypatch.setattr(launcher.sys, "executable", "")
    return shown


def stand_in(folder: Path, name: str, body: str) -> Path:
    """Write a shell script that plays an interpreter."""
    file = folder / name
    file.write_text("#!/bin/sh\n" + body + "\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def answers(version: str, kind: str = "usual", name: str = "cpython") -> str:
    """Return the script of an interpreter that answers the probe."""
    return f"printf '{version}\\n{name}\\n64\\n{kind}\\n/real/python\\n'"


DEAD = "echo 'pyenv: python3.13: command not found' >&2; exit 127"


@posix_only
def test_a_dead_shim_is_skipped(launcher: ModuleType, folder: Path) -> None:
    stand_in(folder, "python3.13", DEAD)
    stand_in(folder, "python3.12", answers("3.12.4"))
    found = launcher.find_python(folder / "venv")
    assert (found.version, found.python) == ("3.12.4", "/real/python")


@posix_only
def test_a_dead_shim_does_not_hide_a_live_namesake_later_on_the_path(
    launcher: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = folder.parent / "later"
    later.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{later}")
    stand_in(folder, "python3.13", DEAD)
    stand_in(later, "python3.13", answers("3.13.1"))
    assert launcher.find_python(folder / "venv").version == "3.13.1"


@posix_only
def test_the_failure_lists_each_candidate_with_what_it_did(launcher: ModuleType, folder: Path) -> None:
    stand_in(folder, "python3.13", DEAD)
    stand_in(folder, "python3.12", "echo 3.12.4; echo 'No module named ensurepip' >&2; exit 1")
    stand_in(folder, "python3", answers("3.11.2"))
    stand_in(folder, "python", answers("3.15.0"))
    with pytest.raises(launcher.SetupError) as caught:
        launcher.find_python(folder / "venv")
    lines = str(caught.value).split("\n")
    told = {line.split(" (")[0].split(":")[0].strip(): line for line in lines if line.startswith("  ")}
    assert caught.value.status == 3
    assert "does not run (pyenv: python3.13: command not found)" in told["python3.13"]
    assert "3.12.4, without venv or ensurepip (No module named ensurepip)" in told["python3.12"]
    assert told["python3.14"].endswith("not on the path")
    assert told["python3"].endswith("3.11.2, too old")
    assert told["python"].endswith("3.15.0, too new")
    assert "PYTHON=/path/to/python make demo" in str(caught.value)


@posix_only
@pytest.mark.parametrize(
    "body", [answers("3.13.0", kind="free-threaded"), answers("3.12.9", name="pypy")], ids=["nogil", "pypy"]
)
def test_interpreters_without_wheels_are_refused(launcher: ModuleType, folder: Path, body: str) -> None:
    stand_in(folder, "python3", body)
    with pytest.raises(launcher.SetupError, match="usual 64-bit CPython"):
        launcher.find_python(folder / "venv")


@posix_only
def test_a_silent_candidate_is_given_up(
    launcher: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "PATIENCE", 0.2)
    stand_in(folder, "python3", "while :; do :; done")
    with pytest.raises(launcher.SetupError, match="gives no answer in"):
        launcher.find_python(folder / "venv")


@posix_only
def test_the_chosen_python_comes_first(
    launcher: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(folder, "python3.13", answers("3.13.0"))
    monkeypatch.setenv("PYTHON", str(stand_in(folder, "mine", answers("3.12.7"))))
    assert launcher.find_python(folder / "venv").version == "3.12.7"


@posix_only
def test_an_interpreter_inside_the_environment_is_never_its_base(
    launcher: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(folder, "python3.13", answers("3.13.0"))
    monkeypatch.setattr(launcher.sys, "executable", str(folder / "python3.13"))
    monkeypatch.setenv("PYTHON", str(folder / "python3.13"))
    with pytest.raises(launcher.SetupError):
        launcher.find_python(folder.parent)


def test_this_interpreter_fits(launcher: ModuleType) -> None:
    verdict = launcher.judge(launcher.Candidate("", sys.executable))
    assert (verdict.trouble, verdict.version) == ("", ".".join(str(part) for part in sys.version_info[:3]))


def test_a_foreign_environment_is_left_alone(launcher: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("home = elsewhere\n", encoding="utf-8")
    with pytest.raises(launcher.SetupError, match="set VENV=") as caught:
        launcher.build(tmp_path)
    assert caught.value.status == 4
    assert [each.name for each in tmp_path.iterdir()] == ["pyvenv.cfg"]


def test_clean_leaves_a_foreign_environment_alone(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "env"
    foreign.mkdir()
    (foreign / "thesis.txt").touch()
    monkeypatch.setenv("VENV", str(foreign))
    assert launcher.main(["clean"]) == 4
    assert (foreign / "thesis.txt").exists()
    assert "left as it is" in capsys.readouterr().out


def test_a_half_made_environment_of_ours_is_emptied(launcher: ModuleType, tmp_path: Path) -> None:
    launcher.claim(tmp_path / "venv")
    (tmp_path / "venv" / "lib" / "numpy").mkdir(parents=True)
    (tmp_path / "venv" / launcher.STAMP).touch()
    launcher.claim(tmp_path / "venv")
    assert [each.name for each in (tmp_path / "venv").iterdir()] == [launcher.MARKER]


def test_emptying_does_not_follow_links(launcher: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    launcher.claim(tmp_path / "venv")
    try:
        (tmp_path / "venv" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    launcher.claim(tmp_path / "venv")
    assert (tmp_path / "outside" / "kept").exists()


def stamped(launcher: ModuleType, venv: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Make `venv` look complete, its interpreter answering `version`."""
    venv.mkdir(exist_ok=True)
    fits = launcher.Verdict("", version, "python", "")
    monkeypatch.setattr(launcher, "judge", lambda candidate: fits)
    launcher.write_stamp(venv, version)


def test_the_stamp_holds_until_something_changes(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHON", raising=False)
    venv = tmp_path / "venv"
    assert not launcher.is_ready(venv)
    stamped(launcher, venv, monkeypatch, "3.13.0")
    assert launcher.is_ready(venv)
    other_lock = tmp_path / "dev.txt"
    other_lock.write_text("numpy==1.0\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(launcher, "LOCK", other_lock)
        assert not launcher.is_ready(venv)
    with monkeypatch.context() as patched:
        patched.setattr(launcher, "judge", lambda candidate: launcher.Verdict("", "3.13.1", "python", ""))
        assert not launcher.is_ready(venv)
    with monkeypatch.context() as patched:
        patched.setattr(launcher, "judge", lambda candidate: launcher.Verdict("", "", "", "does not run"))
        assert not launcher.is_ready(venv)
    venv.rename(tmp_path / "moved")
    assert not launcher.is_ready(tmp_path / "moved")


def test_the_stamp_covers_what_gets_installed_and_not_the_tools(launcher: ModuleType) -> None:
    text = '[project]\nname = "a"\n[project.scripts]\nrun = "a:b"\n[tool.ruff]\nline-length = 1\n'
    part = launcher.dependency_part(text)
    assert part == launcher.dependency_part(text.replace("= 1", "= 2") + "# a comment\n")
    assert part != launcher.dependency_part(text.replace("a:b", "a:c"))


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "No space"),
        ("NewConnectionError\nERROR: No matching distribution found for numpy==2.5.5", "No network"),
        ("ERROR: No matching distribution found for numba==0.68.0", "No wheel of numba==0.68.0 fits"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM.\n    lark==1.3.1 from x",
            "Hash mismatch: lark==1.3.1",
        ),
    ],
)
def test_failures_of_pip_are_told_in_words(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, told: str
) -> None:
    monkeypatch.delenv("WHEELS", raising=False)
    assert told in launcher.explain(output, tmp_path)


def test_a_folder_of_wheels_replaces_the_index(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHEELS", str(tmp_path))
    assert launcher.wheel_options()[0] == "--no-index"
    assert launcher.wheel_options()[2] == str(tmp_path)
    monkeypatch.setenv("WHEELS", str(tmp_path / "nowhere"))
    with pytest.raises(launcher.SetupError, match="is not a folder"):
        launcher.wheel_options()


def test_the_lock_keeps_a_second_run_out_and_dies_with_its_process(
    launcher: ModuleType, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('launcher', sys.argv[1])\n"
        "launcher = importlib.util.module_from_spec(spec)\n"
        "sys.modules['launcher'] = launcher\n"
        "spec.loader.exec_module(launcher)\n"
        "with launcher.alone(launcher.Path(sys.argv[2])):\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(ROOT / "do.py"), str(venv)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "locked\n"
        handle = os.open(f"{venv}.lock", os.O_RDWR)
        assert not launcher.try_lock(handle)
        holder.kill()
    assert launcher.try_lock(handle)
    os.close(handle)


def test_every_failed_part_is_named(launcher: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.conclude(["mypy", "pytest"]) == 1
    assert "FAILED: mypy, pytest" in capsys.readouterr().out
    assert launcher.conclude([]) == 0


def test_an_unknown_job_prints_the_list(launcher: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(["dmeo"]) == 2
    assert "demo" in capsys.readouterr().out
