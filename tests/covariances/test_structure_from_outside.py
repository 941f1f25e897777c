"""A covariance structure of another package, one module and one call: all that walks over ours has it."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.covariances import test_covariances as laws
from tests.outside import run_module

FORMULA = '(0 + time | gr(g, structure = "bell"))'
RHO = 0.3
STATED = 0.49 * RHO ** (np.subtract.outer([1, 2, 4, 5], [1, 2, 4, 5]) ** 2.0)
VALUES = {"sd_g_shared": [0.7], "chol_corr_g_raw": RHO}


@pytest.fixture(autouse=True)
def another_package(registries, tmp_path, monkeypatch):
    run_module("bell", tmp_path, monkeypatch)
    run_module("ring", tmp_path, monkeypatch)


def fit_of():
    model = laws.model_of(FORMULA)
    rng = np.random.default_rng(5)
    shapes = model.definition.posterior.shapes
    draws = {name: 0.3 * rng.normal(size=(1, 20, *shape)) for name, shape in shapes.items()}
    draws |= {name: np.exp(draws[name]) for name in ("sd_g", "sigma")}
    corr = np.broadcast_to(STATED / 0.49, (1, 20, 4, 4))
    return gb.Fit.from_draws(model, draws | {"corr_g": corr})


@pytest.mark.parametrize(
    "law",
    [
        laws.test_prior_draws_have_the_stated_covariance,
        laws.test_the_matrix_that_effects_use_is_the_stated_one,
        laws.test_arrays_of_a_structure_have_the_shapes_that_are_stated,
        laws.test_gradients_are_finite_and_equal_differences,
        laws.test_the_graph_and_the_effects_read_the_same_linear_predictor,
    ],
)
@pytest.mark.parametrize("name", ["bell", "ring"])
def test_they_keep_the_laws_of_structures(law, name, monkeypatch):
    monkeypatch.setitem(laws.STATED, "bell", (FORMULA, VALUES, laws.EYE, STATED))
    near = np.exp(-np.abs(np.subtract.outer(range(8), range(8))))
    ring = ('(1 | gr(g, structure = "ring"))', {"sd_g": [0.7], "w_g": 0.3}, 0.7 * laws.EYE + 0.3 * near)
    monkeypatch.setitem(laws.STATED, "ring", (*ring, 0.49 * laws.ONE))
    law(name)


def test_the_model_its_equations_and_its_spec_file_name_it(tmp_path):
    model = laws.model_of(FORMULA)
    assert "bell" in str(model) and "corr_g of C(time)[1]" in str(model.explain())
    assert model.definition.posterior.variables["corr_g"].role == "correlation"
    model.spec.to_file(tmp_path / "model.toml")
    assert gb.ModelSpec.from_file(tmp_path / "model.toml") == model.spec


def test_every_verb_of_groups_and_every_estimand_know_it(tmp_path):
    fit = fit_of()
    for estimand in ("population", "typical", "subject", "sample", "new_subject"):
        assert np.isfinite(gb.predictions(fit, estimand=estimand, seed=1).draws).all()
    for verb in (gb.coefficients, gb.variance_components, gb.random_effects, gb.icc, gb.r2, gb.summary):
        assert len(verb(fit))
    fit.save(tmp_path / "bell.glmm")
    with pytest.warns(gb.GlmmWarning, match="its structure is one that you have registered: bell"):
        assert gb.load(tmp_path / "bell.glmm").draws.identical(fit.draws)


def test_the_checks_ask_it_what_they_ask_of_ours():
    """Effects of single rows that are tied to each other are no residual: no warning."""
    data = pd.DataFrame({"y": np.arange(20.0) ** 1.5, "t": np.tile(range(4), 5), "g": np.repeat(range(5), 4)})
    model = gb.Model('y ~ 1 + (0 + t | gr(g, structure = "bell"))', data)
    assert not any("priors only" in finding.message for finding in model.findings)


@pytest.mark.parametrize("wrong", [None, 3, "bell", int])
def test_what_is_no_structure_is_refused(wrong):
    with pytest.raises(gb.FormulaError, match=r"\[custom_structure\]"):
        gb.register_covariance(wrong)


def test_a_wrong_name_lists_it():
    with pytest.raises(gb.FormulaError, match="bell"):
        laws.model_of('(0 + time | gr(g, structure = "nosuch"))')
