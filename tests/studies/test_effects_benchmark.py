"""The committed benchmark of averages is there and within its bars."""

import json
from pathlib import Path

FOUND = json.loads(
    (Path(__file__).parents[2] / "benchmarks/results/effects.json").read_text(encoding="utf-8")
)


def test_ten_thousand_distinct_rows_take_less_than_two_seconds_and_one_gigabyte():
    assert FOUND["distinct"]["best_s"] < 2.0
    assert FOUND["distinct"]["peak_gb"] < 1.0


def test_a_million_rows_take_less_than_twice_the_time_of_their_distinct_ones():
    assert FOUND["million_over_distinct"] < 2.0


def test_monte_carlo_is_twenty_times_slower_and_less_exact():
    assert FOUND["times_faster"] > 20.0
    assert FOUND["monte_carlo"]["largest_error"] > FOUND["distinct"]["integration_error"]


def test_it_says_on_what_it_ran():
    assert {"cores", "machine", "python"} <= FOUND["machine"].keys()
    assert {"numpy", "scipy"} <= FOUND["versions"].keys()
