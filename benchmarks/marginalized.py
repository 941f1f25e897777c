"""Do models of ``interpretation="population"`` agree with GEE, and recover known population coefficients?

Two real data sets beside GEE with an exchangeable working correlation (statsmodels): every posterior mean
must lie within 0.05 of it. One simulated data set, made by NumPy and SciPy's quadrature alone, with random
intercepts and slopes: every true population coefficient must lie in the 99 % interval, and those of the
usual model, which are subject-specific, must not. Usage: python benchmarks/marginalized.py
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
import pandas as pd
from scipy import optimize, special

import glmm_bayes as gb

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks/results/marginalized.json"
DATA = ROOT / "tests/oracles/data"
SEED = 20261123
SETTINGS = {"draws": 2000, "tune": 1000, "chains": 4, "seed": SEED}
#: The simulated truth: population log odds ratios, sds and correlation of intercepts and slopes.
TRUTH = {"Intercept": -1.0, "x": 0.8, "treated": 0.6, "x:treated": -0.5}
SDS, CORRELATION = np.array([2.0, 1.0]), 0.3
GROUPS, TIMES = 600, np.array([-1.5, -0.75, 0.0, 0.75, 1.5])


def ohio() -> tuple[str, pd.DataFrame]:
    return "resp ~ age + smoke + age:smoke + (1 | id)", pd.read_csv(DATA / "ohio.csv")


def respiratory() -> tuple[str, pd.DataFrame]:
    data = pd.read_csv(DATA / "geepack_respiratory.csv.gz")
    return "outcome ~ center + treat + sex + age + baseline + (1 | subject)", data


def simulated() -> tuple[str, pd.DataFrame]:
    """Draw outcomes whose population means follow the formula, independently of the package."""
    rng = np.random.default_rng(SEED)
    covariance = np.outer(SDS, SDS) * np.array([[1.0, CORRELATION], [CORRELATION, 1.0]])
    b = rng.multivariate_normal(np.zeros(2), covariance, GROUPS)
    treated = np.repeat([0, 1], GROUPS // 2)
    rows = []
    for arm in (0, 1):
        for x in TIMES:
            eta = np.array(list(TRUTH.values())) @ [1.0, x, arm, x * arm]
            z = np.array([1.0, x])
            delta = _conditional(eta, float(np.sqrt(z @ covariance @ z)))
            own = np.flatnonzero(treated == arm)
            p = special.expit(delta + b[own] @ z)
            rows.append(pd.DataFrame({"g": own, "x": x, "treated": arm, "y": rng.random(len(own)) < p}))
    data = pd.concat(rows, ignore_index=True)
    return "y ~ x * treated + (1 + x | g)", data.assign(y=data["y"].astype(int), g=data["g"].astype(str))


def _conditional(eta: float, sd: float) -> float:
    """Solve for the conditional predictor by Gauss-Hermite quadrature with 400 nodes."""
    nodes, weights = special.roots_hermitenorm(400)
    weights = weights / weights.sum()
    target = special.expit(eta)
    return float(
        optimize.brentq(lambda d: weights @ special.expit(d + sd * nodes) - target, -60, 60, xtol=1e-13)
    )


def fitted(formula: str, data: pd.DataFrame, interpretation: str) -> tuple[Any, float]:
    start = time.perf_counter()
    model = gb.Model(formula, data, family="bernoulli", interpretation=interpretation)
    fit = model.fit(**SETTINGS, progress=False)
    return fit, time.perf_counter() - start


def beside_gee(formula: str, data: pd.DataFrame) -> dict[str, Any]:
    fit, seconds = fitted(formula, data, "population")
    table = gb.gee(fit)
    gap = float((table["population_mean"] - table["gee"]).abs().max())
    columns = ["coef", "subject_mean", "population_mean", "population_sd", "gee", "gee_se"]
    return {
        "formula": formula,
        "seconds": seconds,
        "converged": bool(gb.diagnose(fit).passed),
        "coefficients": table[columns].to_dict("records"),
        "largest_gap": gap,
        "holds": gap < 0.05,
    }


def recovery(formula: str, data: pd.DataFrame) -> dict[str, Any]:
    result: dict[str, Any] = {"formula": formula, "truth": TRUTH}
    for interpretation in ("population", "subject"):
        fit, seconds = fitted(formula, data, interpretation)
        low, high = np.quantile(fit.flat["beta"], [0.005, 0.995], axis=0)
        truth = np.array(list(TRUTH.values()))
        result[interpretation] = {
            "seconds": seconds,
            "converged": bool(gb.diagnose(fit).passed),
            "mean": dict(zip(fit.design.coefficients, fit.flat["beta"].mean(axis=0).tolist(), strict=True)),
            "sd": dict(zip(fit.design.coefficients, fit.flat["beta"].std(axis=0).tolist(), strict=True)),
            "covered": dict(zip(TRUTH, ((low < truth) & (truth < high)).tolist(), strict=True)),
        }
    covered = result["population"]["covered"], result["subject"]["covered"]
    result["holds"] = all(covered[0].values()) and not any(covered[1][name] for name in ("Intercept", "x"))
    return result


CASES = {
    "ohio": lambda: beside_gee(*ohio()),
    "respiratory": lambda: beside_gee(*respiratory()),
    "simulated": lambda: recovery(*simulated()),
}


def main(names: list[str]) -> None:
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"cases": {}}
    found["settings"] = SETTINGS
    found["versions"] = {name: version(name) for name in ("numpy", "scipy", "pymc", "nutpie", "statsmodels")}
    found["machine"] = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    for name in names or CASES:
        found["cases"][name] = CASES[name]()
        print(name, json.dumps(found["cases"][name], indent=1), flush=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
