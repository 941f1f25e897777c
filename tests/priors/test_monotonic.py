"""Monotonic effects in the graph: priors of totals and simplexes, the average row, and every effect."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, softmax

import glmm_bayes as gb
from tests.plain_mode import PLAIN
from tests.prior_draws import prior_draws

RNG = np.random.default_rng(8)
ROWS = 60
DATA = pd.DataFrame(
    {
        "n": RNG.choice([1, 2, 4, 5], ROWS),
        "z": RNG.normal(1.0, 0.7, ROWS),
        "f": RNG.choice(["a", "b"], ROWS),
        "y": RNG.normal(2.0, 1.5, ROWS),
    }
)
DATA["score"] = RNG.integers(1, 4, ROWS)
SPREAD, Z, N = DATA["y"].std(), DATA["z"].to_numpy(), DATA["n"].to_numpy()
STEPS = (N[:, None] > np.arange(1, 5)).astype(float)
AVERAGE = STEPS.mean(axis=0)
EFFECT = 2.5 * SPREAD


def simplex_of(free):
    """PyMC's simplex transform: a softmax of numbers that add up to zero, and the log of its Jacobian."""
    shares = softmax(np.append(free, -np.sum(free)))
    size = len(shares)
    return shares, np.log(shares).sum() + np.log(size)


def graph_density(model, values):
    logp = model.pymc_model.compile_logp(mode=PLAIN)
    return float(logp(values))


@pytest.mark.parametrize("is_users", [False, True])
def test_the_log_density_is_that_of_a_normal_total_a_dirichlet_and_the_likelihood(is_users):
    priors = {"beta[mo(n)]": gb.Prior("Normal", mu=0.5, sigma=0.8), "simplex": gb.Prior("Dirichlet", alpha=2)}
    model = gb.Model("y ~ mo(n) + z", DATA, priors=priors if is_users else None)
    mean, sd, alpha = (0.5, 0.8, 2.0) if is_users else (0.0, EFFECT, 1.0)
    swing = 2 * DATA["z"].std()
    for _ in range(5):
        gamma, free, log_sigma = RNG.normal(size=3), RNG.normal(size=3), RNG.normal()
        shares, jacobian = simplex_of(free)
        sigma = np.exp(log_sigma)
        # The basis: intercept at the average row, swings of z, the total effect.
        eta = gamma[0] + gamma[1] / swing * (Z - Z.mean()) + (STEPS - AVERAGE) @ (gamma[2] * shares)
        expected = (
            stats.norm.logpdf(gamma[0], DATA["y"].mean(), EFFECT)
            + stats.norm.logpdf(gamma[1], 0.0, EFFECT)
            + stats.norm.logpdf(gamma[2], mean, sd)
            + stats.dirichlet.logpdf(shares, np.full(4, alpha))
            + jacobian
            + stats.expon.logpdf(sigma, scale=SPREAD)
            + log_sigma
            + stats.norm.logpdf(DATA["y"], eta, sigma).sum()
        )
        values = {"beta_basis": gamma, "simplex_n_simplex__": free, "sigma_log__": log_sigma}
        assert graph_density(model, values) == pytest.approx(expected, rel=1e-10)


def drawn_of(formula, *names, data=DATA, draws=1500, **options):
    model = gb.Model(formula, data, **options).pymc_model
    return prior_draws(model, names, draws, seed=3) | {"labels": list(model.coords["coef"])}


def test_steps_are_the_total_times_the_simplex():
    names = ("beta", "mo_n", "simplex_n", "mo_n_f", "simplex_n_f")
    prior = drawn_of("y ~ mo(n)*f + z", *names, draws=50)
    for term, inner in (("n", ""), ("n_f", ":f[b]")):
        positions = [prior["labels"].index(f"mo(n)[>{level}]{inner}") for level in (1, 2, 3, 4)]
        shares = prior[f"simplex_{term}"]
        np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=1e-12)
        np.testing.assert_allclose(prior["beta"][:, positions], prior[f"mo_{term}"] * shares, rtol=1e-12)


def test_the_total_effect_has_the_prior_of_a_full_swing():
    prior = drawn_of("y ~ mo(n) + z", "mo_n", "simplex_n")
    assert stats.kstest(prior["mo_n"][:, 0], stats.norm(0, EFFECT).cdf).pvalue > 1e-4
    assert stats.kstest(prior["simplex_n"][:, 0], stats.beta(1, 3).cdf).pvalue > 1e-4


def test_default_priors_speak_of_the_average_row_and_the_users_of_the_lowest_level():
    beta = drawn_of("y ~ mo(n)*z", "beta")["beta"]
    at_average = np.concatenate([[1.0], AVERAGE, [Z.mean()], AVERAGE * Z.mean()])
    law = stats.norm(DATA["y"].mean(), EFFECT)
    assert stats.kstest(beta @ at_average, law.cdf).pvalue > 1e-4
    slope = beta[:, 5] + beta[:, 6:] @ AVERAGE
    assert stats.kstest(slope, stats.norm(0, EFFECT / (2 * DATA["z"].std())).cdf).pvalue > 1e-4
    own = {"beta[Intercept]": gb.Prior("Normal", mu=3, sigma=0.2)}
    lowest = drawn_of("y ~ mo(n)", "beta", priors=own)["beta"][:, 0]
    assert stats.kstest(lowest, stats.norm(3, 0.2).cdf).pvalue > 1e-4


def test_a_prior_that_is_not_normal_is_that_of_the_total():
    law = {"beta[mo(n)]": gb.Prior("HalfNormal", sigma=0.5)}
    total = drawn_of("y ~ mo(n)", "mo_n", priors=law)["mo_n"][:, 0]
    assert stats.kstest(total, stats.halfnorm(scale=0.5).cdf).pvalue > 1e-4


def test_totals_of_two_levels_of_a_factor_differ_as_much_whichever_is_the_reference():
    data = DATA.assign(h=np.resize(["a", "b", "c"], ROWS))
    total = drawn_of("y ~ mo(n)*h", "mo_n_h", data=data)["mo_n_h"]
    for difference in (total[:, 0], total[:, 1], total[:, 0] - total[:, 1]):
        assert stats.kstest(difference, stats.norm(0, EFFECT).cdf).pvalue > 1e-4


def test_a_second_predictor_has_names_of_its_own():
    names = ("sigma_beta", "sigma_mo_n", "sigma_simplex_n")
    prior = drawn_of(gb.Formula("y ~ mo(n)", sigma="~ mo(n)"), *names, draws=3)
    steps = prior["sigma_mo_n"] * prior["sigma_simplex_n"]
    np.testing.assert_allclose(prior["sigma_beta"][:, 1:], steps, rtol=1e-12)


@pytest.mark.parametrize("family", ["cumulative", "sratio"])
def test_thresholds_have_their_default_prior_at_the_average_of_the_steps(family):
    prior = drawn_of("score ~ mo(n)", "beta", "thresholds", family=family)
    thresholds = prior["thresholds"] - (prior["beta"] @ AVERAGE)[:, None]
    first = stats.beta(1, 2) if family == "cumulative" else stats.uniform()
    assert stats.kstest(expit(thresholds[:, 0]), first.cdf).pvalue > 1e-4


def test_two_levels_have_one_step_that_is_the_whole_effect():
    data = DATA.assign(two=(N > 2) + 0)
    prior = drawn_of("y ~ mo(two)", "beta", "mo_two", "simplex_two", data=data, draws=20)
    assert prior["simplex_two"].tolist() == [[1.0]] * 20
    np.testing.assert_array_equal(prior["beta"][:, 1], prior["mo_two"][:, 0])


@pytest.mark.parametrize(
    ("key", "prior", "message"),
    [
        ("beta[mo(n)[>1]]", gb.Prior("Normal", sigma=1), r"Did you mean 'beta\[mo\(n\)\]'"),
        ("simplex[mo(m)]", gb.Prior("Dirichlet", alpha=1), r"Did you mean 'simplex\[mo\(n\)\]'"),
        ("simplex", gb.Prior("Normal", sigma=1), "must be a Dirichlet distribution"),
        ("beta[mo(n)]", gb.Prior("Dirichlet", alpha=1), "must be real"),
    ],
)
def test_priors_of_monotonic_terms_are_checked_by_name_and_support(key, prior, message):
    with pytest.raises(gb.PriorError, match=message):
        gb.Model("y ~ mo(n)", DATA, priors={key: prior})


@pytest.fixture(scope="module")
def fit():
    model = gb.Model("y ~ mo(n) + z", DATA)
    total = RNG.normal(size=(2, 50, 1))
    shares = RNG.dirichlet(np.ones(4), size=(2, 50))
    beta = np.concatenate([RNG.normal(size=(2, 50, 1)), total * shares, RNG.normal(size=(2, 50, 1))], axis=2)
    draws = {"beta": beta, "mo_n": total, "simplex_n": shares, "sigma": np.ones((2, 50))}
    return gb.Fit.from_draws(model, draws)


def test_predictions_are_monotone_in_each_draw(fit):
    new = pd.DataFrame({"n": [1, 2, 3, 4, 5], "z": 0.3})
    draws = gb.predictions(fit, new).draws.to_numpy().reshape(-1, 5)
    total = fit.flat["mo_n"][:, 0]
    assert (np.diff(draws, axis=1) * np.sign(total)[:, None] >= 0).all()
    np.testing.assert_allclose(draws[:, 4] - draws[:, 0], total, rtol=1e-9, atol=1e-12)


def test_comparisons_are_between_levels_and_the_lowest(fit):
    found = gb.comparisons(fit, "n")
    steps = fit.flat["beta"][:, 1:5].cumsum(axis=1)
    np.testing.assert_allclose(found.summary()["mean"], steps.mean(axis=0), rtol=1e-9)
    assert list(found.summary()["contrast"]) == ["2 vs 1", "3 vs 1", "4 vs 1", "5 vs 1"]


def test_a_saved_fit_comes_back_with_totals_and_simplexes(fit, tmp_path):
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    for name in ("beta", "mo_n", "simplex_n"):
        np.testing.assert_array_equal(again.flat[name], fit.flat[name])
    posterior = again.draws["posterior"]
    assert posterior["simplex_n"].coords["simplex_n_step"].to_numpy().tolist() == [">1", ">2", ">3", ">4"]
    assert posterior["mo_n"].coords["mo_n_coef"].to_numpy().tolist() == ["mo(n)"]
    new = pd.DataFrame({"n": [3, 5], "z": 0.0})
    np.testing.assert_array_equal(gb.predictions(again, new).draws, gb.predictions(fit, new).draws)


@pytest.mark.study
@pytest.mark.sampling
def test_total_and_shares_are_recovered_from_data():
    rng = np.random.default_rng(11)
    n, size = rng.integers(0, 5, 800), 800
    shares = np.array([0.4, 0.15, 0.3, 0.15])
    data = pd.DataFrame({"n": n, "z": rng.normal(size=size)})
    height = np.concatenate([[0.0], np.cumsum(shares)])
    data["y"] = 1.0 + 2.0 * height[n] + 0.5 * data["z"] + rng.normal(0, 0.5, size)
    fit = gb.Model("y ~ mo(n) + z", data).fit(draws=1000, tune=500, chains=2, seed=5, progress=False)
    assert gb.diagnose(fit).passed
    truth = {"mo_n": np.array([2.0]), "simplex_n": shares}
    for name, value in truth.items():
        draws = fit.flat[name]
        assert (np.abs(draws.mean(axis=0) - value) < 4 * draws.std(axis=0)).all()
        assert (draws.std(axis=0) < 0.1).all()
