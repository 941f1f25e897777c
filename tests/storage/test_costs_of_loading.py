"""Loading a fit, and putting draws under a model, cost what the draws cost: no matrix of rows and draws."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.pace import in_time

#: Seconds, and bytes above what the draws take in the file.
SECONDS, BYTES = 0.3, 60_000_000
ROWS, LEVELS, SHAPE = 20_000, 500, (4, 1000)

#: What both ways have cost once imports are paid for by a small fit: CPU seconds, most bytes at a time.
MEASURE = """
import json, sys, time, tracemalloc
import numpy as np
import glmm_bayes as gb

small, large = sys.argv[1:]

def cost(work):
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    tracemalloc.start()
    result = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak, result

def model_and_draws(fit):
    rows = fit.design.table
    sites = np.array(rows["g"].levels, object)[rows["g"].values]
    data = {"y": rows["y"].values, "x": rows["x"].values, "g": sites}
    draws = {name: values.to_numpy() for name, values in fit.draws["posterior"].data_vars.items()}
    return gb.Model("y ~ x + (1 | g)", data), draws

gb.Fit.from_draws(*model_and_draws(gb.load(small)))
seconds, peak, fit = cost(lambda: gb.load(large))
costs = {"load": (seconds, peak)}
model, draws = model_and_draws(fit)
seconds, peak, fit = cost(lambda: gb.Fit.from_draws(model, draws))
costs["from_draws"] = (seconds, peak)
assert fit.draws["log_likelihood"]["y"].shape == (4, 1000, 20_000)
heavy = sorted({name.split(".")[0] for name in sys.modules} & {"pymc", "pytensor", "nutpie", "arviz"})
print(json.dumps({"costs": costs, "heavy": heavy}))
"""


def saved(path, rows, levels, shape):
    rng = np.random.default_rng(1)
    groups = np.resize([f"site {level}" for level in range(levels)], rows)
    data = pd.DataFrame({"y": rng.normal(size=rows), "x": rng.normal(size=rows), "g": groups})
    model = gb.Model("y ~ x + (1 | g)", data)
    draws = {
        "beta": rng.normal(size=(*shape, 2)),
        "sd_g": rng.uniform(0.5, 1, (*shape, 1)),
        "b_g": rng.normal(size=(*shape, levels, 1)),
        "sigma": rng.uniform(0.5, 1.5, shape),
    }
    gb.Fit.from_draws(model, draws).save(path)
    return str(path)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costs")
    paths = [saved(folder / "small.glmm", 30, 6, (1, 4)), saved(folder / "large.glmm", ROWS, LEVELS, SHAPE)]
    run = subprocess.run([sys.executable, "-c", MEASURE, *paths], check=True, capture_output=True, text=True)
    return {**json.loads(run.stdout), "file": Path(paths[1]).stat().st_size}


@pytest.mark.parametrize("way", ["load", "from_draws"])
def test_no_more_than_the_draws_is_paid_for(way, measured):
    seconds, peak = measured["costs"][way]
    assert in_time(seconds, SECONDS)
    assert peak < measured["file"] + BYTES


def test_neither_imports_a_sampler_nor_arviz(measured):
    assert measured["heavy"] == []
