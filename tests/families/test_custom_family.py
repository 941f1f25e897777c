"""A family of a user's functions is one like the listed ones, and what is wrong with it is said."""

import re
from pathlib import Path

import arviz as az
import numpy as np
import pymc as pm
import pytest
from scipy import special, stats

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph.custom_families import made_family
from glmm_bayes.spec.several import REGISTERED
from tests.families.custom_examples import (
    COUNTS,
    DATA,
    RAYLEIGH,
    kumaraswamy,
    my_gamma,
    my_poisson,
    of_model,
    pascal,
    rayleigh,
)
from tests.plain_mode import PLAIN

GUIDE = (Path(__file__).parents[2] / "docs" / "custom_family.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def the_registry_is_left_as_it_was(monkeypatch):
    monkeypatch.setattr(FAMILIES, "_entries", dict(FAMILIES._entries))
    before = dict(REGISTERED)
    yield
    REGISTERED.clear()
    REGISTERED.update(before)


# The density.


def log_density(family, y, m_at):
    return made_family(family).log_density(y, np.ones_like(y), m_at, NUMPY)


def test_the_density_is_that_of_scipy():
    eta = np.array([[-2.0], [0.3], [1.5]])
    at = {"mu": RowValue(LINKS["log"], eta)}
    y = np.array([0.2, 1.0, 6.0])
    expected = stats.rayleigh(scale=np.exp(eta) * np.sqrt(2 / np.pi)).logpdf(y)
    np.testing.assert_allclose(log_density(rayleigh(), y, at), expected, rtol=1e-13)


def test_a_density_in_pytensor_is_that_of_scipy_for_arrays_of_draws():
    eta, curve = np.array([[-1.0, 0.2, 0.9], [0.5, 0.1, 0.7]]), np.array([[0.8], [2.5]])
    at = {"mu": RowValue(LINKS["log"], eta), "curve": number(curve)}
    y, a = np.array([0.1, 0.5, 0.93]), np.exp(eta)
    expected = np.log(a * curve * y ** (a - 1) * (1 - y**a) ** (curve - 1))
    np.testing.assert_allclose(log_density(kumaraswamy(), y, at), expected, rtol=1e-12)
    found = log_density(pascal(), np.array([0.0, 3.0, 7.0]), {"mu": number(a)})
    np.testing.assert_allclose(found, stats.nbinom(1, 1 / (1 + a)).logpmf([0, 3, 7]), rtol=1e-12)


# Models.


def test_a_model_is_that_of_the_listed_family():
    own, listed = (of_model("count ~ x + (1 | g)", family) for family in (my_poisson(), "poisson"))
    for part in (own, listed):
        assert np.isfinite(part.draws["log_likelihood"]["y"]).all()
    np.testing.assert_allclose(
        own.draws["log_likelihood"]["y"], listed.draws["log_likelihood"]["y"], rtol=1e-12
    )
    for estimand in ("population", "typical", "subject"):
        first, second = (gb.predictions(fit, estimand=estimand) for fit in (own, listed))
        np.testing.assert_allclose(first.draws, second.draws, rtol=1e-12)
    np.testing.assert_allclose(
        gb.coefficients(own).side_by_side().select_dtypes("number"),
        gb.coefficients(listed).side_by_side().select_dtypes("number"),
    )
    np.testing.assert_array_equal(own.priors.first.fixed.mean, listed.priors.first.fixed.mean)


def test_the_graph_of_the_model_is_that_of_the_listed_family():
    own, listed = (
        gb.Model("count ~ x + (1 | g)", DATA, family=family).pymc_model
        for family in (my_poisson(), "poisson")
    )
    point = listed.initial_point()
    point["beta_basis"] = point["beta_basis"] + 0.3
    found, expected = (m.compile_logp(mode=PLAIN)(point) for m in (own, listed))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("family", "response"),
    [
        (rayleigh, "speed"),
        (my_poisson, "count"),
        (my_gamma, "speed"),
        (kumaraswamy, "share"),
        (pascal, "count"),
    ],
)
def test_every_verb_works(family, response):
    fit = of_model(f"{response} ~ x + (1 | g)", family())
    drawn = gb.posterior_predictive(fit, seed=1)["posterior_predictive"]["y"]
    assert drawn.shape == (2, 40, 40)
    assert np.isfinite(az.loo(fit.draws).elpd)
    for estimand in ("population", "typical", "subject", "new_subject"):
        assert np.isfinite(gb.predictions(fit, estimand=estimand).draws).all()
    assert np.isfinite(gb.comparisons(fit, "x").draws).all()
    gb.random_effects(fit)
    gb.variance_components(fit)


def test_the_population_mean_of_a_mean_that_is_not_mu_is_its_integral():
    fit = of_model("share ~ x + (1 | g)", kumaraswamy())
    found = np.asarray(gb.predictions(fit).draws).reshape(80, 40)[0, 0]
    beta, sd, curve = fit.flat["beta"][0], fit.flat["sd_g"][0, 0], fit.flat["curve"][0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    a = np.exp(beta @ [1.0, DATA["x"][0]] + sd * nodes)
    expected = (weights * curve * special.beta(1 + 1 / a, curve)).sum() / weights.sum()
    assert found == pytest.approx(expected, rel=1e-7)


def test_prior_predictive_draws_come_from_the_graph():
    model = gb.Model(
        "speed ~ 1", DATA, family=my_gamma(), priors={"Intercept": gb.Prior("Normal", mu=1, sigma=0.1)}
    )
    drawn = pm.draw(model.pymc_model["y"], draws=20, random_seed=1, mode="FAST_COMPILE")
    assert drawn.shape == (20, 40)
    assert (drawn > 0).all()


def test_the_model_is_printed_with_its_family_and_priors():
    text = str(gb.Model("speed ~ x + (1 | g)", DATA, family=my_gamma()))
    assert text.startswith("my_gamma(log)   speed ~ x + (1 | g)   mean of speed")
    assert re.search(r"power +1/sqrt\(power\) ~ HalfNormal\(sigma=1\) +default +power of my_gamma", text)
    assert "MyGamma(mu[i], power)" in str(gb.Model("speed ~ x", DATA, family="my_gamma").explain())


def test_parameters_have_priors_by_where_they_live():
    family = gb.CustomFamily(
        "odd",
        log_density=lambda y, mu, sigma, tilt, mix, m: (
            -0.5 * ((y - mu) / sigma) ** 2 - m.log(sigma) + 0.0 * (tilt + mix)
        ),
        random=lambda rng, mu, sigma, tilt, mix: rng.normal(mu, sigma),
        variance=lambda sigma: sigma**2,
        support="real",
        parameters={"sigma": "positive", "tilt": "real", "mix": "unit"},
    )
    model = gb.Model("number ~ x", DATA, family=family)
    rows = {row.parameter: row.prior for row in model.priors.rows}
    assert rows["tilt"] == "Normal(mu=0, sigma=2.5)"
    assert rows["mix"] == "logit(mix) ~ Normal(mu=0, sigma=1.5)"
    assert rows["sigma"].startswith("Exponential(scale=")
    own = gb.Model("number ~ x", DATA, family="odd", priors={"mix": gb.Prior("Beta", alpha=2, beta=2)})
    assert {row.parameter: row.prior for row in own.priors.rows}["mix"] == "Beta(alpha=2, beta=2)"
    with pytest.raises(gb.PriorError, match="prior of mix must be between 0 and 1"):
        gb.Model("number ~ x", DATA, family="odd", priors={"mix": gb.Prior("Normal", mu=0, sigma=1)})


def test_a_parameter_has_its_formula():
    gb.register_family(my_gamma())
    model = gb.Model(gb.Formula("speed ~ x + (1 | g)", power="~ x"), DATA, family="my_gamma")
    assert model.priors.predictors["power"].link.name == "log"
    draws = {
        "beta": np.full((1, 2, 2), 0.4),
        "power_beta": np.full((1, 2, 2), 0.2),
        "sd_g": np.full((1, 2, 1), 0.3),
    }
    fit = gb.Fit.from_draws(model, draws | {"b_g": np.zeros((1, 2, 5, 1))})
    found = gb.predictions(fit, parameter="power").draws
    np.testing.assert_allclose(np.asarray(found)[0, 0], np.exp(0.2 + 0.2 * DATA["x"]), rtol=1e-12)
    fixed = gb.Model(gb.Formula("speed ~ x", power=2), DATA, family="my_gamma")
    assert fixed.priors.constants == {"power": 2.0}


def test_a_spec_file_holds_the_formula_of_a_parameter(tmp_path):
    gb.register_family(my_gamma())
    spec = gb.ModelSpec.from_formula(gb.Formula("speed ~ x", power="~ x + (1 | g)"), "my_gamma")
    spec.to_file(tmp_path / "model.toml")
    assert gb.ModelSpec.from_file(tmp_path / "model.toml") == spec


# Wrong input.


WRONG = [
    (lambda: rayleigh(support="postive"),
     "support must be one of real, positive, unit, count, found 'postive'. Did you mean 'positive'?"),
    (lambda: gb.CustomFamily("My family", **RAYLEIGH),
     "a family's name is small letters, digits and underscores, found 'My family'. Example: \"my_poisson\"."),
    (lambda: rayleigh(links=("lgo",)), "no link 'lgo'. Did you mean 'log'?"),
    (lambda: rayleigh(support="unit"),
     "the mean of numbers between 0 and 1 is one itself, which the link log"),
    (lambda: rayleigh(random=3), "random must be a function, found int."),
    (lambda: rayleigh(parameters={"shape": "positive"}),
     "log_density must take y, mu, shape by name, and has no shape."),
    (lambda: rayleigh(random=lambda mu: mu), "random must take rng, mu by name, and has no rng."),
    (lambda: rayleigh(variance=lambda mu, shpe: mu),
     "variance takes shpe, which is no parameter of the family."),
    (lambda: rayleigh(log_density=lambda **values: 0), "log_density takes values, which is no parameter"),
    (lambda: rayleigh(parameters={"my_shape": "positive"}),
     "a parameter's name is letters and digits, found 'my_shape'."),
    (lambda: rayleigh(parameters={"beta": "positive"}),
     "'beta' is a word of densities, formulas or posteriors"),
    (lambda: rayleigh(parameters={"k": "above 0"}),
     "parameter 'k' lives in one of positive, real, unit, found 'above 0'."),
    (lambda: rayleigh(parameters=["k"]), "parameters must be a mapping of names to where they live"),
    (lambda: gb.register_family("rayleigh"),
     "a family to register is a gb.CustomFamily or a Family that is made, found 'ra"),
    (lambda: gb.register_family(gb.CustomFamily("poisson", **COUNTS)),
     "'poisson' is a listed family. Give it another name: \"my_poisson\"."),
    (lambda: gb.register_family(gb.CustomFamily("tilted", **COUNTS | {
        "log_density": lambda y, mu, zi, m: y * zi, "random": lambda rng, mu, zi: mu,
        "parameters": {"zi": "positive"}})),
     "zi is probability of an extra zero elsewhere, which is unit, not positive."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_wrong_input_says_what_must_hold(call, message):
    with pytest.raises(gb.FormulaError, match=re.escape(message)) as caught:
        call()
    assert caught.value.code == "custom_family"


def test_everything_wrong_is_said_at_once():
    with pytest.raises(gb.FormulaError) as caught:
        rayleigh(random=lambda mu: mu, variance=None, links=("lgo",))
    assert len(caught.value.findings) == 3


def test_another_family_of_the_name_is_refused_and_the_same_text_is_not():
    gb.register_family(rayleigh())
    gb.register_family(rayleigh())
    with pytest.raises(gb.FormulaError, match="another family is registered as 'rayleigh'"):
        gb.register_family(rayleigh(variance=lambda mu: 2 * mu))


def test_draws_of_another_shape_are_refused():
    fit = of_model("speed ~ x + (1 | g)", rayleigh(random=lambda rng, mu: rng.rayleigh(1.0)))
    with pytest.raises(gb.PredictionError, match=r"draws of the shape of mu, \(80, 40\); found \(\)"):
        gb.posterior_predictive(fit, seed=1)


def test_what_needs_more_than_the_density_is_refused():
    data = DATA.assign(c=0, e=1.0)
    for term, word in (("cens(c)", "cens"), ("trunc(lb = 0)", "trunc"), ("rate(e)", "rate"), ("se(e)", "se")):
        with pytest.raises(gb.DataError, match=rf"{word}\(\)"):
            gb.Model(f"count | {term} ~ x", data, family=my_poisson())


def test_responses_outside_the_support_are_named():
    with pytest.raises(gb.DataError, match="rayleigh needs numbers above 0: column 'number' has"):
        gb.Model("number ~ x", DATA, family=rayleigh())


def test_a_slip_in_a_parameters_name_is_answered_with_the_names_there_are():
    gb.register_family(my_gamma())
    with pytest.raises(gb.FormulaError, match=r"no parameter 'powr'.*Did you mean 'power'"):
        gb.Formula("speed ~ x", powr="~ x")
    with pytest.raises(gb.FormulaError, match="poisson has no parameter 'power'"):
        gb.Model(gb.Formula("count ~ x", power="~ x"), DATA, family="poisson")


def test_a_grouping_factor_named_like_a_parameter_is_refused():
    with pytest.raises(gb.DataError, match="'power' is a grouping factor and a parameter of my_gamma"):
        gb.Model("speed ~ x + (1 | power)", DATA.assign(power=DATA["g"]), family=my_gamma())


# Files.


def test_a_saved_fit_is_read_again_where_its_family_is_registered(tmp_path):
    gb.register_family(my_gamma())
    fit = of_model(gb.Formula("speed ~ x + (1 | g)"), "my_gamma")
    fit.save(tmp_path / "a.glmm")
    with pytest.warns(gb.GlmmWarning, match="its family is one that you have registered: my_gamma"):
        again = gb.load(tmp_path / "a.glmm")
    assert again.spec == fit.spec
    np.testing.assert_array_equal(again.draws["log_likelihood"]["y"], fit.draws["log_likelihood"]["y"])
    assert b"gammaln" not in (tmp_path / "a.glmm").read_bytes()


def test_a_saved_fit_is_not_read_where_its_family_is_not_registered(tmp_path, monkeypatch):
    of_model("speed ~ x + (1 | g)", rayleigh()).save(tmp_path / "a.glmm")
    monkeypatch.delitem(FAMILIES._entries, "rayleigh")
    with pytest.raises(gb.StorageError, match="its family 'rayleigh' is not registered here") as caught:
        gb.load(tmp_path / "a.glmm")
    assert caught.value.code == "load_family"
    assert "gb.register_family" in caught.value.hint


# The guide.


def test_the_guide_runs_and_its_families_pass(capsys):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(compile(block, "docs/custom_family.md", "exec"), names)  # noqa: S102
    shown = capsys.readouterr().out
    assert shown.count("passed") == 16
    assert "failed" not in shown
    assert "my_gamma(log)   speed ~ x + (1 | site)" in shown


def test_the_guide_lists_every_function_of_a_density():
    listed = re.search(r"`m` has `(.*?)`", GUIDE, re.DOTALL)[1].split()
    shaped = {"stack", "scatter", "constant", "full_like", "matmul", "cholesky"}
    assert set(listed) == {name for name in dir(NUMPY) if not name.startswith("_")} - shaped
