"""Fits with effects integrated out: the posterior of the graph, the same draws whatever the machine does."""

import threading
import warnings

import numpy as np
import polars
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.draws import STATISTICS
from glmm_bayes.kernels.marginal import MarginalKernel
from tests.kernels.normal_models import DATA, MODELS, model_of
from tests.sampling.comparison import differences, same

FORMULA = "y ~ x + (1 + x | g) + (1 | h)"


def fit_of(model, **further):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return model.fit(**{"draws": 100, "tune": 100, "chains": 2, "seed": 3, "progress": False, **further})


@pytest.fixture(scope="module")
def fit():
    return fit_of(gb.Model(FORMULA, DATA))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_sampled_and_its_verbs_answer(name):
    fit = fit_of(model_of(name), draws=40)
    assert fit.settings["method"] == "marginal"
    assert all(np.isfinite(values).all() for values in fit.flat.values())
    assert "effects integrated out" in str(fit)
    gb.summary(fit), gb.predictions(fit).summary(), gb.posterior_predictive(fit, seed=1)


def test_cores_and_further_chains_change_no_draw(fit):
    same(fit, fit_of(gb.Model(FORMULA, DATA), cores=1))
    same(fit, fit_of(gb.Model(FORMULA, DATA), chains=3), chains=2)


def test_permuted_rows_and_other_containers_change_no_draw(fit):
    rows = np.random.default_rng(1).permutation(len(DATA))
    same(fit, fit_of(gb.Model(FORMULA, DATA.iloc[rows].reset_index(drop=True))))
    same(fit, fit_of(gb.Model(FORMULA, polars.from_pandas(DATA))))


def test_another_seed_gives_other_draws_and_chains_differ(fit):
    other = fit_of(gb.Model(FORMULA, DATA), seed=4)
    for name in ("beta", "b_g", "b_h", "sigma"):
        values = fit.draws["posterior"][name].to_numpy()
        assert (values[0] != values[1]).all()
        assert (values != other.draws["posterior"][name].to_numpy()).all()


def test_a_response_far_from_zero_costs_no_digits():
    near, far = (
        MarginalKernel(gb.Model(FORMULA, DATA.assign(y=DATA["y"] + shift)).definition) for shift in (0, 2**30)
    )
    points = np.random.default_rng(1).normal(0, 0.5, (5, near.numbers))
    gaps = [far.value(point)[0] - near.value(point)[0] for point in points]
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-4)
    for point in points:
        np.testing.assert_allclose(far.value(point)[1], near.value(point)[1], rtol=1e-4, atol=1e-4)


def test_statistics_have_the_names_that_every_path_gives(fit):
    assert set(fit.draws["sample_stats"]) == set(STATISTICS)


def test_it_is_read_from_a_file_again_with_what_was_chosen_and_why(fit, tmp_path):
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    assert again.settings["method"] == "marginal" and "exactly" in again.settings["why"]
    same(fit, again)


def test_the_report_repeats_what_was_sampled(fit):
    from glmm_bayes.core.intervals import read_interval
    from glmm_bayes.reporting.sentences import reproduction

    assert "method='marginal'" in reproduction(fit, read_interval())


def test_the_kernels_import_neither_pymc_nor_arviz():
    import subprocess
    import sys

    code = (
        "import sys, glmm_bayes.kernels.marginal, glmm_bayes.kernels.eligible; "
        "print(sorted({'arviz', 'pymc', 'pytensor', 'xarray'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_interrupt_leaves_the_draws_that_there_are():
    import os
    import signal

    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        fit = fit_of(gb.Model(FORMULA, DATA), draws=500_000)
    finally:
        timer.cancel()
        timer.join()
    assert fit.settings["interrupted"] is True and fit.shape[1] >= 100


@pytest.mark.study
@pytest.mark.sampling
@pytest.mark.parametrize("name", ["sleepstudy", "crossed", "lognormal"])
def test_effects_coefficients_and_scales_have_the_graphs_posterior(name):
    if name == "sleepstudy":
        model = gb.Model("Reaction ~ Days + (1 + Days | Subject)", gb.load_dataset("sleepstudy"))
    else:
        model = model_of(name)
    settings = {"draws": 1000, "tune": 500, "chains": 2}
    assert differences(fit_of(model, **settings), fit_of(model, method="graph", **settings)) == []
