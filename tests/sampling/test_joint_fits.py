"""Fits by the kernel of all effects: the graph's posterior, the same draws whatever the machine does."""

import warnings

import numpy as np
import polars
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.draws import STATISTICS
from tests.kernels.family_models import DATA, MODELS, model_of
from tests.sampling.comparison import differences, same

FORMULA = "bit ~ x + (1 + x | g) + (1 | h)"


def fit_of(model, **further):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        return model.fit(**{"draws": 100, "tune": 100, "chains": 2, "seed": 3, "progress": False, **further})


def fresh(data=DATA):
    return gb.Model(FORMULA, data, family="bernoulli")


@pytest.fixture(scope="module")
def fit():
    return fit_of(fresh())


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_sampled_and_its_verbs_answer(name):
    fit = fit_of(model_of(name), draws=40)
    assert fit.settings["method"] == "joint" and "a kernel in C" in str(fit)
    assert all(np.isfinite(values).all() for values in fit.flat.values())
    gb.summary(fit), gb.posterior_predictive(fit, seed=1)
    if not fit.family.has_bounded_predictor(fit.link):
        # Beyond an end neither new groups have a mean nor have other rows than those of the data.
        gb.predictions(fit).summary()


def test_cores_and_further_chains_change_no_draw(fit):
    same(fit, fit_of(fresh(), cores=1))
    same(fit, fit_of(fresh(), chains=3), chains=2)


def test_permuted_rows_and_other_containers_change_no_draw(fit):
    rows = np.random.default_rng(1).permutation(len(DATA))
    same(fit, fit_of(fresh(DATA.iloc[rows].reset_index(drop=True))))
    same(fit, fit_of(fresh(polars.from_pandas(DATA))))


def test_statistics_have_the_names_that_every_path_gives(fit):
    assert set(fit.draws["sample_stats"]) == set(STATISTICS)


def test_it_is_read_from_a_file_again_with_what_was_chosen_and_why(fit, tmp_path):
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    assert again.settings["method"] == "joint" and "kernel" in again.settings["why"]
    same(fit, again)


@pytest.mark.study
@pytest.mark.sampling
@pytest.mark.parametrize(
    "name", ["slopes", "negative binomial", "student", "cumulative, prior of thresholds"]
)
def test_it_has_the_graphs_posterior(name):
    settings = {"draws": 1000, "tune": 500, "chains": 2}
    ours, graph = (fit_of(model_of(name), method=method, **settings) for method in ("auto", "graph"))
    assert differences(ours, graph) == []
