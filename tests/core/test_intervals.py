"""Intervals: ends as NumPy and ArviZ take them, defaults that follow ArviZ's settings, words, refusals."""

import subprocess
import sys
from decimal import Decimal

import arviz as az
import numpy as np
import pytest
from arviz_base.rcparams import defaultParams
from hypothesis import given
from hypothesis import strategies as st

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.intervals import UNCHANGED_DEFAULT, Interval, read_interval

LEVELS = (0.05, 0.5, 0.89, 0.95, 0.999)


def draws(seed=1, shape=(400, 3)):
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(size=shape)) * rng.choice([-1.0, 1.0], shape, p=[0.2, 0.8])


@pytest.mark.parametrize("probability", LEVELS)
def test_equal_tailed_ends_are_quantiles(probability):
    found = np.stack(Interval(probability, "eti").ends(draws()))
    tails = [(1 - probability) / 2, 1 - (1 - probability) / 2]
    np.testing.assert_array_equal(found, np.quantile(draws(), tails, axis=0))


@pytest.mark.parametrize("probability", LEVELS)
@pytest.mark.parametrize("shape", [(1, 2), (2, 2), (400, 3), (37, 2, 3)])
def test_narrowest_ends_are_those_of_arviz(probability, shape):
    values = draws(2, shape)
    lower, upper = Interval(probability, "hdi").ends(values)
    flat = values.reshape(len(values), -1)
    others = np.array([az.hdi(column, prob=probability) for column in flat.T])
    np.testing.assert_array_equal(lower.ravel(), others[:, 0])
    np.testing.assert_array_equal(upper.ravel(), others[:, 1])


@given(st.integers(0, 10_000), st.sampled_from(LEVELS))
def test_the_narrowest_interval_is_the_narrowest_that_holds_as_many_draws(seed, probability):
    values = np.sort(draws(seed, (60,)))
    lower, upper = Interval(probability, "hdi").ends(values)
    held = int(((values >= lower) & (values <= upper)).sum())
    assert held >= np.floor(probability * len(values))
    widths = [values[first + held - 1] - values[first] for first in range(len(values) - held + 1)]
    assert upper - lower == min(widths)


def test_the_default_is_arviz_and_follows_its_settings():
    assert read_interval() == Interval(0.89, "eti") == Interval(az.rcParams["stats.ci_prob"], "eti")
    with az.rc_context({"stats.ci_prob": 0.5, "stats.ci_kind": "hdi"}):
        assert read_interval() == Interval(0.5, "hdi")
        assert read_interval(0.95) == Interval(0.95, "hdi")
        assert read_interval(interval="eti") == Interval(0.5, "eti")
    assert read_interval() == Interval(0.89, "eti")
    unchanged = [defaultParams[f"stats.ci_{name}"][0] for name in ("prob", "kind")]
    assert Interval(*unchanged) == UNCHANGED_DEFAULT


@pytest.mark.parametrize(
    ("interval", "words", "lower"),
    [
        (Interval(0.89, "eti"), "89% equal-tailed interval", "eti89_lb"),
        (Interval(0.95, "hdi"), "95% highest-density interval", "hdi95_lb"),
        (Interval(0.999, "eti"), "99.9% equal-tailed interval", "eti99.9_lb"),
        (Interval(0.29, "eti"), "29% equal-tailed interval", "eti29_lb"),
        (Interval(0.5, "eti"), "50% equal-tailed interval", "eti50_lb"),
        (Interval(0.1, "hdi"), "10% highest-density interval", "hdi10_lb"),
        (Interval(0.9999999, "eti"), "99.99999% equal-tailed interval", "eti99.99999_lb"),
        (Interval(0.8900001, "eti"), "89.00001% equal-tailed interval", "eti89.00001_lb"),
        (Interval(1e-7, "eti"), "0.00001% equal-tailed interval", "eti0.00001_lb"),
    ],
)
def test_words_and_columns_name_level_and_kind(interval, words, lower):
    assert interval.name == words
    assert interval.columns == (lower, lower.replace("_lb", "_ub"))


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_the_level_in_words_is_the_level(probability):
    written = Interval(probability, "eti").percent
    assert float(Decimal(written) / 100) == probability


def test_a_level_of_few_digits_is_the_one_that_was_written():
    assert read_interval(np.float32(0.95)).probability == 0.95
    assert read_interval(np.float64(0.9)).columns[0] == "eti90_lb"


@pytest.mark.parametrize("kind", ["eti", "hdi"])
def test_draws_that_are_no_numbers_leave_no_ends(kind):
    values = draws(4)
    values[7, 1] = np.nan
    ends = np.stack(Interval(0.5, kind).ends(values))
    assert np.isnan(ends[:, 1]).all() and np.isfinite(ends[:, [0, 2]]).all()


@pytest.mark.parametrize("probability", LEVELS)
@pytest.mark.filterwarnings("error")
def test_an_end_among_infinite_draws_is_infinite(probability):
    tail = (1 - probability) / 2
    for infinite in (1, 5, 50, 95, 99, 100):
        values = np.arange(100.0)
        values[100 - infinite :] = np.inf
        lower, upper = Interval(probability, "eti").ends(values)
        expected = [np.interp(share * 99, range(100), np.minimum(values, 1e9)) for share in (tail, 1 - tail)]
        for end, right in zip((lower, upper), expected, strict=True):
            assert end == (np.inf if right > 100 else pytest.approx(right))
        mirrored = Interval(probability, "eti").ends(-values)
        np.testing.assert_allclose(mirrored, (-upper, -lower), rtol=1e-9)


@pytest.mark.parametrize("probability", [0, 1, 95, -0.1, "0.9", "95%", True, float("nan"), [0.9], 1.5])
def test_a_level_that_is_no_open_share_is_refused(probability):
    with pytest.raises(PredictionError, match="above 0 and below 1") as caught:
        read_interval(probability)
    assert caught.value.code == "values"
    with pytest.raises(PredictionError):
        Interval(0.5, "eti").replaced(probability)


@pytest.mark.parametrize("interval", ["ETI", "qi", 1, True, ["eti"], ""])
def test_an_unknown_kind_is_refused_with_the_choices(interval):
    with pytest.raises(PredictionError, match="eti, hdi") as caught:
        read_interval(interval=interval)
    assert caught.value.code == "interval"


def test_neither_the_package_nor_this_module_imports_arviz():
    code = "import sys, glmm_bayes.core.intervals; print([name for name in sys.modules if 'arviz' in name])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
