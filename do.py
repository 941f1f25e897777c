#!/usr/bin/env python3
"""Set the project up and run it: ``python3 do.py VERB``, or ``make VERB``.

  demo       fit and report a real data set
  test       lint, types, import contracts and the tests; TIER=2 adds the slow ones; words go to pytest
  check      lint, types and import contracts alone
  setup      set up and do nothing more
  notebooks  run every notebook and stamp what they ran on
  studies    run the tests that sample for minutes to find a known truth again, and stamp that
  lowest     run the first tier on the lowest versions that pyproject.toml allows, and stamp that
  lock       resolve the ranges of pyproject.toml into locks/ (needs uv); words (--upgrade) go to uv
  clean      remove what setup made, the tools' caches and compiled files

In: a machine with some Python from 3.8 on to start this file, and one >= 3.12, < 3.15 anywhere on it.
Out: .venv with the packages of locks/dev.txt, checked by hash, and the verb's exit status.
Settings, by environment variable: PYTHON the interpreter to use, VENV the folder to install into, WHEELS a
folder of wheels for machines without a package index, UV a uv command (uv installs where it is, else pip).
"""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST, TOO_NEW, PATIENCE = (3, 12), (3, 15), 20  # versions, and seconds that a candidate may take to answer
NAMES = ("python3.13", "python3.12", "python3.14", "python3", "python")
# Where pyenv, uv, Homebrew and the installers put interpreters that may not be on the path.
FOLDERS = "~/.pyenv/versions/*/bin ~/.local/share/uv/python/*/bin /opt/homebrew/bin /usr/local/bin"
FOLDERS += " /Library/Frameworks/Python.framework/Versions/*/bin ~/AppData/Local/Programs/Python/Python3*"
MARKER, STAMP = ".made-by-do-py", ".ready"  # written first: ours to rebuild; written last: complete
NO_PYTHON, FOREIGN_FOLDER, NOT_INSTALLED = 3, 4, 5  # exit statuses

# The version is printed before the imports, so that an interpreter without venv still tells its age.
PROBE = """
import sys
print("%d.%d.%d" % sys.version_info[:3]); sys.stdout.flush()
import ensurepip, sysconfig, venv
if sys.implementation.name != "cpython" or sys.maxsize < 2**32 or sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("not the usual 64-bit CPython, for which there are wheels")
print(sys.executable)
"""

REASONS = {  # words of an installer that fails, and what they mean here
    "No space left|WinError 112": "No space: about 1.2 GB is needed, {free:.1f} GB is free at {venv}.",
    "HASHES|Hash mismatch": "Hash mismatch: the package named above is not the file of the lock. Look\n"
    "at where your packages come from (a proxy, a mirror, a cache) before you try again.",
    "onnection|imed out|Timeout|SSLError|resolve host|dns error|sending request": "No network, or no\n"
    "package index that answers. Try again with one, or give a folder of wheels: WHEELS=dir make demo",
    "No matching|no wheels": "No wheel of the package named above fits this machine ({machine}).",
    "": "The installer did not manage (its last words are above).",
}
CHECKS = ("ruff check .", "ruff format --check .", "mypy", "lint-imports --no-logo")
CACHES = ".mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis __pycache__ build dist"


class SetupError(Exception):
    """Say with which status to leave, and why the project cannot be set up here."""


def say(text: str) -> None:
    """Print plain ASCII at once, whatever the console can show."""
    print(text.encode("ascii", "backslashreplace").decode("ascii"), flush=True)


def clean_environment() -> dict[str, str]:
    """Return the environment without the variables that bend which packages Python and pip see."""
    bending = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__"}
    return {**{n: v for n, v in os.environ.items() if n not in bending}, "PYTHONIOENCODING": "utf-8"}


def candidates(venv: Path) -> list[tuple[str, str | None]]:
    """Return names and files of interpreters, best first; none inside `venv`, which may be emptied."""
    chosen, folders = os.environ.get("PYTHON"), os.environ.get("PATH", os.defpath).split(os.pathsep)
    listed = [("$PYTHON (" + chosen + ")", shutil.which(os.path.expanduser(chosen)))] if chosen else []
    listed += [("the one that runs do.py", sys.executable)] if sys.executable else []
    for name in NAMES:  # every one on the path: the first may be a dead shim before a live one
        files = [file for file in (shutil.which(name, path=folder) for folder in folders if folder) if file]
        listed += [(name, file) for file in files or [None]]
    for pattern in [folder + "/" + name for name in (*NAMES[:3], "python.exe") for folder in FOLDERS.split()]:
        listed += [(file, file) for file in sorted(glob.glob(os.path.expanduser(pattern)), reverse=True)]
    unique: dict[str, tuple[str, str | None]] = {}
    for label, file in listed:
        if file is None or venv not in Path(os.path.abspath(file)).parents:
            unique.setdefault(file or label, (label, file))
    return list(unique.values())


def judge(file: str, below: tuple[int, int] = TOO_NEW) -> tuple[str, str, str]:
    """Run a candidate; return its version, its real file and what speaks against it (empty: it fits)."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        answer = subprocess.run([file, "-c", PROBE], timeout=PATIENCE, env=clean_environment(), **pipes)
    except subprocess.TimeoutExpired:
        return "", "", f"gives no answer in {PATIENCE} seconds"
    except OSError as error:
        return "", "", "does not start (" + (error.strerror or str(error)) + ")"
    version, python = [*answer.stdout.decode("utf-8", "replace").splitlines(), "", ""][:2]
    complaint = answer.stderr.decode("utf-8", "replace").strip().splitlines() or ["without a word"]
    if not re.match(r"\d+\.\d+\.\d+$", version):
        return "", "", "is there, does not run (" + complaint[0] + ")"
    number = tuple(int(part) for part in version.split(".")[:2])
    if number < OLDEST or number >= below:
        return version, "", version + (", too old" if number < OLDEST else ", too new")
    return version, python, version + ", " + complaint[-1] if answer.returncode != 0 else ""


def find_python(venv: Path, below: tuple[int, int] = TOO_NEW) -> tuple[str, str]:
    """Return version and file of the first candidate that fits; raise SetupError if none does."""
    tried = ""
    for label, file in candidates(venv):
        version, python, trouble = judge(file, below) if file else ("", "", "not there")
        if not trouble:
            return version, python
        tried += "\n  " + label + (" (" + file + ")" if file and file not in label else "") + ": " + trouble
    message = "No Python >= 3.12, < {}.{} that works was found. Tried:{}\n"
    message += "Two ways out: install one, or name one that you have: PYTHON=/path/to/python make demo"
    raise SetupError(NO_PYTHON, message.format(*below, tried))


def script(venv: Path, name: str) -> str:
    """Return the path of a command inside `venv`."""
    return str(venv / "Scripts" / (name + ".exe")) if os.name == "nt" else str(venv / "bin" / name)


def fingerprint(venv: Path, lock: Path, version: str) -> str:
    """Return the SHA-256 of all that a finished `venv` depends on, its place on the disk with it."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.ruff]")[0]
    parts = [lock.read_text(encoding="utf-8"), project, version, str(ROOT), str(venv)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def is_ready(venv: Path, lock: Path, below: tuple[int, int] = TOO_NEW) -> bool:
    """Tell whether `venv` is complete, up to date and runs (and is of $PYTHON's version, where that fits)."""
    stamp = (venv / STAMP).read_text(errors="replace") if (venv / STAMP).is_file() else ""
    version, _, trouble = judge(script(venv, "python"), below)
    if trouble or stamp != fingerprint(venv, lock, version):
        return False
    chosen = shutil.which(os.path.expanduser(os.environ.get("PYTHON") or ""))
    wanted, _, trouble = judge(chosen, below) if chosen else (version, "", "")
    return bool(trouble) or wanted == version


def claim(venv: Path) -> None:
    """Make `venv` an empty folder that is marked as ours; raise SetupError if it is someone else's."""
    ours = venv.is_dir() and ((venv / MARKER).is_file() or not any(venv.iterdir()))
    if os.path.lexists(str(venv)) and not ours:
        message = " was not made by do.py and is left as it is.\nMove it away, or set VENV=/some/other/folder"
        raise SetupError(FOREIGN_FOLDER, str(venv) + message)
    venv.mkdir(parents=True, exist_ok=True)
    (venv / MARKER).write_text("made by do.py, which may empty this folder\n", encoding="ascii")
    for entry in [each for each in venv.iterdir() if each.name != MARKER]:
        shutil.rmtree(str(entry)) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def explain(words: str, venv: Path) -> str:
    """Say why an installation failed, from what the installer printed."""
    reason = next(meaning for pattern, meaning in REASONS.items() if re.search(pattern, words))
    free, machine = shutil.disk_usage(str(venv)).free / 1e9, sys.platform + " " + platform.machine()
    return reason.format(free=free, venv=venv, machine=machine)


def install(venv: Path, *options: str) -> None:
    """Install into `venv` with uv where it works, else with pip; raise SetupError when neither does."""
    python, uv = script(venv, "python"), shutil.which(os.environ.get("UV") or "uv")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    folder = os.environ.get("WHEELS") and Path(os.environ["WHEELS"]).expanduser().absolute().as_uri()
    where = {"NO_INDEX": "1", "FIND_LINKS": str(folder)} if folder else {}  # settings of pip and of uv
    settings = {prefix + name: where[name] for prefix in ("PIP_", "UV_") for name in where}
    for tool in [[uv, "pip", "install", "--python", python], pip] if uv else [pip]:
        command, environment = [*tool, "--quiet", *options], {**clean_environment(), **settings}
        answer = subprocess.run(command, cwd=str(ROOT), env=environment, stderr=subprocess.PIPE)
        if answer.returncode == 0:
            return
        told = answer.stderr.decode("utf-8", "replace")
        say("\n".join("  | " + line for line in told.rstrip().splitlines()[-15:]))
    raise SetupError(NOT_INSTALLED, explain(told, venv))


def make(venv: Path, python: str, lock: Path) -> None:
    """Make `venv` anew, with the packages of a lock, each checked by its hash."""
    claim(venv)
    if subprocess.call([python, "-m", "venv", "--prompt", "glmm-bayes", str(venv)], env=clean_environment()):
        raise SetupError(NOT_INSTALLED, "Making the virtual environment failed.")
    install(venv, "--require-hashes", "--only-binary", ":all:", "-r", str(lock))


def prepare(venv: Path, lock: Path, below: tuple[int, int] = TOO_NEW) -> None:
    """Make sure that `venv` is complete; costs a fraction of a second when it is."""
    if is_ready(venv, lock, below):
        return
    start, (version, python) = time.monotonic(), find_python(venv, below)
    packages = len(re.findall("^[a-z0-9].*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    say("Setting up in " + str(venv) + " with Python " + version + " at " + python)
    say(f"up to {packages} packages by hash, 1.2 GB of disk; one to two silent minutes, less with uv ...")
    make(venv, python, lock)
    install(venv, "--no-deps", "--no-build-isolation", "-e", ".")
    call(venv, "python", "-m", "glmm_bayes.precompile")
    (venv / (STAMP + ".new")).write_text(fingerprint(venv, lock, version))
    os.replace(str(venv / (STAMP + ".new")), str(venv / STAMP))
    say(f"Ready after {time.monotonic() - start:.0f} seconds. A first model may compile for some more.")


def call(venv: Path, name: str, *arguments: str) -> int:
    """Run a command of `venv` in the foreground and return its exit status."""
    environment = {**clean_environment(), "VIRTUAL_ENV": str(venv)}
    environment["PATH"] = str(Path(script(venv, "x")).parent) + os.pathsep + os.environ.get("PATH", "")
    with subprocess.Popen([script(venv, name), *arguments], env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the command got it too, and ends in its own way
            process.wait()
            raise


def check(venv: Path, *pytest: str) -> int:
    """Run lint, types, contracts and, where its arguments are given, pytest: each, also after one failed."""
    commands = [each.split() for each in CHECKS] + ([["python", "-m", "pytest", *pytest]] if pytest else [])
    failed = []
    for command in commands:
        say("== " + " ".join(command))
        failed += [" ".join(command[:3])] if call(venv, *command) != 0 else []
    say("do.py: FAILED: " + ", ".join(failed) if failed else "do.py: every part passed")
    return 1 if failed else 0


def lock_ranges(*words: str) -> int:
    """Resolve the ranges of pyproject.toml into every lock; return 1 if one of them has no solution."""
    uv = shutil.which(os.environ.get("UV") or "uv")
    if not uv:
        raise SetupError(NOT_INSTALLED, "lock needs uv: put it on the path or name it with UV=/path/to/uv")
    command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--generate-hashes", "--no-header"]
    command += ["--no-annotate", "--python-version", "3.12", "--only-binary", ":all:", "--quiet", *words]
    own = {"run": [], "dev": ["--extra", "dev", "--constraint", "locks/run.txt"]}
    own["lowest"] = ["--extra", "test", "--resolution", "lowest-direct"]
    calls = ([*command, *options, "--output-file", f"locks/{name}.txt"] for name, options in own.items())
    return int(any(subprocess.call(each, cwd=str(ROOT)) != 0 for each in calls))


def clean(*folders: Path) -> int:
    """Remove the environments (if ours), the tools' caches and compiled files."""
    for folder in folders:
        claim(folder)
        shutil.rmtree(str(folder))
    for cache in [*(ROOT / name for name in CACHES.split()), *ROOT.glob("[a-z]*/**/__pycache__")]:
        shutil.rmtree(str(cache), ignore_errors=True)
    return 0


def run(verb: str, venv: Path, words: list[str]) -> int:
    """Do what the verb says and return its exit status."""
    if words and verb not in ("demo", "test", "lock"):
        raise SetupError(2, verb + " takes no further words")
    lowest = venv.with_name(venv.name + "-lowest")
    if verb in ("lock", "clean"):
        return lock_ranges(*words) if verb == "lock" else clean(venv, lowest)
    own = (lowest, "lowest.txt", (OLDEST[0], OLDEST[1] + 1))  # of the lowest Python too
    venv, lock, below = own if verb == "lowest" else (venv, "dev.txt", TOO_NEW)
    prepare(venv, ROOT / "locks" / lock, below)
    if verb == "demo":
        return call(venv, "glmm-bayes", "demo", *words)
    os.chdir(str(ROOT))
    if verb in ("lowest", "notebooks", "studies"):
        return call(venv, "python", "-m", "tests.stamps", verb)
    if verb == "test":
        tier = "not study" if os.environ.get("TIER") == "2" else "not slow and not study"
        return check(venv, "-m", tier, "-n", str(min(2, os.cpu_count() or 1)), "--dist", "worksteal", *words)
    return check(venv) if verb == "check" else say("ready: " + script(venv, "python")) or 0


def main(words: list[str]) -> int:
    """Run the verb that is the first word and return its exit status."""
    verb, words = (words[0] if words else "--help"), list(words[1:])
    if not re.search("^  " + re.escape(verb) + " ", __doc__ or "", re.MULTILINE):
        say(__doc__ or "")
        return 0 if verb in ("-h", "--help") else 2
    try:
        venv = Path(os.path.abspath(os.path.expanduser(os.environ.get("VENV") or str(ROOT / ".venv"))))
        return run(verb, venv, words[1:] if words[:1] == ["--"] else words)
    except SetupError as error:
        say("do.py: " + error.args[1])
        return error.args[0]
    except OSError as error:
        say(f"do.py: {error}\nInstall where there is room and you may write: set VENV=/a/folder/of/yours")
        return NOT_INSTALLED
    except KeyboardInterrupt:
        say("do.py: interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
