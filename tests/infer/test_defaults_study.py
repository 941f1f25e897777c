"""Posteriors under the default priors lie around REML and ML, and every large gap has its reason.

Nothing is sampled: ``benchmarks/defaults.py`` makes the stored numbers and the page.
"""

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
BENCHMARKS = TESTS.parent / "benchmarks"
sys.path[:0] = [str(BENCHMARKS)]

from defaults import ORDER  # noqa: E402
from defaults_page import gap, large_gaps, page, reason  # noqa: E402

RESULTS = json.loads((BENCHMARKS / "results" / "defaults.json").read_text(encoding="utf-8"))["results"]
ESTIMATES = json.loads((TESTS / "oracles" / "default_estimates.json").read_text(encoding="utf-8"))


def test_every_model_is_one_with_an_estimate_and_those_not_fitted_yet_are_named():
    assert set(RESULTS) <= set(ORDER) == set(ESTIMATES)
    assert "sleepstudy" in RESULTS
    written = (TESTS.parent / "docs" / "defaults.md").read_text(encoding="utf-8")
    line = next((one for one in written.splitlines() if one.startswith("Not fitted yet")), "")
    assert all((name in RESULTS) != (f" {name}," in line or f" {name}." in line) for name in ORDER)


@pytest.mark.parametrize("name", RESULTS)
def test_the_estimates_beside_the_posteriors_are_those_of_the_oracle(name):
    stored = {parameter: entry["estimate"] for parameter, entry in RESULTS[name]["parameters"].items()}
    assert stored == ESTIMATES[name]["estimates"]
    assert RESULTS[name]["max_r_hat"] < 1.02


def test_every_large_gap_has_its_reason_on_the_page():
    written = (TESTS.parent / "docs" / "defaults.md").read_text(encoding="utf-8")
    assert written == page(RESULTS, ORDER)
    for (name, parameter), entry in large_gaps(RESULTS).items():
        assert reason(name, parameter, entry), (name, parameter, round(gap(entry), 2))
        assert f"| {name} | `{parameter}` |" in written
