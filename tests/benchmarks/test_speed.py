"""The protocol measures what it says: the same priors everywhere, cut runs ended, gates and pages honest."""

import json
import re
import sys

import numpy as np
import pytest

from benchmarks.speed import environments, quality, runs, tasks
from benchmarks.speed.page import page, ratios, verdict
from benchmarks.speed.peers import FOLDER, OURS, PEERS
from benchmarks.speed.sets import CORE, QUICK, SETS
from benchmarks.speed.study import line

#: Without the two that take seconds to read.
SMALL = [name for name in SETS if not name.startswith("InstEval")]
NAMES = ["beta[Intercept]", "beta[x]", "sd_g[Intercept]"]


@pytest.fixture(scope="module")
def models():
    return {name: SETS[name].model() for name in SMALL}


@pytest.mark.parametrize("name", SMALL)
def test_no_prior_of_a_set_is_a_default(models, name):
    assert {row.source for row in models[name].priors.rows} == {"yours"}


@pytest.mark.parametrize("name", SMALL)
def test_the_intercept_has_its_prior_at_the_average_row_and_no_effect_is_recoded(models, name):
    one, priors = SETS[name], models[name].priors.first
    fixed = priors.fixed
    covariance = fixed.from_normal @ fixed.covariance @ fixed.from_normal.T
    to_average = np.eye(len(covariance))
    to_average[0] = models[name].design.x.mean(axis=0)
    stated = np.diag([one.intercept[1], *[one.slope] * (len(covariance) - 1)]) ** 2
    np.testing.assert_allclose(to_average @ covariance @ to_average.T, stated, rtol=1e-8, atol=1e-8)
    assert (to_average @ fixed.from_normal @ fixed.mean)[0] == pytest.approx(one.intercept[0])
    for group in priors.groups:
        np.testing.assert_array_equal(group.recoding, np.eye(len(group.recoding)))


@pytest.mark.parametrize("name", ["sleepstudy", "cbpp", "Owls", "grouseticks"])
def test_a_task_holds_the_data_the_design_and_the_names_of_all_numbers(tmp_path, name):
    place = tasks.written(name, tmp_path)
    task = json.loads((place / "task.json").read_text(encoding="utf-8"))
    with np.load(place / "design.npz") as design:
        assert design["x"].shape == (len(design["y"]), len(task["coefficients"]))
        for i, group in enumerate(task["groups"]):
            assert design[f"codes_{i}"].max() + 1 == group["levels"]
    sizes = [group["levels"] * len(group["effects"]) for group in task["groups"]]
    assert sum(each.startswith("b_") for each in task["numbers"]) == sum(sizes)
    assert len(set(task["numbers"])) == len(task["numbers"])


def test_core_and_quick_sets_are_those_of_the_protocol():
    core = "cbpp sleepstudy toenail epil Hsb82 VerbAgg S1 S2 grouseticks"
    assert list(CORE) == core.split()
    assert set(QUICK) <= set(CORE)


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_has_a_script_and_a_lock_that_names_no_host(peer):
    told = PEERS[peer]
    assert (FOLDER / told.script).is_file()
    if told.environment not in ("", "R"):
        lock = environments.lock_of(told.environment).read_text(encoding="utf-8")
        assert "--hash=sha256:" in lock
        assert not re.search("http|index-url", lock)


def test_bambi_is_not_asked_for_correlated_effects():
    task = {"groups": [{"is_correlated": True}]}
    assert PEERS["bambi"].why_not(task)
    assert not PEERS["numpyro"].why_not(task)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("import time; time.sleep(60)", "cut"), ("raise SystemExit('no model')", "failed")],
)
def test_a_run_that_is_cut_or_fails_says_so_and_has_no_draws(tmp_path, monkeypatch, code, outcome):
    monkeypatch.setattr(runs, "command_of", lambda peer: [sys.executable, "-c", code])
    found, draws = runs.run(runs.Call(OURS, tmp_path, 1, limit=1.0), tmp_path / "caches")
    assert (found["outcome"], draws) == (outcome, None)
    assert found["process_s"] < 20
    assert outcome != "failed" or "no model" in found["said"]


def test_draws_of_r_are_read_by_column_and_their_shape_is_no_result(tmp_path, monkeypatch):
    code = """
import array, json, sys
out = json.loads(sys.argv[2])["out"]
open(out + "/told.json", "w").write(json.dumps({"shape": [2, 3, 1]}))
open(out + "/draws.bin", "wb").write(array.array("d", range(6)).tobytes())
"""
    monkeypatch.setattr(runs, "command_of", lambda peer: [sys.executable, "-c", code])
    found, draws = runs.run(runs.Call("brms", tmp_path, 1), tmp_path / "caches")
    np.testing.assert_array_equal(draws[:, :, 0], [[0, 2, 4], [1, 3, 5]])
    assert "shape" not in found


@pytest.mark.slow
@pytest.mark.sampling
def test_our_own_process_hands_back_every_number(tmp_path):
    place = tasks.written("Dyestuff", tmp_path)
    found, draws = runs.run(runs.Call(OURS, place, 1, draws=100, chains=2), tmp_path / "caches")
    names = json.loads((place / "task.json").read_text(encoding="utf-8"))["numbers"]
    assert found["outcome"] == "finished", found.get("said")
    assert draws.shape == (2, 100, len(names))
    assert 0 < found["import_s"] < found["wall_s"] <= found["process_s"]


def test_gates_let_good_draws_through_and_stop_stuck_chains():
    draws = np.random.default_rng(1).normal(size=(4, 1000, 3))
    assert quality.quality(draws, NAMES)["passes"]
    draws[0, :, 1] += 3.0
    stuck = quality.quality(draws, NAMES)
    assert (stuck["passes"], stuck["ess_bulk_of"]) == (False, "beta[x]")


def test_agreement_finds_the_one_number_that_differs():
    rng = np.random.default_rng(2)
    own, same, other = (rng.normal(size=(4, 1000, 3)) for _ in range(3))
    other[:, :, 2] *= 1.3
    one = quality.summary(own)
    assert quality.agreement(one, quality.summary(same), NAMES)["largest_z"] < 4
    found = quality.agreement(one, quality.summary(other), NAMES)
    assert found["largest_z"] > 4
    assert found["largest_z_of"].endswith("sd_g[Intercept]")


def test_errors_of_pooled_runs_are_smaller_by_the_root_of_their_number():
    rng = np.random.default_rng(3)
    each = [quality.summary(rng.normal(size=(4, 500, 3))) for _ in range(4)]
    expected = np.mean([one["error_mean"] for one in each]) / 2
    assert quality.pooled(each)["error_mean"].mean() == pytest.approx(expected, rel=0.02)


def made_up(name, peer, rate, *, passes=True, outcome="finished"):
    return {
        "set": name, "peer": peer, "seed": 101, "caches": "warm", "outcome": outcome, "date": "2026-01-01",
        "bulk_per_s": rate, "tail_per_s": rate / 2, "wall_s": 1.0, "import_s": 0.5, "cpu_s": 1.0,
        "process_s": 1.0, "ess_bulk": 500.0, "ess_tail": 500.0, "ess_sd": 500.0, "gradients_per_draw": 7.0,
        "peak_mb": 100.0, "draws": 1000, "passes": passes, "r_hat": 1.0 if passes else 1.02, "divergences": 0,
        "versions": {"numpy": "2"}, "agreement": {"largest_z": 2.5, "share_above_2": 0.04},
    }  # fmt: skip


def test_pages_name_the_sets_on_which_we_lose_and_the_runs_that_fail():
    measured = [
        made_up("cbpp", OURS, 10.0), made_up("cbpp", "numpyro", 20.0),
        made_up("toenail", OURS, 90.0, passes=False), made_up("toenail", "numpyro", 30.0),
        made_up("toenail", "bambi_nutpie", 40.0, passes=False), made_up("toenail", "lme4", 900.0),
    ]  # fmt: skip
    content = {
        "machine": {"cpu": "a processor", "cores": 2, "system": "Linux", "python": "3.13"},
        "missing": {"cbpp, brms": "not available on this machine"},
        "runs": measured,
    }
    found = ratios(content, "warm")
    assert (found["cbpp"]["bulk"], found["toenail"]["bulk"]) == (0.5, 3.0)
    said = verdict(found)
    assert "slower than the best exact peer on cbpp (0.5)" in said
    assert "fail a gate on toenail" in said
    text = page(content, "speed.svg")
    assert "![Times the best" in text
    assert "cbpp 0.5; toenail 3." in text
    assert "| (Bambi + nutpie) |" in text
    assert "| 2.5 (4.0 %) |" in text
    assert "| toenail | 1 | 1 | 1 |" in text
    assert "| brms (rstan) | not available on this machine |" in text


def test_a_failed_run_is_a_line_that_says_why():
    failed = {**made_up("cbpp", "bambi", 1.0, outcome="failed"), "said": "TypeError"}
    assert "failed" in line(failed)
    assert "TypeError" in line(failed)
