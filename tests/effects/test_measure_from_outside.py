"""A measure of another package, one module and one call: comparisons, checks and spec files have it."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.effects.result.measures import MEASURES, Difference, Logs, compare_logs
from tests.effects import test_order_of_operations as order
from tests.effects import test_questions as questions
from tests.outside import run_module


@pytest.fixture(autouse=True)
def another_package(registries, tmp_path, monkeypatch):
    run_module("cohens_h", tmp_path, monkeypatch)


def fit_of(family="bernoulli"):
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"x": np.tile([0, 1], 20), "g": np.repeat(range(8), 5), "y": rng.integers(0, 2, 40)})
    model = gb.Model("y ~ x + (1 | g)", data, family=family)
    draws = {"beta": rng.normal(size=(2, 30, 2)), "sd_g": np.full((2, 30, 1), 0.7)}
    return gb.Fit.from_draws(model, draws | {"b_g": 0.7 * rng.normal(size=(2, 30, 8, 1))})


@pytest.mark.parametrize("estimand", ["population", "typical", "subject", "sample"])
def test_it_is_taken_within_each_draw_of_every_estimand(estimand):
    fit = fit_of()
    found = gb.comparisons(fit, "x", measure="cohens_h", estimand=estimand)
    low, high = (
        gb.predictions(
            fit, {"x": np.full(40, value), "g": np.repeat(range(8), 5)}, estimand=estimand, by=True
        ).draws
        for value in (0, 1)
    )
    expected = 2 * (np.arcsin(np.sqrt(high)) - np.arcsin(np.sqrt(low)))
    np.testing.assert_allclose(np.asarray(found.draws), np.asarray(expected), atol=1e-12)
    assert "Cohen's h" in str(found)


def test_a_value_against_itself_is_its_null():
    measure, shares = MEASURES["cohens_h"], np.linspace(0, 1, 9)
    assert (measure.compare(shares, shares) == measure.null).all()


def test_it_keeps_the_laws_of_measures():
    questions.test_equal_levels_give_the_null("cohens_h")
    model = gb.Model("y ~ t + x + (1 + x | g) + (1 | h)", order.DATA, family="bernoulli")
    fits = {"logit": gb.Fit.from_draws(model, order._draws())}
    law = order.test_comparisons_are_of_averages_in_the_order_that_the_header_says
    for words in ("population", {"g": "sample", "h": "population"}):
        law(fits, "logit", words)


def test_it_is_refused_where_ours_of_probabilities_are():
    with pytest.raises(gb.PredictionError, match=r"\[measure\]"):
        gb.comparisons(fit_of("poisson"), "x", measure="cohens_h")


def test_a_wrong_name_lists_it():
    with pytest.raises(gb.PredictionError, match="cohens_h"):
        gb.comparisons(fit_of(), "x", measure="nosuch")


@pytest.mark.parametrize("wrong", [None, 3, "cohens_h", np.subtract])
def test_what_is_no_measure_is_refused(wrong):
    with pytest.raises(gb.PredictionError, match=r"\[measure\]"):
        gb.register_measure(wrong)


@pytest.mark.parametrize(
    "given", [lambda high, low: 1 / 0, lambda high, low: 0.5, lambda high, low: np.nan * high.mean]
)
def test_what_it_makes_of_logs_is_held_to_the_same(given):
    class OfLogs(Difference):
        name = "of_logs"

        def compare_logs(self, high, low):
            return given(high, low)

    gb.register_measure(OfLogs())
    logs = Logs(np.log([[0.2, 0.5], [0.3, 0.6]]))
    with pytest.raises(gb.PredictionError, match="of_logs must return one number a draw and row"):
        compare_logs(MEASURES["of_logs"], logs, logs)
