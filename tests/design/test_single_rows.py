"""What is said of effects of single rows, of equal groups and of few levels is true of the model at hand."""

import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

RNG = np.random.default_rng(3)
SIZE = 24
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=SIZE),
        "k": RNG.poisson(3, SIZE),
        "b": np.resize([0, 1, 1], SIZE),
        "o": pd.Categorical(np.resize(["low", "mid", "top"], SIZE), ["low", "mid", "top"], ordered=True),
        "c": np.resize(["a", "b", "d"], SIZE),
        "x": RNG.normal(size=SIZE),
        "s": RNG.uniform(0.1, 0.3, SIZE),
        "e": RNG.uniform(1, 2, SIZE),
        "obs": [f"r{k}" for k in range(SIZE)],
        "obs2": [f"q{k}" for k in range(SIZE)],
        "g": np.repeat([f"g{k}" for k in range(8)], 3),
        "h": np.repeat([f"h{k}" for k in range(8)], 3),
        "few": np.resize(["u", "v", "w"], SIZE),
    }
)


def messages(formula, family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        table = gb.Model(formula, DATA, family=family).check()
    return " ".join(table.loc[table["severity"] != "passed", "message"])


F = gb.Formula
PRIOR_ONLY, OVER = "known from its prior only", "overdispersion"
SAID = [
    ("b ~ x + (1 | obs)", "bernoulli", PRIOR_ONLY, OVER),
    ("o ~ x + (1 | obs)", "cumulative", PRIOR_ONLY, OVER),
    ("o ~ x + (1 | obs)", "acat", PRIOR_ONLY, OVER),
    (
        "c ~ x + (1 | obs)",
        "categorical",
        "mu_b_sd_obs and mu_d_sd_obs are known from their priors",
        "overdisp",
    ),
    ("k ~ x + (1 | obs)", "poisson", "sd_obs is the overdispersion", "hardly"),
    ("k ~ x + (1 | obs)", "hurdle_poisson", "sd_obs is the overdispersion", "hu are"),
    ("k ~ x + (1 | obs)", "negative_binomial", "sd_obs and shape are extra variation", OVER),
    ("k ~ x + (1 | obs)", "zero_inflated_poisson", "sd_obs and zi are extra variation", OVER),
    (
        "y ~ x + (1 | obs)",
        "gaussian",
        "sd_obs and sigma are told apart by their priors only",
        "overdispersion",
    ),
    (F("y ~ x + (1 | obs)", sigma="~ x"), "gaussian", "sd_obs and sigma are told apart", OVER),
    (
        F("k ~ x + (1 | obs)", shape="~ x"),
        "negative_binomial",
        "sd_obs and shape are extra",
        "overdispersion",
    ),
    (
        F("y ~ x + (1 | obs)", sigma=1.0),
        "gaussian",
        "what rows vary by beyond the fixed sigma",
        "overdispersion",
    ),
    (
        F("k ~ x", zi="~ (1 | obs)"),
        "zero_inflated_poisson",
        "one row says little of zi_sd_obs",
        "overdispersion",
    ),
    (F("y ~ x", sigma="~ (1 | obs)"), "gaussian", "one row says little of sigma_sd_obs", OVER),
    (
        "y | se(s) ~ 1 + (1 | obs)",
        "gaussian",
        "sd_obs is the heterogeneity of true effects.",
        "overdispersion",
    ),
    (
        "y | se(s) ~ 1 + (1 | g/obs)",
        "gaussian",
        "true effects beyond that of the other groups",
        "overdispersion",
    ),
]


@pytest.mark.parametrize(("formula", "family", "said", "unsaid"), SAID)
def test_an_effect_of_each_row_is_called_what_it_is(formula, family, said, unsaid):
    found = messages(formula, family)
    assert said in found and unsaid not in found


SAME = [
    ("y ~ x + (1 | g) + (1 | h)", "sd_g and sd_h are told apart by their priors only"),
    ("y ~ x + (1 | g/h)", "sd_g and sd_g_h are told apart by their priors only"),
    ("k ~ x + (1 | obs) + (1 | obs2)", "sd_obs and sd_obs2 are told apart by their priors only"),
    ("c ~ x + (1 | g) + (1 | h)", "mu_b_sd_g and mu_d_sd_g and mu_b_sd_h and mu_d_sd_h are told apart"),
]


@pytest.mark.parametrize(("formula", "said"), SAME)
def test_equal_groups_under_two_names_are_told(formula, said):
    family = {"y": "gaussian", "k": "poisson", "c": "categorical"}[formula[0]]
    assert said in messages(formula, family)


APART = [
    "y ~ x + (1 | g) + (0 + x | h)",
    "y ~ x + (1 | g) + (1 | few)",
]


@pytest.mark.parametrize("formula", APART)
def test_what_the_data_tell_apart_is_not_said_to_be_told_by_priors(formula):
    assert "told apart by their priors only" not in messages(formula, "gaussian")


def test_few_levels_are_told_of_every_linear_predictor():
    found = messages("c ~ x + (1 | few)", "categorical")
    assert "mu_b_sd_few rests mostly on its prior" in found and ", and so does mu_d_sd_few." in found


OFFSETS = [
    ("k ~ x + offset(e)", "average row with its offset: "),
    ("k | rate(e) ~ x", "average row with its exposure: "),
    ("k | rate(e) ~ x + offset(x)", "average row with its offset and exposure: "),
    ("k ~ x", "average row: "),
]


@pytest.mark.parametrize(("formula", "said"), OFFSETS)
def test_the_average_row_has_what_the_formula_gives_it(formula, said):
    assert said in str(gb.Model(formula, DATA, family="poisson"))


@pytest.mark.parametrize(
    ("term", "is_said"), [("Days", True), ("center(Days)", False), ("scale(Days)", False)]
)
def test_the_coding_of_a_correlations_prior_is_said_where_it_is_another(term, is_said):
    model = gb.Model(f"Reaction ~ {term} + (1 + {term} | Subject)", gb.load_dataset("sleepstudy"))
    assert ("are meant at the average row" in str(model.explain())) == is_said


def test_an_effect_of_each_row_of_many_trials_is_extra_variation_in_every_category():
    counts = RNG.multinomial(20, [0.2, 0.3, 0.5], SIZE)
    data = DATA.assign(n1=counts[:, 0], n2=counts[:, 1], n3=counts[:, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        table = gb.Model("cbind(n1, n2, n3) ~ x + (1 | obs)", data, family="multinomial").check()
    found = " ".join(table.loc[table["severity"] != "passed", "message"])
    assert "mu_n2_sd_obs and mu_n3_sd_obs are the overdispersion" in found and PRIOR_ONLY not in found
