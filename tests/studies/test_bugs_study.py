"""The stored study of BUGS examples holds against JAGS and against the published results.

The verdicts are worked out anew from the stored numbers of our side and the oracles of the other; nothing is
sampled. ``benchmarks/bugs.py`` makes the stored numbers.
"""

import json
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
ORACLES = TESTS / "oracles"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


STUDY = read(TESTS.parent / "benchmarks" / "results" / "bugs.json")["results"]
JAGS = read(ORACLES / "bugs.json")
PUBLISHED = read(ORACLES / "bugs_published.json")["examples"]
EXAMPLES = [
    "seeds",
    "seeds_uniform",
    "salm",
    "salm_uniform",
    "surgical",
    "equiv",
    "dyes",
    "rats",
    "epil",
    "blocker",
    "lsat",
    "oxford",
]
#: Without a run by JAGS that can decide: of epil it used a module that seems approximate for Poisson counts
#: (an sd 5.03 % from ours), of oxford and lsat its Monte Carlo errors are too large. They are held to the
#: published numbers alone.
UNDECIDED = ("epil", "oxford", "lsat")
BESIDE_JAGS = [name for name in EXAMPLES if name not in UNDECIDED]


def check(ours, theirs, mcse_sd):
    z_mean = (ours["mean"] - theirs["mean"]) / np.hypot(ours["mcse_mean"], theirs["mcse_mean"])
    z_sd = (ours["sd"] - theirs["sd"]) / np.hypot(ours["mcse_sd"], mcse_sd)
    assert abs(z_mean) <= 4, z_mean
    assert abs(ours["sd"] / theirs["sd"] - 1) <= 0.05 or abs(z_sd) <= 4, z_sd


def test_every_example_has_its_witness_and_its_result():
    assert set(EXAMPLES) == set(STUDY) == set(JAGS)
    assert set(PUBLISHED) == set(EXAMPLES) - {"salm_uniform"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_chains_move_and_agree(name):
    assert STUDY[name]["max_r_hat"] < 1.01
    assert STUDY[name]["least_movement"] > 0.2
    assert STUDY[name]["sampler"]["target_accept"] == 0.9
    assert STUDY[name]["sampler"]["tune"] == 1000


@pytest.mark.parametrize("name", BESIDE_JAGS)
def test_means_and_sds_equal_those_of_jags(name):
    theirs = JAGS[name]["parameters"]
    assert set(STUDY[name]["parameters"]) == set(theirs)
    for quantity, ours in STUDY[name]["parameters"].items():
        assert theirs[quantity]["r_hat"] < 1.01, quantity
        check(ours, theirs[quantity], theirs[quantity]["mcse_sd"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_means_and_sds_equal_the_published_ones(name):
    for quantity, theirs in PUBLISHED[name].items():
        # Of as many independent normal draws as the error of the mean tells, the sd has this error.
        check(STUDY[name]["parameters"][quantity], theirs, theirs["mcse_mean"] / np.sqrt(2))


def test_jags_equals_the_published_numbers_too():
    # The published run of equiv had 10,000 draws; its sigma[1] lies 4.2 of its own errors from the long run.
    far = set()
    for name, quantities in PUBLISHED.items():
        for quantity, theirs in quantities.items():
            try:
                check(JAGS[name]["parameters"][quantity], theirs, theirs["mcse_mean"] / np.sqrt(2))
            except AssertionError:
                far.add((name, quantity))
    assert far == {("equiv", "sigma1")}


@pytest.mark.parametrize("name", BESIDE_JAGS)
def test_monte_carlo_errors_are_small_enough_to_show_a_difference(name):
    for quantity, ours in STUDY[name]["parameters"].items():
        assert ours["mcse_mean"] < 0.05 * ours["sd"], quantity
        assert JAGS[name]["parameters"][quantity]["mcse_mean"] < 0.05 * ours["sd"], quantity
