"""How long does an average population comparison take, and how exact is it beside Monte Carlo?

4,000 draws, a logit model with a random intercept, 10,000 distinct rows; the same distinct rows in
1,000,000 rows; and the Monte Carlo recipe (k = 100 random effects a draw, shared by all rows) on a
part of the draws. Each case runs in a fresh process. Usage: python benchmarks/effects.py
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "effects.json"
DRAWS, DISTINCT, SEED, K = 4000, 10_000, 20260101, 100
MONTE_CARLO_DRAWS = 200


def fit_of(rows: int):
    """Return a fit of hand-made draws on this many rows, 10,000 of them distinct."""
    import glmm_bayes as gb

    rng = np.random.default_rng(SEED)
    x, z = rng.normal(size=DISTINCT), rng.integers(0, 5, DISTINCT).astype(float)
    treatment = rng.integers(0, 2, DISTINCT)
    index = np.concatenate([np.arange(DISTINCT), rng.integers(0, DISTINCT, rows - DISTINCT)])
    data = pd.DataFrame({"x": x[index], "z": z[index], "treatment": treatment[index]})
    data = data.assign(g=rng.integers(0, 500, rows), y=rng.integers(0, 2, rows))
    model = gb.Model("y ~ treatment * x + z + (1 | g)", data, family="bernoulli")
    centre = np.array([-1.0, 0.7, 0.5, 0.2, 0.1])
    beta = centre + rng.normal(0, 0.1, (4, DRAWS // 4, 5))
    sd = np.abs(rng.normal(1.5, 0.1, (4, DRAWS // 4, 1)))
    return gb.Fit.from_draws(model, {"beta": beta, "sd_g": sd})


def exact(rows: int) -> dict[str, object]:
    """Time the comparison: first call and best of three."""
    import glmm_bayes as gb

    fit = fit_of(rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(3):
        start = time.perf_counter()
        effects = gb.comparisons(fit, "treatment")
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    draws = effects.draws.to_numpy().ravel()
    return {
        "rows": rows,
        "first_s": times[0],
        "best_s": min(times),
        "peak_gb": peak * 1024 / 1e9,
        "above_fit_gb": (peak - before) * 1024 / 1e9,
        "integration": effects.attrs["integration"],
        "integration_error": effects.attrs["integration_error"],
        "draws": draws[:MONTE_CARLO_DRAWS].tolist(),
    }


def monte_carlo() -> dict[str, object]:
    """Time the Monte Carlo recipe in NumPy on some draws, scaled to all of them."""
    from scipy.special import expit

    fit = fit_of(DISTINCT)
    rng = np.random.default_rng(SEED + 1)
    x = fit.design.x
    names = list(fit.design.coefficients)
    sides = []
    for value in (0.0, 1.0):
        moved = x.copy()
        moved[:, names.index("treatment")] = value
        moved[:, names.index("treatment:x")] = value * x[:, names.index("x")]
        sides.append(moved)
    beta, sd = fit.flat["beta"], fit.flat["sd_g"][:, 0]
    result = np.empty(MONTE_CARLO_DRAWS)
    start = time.perf_counter()
    for draw in range(MONTE_CARLO_DRAWS):
        b = rng.normal(0.0, sd[draw], K)
        means = [expit((side @ beta[draw])[:, None] + b).mean() for side in sides]
        result[draw] = means[1] - means[0]
    elapsed = time.perf_counter() - start
    return {
        "k": K,
        "timed_draws": MONTE_CARLO_DRAWS,
        "s": elapsed * DRAWS / MONTE_CARLO_DRAWS,
        "draws": result.tolist(),
    }


CASES = {"distinct": lambda: exact(DISTINCT), "million": lambda: exact(1_000_000), "monte_carlo": monte_carlo}


def main() -> None:
    """Run every case in a process of its own and write the results."""
    found = {}
    for name in CASES:
        done = subprocess.run(
            [sys.executable, __file__, name], capture_output=True, text=True, check=True, env=os.environ
        )
        found[name] = json.loads(done.stdout.splitlines()[-1])
    own, other = (np.array(found[name].pop("draws")) for name in ("distinct", "monte_carlo"))
    found["million"].pop("draws")
    found["monte_carlo"]["largest_error"] = float(np.abs(own - other).max())
    found["times_faster"] = found["monte_carlo"]["s"] / found["distinct"]["best_s"]
    found["million_over_distinct"] = found["million"]["best_s"] / found["distinct"]["best_s"]
    found["machine"] = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    found["versions"] = {name: version(name) for name in ("glmm-bayes", "numpy", "scipy", "pandas")}
    found["settings"] = {"draws": DRAWS, "distinct_rows": DISTINCT, "seed": SEED}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(CASES[sys.argv[1]]()))
    else:
        main()
