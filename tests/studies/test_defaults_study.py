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
from defaults_page import KINDS, REASONS, claims, gap, large_gaps, page, reason, shown  # noqa: E402

RESULTS = json.loads((BENCHMARKS / "results" / "defaults.json").read_text(encoding="utf-8"))["results"]
ESTIMATES = json.loads((TESTS / "oracles" / "default_estimates.json").read_text(encoding="utf-8"))


def test_every_model_with_an_estimate_is_fitted():
    assert set(RESULTS) == set(ORDER) == set(ESTIMATES)


def test_sleepstudy_lies_where_an_independent_sampler_of_its_marginal_posterior_does():
    found = RESULTS["sleepstudy"]["parameters"]
    assert found["sd_Subject[Intercept]"]["mean"] == pytest.approx(28.9, abs=0.3)
    assert found["corr_Subject[Intercept, Days]"]["mean"] == pytest.approx(0.005, abs=0.02)


@pytest.mark.parametrize("name", RESULTS)
def test_the_estimates_beside_the_posteriors_are_those_of_the_oracle(name):
    stored = {parameter: entry["estimate"] for parameter, entry in RESULTS[name]["parameters"].items()}
    assert stored == ESTIMATES[name]["estimates"]
    assert RESULTS[name]["max_r_hat"] < 1.02


def test_every_large_gap_has_its_reason_on_the_page():
    written = (TESTS.parent / "docs" / "defaults.md").read_text(encoding="utf-8")
    assert written == page(RESULTS, ORDER)
    large = large_gaps(RESULTS)
    assert set(REASONS) == set(large)
    for (name, parameter), entry in large.items():
        assert reason(name, parameter), (name, parameter, round(gap(entry), 2))
        assert f"| {name} | {shown(parameter)} |" in written
        said = REASONS[name, parameter]
        assert said not in KINDS or claims(said, RESULTS[name]["method"], entry), (name, parameter)
