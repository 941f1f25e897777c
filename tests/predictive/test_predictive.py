"""Replicated responses follow the family's law, and the check finds what a model misses."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.row_value import number

CHAINS, DRAWS = 2, 60
RNG = np.random.default_rng(9)
ROWS = 240
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=ROWS),
        "g": np.repeat(np.arange(24), 10),
        "n": RNG.integers(1, 9, ROWS),
    }
)
TRUE_B = RNG.normal(0, 0.7, 24)
ETA = 0.3 + 0.5 * DATA["x"].to_numpy() + TRUE_B[DATA["g"]]
DATA = DATA.assign(
    y=ETA + RNG.normal(0, 0.8, ROWS),
    count=RNG.poisson(np.exp(ETA)),
    bit=RNG.binomial(1, 1 / (1 + np.exp(-ETA))),
    part=RNG.binomial(DATA["n"], 1 / (1 + np.exp(-ETA))),
)
FORMULAS = {
    "gaussian": "y ~ x + (1 | g)",
    "poisson": "count ~ x + (1 | g)",
    "bernoulli": "bit ~ x + (1 | g)",
    "binomial": "part | trials(n) ~ x + (1 | g)",
}
KINDS = {"gaussian": "density", "poisson": "rootogram", "bernoulli": "proportions", "binomial": "proportions"}


def draws_of(family, without=(), noise=0.02):
    rng = np.random.default_rng(4)
    shape = (CHAINS, DRAWS)
    draws = {
        "beta": np.array([0.3, 0.5]) + noise * rng.normal(size=(*shape, 2)),
        "sd_g": rng.uniform(0.6, 0.8, (*shape, 1)),
        "b_g": (TRUE_B + noise * rng.normal(size=(*shape, 24)))[..., None],
    }
    if family == "gaussian":
        draws["sigma"] = rng.uniform(0.78, 0.82, shape)
    return {name: value for name, value in draws.items() if name not in without}


def fit_of(family, data=DATA, **options):
    return gb.Fit.from_draws(gb.Model(FORMULAS[family], data, family=family), draws_of(family, **options))


@pytest.mark.parametrize("family", FORMULAS)
def test_the_mean_of_replicated_responses_is_the_mean_of_the_model(family):
    fit = fit_of(family)
    tree = gb.posterior_predictive(fit, seed=1)
    y = tree["posterior_predictive"]["y"]
    assert y.dims == ("chain", "draw", "row") and y.shape == (CHAINS, DRAWS, ROWS)
    mean = y.to_numpy().reshape(-1, ROWS).mean(axis=0)
    mu = gb.predictions(fit, estimand="subject").draws.to_numpy().reshape(-1, ROWS)
    expected = mu.mean(axis=0) * fit.response.trials
    at = {name: number(fit.flat[name].mean(keepdims=True)[:, None]) for name in fit.priors.auxiliary}
    variance = fit.family.variance({"mu": number(mu.mean(axis=0)[None]), **at})[0] * fit.response.trials
    error = (mean - expected) / np.sqrt(variance / (CHAINS * DRAWS))
    assert np.abs(error).max() < 5
    assert abs(error.mean()) < 4 / np.sqrt(ROWS)
    np.testing.assert_array_equal(tree["observed_data"]["y"], fit.response.values)


@pytest.mark.parametrize("family", FORMULAS)
def test_the_same_seed_gives_the_same_bits(family):
    fit = fit_of(family)
    one, two, other = (
        gb.posterior_predictive(fit, seed=seed)["posterior_predictive"]["y"] for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_a_seed_that_was_not_given_is_stored():
    fit = fit_of("poisson")
    tree = gb.posterior_predictive(fit)
    again = gb.posterior_predictive(fit, seed=tree.attrs["seed"])
    np.testing.assert_array_equal(tree["posterior_predictive"]["y"], again["posterior_predictive"]["y"])


def test_draws_are_thinned_evenly_and_say_so():
    tree = gb.posterior_predictive(fit_of("poisson"), draws=6, seed=1)
    assert tree["posterior_predictive"]["draw"].to_numpy().tolist() == [0, 10, 20, 30, 40, 50]
    assert tree["posterior_predictive"].attrs["thinning"] == "6 of 60 draws a chain, evenly spread"


def test_too_many_numbers_are_thinned_by_default(monkeypatch):
    monkeypatch.setattr("glmm_bayes.predictive.posterior_predictive.MOST_NUMBERS", 10 * CHAINS * ROWS)
    tree = gb.posterior_predictive(fit_of("poisson"), seed=1)
    assert tree["posterior_predictive"].sizes["draw"] == 10
    assert tree.attrs["draws"] == 10


@pytest.mark.parametrize("draws", [0, 61])
def test_more_draws_than_there_are_is_an_error(draws):
    with pytest.raises(gb.PredictionError, match="from 1 to 60"):
        gb.posterior_predictive(fit_of("poisson"), draws=draws)


def test_without_random_effects_the_error_names_what_is_missing():
    with pytest.raises(gb.DataError, match="b_g") as caught:
        gb.pp_check(fit_of("poisson", without=("b_g",)))
    assert caught.value.code == "draws_missing"


@pytest.mark.parametrize("family", FORMULAS)
def test_a_check_of_the_true_model_passes_in_words(family):
    figure = gb.pp_check(fit_of(family))
    assert "the model replicates this side of the data" in figure.verdict
    assert figure.verdict in figure.alt
    assert "89% equal-tailed interval" in figure.alt and "random effects" in figure.alt
    assert figure.verdict.split()[0] in figure._suptitle.get_text()


def test_a_check_finds_too_many_zeros():
    broken = DATA.assign(count=np.where(np.arange(ROWS) % 2, 0, DATA["count"] * 2))
    figure = gb.pp_check(fit_of("poisson", broken))
    assert "the model misses" in figure.verdict


def test_a_check_finds_groups_that_differ_more_than_the_model_says():
    rng = np.random.default_rng(0)
    broken = DATA.assign(bit=np.repeat(rng.integers(0, 2, 24), 10))
    figure = gb.pp_check(fit_of("bernoulli", broken))
    assert "the model misses" in figure.verdict


def test_trials_of_zero_do_no_harm():
    data = DATA.assign(
        n=np.where(DATA["g"] == 3, 0, DATA["n"]), part=np.where(DATA["g"] == 3, 0, DATA["part"])
    )
    figure = gb.pp_check(fit_of("binomial", data))
    assert "nan" not in figure.alt


@pytest.mark.parametrize("family", FORMULAS)
def test_the_same_seed_gives_the_same_figure(family):
    fit = fit_of(family)
    assert gb.pp_check(fit).to_svg() == gb.pp_check(fit, kind=KINDS[family], seed=0).to_svg()


def test_a_kind_that_does_not_fit_says_which_does():
    with pytest.raises(gb.PredictionError, match="rootogram") as caught:
        gb.pp_check(fit_of("poisson"), kind="density")
    assert caught.value.code == "kind"
    with pytest.raises(gb.PredictionError, match="Did you mean 'rootogram'"):
        gb.pp_check(fit_of("poisson"), kind="rootgram")


def test_models_without_groups_are_checked_too():
    model = gb.Model("bit ~ x", DATA, family="bernoulli")
    beta = np.array([0.3, 0.5]) + 0.1 * np.random.default_rng(1).normal(size=(CHAINS, DRAWS, 2))
    figure = gb.pp_check(gb.Fit.from_draws(model, {"beta": beta}))
    assert len(figure.axes) == 1 and "bins" in figure.verdict
