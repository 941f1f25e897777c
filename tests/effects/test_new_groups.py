"""Groups that nobody has seen, summarised from their exact distribution and beside other estimands."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

import glmm_bayes as gb
from tests.effects.draws_of_new_groups import DATA, MANY, ROWS, fit_of, near, new, within_error

# One draw at the maximum of the toenail trial: eta = -1.6307283, v = 16.13126.
TOENAIL = gb.Fit.from_draws(
    gb.Model("y ~ 1 + (1 | patientID)", gb.load_dataset("toenail"), family="bernoulli"),
    {"beta": [[[-1.6307283]]], "sd_patientID": [[[np.sqrt(16.13126)]]]},
)


def test_the_interval_of_a_new_patient_is_the_published_one():
    table = gb.predictions(TOENAIL, {"patientID": ["new"]}, estimand="new_subject", per="label").summary(0.9)
    assert table["eti90_lb"][0] == pytest.approx(0.000264587052, abs=5e-13)
    assert table["eti90_ub"][0] == pytest.approx(0.993143097965, abs=5e-13)
    assert table["mean"][0] == pytest.approx(0.355173344142, abs=5e-9)
    assert table.attrs["interval_from"] == "exact distribution over draws and new groups"


@pytest.mark.parametrize("key", ["gaussian", "bernoulli", "poisson"])
@pytest.mark.parametrize("probability", [0.5, 0.89, 0.999])
def test_interval_ends_are_roots_of_the_distribution_function_over_draws_and_groups(key, probability):
    fit = fit_of(key)
    effects = gb.predictions(fit, DATA[:5], estimand="new_subject", per="label")
    table = effects.summary(probability)
    z = fit.design.group("g").z[:5]
    eta = fit.flat["beta"] @ fit.design.x[:5].T
    v = np.einsum("rk,skl,rl->sr", z, fit.covariance("g"), z) + fit.flat["sd_h"] ** 2
    ends = table.filter(like="eti").to_numpy()
    for position, q in enumerate([(1 - probability) / 2, (1 + probability) / 2]):
        reached = stats.norm.cdf((fit.link.link(ends[:, position]) - eta) / np.sqrt(v)).mean(axis=0)
        np.testing.assert_allclose(reached, q, atol=1e-12)
    population = gb.predictions(fit, DATA[:5]).summary()["mean"]
    np.testing.assert_allclose(table["mean"], population, rtol=1e-13, atol=0)
    np.testing.assert_allclose(table["sd"], new(fit, DATA[:5]).std(axis=0, ddof=1))


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_typical_is_the_median_and_population_the_mean_of_new_groups_in_each_draw(link):
    fit = fit_of(shape=(1, 3), link=link)
    rows = pd.DataFrame({"x": 2.0, "g": [f"new {i}" for i in range(MANY)], "h": range(MANY)})
    drawn = new(fit, rows)
    one = rows[:1]
    typical = new(fit, one, estimand="typical")[:, 0]
    within_error(drawn.T, new(fit, one, estimand="population")[:, 0])
    within_error((drawn < typical[:, None]).T.astype(float), 0.5)
    single = fit_of(shape=(1, 1), link=link)
    law = gb.predictions(single, DATA[:4], estimand="new_subject", per="label").law
    near(law.quantile(0.5), new(single, DATA[:4], estimand="typical")[0])


def test_under_an_identity_link_the_mean_of_new_groups_is_the_typical_one():
    fit = fit_of("gaussian")
    table = gb.predictions(fit, DATA[:4], estimand="new_subject", per="label").summary()
    near(table["mean"], gb.predictions(fit, DATA[:4], estimand="typical").summary()["mean"])


def test_without_variance_new_groups_are_typical():
    fit = fit_of(sd=0.0)
    np.testing.assert_array_equal(new(fit, DATA), new(fit, DATA, estimand="typical"))
    draws = new(fit, DATA[:4], estimand="typical")
    table = gb.predictions(fit, DATA[:4], estimand="new_subject", per="label").summary(0.75)
    wanted = np.quantile(draws, [0.125, 0.875], axis=0, method="inverted_cdf")
    near(table.filter(like="eti").to_numpy().T, wanted)


def test_moments_of_correlated_effects_of_new_groups_are_those_of_their_distribution():
    fit = fit_of("gaussian", "x + (1 + x | g)", shape=(1, 2))
    labels = [f"new {i}" for i in range(MANY)]
    at_0, at_1 = (new(fit, {"x": float(x), "g": labels}) - fit.flat["beta"] @ [[1.0], [x]] for x in (0, 1))
    b = np.stack([at_0, at_1 - at_0])  # (effect, draw, label)
    within_error(np.moveaxis(b, 2, 0), 0.0)
    products = np.einsum("ksl,msl->lskm", b, b)
    within_error(products, fit.covariance("g"))
    assert abs(np.corrcoef(b[0, 0], b[0, 1])[0, 1]) < 4 / np.sqrt(MANY), "draws are independent"


@pytest.mark.parametrize("by", [True, "t", ["t", "h"]])
def test_averages_are_those_of_the_drawn_rows(by):
    fit = fit_of()
    rows = new(fit, DATA)
    effects = gb.predictions(fit, DATA, estimand="new_subject", per="label", by=by)
    assert effects.attrs["interval_from"] == "draws"
    keys = [np.zeros(ROWS)] if by is True else [DATA[name] for name in np.atleast_1d(by)]
    wanted = pd.DataFrame(rows.T).groupby(keys).mean().to_numpy().T
    near(effects.draws.to_numpy().reshape(wanted.shape), wanted)
    table = effects.summary()
    np.testing.assert_allclose(table["eti89_lb"], np.quantile(wanted, 0.055, axis=0))


def test_a_comparison_keeps_the_group_at_each_value():
    fit = fit_of("gaussian", "x + t + (1 + x | g)")
    drawn = gb.comparisons(fit, "t", estimand="new_subject", per="label", newdata=DATA[:3]).draws.to_numpy()
    near(drawn.reshape(-1), fit.flat["beta"][:, 2])
    high, low = (new(fit_of(), DATA.assign(x=x), by=True) for x in (1.5, 0.0))
    slope = gb.comparisons(
        fit_of(),
        "x",
        measure="log_odds_ratio",
        estimand="new_subject",
        per="label",
        values=[0.0, 1.5],
        newdata=DATA,
    )
    near(slope.draws.to_numpy().reshape(-1, 1), np.log(high / (1 - high)) - np.log(low / (1 - low)))


def test_other_factors_may_be_integrated_around_a_new_group():
    from glmm_bayes.core.integrals import population_mean

    fit = fit_of()
    words = {"g": "population", "h": "new_subject"}
    effects = gb.predictions(fit, DATA[:6], estimand=words, per="label")
    assert effects.attrs["interval_from"] == "draws"
    eta = new(fit, DATA[:6], estimand={"g": "typical", "h": "new_subject"}, scale="link")
    z = fit.design.group("g").z[:6]
    v = np.einsum("rk,skl,rl->sr", z, fit.covariance("g"), z)
    near(effects.draws.to_numpy().reshape(eta.shape), population_mean(fit.link, eta, v).value)


def test_on_the_links_scale_new_groups_are_normal():
    fit = fit_of(shape=(1, 1))
    table = gb.predictions(fit, DATA[:3], estimand="new_subject", per="label", scale="link").summary(0.9)
    z = fit.design.group("g").z[:3]
    eta = (fit.flat["beta"] @ fit.design.x[:3].T)[0]
    sd = np.sqrt(np.einsum("rk,kl,rl->r", z, fit.covariance("g")[0], z) + fit.flat["sd_h"][0] ** 2)
    near(table["mean"], eta)
    near(table["eti90_ub"], eta + stats.norm.ppf(0.95) * sd)


def test_new_groups_of_t_effects_have_a_t_distribution():
    model = gb.Model('bit ~ 1 + (1 | gr(g, dist = "student"))', DATA, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.3]]], "sd_g": [[[1.5]]], "df_g": [[5.0]]})
    eta = new(fit, {"g": range(MANY)}, scale="link")[0]
    scale = 1.5 * np.sqrt(3 / 5)
    assert stats.kstest((eta - 0.3) / scale, stats.t(5).cdf).pvalue > 1e-3
    effects = gb.predictions(fit, {"g": ["new"]}, estimand="new_subject", per="label")
    assert effects.attrs["interval_from"] == "draws"


def test_without_random_effects_a_new_group_is_any_row():
    fit = fit_of(right="x")
    np.testing.assert_array_equal(new(fit, DATA), new(fit, DATA, estimand="typical"))


def test_plots_and_tables_name_the_new_group():
    effects = gb.predictions(fit_of(), DATA[:4], estimand="new_subject", per="label")
    assert "over draws and new groups" in effects.caption
    assert "new group" in effects.plot().alt and "new group" in effects._repr_html_()
    assert effects.summary().attrs["estimand"] == "new_subject"


@pytest.mark.parametrize("probability", [1e-6, 0.05, 0.5, 0.975])
def test_quantiles_of_a_mixture_are_where_its_distribution_function_says(probability):
    from glmm_bayes.core.normal_mixture import mixture_quantile

    rng = np.random.default_rng(8)
    center = np.column_stack([rng.normal(size=200), np.repeat([-40.0, 40.0], 100), np.zeros(200)])
    sd = np.column_stack([rng.uniform(0.01, 3, 200), np.full(200, 1e-3), rng.uniform(0, 1e-9, 200)])
    found = mixture_quantile(center, sd, probability)
    reached = stats.norm.cdf((found - center) / sd).mean(axis=0)
    np.testing.assert_allclose(reached, probability, rtol=1e-9)


def test_a_mixture_of_points_has_the_quantiles_of_its_points():
    from glmm_bayes.core.normal_mixture import mixture_quantile

    points = np.random.default_rng(9).normal(size=(101, 3))
    for q in (0.05, 0.5, 0.9):
        wanted = np.quantile(points, q, axis=0, method="inverted_cdf")
        np.testing.assert_array_equal(mixture_quantile(points, np.zeros((101, 3)), q), wanted)


def test_the_mean_of_many_new_groups_is_the_population_mean():
    fit = fit_of("poisson", shape=(1, 4), sd=0.5)
    labels = np.arange(MANY)
    drawn = new(fit, {"x": 0.5, "g": labels, "h": labels})
    within_error(drawn.T, new(fit, {"x": [0.5]}, estimand="population")[:, 0])
    by_hand = fit_of(shape=(1, 1), right="1 + (1 | g)")
    eta = new(by_hand, {"g": labels}, scale="link")
    near(new(by_hand, {"g": labels}), expit(eta))


def test_new_groups_beside_the_average_over_groups_in_the_data():
    fit = fit_of()
    rows = pd.DataFrame({"x": [0.5, 2.0], "g": ["new", "other"]})
    found = new(fit, rows, estimand={"g": "new_subject", "h": "sample"}, seed=3)
    each = [
        new(fit, rows.assign(h=level), estimand={"g": "new_subject", "h": "subject"}, seed=3)
        for level in "uvw"
    ]
    near(found, np.mean(each, axis=0))
    table = gb.predictions(
        fit, rows, estimand={"g": "new_subject", "h": "sample"}, seed=3, per="label"
    ).summary()
    assert table.attrs["interval_from"] == "draws"
    np.testing.assert_allclose(table["mean"], found.mean(axis=0))
