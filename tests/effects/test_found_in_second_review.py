"""What an independent review of the effects found, and what must hold instead."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb

# Small tables are warned of, rightly.
pytestmark = pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")

RNG = np.random.default_rng(7)
ROWS = 40
GROUP = np.repeat(list("abcdefgh"), 5)
DATA = pd.DataFrame(
    {
        "x": RNG.normal(size=ROWS).round(2),
        "t": np.resize(["u", "v"], ROWS),
        "gx": np.repeat([0, 1, 0, 1, 1, 0, 1, 0], 5),
        "off": RNG.normal(0, 2, ROWS).round(2),
        "g": GROUP,
        "y": np.resize([0, 1, 1], ROWS),
        "n": np.full(ROWS, 3),
    }
)


def fit_of(formula, beta, sd=0.7, data=DATA, draws=1, **further):
    model = gb.Model(formula, data, family=further.pop("family", "bernoulli"), **further)
    values = np.asarray(beta) + 0.05 * np.arange(draws)[:, None]
    return gb.Fit.from_draws(model, {"beta": values[None], "sd_g": np.full((1, draws, 1), sd)})


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


def test_an_offset_is_no_variance_that_covariates_account_for():
    fit = fit_of("y ~ x + offset(off) + (1 | g)", [0.3, 0.0], 2.0, interpretation="population")
    table = gb.r2(fit).summary().set_index(["scale", "quantity"])["mean"]
    assert table["latent", "R2 population"] == pytest.approx(0.0, abs=1e-25)


def test_the_picture_of_numbers_needed_to_treat_says_what_it_shows():
    fit = fit_of("y ~ x + (1 | g)", [-1.0, 0.5], draws=3)
    alt = gb.estimands(fit, "x", measure="nnt").plot().alt
    assert alt.endswith(
        "Reciprocals of the difference's median and of the ends of its 89% equal-tailed interval."
    )
    assert gb.estimands(fit, "x").plot().alt.endswith("Posterior means with 89% equal-tailed intervals.")


def test_the_correlation_of_responses_of_several_trials_is_that_of_one_trial_each():
    fit = fit_of("y | trials(n) ~ x + (1 | g)", [-1.0, 0.5], family="binomial")
    table = gb.icc(fit).summary()
    assert "of one trial each" in table.attrs["estimand_description"]
    assert table["mean"][0] == pytest.approx(
        gb.icc(fit_of("y ~ x + (1 | g)", [-1.0, 0.5])).summary()["mean"][0]
    )


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_moments_of_many_rows_are_looked_up_and_equal_those_of_few(link):
    data = pd.DataFrame({"x": np.linspace(-3, 3, 900), "g": np.arange(900) // 9, "y": np.resize([0, 1], 900)})
    fit = fit_of("y ~ x + (1 | g)", [0.2, 0.6], 1.3, data, draws=2, link=link)
    rows = data.iloc[::100].drop(columns="y")
    for verb in (gb.icc, gb.attenuation):
        many, few = verb(fit, data), verb(fit, rows)
        np.testing.assert_allclose(many["mean"][::100], few["mean"], rtol=1e-9)


def test_the_error_of_a_conditional_predictor_is_stated():
    for link, sd, largest in (("logit", 3.0, 1e-8), ("cloglog", 9.0, 1e-8), ("probit", 9.0, 0.0)):
        fit = fit_of("y ~ x + (1 | g)", [0.5, 0.2], sd, link=link, interpretation="population")
        for answer in (gb.predictions(fit, estimand="typical"), gb.fan(fit)):
            assert answer.attrs["integration_error"] == largest
            assert (answer.attrs["integration"] == "exact") == (largest == 0.0)
        assert gb.predictions(fit).attrs["integration_error"] == 0.0, "the formula itself"
    fit = fit_of("y ~ x + (1 | g)", [0.5, 0.2], 12.0, link="cloglog", interpretation="population")
    assert gb.predictions(fit, estimand="typical").attrs["integration_error"] > 1e-8


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


@pytest.mark.parametrize("word", ["typical", "population", "subject"])
@pytest.mark.parametrize("intercept", [-38.0, -12.0, 9.0, 12.0, 20.0, 38.0])
def test_odds_ratios_keep_their_digits_at_both_ends(intercept, word):
    model = gb.Model("y ~ x + (1 | g)", DATA, family="bernoulli")
    b = np.full((1, 1, 8, 1), 0.25)
    fit = gb.Fit.from_draws(model, {"beta": [[[intercept, 1.0]]], "sd_g": [[[1.0]]], "b_g": b})
    mirrored = gb.Fit.from_draws(model, {"beta": [[[-intercept, -1.0]]], "sd_g": [[[1.0]]], "b_g": -b})
    rows = {"x": [0.0], "g": ["a"]}
    for measure, exact in (("odds_ratio", np.e), ("log_odds_ratio", 1.0)):
        found, other = (
            gb.comparisons(each, "x", measure=measure, estimand=word, newdata=rows).draws.item()
            for each in (fit, mirrored)
        )
        if abs(intercept) > 10 or word != "population":
            assert found == pytest.approx(exact, rel=2e-4 if word == "population" else 1e-11)
        assert found == pytest.approx(1 / other if measure == "odds_ratio" else -other, rel=1e-8)


def test_odds_of_averages_over_rows_keep_their_digits_where_the_average_rounds_to_1():
    fit = fit_of("y ~ x + (1 | g)", [40.0, 1.0])
    rows = pd.DataFrame({"x": [0.0, 2.0]})
    found = gb.comparisons(fit, "x", measure="odds_ratio", estimand="typical", newdata=rows).draws.item()
    assert found == pytest.approx(np.e, rel=1e-11), "both rows are set to the same values"
