"""How functions of several linear predictors are averaged: rows, shapes, zero variances, poles, memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.row_value import number
from tests.core.linked_predictors import one, predictor


def many(draws, rows):
    rng = np.random.default_rng(0)
    at = {
        "mu": predictor("log", rng.normal(size=(draws, rows))),
        "zi": predictor("logit", rng.normal(size=(draws, 1))),
        "shape": predictor("log", rng.normal(size=(draws, 1))),
        "phi": number(2.0),
    }
    v = {"mu": rng.uniform(0.1, 1.0, (draws, rows)), "zi": rng.uniform(0.1, 1.0, (draws, rows))}
    return Joint(at, v, {("mu", "zi"): -0.5 * np.sqrt(v["mu"] * v["zi"])})


def test_functions_may_hold_one_value_for_each_row_and_blocks_leave_no_seam():
    joint, trials = many(700, 3), np.array([1.0, 5.0, 20.0])

    def function(at):
        share = at["shape"].value / (at["shape"].value + at["phi"].value)
        return trials * at["mu"].value * (1.0 - at["zi"].value) * share

    whole = joint.mean(function)
    assert whole.value.shape == (700, 3)
    share = joint.at["shape"].value / (joint.at["shape"].value + 2.0)
    np.testing.assert_allclose(whole.value, trials * share * joint.product("mu", "zi").value, rtol=1e-7)
    np.testing.assert_array_equal(whole.value, joint.mean(function).value)


def test_only_puts_the_other_random_parts_at_zero():
    joint = many(4, 3)
    result = joint.only("mu").mean(lambda at: at["mu"].value * at["zi"].value)
    np.testing.assert_allclose(
        result.value,
        np.exp(joint.at["mu"].eta + joint.variance["mu"] / 2) * joint.at["zi"].value,
        rtol=1e-9,
    )
    assert joint.only("mu").covariance == {}
    assert joint.only("mu", "zi") == joint


def test_without_variance_the_function_itself_is_exact():
    joint = many(4, 3).only()
    result = joint.mean(lambda at: at["mu"].value + at["zi"].value)
    np.testing.assert_array_equal(result.value, joint.at["mu"].value + joint.at["zi"].value)
    assert (result.rule, result.error) == ("exact", 0.0)
    product = joint.product("mu", "zi")
    np.testing.assert_allclose(product.value, joint.at["mu"].value * (1 - joint.at["zi"].value), rtol=1e-14)
    assert (product.rule, product.error) == ("exact", 0.0)


def test_a_row_without_variance_has_the_value_itself():
    joint = many(4, 3)
    for v in joint.variance.values():
        v[:, 1] = 0.0
    joint.covariance[("mu", "zi")][:, 1] = 0.0
    plain = (joint.at["mu"].value * (1.0 - joint.at["zi"].value))[:, 1]
    for result in (
        joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value)),
        joint.product("mu", "zi"),
        joint.conditional(lambda at: at["mu"].value, "mu", "zi"),
    ):
        np.testing.assert_allclose(result.value[:, 1], plain, rtol=1e-8)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_no_draws_or_no_rows_give_no_means(shape):
    empty = np.empty(shape)
    at = {"mu": predictor("softplus", empty), "zi": predictor("logit", empty)}
    joint = Joint(at, {"mu": empty, "zi": empty}, {("mu", "zi"): empty})
    assert joint.mean(lambda at: at["mu"].value * at["zi"].value).value.shape == shape
    assert joint.product("mu", "zi").value.shape == shape


def test_a_random_part_may_have_one_value_for_all_rows():
    joint = many(5, 3)
    one_for_all = {"mu": joint.variance["mu"], "zi": joint.variance["zi"][:, :1]}
    covariance = -0.5 * np.sqrt(one_for_all["mu"] * one_for_all["zi"])
    narrow = Joint(joint.at, one_for_all, {("mu", "zi"): covariance})
    wide = Joint(
        joint.at, {name: np.broadcast_to(v, (5, 3)) for name, v in one_for_all.items()}, narrow.covariance
    )
    for call in (
        lambda joint: joint.mean(lambda at: at["mu"].value * at["zi"].value),
        lambda joint: joint.only("zi").mean(lambda at: at["mu"].value * at["zi"].value),
        lambda joint: joint.product("mu", "zi"),
        lambda joint: joint.conditional(lambda at: at["mu"].value, "mu", "zi"),
    ):
        np.testing.assert_array_equal(call(narrow).value, call(wide).value)


@pytest.mark.parametrize("v", [-1.0, np.nan, np.inf])
def test_a_variance_must_be_finite_and_not_negative(v):
    joint = Joint({"mu": predictor("log", one(0.0))}, {"mu": one(v)}, {})
    with pytest.raises(ValueError, match="finite and not negative"):
        joint.mean(lambda at: at["mu"].value)


def test_three_ways_to_one_product():
    joint = many(20, 3)
    tilted = joint.product("mu", "zi")
    given = joint.conditional(lambda at: at["mu"].value, "mu", "zi")
    both = joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value))
    assert np.abs(given.value - both.value).max() <= given.error + both.error
    assert np.abs(tilted.value - both.value).max() <= tilted.error + both.error
    np.testing.assert_allclose(tilted.value, both.value, rtol=1e-7)


def test_a_probability_of_one_keeps_the_digits_of_its_complement():
    joint = Joint(
        {"mu": predictor("log", one(0.0)), "zi": predictor("logit", one(30.0))},
        {"mu": one(0.25), "zi": one(1.0)},
        {("mu", "zi"): one(0.2)},
    )
    exact = np.exp(0.125 - 30.2 + 0.5)
    assert joint.product("mu", "zi").value.item() == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("name", ["inverse", "inverse_squared"])
def test_a_pole_leaves_no_mean(name):
    at = {"mu": predictor(name, one(2.0)), "zi": predictor("logit", one(0.0))}
    joint = Joint(at, {"mu": one(0.1), "zi": one(0.1)}, {("mu", "zi"): one(0.05)})
    calls = [
        lambda: joint.mean(lambda at: at["mu"].value),
        lambda: joint.product("mu", "zi"),
        lambda: joint.conditional(lambda at: at["mu"].value, "mu", "zi"),
    ]
    for call in calls:
        with pytest.raises(PredictionError, match=f"the {name} link has a pole") as caught:
            call()
        assert caught.value.code == "estimand_undefined"


def test_memory_is_bounded_whatever_the_number_of_draws():
    joint = many(1000, 4)
    tracemalloc.start()
    try:
        joint.mean(lambda at: at["mu"].value * (1.0 - at["zi"].value))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Draws x rows x nodes would be 30 MB and more.
    assert peak < 6e6
