"""GEE's coefficients of replicated data: solved as statsmodels solves them, drawn with new groups."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import glmm_bayes as gb
from glmm_bayes.effects.verbs.coefficients import population_coefficients
from glmm_bayes.estimating_equations.gee_check import ReplicateSolver
from glmm_bayes.estimating_equations.mean_model import mean_model
from glmm_bayes.predictive.replication import NewGroupReplication

MONTHS = np.array([0, 1, 2, 3, 6, 9, 12])
RNG = np.random.default_rng(12)
DATA = pd.DataFrame({"g": np.repeat(np.arange(30), 8), "x": RNG.normal(size=240).round(1)}).assign(
    z=lambda frame: np.where(frame["g"] % 2, "b", "a"),
    n=RNG.integers(1, 6, 240),
    e=RNG.uniform(0.5, 3.0, 240),
    w=RNG.integers(1, 4, 240),
)
ETA = 0.2 + 0.5 * DATA["x"].to_numpy() + RNG.normal(0, 0.7, 30)[DATA["g"]]
DATA = DATA.assign(
    y=ETA + RNG.normal(size=240),
    bit=RNG.binomial(1, expit(ETA)),
    k=RNG.binomial(DATA["n"], expit(ETA)),
    count=RNG.poisson(np.exp(ETA)),
    positive=np.exp(ETA) * RNG.gamma(3, 1 / 3, 240),
)


def fit_of(formula, family, link=None, draws=6, **values):
    model = gb.Model(formula, DATA, family=family, link=link)
    size = len(model.design.coefficients)
    given = {"beta": np.resize([0.2, 0.5, 0.1], (1, draws, size))}
    for group in model.design.groups:
        given[f"sd_{group.slug}"] = np.full((1, draws, len(group.effects)), 0.7)
    given |= {name: np.full((1, draws), 2.0) for name in model.priors.auxiliary}
    return gb.Fit.from_draws(model, given | values)


def toenail(draws=4_000):
    data = gb.load_dataset("toenail").assign(month=lambda frame: MONTHS[frame["visit"] - 1])
    model = gb.Model("y ~ 0 + treatment + treatment:month + (1 | patientID)", data, family="bernoulli")
    beta = np.tile([-1.6307283, -1.7453347, -0.40431346, -0.56566738], (1, draws, 1))
    return gb.Fit.from_draws(model, {"beta": beta, "sd_patientID": np.full((1, draws, 1), np.sqrt(16.13126))})


@pytest.mark.parametrize(
    ("formula", "family", "link"),
    [
        ("bit ~ x + z + (1 | g)", "bernoulli", "logit"),
        ("bit ~ x + z + (1 | g)", "bernoulli", "probit"),
        ("bit | weights(w) ~ x + z + (1 | g)", "bernoulli", "cloglog"),
        ("k | trials(n) ~ x + z + (1 | g)", "binomial", "logit"),
        ("k | trials(n) ~ x + z + (1 | g)", "beta_binomial", "logit"),
        ("count | rate(e) ~ x + z + (1 | g)", "poisson", "log"),
        ("count ~ x + z + offset(log(e)) + (1 | g)", "negative_binomial", "log"),
        ("y ~ x + z + offset(e) + (1 | g)", "gaussian", "identity"),
        ("positive ~ x + z + (1 | g)", "gamma", "log"),
    ],
)
def test_coefficients_of_data_and_of_replicates_are_those_of_statsmodels(formula, family, link):
    pytest.importorskip("statsmodels")
    fit = fit_of(formula, family, link)
    responses = NewGroupReplication(fit).draw(np.random.default_rng(1), np.arange(3))
    own = ReplicateSolver(mean_model(fit, "this test")).coefficients(
        np.vstack([fit.response.values, responses])
    )
    np.testing.assert_allclose(own[0], gb.gee(fit, correlation="independence")["gee"], atol=1e-7)
    name = fit.response.source
    for row, coefficients in zip(responses, own[1:], strict=True):
        model = gb.Model(formula, DATA.assign(**{name: row}), family=family, link=link)
        again = gb.Fit.from_draws(model, {name: fit.draws["posterior"][name] for name in fit.flat})
        np.testing.assert_allclose(coefficients, gb.gee(again, correlation="independence")["gee"], atol=1e-7)


def test_toenail_replicates_equal_the_published_run():
    table = gb.gee_check(toenail(), draws=4_000, seed=2)
    np.testing.assert_allclose(table["observed"], [-0.557058, -0.533035, -0.176930, -0.255256], atol=1e-6)
    # Both runs have 4000 replicates: four standard errors of a difference.
    error = 4 * table["sd"] * np.sqrt(2 / 4_000)
    assert (np.abs(table["mean"] - [-0.585, -0.613, -0.165, -0.241]) < error + 5e-4).all()
    np.testing.assert_allclose(table["sd"], [0.157, 0.158, 0.023, 0.033], rtol=0.07)
    np.testing.assert_allclose(table["tail_area"], [0.43, 0.31, 0.70, 0.69], atol=0.05)
    assert table.attrs["verdict"].startswith("4 of 4 coefficients")


def test_replicates_centre_on_the_projection_and_not_on_the_data():
    fit = toenail(1_000)
    table = gb.gee_check(fit, seed=1)
    gamma = population_coefficients(fit)[0]
    # Small samples bias the coefficients by up to .006.
    assert (np.abs(table["mean"] - gamma) < 4 * table["sd"] / np.sqrt(1_000) + 0.007).all()
    assert (np.abs(table["mean"] - table["observed"]) > np.abs(table["mean"] - gamma)).all()


def test_a_model_whose_coefficients_are_far_off_is_found():
    far = np.resize([0.2, -0.5, 0.1], (1, 300, 3))
    fit = fit_of("bit ~ x + z + (1 | g)", "bernoulli", draws=300, beta=far)
    table = gb.gee_check(fit).set_index("coef")
    assert table.loc["x", "tail_area"] == 0.0
    assert table.loc["x", "observed"] > table.loc["x", "eti89_ub"]
    assert table.attrs["verdict"].startswith("2 of 3 coefficients")


def test_the_same_seed_gives_the_same_table_and_another_seed_another():
    fit = fit_of("count ~ x + z + (1 | g)", "poisson", draws=50)
    one, two, other = (gb.gee_check(fit, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one, two)
    assert (one["mean"] != other["mean"]).all() and (one["observed"] == other["observed"]).all()


def test_draws_are_replicated_from_each_chain():
    fit = fit_of("count ~ x + z + (1 | g)", "poisson", draws=50)
    assert gb.gee_check(fit, draws=7).attrs["replicates"] == 7
    with pytest.raises(gb.PredictionError, match="from 1 to 50") as caught:
        gb.gee_check(fit, draws=51)
    assert caught.value.code == "draws"


def test_replicates_without_finite_coefficients_are_counted_and_left_out():
    rows = DATA.iloc[:24].assign(bit=np.resize([0, 1, 1], 24))
    model = gb.Model("bit ~ x + (1 | g)", rows, family="bernoulli")
    beta = np.tile([0.0, 6.0], (1, 200, 1))
    fit = gb.Fit.from_draws(model, {"beta": beta, "sd_g": np.full((1, 200, 1), 0.1)})
    table = gb.gee_check(fit)
    lost = table.attrs["without_coefficients"]
    assert 0 < lost < 200 and table.attrs["replicates"] == 200 - lost
    assert f"{lost} further replicates have no finite coefficients" in table.attrs["caption"]
    assert np.isfinite(table.drop(columns="coef").to_numpy(float)).all()


def test_data_without_finite_coefficients_are_refused():
    rows = DATA.assign(bit=(DATA["x"] > 0).astype(int))
    model = gb.Model("bit ~ x + (1 | g)", rows, family="bernoulli")
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0]]], "sd_g": [[[1.0]]]})
    with pytest.raises(gb.PredictionError, match="separates the outcomes") as caught:
        gb.gee_check(fit)
    assert caught.value.code == "gee"


def test_families_without_such_an_equation_are_refused():
    with pytest.raises(gb.PredictionError, match=r"gb.gee_check needs .* found 'lognormal'") as caught:
        gb.gee_check(fit_of("positive ~ x + (1 | g)", "lognormal"))
    assert caught.value.code == "gee"


def effects_of(formula, values, level_of, count=4_000):
    """Return effects that replicates show: responses of a Gaussian model with almost no residual."""
    model = gb.Model(formula, DATA.assign(t=np.resize([0.0, 1.0], 240)))
    tiled = {name: np.tile(value, (1, count, *[1] * np.ndim(value))) for name, value in values.items()}
    fit = gb.Fit.from_draws(model, tiled | {"sigma": np.full((1, count), 1e-9)})
    y = NewGroupReplication(fit).draw(np.random.default_rng(6), np.arange(count))
    return y[:, level_of]


def assert_covariance(found, expected):
    """Compare a sample covariance with a known one, to four standard errors."""
    expected = np.asarray(expected)
    variance = np.outer(np.diag(expected), np.diag(expected)) + expected**2
    assert (np.abs(np.cov(found.T) - expected) < 4 * np.sqrt(variance / len(found))).all()


def test_new_groups_have_the_models_covariance_of_intercepts_and_slopes():
    corr = np.array([[1.0, -0.6], [-0.6, 1.0]])
    values = {"beta": np.zeros(2), "sd_g": np.array([0.8, 0.5]), "corr_g": corr}
    # Rows 0, 1 of a group have t = 0 and 1; row 8 is of the next group.
    y = effects_of("y ~ t + (t | g)", values, [0, 1, 8])
    b = np.column_stack([y[:, 0], y[:, 1] - y[:, 0], y[:, 2]])
    slope = -0.6 * 0.8 * 0.5
    assert_covariance(b, [[0.64, slope, 0.0], [slope, 0.25, 0.0], [0.0, 0.0, 0.64]])


def test_rows_of_one_group_share_its_effect_and_those_of_another_do_not():
    values = {"beta": np.zeros(1), "sd_g": np.array([0.8])}
    y = effects_of("y ~ 1 + (1 | g)", values, [0, 7, 8])
    np.testing.assert_allclose(y[:, 0], y[:, 1], atol=1e-7)
    assert_covariance(y[:, [0, 2]], [[0.64, 0.0], [0.0, 0.64]])


def test_students_groups_have_their_stated_standard_deviation_and_heavy_tails():
    values = {"beta": np.zeros(1), "sd_g": np.array([0.8]), "df_g": np.array(5.0)}
    b = effects_of('y ~ 1 + (1 | gr(g, dist = "student"))', values, [0, 8, 16, 24], 20_000).ravel()
    assert b.std() == pytest.approx(0.8, rel=0.03)
    assert (b**4).mean() / (b**2).mean() ** 2 > 5


def test_levels_that_are_correlated_are_not_drawn_anew():
    places = pd.DataFrame({"g": np.repeat(list("abcdef"), 4), "y": np.resize([0, 1, 1], 24)})
    pairs = np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1)
    neighbours = pd.DataFrame(pairs, list("abcdef"), list("abcdef"))
    formula = 'y ~ 1 + (1 | gr(g, structure = "icar", graph = W))'
    model = gb.Model(formula, places, family="bernoulli", known={"W": neighbours})
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0]]], "sd_g": [[[1.0]]]})
    with pytest.raises(gb.PredictionError, match="correlated with each other") as caught:
        gb.gee_check(fit)
    assert caught.value.code == "not_available"
