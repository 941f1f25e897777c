"""Fit every covariance structure to real data and hold it against maximum likelihood by nlme and lme4.

Run ``python benchmarks/structures.py [names...]``: it prints a table and writes
``benchmarks/results/structures.json``. Priors are weak, so that each coefficient's posterior mean must lie
within 0.25 posterior sd of the estimate, and the 95 % interval of each variance parameter must hold it.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import glmm_bayes as gb

HERE = Path(__file__).resolve().parent
ORACLES = HERE.parent / "tests" / "oracles"
RESULT = HERE / "results" / "structures.json"
SEED = 20261123
DRAWS, TUNE, CHAINS = 2000, 1000, 4
#: Coefficients of a response in units of one to a few hundred: wide on each.
WEAK = {
    "beta": gb.Prior("Normal", mu=0, sigma=1000),
    "beta[Intercept]": gb.Prior("Normal", mu=0, sigma=1000),
    "sd": gb.Prior("HalfStudentT", nu=3, sigma=50),
}
#: On the scale of a log.
WIDE = {"beta": gb.Prior("Normal", mu=0, sigma=10), "beta[Intercept]": gb.Prior("Normal", mu=0, sigma=10)}
#: The prior of correlations under which the committed posteriors were made.
LKJ_2 = {"corr": gb.Prior("LKJ", eta=2)}

Draws = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One structure: a model of real data, and what its estimates are in terms of the draws."""

    formula: str
    data: Callable[[], pd.DataFrame]
    known: Callable[[], dict[str, Any]] | None = None
    family: str = "gaussian"
    oracle: str | None = None
    variances: Callable[[Draws], dict[str, np.ndarray]] | None = None
    priors: dict[str, gb.Prior] = field(default_factory=dict)


def orthodont() -> pd.DataFrame:
    """Distances of 27 children at ages 8, 10, 12 and 14 (Potthoff and Roy 1964)."""
    return pd.read_csv(ORACLES / "data" / "Orthodont.csv.gz")


def sids() -> pd.DataFrame:
    """Log rate of sudden infant deaths by county."""
    frame = gb.load_dataset("nc_sids")
    return frame.assign(rate=np.log((frame["SID74"] + 0.5) / frame["BIR74"] * 1000))


def kinship() -> dict[str, Any]:
    """Correlations that fall with the counties' distance over 50 km."""
    frame = sids()
    points = frame[["x", "y"]].to_numpy()
    distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    labels = list(frame["county"])
    return {"K": pd.DataFrame(np.exp(-distance / 50.0), index=labels, columns=labels)}


def neighbours() -> dict[str, Any]:
    """The map of neighbouring counties."""
    return {"W": gb.load_dataset("nc_sids_neighbours")}


def of_levels(draws: Draws) -> dict[str, np.ndarray]:
    """Return sd and residual sd of levels that are correlated."""
    return {"sd": draws["sd_county"][:, :1], "sigma": draws["sigma"][:, None]}


def of_effects(draws: Draws) -> dict[str, np.ndarray]:
    """Return sds, correlation and residual sd of the sleep study's effects."""
    found = {"sd": draws["sd_Subject"], "sigma": draws["sigma"][:, None]}
    return found | ({"rho": draws["corr_Subject"][:, :1, 1]} if "corr_Subject" in draws else {})


def of_periods(draws: Draws) -> dict[str, np.ndarray]:
    """Return sds and correlations by lag of four periods; one sd and one correlation say all of ar1."""
    return {"sd": draws["sd_subject"], "rho": draws["corr_subject"][:, 0, 1:]}


SLEEP = lambda: gb.load_dataset("sleepstudy")  # noqa: E731
EPIL = lambda: gb.load_dataset("epil")  # noqa: E731
SEIZURES = "y ~ lbase + trt + "
GROWTH = "distance ~ age * Sex + "
COUNTS = "SID74 ~ nw10 + offset(log_expected74) + "
CASES = {
    "unstructured": Case("Reaction ~ Days + (Days | Subject)", SLEEP,
                         oracle="unstructured", variances=of_effects, priors=LKJ_2),
    "diagonal": Case('Reaction ~ Days + (Days | gr(Subject, structure = "diagonal"))', SLEEP,
                     oracle="diagonal", variances=of_effects),
    "compound_symmetry": Case(
        SEIZURES + '(0 + period | gr(subject, structure = "compound_symmetry", heterogeneous = TRUE))',
        EPIL, None, "poisson", "compound_symmetry", of_periods, LKJ_2),
    "ar1": Case(SEIZURES + '(0 + period | gr(subject, structure = "ar1"))',
                EPIL, None, "poisson", "ar1", of_periods, LKJ_2),
    "toeplitz": Case(
        SEIZURES + '(0 + period | gr(subject, structure = "toeplitz", heterogeneous = TRUE))',
        EPIL, None, "poisson", "toeplitz", of_periods, LKJ_2),
    "by": Case(GROWTH + "(1 | gr(Subject, by = Sex))", orthodont, oracle="by",
               variances=lambda d: {"sd": d["sd_Subject"], "sigma": d["sigma"][:, None]}),
    "known": Case("rate ~ nw10 + (1 | gr(county, cov = K))", sids, kinship,
                  oracle="known", variances=of_levels),
    # With a free range the likelihood has its maximum below the smallest distance: near 50 km it is that of
    # the known matrix, reached by another way.
    "matern": Case(
        'rate ~ nw10 + (1 | gr(county, structure = "matern", coordinates = cbind(x, y), nu = 0.5))',
        sids, oracle="known", variances=of_levels,
        priors={**WIDE, "sd": gb.Prior("HalfNormal", sigma=1),
                "range_county": gb.Prior("LogNormal", mu=np.log(50.0), sigma=0.1)}),
    "icar": Case(COUNTS + '(1 | gr(county, structure = "icar", graph = W))', sids, neighbours, "poisson"),
    "bym2": Case(COUNTS + '(1 | gr(county, structure = "bym2", graph = W))', sids, neighbours, "poisson"),
    "student": Case('Reaction ~ Days + (1 | gr(Subject, dist = "student"))', SLEEP),
}  # fmt: skip


def run(name: str) -> dict[str, Any]:
    """Fit one case and compare it with its oracle."""
    case = CASES[name]
    known = case.known() if case.known else None
    started = time.perf_counter()
    priors = WEAK if case.family == "gaussian" else WIDE
    priors = priors | case.priors
    model = gb.Model(case.formula, case.data(), family=case.family, known=known, priors=priors)
    fit = model.fit(draws=DRAWS, tune=TUNE, chains=CHAINS, cores=2, seed=SEED, target_accept=0.95)
    seconds = time.perf_counter() - started
    table = gb.summary(fit)
    result: dict[str, Any] = {
        "formula": case.formula,
        "family": case.family,
        "priors": {name: repr(prior) for name, prior in priors.items()},
        "seconds": round(seconds, 1),
        "max_r_hat": float(table["r_hat"].max()),
        "min_ess_bulk": float(table["ess_bulk"].min()),
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
        "posterior": {
            row: [float(table.loc[row, "mean"]), float(table.loc[row, "sd"])] for row in table.index
        },
    }
    if case.oracle:
        oracle = json.loads((ORACLES / "structures.json").read_text(encoding="utf-8"))[case.oracle]
        beta = fit.flat["beta"]
        result["oracle"] = oracle["call"]
        result["gap_in_sd"] = [
            float(gap) for gap in (beta.mean(axis=0) - np.array(oracle["fixed"])) / beta.std(axis=0)
        ]
        if case.variances:
            result["variances"] = _variances(case.variances(dict(fit.flat)), oracle)
    return result


def _variances(draws: dict[str, np.ndarray], oracle: dict[str, Any]) -> dict[str, Any]:
    """Return each 95 % interval around its estimate; an oracle may list fewer than we have."""
    found = {}
    for quantity, values in draws.items():
        lower, upper = np.quantile(values, [0.025, 0.975], axis=0)
        for index, estimate in enumerate(oracle[quantity]):
            found[f"{quantity}[{index}]"] = [float(lower[index]), float(estimate), float(upper[index])]
    return found


def verdict(result: dict[str, Any]) -> bool:
    """Tell whether a result holds: convergence, coefficients, variances."""
    gaps = all(abs(gap) <= 0.25 for gap in result.get("gap_in_sd", []))
    inside = all(lower <= value <= upper for lower, value, upper in result.get("variances", {}).values())
    return bool(result["max_r_hat"] < 1.01 and result["divergences"] == 0 and gaps and inside)


def main() -> None:
    """Run the cases named on the command line, or all."""
    names = sys.argv[1:] or list(CASES)
    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"results": {}}
    for name in names:
        result = run(name)
        known["results"][name] = result
        worst = max((abs(gap) for gap in result.get("gap_in_sd", [])), default=float("nan"))
        print(
            f"{name:18} {'holds' if verdict(result) else 'FAILS':6} {result['seconds']:6.0f} s  "
            f"R-hat {result['max_r_hat']:.4f}  divergences {result['divergences']}  "
            f"largest gap {worst:.3f} sd",
            flush=True,
        )
    libraries = ("glmm-bayes", "pymc", "nutpie", "numpy")
    known["versions"] = {library: version(library) for library in libraries}
    known["machine"] = {"machine": platform.machine(), "cores": os.cpu_count()}
    known["settings"] = {"draws": DRAWS, "tune": TUNE, "chains": CHAINS, "seed": SEED}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
