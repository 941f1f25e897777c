#!/usr/bin/env python3
"""Set the project up and run it: ``python3 do.py demo|test|check|setup|lock|clean``.

In: a machine with some Python from 3.8 on to start this file, and one >= 3.12, < 3.15 anywhere on it.
Out: ``.venv`` with the packages of ``locks/dev.txt``, checked by hash, and the job's exit status.

Settings, all by environment variable: ``PYTHON`` the interpreter to use, ``VENV`` the folder to install
into, ``WHEELS`` a folder of wheels for machines without a package index, ``UV`` a uv command, ``TIER=2``
to let ``test`` run the slow tests too. The standard library is enough for this file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "locks" / "dev.txt"
OLDEST, TOO_NEW = (3, 12), (3, 15)
NAMES = ("python3.13", "python3.12", "python3.14", "python3", "python")
PATIENCE = 20  # seconds a candidate may take to answer
MARKER = ".made-by-do-py"  # written first: the folder is ours to rebuild
STAMP = ".ready"  # written last: the folder is complete
NO_PYTHON, FOREIGN_FOLDER, NOT_INSTALLED = 3, 4, 5  # exit statuses

NO_NETWORK = (
    "NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|timed out|"
    "Connection(?:Reset|Refused|Aborted)?Error|Could not fetch URL"
)

# The version is printed before the imports, so that an interpreter without venv still tells its age.
PROBE = """
import sys
print("%d.%d.%d" % sys.version_info[:3])
sys.stdout.flush()
import ensurepip, sysconfig, venv
print(sys.implementation.name)
print(64 if sys.maxsize > 2**32 else 32)
print("free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "usual")
print(sys.executable)
"""

CHECKS = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy",)),
    ("lint-imports", ("lint-imports", "--no-logo")),
)


class SetupError(Exception):
    """Say why the project cannot be set up here, and with which status to leave."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def say(text: str = "") -> None:
    """Print plain ASCII at once, whatever the console can show."""
    print(text.encode("ascii", "backslashreplace").decode("ascii"), flush=True)


# ---------------------------------------------------------------------------------------------
# Finding Python
# ---------------------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """An interpreter that may fit: the name to show and the file to run (None: there is no such file)."""

    label: str
    path: str | None


class Verdict(NamedTuple):
    """What a candidate did: its version, its real file and what speaks against it (empty: it fits)."""

    label: str
    version: str
    python: str
    trouble: str


def clean_environment() -> dict[str, str]:
    """Return the environment without the variables that bend which packages Python and pip see."""
    bending = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in bending}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def on_path(name: str) -> list[str]:
    """Return every file called `name` on the path: the first may be a dead shim before a live one."""
    found = []
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        file = shutil.which(name, path=folder) if folder else None
        if file and file not in found:
            found.append(file)
    return found


def install_folders() -> Iterator[Path]:
    """Yield the folders in which version managers and installers keep interpreters."""
    home = Path(os.path.expanduser("~"))
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    local, roaming = os.environ.get("LOCALAPPDATA"), os.environ.get("APPDATA")
    patterns = [
        (os.environ.get("PYENV_ROOT") or home / ".pyenv", "versions/*/bin"),
        (home / ".pyenv" / "pyenv-win", "versions/*"),
        (os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python", "*/bin"),
        (os.environ.get("MISE_DATA_DIR") or data / "mise", "installs/python/*/bin"),
        (os.environ.get("ASDF_DATA_DIR") or home / ".asdf", "installs/python/*/bin"),
        (os.environ.get("HOMEBREW_PREFIX"), "bin"),
        ("/opt/homebrew", "bin"),
        ("/usr/local", "bin"),
        ("/usr", "bin"),
        ("/Library/Frameworks/Python.framework/Versions", "3.*/bin"),
        (roaming and Path(roaming) / "uv" / "python", "*"),
        (local and Path(local) / "Programs" / "Python", "Python3*"),
        (os.environ.get("PROGRAMFILES"), "Python3*"),
    ]
    for base, pattern in patterns:
        if base and Path(base).is_dir():
            yield from sorted(Path(base).glob(pattern), reverse=True)


def candidates(venv: Path) -> Iterator[Candidate]:
    """Yield the interpreters to try, best first; none inside `venv`, which may be about to be emptied."""
    first = []
    chosen = os.environ.get("PYTHON")
    if chosen:
        first.append(Candidate("$PYTHON (" + chosen + ")", shutil.which(os.path.expanduser(chosen))))
    if sys.executable:
        first.append(Candidate("the one that runs do.py", sys.executable))
    listed = [Candidate(name, file) for name in NAMES for file in on_path(name) or [None]]
    files = ["python.exe"] if os.name == "nt" else NAMES[:3]
    folders = list(install_folders())
    kept = [Candidate("", str(folder / name)) for name in files for folder in folders]
    seen = set()
    for label, path in first + listed + [each for each in kept if os.path.isfile(each.path or "")]:
        if path is None or (path not in seen and venv not in Path(os.path.abspath(path)).parents):
            yield Candidate(label, path)
        seen.add(path)


def judge(candidate: Candidate) -> Verdict:
    """Run a candidate and tell whether it fits: being there is not yet working."""
    label, path = candidate
    if path is None:
        return Verdict(label, "", "", "not found" if label.startswith("$") else "not on the path")
    shown = label + " (" + path + ")" if label and path not in label else path
    try:
        answer = subprocess.run(
            [path, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=clean_environment(),
            cwd=str(ROOT),
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(shown, "", "", f"gives no answer in {PATIENCE} seconds")
    except OSError as error:
        return Verdict(shown, "", "", "does not start (" + (error.strerror or str(error)) + ")")
    lines = answer.stdout.decode("utf-8", "replace").split("\n")
    complaint = answer.stderr.decode("utf-8", "replace").strip().split("\n")
    return weigh(shown, [line.strip() for line in lines if line.strip()], answer.returncode, complaint)


def weigh(shown: str, lines: list[str], status: int, complaint: list[str]) -> Verdict:
    """Turn what a candidate printed into a verdict."""
    version = lines[0] if lines else ""
    if not re.match(r"\d+\.\d+\.\d+$", version):
        reason = complaint[0] or f"exit status {status}"
        return Verdict(shown, "", "", "is there, does not run (" + reason + ")")
    number = tuple(int(part) for part in version.split(".")[:2])
    if number < OLDEST:
        trouble = version + ", too old"
    elif number >= TOO_NEW:
        trouble = version + ", too new"
    elif status != 0 or len(lines) < 5:
        trouble = version + ", without venv or ensurepip (" + complaint[-1] + ")"
    elif lines[1] != "cpython" or lines[2] != "64" or lines[3] != "usual":
        trouble = "{}, {} {}-bit {}: the packages need usual 64-bit CPython".format(version, *lines[1:4])
    else:
        return Verdict(shown, version, lines[4], "")
    return Verdict(shown, version, "", trouble)


def find_python(venv: Path) -> Verdict:
    """Return the first candidate that fits; raise SetupError with what each one did if none does."""
    verdicts = []
    for candidate in candidates(venv):
        verdict = judge(candidate)
        if not verdict.trouble:
            return verdict
        verdicts.append(verdict)
    tried = "\n".join("  " + each.label + ": " + each.trouble for each in verdicts)
    raise SetupError(
        NO_PYTHON,
        "No Python >= 3.12, < 3.15 that works was found. Tried:\n" + tried + "\n"
        "Two ways out: install Python 3.12, 3.13 or 3.14, or name one that you have:\n"
        "  PYTHON=/path/to/python make demo",
    )


# ---------------------------------------------------------------------------------------------
# The folder .venv: whose it is, whether it is complete
# ---------------------------------------------------------------------------------------------


def venv_folder() -> Path:
    """Return the folder to install into: $VENV, or .venv beside this file."""
    return Path(os.path.abspath(os.path.expanduser(os.environ.get("VENV") or str(ROOT / ".venv"))))


def script(venv: Path, name: str) -> str:
    """Return the path of a command inside `venv`."""
    return str(venv / "Scripts" / (name + ".exe")) if os.name == "nt" else str(venv / "bin" / name)


def dependency_part(pyproject: str) -> str:
    """Return the sections of pyproject.toml that decide what gets installed, without comments."""
    kept, inside = [], False
    for line in pyproject.splitlines():
        header = re.match(r"\[+\s*([\w.-]+)\s*\]+\s*(#.*)?$", line)
        if header:
            inside = re.match(r"(project|build-system|tool\.hatch)(\.|$)", header.group(1)) is not None
        if inside and line.strip() and not line.lstrip().startswith("#"):
            kept.append(line.strip())
    return "\n".join(kept)


def fingerprint(venv: Path, version: str) -> str:
    """Return the SHA-256 of all that a finished `venv` depends on, its place on the disk with it."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    parts = [LOCK.read_text(encoding="utf-8"), dependency_part(pyproject), version, str(ROOT), str(venv)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def is_ready(venv: Path) -> bool:
    """Tell whether `venv` is complete, up to date and runs (and is of $PYTHON's version, where that fits)."""
    try:
        stamp = (venv / STAMP).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False
    inner = judge(Candidate("", script(venv, "python")))
    if inner.trouble or stamp != fingerprint(venv, inner.version):
        return False
    chosen = os.environ.get("PYTHON")
    wanted = judge(Candidate("$PYTHON", shutil.which(os.path.expanduser(chosen)))) if chosen else inner
    return bool(wanted.trouble) or wanted.version == inner.version


def write_stamp(venv: Path, version: str) -> None:
    """Mark `venv` as complete, all at once."""
    fresh = venv / (STAMP + ".new")
    fresh.write_text(fingerprint(venv, version) + "\n", encoding="ascii")
    os.replace(str(fresh), str(venv / STAMP))


def is_ours(venv: Path) -> bool:
    """Tell whether `venv` may be emptied: made here, empty, or not there at all."""
    if not os.path.lexists(str(venv)):
        return True
    return venv.is_dir() and ((venv / MARKER).is_file() or not any(venv.iterdir()))


def claim(venv: Path) -> None:
    """Make `venv` an empty folder that is marked as ours; raise SetupError if it is someone else's."""
    if not is_ours(venv):
        raise SetupError(
            FOREIGN_FOLDER,
            str(venv) + " was not made by do.py and is left as it is.\n"
            "Move it away, or install elsewhere: set VENV=/some/other/folder",
        )
    venv.mkdir(parents=True, exist_ok=True)
    (venv / MARKER).write_text("made by do.py, which may empty this folder\n", encoding="ascii")
    with contextlib.suppress(FileNotFoundError):
        (venv / STAMP).unlink()
    for entry in venv.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(str(entry))
        else:
            entry.unlink()


def try_lock(handle: int) -> bool:
    """Take the lock on an open file if it is free; it is let go when the process ends, however it ends."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        say("note: this file system has no locks; do not start two runs at once")
    return True


@contextlib.contextmanager
def alone(venv: Path) -> Iterator[None]:
    """Wait until no other run is setting `venv` up, and keep others waiting meanwhile."""
    venv.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(str(venv) + ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        told = False
        while not try_lock(handle):
            if not told:
                say("another run is setting up " + str(venv) + "; waiting for it")
            told = True
            time.sleep(0.3)
        yield
    finally:
        os.close(handle)  # lets the lock go on every system


# ---------------------------------------------------------------------------------------------
# Installing
# ---------------------------------------------------------------------------------------------


def package_count() -> int:
    """Return the number of packages in the lock, those of other systems among them."""
    return len(re.findall(r"^[A-Za-z0-9][\w.-]*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def wheel_options() -> list[str]:
    """Return the options that make pip or uv take wheels from $WHEELS alone, if it is set."""
    folder = os.environ.get("WHEELS")
    if not folder:
        return []
    if not Path(folder).is_dir():
        raise SetupError(NOT_INSTALLED, "WHEELS=" + folder + " is not a folder.")
    return ["--no-index", "--find" + "-links", os.path.abspath(folder)]


def run_watched(command: Sequence[str]) -> tuple[int, str]:
    """Run an installer, show how far it is now and then, and return its status and all it printed."""
    lines: list[str] = []
    collected = 0
    with subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith("Collecting "):
                collected += 1
                if collected % 25 == 0:
                    say(f"  {collected} packages fetched")
            elif line.startswith("Installing collected packages") and collected:
                say("  all fetched; copying them into place")
    return process.returncode, "".join(lines)


def explain(output: str, venv: Path) -> str:
    """Say in words why an installation failed, from what pip printed."""
    if "No space left on device" in output or "Errno 28" in output or "WinError 112" in output:
        free = shutil.disk_usage(str(venv)).free / 1e9
        return (
            f"No space: about 1.2 GB is needed, {free:.1f} GB is free at {venv}.\n"
            "If that is enough, the folder for temporary files is full: set TMPDIR=/a/folder/with/room"
        )
    if re.search(r"DO NOT MATCH THE HASHES|Hash mismatch", output):
        name = re.search(r"MATCH THE HASHES[^\n]*\n\s+(\S+)|Hash mismatch for `?([^`\s]+)", output)
        package = (name.group(1) or name.group(2)) if name else "a package"
        return (
            "Hash mismatch: " + package + " is not the file that the lock names. Nothing more is installed.\n"
            "Look at where your packages come from (a proxy, a mirror, a cache) before you try again."
        )
    missing = re.search(r"No matching distribution found for (\S+)", output)
    package = missing.group(1) if missing else "a package"
    if os.environ.get("WHEELS") and missing:
        return "The folder WHEELS=" + os.environ["WHEELS"] + " has no wheel of " + package + " that fits."
    if re.search(NO_NETWORK, output):
        return (
            "No network, or no package index that answers. Try again with a network,\n"
            "or give a folder of wheels: WHEELS=dir make demo"
        )
    if missing:
        return f"No wheel of {package} fits this machine ({sys.platform} {platform.machine()})."
    return "pip did not manage (its last words are above)."


def pip_install(venv: Path, options: Sequence[str]) -> None:
    """Run pip inside `venv`; raise SetupError in plain words when it fails."""
    pip = [script(venv, "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    status, output = run_watched(pip + wheel_options() + list(options))
    if status != 0:
        say("\n".join("  | " + line for line in output.rstrip().split("\n")[-15:]))
        raise SetupError(NOT_INSTALLED, explain(output, venv))


def find_uv() -> str | None:
    """Return a uv command that runs, or None."""
    for file in [os.environ.get("UV") or "", *on_path("uv")]:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            answer = subprocess.run([file, "--version"], capture_output=True, timeout=PATIENCE, check=False)
            if answer.returncode == 0:
                return file
    return None


def install_lock(venv: Path) -> None:
    """Install every package of the lock by its hash: with uv where it works, else with pip."""
    options = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    uv = find_uv()
    if uv:
        command = [uv, "pip", "install", "--python", script(venv, "python"), *wheel_options(), *options]
        if run_watched(command)[0] == 0:
            return
        say("  uv did not manage; going on with pip")
    pip_install(venv, options)


def build(venv: Path) -> None:
    """Make `venv` from nothing and stamp it."""
    if not is_ours(venv):
        claim(venv)  # says why not, before any work
    found = find_python(venv)
    say("Setting up in " + str(venv))
    say("  interpreter: " + found.version + " at " + found.python)
    say(f"  packages:    up to {package_count()}, each checked by its hash")
    say("  costs:       about 1.2 GB of disk; one to two minutes with pip, less with uv or a warm cache")
    start = time.monotonic()
    claim(venv)
    status, output = run_watched([found.python, "-m", "venv", "--prompt", "glmm-bayes", str(venv)])
    if status != 0:
        raise SetupError(NOT_INSTALLED, "Making the virtual environment failed:\n" + output.strip())
    install_lock(venv)
    pip_install(venv, ["--no-deps", "--no-build-isolation", "-e", "."])
    write_stamp(venv, judge(Candidate("", script(venv, "python"))).version)
    seconds = time.monotonic() - start
    say(f"Ready after {seconds:.0f} seconds. The first model compiles for some seconds more;")
    say("what is compiled is kept in the cache folders of PyTensor and Numba.")


def prepare(venv: Path) -> None:
    """Make sure that `venv` is complete; costs a fraction of a second when it is."""
    if is_ready(venv):
        return
    with alone(venv):
        if not is_ready(venv):
            build(venv)


# ---------------------------------------------------------------------------------------------
# Jobs
# ---------------------------------------------------------------------------------------------


def call(venv: Path, command: Sequence[str]) -> int:
    """Run a command of `venv` in the foreground and return its exit status."""
    environment = {**clean_environment(), "VIRTUAL_ENV": str(venv)}
    environment["PATH"] = str(Path(script(venv, "x")).parent) + os.pathsep + os.environ.get("PATH", "")
    interrupted = False
    with subprocess.Popen(command, env=environment) as process:
        while process.returncode is None:
            try:
                process.wait()
            except KeyboardInterrupt:  # the command got it too, and ends in its own way
                interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return process.returncode


def demo(venv: Path, arguments: list[str]) -> int:
    """Fit and report a real data set."""
    return call(venv, [script(venv, "glmm-bayes"), "demo", *arguments])


def run_checks(venv: Path) -> list[str]:
    """Run every static check, also after one that failed, and return the names of those that failed."""
    os.chdir(str(ROOT))
    failed = []
    for name, (tool, *options) in CHECKS:
        say("== " + name)
        if call(venv, [script(venv, tool), *options]) != 0:
            failed.append(name)
    return failed


def conclude(failed: list[str]) -> int:
    """Say which parts failed and return the exit status."""
    say("do.py: FAILED: " + ", ".join(failed) if failed else "do.py: every part passed")
    return 1 if failed else 0


def check(venv: Path, arguments: list[str]) -> int:
    """Run the static checks alone."""
    if arguments:
        raise SetupError(2, "check takes no arguments")
    return conclude(run_checks(venv))


def test(venv: Path, arguments: list[str]) -> int:
    """Run the static checks and then pytest; extra arguments go to pytest."""
    failed = run_checks(venv)
    tier = [] if os.environ.get("TIER") == "2" else ["-m", "not slow"]
    # Files stay together: their tests share models that are costly to make.
    tier += ["-n", str(min(2, os.cpu_count() or 1)), "--dist", "loadfile"]
    say("== pytest" + (" (TIER=2 adds the slow tests)" if tier else ""))
    if call(venv, [script(venv, "python"), "-m", "pytest", *tier, *arguments]) != 0:
        failed.append("pytest")
    return conclude(failed)


def setup(venv: Path, arguments: list[str]) -> int:
    """Set up and do nothing more."""
    if arguments:
        raise SetupError(2, "setup takes no arguments")
    say("ready: " + script(venv, "python"))
    return 0


def lock(venv: Path, arguments: list[str]) -> int:
    """Resolve the ranges of pyproject.toml into both locks; extra arguments (--upgrade) go to uv."""
    uv = find_uv()
    if not uv:
        raise SetupError(
            NOT_INSTALLED, "make lock needs uv: put it on the path or name it with UV=/path/to/uv"
        )
    os.chdir(str(ROOT))
    shape = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", "3.12"]
    shape += ["--only-binary", ":all:", "--quiet", *arguments]
    for target, extra in (("run", []), ("dev", ["--extra", "dev", "--constraint", "locks/run.txt"])):
        output = ["--output-file", "locks/" + target + ".txt"]
        status = subprocess.call([uv, "pip", "compile", "pyproject.toml", *shape, *extra, *output])
        if status != 0:
            return status
    return 0


def clean(venv: Path, arguments: list[str]) -> int:
    """Remove the environment (if ours), the tools' caches and compiled files."""
    with alone(venv):
        claim(venv)
        shutil.rmtree(str(venv))
    caches = [f".{tool}_cache" for tool in ("mypy", "ruff", "pytest", "import_linter")]
    caches += [".hypothesis", "build", "dist"]
    rooms = ("glmm_bayes", "tests", "benchmarks", "notebooks")
    compiled = [each for room in rooms for each in sorted((ROOT / room).rglob("__pycache__"))]
    for folder in [*(ROOT / name for name in caches), ROOT / "__pycache__", *compiled]:
        shutil.rmtree(str(folder), ignore_errors=True)
    return 0


JOBS = {"demo": demo, "test": test, "check": check, "setup": setup, "lock": lock, "clean": clean}
NEED_NO_SETUP = ("lock", "clean")


def main(words: Sequence[str]) -> int:
    """Run the job named by the first word and return its exit status."""
    name, arguments = (words[0] if words else "--help"), list(words[1:])
    if name not in JOBS:
        say(__doc__ or "")
        for each, job in JOBS.items():
            say("  " + each.ljust(7) + (job.__doc__ or "").split("\n")[0])
        return 0 if name in ("-h", "--help") and words else 2
    try:
        venv = venv_folder()
        if name not in NEED_NO_SETUP:
            prepare(venv)
        return JOBS[name](venv, arguments[1:] if arguments[:1] == ["--"] else arguments)
    except SetupError as error:
        say("do.py: " + str(error))
        return error.status
    except OSError as error:
        say("do.py: {}: {}".format(error.filename or "the system", error.strerror or error))
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
            say("Install where there is room and you may write: set VENV=/a/folder/of/yours")
        return NOT_INSTALLED
    except KeyboardInterrupt:
        say("do.py: interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
