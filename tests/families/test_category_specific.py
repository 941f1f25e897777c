"""Category-specific effects: a coefficient at each threshold, from the formula to predictions."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from tests.families.ordinal_laws import table
from tests.plain_mode import PLAIN
from tests.prior_draws import prior_draws

RNG = np.random.default_rng(6)
ROWS = 80
DATA = pd.DataFrame(
    {
        "x": RNG.normal(0.5, 1.2, ROWS),
        "z": RNG.normal(-1.0, 0.8, ROWS),
        "f": RNG.choice(["a", "b"], ROWS),
        "g": np.resize(list("pqrst"), ROWS),
        "y": RNG.permutation(np.resize([1, 2, 3, 4], ROWS)),
    }
)
X, Z, Y = (DATA[name].to_numpy() for name in ("x", "z", "y"))
SPECIFIC_FAMILIES = ("sratio", "cratio", "acat")
FORMULA = "y ~ z + cs(x)"


@pytest.mark.parametrize("family", SPECIFIC_FAMILIES)
def test_the_log_density_is_that_of_the_textbook_with_priors_at_the_average_row(family):
    model = gb.Model(FORMULA, DATA, family=family)
    logp = model.pymc_model.compile_logp(mode=PLAIN)
    xs, zs = ((v - v.mean()) / (2 * v.std(ddof=1)) for v in (X, Z))
    for _ in range(3):
        gamma, tau, own = RNG.normal(size=1), RNG.normal(size=3), RNG.normal(size=3)
        cs = {f"cs_{k + 1}": own[k] * xs for k in range(3)}
        probabilities = table(family, "logit", gamma[0] * zs, tau, cs=cs)
        expected = (
            stats.norm.logpdf([*gamma, *own], 0, 2.5).sum()
            + stats.logistic.logpdf(tau).sum()
            + np.log(probabilities[np.arange(ROWS), Y - 1]).sum()
        )
        values = {"beta_basis": gamma, "thresholds_basis": tau}
        values |= {f"cs_{k + 1}_beta_basis": own[[k]] for k in range(3)}
        assert float(logp(values)) == pytest.approx(expected, rel=1e-10)


def draws_of_prior(model, *names, draws):
    return prior_draws(model.pymc_model, names, draws, seed=2)


def draws_of(rng, size):
    draws = {
        "beta": rng.normal(size=(1, size, 1)),
        "thresholds": np.sort(rng.normal(size=(1, size, 3)), axis=-1),
    }
    return draws | {f"cs_{k}_beta": rng.normal(size=(1, size, 1)) for k in (1, 2, 3)}


@pytest.fixture(scope="module", params=SPECIFIC_FAMILIES)
def fit(request):
    model = gb.Model(FORMULA, DATA, family=request.param)
    return gb.Fit.from_draws(model, draws_of(np.random.default_rng(9), 6))


def expected_probabilities(fit, data):
    x, z = data["x"].to_numpy(), data["z"].to_numpy()
    found = []
    for draw in range(6):
        cs = {f"cs_{k}": fit.flat[f"cs_{k}_beta"][draw, 0] * x for k in (1, 2, 3)}
        eta = fit.flat["beta"][draw, 0] * z
        found.append(table(fit.family.name, "logit", eta, fit.flat["thresholds"][draw], cs=cs))
    return np.array(found)


def test_predictions_of_new_rows_are_those_of_the_textbook(fit):
    new = pd.DataFrame({"x": [-1.0, 0.0, 2.0], "z": [0.5, -2.0, 1.0]})
    found = gb.predictions(fit, new, estimand="typical").draws
    expected = expected_probabilities(fit, new)
    by_category = found.to_numpy().reshape(6, *found.shape[2:])
    np.testing.assert_allclose(by_category.reshape(expected.shape), expected, rtol=1e-10)


def test_the_stored_log_likelihood_is_the_log_of_the_probability(fit):
    expected = np.log(expected_probabilities(fit, DATA))[:, np.arange(ROWS), Y - 1]
    np.testing.assert_allclose(fit.draws["log_likelihood"]["y"].to_numpy()[0], expected, rtol=1e-10)


def test_a_predictor_of_one_threshold_can_be_asked_for(fit):
    found = gb.predictions(fit, DATA.head(3), parameter="cs_2", estimand="typical", scale="link")
    expected = fit.flat["cs_2_beta"] * X[:3]
    np.testing.assert_allclose(found.draws.to_numpy().reshape(6, 3), expected, rtol=1e-12)


def test_a_saved_fit_comes_back(fit, tmp_path):
    fit.save(tmp_path / "a.glmm")
    again = gb.load(tmp_path / "a.glmm")
    assert again.spec == fit.spec
    for name, values in fit.flat.items():
        np.testing.assert_array_equal(again.flat[name], values)
    new = DATA.head(4)
    np.testing.assert_array_equal(gb.predictions(again, new).draws, gb.predictions(fit, new).draws)


def test_factors_are_coded_as_beside_an_intercept():
    model = gb.Model("y ~ z + cs(f) + cs(f:x) + cs(x) + (1 | g)", DATA, family="acat")
    designs = {name: predictor.design for name, predictor in model.priors.predictors.items()}
    assert list(designs) == ["mu", "cs_1", "cs_2", "cs_3"]
    assert designs["mu"].coefficients == ("z",)
    assert designs["cs_1"].coefficients == ("f[b]", "x", "f[b]:x")
    assert designs["cs_1"].groups == ()
    assert designs["cs_3"] is designs["cs_1"]


def test_thresholds_have_their_default_prior_at_the_average_row_of_each():
    model = gb.Model("y ~ z + cs(x)", DATA, family="sratio")
    prior = draws_of_prior(model, "beta", "thresholds", "cs_1_beta", "cs_2_beta", "cs_3_beta", draws=1500)
    for k in (1, 2, 3):
        eta = prior["beta"][:, 0] * Z.mean() + prior[f"cs_{k}_beta"][:, 0] * X.mean()
        stop = expit(prior["thresholds"][:, k - 1] - eta)
        assert stats.kstest(stop, stats.uniform.cdf).pvalue > 1e-4


def test_a_prior_is_of_one_threshold_or_of_all():
    priors = {"cs_beta[x]": gb.Prior("Normal", sigma=3), "cs_2_beta[x]": gb.Prior("Normal", sigma=0.5)}
    model = gb.Model(FORMULA, DATA, family="acat", priors=priors)
    found = {row.parameter: row.prior for row in model.priors.rows}
    assert [found[f"cs_{k}_beta[x]"] for k in (1, 2, 3)] == [
        "Normal(mu=0, sigma=3)",
        "Normal(mu=0, sigma=0.5)",
        "Normal(mu=0, sigma=3)",
    ]
    with pytest.raises(gb.PriorError, match=r"Did you mean 'cs_2_beta\[x\]'"):
        gb.Model(FORMULA, DATA, family="acat", priors={"cs_2_beta[xx]": gb.Prior("Normal", sigma=1)})


def test_a_monotonic_effect_may_be_specific():
    data = DATA.assign(n=np.resize([1, 2, 3], ROWS))
    model = gb.Model("y ~ cs(mo(n))", data, family="acat")
    names = [f"cs_{k}_{name}" for k in (1, 2, 3) for name in ("mo_n", "simplex_n", "beta")]
    prior = draws_of_prior(model, *names, draws=3)
    for k in (1, 2, 3):
        steps = prior[f"cs_{k}_mo_n"] * prior[f"cs_{k}_simplex_n"]
        np.testing.assert_allclose(prior[f"cs_{k}_beta"], steps, rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "family", "code", "part"),
    [
        ("y ~ cs(x)", "cumulative", "specific", "thresholds could cross"),
        ("y ~ cs(x)", "gaussian", "specific", 'use family="acat", "sratio" or "cratio"'),
        ("y ~ x + cs(x)", "acat", "formula_misread", "Write cs(x) alone"),
        ("y ~ cs(x + z)", "acat", "formula_misread", "cs(x) + cs(z)"),
        ("y ~ cs(x*z)", "acat", "formula_misread", "cs() takes one term, found 'x*z'"),
        ("y ~ cs(1)", "acat", "formula_misread", "cs() takes one term"),
        ("y ~ cs()", "acat", "formula_function", "Example: cs(x)."),
        ("y ~ x - cs(x)", "acat", "formula_misread", "cannot be taken away"),
        ("y ~ z*cs(x)", "acat", "formula_function", "a summand of its own"),
        ("y ~ (cs(x) | g)", "acat", "formula_function", "a summand of its own"),
        ("y ~ cs(y)", "acat", "formula_misread", "cannot predict itself"),
        (gb.Formula("y ~ x", disc="~ cs(z)"), "acat", "formula_misread", "disc: formula:1:6: cs() is of"),
        ("y ~ z + cs(I(2*z))", "acat", "rank_deficient", "I(2 * z) = 2*z"),
        ("y ~ cs(unknown)", "acat", "unknown_column", "no column 'unknown'"),
    ],
)
def test_what_has_no_meaning_is_refused_with_a_remedy(formula, family, code, part):
    with pytest.raises(gb.GlmmError) as caught:
        gb.Model(formula, DATA, family=family)
    assert caught.value.code == code
    assert part in str(caught.value)


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_formula_and_file_keep_specific_terms(tmp_path, suffix):
    spec = gb.ModelSpec.from_formula('y ~ z + cs(x) + cs(f:log(x)) + cs(C(f, ref="b"))', family="acat")
    assert spec.to_formula() == 'y ~ z + cs(x) + cs(C(f, ref = "b")) + cs(f:log(x))'
    assert gb.ModelSpec.from_formula(spec.to_formula(), family="acat") == spec
    spec.to_file(tmp_path / f"model.{suffix}")
    assert gb.ModelSpec.from_file(tmp_path / f"model.{suffix}") == spec


@pytest.mark.study
@pytest.mark.sampling
@pytest.mark.parametrize("family", ["sratio", "acat"])
def test_effects_of_each_threshold_are_recovered(family):
    rng = np.random.default_rng(12)
    size, tau, own = 1500, np.array([-0.8, 0.1, 0.7]), (0.2, 0.9, -0.6)
    data = pd.DataFrame({"x": rng.normal(size=size), "z": rng.normal(size=size)})
    cs = {f"cs_{k + 1}": effect * data["x"].to_numpy() for k, effect in enumerate(own)}
    probabilities = table(family, "logit", 0.5 * data["z"].to_numpy(), tau, cs=cs)
    data["y"] = 1 + (rng.random(size)[:, None] > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
    fit = gb.Model(FORMULA, data, family=family).fit(draws=500, tune=500, chains=2, seed=4, progress=False)
    assert gb.diagnose(fit).passed
    truth = {"beta": 0.5, "thresholds": tau} | {f"cs_{k + 1}_beta": own[k] for k in range(3)}
    for name, value in truth.items():
        draws = fit.flat[name]
        assert (np.abs(draws.mean(axis=0) - value) < 4 * draws.std(axis=0)).all()
        assert (draws.std(axis=0) < 0.2).all()


def test_families_say_whether_they_have_specific_effects():
    assert (
        tuple(
            name
            for name in FAMILIES
            if FAMILIES[name].has_thresholds and FAMILIES[name].thresholds.allows_specific
        )
        == SPECIFIC_FAMILIES
    )
