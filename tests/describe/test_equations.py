"""A printed model shows every linear predictor, threshold, fixed number and term after the bar."""

import pytest

from glmm_bayes.families import FAMILIES
from tests.example_models import model_of
from tests.examples import RESPONSES

SHARED = {"right": "x + (1 |i| g)"}
EQUATIONS = {
    "a formula for sigma": (
        lambda: model_of("gaussian", **SHARED, sigma="~ z + (1 |i| g)"),
        (
            "y[i] ~ Normal(mu[i], sigma[i]^2)",
            "log(sigma[i]) = sigma_beta[Intercept]\n    + sigma_beta[z[b]] z[b][i]\n"
            "    + sigma_b_g[g[i], Intercept]",
            "sigma_b_g[j] ~ Normal(0, sigma_sd_g^2),  j = 1, ..., 8 levels of g",
            "joint_corr_i: correlations of the effects Intercept, sigma_Intercept of a level of g",
        ),
    ),
    "a formula for zi": (
        lambda: model_of("zero_inflated_poisson", zi="~ x"),
        (
            "ZeroInflatedPoisson(mu[i], zi[i])",
            "logit(zi[i]) = zi_beta[Intercept]",
            "mean of zeros = (1 - zi) mu",
        ),
    ),
    "thresholds": (
        lambda: model_of("cumulative", disc="~ z"),
        (
            "logit(P(score[i] <= k)) = disc[i] (thresholds[k] - mu[i]),  k = low, mild, strong",
            "\nmu[i] = beta[x] x[i]",
            "log(disc[i]) = disc_beta[Intercept]",
        ),
    ),
    "steps": (
        lambda: model_of("cratio"),
        ("logit(P(score[i] > k | score[i] >= k)) = mu[i] - thresholds[k]",),
    ),
    "thresholds beside an intercept": (
        lambda: model_of("ordered_beta"),
        (
            "logit(P(part01[i] > 0)) = logit(mu[i]) - thresholds[zero|between]",
            "logit(P(part01[i] = 1)) = logit(mu[i]) - thresholds[between|one]",
        ),
    ),
    "categories": (
        lambda: model_of("categorical"),
        ("log(P(choice[i] = train) / P(choice[i] = bus)) = mu_train_beta[Intercept]",),
    ),
    "numbers of categories": (
        lambda: model_of("multinomial"),
        ("(na, nb, nc)[i] ~ Multinomial", "log(P(nc) / P(na)) = mu_nc_beta[Intercept]"),
    ),
    "a fixed number": (
        lambda: model_of("student", sigma="~ z", nu=4),
        ("StudentT(nu, mu[i], sigma[i]^2)\nnu = 4",),
    ),
    "known errors and bounds": (
        lambda: model_of("gaussian", left=" | se(se) + trunc(lb = 2)"),
        (
            "Normal(mu[i], sigma[i]^2)",
            "sigma[i] = se[i], a known standard error",
            "only responses with 2 <= y[i] could be observed",
        ),
    ),
    "errors beside sigma": (
        lambda: model_of("gaussian", left=" | se(se, sigma = TRUE)"),
        ("se[i]^2, a known standard error squared, is added to sigma^2",),
    ),
    "weights and censoring": (
        lambda: model_of("gamma", left=" | weights(w) + cens(c)"),
        ("the log density of row i counts w[i] times", "a censored row (c[i]) counts by its probability"),
    ),
}
MEANINGS = {
    "sigma": (
        lambda: model_of("gaussian", sigma="~ x"),
        ("at the average row: sigma between 0.1", "factor between 1/7.1 and 7.1 (95% equal-tailed)"),
    ),
    "zi": (
        lambda: model_of("zero_inflated_poisson", zi="~ z"),
        (
            "at the average row: zi between 0.0502 and 0.95 (95% equal-tailed)",
            "odds ratio between 1/18.9 and 18.9 (95% equal-tailed)",
        ),
    ),
    "categories": (
        lambda: model_of("categorical"),
        ("odds against bus between 0.00745 and 134 (95% equal-tailed)",),
    ),
    "cumulative": (lambda: model_of("cumulative"), ("cumulative odds ratio between 1/134 and 134",)),
    "amounts": (lambda: model_of("gamma"), ("mean between", "ratio of means between 1/18.9 and 18.9")),
    "lognormal": (lambda: model_of("lognormal"), ("at the average row: mu between",)),
}


@pytest.mark.parametrize("case", EQUATIONS)
def test_equations_show(case):
    model, wanted = EQUATIONS[case]
    text = model().explain().text
    for line in wanted:
        assert line in text


@pytest.mark.parametrize("case", MEANINGS)
def test_priors_say(case):
    model, wanted = MEANINGS[case]
    text = str(model())
    for words in wanted:
        assert words in text


@pytest.mark.parametrize("family", RESPONSES)
def test_every_family_prints_its_parameters(family):
    model = model_of(family)
    text, latex = str(model), model.explain().latex
    assert set(RESPONSES) == set(FAMILIES)
    for name in model.priors.auxiliary:
        assert f"\n{name} " in text
    for predictor in model.priors.predictors.values():
        for column in predictor.design.coefficients:
            assert f"\n{predictor.prefix}beta[{column}] " in text
    assert latex.count("{") == latex.count("}") and r"\sim \text{1/sqrt" not in latex


def test_counts_are_those_of_all_linear_predictors():
    model = model_of("hurdle_gamma", right="x + (1 |i| g)", hu="~ x + (1 |i| g)", shape="~ z")
    assert "parameters: 2 + 8 + 2 + 2 + 8 effects, 2 standard deviations\n" in f"{model}\n"
    assert "parameters: 2 + 8 effects, 3 thresholds, 1 standard deviation\n" in str(model_of("cumulative"))
    assert str(model).splitlines()[1:3] == ["shape(log)   ~ z", "hu(logit)   ~ x + (1 |i| g)"]
    assert "reference levels: z = a" in str(model)
