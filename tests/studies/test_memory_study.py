"""The stored study of memory: estimates lie near what fits took, and are those of the code."""

import json
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.settings import Settings
from glmm_bayes.sampling.resources import estimate

MEASURED = json.loads(
    (Path(__file__).parents[2] / "benchmarks" / "results" / "memory.json").read_text(encoding="utf-8")
)


def test_five_models_from_50_rows_to_a_million_were_measured():
    rows = [result["rows"] for result in MEASURED["results"]]
    assert len(rows) == 5 and min(rows) == 50 and max(rows) == 10**6


@pytest.mark.parametrize("result", MEASURED["results"], ids=lambda result: result["case"])
def test_estimates_are_within_30_percent_of_what_fits_take(result):
    assert 0.7 < result["estimated_mb"] / result["measured_mb"] < 1.3


@pytest.mark.parametrize("result", MEASURED["results"][:3], ids=lambda result: result["case"])
def test_the_estimates_of_the_benchmark_are_those_of_the_code(result):
    rows, levels = result["rows"], result["levels"]
    data = {"x": np.resize([0.0, 1.0, 2.5], rows), "g": np.resize(np.arange(levels), rows)}
    data["y"] = data["k"] = data["x"] * 2 + np.resize([0.0, 1.0], rows) // 1
    if result["family"] == "poisson":
        data["k"] = data["k"].astype(np.int64)
    made = gb.Model(result["formula"], data, family=result["family"])
    told = estimate(made.definition, Settings(**result["fit"])).total
    assert told / 1e6 == pytest.approx(result["estimated_mb"], abs=0.1)
