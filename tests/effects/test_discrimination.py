"""Ratios and shares of ordered categories know the discrimination, and have no one value where it varies."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

import glmm_bayes as gb
from tests.effects.ordered_responses import BETA, DATA, TAU


def disc_fit(disc, right="t + x + (1 | g)", **more):
    model = gb.Model(gb.Formula(f"y ~ {right}", disc=disc), DATA, family="cumulative")
    beta = BETA[: len(model.design.coefficients)]
    draws = {"beta": [[beta]], "thresholds": [[TAU]], "sd_g": [[[1.0]]]}
    return gb.Fit.from_draws(model, draws | more)


def test_a_median_ratio_is_of_one_discrimination_or_refused():
    wanted = np.exp(1.7 * np.sqrt(2.0) * special.ndtri(0.75))
    assert gb.median_ratio(disc_fit(1.7)).summary()["mean"].item() == pytest.approx(wanted)
    with pytest.raises(gb.PredictionError, match="disc has a formula of its own") as caught:
        gb.median_ratio(disc_fit("~ x", disc_beta=[[[0.1, 0.3]]]))
    assert 'gb.fan(fit, parameter="mu")' in str(caught.value)
    assert len(gb.fan(disc_fit("~ x", disc_beta=[[[0.1, 0.3]]]), parameter="mu").grid)


@pytest.mark.parametrize("disc", [1.0, 1.7])
def test_an_interval_ratio_of_ordered_categories_counts_the_discrimination(disc):
    data = DATA.assign(z=DATA.g.isin(["a", "b", "c"]).astype(int))
    model = gb.Model(gb.Formula("y ~ z + (1 | g)", disc=disc), data, family="cumulative")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.4]]], "thresholds": [[TAU]], "sd_g": [[[0.3**0.5]]]})
    table = gb.interval_ratio(fit, "z").summary().set_index("quantity")["mean"]
    z = np.sqrt(0.6) * special.ndtri(0.9)
    ends = np.exp(disc * np.array([0.4 - z, 0.4 + z]))
    np.testing.assert_allclose(table.iloc[1:3], ends)
    assert table["proportion opposed"] == pytest.approx(0.302788308168, rel=1e-9)


RATINGS = pd.DataFrame(
    {
        "rating": pd.Categorical(np.tile(["lo", "mid", "hi"], 8), ["lo", "mid", "hi"], ordered=True),
        "x": np.linspace(-1.5, 1.5, 24) ** 3,
        "z": np.linspace(0.0, 1.0, 24) ** 2,
        "g": np.repeat([f"g{k}" for k in range(6)], 4),
    }
)


@pytest.mark.parametrize("disc", [1, 2])
def test_odds_ratios_of_ordered_categories_know_the_discrimination(disc):
    model = gb.Model(gb.Formula("rating ~ x + (1 | g)", disc=disc), RATINGS, family="cumulative")
    draws = {"beta": [[[1.2]]], "sd_g": [[[2.0]]], "thresholds": [[[-1.0, 1.0]]]}
    fit = gb.Fit.from_draws(model, draws)
    assert gb.coefficients(fit).side_by_side()["subject_ratio"].item() == pytest.approx(np.exp(1.2 * disc))
    table = gb.variance_components(fit).summary().set_index("quantity")["mean"]
    d = np.pi**2 / 3 / disc**2
    assert table["ICC, latent scale"] == pytest.approx(4 / (4 + d))
    median = next(value for name, value in table.items() if name.startswith("median"))
    assert median == pytest.approx(np.exp(disc * np.sqrt(8) * 0.6744897501960817))


def test_a_discrimination_with_a_formula_has_no_one_ratio():
    model = gb.Model(gb.Formula("rating ~ x + (1 | g)", disc="~ z"), RATINGS, family="cumulative")
    draws = {"beta": [[[1.2]]], "sd_g": [[[2.0]]], "thresholds": [[[-1.0, 1.0]]], "disc_beta": [[[0.1, 0.2]]]}
    table = gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()
    own = table[table["coef"] == "x"]
    assert "subject_ratio" not in own or own["subject_ratio"].isna().all()
