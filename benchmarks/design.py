"""Time and peak memory of a design with many rows and groups, and the same for Bambi.

    python benchmarks/design.py [--rows 1000000] [--groups 100000]

Each case runs in a fresh process whose resident memory is sampled; what is told is the peak above the
process with the data frame in it. PEER_PYTHON names an interpreter that has Bambi and psutil; without it
only our own design is measured. The peer may take 12 GB of address space and five minutes for a size.
Results go to ``results/design.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "design.json"
FORMULA = "y ~ x + (1 + x | g)"
SEED = 20240501
#: Rows and groups that the peer is asked for, one after the other, until one fails.
PEER_SIZES = [(10_000, 1_000), (20_000, 2_000), (50_000, 5_000), (100_000, 10_000), (200_000, 20_000)]
PEER_SECONDS = 300
#: Address space of the peer's process, so that it fails by itself and not with the machine.
PEER_BYTES = 12 * 10**9
_SAMPLE_SECONDS = 0.002


def frame(rows: int, groups: int):
    """Rows in random order; each group has the same number of them."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(SEED)
    g = rng.permutation(np.resize(np.arange(groups), rows))
    return pd.DataFrame({"y": rng.normal(size=rows), "x": rng.normal(size=rows), "g": g})


def ours(data) -> tuple[int, int]:
    """Build our design; return its rows and the levels of its group."""
    from glmm_bayes.core.errors import DataError, Findings
    from glmm_bayes.design.design import build_design
    from glmm_bayes.design.table import read_table
    from glmm_bayes.spec.model_spec import ModelSpec

    spec = ModelSpec.from_formula(FORMULA)
    findings = Findings(DataError)
    design = build_design(spec.mean, read_table(data, spec.names(), findings, spec.text), findings)
    return len(design), len(design.groups[0].levels)


def bambi(data) -> tuple[int, int]:
    """Build Bambi's design (no PyMC model)."""
    import bambi

    data = data.assign(g=data["g"].astype("category"))
    bambi.Model(FORMULA, data)
    return len(data), data["g"].nunique()


CASES: dict[str, Callable] = {"glmm_bayes": ours, "bambi": bambi}


def measure(case: str, rows: int, groups: int) -> dict:
    """Run one case in this process and sample its memory."""
    import psutil

    if case != "glmm_bayes":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (PEER_BYTES, PEER_BYTES))
    data = frame(rows, groups)
    # What a first call imports is no part of the design.
    CASES[case](frame(200, 20))
    process = psutil.Process()
    before = peak = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(_SAMPLE_SECONDS):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    size = CASES[case](data)
    seconds = time.perf_counter() - start
    peak = max(peak, process.memory_info().rss)
    done.set()
    watcher.join()
    assert size == (rows, groups)
    return {
        "rows": rows,
        "groups": groups,
        "seconds": round(seconds, 3),
        "peak_mb": round((peak - before) / 1e6, 1),
        "versions": versions(
            "numpy", "pandas", "glmm-bayes" if case == "glmm_bayes" else "bambi", "formulae"
        ),
        "python": platform.python_version(),
    }


def versions(*names: str) -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def fresh(python: str, case: str, rows: int, groups: int) -> dict:
    """Measure in a process of its own; a failure is a result too."""
    command = [python, __file__, "--case", case, "--rows", str(rows), "--groups", str(groups)]
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PEER_SECONDS, env=environment)
    except subprocess.TimeoutExpired:
        return {"rows": rows, "groups": groups, "failed": f"no result after {PEER_SECONDS} s"}
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"ended by signal {-done.returncode}"])[-1]
        return {"rows": rows, "groups": groups, "failed": reason[:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def machine() -> dict:
    """Return the class of the machine, not its name."""
    import psutil

    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "machine": platform.machine(),
        "system": platform.system(),
    }


def show(case: str, result: dict) -> None:
    """Print one line."""
    size = f"{case:<12}{result['rows']:>10,} rows {result['groups']:>8,} groups"
    if "failed" in result:
        print(f"{size}   failed: {result['failed']}")
    else:
        print(f"{size} {result['seconds']:>8.2f} s {result['peak_mb']:>9.1f} MB above the data frame")


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--case", choices=CASES)
    asked = parser.parse_args()
    if asked.case:
        print(json.dumps(measure(asked.case, asked.rows, asked.groups)))
        return
    # What a run does not measure stays as it was measured last.
    earlier = json.loads(RESULTS.read_text(encoding="utf-8"))["results"] if RESULTS.exists() else {}
    results: dict[str, list[dict]] = {
        "glmm_bayes": [fresh(sys.executable, "glmm_bayes", asked.rows, asked.groups)]
    }
    show("glmm_bayes", results["glmm_bayes"][0])
    peer = os.environ.get("PEER_PYTHON")
    for rows, groups in PEER_SIZES if peer else []:
        result = fresh(str(peer), "bambi", rows, groups)
        results.setdefault("bambi", []).append(result)
        show("bambi", result)
        if "failed" in result:
            break
    document = {
        "formula": FORMULA,
        "seed": SEED,
        "machine": machine(),
        "peer_limit": {"bytes": PEER_BYTES, "seconds": PEER_SECONDS},
        "results": earlier | results,
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
