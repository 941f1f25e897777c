"""Every verb works for every family, and the estimands keep their laws, on draws made by hand."""

from functools import cache

import arviz as az
import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from tests.example_models import USABLE, draws_of
from tests.example_models import few_rows_of as model_of
from tests.examples import EXAMPLES
from tests.examples import FEW as DATA

#: Between a stated number's end and one that is computed.
ROUNDING = 1e-12
CATEGORIES = ("cumulative", "sratio", "cratio", "acat", "categorical")


@cache
def fit_of(family, sd=1.0):
    model = model_of(family)
    return gb.Fit.from_draws(model, draws_of(model, shape=(2, 20), sd=sd))


def values(effects):
    return effects.draws.to_numpy()


@pytest.mark.parametrize("family", USABLE)
def test_leaving_one_out_is_finite(family):
    assert np.isfinite(az.loo(fit_of(family).draws).elpd)


@pytest.mark.parametrize("family", USABLE)
def test_every_estimand_is_predicted(family):
    fit = fit_of(family)
    rows = pd.DataFrame({"x": [0.0, 1.0], "g": ["A", "F"]})
    for word in ("population", "typical", "subject", "new_subject"):
        for newdata in (None, rows):
            assert np.isfinite(values(gb.predictions(fit, newdata, estimand=word))).all()
        assert np.isfinite(values(gb.predictions(fit, estimand=word, by=True))).all()


@pytest.mark.parametrize("family", USABLE)
def test_the_other_verbs_answer(family):
    fit = fit_of(family)
    assert np.isfinite(values(gb.comparisons(fit, "x"))).all()
    assert len(gb.summary(fit))
    assert len(gb.variance_components(fit).summary())
    replicates = gb.posterior_predictive(fit, draws=3, seed=1)
    assert "y" in str(replicates)


@pytest.mark.parametrize("family", [family for family in USABLE if family != "categorical"])
def test_random_effects_are_listed(family):
    assert len(gb.random_effects(fit_of(family)).summary()) == DATA["g"].nunique()


def test_random_effects_of_categories_are_listed():
    assert len(gb.random_effects(fit_of("categorical")).summary()) == 2 * DATA["g"].nunique()


@pytest.mark.parametrize("family", USABLE)
def test_a_model_prints_explains_and_checks_itself(family):
    model = model_of(family)
    assert family in str(model)
    assert str(model.explain())
    assert len(model.check())


@pytest.mark.parametrize("family", USABLE)
def test_a_saved_fit_predicts_the_same_bits(family, tmp_path):
    fit = fit_of(family)
    fit.save(tmp_path / "fit")
    again = gb.load(tmp_path / "fit")
    np.testing.assert_array_equal(values(gb.predictions(fit)), values(gb.predictions(again)))


@pytest.mark.parametrize("family", USABLE)
def test_without_variance_all_estimands_agree(family):
    fit = fit_of(family, sd=0.0)
    typical = values(gb.predictions(fit, estimand="typical"))
    for word in ("population", "subject", "new_subject"):
        np.testing.assert_allclose(values(gb.predictions(fit, estimand=word)), typical, rtol=1e-8)


@pytest.mark.parametrize("family", USABLE)
def test_the_population_mean_lies_in_the_range_of_the_response(family):
    low, high = EXAMPLES[family].ends
    found = values(gb.predictions(fit_of(family)))
    assert (found >= low - ROUNDING).all() and (found <= high + ROUNDING).all()


@pytest.mark.parametrize("family", [f for f in USABLE if FAMILIES[f].links[0] == "identity"])
def test_under_the_identity_link_typical_is_population(family):
    if not FAMILIES[family].mean_is_mu:
        return
    fit = fit_of(family)
    typical = values(gb.predictions(fit, estimand="typical"))
    np.testing.assert_array_equal(values(gb.predictions(fit)), typical)


@pytest.mark.parametrize("family", CATEGORIES)
@pytest.mark.parametrize("word", ["population", "typical", "subject", "new_subject"])
def test_probabilities_of_categories_add_up_to_one(family, word):
    fit = fit_of(family)
    found = values(gb.predictions(fit, estimand=word)).reshape(*fit.shape, -1)
    np.testing.assert_allclose(found.sum(axis=-1), len(DATA), rtol=1e-10)
