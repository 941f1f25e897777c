"""The fan is exact, and all estimands answer one question side by side."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

import glmm_bayes as gb

RNG = np.random.default_rng(4)
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=40),
        "y": RNG.integers(0, 2, 40),
        "n": RNG.poisson(2.0, 40),
        "g": np.tile([f"g{k}" for k in range(8)], 5),
    }
)


def fit_of(family="bernoulli", response="y", link=None, b=True):
    model = gb.Model(f"{response} ~ x + (1 + x | g)", DATA, family=family, link=link)
    corr = np.broadcast_to([[1.0, 0.3], [0.3, 1.0]], (1, 7, 2, 2))
    draws = {"beta": RNG.normal(0, 0.5, (1, 7, 2)), "sd_g": RNG.uniform(0.3, 1.2, (1, 7, 2)), "corr_g": corr}
    if b:
        draws["b_g"] = RNG.normal(size=(1, 7, 8, 2))
    return gb.Fit.from_draws(model, draws)


ROWS = pd.DataFrame({"x": [-1.0, 0.5, 2.0]})


@pytest.mark.parametrize(
    "key", [("bernoulli", "y", None), ("bernoulli", "y", "cloglog"), ("poisson", "n", None)]
)
def test_the_fan_has_typical_as_median_and_population_as_mean(key):
    fit = fit_of(*key)
    z = np.linspace(-8, 8, 801)
    weights = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    # Upper probabilities too close to one for a double are left out, with their weight.
    kept = special.ndtr(z) < 1.0
    values = gb.fan(fit, ROWS, probabilities=special.ndtr(z[kept])).draws.to_numpy().reshape(7, 3, -1)
    population = gb.predictions(fit, ROWS).draws.to_numpy()[0]
    np.testing.assert_allclose(values @ weights[kept], population, rtol=1e-6)
    assert (np.diff(values, axis=2) >= 0).all()
    median = gb.fan(fit, ROWS, probabilities=[0.5]).draws.to_numpy()
    np.testing.assert_allclose(median, gb.predictions(fit, ROWS, estimand="typical").draws.to_numpy())


def test_population_lies_within_the_fan():
    fit = fit_of()
    low, high = (gb.fan(fit, ROWS, probabilities=[q]).draws.to_numpy() for q in (0.01, 0.99))
    m = gb.predictions(fit, ROWS).draws.to_numpy()
    assert ((low < m) & (m < high)).all()


@pytest.mark.parametrize("wrong", [[0.0], [1.0], [], [-0.2, 0.5]])
def test_probabilities_lie_between_zero_and_one(wrong):
    with pytest.raises(gb.PredictionError) as caught:
        gb.fan(fit_of(), ROWS, probabilities=wrong)
    assert caught.value.code == "values"


def test_all_estimands_answer_one_question():
    fit = fit_of()
    answers = gb.estimands(fit, "x", values=[0, 1], seed=2)
    assert list(answers.effects) == ["typical", "population", "subject", "sample", "new_subject"]
    for word, effects in answers.effects.items():
        alone = gb.comparisons(fit, "x", values=[0, 1], estimand=word, seed=2)
        np.testing.assert_array_equal(effects.draws.to_numpy(), alone.draws.to_numpy())
    table = answers.summary()
    assert list(table["estimand"]) == list(answers.effects)
    assert table["answers"].str.len().min() > 10
    for word in answers.effects:
        assert word in str(answers)


def test_estimands_without_draws_of_groups_are_left_out_and_named():
    answers = gb.estimands(fit_of(b=False))
    assert set(answers.omitted) == {"subject", "sample"}
    assert "not shown" in str(answers)


def test_an_unknown_variable_is_an_error_for_all():
    with pytest.raises(gb.PredictionError):
        gb.estimands(fit_of(), "nonsense", estimand="typical")


def test_an_identity_link_makes_typical_and_population_one():
    model = gb.Model("x ~ n + (1 | g)", DATA)
    draws = {"beta": [[[0.2, 0.4]]], "sd_g": [[[0.7]]], "sigma": [[0.4]]}
    answers = gb.estimands(gb.Fit.from_draws(model, draws))
    typical, population = (answers.effects[word].draws.item() for word in ("typical", "population"))
    assert typical == population
