"""Sets, peers and seeds in; one file of results out, written after each run."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.environments import WORK
from benchmarks.speed.peers import OURS, OWN, PEERS
from benchmarks.speed.quality import agreement, pooled, quality, summary
from benchmarks.speed.runs import Call, is_available, run, warm_caches
from benchmarks.speed.sets import ROOT
from benchmarks.speed.tasks import written

RESULT = ROOT / "benchmarks" / "results" / "speed.json"
FIRST_SEED, FILLING_SEED, REFERENCE_SEED = 101, 99, 98
#: Draws of a chain when a run was cut, or has too few effective draws.
FEWER, MORE = 250, 4000
REFERENCE_PEER, REFERENCE_LIMIT = "numpyro", 3600.0


class Study:
    """Measurements of one machine, and the file that holds them."""

    def __init__(self, out: Path, limit: float, caches: str, again: bool) -> None:
        self.out, self.limit, self.caches, self.again = out, limit, caches, again
        self.model = ""
        stored = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
        self.content: dict[str, Any] = {**stored, "machine": machine()}
        self.content.setdefault("runs", [])
        self.content.setdefault("missing", {})

    def measure(self, name: str, peers: list[str], seeds: int, reference: int) -> None:
        """Measure one set by all peers, then compare their posteriors."""
        before = WORK / "tasks" / name / "task.json"
        told = before.read_text(encoding="utf-8") if before.is_file() else ""
        place = written(name, WORK / "tasks")
        task = json.loads(before.read_text(encoding="utf-8"))
        if told != before.read_text(encoding="utf-8"):  # what was drawn before is of another model
            shutil.rmtree(WORK / "summaries" / name, ignore_errors=True)
            _reference_file(name).unlink(missing_ok=True)
        self.model = hashlib.sha256(before.read_bytes()).hexdigest()[:12]
        runs = self.content["runs"]
        self.content["runs"] = [one for one in runs if one["set"] != name or one["model"] == self.model]
        if reference and not _reference_file(name).is_file():
            self._draw_reference(name, place, reference)
        for peer in peers:
            why_not = PEERS[peer].why_not(task)
            if not why_not and not is_available(peer):
                why_not = "not available on this machine"
            if why_not:
                self.content["missing"][f"{name}, {peer}"] = why_not
                print(f"{name:22} {peer:15} {why_not}", flush=True)
                continue
            self.content["missing"].pop(f"{name}, {peer}", None)
            self._all_seeds(name, peer, place, task["numbers"], seeds)
        self._compare(name, task["numbers"])
        self._write()

    def _all_seeds(self, name: str, peer: str, place: Path, numbers: list[str], seeds: int) -> None:
        calls = [Call(peer, place, FIRST_SEED + i, limit=self.limit) for i in range(seeds)]
        calls = [call for call in calls if self.again or not self._found(name, peer, call.seed)]
        if calls and self.caches == "warm":
            run(replace(calls[0], seed=FILLING_SEED), warm_caches(peer))
        for call in calls:
            found, draws = self._run(call)
            if found["outcome"] == "cut":
                call = replace(call, draws=FEWER)
                found, draws = self._run(call)
            found |= _rates(found, draws, numbers)
            if not found.get("passes", True):
                longer, more = self._run(replace(call, draws=MORE))
                if longer["outcome"] == "finished":
                    found, draws = longer | _rates(longer, more, numbers), more
            self._keep(name, peer, call.seed, found, draws)

    def _run(self, call: Call) -> tuple[dict[str, Any], np.ndarray | None]:
        """Run a call with filled caches, or with caches that nothing has filled."""
        if self.caches == "warm":
            return run(call, warm_caches(call.peer))
        with tempfile.TemporaryDirectory() as folder:
            return run(call, Path(folder))

    def _keep(self, name: str, peer: str, seed: int, found: dict[str, Any], draws: np.ndarray | None) -> None:
        key = {"set": name, "peer": peer, "seed": seed, "caches": self.caches}
        self.content["runs"] = [each for each in self.content["runs"] if not _has(each, key)]
        rounded = {k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in found.items()}
        self.content["runs"].append(
            {**key, "model": self.model, **rounded, "date": datetime.date.today().isoformat()}
        )
        if draws is not None:
            file = _summary_file(name, peer, seed)
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(file, **summary(draws))
        self._write()
        print(line(self.content["runs"][-1]), flush=True)

    def _found(self, name: str, peer: str, seed: int) -> bool:
        key = {"set": name, "peer": peer, "seed": seed, "caches": self.caches}
        return any(_has(each, key) for each in self.content["runs"])

    def _draw_reference(self, name: str, place: Path, draws: int) -> None:
        call = Call(REFERENCE_PEER, place, REFERENCE_SEED, draws, limit=REFERENCE_LIMIT)
        found, drawn = run(call, warm_caches(REFERENCE_PEER))
        print(f"{name:22} reference: {found['outcome']} in {found['process_s']:.0f} s", flush=True)
        if drawn is not None:
            _reference_file(name).parent.mkdir(parents=True, exist_ok=True)
            np.savez(_reference_file(name), **summary(drawn))

    def _compare(self, name: str, numbers: list[str]) -> None:
        """Hold each run's posterior against the long reference, else against another tool's runs."""
        for one in self.content["runs"]:
            own = _read(_summary_file(name, one["peer"], one["seed"]))
            if one["set"] != name or own is None:
                continue
            against, other = self._reference_for(name, one["peer"])
            if other is not None:
                one["agreement"] = {"with": against, **agreement(own, other, numbers)}

    def _reference_for(self, name: str, peer: str) -> tuple[str, dict[str, np.ndarray] | None]:
        long = _read(_reference_file(name))
        if long is not None:
            return f"{REFERENCE_PEER}, long", long
        others = [each for each in PEERS if each not in OWN] if peer in OWN else [OURS]
        for other in others:
            files = sorted((WORK / "summaries" / name).glob(f"{other}-[0-9]*.npz"))
            if files:
                return other, pooled([found for file in files if (found := _read(file)) is not None])
        return "", None

    def _write(self) -> None:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        new = self.out.with_suffix(".new")
        new.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        shutil.move(new, self.out)


def _has(one: dict[str, Any], key: dict[str, Any]) -> bool:
    return all(one[name] == value for name, value in key.items())


def _summary_file(name: str, peer: str, seed: int) -> Path:
    return WORK / "summaries" / name / f"{peer}-{seed}.npz"


def _reference_file(name: str) -> Path:
    return WORK / "references" / f"{name}.npz"


def _read(file: Path) -> dict[str, np.ndarray] | None:
    if not file.is_file():
        return None
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def _rates(found: dict[str, Any], draws: np.ndarray | None, numbers: list[str]) -> dict[str, Any]:
    """Return the quality of draws, and what a second of the whole process gave of it."""
    if draws is None:
        return {}
    told, wall = quality(draws, numbers), found["wall_s"]
    steps = found["gradients_per_draw"]
    gradients = steps * draws.shape[0] * draws.shape[1] if steps else None
    return {
        **told,
        "bulk_per_s": told["ess_bulk"] / wall,
        "tail_per_s": told["ess_tail"] / wall,
        "bulk_per_1000_gradients": 1000 * told["ess_bulk"] / gradients if gradients else None,
    }


def machine() -> dict[str, Any]:
    """Tell the class of this machine."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.is_file() else []
    models = [each.split(":", 1)[1].strip() for each in lines if each.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def line(one: dict[str, Any]) -> str:
    """Write one run in a line."""
    start = f"{one['set']:22} {one['peer']:15} seed {one['seed']} {one['caches']}"
    if one["outcome"] != "finished":
        return f"{start}: {one['outcome']} after {one['process_s']:.0f} s  {one.get('said', '')}"
    start += f": {one['wall_s']:7.2f} s (import {one['import_s']:.2f}, CPU {one['cpu_s']:.2f})"
    if "ess_bulk" not in one:
        return start
    ess = f"ESS {one['ess_bulk']:.0f}/{one['ess_tail']:.0f}/{one['ess_sd']:.0f}"
    rates = f"{one['bulk_per_s']:.1f} bulk/s, {one['tail_per_s']:.1f} tail/s"
    gates = "passes" if one["passes"] else f"FAILS, R-hat {one['r_hat']:.3f}"
    return f"{start}, {ess}, {rates}, {one['divergences']} divergences, {gates}"
