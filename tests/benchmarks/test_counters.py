"""Sampling takes as many gradients, effective draws and bytes as the committed counts say, on any machine."""

import pytest

from benchmarks.counters import DRAWS, committed, counted, faults


def test_every_model_has_committed_counts():
    assert list(committed()["counts"]) == list(DRAWS)


@pytest.mark.sampling
@pytest.mark.parametrize("name", DRAWS)
def test_counts_are_within_their_bars(name):
    assert not faults(counted(name), committed()["counts"][name])


def test_each_count_has_a_bar_of_its_own():
    stated = {
        "method": "joint",
        "gradients_per_draw": 10.0,
        "effective_per_1000_gradients": 30.0,
        "bytes_per_draw": 210.0,
    }
    assert not faults({**stated, "gradients_per_draw": 10.9, "effective_per_1000_gradients": 21.5}, stated)
    spoiled = {
        "method": "graph",
        "gradients_per_draw": 11.1,
        "effective_per_1000_gradients": 20.5,
        "bytes_per_draw": 218.0,
    }
    for name, value in spoiled.items():
        assert len(faults({**stated, name: value}, stated)) == 1, name
