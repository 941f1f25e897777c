"""Priors of a standard deviation, said of its square or of one over it: density, draws, files, words."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.spec.prior import DISTRIBUTIONS, SCALES
from tests.plain_mode import PLAIN
from tests.prior_draws import prior_draws

RNG = np.random.default_rng(14)
ROWS = 60
DATA = pd.DataFrame(
    {
        "x": RNG.normal(2.0, 1.5, ROWS),
        "t": np.resize([0, 1, 2], ROWS),
        "g": np.repeat(np.arange(20), 3),
        "y": RNG.normal(0.0, 2.0, ROWS),
        "count": RNG.poisson(3.0, ROWS),
    }
)
# Every distribution that may be one of a variance, and SciPy's.
LAWS = {
    "HalfNormal": ({"sigma": 1.7}, stats.halfnorm(scale=1.7)),
    "HalfStudentT": ({"nu": 3.0, "sigma": 1.2}, None),
    "HalfCauchy": ({"beta": 0.8}, stats.halfcauchy(scale=0.8)),
    "Exponential": ({"scale": 2.5}, stats.expon(scale=2.5)),
    "Gamma": ({"alpha": 0.4, "beta": 0.3}, stats.gamma(0.4, scale=1 / 0.3)),
    "InverseGamma": ({"alpha": 1.4, "beta": 0.7}, stats.invgamma(1.4, scale=0.7)),
    "LogNormal": ({"mu": 0.3, "sigma": 0.9}, stats.lognorm(0.9, scale=np.exp(0.3))),
    "Beta": ({"alpha": 1.5, "beta": 2.5}, stats.beta(1.5, 2.5)),
    "Uniform": ({"lower": 0.0, "upper": 40.0}, stats.uniform(0.0, 40.0)),
}
POWER = {"sd": 1.0, "variance": 2.0, "precision": -2.0}


def log_density_of_scale(name, value):
    law = LAWS[name][1]
    if law is None:  # half of a t distribution
        return np.log(2.0) + stats.t.logpdf(value, 3.0, scale=1.2)
    return law.logpdf(value)


def log_density_of_log_sd(name, scale, sd):
    """Density of log sd where sd^k has the distribution: that of sd^k times |k| sd^k."""
    value = sd ** POWER[scale]
    return log_density_of_scale(name, value) + np.log(abs(POWER[scale])) + np.log(value)


def user_prior(name, scale):
    return gb.Prior(name, of=scale, **LAWS[name][0])


def sampled_value(graph, variable, value):
    """A value of a free variable, and its log density with the Jacobian, on the sampler's scale."""
    rv = graph[variable]
    inner = graph.rvs_to_transforms[rv].forward(np.asarray(value), *rv.owner.inputs).eval(mode=PLAIN)
    (density,) = graph.logp(vars=[rv], jacobian=True, sum=False)
    return float(density.eval({graph.rvs_to_values[rv]: inner}, mode=PLAIN).sum()), inner


def test_every_positive_distribution_is_in_the_table():
    assert set(LAWS) == {n for n in DISTRIBUTIONS if DISTRIBUTIONS[n].support in ("positive", "unit")} | {
        "Uniform"
    }


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", LAWS)
def test_the_density_is_that_of_the_scale_with_its_jacobian(name, scale):
    """At random points: the density of log sd is that of what is sampled times |d sampled/d log sd|."""
    graph = gb.Model("y ~ x", DATA, priors={"sigma": user_prior(name, scale)}).pymc_model
    variable = "sigma" if scale == "sd" else f"sigma_{scale}"
    found, expected = [], []
    for sd in RNG.uniform(0.2, 0.95, 3) ** (-1.0 if scale == "precision" else 1.0):
        value = sd ** POWER[scale]
        found.append(sampled_value(graph, variable, value)[0])
        # d log sd = (d value)/(k value); the sampler's coordinate is a log, or the logit of an interval.
        width = {"Beta": 1.0, "Uniform": 40.0}.get(name)
        slope = 1.0 if width is None else 1.0 - value / width
        expected.append(log_density_of_log_sd(name, scale, sd) - np.log(abs(POWER[scale])) + np.log(slope))
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-10, atol=1e-10)
    # PyMC holds the constant of a half Cauchy, and of a half t, in single precision.
    np.testing.assert_allclose(found, expected, atol=5e-9)


PLACES = {
    "sigma": ("y ~ x + (1 | g)", {}, "sigma", "gaussian"),
    "sd": ("y ~ x + (1 | g)", {}, "sd_g", "gaussian"),
    "sd_g": ("count ~ x + (1 + x | g)", {}, "sd_g", "poisson"),
    "sd_g[x]": ("count ~ x + (1 + x | g)", {}, "sd_g", "poisson"),
    "sd of one for all levels": ('y ~ x + (0 + t | gr(g, structure = "ar1"))', {}, "sd_g", "gaussian"),
    "sd of t effects": ('y ~ x + (1 | gr(g, dist = "student"))', {}, "sd_g", "student"),
    "sigma_sd": ("y ~ x", {"sigma": "~ 1 + (1 | g)"}, "sigma_sd_g", "gaussian"),
    "zi_sd_g": ("count ~ x", {"zi": "~ 1 + (1 | g)"}, "zi_sd_g", "zero_inflated_poisson"),
}


@pytest.mark.parametrize(
    ("place", "scale"),
    [(place, SCALES[1 + index % 2]) for index, place in enumerate(PLACES)] + [("sd_g", "sd")],
)
def test_prior_draws_of_every_standard_deviation_have_the_stated_law(place, scale):
    """sd^2 or sd^-2 of prior draws is distributed as was said (Kolmogorov-Smirnov, fixed seed)."""
    formula, further, variable, family = PLACES[place]
    name = place.split(" ")[0]
    model = gb.Model(
        gb.Formula(formula, **further),
        DATA,
        family,
        priors={name: gb.Prior("Gamma", alpha=2, beta=3, of=scale)},
    )
    drawn = prior_draws(model.pymc_model, [variable], 1500, seed=5)[variable]
    own = drawn.reshape(1500, -1)[:, -1]
    p = stats.kstest(own ** POWER[scale], stats.gamma(2, scale=1 / 3).cdf).pvalue
    assert p > 1e-3
    row = next(
        row for row in model.priors.rows if row.parameter.startswith(variable) and row.source == "yours"
    )
    words = {
        "sd": "Gamma(",
        "variance": f"{row.parameter}^2 ~ Gamma(",
        "precision": f"1/{row.parameter}^2 ~ Gamma(",
    }
    assert row.prior.startswith(words[scale])


def test_the_whole_log_density_under_priors_on_three_scales():
    """Against the model written in NumPy and SciPy, at random points."""
    priors = {
        "beta": gb.Prior("Normal", mu=0.0, sigma=3.0),
        "sigma": gb.Prior("Gamma", alpha=0.5, beta=0.7, of="precision"),
        "sd_g[Intercept]": gb.Prior("Uniform", lower=0, upper=30, of="variance"),
        "sd_g[x]": gb.Prior("HalfNormal", sigma=2.0, of="sd"),
    }
    model = gb.Model("y ~ 0 + x + (1 + x || g)", DATA, priors=priors)
    graph = model.pymc_model
    logp = graph.compile_logp(jacobian=False, mode=PLAIN)
    names = {"sigma_precision": None, "sd_g_0_variance": None, "sd_g_1": None}
    swing = 2 * DATA["x"].std()
    for _ in range(5):
        sigma, first, second = RNG.uniform(0.3, 2.0, 3)
        z, gamma = RNG.normal(size=(20, 2)), RNG.normal()
        values = {"sigma_precision": sigma**-2, "sd_g_0_variance": first**2, "sd_g_1": second}
        point = {"beta_basis": np.array([gamma]), "z_g": z}
        for name in names:
            held = graph.rvs_to_values[graph[name]].name
            point[held] = sampled_value(graph, name, values[name])[1]
        beta = gamma / swing
        eta = beta * DATA["x"] + first * z[DATA["g"], 0] + second * z[DATA["g"], 1] * DATA["x"]
        expected = (
            stats.norm.logpdf(DATA["y"], eta, sigma).sum()
            + stats.norm.logpdf(z).sum()
            + stats.norm.logpdf(beta, 0, 3)
            - np.log(swing)
            + stats.gamma.logpdf(sigma**-2, 0.5, scale=1 / 0.7)
            + stats.uniform.logpdf(first**2, 0, 30)
            + stats.halfnorm.logpdf(second, scale=2.0)
        )
        np.testing.assert_allclose(logp(point), expected, rtol=1e-10)


OTHERS = {
    "beta": ("y ~ x + (1 | g)", {}, "gaussian"),
    "beta[x]": ("y ~ x + (1 | g)", {}, "gaussian"),
    "nu": ("y ~ x", {}, "student"),
    "shape": ("count ~ x", {}, "negative_binomial"),
    "zi": ("count ~ x", {}, "zero_inflated_poisson"),
    "thresholds": ("t ~ x", {}, "cumulative"),
    "df_g": ('y ~ x + (1 | gr(g, dist = "student"))', {}, "gaussian"),
    "sigma_beta": ("y ~ x", {"sigma": "~ x"}, "gaussian"),
    "corr": ("y ~ x + (1 + x | g)", {}, "gaussian"),
    "simplex": ("y ~ mo(t)", {}, "gaussian"),
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("parameter", OTHERS)
def test_what_is_no_standard_deviation_has_no_variance(parameter, scale):
    formula, further, family = OTHERS[parameter]
    given = {parameter: gb.Prior("Gamma", alpha=2, beta=0.5, of=scale)}
    with pytest.raises(gb.PriorError, match=re.escape(parameter)):
        gb.Model(gb.Formula(formula, **further), DATA, family, priors=given)


@pytest.mark.parametrize("scale", ["Precision", "tau", "", 1, 0, ["sd"], True])
def test_a_scale_that_is_none_is_refused_with_the_words(scale):
    with pytest.raises(gb.PriorError, match="sd, variance, precision"):
        gb.Prior("Gamma", alpha=1, beta=1, of=scale)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Normal", {"sigma": 1}),
        ("LKJ", {"eta": 1}),
        ("Dirichlet", {"alpha": 1}),
        ("Uniform", {"lower": -1, "upper": 1}),
    ],
)
def test_a_variance_is_positive(name, arguments):
    with pytest.raises(gb.PriorError, match="must be positive"):
        gb.Prior(name, of="variance", **arguments)


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_spec_files_hold_the_scale(tmp_path, suffix):
    priors = {"sd": gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision"),
              "sigma": gb.Prior("InverseGamma", alpha=1, beta=2, of="variance"),
              "sd_g": gb.Prior("HalfNormal", sigma=2, of="sd")}  # fmt: skip
    spec = gb.ModelSpec.from_formula('y ~ x + (1 | gr(g, dist = "student", df = 4.5))', priors=priors)
    spec.to_file(tmp_path / f"model.{suffix}")
    assert gb.ModelSpec.from_file(tmp_path / f"model.{suffix}") == spec


@pytest.mark.parametrize(
    ("written", "message"), [("2", "must be a text"), ('"tau"', "sd, variance, precision")]
)
def test_a_spec_file_names_the_place_of_a_wrong_scale(tmp_path, written, message):
    prior = f'{{ distribution = "Gamma", alpha = 1, beta = 1, of = {written} }}'
    text = f'[model]\nformula = "y ~ x"\n[priors]\nsigma = {prior}\n'
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(gb.GlmmError, match=message) as caught:
        gb.ModelSpec.from_file(tmp_path / "model.toml")
    assert "priors" in str(caught.value)


def fit_of(model):
    shapes = {"beta": 2, "sd_g": 1, "b_g": (20, 1), "sigma": ()}
    draws = {
        name: RNG.uniform(0.5, 1.0, (1, 5, *np.atleast_1d(size).astype(int))) for name, size in shapes.items()
    }
    return gb.Fit.from_draws(model, draws)


def test_saved_fits_hold_the_scale_and_the_degrees_of_freedom(tmp_path):
    priors = {"sd": gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision"),
              "sigma": gb.Prior("InverseGamma", alpha=1, beta=2, of="variance")}  # fmt: skip
    model = gb.Model('y ~ x + (1 | gr(g, dist = "student", df = 4))', DATA, priors=priors)
    fit = fit_of(model)
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    assert again.spec == fit.spec
    assert again.priors.rows == fit.priors.rows
    assert 'gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision")' in _code(again)


def _code(fit):
    from glmm_bayes.reporting.sentences import reproduction

    return reproduction(fit, read_interval())


def test_mathematics_says_the_scale():
    given = {"sd": gb.Prior("Gamma", alpha=2, beta=3, of="precision")}
    shown = gb.Model('y ~ x + (1 | gr(g, dist = "student", df = 4))', DATA, priors=given).explain()
    assert "1/sd_g[Intercept]^2 ~ Gamma(alpha=2, beta=3)" in shown.text
    assert "b_g[j] ~ t(4; 0, sd_g^2)" in shown.text
    assert r"\text{1/sd\_g[Intercept]\^{}2} &\sim \text{Gamma(alpha=2, beta=3)}" in shown.latex


def test_given_degrees_of_freedom_are_no_parameter():
    model = gb.Model('y ~ x + (1 | gr(g, dist = "student", df = 4))', DATA)
    assert not [name for name in model.pymc_model.named_vars if name.startswith("df")]
    assert [row.source for row in model.priors.rows if row.parameter == "df_g"] == ["fixed"]
    with pytest.raises(gb.PriorError, match="no parameter 'df_g'"):
        gb.Model(model.spec.to_formula(), DATA, priors={"df_g": gb.Prior("Gamma", alpha=2, beta=0.1)})


def test_means_over_effects_of_given_degrees_of_freedom():
    rng = np.random.default_rng(3)
    bits = DATA.assign(bit=rng.integers(0, 2, ROWS))
    draws = {
        "beta": rng.normal(size=(1, 6, 2)),
        "sd_g": rng.uniform(0.5, 2, (1, 6, 1)),
        "b_g": rng.normal(size=(1, 6, 20, 1)),
    }
    fixed = gb.Fit.from_draws(
        gb.Model('bit ~ x + (1 | gr(g, dist = "student", df = 4))', bits, "bernoulli"), draws
    )
    free = gb.Model('bit ~ x + (1 | gr(g, dist = "student"))', bits, "bernoulli")
    free = gb.Fit.from_draws(free, {**draws, "df_g": np.full((1, 6), 4.0)})
    for word in ("typical", "population", "subject", "sample", "new_subject"):
        given = {"seed": 1} if word == "new_subject" else {}
        one, other = (gb.predictions(fit, estimand=word, **given) for fit in (fixed, free))
        np.testing.assert_array_equal(one.draws, other.draws)
    one, other = (gb.variance_components(fit).summary() for fit in (fixed, free))
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ('dist = "student", df = 2', "above 2"),
        ('dist = "student", df = -4', "above 2"),
        ('dist = "student", df = "4"', "above 2"),
        ('dist = "student", df = nu', "above 2"),
        ("df = 4", "Student"),
        ('dist = "bridge", df = 4', "Student"),
    ],
)
def test_degrees_of_freedom_that_say_nothing_are_refused(options, message):
    with pytest.raises(gb.FormulaError, match=message):
        gb.ModelSpec.from_formula(f"y ~ x + (1 | gr(g, {options}))")


def test_a_number_among_the_priors_is_shown_its_place():
    with pytest.raises(gb.PriorError, match=r"df = 4"):
        gb.Model('y ~ x + (1 | gr(g, dist = "student"))', DATA, priors={"df_g": 4.0})


def test_two_terms_of_one_factor_have_one_df():
    formula = 'y ~ x + (1 | gr(g, dist = "student", df = 4)) + (0 + x | gr(g, dist = "student"))'
    with pytest.raises(gb.DataError, match="two terms"):
        gb.Model(formula, DATA)
