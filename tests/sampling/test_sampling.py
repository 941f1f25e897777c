"""The sampler's promises: the same seed gives the same draws, and what is stored is what ArviZ expects."""

from functools import cache

import numpy as np
import pytest

import glmm_bayes as gb
from tests.sampling.small_model import DATA, model

pytestmark = pytest.mark.sampling

#: Draws a chain, as many of them for tuning; PyMC's own sampler is slow where graphs are not compiled.
DRAWS = {"nutpie": 150, "pymc": 8}


@cache
def fit_of(engine, chains, cores, seed=3):
    draws = DRAWS[engine]
    return model().fit(draws=draws, tune=draws, chains=chains, cores=cores, seed=seed, engine=engine)


def beta(fit):
    return fit.draws["posterior"]["beta"].to_numpy()


@pytest.mark.parametrize("engine", ["nutpie", "pymc"])
def test_cores_do_not_change_draws(engine):
    np.testing.assert_array_equal(beta(fit_of(engine, 2, 1)), beta(fit_of(engine, 2, 2)))


@pytest.mark.parametrize("engine", ["nutpie", "pymc"])
def test_more_chains_keep_the_first_ones(engine):
    np.testing.assert_array_equal(beta(fit_of(engine, 3, 2))[:2], beta(fit_of(engine, 2, 1)))


def test_another_seed_gives_other_draws():
    assert not np.array_equal(beta(fit_of("nutpie", 2, 1)), beta(fit_of("nutpie", 2, 1, seed=4)))


def test_an_unsaid_seed_is_drawn_and_stored():
    fit = model().fit(draws=20, tune=50, chains=1)
    again = model().fit(draws=20, tune=50, chains=1, seed=fit.settings["seed"])
    np.testing.assert_array_equal(beta(fit), beta(again))


@pytest.mark.parametrize("engine", ["nutpie", "pymc"])
def test_stored_variables_fit_together(engine):
    flat = fit_of(engine, 2, 1).flat
    assert set(flat) == {"beta", "sd_g", "corr_g", "b_g", "sigma"}
    assert np.isfinite(np.concatenate([value.ravel() for value in flat.values()])).all()
    np.testing.assert_allclose(flat["corr_g"], np.swapaxes(flat["corr_g"], 1, 2), atol=1e-12)
    np.testing.assert_allclose(np.diagonal(flat["corr_g"], axis1=1, axis2=2), 1.0, atol=1e-12)


@pytest.mark.parametrize("engine", ["nutpie", "pymc"])
def test_what_an_engine_gives_is_read_from_a_file_again(engine, tmp_path):
    fit = fit_of(engine, 2, 1)
    fit.save(tmp_path / "a.glmm")
    loaded = gb.load(tmp_path / "a.glmm")
    assert loaded.settings == fit.settings and loaded.draws.identical(fit.draws)


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
@pytest.mark.parametrize("engine", ["nutpie", "pymc"])
def test_a_sampler_that_diverges_leaves_statistics_that_are_read_again(engine, tmp_path):
    fit = model().fit(draws=30, tune=5, chains=2, seed=1, cores=1, engine=engine, target_accept=0.2)
    assert fit.draws["sample_stats"]["diverging"].any()
    fit.save(tmp_path / "a.glmm")
    assert gb.load(tmp_path / "a.glmm").draws.identical(fit.draws)


def test_arviz_accepts_the_draws_unmodified():
    import arviz as az

    draws = fit_of("nutpie", 2, 1).draws
    table = az.summary(draws, var_names=["beta", "sd_g"], round_to="none")
    ours = gb.summary(fit_of("nutpie", 2, 1))
    np.testing.assert_allclose(table["mean"].astype(float)[:2], ours["mean"][:2])
    np.testing.assert_allclose(table["ess_bulk"].astype(float)[:2], ours["ess_bulk"][:2])
    tail = az.ess(draws["posterior"]["beta"], method="tail", prob=(0.05, 0.95)).to_dataset()["beta"]
    np.testing.assert_allclose(tail, ours["ess_tail"][:2])
    np.testing.assert_allclose(table["r_hat"].astype(float)[:2], ours["r_hat"][:2])
    assert np.isfinite(az.loo(draws).elpd)
    assert az.plot_trace_dist(draws, var_names=["beta"]) is not None


def test_stored_log_likelihood_is_that_of_the_graph():
    # One draw, written into the graph: the observed variable's density must be the stored one.
    import pymc as pm

    fit = fit_of("nutpie", 2, 1)
    graph = model().pymc_model
    posterior = fit.draws["posterior"].isel(chain=[0], draw=[0, 1])
    mean = fit.draws["constant_data"]["x"].to_numpy() @ posterior["beta"].to_numpy()[0, 0]
    z = model().design.groups[0]
    mean = mean + (z.z * posterior["b_g"].to_numpy()[0, 0][z.codes]).sum(axis=1)
    sigma = float(posterior["sigma"][0, 0])
    expected = pm.logp(pm.Normal.dist(mean, sigma), DATA["y"].to_numpy()).eval()
    stored = fit.draws["log_likelihood"]["y"].to_numpy()[0, 0]
    np.testing.assert_allclose(stored, expected, rtol=1e-10)
    assert graph.named_vars_to_dims["beta"] == ("coef",)


def test_prior_predictive_draws_parameters_and_responses():
    tree = model().prior_predictive(draws=30, seed=1)
    assert tree["prior"]["beta"].shape == (1, 30, 2)
    assert tree["prior_predictive"]["y"].shape == (1, 30, 80)


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"draws": 0}, "draws"), ({"chains": 1.5}, "chains"), ({"target_accept": 1.0}, "target_accept")],
)
def test_wrong_settings_are_refused_before_anything_is_compiled(settings, word):
    with pytest.raises(gb.SamplingError, match=word):
        model().fit(**settings)


def test_a_wrong_engine_is_answered_with_the_choices():
    with pytest.raises(gb.SamplingError, match="nutpie, pymc"):
        model().fit(engine="stan")


def test_sampling_is_quiet_when_nobody_looks(capfd):
    model().fit(draws=20, tune=20, chains=1, seed=1)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_a_fit_says_what_it_did():
    text = str(fit_of("nutpie", 2, 1))
    for words in ("gaussian(identity)", "2 chains x 150 draws", "seed 3", "nutpie", "divergences"):
        assert words in text
