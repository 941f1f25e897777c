"""Fit the reference models with no prior but the defaults, and hold the posteriors against REML or ML.

Run ``python benchmarks/defaults.py [names...]``: without names, the models that the results do not have yet.
It writes ``benchmarks/results/defaults.json`` after each model, and from it the page ``docs/defaults.md``
(``--page`` writes the page alone). Estimates: ``tests/oracles/default_estimates.json``, by R: lme4 (REML for
Gaussian responses, else maximum likelihood), glmmTMB, ordinal, metafor.

The gap of a parameter is the posterior mean less the estimate, in posterior sds. A gap above .5 has its
reason on the page; ``defaults_page.py`` has it.
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
from reference_cases import CASES, ORACLES

import glmm_bayes as gb
from glmm_bayes.fit.summary import parameters

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "defaults.json"
PAGE = HERE.parent / "docs" / "defaults.md"
SEED = 20261130
DRAWS = 2000
#: Where chains of that length do not agree yet: an intercept that six levels determine.
LONGER = {"penicillin": 12_000}
#: Quick models first, so that an interrupted run has most of them.
ORDER = (
    "sleepstudy", "penicillin", "pastes", "orthodont_intercept", "orthodont_slope", "dat_bcg", "cbpp",
    "bacteria", "wine", "nc_sids_iid", "epil", "epil_nb", "cake", "cbpp_beta_binomial", "contraception",
    "grouseticks", "grouseticks_nb", "wine_probit", "koch", "inhaler", "ohio", "owls_nb1", "owls_zip",
    "owls_zinb", "salamanders_nb", "salamanders_nb1", "salamanders_zip", "salamanders_zinb",
    "salamanders_hurdle", "toenail", "insteval", "hsb82", "verbagg", "verbagg_ordinal",
)  # fmt: skip


def estimates_of(name: str) -> dict[str, Any]:
    """Read what R found."""
    found = json.loads((ORACLES / "default_estimates.json").read_text(encoding="utf-8"))
    result: dict[str, Any] = found[name]
    return result


def model_of(name: str) -> gb.Model:
    """Build a reference model without any of its priors."""
    case = CASES[name]
    return gb.Model(case.formula, case.data(), family=case.family, link=case.link, known=case.known())


def run(name: str) -> dict[str, Any]:
    """Fit one model and put each estimate beside its posterior."""
    reference = estimates_of(name)
    started = time.perf_counter()
    model = model_of(name)
    fit = model.fit(draws=LONGER.get(name, DRAWS), cores=2, seed=SEED)
    seconds = time.perf_counter() - started
    draws, table = parameters(fit), gb.summary(fit)
    case = CASES[name]
    return {
        "formula": case.formula if isinstance(case.formula, str) else model.spec.text,
        "family": case.family,
        "link": model.spec.link,
        "method": reference["method"],
        "priors": {row.parameter: row.prior for row in model.priors.rows},
        "seed": SEED,
        "draws": list(fit.shape),
        "seconds": round(seconds, 1),
        "max_r_hat": float(table["r_hat"].max()),
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
        "parameters": {
            parameter: beside(draws[parameter], estimate)
            for parameter, estimate in reference["estimates"].items()
        },
    }


def beside(draws: Any, estimate: float) -> dict[str, float]:
    """Put an estimate beside the draws of its parameter."""
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    return {
        "estimate": estimate,
        "mean": mean,
        "sd": sd,
        "median": float(np.median(draws)),
        "skewness": float(np.mean(((draws - mean) / sd) ** 3)),
        "below": float(np.mean(draws < estimate)),
    }


def gap(entry: dict[str, float]) -> float:
    """Return the posterior mean less the estimate, in posterior sds."""
    return (entry["mean"] - entry["estimate"]) / entry["sd"]


def main() -> None:
    """Fit the models named on the command line, or those that are missing, and write the page."""
    asked = [name for name in sys.argv[1:] if not name.startswith("--")]
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"results": {}}
    missing = [name for name in ORDER if name not in found["results"]]
    for name in [] if "--page" in sys.argv else asked or missing:
        result = run(name)
        libraries = ("glmm-bayes", "pymc", "nutpie", "numpy")
        result["versions"] = {library: version(library) for library in libraries}
        found["results"][name] = result
        found["machine"] = {"machine": platform.machine(), "cores": os.cpu_count()}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        worst = max(result["parameters"].items(), key=lambda item: abs(gap(item[1])))
        print(
            f"{name:20}{result['seconds']:6.0f} s  R-hat {result['max_r_hat']:.3f}  "
            f"largest gap {gap(worst[1]):+.2f} sd ({worst[0]})",
            flush=True,
        )
    from defaults_page import page

    PAGE.write_text(page(found["results"], ORDER), encoding="utf-8")


if __name__ == "__main__":
    main()
