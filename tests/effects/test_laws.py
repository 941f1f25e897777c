"""Laws that every estimand must keep, on draws from nowhere in particular."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import PredictionError

RNG = np.random.default_rng(7)
ROWS = 120
DATA = pd.DataFrame(
    {
        "x": RNG.normal(1.0, 2.0, ROWS),
        "t": RNG.choice(["a", "b", "c"], ROWS),
        "d": RNG.integers(0, 2, ROWS),
        "g": RNG.integers(0, 12, ROWS),
        "h": RNG.integers(0, 5, ROWS).astype(str),
        "e": RNG.uniform(0.5, 4.0, ROWS),
        "n": RNG.integers(1, 9, ROWS),
        "y": RNG.normal(size=ROWS),
    }
).assign(
    bit=lambda f: (f["y"] > 0).astype(int),
    count=RNG.poisson(3.0, ROWS),
    part=lambda f: RNG.binomial(f["n"], 0.4),
)
CHAINS, DRAWS = 2, 40

MODELS = {
    ("gaussian", "identity"): "y ~ x*t + d + (1 + x | g) + (1 | h)",
    ("bernoulli", "logit"): "bit ~ x*t + d + (1 + x | g) + (1 | h)",
    ("bernoulli", "probit"): "bit ~ x*t + d + (1 + x | g) + (1 | h)",
    ("bernoulli", "cloglog"): "bit ~ x*t + d + (1 + x | g) + (1 | h)",
    ("binomial", "logit"): "part | trials(n) ~ x*t + d + (1 + x | g) + (1 | h)",
    ("poisson", "log"): "count ~ x*t + d + offset(log(e)) + (1 + x | g) + (1 | h)",
}
BINARY = [key for key in MODELS if key[0] in ("bernoulli", "binomial")]


@cache
def fit_of(family, link, sd=0.8, without=None):
    """A fit with random draws; sd scales the random effects; a variable may have no effect."""
    model = gb.Model(MODELS[family, link], DATA, family=family, link=link)
    rng = np.random.default_rng(11)
    corr = np.tile(np.eye(2), (CHAINS, DRAWS, 1, 1))
    corr[..., 0, 1] = corr[..., 1, 0] = rng.uniform(-0.8, 0.8, (CHAINS, DRAWS))
    draws = {
        "beta": rng.normal(0, 0.4, (CHAINS, DRAWS, len(model.design.coefficients))),
        "sd_g": sd * rng.uniform(0.3, 1.0, (CHAINS, DRAWS, 2)),
        "corr_g": corr,
        "sd_h": sd * rng.uniform(0.3, 1.0, (CHAINS, DRAWS, 1)),
        "b_g": sd * rng.normal(size=(CHAINS, DRAWS, 12, 2)),
        "b_h": sd * rng.normal(size=(CHAINS, DRAWS, 5, 1)),
    }
    for at, name in enumerate(model.design.coefficients):
        if without in name.replace("[", ":").split(":"):
            draws["beta"][..., at] = 0.0
    if family == "gaussian":
        draws["sigma"] = rng.uniform(0.5, 2.0, (CHAINS, DRAWS))
    return gb.Fit.from_draws(model, draws)


def values(effects):
    return effects.draws.to_numpy().reshape(CHAINS * DRAWS, -1)


@pytest.mark.parametrize("key", MODELS)
@pytest.mark.parametrize("estimand", ["population", "typical", "subject"])
def test_a_variable_without_effect_gives_the_null(key, estimand):
    for measure, null in [("difference", 0.0), ("ratio", 1.0), ("log_ratio", 0.0), ("lift", 0.0)]:
        if key[0] == "gaussian" and measure == "log_ratio":
            continue  # means of a gaussian can be negative, where a log ratio does not exist
        same = gb.comparisons(fit_of(*key, without="t"), "t", measure=measure, estimand=estimand)
        np.testing.assert_array_equal(values(same), null)


@pytest.mark.parametrize("measure", ["odds_ratio", "log_odds_ratio"])
def test_a_variable_without_effect_gives_the_null_of_odds_ratios(measure):
    same = gb.comparisons(fit_of("bernoulli", "logit", without="d"), "d", measure=measure)
    np.testing.assert_allclose(values(same), same.attrs["null"], atol=1e-14)


def test_identity_link_makes_population_and_typical_agree():
    fit = fit_of("gaussian", "identity")
    population, typical = gb.predictions(fit), gb.predictions(fit, estimand="typical")
    np.testing.assert_allclose(values(population), values(typical), rtol=0, atol=1e-14)
    table = gb.coefficients(fit).side_by_side()
    np.testing.assert_allclose(table["subject_mean"], table["population_mean"], atol=1e-12)


@pytest.mark.parametrize("key", [key for key in BINARY if key[1] in ("logit", "probit")])
def test_population_probability_lies_between_typical_and_a_half(key):
    population = values(gb.predictions(fit_of(*key)))
    typical = values(gb.predictions(fit_of(*key), estimand="typical"))
    assert (np.abs(population - 0.5) <= np.abs(typical - 0.5) + 1e-12).all()
    assert (np.sign(population - 0.5) == np.sign(typical - 0.5)).all()


def test_logit_population_coefficients_are_nearer_zero_for_intercept_only_effects():
    model = gb.Model("bit ~ x + d + (1 | g)", DATA, family="bernoulli")
    draws = {"beta": [[[0.4, -0.9, 1.3]]], "sd_g": [[[1.7]]]}
    table = gb.coefficients(gb.Fit.from_draws(model, draws)).side_by_side()
    assert (table["population_mean"].abs() < table["subject_mean"].abs()).all()


def test_probit_population_equals_the_closed_form():
    from scipy.stats import norm

    fit = fit_of("bernoulli", "probit")
    eta = fit.flat["beta"] @ fit.design.x.T
    sigma = fit.flat["sd_g"][:, :, None] * fit.flat["corr_g"] * fit.flat["sd_g"][:, None, :]
    z = fit.design.group("g").z
    v = np.einsum("rk,skl,rl->sr", z, sigma, z) + fit.flat["sd_h"] ** 2
    np.testing.assert_allclose(values(gb.predictions(fit)), norm.cdf(eta / np.sqrt(1 + v)), atol=1e-12)


def test_log_population_is_typical_times_half_variance():
    fit = fit_of("poisson", "log")
    sigma = fit.covariance("g")
    z = fit.design.group("g").z
    v = np.einsum("rk,skl,rl->sr", z, sigma, z) + fit.flat["sd_h"] ** 2
    typical = values(gb.predictions(fit, estimand="typical"))
    np.testing.assert_allclose(values(gb.predictions(fit)), typical * np.exp(v / 2), rtol=1e-13)


@pytest.mark.parametrize("key", MODELS)
def test_population_equals_simulated_groups(key):
    fit = fit_of(*key)
    row = DATA.iloc[[3]]
    exact = values(gb.predictions(fit, row))[0, 0]
    rng = np.random.default_rng(5)
    size = 1_000_000
    eta = fit.design.offset[3] + fit.design.x[3] @ fit.flat["beta"][0]
    root = np.linalg.cholesky(fit.covariance("g")[0])
    u = (rng.standard_normal((size, 2)) @ root.T) @ fit.design.group("g").z[3]
    u = u + fit.flat["sd_h"][0, 0] * rng.standard_normal(size)
    simulated = fit.link.inverse(eta + u)
    assert abs(simulated.mean() - exact) < 4 * simulated.std() / np.sqrt(size)


@pytest.mark.parametrize("key", MODELS)
def test_subject_predictions_on_training_rows_use_each_rows_own_level(key):
    fit = fit_of(*key)
    expected = np.empty((CHAINS * DRAWS, ROWS))
    levels = {"g": sorted(DATA["g"].unique()), "h": sorted(DATA["h"].unique())}
    for row in range(ROWS):
        g, h = levels["g"].index(DATA["g"][row]), levels["h"].index(DATA["h"][row])
        eta = fit.design.offset[row] + fit.flat["beta"] @ fit.design.x[row]
        eta = (
            eta
            + fit.flat["b_g"][:, g, 0]
            + fit.flat["b_g"][:, g, 1] * DATA["x"][row]
            + fit.flat["b_h"][:, h, 0]
        )
        expected[:, row] = fit.link.inverse(eta)
    # Terms of size 5 may be added in another order and cancel: rounding is absolute there.
    found = values(gb.predictions(fit, estimand="subject"))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("key", MODELS)
def test_no_variance_makes_population_and_typical_agree(key):
    fit = fit_of(*key, sd=0.0)
    population, typical = gb.predictions(fit), gb.predictions(fit, estimand="typical")
    np.testing.assert_allclose(values(population), values(typical), rtol=0, atol=5e-9)


@pytest.mark.parametrize("key", MODELS)
def test_partial_integration_keeps_known_levels_and_integrates_the_rest(key):
    fit = fit_of(*key)
    rows = DATA.iloc[:8]
    mixed = gb.predictions(fit, rows, estimand={"g": "population", "h": "subject"})
    assert mixed.attrs["estimand"] == "g: population, h: subject"
    h = fit.design.group("h")
    eta = fit.design.offset[:8] + fit.flat["beta"] @ fit.design.x[:8].T + fit.flat["b_h"][:, h.codes[:8], 0]
    z = fit.design.group("g").z[:8]
    v = np.einsum("rk,skl,rl->sr", z, fit.covariance("g"), z)
    from glmm_bayes.core.integrals import population_mean

    np.testing.assert_allclose(values(mixed), population_mean(fit.link, eta, v).value, atol=1e-13)


@pytest.mark.parametrize("key", MODELS)
def test_order_and_repetition_of_rows_change_no_average(key):
    fit = fit_of(*key)
    shuffled = DATA.sample(frac=1.0, random_state=1)
    doubled = pd.concat([DATA, shuffled], ignore_index=True)
    base = values(gb.comparisons(fit, "t"))
    for rows in (shuffled, doubled):
        np.testing.assert_allclose(
            values(gb.comparisons(fit, "t", newdata=rows)), base, rtol=1e-10, atol=1e-13
        )


def test_averages_are_taken_within_each_draw():
    # Two rows whose draws run against each other: their average does not vary at all.
    model = gb.Model("y ~ d + (1 | g)", DATA)
    beta = np.zeros((1, 50, 2))
    beta[0, :, 0] = np.linspace(-1, 1, 50)
    beta[0, :, 1] = -2 * beta[0, :, 0]
    fit = gb.Fit.from_draws(model, {"beta": beta, "sd_g": np.ones((1, 50, 1))})
    average = gb.predictions(fit, {"d": [0, 1]}, by=True).summary()
    assert average["eti89_ub"][0] - average["eti89_lb"][0] == pytest.approx(0, abs=1e-14)


def test_comparison_measures_equal_the_published_example():
    # Two rows, m(0) = (.1, .5), m(1) = (.25, .75).
    from glmm_bayes.effects.result.measures import MEASURES

    low, high = np.array([0.1, 0.5]).mean(), np.array([0.25, 0.75]).mean()
    expected = {"difference": 0.2, "ratio": 5 / 3, "odds_ratio": 7 / 3, "lift": 2 / 3}
    for name, value in expected.items():
        assert MEASURES[name].compare(np.array(high), np.array(low)) == pytest.approx(value, abs=1e-12)
    assert MEASURES["log_odds_ratio"].compare(np.array(high), np.array(low)) == pytest.approx(np.log(7 / 3))


def test_offset_enters_predictions_of_new_rows():
    fit = fit_of("poisson", "log")
    once, twice = DATA.iloc[:5].assign(e=1.0), DATA.iloc[:5].assign(e=2.0)
    np.testing.assert_allclose(values(gb.predictions(fit, twice)), 2 * values(gb.predictions(fit, once)))
    with pytest.raises(PredictionError) as caught:
        gb.predictions(fit, once.drop(columns="e"))
    assert (caught.value.code, caught.value.column) == ("newdata_schema", "e")


def test_unknown_groups_are_refused_where_their_effects_are_needed_only():
    fit = fit_of("bernoulli", "logit")
    rows = DATA.iloc[:3].assign(g=99)
    assert len(gb.predictions(fit, rows).summary()) == 3
    assert len(gb.predictions(fit, rows.drop(columns=["g", "h"])).summary()) == 3
    with pytest.raises(PredictionError) as caught:
        gb.predictions(fit, rows, estimand="subject")
    assert (caught.value.code, caught.value.column, len(caught.value.rows)) == ("new_group", "g", 3)
    assert "population" in caught.value.hint


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda fit: gb.predictions(fit, estimand="populaton"), "estimand"),
        (lambda fit: gb.predictions(fit, estimand={"g": "population"}), "estimand"),
        (lambda fit: gb.predictions(fit, scale="odds"), "scale"),
        (lambda fit: gb.predictions(fit, by="treatmnt"), "unknown_column"),
        (lambda fit: gb.predictions(fit, DATA.assign(t="z")), "new_level"),
        (lambda fit: gb.predictions(fit, DATA.assign(x="high")), "newdata_schema"),
        (lambda fit: gb.predictions(fit, DATA.assign(x=np.nan)), "missing_values"),
        (lambda fit: gb.comparisons(fit, "z"), "unknown_column"),
        (lambda fit: gb.comparisons(fit, "t", values=["a", "z"]), "new_level"),
        (lambda fit: gb.comparisons(fit, "t", values=["a"]), "values"),
        (lambda fit: gb.comparisons(fit, "x", values=[0, "one"]), "values"),
        (lambda fit: gb.comparisons(fit, "t", measure="diff"), "unknown_measure"),
        (lambda fit: gb.coefficients(fit, projection="gee"), "unknown_projection"),
        (lambda fit: gb.random_effects(fit, "G"), "unknown_factor"),
    ],
)
def test_wrong_questions_give_typed_errors(call, code):
    with pytest.raises(PredictionError) as caught:
        call(fit_of("bernoulli", "logit"))
    assert caught.value.code == code


def test_odds_ratio_of_counts_is_refused():
    with pytest.raises(PredictionError, match="between 0 and 1"):
        gb.comparisons(fit_of("poisson", "log"), "d", measure="odds_ratio")


def test_a_nested_level_cannot_be_known_under_an_unknown_parent():
    model = gb.Model("y ~ x + (1 | h/g)", DATA)
    draws = {"beta": np.zeros((1, 2, 2)), "sd_h": np.ones((1, 2, 1)), "sd_h_g": np.ones((1, 2, 1))}
    fit = gb.Fit.from_draws(model, draws)
    with pytest.raises(PredictionError, match="known level"):
        gb.predictions(fit, estimand={"h": "population", "h:g": "subject"})


def test_every_result_names_its_estimand_interval_and_integration():
    for key in MODELS:
        for effects in (gb.predictions(fit_of(*key)), gb.comparisons(fit_of(*key), "d")):
            table = effects.summary()
            assert table.attrs["estimand"] == "population"
            assert table.attrs["interval"] == "89% equal-tailed interval"
            assert {"integration", "integration_error", "scale"} <= set(table.attrs)
            assert "population-averaged" in str(effects)
            assert "marginal" not in str(effects).lower()
            assert "<caption>" in effects._repr_html_()


def test_integration_error_is_stated_and_small():
    rules = {
        ("gaussian", "identity"): "exact",
        ("bernoulli", "probit"): "exact",
        ("poisson", "log"): "exact",
        ("bernoulli", "logit"): "normal mixture, 8 terms",
    }
    for key, rule in rules.items():
        assert gb.predictions(fit_of(*key)).attrs["integration"] == rule
    cloglog = gb.predictions(fit_of("bernoulli", "cloglog")).attrs
    assert cloglog["integration"].startswith("trapezoid")
    assert 0 < cloglog["integration_error"] < 1e-9


def test_predictions_of_the_training_rows_equal_those_of_the_same_rows_as_new_data():
    for key in MODELS:
        fit = fit_of(*key)
        for word in ("population", "typical", "subject"):
            old, new = gb.predictions(fit, estimand=word), gb.predictions(fit, DATA, estimand=word)
            np.testing.assert_array_equal(values(old), values(new))


def test_same_call_gives_the_same_bits():
    fit = fit_of("bernoulli", "logit")
    np.testing.assert_array_equal(values(gb.comparisons(fit, "x")), values(gb.comparisons(fit, "x")))
