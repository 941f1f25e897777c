"""Columns that depend on each other: what was dropped has no effect, and coefficients no one projection."""

import numpy as np
import pytest

import glmm_bayes as gb
from tests.effects.small_fits import DATA, fit_of

TWICE = DATA.assign(x2=2 * DATA["x"])


def test_the_effect_of_a_dropped_column_is_refused():
    fit = fit_of("y ~ x + x2 + (1 | g)", [0.1, 0.5], 1.0, TWICE, rank="drop")
    with pytest.raises(gb.PredictionError, match="leave the dependence"):
        gb.comparisons(fit, "x2")
    with pytest.raises(gb.PredictionError, match="leave the dependence"):
        gb.predictions(fit, TWICE.head(3).assign(x2=0.0))
    assert np.isfinite(gb.predictions(fit, TWICE.head(3)).draws).all()


def test_columns_that_depend_on_each_other_have_no_projection():
    fit = fit_of("y ~ x + x2 + (1 | g)", [0.1, 0.5, 0.2], 1.0, TWICE, rank="keep")
    with pytest.raises(gb.PredictionError, match="no one set of coefficients"):
        gb.coefficients(fit)
