"""Fit examples of the BUGS manual under their own priors, and hold the posteriors against BUGS' own.

Run ``python benchmarks/bugs.py [names...]``: it prints a table and writes ``benchmarks/results/bugs.json``.
The sampler is left at its defaults but for the number of draws: vague priors must not freeze the chains.

Two witnesses: long runs of JAGS with the same priors (``tests/oracles/bugs.json``, by ``make_bugs.py``), and
the benchmark results published with the classic BUGS examples (``bugs_published.json``), which state their
Monte Carlo errors too. Each mean must lie within 4 Monte Carlo errors of both sides together, each sd within
5 % or 4 such errors of sds. Each chain must move (its sd at least a fifth of that of all chains together),
and R-hat be below 1.01.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from arviz_stats.base import array_stats
from bugs_cases import CASES, ORACLES

import glmm_bayes as gb
from glmm_bayes.fit.summary import parameters

RESULT = Path(__file__).resolve().parent / "results" / "bugs.json"
SEED = 20261129
AXES = {"chain_axis": 0, "draw_axis": 1}


def witnesses(name: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return what JAGS found and what was published, by quantity."""
    jags = json.loads((ORACLES / "bugs.json").read_text(encoding="utf-8"))[name]["parameters"]
    published = json.loads((ORACLES / "bugs_published.json").read_text(encoding="utf-8"))["examples"]
    return {"jags": jags, "published": {k: with_error(v) for k, v in published.get(name, {}).items()}}


def with_error(entry: dict[str, float]) -> dict[str, float]:
    """Add the Monte Carlo error of the sd: that of as many independent normal draws as the mean's tells."""
    return entry | {"mcse_sd": entry["mcse_mean"] / np.sqrt(2)}


def model_of(name: str) -> gb.Model:
    """Build one example's model."""
    case = CASES[name]
    return gb.Model(case.formula, case.data(), family=case.family, priors=case.priors)


def run(name: str) -> dict[str, Any]:
    """Fit one example and put each of its quantities beside those of the witnesses."""
    case, others = CASES[name], witnesses(name)
    started = time.perf_counter()
    model = model_of(name)
    fit = model.fit(draws=case.draws, cores=2, seed=SEED)
    seconds = time.perf_counter() - started
    draws = parameters(fit)
    quantities = {
        theirs: draws[ours] if isinstance(ours, str) else ours(draws) for theirs, ours in case.names.items()
    }
    assert set(quantities) == set(others["jags"]), set(quantities) ^ set(others["jags"])
    table = gb.summary(fit)
    return {
        "formula": case.formula,
        "family": case.family,
        "priors": {row.parameter: row.prior for row in model.priors.rows},
        "sampler": dict(fit.settings) | {"notes": None, "versions": None},
        "seconds": round(seconds, 1),
        "rows": len(case.data()),
        "max_r_hat": float(table["r_hat"].max()),
        "min_ess_bulk": float(table["ess_bulk"].min()),
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
        "least_movement": min(map(movement, draws.values())),
        "parameters": {theirs: ours_of(values) for theirs, values in quantities.items()},
    }


def ours_of(draws: Any) -> dict[str, float]:
    """Summarise the draws of one quantity."""
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "mcse_mean": float(array_stats.mcse(draws, method="mean", **AXES)),
        "mcse_sd": float(array_stats.mcse(draws, method="sd", **AXES)),
    }


def movement(draws: Any) -> float:
    """Return the smallest sd of a chain as a share of that of all chains together."""
    return float(draws.std(axis=1).min() / draws.std())


def holds(ours: dict[str, float], theirs: dict[str, float]) -> bool:
    """Tell whether a quantity agrees with a witness."""
    z_mean, z_sd = (
        (ours[key] - theirs[key]) / np.hypot(ours[f"mcse_{key}"], theirs[f"mcse_{key}"])
        for key in ("mean", "sd")
    )
    return bool(abs(z_mean) <= 4 and (abs(ours["sd"] / theirs["sd"] - 1) <= 0.05 or abs(z_sd) <= 4))


def outside(name: str, result: dict[str, Any]) -> list[str]:
    """List the quantities that do not agree, with the witness."""
    return [
        f"{witness}: {quantity}"
        for witness, entries in witnesses(name).items()
        for quantity, theirs in entries.items()
        if not holds(result["parameters"][quantity], theirs)
    ]


def verdict(name: str, result: dict[str, Any]) -> bool:
    """Tell whether an example holds."""
    return bool(result["max_r_hat"] < 1.01 and result["least_movement"] > 0.2 and not outside(name, result))


def line(name: str, result: dict[str, Any]) -> str:
    """Write one example's row of the table."""
    return (
        f"{name:15}{'holds' if verdict(name, result) else 'FAILS'}{result['seconds']:7.0f} s  "
        f"R-hat {result['max_r_hat']:.4f}  ESS {result['min_ess_bulk']:5.0f}  "
        f"divergences {result['divergences']}  {'; '.join(outside(name, result))}"
    )


def main() -> None:
    """Run the examples named on the command line, or all."""
    for name in sys.argv[1:] or list(CASES):
        found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"results": {}}
        result = run(name)
        result["sampler"] = {k: v for k, v in result["sampler"].items() if v is not None}
        libraries = ("glmm-bayes", "pymc", "nutpie", "numpy", "arviz")
        result["versions"] = {library: version(library) for library in libraries}
        found["results"][name] = result
        found["machine"] = {"machine": platform.machine(), "cores": os.cpu_count()}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(line(name, result), flush=True)


if __name__ == "__main__":
    main()
