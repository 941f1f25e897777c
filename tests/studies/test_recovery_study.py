"""The committed study of recovery holds every family, and its verdict follows from its counts."""

import json
from pathlib import Path

import numpy as np
from scipy import stats

from glmm_bayes.families import FAMILIES

STUDY = json.loads(
    (Path(__file__).parents[2] / "benchmarks" / "results" / "recovery.json").read_text(encoding="utf-8")
)
RESULTS, SETTING = STUDY["results"], STUDY["setting"]
COUNTS = {
    f"{family}: {name}": hits for family, entry in RESULTS.items() for name, hits in entry["covered"].items()
}


def test_every_listed_family_is_in_the_study():
    # Families of a user's own may be registered by other tests.
    assert {family for family in FAMILIES if not FAMILIES[family].is_custom} <= set(RESULTS)
    assert all(entry["fits"] == 50 for entry in RESULTS.values())


def test_no_parameter_lies_outside_its_binomial_band():
    p = sorted(stats.binomtest(hits, 50, SETTING["coverage"]).pvalue for hits in COUNTS.values())
    holm = np.maximum.accumulate([value * (len(p) - rank) for rank, value in enumerate(p)])
    assert holm.min() >= SETTING["level"]


def test_intervals_hold_the_truth_as_often_as_they_say_over_all_parameters():
    share = np.mean(list(COUNTS.values())) / 50
    # Parameters of one data set are dependent: four standard errors of families taken whole.
    by_family = np.array([np.mean(list(entry["covered"].values())) / 50 for entry in RESULTS.values()])
    assert abs(share - SETTING["coverage"]) < 4 * by_family.std(ddof=1) / np.sqrt(len(by_family)) + 0.01


def test_the_study_says_seed_and_versions():
    assert SETTING["seed"] and {"pymc", "nutpie", "glmm-bayes"} <= set(STUDY["versions"])
