"""Population means under nested, by, membership, known, spatial and t effects, against closed forms."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit

import glmm_bayes as gb

LEVELS = ["a", "b", "c", "d", "e", "f"]
DATA = pd.DataFrame(
    {
        "g": np.resize(LEVELS, 36),
        "h": np.resize(LEVELS[::-1], 36),
        "site": np.resize(list("rstuv"), 36),
        "x": np.resize([0.0, 1.0, 3.0], 36),
        "w1": 0.7,
        "w2": 0.3,
        "arm": np.resize(["old", "new", "new"], 36),
        "y": np.resize([0, 1, 1, 0, 1], 36),
        "count": np.resize([0, 2, 1, 4, 1], 36),
    }
)
KINSHIP = pd.DataFrame(np.eye(6) * 0.9 + 0.1, index=LEVELS, columns=LEVELS)
KINSHIP.loc[["a", "b"], ["a", "b"]] = [[1.0, 0.5], [0.5, 1.1]]
PATH = pd.DataFrame(list(itertools.pairwise(LEVELS)))


def fit_of(formula, draws, family="bernoulli", known=None):
    model = gb.Model(formula, DATA, family=family, known=known)
    return gb.Fit.from_draws(model, {k: np.asarray(v, float)[None, None] for k, v in draws.items()})


def population(fit, **rows):
    return gb.predictions(fit, pd.DataFrame(rows)).draws.to_numpy()[0, 0]


# Check values of the variances: slopes, a second factor and members together make 5.964.
MANY = "y ~ 1 + (1 + x | g) + (1 | site) + (1 | mm(g, h, weights = cbind(w1, w2)))"
SIGMA = np.array([[1.2, 0.3], [0.3, 0.25]])
DRAWS = {
    "beta": [-0.4],
    "sd_g": np.sqrt(np.diagonal(SIGMA)),
    "corr_g": SIGMA / np.sqrt(np.outer(np.diagonal(SIGMA), np.diagonal(SIGMA))),
    "sd_site": [0.5],
    "sd_mm_g_h": [np.sqrt(0.8)],
}


def test_slopes_crossed_factors_and_members_add_up_to_one_variance():
    found = population(fit_of(MANY, DRAWS), x=[3.0], g=["a"], h=["b"], w1=[0.7], w2=[0.3])
    assert found[0] == pytest.approx(0.446881558357, abs=5e-9)


@pytest.mark.parametrize(
    ("first", "second", "variance"), [("a", "b", 0.464), ("a", "a", 0.8), ("new", "new", 0.8)]
)
def test_members_that_are_one_level_add_their_weights(first, second, variance):
    fit = fit_of("count ~ 1 + (1 | mm(g, h, weights = cbind(w1, w2)))",
                 {"beta": [0.2], "sd_mm_g_h": [np.sqrt(0.8)]}, "poisson")  # fmt: skip
    found = population(fit, g=[first], h=[second], w1=[0.7], w2=[0.3])
    assert found[0] == pytest.approx(np.exp(0.2 + variance / 2), rel=1e-12)


def test_known_covariances_of_members_count():
    fit = fit_of("count ~ 1 + (1 | mm(g, h, weights = cbind(w1, w2), cov = K))",
                 {"beta": [0.2], "sd_mm_g_h": [1.0]}, "poisson", {"K": KINSHIP})  # fmt: skip
    found = population(fit, g=["a"], h=["b"], w1=[0.7], w2=[0.3])
    assert found[0] == pytest.approx(np.exp(0.2 + (0.49 + 2 * 0.21 * 0.5 + 0.09 * 1.1) / 2), rel=1e-12)


def test_a_known_variance_is_that_of_the_rows_level():
    fit = fit_of(
        "count ~ 1 + (1 | gr(g, cov = K))", {"beta": [0.2], "sd_g": [0.8]}, "poisson", {"K": KINSHIP}
    )
    found = population(fit, g=["a", "b"])
    np.testing.assert_allclose(found, np.exp(0.2 + 0.64 * np.array([1.0, 1.1]) / 2), rtol=1e-12)
    for rows in ({"g": ["new"]}, {"x": [1.0]}):
        with pytest.raises(gb.PredictionError) as caught:
            gb.predictions(fit, pd.DataFrame(rows))
        assert caught.value.code in ("new_group", "newdata_schema") and caught.value.column == "g"


def test_each_level_of_by_has_its_own_variance():
    fit = fit_of("count ~ arm + (1 | gr(g, by = arm))",
                 {"beta": [0.1, 0.5], "sd_g": np.sqrt([1.2, 0.4])}, "poisson")  # fmt: skip
    assert fit.design.groups[0].effects == ("arm[new]", "arm[old]")
    log_ratio = gb.comparisons(fit, "arm", measure="log_ratio").draws.item()
    assert log_ratio == pytest.approx(0.5 + (0.4 - 1.2) / 2, rel=1e-12)


def test_spatial_shares_of_the_variance_follow_the_map():
    fit = fit_of('count ~ 1 + (1 | gr(g, structure = "bym2", graph = W))',
                 {"beta": [0.2], "sd_g": [0.8], "share_g": 0.25}, "poisson", {"W": PATH})  # fmt: skip
    w = np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1)
    own = np.diagonal(np.linalg.pinv(np.diag(w.sum(axis=1)) - w))
    variance = 0.64 * (0.75 + 0.25 * own / np.exp(np.mean(np.log(own))))
    np.testing.assert_allclose(population(fit, g=LEVELS), np.exp(0.2 + variance / 2), rtol=1e-10)


@pytest.mark.parametrize("df", [2.2, 3.0, 7.0, 60.0])
@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_t_effects_are_integrated_over_their_own_distribution(link, df):
    model = gb.Model('y ~ 1 + (1 | gr(g, dist = "student"))', DATA, family="bernoulli", link=link)
    fit = gb.Fit.from_draws(model, {"beta": [[[-1.3]]], "sd_g": [[[1.5]]], "df_g": [[df]]})
    inverse = {
        "logit": expit,
        "probit": stats.norm.cdf,
        "cloglog": lambda v: -np.expm1(-np.exp(np.minimum(v, 700))),
    }
    scale = 1.5 * np.sqrt((df - 2) / df)

    def integrand(u):  # t as a sinh of u, so that its tails end
        b = np.sinh(u)
        return inverse[link](-1.3 + scale * b) * stats.t.pdf(b, df) * np.cosh(u)

    exact = integrate.quad(integrand, -25, 25, epsabs=1e-13, epsrel=1e-13, limit=500)[0]
    effects = gb.predictions(fit, by=True)
    assert effects.draws.item() == pytest.approx(exact, abs=1e-8)
    assert abs(effects.draws.item() - exact) <= effects.attrs["integration_error"] < 1e-5
    assert "mixture over variances" in effects.attrs["integration"]


def test_a_t_effect_has_no_mean_under_a_log_link():
    fit = fit_of(
        'count ~ 1 + (1 | gr(g, dist = "student"))', {"beta": [0.2], "sd_g": [0.8], "df_g": 5.0}, "poisson"
    )
    with pytest.raises(gb.PredictionError, match="does not exist") as caught:
        gb.predictions(fit)
    assert caught.value.code == "estimand_undefined"
    assert gb.predictions(fit, estimand="typical").draws.to_numpy()[0, 0, 0] == pytest.approx(np.exp(0.2))


def test_partial_integration_keeps_the_structure_of_the_other_factor():
    words = {"g": "population", "site": "typical", "mm(g, h)": "population"}
    rows = pd.DataFrame({"x": [3.0], "g": ["a"], "h": ["b"], "w1": [0.7], "w2": [0.3], "site": ["r"]})
    found = gb.predictions(fit_of(MANY, DRAWS), rows, estimand=words).draws.item()
    exact = integrate.quad(
        lambda z: expit(-0.4 + np.sqrt(5.25 + 0.464) * z) * stats.norm.pdf(z), -12, 12, epsabs=1e-13
    )[0]
    assert found == pytest.approx(exact, abs=5e-9)


@pytest.mark.parametrize(
    ("formula", "draws"),
    [
        ('y ~ x + (x || gr(g, dist = "student"))', {"beta": [-1, 0.5], "sd_g": [2, 3], "df_g": 2.5}),
        ('y ~ x + (1 | mm(g, h, dist = "student"))', {"beta": [-1, 0.5], "sd_mm_g_h": [3], "df_mm_g_h": 2.2}),
    ],
)
def test_a_sum_of_independent_t_effects_is_not_taken_for_a_t(formula, draws):
    fit = fit_of(formula, draws)
    with pytest.raises(gb.PredictionError, match="several independent t effects"):
        gb.predictions(fit)


def test_one_t_effect_a_row_is_integrated_under_by_and_slopes():
    by = fit_of('y ~ x + (1 | gr(g, by = arm, dist = "student"))',
                {"beta": [-1, 0.5], "sd_g": [2, 3], "df_g": 4.0})  # fmt: skip
    slopes = fit_of('y ~ x + (1 + x | gr(g, dist = "student"))',
                    {"beta": [-1, 0.5], "sd_g": [2, 3], "corr_g": np.eye(2), "df_g": 4.0})  # fmt: skip
    for fit in (by, slopes):
        assert np.isfinite(gb.predictions(fit).draws).all()


@pytest.mark.parametrize(
    ("formula", "draws", "known"),
    [
        ("y ~ x + (1 | gr(g, cov = K))", {"beta": [0, 1], "sd_g": [1.0]}, True),
        ("y ~ x + (1 | mm(g, h))", {"beta": [0, 1], "sd_mm_g_h": [1.0]}, False),
    ],
)
def test_ratios_and_shares_of_plain_intercepts_are_not_printed_for_others(formula, draws, known):
    k = {"K": pd.DataFrame(4 * np.eye(6), index=LEVELS, columns=LEVELS)} if known else None
    table = gb.variance_components(fit_of(formula, draws, known=k)).summary()
    assert not table["quantity"].str.contains("odds ratio|ICC|variance").any()


def test_levels_under_by_keep_their_own_estimate_without_pooling():
    fit = fit_of("y ~ x + (1 | gr(g, by = arm))", {"beta": [0, 1], "sd_g": [1, 2], "b_g": np.zeros((6, 2))})
    assert np.isfinite(gb.random_effects(fit).summary()["no_pooling"]).all()
    assert len(gb.random_effects(fit).summary()) == 6
