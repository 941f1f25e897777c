"""The graph of every family, with several linear predictors, has the density that is computed from draws."""

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from tests.example_models import FURTHER, at_a_point
from tests.example_models import large_model_of as model_of
from tests.examples import DATA, RESPONSES, ROWS

# Each link of each family is held to NumPy in test_families.


def same_density(model, **options):
    draws, density, has_finite_gradient = at_a_point(model, **options)
    fit = gb.Fit.from_draws(model, draws)
    pointwise = fit.draws["log_likelihood"]["y"].to_numpy()[0, 0]
    assert pointwise.shape == density.shape == (ROWS,)
    np.testing.assert_allclose(pointwise, density, rtol=1e-9, atol=1e-9)
    return fit, has_finite_gradient


def test_every_family_has_a_response():
    assert set(RESPONSES) == set(FAMILIES)


#: Families with further parameters have their density looked at in models with formulas of those.
OF_ONE_PREDICTOR = [
    pytest.param(family, marks=pytest.mark.slow if FURTHER[family] else ()) for family in RESPONSES
]


@pytest.mark.parametrize("family", OF_ONE_PREDICTOR)
def test_graph_and_draws_have_one_density(family):
    _, has_finite_gradient = same_density(model_of(family), size=0.2)
    assert has_finite_gradient


@pytest.mark.parametrize(("family", "parameter"), [(f, p) for f, more in FURTHER.items() for p in more])
def test_a_parameter_may_have_a_formula_with_correlated_effects(family, parameter):
    model = model_of(family, right="x + (1 |i| g)", **{parameter: "~ f + (1 |i| g)"})
    fit, has_finite_gradient = same_density(model, size=0.1)
    assert has_finite_gradient
    names = set(fit.draws["posterior"].data_vars)
    assert {f"{parameter}_beta", f"{parameter}_sd_g", f"{parameter}_b_g", "joint_corr_i"} <= names
    assert parameter not in names


@pytest.mark.parametrize("family", [family for family, more in FURTHER.items() if more])
def test_a_parameter_may_have_a_number(family):
    parameter = FURTHER[family][0]
    model = model_of(family, right="x", **{parameter: 0.5})
    fit, _ = same_density(model)
    assert parameter not in fit.draws["posterior"] and model.priors.constants[parameter] == 0.5


@pytest.mark.parametrize("family", FAMILIES)
def test_prior_draws_lie_in_the_support(family):
    model = model_of(family, right="x + (1 | g)")
    tree = model.prior_predictive(draws=20, seed=3)
    drawn = tree["prior_predictive"]["y"].to_numpy().reshape(20, ROWS, -1)
    assert np.isfinite(drawn).all()
    kind = RESPONSES[family].split(" |")[0]
    limits = {
        "y": (-np.inf, np.inf), "angle": (-np.pi, np.pi), "bit": (0, 1), "part": (0, 1), "part0": (0, 1),
        "part01": (0, 1), "score": (0, 3), "choice": (0, 2),
    }.get(kind, (0, np.inf))  # fmt: skip
    assert (drawn >= limits[0]).all() and (drawn <= limits[1]).all()
    if kind in ("count", "zeros", "k", "bit", "score", "choice", "cbind(na, nb, nc)"):
        np.testing.assert_array_equal(drawn, np.floor(drawn))
    if kind == "k":
        assert (drawn[..., 0] <= DATA["n"].to_numpy()).all()


def test_priors_of_further_parameters_are_set_by_name():
    priors = {
        "zi_beta[x]": gb.Prior("StudentT", nu=4, sigma=0.7),
        "zi_sd_g": gb.Prior("Exponential", scale=0.3),
        "corr_g": gb.Prior("LKJ", eta=5),
        "sd": gb.Prior("HalfNormal", sigma=0.4),
    }
    model = gb.Model(
        gb.Formula("count ~ x + (1 |i| g)", zi="~ x + (1 |i| g)"),
        DATA,
        "zero_inflated_poisson",
        priors=priors,
    )
    rows = {row.parameter: (row.prior, row.source) for row in model.priors.rows}
    assert rows["zi_beta[x]"] == ("StudentT(nu=4, mu=0, sigma=0.7)", "yours")
    assert rows["zi_sd_g[Intercept]"] == ("Exponential(scale=0.3)", "yours")
    assert rows["joint_corr_i"] == ("LKJ(eta=5)", "yours")
    assert rows["sd_g[Intercept]"] == ("HalfNormal(sigma=0.4)", "yours")
    assert rows["zi_beta[Intercept]"][1] == "default"
    same_density(model)


def test_a_prior_of_an_unknown_name_is_answered_with_the_names():
    with pytest.raises(gb.PriorError, match=r"no parameter 'zi_bata\[x\]'.*zi_beta\[x\]"):
        gb.Model(
            gb.Formula("count ~ x", zi="~ x"), DATA, "zero_inflated_poisson",
            priors={"zi_bata[x]": gb.Prior("Normal", sigma=1)},
        )  # fmt: skip


def test_categories_whose_names_collide_stay_apart():
    data = DATA.assign(kind=np.resize(["a b", "a_b", "c"], ROWS))
    model = gb.Model("kind ~ x", data, family="categorical")
    assert list(model.priors.predictors) == ["mu_a_b", "mu_c"]
    data = DATA.assign(kind=np.resize(["a", "d e", "d_e"], ROWS))
    model = gb.Model("kind ~ x", data, family="categorical")
    assert list(model.priors.predictors) == ["mu_d_e", "mu_d_e_2"]
    same_density(model)
