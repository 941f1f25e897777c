"""An interval ratio compares two groups of one row; where it differs from row to row, a row is asked for."""

import numpy as np
import pytest
from scipy import stats

import glmm_bayes as gb
from tests.effects.small_fits import DATA, fit_of

# Small tables are warned of, rightly.
pytestmark = pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")


@pytest.mark.parametrize("backwards", [False, True])
def test_an_interval_ratio_that_depends_on_the_row_is_asked_for_at_one(backwards):
    data = DATA[::-1].reset_index(drop=True) if backwards else DATA
    fit = fit_of("y ~ x * gx + (1 | g)", [-1.0, 0.5, 0.8, 1.1], data=data)
    with pytest.raises(gb.PredictionError, match="differs from row to row"):
        gb.interval_ratio(fit, "gx")
    table = (
        gb.interval_ratio(fit, "gx", newdata=data.head(1).assign(x=0.6))
        .summary()
        .set_index("quantity")["mean"]
    )
    assert table["odds ratio"] == pytest.approx(np.exp(0.8 + 1.1 * 0.6), rel=1e-12)
    z = stats.norm.ppf(0.9) * np.sqrt(2) * 0.7
    assert table["80% interval odds ratio, upper end"] == pytest.approx(np.exp(1.46 + z), rel=1e-12)


def test_an_interval_ratio_of_a_population_averaged_model_is_asked_for_at_one_row():
    further = {"interpretation": "population"}
    with pytest.raises(gb.PredictionError, match="differs from row to row"):
        gb.interval_ratio(fit_of("y ~ x + gx + (1 | g)", [-1.0, 1.5, 0.8], 2.0, **further), "gx")
    plain = gb.interval_ratio(fit_of("y ~ gx + (1 | g)", [-1.0, 0.8], 2.0, **further), "gx").summary()
    assert plain["mean"][0] > np.exp(0.8), "two groups differ by more than the averages"
