"""A fit that nobody sampled refuses what every fit of its model refuses, and nothing else."""

import warnings

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.effects.expectation.answer import OVERFLOW
from glmm_bayes.fit.datatree import checked_arrays
from glmm_bayes.fit.supports import _INSIDE, Condition, inside
from glmm_bayes.sampling.rehearsal import rehearsal
from tests.example_models import FURTHER, USABLE, draws_of
from tests.example_models import few_rows_of as model_of
from tests.example_models import large_model_of as larger_model
from tests.storage.test_saved_structures import FORMULAS
from tests.storage.test_saved_structures import fit_of as fit_of_structure

WORDS = ("population", "typical", "subject", "sample", "new_subject")
MEASURES = ("difference", "ratio", "odds_ratio", "mean_log_odds_ratio", "nnt", "lift")


def questions(variable, rows):
    """List questions that some model or other refuses."""
    for word in WORDS:
        yield from (
            (gb.predictions, {"estimand": word, "scale": scale, "newdata": newdata})
            for scale in ("response", "link")
            for newdata in (None, rows, {variable: [0.5]})
        )
        yield gb.slopes, {"variable": variable, "estimand": word}
    for measure in MEASURES:
        yield gb.comparisons, {"variable": variable, "measure": measure}
    yield gb.slopes, {"variable": variable, "measure": "eyex", "scale": "link"}
    yield gb.slopes, {"variable": next(iter(rows)), "measure": "dyex", "by": False}


def outcome(verb, fit, asked):
    try:
        verb(fit, **asked)
    except gb.GlmmError as error:
        return "" if error.code == OVERFLOW else str(error)
    return ""


def check_answers(fit, variable, rows):
    trial = rehearsal(fit.definition)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for verb, asked in questions(variable, rows):
            assert outcome(verb, trial, asked) == outcome(verb, fit, asked), (verb, asked)


def check_draw(model):
    """See that it has every variable of the posterior, inside its support."""
    posterior = rehearsal(model.definition).draws["posterior"]
    assert set(posterior.data_vars) == set(model.definition.posterior)
    arrays = checked_arrays({name: posterior[name] for name in posterior.data_vars}, model.definition)
    assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize("family", USABLE)
def test_every_family_refuses_what_its_fits_refuse(family):
    model = model_of(family)
    check_draw(model)
    check_answers(
        gb.Fit.from_draws(model, draws_of(model, shape=(1, 3))), "x", {"x": [0.0, 1.0], "g": ["A", "F"]}
    )


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_structure_refuses_what_its_fits_refuse(formula):
    fit = fit_of_structure(formula)
    check_draw(fit)
    rows = {name: fit.design.table[name].values[:2] for name in ("w",)}
    check_answers(fit, "w", rows)


@pytest.mark.parametrize("family", FURTHER)
def test_a_draw_of_a_model_with_many_predictors_lies_where_it_may(family):
    check_draw(larger_model(family))
    for parameter in FURTHER[family]:
        check_draw(larger_model(family, right="mo(steps) + (1 + x || g)", **{parameter: "~ x + (1 | g)"}))


@pytest.mark.parametrize("support", _INSIDE, ids=lambda support: support[0].requirement if support else "any")
def test_what_lies_inside_a_support_meets_it(support):
    for shape in ((1,), (3,)) if not any("diagonal" in c.requirement for c in support) else ((1, 1), (3, 3)):
        draw = inside(support, shape)[None]
        assert draw.shape == (1, *shape)
        assert not any(
            condition.fails(draw).any() for condition in support if isinstance(condition, Condition)
        )
