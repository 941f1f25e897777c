"""One call of one peer in a fresh process: what it took, and where its draws are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.environments import WORK, command_of
from benchmarks.speed.peers import FOLDER, PEERS
from benchmarks.speed.sets import ROOT

#: Of a chain, unless a run was cut or is too short.
DRAWS = 1000


@dataclass(frozen=True)
class Call:
    """What a process is asked for."""

    peer: str
    task: Path
    seed: int
    draws: int = DRAWS
    chains: int = 4
    limit: float = 600.0


def is_available(name: str) -> bool:
    """Tell whether a peer can be run on this machine."""
    return bool(command_of(PEERS[name]))


def run(call: Call, caches: Path) -> tuple[dict[str, Any], np.ndarray | None]:
    """Run a call with the caches of a folder; return what is known of it, and draws unless it was cut."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        found = _process(call, caches, out)
        if found["outcome"] != "finished":
            return found, None
        told = json.loads((out / "told.json").read_text(encoding="utf-8"))
        draws = _draws(out, told)
        return {**found, **told}, draws


def _draws(out: Path, told: dict[str, Any]) -> np.ndarray | None:
    """Read draws: of Python an array, of R doubles whose shape is told."""
    if (out / "draws.npy").is_file():
        draws: np.ndarray = np.load(out / "draws.npy")
        return draws
    if (out / "draws.bin").is_file():
        return np.fromfile(out / "draws.bin").reshape(told.pop("shape"), order="F")
    return None


def _process(call: Call, caches: Path, out: Path) -> dict[str, Any]:
    """Run the process to its end or its limit; time, CPU and memory are those that the system counted."""
    peer = PEERS[call.peer]
    caches.mkdir(parents=True, exist_ok=True)
    settings = {
        "task": str(call.task),
        "out": str(out),
        "draws": call.draws,
        "chains": call.chains,
        "seed": call.seed,
        "target_accept": peer.target_accept,
        "cache": str(caches / "jax"),
    }
    command = command_of(peer)
    log = out / "log.txt"
    with log.open("wb") as stream:
        started = time.monotonic()
        words = json.dumps({**settings, "started": started})
        process = subprocess.Popen(
            [*command, str(FOLDER / peer.script), words, *peer.words],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=_environment(caches),
            start_new_session=True,
        )
        status, usage = _waited(process, started + call.limit)
    wall = time.monotonic() - started
    found = {"process_s": wall, "peak_mb": usage.ru_maxrss / 1024, "wall_s": wall}
    found |= {"cpu_s": usage.ru_utime + usage.ru_stime, "draws": call.draws, "chains": call.chains}
    if status is None:
        return {**found, "outcome": "cut"}
    if status != 0 or not (out / "told.json").is_file():
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return {**found, "outcome": "failed", "said": " / ".join(last)[-400:].replace(str(ROOT), "...")}
    return {**found, "outcome": "finished"}


def _waited(process: subprocess.Popen[bytes], until: float) -> tuple[int | None, Any]:
    """Wait for a process and those it started; after its time all of them are ended."""
    is_cut = False
    while True:
        pid, status, usage = os.wait4(process.pid, 0 if is_cut else os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return (None if is_cut else process.returncode), usage
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            is_cut = True
        time.sleep(0.005)


def _environment(caches: Path) -> dict[str, str]:
    """Return an environment whose caches are in one folder."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTENSOR_FLAGS"}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(caches / "cache"),
        "MPLCONFIGDIR": str(caches / "matplotlib"),
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "PYTENSOR_FLAGS": f"base_compiledir={caches / 'pytensor'}",
    }


def warm_caches(name: str) -> Path:
    """Return the folder of a peer's filled caches."""
    return WORK / "caches" / name
