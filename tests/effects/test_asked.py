"""An estimand as one value: what it says, what it does, and what must not be said twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

DATA = pd.DataFrame(
    {
        "y": [0, 1, 1, 0, 1, 0, 1, 1],
        "x": [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 3.5],
        "hospital": list("aaaabbbb"),
        "patient": list("ppqqrrss"),
        "w": [1.0, 2.0, 1.0, 0.0, 3.0, 1.0, 1.0, 2.0],
    }
)


@pytest.fixture(scope="module")
def fit():
    model = gb.Model("y ~ x + (1 | hospital) + (1 | patient)", DATA, "bernoulli")
    rng = np.random.default_rng(1)
    draws = {
        "beta": rng.normal(0, 1, (1, 20, 2)),
        "sd_hospital": rng.uniform(0.3, 2, (1, 20, 1)),
        "sd_patient": rng.uniform(0.3, 2, (1, 20, 1)),
        "b_hospital": rng.normal(0, 1, (1, 20, 2, 1)),
        "b_patient": rng.normal(0, 1, (1, 20, 4, 1)),
    }
    return gb.Fit.from_draws(model, draws)


WITHIN = {"hospital": "subject", "patient": "population"}


@pytest.mark.parametrize("verb", ["predictions", "slopes", "comparisons"])
def test_a_value_says_what_the_arguments_say(fit, verb):
    value = gb.Estimand(WITHIN, newdata=DATA.head(4), weights="w")
    call = {"predictions": {"by": True}, "slopes": {}, "comparisons": {}}[verb]
    ask = getattr(gb, verb)
    first = () if verb == "predictions" else ("x",)
    found = ask(fit, *first, estimand=value, **call)
    expected = ask(fit, *first, estimand=WITHIN, newdata=DATA.head(4), weights="w", **call)
    np.testing.assert_array_equal(found.draws, expected.draws)
    assert found.estimand.words == WITHIN
    again = ask(fit, *first, estimand=expected.estimand, **call)
    np.testing.assert_array_equal(again.draws, expected.draws)


def test_scale_and_words(fit):
    value = gb.Estimand("population", scale="link")
    found = gb.predictions(fit, estimand=value)
    np.testing.assert_array_equal(found.draws, gb.predictions(fit, scale="link").draws)
    assert found.attrs["scale"] == "link"
    assert "integrated over their distribution" in str(value) and "link scale" in str(value)
    assert "weighted by w" in str(gb.Estimand(weights="w"))
    assert "Bayesian bootstrap" in str(gb.Estimand(weights=gb.BayesianBootstrap()))


def test_means_are_compared_on_the_link_scale(fit):
    value = gb.Estimand("typical", scale="link", newdata=DATA.head(1))
    found = gb.comparisons(fit, "x", estimand=value, values=[0.0, 1.0])
    np.testing.assert_allclose(found.draws.to_numpy().ravel(), fit.flat["beta"][:, 1], rtol=1e-12)
    assert found.attrs["scale"] == "link"
    with pytest.raises(gb.PredictionError, match="scale of the response"):
        gb.comparisons(fit, "x", measure="ratio", estimand=value)


def test_nothing_is_said_twice(fit):
    with pytest.raises(gb.PredictionError, match="scale stands in the estimand and beside it"):
        gb.predictions(fit, estimand=gb.Estimand(scale="link", parameter=None), scale="respnse")
    with pytest.raises(gb.PredictionError, match="newdata stands in the estimand"):
        gb.predictions(fit, DATA.head(2), estimand=gb.Estimand(newdata=DATA.head(3)))
