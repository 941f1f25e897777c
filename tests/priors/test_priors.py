"""Default priors do not depend on units, origin or reference level; a user's prior means what it says."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.priors.basis import prior_covariance, recoding
from glmm_bayes.priors.fixed_prior import fixed_prior
from tests.plain_mode import PLAIN
from tests.prior_draws import prior_draws

RNG = np.random.default_rng(4)
ROWS = 60
DATA = pd.DataFrame(
    {
        "x": RNG.normal(10.0, 3.0, ROWS),
        "w": RNG.normal(-2.0, 0.5, ROWS),
        "d": RNG.integers(0, 2, ROWS),
        "f": RNG.choice(["a", "b", "c", "e"], ROWS),
        "g": RNG.integers(0, 6, ROWS),
        "y": RNG.integers(0, 2, ROWS),
    }
)


def prior_of_predictor(formula, data, priors=None):
    """Mean and covariance of the fixed part on the rows under the (normal) prior."""
    model = gb.Model(formula, data, family="bernoulli", priors=priors)
    prior, x = model.priors.first.fixed, model.design.x
    rows = x @ prior.from_normal
    return rows @ prior.mean, rows @ prior.covariance @ rows.T


def prior_of_beta(model):
    prior = model.priors.first.fixed
    return prior.from_normal @ prior.mean, prior.from_normal @ prior.covariance @ prior.from_normal.T


FORMULAS = ["y ~ x + d + f", "y ~ x*f + w", "y ~ x*d", "y ~ x*w*f", "y ~ 0 + f + f:x", "y ~ f*d"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_units_and_origin_of_a_predictor_change_no_prior_of_the_predictor(formula):
    base = prior_of_predictor(formula, DATA)
    moved = prior_of_predictor(formula, DATA.assign(x=DATA["x"] * 1000 - 7, w=32 + 1.8 * DATA["w"]))
    np.testing.assert_allclose(moved[0], base[0], atol=1e-9)
    np.testing.assert_allclose(moved[1], base[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("formula", [f for f in FORMULAS if "f" in f])
def test_another_reference_level_changes_no_prior_of_the_predictor(formula):
    levels = ["c", "a", "e", "b"]
    base = prior_of_predictor(formula, DATA)
    other = prior_of_predictor(formula, DATA.assign(f=pd.Categorical(DATA["f"], categories=levels)))
    np.testing.assert_allclose(other[0], base[0], atol=1e-10)
    np.testing.assert_allclose(other[1], base[1], rtol=1e-10, atol=1e-10)


def test_covariance_of_contrasts_is_the_same_for_every_reference():
    # Four levels, the first replaced by the second as reference: A C A' = C.
    model = gb.Model("y ~ f", DATA, family="bernoulli")
    covariance = prior_covariance(model.design.columns[1:])
    a = np.array([[-1.0, 0, 0], [-1, 1, 0], [-1, 0, 1]])
    np.testing.assert_allclose(covariance, (np.eye(3) + 1) / 2)
    np.testing.assert_allclose(a @ covariance @ a.T, covariance, atol=1e-15)


def test_the_basis_spans_what_the_users_columns_span():
    for formula in FORMULAS:
        design = gb.Model(formula, DATA, family="bernoulli").design
        matrix = recoding(design.columns, design.factor_values)
        assert np.linalg.matrix_rank(matrix) == len(design.columns)
        centred = design.x @ matrix
        means = centred.mean(axis=0)
        main = [
            i for i, c in enumerate(design.columns) if len(c.factors) == 1 and c.factors[0].coding != "full"
        ]
        np.testing.assert_allclose(means[main], 0, atol=1e-10)


def test_a_users_intercept_prior_is_meant_at_zero_of_the_predictors():
    # alpha ~ N(1, 2), beta ~ N(.5, .3), mean of x 10: alpha_c ~ N(6, 3.60555128), corr .832050294.
    data = pd.DataFrame({"x": [8.0, 10.0, 12.0], "y": [1.0, 2.0, 4.0]})
    priors = {
        "beta[Intercept]": gb.Prior("Normal", mu=1, sigma=2),
        "beta[x]": gb.Prior("Normal", mu=0.5, sigma=0.3),
    }
    model = gb.Model("y ~ x", data, priors=priors)
    mean, covariance = prior_of_beta(model)
    np.testing.assert_allclose(mean, [1, 0.5], atol=1e-12)
    np.testing.assert_allclose(covariance, np.diag([4, 0.09]), atol=1e-12)
    to_centre = np.array([1.0, 10.0])
    assert to_centre @ mean == pytest.approx(6)
    assert np.sqrt(to_centre @ covariance @ to_centre) == pytest.approx(3.60555128, abs=5e-9)
    slope = covariance[1] @ to_centre / np.sqrt(covariance[1, 1] * (to_centre @ covariance @ to_centre))
    assert slope == pytest.approx(0.832050294, abs=5e-10)
    at = np.array([5 - 10 * 0.4, 0.4])
    density = stats.multivariate_normal.logpdf(at, mean, covariance)
    assert density == pytest.approx(-1.3826069982, abs=5e-11)


def test_a_prior_that_is_not_normal_has_the_density_it_states():
    priors = {
        "beta[x]": gb.Prior("StudentT", nu=3, mu=0.2, sigma=0.7),
        "beta[d]": gb.Prior("Normal", mu=-1, sigma=0.5),
    }
    model = gb.Model("y ~ x + d", DATA, family="bernoulli", priors=priors)
    graph = model.pymc_model
    log_density = graph.compile_logp(vars=graph.free_RVs, jacobian=False, mode=PLAIN)
    prior = model.priors.first.fixed
    rng = np.random.default_rng(1)
    gaps = []
    for _ in range(10):
        gamma, delta = rng.normal(size=2), rng.normal()
        found = float(log_density({"beta_basis": gamma, "beta_other_1": np.array(delta)}))
        beta = prior.from_normal @ gamma + prior.from_others @ [delta]
        average_row = beta[0] + DATA["x"].mean() * beta[1] + DATA["d"].mean() * beta[2]
        stated = (
            stats.norm.logpdf(average_row, 0, 2.5)
            + stats.t.logpdf(beta[1], 3, 0.2, 0.7)
            + stats.norm.logpdf(beta[2], -1, 0.5)
        )
        gaps.append(found - stated)
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-10)


def test_default_priors_of_a_correlated_term_are_meant_at_the_average_row():
    # Sigma_c = [[1, .3], [.3, .25]], mean of x 10 -> [[20, -2.2], [-2.2, .25]], correlation -.98387.
    to_user = np.array([[1.0, -10.0], [0.0, 1.0]])
    sigma = to_user @ np.array([[1.0, 0.3], [0.3, 0.25]]) @ to_user.T
    np.testing.assert_allclose(sigma, [[20, -2.2], [-2.2, 0.25]], atol=1e-12)
    model = gb.Model("y ~ x + (1 + x | g)", DATA, family="bernoulli")
    mean, sd = DATA["x"].mean(), DATA["x"].std()
    expected = np.array([[1.0, -mean / (2 * sd)], [0.0, 1 / (2 * sd)]])
    np.testing.assert_allclose(model.priors.groups[0].recoding, expected, rtol=1e-12)


def test_a_users_prior_switches_a_correlated_term_to_the_users_coding():
    priors = {"sd_g[x]": gb.Prior("HalfNormal", sigma=0.1)}
    group = gb.Model("y ~ x + (1 + x | g)", DATA, family="bernoulli", priors=priors).priors.groups[0]
    assert not group.is_recoded
    assert group.sd == (gb.Prior("HalfNormal", sigma=2.5), gb.Prior("HalfNormal", sigma=0.1))


def test_default_scales_are_the_stated_ones():
    text = str(gb.Model("y ~ x + (1 | g)", DATA, family="bernoulli"))
    assert "odds ratio between 1/134 and 134" in text
    assert "median odds ratio between groups: median 5, 95% below 107" in text
    poisson = str(gb.Model("y ~ x + (1 | g)", DATA, family="poisson"))
    assert "rate ratio between 1/18.9 and 18.9" in poisson
    assert "median rate ratio between groups: median 2.62, 95% below 16.5" in poisson


def test_priors_without_users_words_are_the_defaults_of_the_average_row():
    design = gb.Model("y ~ x*f", DATA, family="bernoulli").design
    from glmm_bayes.families import Scales

    prior = fixed_prior(design, Scales(0.4, 2.5, 2.0, 1.0), {})
    assert prior.mean[0] == 0.4 and prior.covariance[0, 0] == 2.5**2
    assert not prior.others and prior.shift.shape == (len(design.columns), 0)


def test_prior_draws_of_the_graph_have_the_stated_moments():
    own = gb.Prior("Normal", mu=2, sigma=0.5)
    priors = {"beta": own, "beta[Intercept]": own, "sd": gb.Prior("HalfNormal", sigma=3)}
    model = gb.Model("y ~ x + (1 + x | g)", DATA, family="bernoulli", priors=priors)
    prior = prior_draws(model.pymc_model, ["beta", "sd_g", "corr_g"], 4000, seed=1)
    beta = prior["beta"]
    error = 4 * 0.5 / np.sqrt(4000)
    assert np.abs(beta.mean(axis=0) - 2).max() < error
    assert np.abs(beta.std(axis=0) / 0.5 - 1).max() < 4 / np.sqrt(2 * 4000)
    sd = prior["sd_g"]
    assert np.abs(sd.mean(axis=0) - 3 * np.sqrt(2 / np.pi)).max() < 4 * 3 / np.sqrt(4000)
    rho = prior["corr_g"][:, 0, 1]
    # LKJ(1) of two effects: uniform.
    assert abs(rho.std() - 0.577) < 0.03


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Normal", {"mu": 0, "sd": 1}),
        ("Normal", {}),
        ("Normal", {"sigma": -1}),
        ("Normal", {"sigma": float("nan")}),
        ("Normall", {"sigma": 1}),
        ("Uniform", {"lower": 2, "upper": 1}),
        ("LKJ", {"eta": 0}),
        ("Exponential", {"rate": 1}),
    ],
)
def test_wrong_priors_are_refused_where_they_are_written(name, arguments):
    with pytest.raises(gb.PriorError):
        gb.Prior(name, **arguments)


@pytest.mark.parametrize(
    ("parameter", "prior"),
    [
        ("sd", gb.Prior("Normal", mu=0, sigma=1)),
        ("corr", gb.Prior("Normal", mu=0, sigma=1)),
        ("beta", gb.Prior("LKJ", eta=2)),
        ("sigma", gb.Prior("Normal", sigma=1)),
        ("sd_G", gb.Prior("HalfNormal", sigma=1)),
        ("beta[z]", gb.Prior("Normal", sigma=1)),
        ("beta", "Normal(0, 1)"),
    ],
)
def test_priors_that_do_not_fit_the_model_are_refused_before_the_graph(parameter, prior):
    with pytest.raises(gb.PriorError) as caught:
        gb.Model("y ~ x + (1 + x | g)", DATA, priors={parameter: prior})
    assert caught.value.code == "prior"
