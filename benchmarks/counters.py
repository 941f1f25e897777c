"""What sampling costs, counted and not timed: the same on every machine, but for roundings of its libraries.

``python -m benchmarks.counters`` prints the counts beside the committed ones; with ``--write`` it commits
new ones to ``benchmarks/results/counters.json``, which ``tests/benchmarks/test_counters.py`` holds. By
model, over five seeds: gradients per draw, the least effective sample size (bulk) per 1,000 gradients, bytes
of a stored draw.
"""

from __future__ import annotations

import argparse
import json
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from arviz_stats.base import array_stats

import glmm_bayes as gb
from benchmarks.speed.sets import SETS

RESULT = Path(__file__).resolve().parent / "results" / "counters.json"
SEEDS = (1, 2, 3, 4, 5)
#: Models, and how many draws a chain: all in under half a minute.
DRAWS = {"cbpp": 500, "sleepstudy": 500, "toenail_part": 500}
TUNE, CHAINS = 500, 2
#: Bars: gradients per draw within this share, effective draws at least this share.
GRADIENTS, EFFECTIVE = 0.10, 0.70


def model_of(name: str) -> gb.Model:
    """Build a set's model; of ``toenail`` on the first 80 of 294 patients."""
    if name != "toenail_part":
        return SETS[name].model()
    whole = SETS["toenail"]
    data = whole.data()
    kept = data[data["patientID"].isin(data["patientID"].unique()[:80])]
    return whole.model(kept)


def counted(name: str) -> dict[str, Any]:
    """Count what one model's sampling takes, on average over the seeds."""
    model = model_of(name)
    each, method, size = [], "", 0.0
    for seed in SEEDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gb.GlmmWarning)
            fit = model.fit(draws=DRAWS[name], tune=TUNE, chains=CHAINS, seed=seed, progress=False)
        each.append(_of_fit(fit))
        method, size = fit.settings["method"], _bytes_per_draw(fit)
    gradients, effective = np.mean(each, axis=0)
    return {
        "method": method,
        "gradients_per_draw": round(float(gradients), 3),
        "effective_per_1000_gradients": round(float(effective), 2),
        "bytes_per_draw": size,
    }


def _of_fit(fit: gb.Fit) -> tuple[float, float]:
    """Return gradients per draw, and the least effective sample size of all numbers per 1,000 of them."""
    steps = fit.draws["sample_stats"]["n_steps"].to_numpy()
    return float(steps.mean()), 1000.0 * least_effective(fit) / float(steps.sum())


def least_effective(fit: gb.Fit) -> float:
    """Return the least effective sample size of the numbers that vary."""
    drawn = [np.asarray(values) for values in fit.draws["posterior"].data_vars.values()]
    flat = np.concatenate([values.reshape(*values.shape[:2], -1) for values in drawn], axis=2)
    varying = flat[:, :, flat.std(axis=(0, 1)) > 1e-12]
    return float(array_stats.ess(varying, chain_axis=0, draw_axis=1, method="bulk").min())


def _bytes_per_draw(fit: gb.Fit) -> float:
    stored = sum(
        np.asarray(values).nbytes
        for group in ("posterior", "sample_stats")
        for values in fit.draws[group].data_vars.values()
    )
    steps = fit.draws["sample_stats"]["n_steps"]
    return stored / steps.size


def committed() -> dict[str, Any]:
    """Read the committed counts."""
    counts: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return counts


def faults(found: dict[str, Any], stated: dict[str, Any]) -> list[str]:
    """Say what of one model's counts is out of its bar."""
    result = []
    if found["method"] != stated["method"]:
        result.append(f"method {found['method']}, committed {stated['method']}")
    ratio = found["gradients_per_draw"] / stated["gradients_per_draw"]
    if abs(ratio - 1.0) > GRADIENTS:
        result.append(f"gradients per draw are {ratio:.2f} times the committed ones")
    ratio = found["effective_per_1000_gradients"] / stated["effective_per_1000_gradients"]
    if ratio < EFFECTIVE:
        result.append(f"effective draws per 1,000 gradients are {ratio:.2f} times the committed ones")
    if found["bytes_per_draw"] != stated["bytes_per_draw"]:
        result.append(f"{found['bytes_per_draw']} bytes a draw, committed {stated['bytes_per_draw']}")
    return result


def main() -> None:
    """Count, and print or commit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="commit the counts of now")
    is_written = parser.parse_args().write
    counts = {name: counted(name) for name in DRAWS}
    print(json.dumps(counts, indent=1))
    if is_written:
        versions = {name: version(name) for name in ("glmm-bayes", "numpy", "nutpie", "arviz-stats")}
        settings = {"seeds": SEEDS, "draws": DRAWS, "tune": TUNE, "chains": CHAINS}
        content = {"counts": counts, "settings": settings, "versions": versions}
        RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    else:
        stated = committed()["counts"]
        for name, found in counts.items():
            print(name, "; ".join(faults(found, stated[name])) or "within its bars")


if __name__ == "__main__":
    main()
