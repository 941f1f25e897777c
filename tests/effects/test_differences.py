"""One result less another: of one quantity in equal rows, and of new groups that are not the same."""

import numpy as np
import pytest

import glmm_bayes as gb
from tests.effects.calls_of_verbs import ROWS, fit, frame

NEW = {"estimand": "new_subject"}


def another_fit(formula, family, **responses):
    """Return a fit of the same rows to another response, with draws of the same shape."""
    model = gb.Model(formula, frame().assign(**responses), family=family)
    rng = np.random.default_rng(7)
    draws = {
        name: rng.uniform(0.5, 1.5, (2, 40, *shape))
        if name.startswith("s")
        else rng.normal(size=(2, 40, *shape))
        for name, shape in model.definition.posterior.shapes.items()
    }
    return gb.Fit.from_draws(model, draws)


def counts():
    return another_fit("y ~ x + w + (1 | g)", "poisson", y=np.resize([0, 1, 3], 60))


def other_bits():
    return another_fit("z ~ x + w + (1 | g)", "bernoulli", z=np.resize([0, 1, 1], 60))


def compared(**how):
    return gb.comparisons(fit(), "w", newdata=ROWS, by="x", **how)


UNLIKE = {
    "scales": lambda: gb.predictions(fit(), ROWS, scale="link") - gb.predictions(fit(), ROWS),
    "measures": lambda: compared() - compared(measure="ratio"),
    "families": lambda: gb.predictions(fit(), ROWS) - gb.predictions(counts(), ROWS),
    "quantities": lambda: gb.icc(fit(), ROWS) - gb.attenuation(fit(), ROWS),
    "ranks": lambda: gb.ranks(fit(), best="lowest") - gb.ranks(fit(), best="highest"),
    "links of effects": lambda: gb.random_effects(fit()) - gb.random_effects(counts()),
    "links of coefficients": lambda: gb.coefficients(fit()) - gb.coefficients(counts()),
    "responses": lambda: gb.random_effects(fit()) - gb.random_effects(other_bits()),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_unlike_quantities_have_no_difference(case):
    with pytest.raises(gb.PredictionError, match="unlike things") as caught:
        UNLIKE[case]()
    assert caught.value.code == "difference" and "a.draws - b.draws" in str(caught.value)


def test_estimands_of_one_quantity_have_a_difference_that_names_both():
    found = gb.predictions(fit(), ROWS) - gb.predictions(fit(), ROWS, estimand="typical")
    assert " less " in found.attrs["estimand_name"]


def test_numbers_needed_to_treat_have_no_difference():
    with pytest.raises(gb.PredictionError, match="reciprocals of differences") as caught:
        compared(measure="nnt") - gb.comparisons(fit(2), "w", newdata=ROWS, by="x", measure="nnt")
    assert caught.value.code == "difference"


@pytest.mark.parametrize("hypothesis", [None, "pairwise"])
def test_new_groups_of_two_fits_are_of_two_seeds(hypothesis):
    def new(of, **how):
        return gb.predictions(fit(of), ROWS, **NEW, hypothesis=hypothesis, **how)

    with pytest.raises(gb.PredictionError, match="seed=1") as caught:
        new(1) - new(2)
    assert caught.value.code == "difference"
    for seed in (0, 4):
        with pytest.raises(gb.PredictionError, match="one and the same"):
            new(1, seed=seed) - new(2, seed=seed)
    apart = new(1) - new(2, seed=1)
    np.testing.assert_array_equal(apart.draws, new(1).draws.to_numpy() - new(2, seed=1).draws.to_numpy())
    assert (new(1) - new(1)).draws.to_numpy().max() == 0.0, "of one fit it is one group"


def test_a_fit_that_was_saved_has_the_groups_of_the_one_that_was_not(tmp_path):
    path = tmp_path / "a.glmm"
    fit().save(path)
    found = gb.predictions(fit(), ROWS, **NEW) - gb.predictions(gb.load(path), ROWS, **NEW)
    assert (found.draws == 0.0).all()


def test_equal_rows_are_equal_whatever_their_type():
    whole = gb.predictions(fit(), {"x": [0, 1], "w": [0, 0]})
    floats = gb.predictions(fit(2), {"x": [0.0, 1.0], "w": np.array([0.0, 0.0])})
    assert (whole - floats).draws.shape == (2, 40, 2)
    for other in ({"x": [0.0, 2.0], "w": [0, 0]}, {"x": [0.0], "w": [0]}):
        with pytest.raises(gb.PredictionError, match="row by row"):
            whole - gb.predictions(fit(2), other)
