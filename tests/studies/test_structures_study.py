"""The committed study of structures on real data: every structure is in it and every verdict holds."""

import json

import pytest

from benchmarks.structures import CASES, RESULT, verdict
from glmm_bayes.covariances import COVARIANCES

STUDY = json.loads(RESULT.read_text(encoding="utf-8"))


def test_every_structure_has_a_real_example():
    # Independent levels are what every case without a structure of its levels has.
    assert set(COVARIANCES) - {"independent"} <= set(CASES) == set(STUDY["results"])
    assert STUDY["settings"]["seed"] and STUDY["versions"]["pymc"]


@pytest.mark.parametrize("name", CASES)
def test_the_result_is_of_this_model_and_holds(name):
    result = STUDY["results"][name]
    assert result["formula"] == CASES[name].formula
    assert verdict(result)
    if CASES[name].oracle:
        assert result["gap_in_sd"] and (result.get("variances") or not CASES[name].variances)
