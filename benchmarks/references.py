"""Fit real data sets and hold the posteriors against those of Stan, and against maximum likelihood by R.

Run ``python benchmarks/references.py [names...]``: it prints a table and writes
``benchmarks/results/references.json``. Two kinds of reference, two bars.

``stan``: posteriors by brms and rstan (``tests/oracles/posteriors.json``) under the same priors on the same,
uncentred columns. Each mean must lie within 4 Monte Carlo errors of both sides together, each sd within
5 % or 4 such errors of sds. ``quadrature``: the same without Monte Carlo error on their side.

``lme4``, ``glmmTMB``, ``clmm``: maximum likelihood (``tests/oracles/maximum_likelihood.json``,
``insteval.json``) with weak priors: each coefficient's posterior mean must lie within 0.25 posterior sd of
the estimate, thresholds included, and the 95 % equal-tailed interval of each standard deviation, correlation
and dispersion must hold it, unless the estimate is 0 (``at_zero`` of its case).

``reference_cases.py`` has the models, with their priors and names.

A model also has to converge: R-hat below 1.01 and no divergence. Where a first run did not, or left the Monte
Carlo error large, its case has more draws or a smaller step; the seed is the same for all.
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
from reference_cases import CASES, ORACLES

import glmm_bayes as gb
from glmm_bayes.fit.summary import parameters

RESULT = Path(__file__).resolve().parent / "results" / "references.json"
SEED = 20261123
TUNE, CHAINS = 1000, 4
#: Kinds of reference that are posteriors under the same priors.
POSTERIORS = ("stan", "quadrature")
#: Our names of coefficients: linear predictors, and the thresholds in the place of an intercept.
COEFFICIENTS = ("beta[", "zi_beta[", "hu_beta[", "thresholds[")


def reference_of(name: str) -> dict[str, Any]:
    """Read what the other software found."""
    if CASES[name].kind in POSTERIORS:
        return _read("posteriors.json")[name]  # type: ignore[no-any-return]
    return (_read("maximum_likelihood.json") | _read("insteval.json"))[name]  # type: ignore[no-any-return]


def _read(name: str) -> dict[str, Any]:
    return json.loads((ORACLES / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def model_of(name: str) -> gb.Model:
    """Build one case's model."""
    case = CASES[name]
    return gb.Model(
        case.formula,
        case.data(),
        family=case.family,
        link=case.link,
        priors=dict(case.priors),
        known=case.known(),
    )


def run(name: str) -> dict[str, Any]:
    """Fit one case and put each of the reference's parameters beside ours."""
    case, reference = CASES[name], reference_of(name)
    started = time.perf_counter()
    model = model_of(name)
    fit = model.fit(
        draws=case.draws, tune=TUNE, chains=CHAINS, cores=2, seed=SEED, target_accept=case.target_accept
    )
    seconds = time.perf_counter() - started
    table, draws = gb.summary(fit), parameters(fit)
    theirs = reference["parameters" if case.kind in POSTERIORS else "estimates"]
    assert set(theirs) == set(case.names), set(theirs) ^ set(case.names)
    assert set(case.names.values()) == set(table.index), set(case.names.values()) ^ set(table.index)
    compare = _with_posterior if case.kind in POSTERIORS else _with_estimate
    return {
        "kind": case.kind,
        **_words(case.formula),
        "family": case.family,
        "link": model.spec.link,
        "priors": {parameter: str(prior) for parameter, prior in case.priors.items()}
        | {row.parameter: row.prior for row in model.priors.rows if row.source == "default"},
        "reference": {
            key: reference[key]
            for key in ("formula", "ziformula", "call", "family", "link", "method", "software")
            if key in reference
        },
        "sampler": {
            "engine": "nutpie",
            "chains": CHAINS,
            "tune": TUNE,
            "draws": case.draws,
            "target_accept": case.target_accept,
            "seed": SEED,
        },
        "seconds": round(seconds, 1),
        "rows": len(case.data()),
        "max_r_hat": float(table["r_hat"].max()),
        "min_ess_bulk": float(table["ess_bulk"].min()),
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
        "parameters": {
            ours: {"reference": key} | _ours(draws[ours]) | compare(draws[ours], theirs[key])
            for key, ours in case.names.items()
        },
        "at_zero": list(case.at_zero),
    }


def _words(formula: str | gb.Formula) -> dict[str, str]:
    """Write the formulas of a model."""
    if isinstance(formula, str):
        return {"formula": formula}
    return {"formula": formula.text} | {name: str(text) for name, text in formula.further.items()}


def _ours(draws: np.ndarray) -> dict[str, float]:
    axes = {"chain_axis": 0, "draw_axis": 1}
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "mcse_mean": float(array_stats.mcse(draws, method="mean", **axes)),
        "mcse_sd": float(array_stats.mcse(draws, method="sd", **axes)),
    }


def _with_posterior(draws: np.ndarray, theirs: dict[str, float]) -> dict[str, float]:
    ours = _ours(draws)
    return {
        **{f"reference_{key}": theirs[key] for key in ("mean", "sd", "mcse_mean", "mcse_sd")},
        "z_mean": (ours["mean"] - theirs["mean"]) / float(np.hypot(ours["mcse_mean"], theirs["mcse_mean"])),
        "z_sd": (ours["sd"] - theirs["sd"]) / float(np.hypot(ours["mcse_sd"], theirs["mcse_sd"])),
        "sd_ratio": ours["sd"] / theirs["sd"],
    }


def _with_estimate(draws: np.ndarray, estimate: float) -> dict[str, float]:
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return {
        "estimate": estimate,
        "lower": float(lower),
        "upper": float(upper),
        "gap_in_sd": float((draws.mean() - estimate) / draws.std(ddof=1)),
    }


def holds(parameter: str, found: dict[str, Any]) -> bool:
    """Tell whether one parameter lies within its bar."""
    if "estimate" not in found:
        same_sd = abs(found["sd_ratio"] - 1) <= 0.05 or abs(found["z_sd"]) <= 4
        return bool(abs(found["z_mean"]) <= 4 and same_sd)
    if parameter.startswith(COEFFICIENTS):
        return bool(abs(found["gap_in_sd"]) <= 0.25)
    return bool(found["lower"] <= found["estimate"] <= found["upper"])


def outside(result: dict[str, Any]) -> list[str]:
    """List the parameters that are out of their bar."""
    found = result["parameters"].items()
    return [name for name, each in found if name not in result["at_zero"] and not holds(name, each)]


def verdict(result: dict[str, Any]) -> bool:
    """Tell whether a model holds: convergence and each parameter."""
    return bool(result["max_r_hat"] < 1.01 and result["divergences"] == 0 and not outside(result))


def line(name: str, result: dict[str, Any]) -> str:
    """Write one model's row of the table."""
    found = result["parameters"].values()
    if result["kind"] in POSTERIORS:
        worst = f"largest |z| of means {max(abs(entry['z_mean']) for entry in found):.2f}, " + (
            f"of sds {max(abs(entry['z_sd']) for entry in found):.2f}, "
            f"sd ratios {min(e['sd_ratio'] for e in found):.3f} to {max(e['sd_ratio'] for e in found):.3f}"
        )
    else:
        gaps = [abs(e["gap_in_sd"]) for p, e in result["parameters"].items() if p.startswith(COEFFICIENTS)]
        worst = f"largest gap of coefficients {max(gaps):.3f} sd"
    found_in_all = "holds" if verdict(result) else "FAILS"
    return (
        f"{name:20}{result['kind']:10} {found_in_all}{result['seconds']:6.0f} s  "
        f"R-hat {result['max_r_hat']:.4f}  ESS {result['min_ess_bulk']:5.0f}  "
        f"divergences {result['divergences']}  {worst}  {' '.join(outside(result))}"
    )


def main() -> None:
    """Run the cases named on the command line, or all."""
    for name in sys.argv[1:] or list(CASES):
        found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"results": {}}
        result = run(name)
        libraries = ("glmm-bayes", "pymc", "nutpie", "numpy", "arviz")
        result["versions"] = {library: version(library) for library in libraries}
        found["results"][name] = result
        found["machine"] = {"machine": platform.machine(), "cores": os.cpu_count()}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(line(name, result), flush=True)


if __name__ == "__main__":
    main()
