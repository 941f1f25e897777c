"""What users of other packages write first is answered with the spelling here."""

import inspect
import re
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core import other_packages

with warnings.catch_warnings():
    warnings.simplefilter("ignore", gb.GlmmWarning)
    DATA = pd.DataFrame(
        {
            "b": np.tile([0, 1, 1, 0, 1], 12),
            "x": np.linspace(-1, 1, 60),
            "g": np.repeat(list("abcdefghij"), 6),
        }
    )
    MODEL = gb.Model("b ~ x + (1 | g)", DATA, family="bernoulli")
RNG = np.random.default_rng(0)
FIT = gb.Fit.from_draws(
    MODEL,
    {
        "beta": RNG.normal([0.2, 0.5], 0.1, (1, 20, 2)),
        "sd_g": RNG.uniform(0.3, 0.6, (1, 20, 1)),
        "b_g": RNG.normal(0, 0.4, (1, 20, 10, 1)),
    },
)

# Where it is the habit, what is written, and what the answer must hold.
MISTAKES = {
    # lme4, glmmTMB
    "lme4 glmer": (lambda: gb.glmer("b ~ x + (1 | g)", DATA), 'gb.Model("y ~ x + (1 | g)", data'),
    "lme4 ranef": (lambda: gb.ranef(FIT), "gb.random_effects(fit)"),
    "lme4 fixef": (lambda: gb.fixef(FIT), "gb.coefficients(fit)"),
    "lme4 VarCorr": (lambda: gb.VarCorr(FIT), "gb.variance_components(fit)"),
    "lme4 confint": (lambda: gb.confint(FIT), "gb.summary(fit)"),
    "lme4 simulate": (lambda: gb.simulate(FIT), "gb.posterior_predictive(fit)"),
    "lme4 predict type": (lambda: gb.predictions(FIT, type="link"), "Write scale="),
    "lme4 predict re.form": (lambda: gb.predictions(FIT, **{"re.form": None}), "Write estimand="),
    "lme4 predict newdata by position of a model": (lambda: gb.predictions(MODEL), "model.fit()"),
    "lme4 subset": (lambda: gb.Model("b ~ x", DATA, subset="x > 0"), "data[data.x > 0]"),
    "lme4 offset": (lambda: gb.Model("b ~ x", DATA, offset="x"), "offset(log(time))"),
    "lme4 nAGQ": (lambda: gb.Model("b ~ x", DATA, nAGQ=7), "sampled"),
    "lme4 na.action": (lambda: gb.Model("b ~ x", DATA, na_action="drop"), "Write missing="),
    "glmmTMB ziformula": (lambda: gb.Model("b ~ x", DATA, ziformula="~ 1"), 'zi="~ z"'),
    # brms, rstanarm
    "brms brm": (lambda: gb.brm("b ~ x"), "gb.Model("),
    "brms prior": (lambda: gb.Model("b ~ x", DATA, prior={}), "Write priors="),
    "brms set_prior": (lambda: gb.set_prior("normal(0, 1)"), "gb.Prior("),
    "brms bf": (lambda: gb.bf("b ~ x"), "gb.Formula("),
    "brms warmup": (lambda: MODEL.fit(warmup=500), "Write tune="),
    "brms iter": (lambda: MODEL.fit(iter=2000), "Write draws="),
    "brms adapt_delta": (lambda: MODEL.fit(adapt_delta=0.9), "Write target_accept="),
    "brms posterior_epred": (lambda: gb.posterior_epred(FIT), "gb.predictions(fit)"),
    "brms posterior_predict": (lambda: FIT.posterior_predict(), "gb.posterior_predictive(fit)"),
    "brms conditional_effects": (lambda: gb.conditional_effects(FIT), "gb.plot_curves(fit"),
    "brms hypothesis": (lambda: gb.hypothesis(FIT, "x > 0"), "hypothesis="),
    "brms bayes_R2": (lambda: gb.bayes_R2(FIT), "gb.r2(fit)"),
    "brms loo": (lambda: gb.loo(FIT), "az.loo(fit.draws)"),
    "brms re_formula": (lambda: gb.predictions(FIT, re_formula=None), "Write estimand="),
    "brms ndraws": (lambda: gb.predictions(FIT, ndraws=100), "Every draw"),
    "brms prior_summary": (lambda: MODEL.prior_summary(), "model.explain()"),
    "brms stancode": (lambda: MODEL.stancode(), "model.pymc_model"),
    # Bambi, PyMC
    "Bambi build": (lambda: MODEL.build(), "model.pymc_model"),
    "Bambi predict": (lambda: MODEL.predict(FIT), "gb.predictions(fit), with fit = model.fit()"),
    "Bambi plot_priors": (lambda: MODEL.plot_priors(), "model.explain()"),
    "Bambi categorical": (lambda: gb.Model("b ~ x", DATA, categorical=["x"]), "C(x)"),
    "Bambi dropna": (lambda: gb.Model("b ~ x", DATA, dropna=True), "Write missing="),
    "Bambi logit as family": (lambda: gb.Model("b ~ x", DATA, family="logit"), 'family="bernoulli"'),
    "PyMC random_seed": (lambda: MODEL.fit(random_seed=1), "Write seed="),
    "PyMC nuts_sampler": (lambda: MODEL.fit(nuts_sampler="nutpie"), "Write engine="),
    "PyMC progressbar": (lambda: MODEL.fit(progressbar=False), "Write progress="),
    "PyMC sample": (lambda: MODEL.sample(), "model.fit()"),
    "PyMC sample_posterior_predictive": (
        lambda: gb.sample_posterior_predictive(FIT),
        "gb.posterior_predictive(fit)",
    ),
    "PyMC arguments without names": (
        lambda: gb.Prior("Normal", 0, 1),
        'gb.Prior("Normal", mu=..., sigma=...)',
    ),
    # marginaleffects, emmeans
    "marginaleffects avg_comparisons": (lambda: gb.avg_comparisons(FIT), "gb.comparisons(fit"),
    "marginaleffects avg_slopes": (lambda: gb.avg_slopes(FIT), "gb.slopes(fit"),
    "marginaleffects datagrid": (lambda: gb.datagrid(x=1), "gb.grid(fit"),
    "marginaleffects variables": (lambda: gb.comparisons(FIT, variables="x"), "Write variable="),
    "marginaleffects comparison": (lambda: gb.comparisons(FIT, "x", comparison="ratio"), "Write measure="),
    "marginaleffects conf_level": (
        lambda: gb.comparisons(FIT, "x", conf_level=0.9),
        "Write probability=0.95.",
    ),
    "marginaleffects vcov": (lambda: gb.slopes(FIT, "x", vcov=True), "carry the uncertainty"),
    "marginaleffects eps": (lambda: gb.slopes(FIT, "x", eps=1e-4), "exact"),
    "marginaleffects wts": (lambda: gb.predictions(FIT, by=True, wts="x"), "Write weights="),
    "marginaleffects lnor": (lambda: gb.comparisons(FIT, "x", measure="lnhr"), "log_ratio"),
    "marginaleffects marginal means": (
        lambda: gb.predictions(FIT, estimand="marginal"),
        'estimand="population"',
    ),
    "emmeans emmeans": (lambda: gb.emmeans(FIT, "x"), "gb.predictions(fit)"),
    "emmeans emtrends": (lambda: gb.emtrends(FIT, "x"), "gb.slopes(fit"),
    "emmeans specs": (lambda: gb.predictions(FIT, specs="x"), "Write by="),
    # ArviZ, statsmodels
    "ArviZ hdi_prob": (lambda: gb.predictions(FIT, by=True).summary(hdi_prob=0.9), "Write probability="),
    "ArviZ var_names": (lambda: gb.summary(FIT, var_names=["beta"]), "rows of the table"),
    "ArviZ fit.summary": (lambda: FIT.summary(), "gb.summary(fit)"),
    "ArviZ fit.posterior": (lambda: FIT.posterior, 'fit.draws["posterior"]'),
    "ArviZ fit.to_netcdf": (lambda: FIT.to_netcdf("a.nc"), "fit.save("),
    "ArviZ plot_trace": (lambda: gb.plot_trace(FIT), "az.plot_trace(fit.draws)"),
    "statsmodels params": (lambda: FIT.params, "gb.summary(fit)"),
    "statsmodels groups": (lambda: gb.Model("b ~ x", DATA, groups="g"), "(1 | g)"),
    "statsmodels exog": (lambda: gb.predictions(FIT, exog=DATA), "Write newdata="),
    "pandas on a result": (lambda: gb.predictions(FIT, by=True).to_csv("a.csv"), "result.summary().to_csv"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_with_the_spelling_here(name):
    call, words = MISTAKES[name]
    with pytest.raises(gb.GlmmError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("risk_difference", "difference"),
        ("risk_ratio", "ratio"),
        ("rate_ratio", "ratio"),
        ("relative_risk", "ratio"),
        ("relative risk", "ratio"),
        ("rr", "ratio"),
        ("RR", "ratio"),
        ("or", "odds_ratio"),
        ("Odds-Ratio", "odds_ratio"),
        ("lnor", "log_odds_ratio"),
        ("NNT", "nnt"),
    ],
)
def test_a_measure_is_known_by_the_names_of_the_field(alias, name):
    asked = gb.comparisons(FIT, "x", measure=alias)
    own = gb.comparisons(FIT, "x", measure=name)
    assert asked.caption == own.caption
    np.testing.assert_array_equal(asked.draws, own.draws)


@pytest.mark.parametrize("word", ["risk_ratioo", "riskratios", "relative_rsk"])
def test_a_slip_in_a_ratio_is_never_answered_with_odds(word):
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(FIT, "x", measure=word)
    assert "mean 'odds" not in str(caught.value)


def test_the_only_factor_need_not_be_named_to_be_ranked():
    pd.testing.assert_frame_equal(gb.ranks(FIT).summary(), gb.ranks(FIT, "g").summary())


def test_one_of_several_factors_must_be_named():
    model = gb.Model("b ~ x + (1 | g) + (1 | h)", DATA.assign(h=np.tile(range(12), 5)), family="bernoulli")
    draws = {"beta": np.zeros((1, 5, 2)), "sd_g": np.ones((1, 5, 1)), "b_g": np.zeros((1, 5, 10, 1))}
    fit = gb.Fit.from_draws(model, {**draws, "sd_h": np.ones((1, 5, 1)), "b_h": np.zeros((1, 5, 12, 1))})
    with pytest.raises(gb.PredictionError, match=r'2 grouping factors: g, h\. Write factor="g"'):
        gb.ranks(fit)


ARGUMENTS = {
    argument: ours for argument, (ours, sentence) in other_packages.ARGUMENTS.items() if not sentence
}


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_what_an_argument_is_called_here_is_an_argument(argument):
    known = {
        name
        for function in [getattr(gb, name) for name in gb.__all__]
        + [gb.Model.__init__, gb.Model.fit, gb.Fit.save]
        if inspect.isfunction(function)
        for name in inspect.signature(function).parameters
    }
    assert set(ARGUMENTS[argument]) & known


@pytest.mark.parametrize("spelling", sorted(set(other_packages.NAMES.values())))
def test_what_is_written_for_a_name_exists(spelling):
    for kind, name in re.findall(r"\b(gb|model|fit)\.(\w+)", re.sub('"[^"]*"', "", spelling)):
        assert hasattr({"gb": gb, "model": gb.Model, "fit": FIT}[kind], name)


def test_names_that_do_not_exist_are_attribute_errors():
    assert not hasattr(FIT, "nonsense") and not hasattr(MODEL, "summary") and not hasattr(gb, "glmer")
    with pytest.raises(AttributeError):
        FIT.nonsense  # noqa: B018


#: Words of the field that are other quantities, laws or functions than those here with names like them.
OTHERS = {
    "measure": (
        "RRR",
        "par",
        "hazard_ratio",
        "relative_risk_reduction",
        "inverse_ratio",
        "logit",
        "log2",
        "ARR",
    ),
    "family": (
        "exgaussian",
        "mvgaussian",
        "logitnormal",
        "hurdle_weibull",
        "com_poisson",
        "shifted_lognormal",
    ),
    "link": ("robit", "log1p", "power"),
    "target": ("ATO", "overlap"),
}


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, words in OTHERS.items() for word in words])
def test_another_quantity_is_never_what_somebody_meant(kind, word):
    asked = {
        "measure": lambda: gb.comparisons(FIT, "x", measure=word),
        "family": lambda: gb.Model("b ~ x", DATA, family=word),
        "link": lambda: gb.Model("b ~ x", DATA, family="bernoulli", link=word),
        "target": lambda: gb.comparisons(FIT, "x", values=[0, 1], target=word),
    }
    with pytest.raises(gb.GlmmError) as caught:
        asked[kind]()
    assert "Did you mean" not in str(caught.value) and word in str(caught.value)


SLIPS = [
    ("poison", "poisson"), ("possion", "poisson"), ("gausian", "gaussian"), ("bernouli", "bernoulli"),
    ("negative_binominal", "negative_binomial"), ("negativebinomial", "negative_binomial"),
    ("Zero_Inflated_Poison", "zero_inflated_poisson"), ("categorial", "categorical"),
    ("binom", "binomial"), ("cumulativ", "cumulative"), ("opisson", "poisson"),
]  # fmt: skip


@pytest.mark.parametrize(("slip", "meant"), SLIPS)
def test_a_misspelt_word_is_answered_with_the_word(slip, meant):
    with pytest.raises(gb.GlmmError, match=f"Did you mean '{meant}'"):
        gb.Model("b ~ x", DATA, family=slip)


NAMED = {
    **dict.fromkeys(("odds_ratio", "risk_ratio", "risk_difference"), "gb.comparisons(fit"),
    **dict.fromkeys(("AIC", "BIC"), "az.loo(fit.draws)"),
    **dict.fromkeys(("allEffects", "Effect", "emmip"), "gb.plot_curves(fit"),
    "common_effects": "gb.coefficients(fit)",
    "random_effects_cov": "gb.variance_components(fit)",
    "posterior_linpred": 'scale="link"',
    "comparisons": 'gb.comparisons(fit, "x")',
    "load": 'gb.load("model.glmm")',
}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_answered_with_a_call_that_can_be_made(name):
    with pytest.raises(AttributeError) as caught:
        getattr(FIT, name)
    assert NAMED[name] in str(caught.value)


@pytest.mark.parametrize(
    "name", ["compare", "deviance", "getME", "check_collinearity", "plot_pair", "interpret"]
)
def test_a_name_without_a_counterpart_is_not_taken_for_another(name):
    with pytest.raises(AttributeError) as caught:
        getattr(gb, name)
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", ["hdi", "to_pandas", "posterior", "pairs", "ci", "regrid", "tidy"])
def test_what_a_data_frame_has_not_is_not_said_to_be_its_own(name):
    with pytest.raises(AttributeError) as caught:
        getattr(gb.predictions(FIT, by=True), name)
    assert "result.summary()." not in str(caught.value) and "result.draws" in str(caught.value)


def test_a_sentence_of_effects_is_not_said_of_other_things():
    for call in (lambda: gb.summary(FIT, kind="stats"), lambda: gb.pp_check(FIT, type="bars")):
        with pytest.raises(TypeError) as caught:
            call()
        assert "response scale" not in str(caught.value)
    with pytest.raises(gb.GlmmError) as caught:
        MODEL.fit(step=0.1)
    assert "Derivatives" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "ours"), [("treated", "ATT"), ("ATU", "ATC"), ("controls", "ATC"), ("everyone", "ATE")]
)
def test_whom_a_target_is_about_is_answered_by_its_name_here(word, ours):
    with pytest.raises(gb.PredictionError, match=f'target="{ours}"'):
        gb.comparisons(FIT, "x", values=[0, 1], target=word)
