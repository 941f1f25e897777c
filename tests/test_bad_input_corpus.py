"""Every bad input is a typed error that names what is wrong, in under a second, without a sampler."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.pace import in_time

#: How many there are at least in each area.
AREAS = {
    "formulas": 60,
    "frames": 80,
    "responses": 60,
    "groups": 45,
    "matrices": 80,
    "priors": 60,
    "spec files": 80,
    "new data": 35,
    "effects": 250,
    "fit arguments": 40,
    "draws": 40,
    "command line": 24,
}


@pytest.fixture(scope="module")
def outcomes():
    command = [sys.executable, "-m", "tests.corpus"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("area", AREAS)
def test_every_bad_input_is_a_typed_error(outcomes, area):
    other = [case for case in outcomes if case["area"] == area and case["kind"] != "typed"]
    assert not other, "\n".join(f"{case['names']}: {case['kind']} {case['text']}" for case in other)


@pytest.mark.parametrize("area", AREAS)
def test_every_error_names_the_column_the_argument_or_the_rows(outcomes, area):
    other = [case for case in outcomes if case["area"] == area and case["missing"]]
    assert not other, "\n".join(f"{case['names']}: {case['missing']} {case['text']}" for case in other)


def test_every_error_comes_within_a_second(outcomes):
    slow = [case for case in outcomes if not in_time(case["seconds"], 1.0)]
    assert not slow, "\n".join(f"{case['area']}, {case['names']}: {case['seconds']:.1f} s" for case in slow)


def test_the_corpus_has_its_size_in_every_area(outcomes):
    counts = Counter(case["area"] for case in outcomes)
    assert set(counts) == set(AREAS)
    assert {area: counts[area] for area in AREAS if counts[area] < AREAS[area]} == {}
    assert sum(counts.values()) >= 300
