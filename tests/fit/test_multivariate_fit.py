"""Fits of several responses: each response is an ordinary fit, and the whole is summarised."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.fit.datatree import assemble
from glmm_bayes.fit.draws import STATISTICS
from tests.storage.saved_fits import SETTINGS

RNG = np.random.default_rng(8)
ROWS, LEVELS, DRAWS = 30, 5, (2, 6)
DATA = pd.DataFrame({"x": RNG.normal(size=ROWS), "g": np.resize(np.arange(LEVELS), ROWS)}).assign(
    a=lambda f: RNG.normal(f["x"]), b=lambda f: RNG.normal(f["x"])
)


def draws_of(name):
    return {
        f"{name}beta": RNG.normal(size=(*DRAWS, 2)),
        f"{name}sd_g": RNG.uniform(0.2, 1.0, (*DRAWS, 1)),
        f"{name}b_g": RNG.normal(size=(*DRAWS, LEVELS, 1)),
        f"{name}sigma": RNG.uniform(0.5, 1.5, DRAWS),
    }


RHO = RNG.uniform(-0.5, 0.5, DRAWS)
MATRIX = np.eye(2) + RHO[..., None, None] * (1 - np.eye(2))


def fit_of(rescor):
    formulas = gb.Formulas("a ~ x + (1 |i| g)", "b ~ x + (1 |i| g)", rescor=rescor)
    draws = draws_of("a_") | draws_of("b_") | {"joint_corr_i": MATRIX}
    draws |= {"rescor": MATRIX} if rescor else {}
    return gb.Fit.from_draws(gb.Model(formulas, DATA), draws), draws


def test_the_fit_of_one_response_answers_as_a_model_of_it_alone_with_the_same_draws():
    fit, draws = fit_of(rescor=False)
    own = {name.removeprefix("b_"): values for name, values in draws.items() if name.startswith("b_")}
    alone = gb.Fit.from_draws(gb.Model("b ~ x + (1 |i| g)", DATA), own)
    for verb in (gb.predictions, gb.comparisons):
        given = ("x",) if verb is gb.comparisons else ()
        np.testing.assert_array_equal(verb(fit["b"], *given).draws, verb(alone, *given).draws)
    for table in (gb.random_effects, gb.variance_components, gb.coefficients):
        assert str(table(fit["b"])) == str(table(alone))
    np.testing.assert_array_equal(fit.draws["log_likelihood"]["b"], alone.draws["log_likelihood"]["y"])


def test_under_residual_correlations_the_log_likelihood_is_that_of_the_row():
    fit, draws = fit_of(rescor=True)
    found = fit.draws["log_likelihood"]["y"].to_numpy()
    mean = {
        name: draws[f"{name}_beta"][1, 2] @ [1.0, DATA["x"][7]] + draws[f"{name}_b_g"][1, 2, DATA["g"][7], 0]
        for name in ("a", "b")
    }
    sd = np.array([draws["a_sigma"][1, 2], draws["b_sigma"][1, 2]])
    law = stats.multivariate_normal([mean["a"], mean["b"]], np.outer(sd, sd) * MATRIX[1, 2])
    assert found[1, 2, 7] == pytest.approx(law.logpdf(DATA.loc[7, ["a", "b"]].to_numpy(float)), rel=1e-10)


def test_the_summary_holds_every_correlation_between_responses_once():
    fit, _ = fit_of(rescor=True)
    table = gb.summary(fit)
    assert table.loc["rescor[a, b]", "mean"] == pytest.approx(RHO.mean())
    assert table.loc["joint_corr_i[a_Intercept, b_Intercept]", "mean"] == pytest.approx(RHO.mean())
    assert {"a_beta[x]", "b_sd_g[Intercept]", "a_sigma"} <= set(table.index)


def test_a_response_that_does_not_exist_is_answered_with_those_that_do():
    fit, _ = fit_of(rescor=False)
    with pytest.raises(gb.DataError, match=r"no response 'c'.*Responses: a, b"):
        fit["c"]


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("rescor", [False, True])
def test_a_sampled_fit_of_several_responses_and_each_of_it_are_read_from_a_file_again(rescor, tmp_path):
    model = gb.Model(gb.Formulas("a ~ x + (1 + x |i| g)", "b ~ x + (1 |i| g)", rescor=rescor), DATA)
    draws = {}
    for name, own in model.definition.posterior.shapes.items():
        is_matrix = "corr" in name or name == "rescor"
        shape = (*DRAWS, *own)
        draws[name] = np.broadcast_to(np.eye(shape[-1]), shape) if is_matrix else np.ones(shape)
    statistics = {
        name: np.ones(DRAWS, statistic.dtype) for name, statistic in STATISTICS.items() if name != "n_steps"
    }
    settings = SETTINGS | {"chains": DRAWS[0], "draws": DRAWS[1], "notes": list(model.definition.notes)}
    fit = gb.Fit(model.definition, assemble(model.definition, draws, statistics), settings)
    fit.save(tmp_path / "both")
    again = gb.load(tmp_path / "both")
    assert again.draws.identical(fit.draws) and again.settings == fit.settings
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "both").read_bytes()
    for response in fit:
        assert again[response].draws.identical(fit[response].draws)
        assert again[response].settings == fit[response].settings
        fit[response].save(tmp_path / response)
        assert gb.load(tmp_path / response).draws.identical(fit[response].draws)


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_the_users_priors_of_several_responses_are_read_from_a_file_again(tmp_path):
    formulas = gb.Formulas("a ~ x + (1 |i| g)", "b ~ log(x + 10)", family=("gaussian", "student"))
    given = {"a_beta[x]": gb.Prior("Normal", mu=0, sigma=1), "sigma": gb.Prior("Exponential", scale=2.0)}
    model = gb.Model(formulas, DATA, priors=given)
    draws = {name: np.ones((1, 2, *shape)) for name, shape in model.definition.posterior.shapes.items()}
    fit = gb.Fit.from_draws(model, draws)
    fit.save(tmp_path / "both")
    again = gb.load(tmp_path / "both")
    assert again.priors.rows == fit.priors.rows and again.definition.given == given
    assert str(again) == str(fit)


def test_draws_of_another_shape_or_name_are_refused():
    _, draws = fit_of(rescor=False)
    model = gb.Model(gb.Formulas("a ~ x + (1 |i| g)", "b ~ x + (1 |i| g)"), DATA)
    with pytest.raises(gb.DataError, match=r"no variable 'a_bta'. Did you mean 'a_beta'\?"):
        gb.Fit.from_draws(model, draws | {"a_bta": draws["a_beta"]})


@pytest.mark.study
@pytest.mark.sampling
def test_correlations_of_simulated_effects_and_residuals_are_recovered():
    rng, levels, each, rho_b, rho_e = np.random.default_rng(31), 60, 6, 0.7, -0.5
    b = rng.multivariate_normal([0, 0], [[1, rho_b], [rho_b, 1]], levels)
    g = np.repeat(np.arange(levels), each)
    e = rng.multivariate_normal([0, 0], [[1, rho_e], [rho_e, 1]], len(g))
    x = rng.normal(size=len(g))
    data = pd.DataFrame({"g": g, "x": x, "a": 1 + 0.5 * x + b[g, 0] + e[:, 0], "b": -x + b[g, 1] + e[:, 1]})
    model = gb.Model(gb.Formulas("a ~ x + (1 |i| g)", "b ~ x + (1 |i| g)", rescor=True), data)
    table = gb.summary(model.fit(draws=500, tune=500, chains=2, seed=3))
    truth = {
        "a_beta[x]": 0.5, "b_beta[x]": -1.0, "a_sd_g[Intercept]": 1.0, "b_sigma": 1.0,
        "joint_corr_i[a_Intercept, b_Intercept]": rho_b, "rescor[a, b]": rho_e,
    }  # fmt: skip
    for name, value in truth.items():
        assert abs(table.loc[name, "mean"] - value) < 4 * table.loc[name, "sd"], name


@pytest.mark.parametrize("verb", [gb.predictions, gb.coefficients, gb.random_effects, gb.pp_check])
def test_verbs_of_one_response_say_which_ones_there_are(verb):
    both, _ = fit_of(rescor=False)
    with pytest.raises(gb.GlmmError) as caught:
        verb(both)
    assert 'fit["a"]' in str(caught.value)
    with pytest.raises(gb.DataError, match=r"'family' is of one"):
        both.family  # noqa: B018
