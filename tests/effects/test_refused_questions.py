"""A question without an answer, and a wrong argument of any verb, is a PredictionError in words."""

import numpy as np
import pytest

import glmm_bayes as gb
from tests.effects.small_fits import DATA, ROWS, fit_of

# Small tables are warned of, rightly.
pytestmark = pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")


WRONG = {
    "pairs": lambda fit: gb.interval_ratio(fit, "gx", pairs="a"),
    "probability": lambda fit: gb.interval_ratio(fit, "gx", probability="a"),
    "variables": lambda fit: gb.interval_ratio(fit, ["gx", "x"]),
    "mapping": lambda fit: gb.interval_ratio(fit, {"gx": [0, 1]}),
    "factor": lambda fit: gb.interval_ratio(fit, "gx", factor=["g"]),
    "factor of icc": lambda fit: gb.icc(fit, DATA.head(2), factor=["g"]),
    "factor of gee": lambda fit: gb.gee(fit, factor=["g"]),
    "parameter": lambda fit: gb.predictions(fit, DATA.head(2), parameter=["g"]),
    "one probability": lambda fit: gb.fan(fit, DATA.head(2), probabilities=0.5),
    "no probability": lambda fit: gb.fan(fit, DATA.head(2), probabilities=None),
    "words": lambda fit: gb.fan(fit, DATA.head(2), probabilities=["a"]),
    "memory": lambda fit: gb.predictions(fit, DATA.head(2), max_memory=np.inf),
    "no variable": lambda fit: gb.comparisons(fit, None),
    "a number": lambda fit: gb.comparisons(fit, 1),
    "times": lambda fit: gb.gee(fit, correlation="ar1", time=["a"] * ROWS),
    "measure of words": lambda fit: gb.comparisons(fit, "x", measure=lambda high, low: "x"),
    "division by zero": lambda fit: gb.predictions(fit, DATA.head(2), hypothesis="b1/(b1 - b1) = 0"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_arguments_are_answered_in_words(kind):
    with pytest.raises(gb.PredictionError):
        WRONG[kind](fit_of("y ~ x + gx + (1 | g)", [-1.0, 0.5, 0.8]))


def test_numbers_needed_to_treat_are_not_contrasted():
    fit = fit_of("y ~ x + (1 | g)", [-1.0, 0.5])
    with pytest.raises(gb.PredictionError, match="reciprocals of differences"):
        gb.comparisons(fit, {"x": [0, 1, 2]}, measure="nnt", hypothesis="pairwise")


@pytest.mark.parametrize(
    ("arguments", "word"), [({"variable": "zz"}, "zz"), ({"newdata": {"t": ["u"]}}, "x")]
)
def test_a_question_that_no_estimand_answers_is_refused(arguments, word):
    fit = fit_of("y ~ x + t + (1 | g)", [-1.0, 0.5, 0.2])
    with pytest.raises(gb.PredictionError, match=word):
        gb.estimands(fit, **arguments)


def test_models_without_groups_or_fixed_part_answer_in_words():
    fit = gb.Fit.from_draws(gb.Model("y ~ x", DATA, family="bernoulli"), {"beta": [[[0.0, 1.0]]]})
    for verb in (gb.variance_components, gb.random_effects):
        with pytest.raises(gb.PredictionError, match="no random effects"):
            verb(fit)
    empty = gb.Model("y ~ 0 + (1 | g)", DATA, family="bernoulli")
    bare = gb.Fit.from_draws(empty, {"beta": np.zeros((1, 2, 0)), "sd_g": np.ones((1, 2, 1))})
    with pytest.raises(gb.PredictionError, match="no fixed part"):
        gb.coefficients(bare)


@pytest.mark.parametrize("estimand", [3, None, ["typical"]])
def test_an_estimand_of_another_type_is_refused_in_words(estimand):
    with pytest.raises(gb.PredictionError, match="must be a word or a mapping"):
        gb.predictions(fit_of("y ~ x + (1 | g)", [0.0, 1.0]), estimand=estimand)
