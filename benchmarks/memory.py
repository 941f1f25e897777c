"""What a fit takes of memory, beside what is estimated before it is compiled.

    python benchmarks/memory.py [--case NAME] [--estimates]

Each model is fitted in a fresh process whose resident memory is sampled; what is told is the peak above the
process with the model in it, importing and compiling included. Draws are few where rows are many: the
sampler's time is no part of this. With ``--estimates`` nothing is fitted: the estimates are made anew beside
what was measured. Results go to ``results/memory.json``.
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
import warnings
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "memory.json"
SEED = 20250612
#: Rows, levels, formula, family, and the arguments of ``fit``.
CASES: dict[str, tuple[int, int, str, str, dict]] = {
    "50 rows": (50, 5, "y ~ x", "gaussian", {"draws": 1000, "tune": 500, "chains": 4}),
    "2,000 rows": (2_000, 200, "k ~ x + (1 | g)", "poisson", {"draws": 1000, "tune": 300, "chains": 2}),
    "20,000 rows": (20_000, 1_000, "y ~ x + (1 | g)", "gaussian", {"draws": 400, "tune": 200, "chains": 2}),
    "100,000 rows": (
        100_000,
        10_000,
        "y ~ x + (1 + x | g)",
        "gaussian",
        {"draws": 150, "tune": 50, "chains": 2},
    ),
    "1,000,000 rows": (
        1_000_000,
        100_000,
        "y ~ x + (1 | g)",
        "gaussian",
        {"draws": 4, "tune": 2, "chains": 2},
    ),
}
#: Spread of the levels' effects. Small in the largest model: draws of it then take minutes, not hours.
SPREAD = {"1,000,000 rows": 0.01}
_SAMPLE_SECONDS = 0.005


def frame(rows: int, levels: int, spread: float):
    """Rows in random order; each level has the same number of them."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(SEED)
    g = rng.permutation(np.resize(np.arange(levels), rows))
    x, b = rng.normal(size=rows), rng.normal(0, spread, levels)
    eta = 0.3 * x + b[g]
    return pd.DataFrame({"y": eta + rng.normal(size=rows), "k": rng.poisson(np.exp(eta)), "x": x, "g": g})


def estimated(case: str) -> tuple[Any, dict, float]:
    """Make a model; return it, the arguments of its fit, and the estimate in megabytes."""
    import glmm_bayes as gb
    from glmm_bayes.fit.settings import Settings
    from glmm_bayes.sampling.resources import estimate

    rows, levels, formula, family, arguments = CASES[case]
    model = gb.Model(formula, frame(rows, levels, SPREAD.get(case, 0.5)), family=family)
    arguments = {**arguments, "cores": 2, "seed": SEED}
    told = estimate(model.definition, Settings(**arguments)).total
    return model, arguments, round(told / 1e6, 1)


def measure(case: str) -> dict:
    """Fit one model in this process and sample its memory."""
    import psutil

    warnings.simplefilter("ignore")
    rows, levels, formula, family, _ = CASES[case]
    model, arguments, told = estimated(case)
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
    fit = model.fit(**arguments)
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return {
        "case": case,
        "rows": rows,
        "levels": levels,
        "formula": formula,
        "family": family,
        "fit": arguments,
        "shape": list(fit.shape),
        "seconds": round(seconds, 1),
        "measured_mb": round((peak - before) / 1e6, 1),
        "estimated_mb": told,
    }


def fresh(case: str) -> dict:
    """Measure in a process of its own."""
    root = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, __file__, "--case", case, "--here"]
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--here", action="store_true", help="in this process, nothing is written")
    parser.add_argument("--estimates", action="store_true", help="estimate anew, fit nothing")
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(measure(asked.case)))
        return
    # What a run does not measure stays as it was measured last.
    known = json.loads(RESULTS.read_text(encoding="utf-8"))["results"] if RESULTS.exists() else []
    results = {result["case"]: result for result in known}
    for case in [asked.case] if asked.case else CASES:
        result = {**results[case], "estimated_mb": estimated(case)[2]} if asked.estimates else fresh(case)
        results[case] = result
        ratio = result["estimated_mb"] / result["measured_mb"]
        told = f"{result['measured_mb']:>9.0f} MB, estimated {result['estimated_mb']:>9.0f} ({ratio:.2f})"
        print(f"{case:<16}{told}", flush=True)
        write(results)


def write(results: dict[str, dict]) -> None:
    """Write what is known, after every case."""
    from design import machine, versions

    document = {
        "seed": SEED,
        "machine": machine(),
        "python": platform.python_version(),
        "versions": versions("glmm-bayes", "pymc", "pytensor", "nutpie", "numpy"),
        "results": [results[case] for case in CASES if case in results],
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
