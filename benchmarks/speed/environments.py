"""Environments of the peers: made once from their locks, in a folder that git ignores."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.speed.peers import Peer
from benchmarks.speed.sets import ROOT

#: Where everything is that a run makes, but for its results.
WORK = ROOT / "build" / "benchmarks"
LOCKS = ROOT / "locks"


def lock_of(environment: str) -> Path:
    """Return the lock of an environment."""
    return LOCKS / f"peers-{environment}.txt"


def command_of(peer: Peer) -> list[str]:
    """Return what a peer's script is run by, its environment made if it is not there; empty: not here."""
    if peer.environment == "R":
        rscript = shutil.which("Rscript")
        return [rscript] if rscript and _has_package(rscript, peer.words[0]) else []
    if not peer.environment:
        return [sys.executable]
    return [str(made(peer.environment))]


def _has_package(rscript: str, name: str) -> bool:
    words = f'quit(status = !all(c("{name}", "jsonlite") %in% rownames(installed.packages())))'
    return subprocess.run([rscript, "-e", words], capture_output=True, check=False).returncode == 0


def made(environment: str) -> Path:
    """Return the interpreter of an environment, which has the packages of its lock and no others."""
    folder, lock = WORK / "environments" / environment, lock_of(environment)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "made-from.txt"
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return python
    print(f"making the environment {environment} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    subprocess.run([*install, *options], check=True)
    subprocess.run([str(python), "-m", "compileall", "-q", str(folder)], check=False, capture_output=True)
    shutil.copyfile(lock, stamp)
    return python
