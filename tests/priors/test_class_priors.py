"""A class prior is that of slopes; an intercept has one prior, at x = 0 or at the average row."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from glmm_bayes.spec.editions import default_correlation
from tests.examples import FEW, RESPONSES

SAVED = Path(__file__).parents[1] / "oracles" / "saved"
RNG = np.random.default_rng(7)
ROWS = 60
DATA = pd.DataFrame(
    {
        "x": RNG.normal(10.0, 3.0, ROWS),
        "w": RNG.normal(-2.0, 0.5, ROWS),
        "f": np.resize(["a", "b", "c"], ROWS),
        "n": np.resize([0, 1, 2, 3], ROWS),
        "k": pd.Categorical(np.resize(["u", "v", "z"], ROWS), ordered=True),
        "g": np.repeat(np.arange(12), 5),
        "e": RNG.uniform(0.5, 4.0, ROWS),
        "y": RNG.normal(0.0, 2.0, ROWS),
        "count": RNG.poisson(3.0, ROWS),
    }
)
OWN = gb.Prior("Normal", mu=0.3, sigma=1.7)
OTHER = gb.Prior("Normal", mu=-2.0, sigma=0.6)
HEAVY = gb.Prior("StudentT", nu=3, mu=0.5, sigma=2.0)


def sources(model):
    return {row.parameter: row.source for row in model.priors.rows}


def yours(model, marks="beta"):
    return {name for name, source in sources(model).items() if source == "yours" and marks in name}


# Formula, family, further formulas: the class, and every coefficient that belongs to it.
CLASSES = [
    ("y ~ x + f", "gaussian", {}, "beta", {"x", "f[b]", "f[c]"}),
    ("y ~ x*f", "gaussian", {}, "beta", {"x", "f[b]", "f[c]", "x:f[b]", "x:f[c]"}),
    ("y ~ 0 + f", "gaussian", {}, "beta", {"f[a]", "f[b]", "f[c]"}),
    ("y ~ 0 + f + x", "gaussian", {}, "beta", {"f[a]", "f[b]", "f[c]", "x"}),
    ("y ~ 0 + f:x", "gaussian", {}, "beta", {"f[a]:x", "f[b]:x", "f[c]:x"}),
    ("y ~ 0 + x", "gaussian", {}, "beta", {"x"}),
    ("y ~ mo(n) + x", "gaussian", {}, "beta", {"mo(n)", "x"}),
    ("y ~ mo(n)*x", "gaussian", {}, "beta", {"mo(n)", "x", "mo(n):x"}),
    ("count ~ x + offset(log(e))", "poisson", {}, "beta", {"x"}),
    ("y ~ x", "gaussian", {"sigma": "~ w"}, "sigma_beta", {"w"}),
    ("count ~ x", "zero_inflated_poisson", {"zi": "~ 0 + f"}, "zi_beta", {"f[a]", "f[b]", "f[c]"}),
    ("k ~ x", "cumulative", {}, "beta", {"x"}),
]


@pytest.mark.parametrize(("formula", "family", "further", "name", "labels"), CLASSES)
def test_a_class_prior_is_that_of_every_slope_and_of_no_intercept(formula, family, further, name, labels):
    model = gb.Model(gb.Formula(formula, **further), DATA, family, priors={name: OWN})
    assert yours(model) == {f"{name}[{label}]" for label in labels}
    assert not [row for row in model.priors.rows if "Intercept" in row.parameter and row.source == "yours"]


def test_the_class_holds_category_specific_effects():
    model = gb.Model("k ~ w + cs(x)", DATA, "acat", priors={"beta": OWN})
    assert yours(model) == {"beta[w]", "cs_1_beta[x]", "cs_2_beta[x]"}
    only = gb.Model("k ~ cs(x)", DATA, "acat", priors={"beta": OWN, "cs_2_beta": OTHER})
    laws = {row.parameter: row.prior for row in only.priors.rows}
    assert laws["cs_1_beta[x]"] == repr(OWN) and laws["cs_2_beta[x]"] == repr(OTHER)


def test_the_class_holds_the_slopes_of_every_category_and_response():
    model = gb.Model("k ~ x", DATA, "categorical", priors={"beta": OWN, "mu_z_beta": OTHER})
    laws = {row.parameter: row.prior for row in model.priors.rows if row.source == "yours"}
    assert laws == {"mu_v_beta[x]": repr(OWN), "mu_z_beta[x]": repr(OTHER)}
    several = gb.Formulas("w ~ x", "count ~ 1", family=("gaussian", "poisson"))
    joint = gb.Model(several, DATA, priors={"beta": OWN}).priors.rows
    assert [row.parameter for row in joint if row.source == "yours"] == ["w_beta[x]"]


REFUSED = [
    ("y ~ 1", "gaussian", {}, "beta", "'Intercept', at the average row, or 'beta\\[Intercept\\]'"),
    ("y ~ 1 + (1 | g)", "gaussian", {}, "beta", "'Intercept'"),
    ("y ~ x", "gaussian", {"sigma": "~ 1"}, "sigma_beta", "'sigma_Intercept'.*'sigma_beta\\[Intercept\\]'"),
    ("k ~ 1", "categorical", {}, "beta", "'Intercept'"),
    ("k ~ 1", "cumulative", {}, "beta", "thresholds"),
    ("k ~ x", "cumulative", {}, "Intercept", "'thresholds'"),
    ("k ~ x", "cumulative", {}, "beta[Intercept]", "'thresholds'"),
    ("y ~ 0 + f", "gaussian", {}, "Intercept", "cell means and slopes are all in 'beta'"),
    ("y ~ 0 + f", "gaussian", {}, "beta[Intercept]", "cell means and slopes are all in 'beta'"),
]


@pytest.mark.parametrize(("formula", "family", "further", "name", "words"), REFUSED)
def test_a_prior_of_what_is_not_there_is_refused_with_the_spelling(formula, family, further, name, words):
    with pytest.raises(gb.PriorError, match=words):
        gb.Model(gb.Formula(formula, **further), DATA, family, priors={name: OWN})


@pytest.mark.parametrize("prefix", ["", "sigma_"])
def test_an_intercept_has_one_prior(prefix):
    given = {f"{prefix}Intercept": OWN, f"{prefix}beta[Intercept]": OTHER}
    with pytest.raises(gb.PriorError, match="one of the two"):
        gb.Model(gb.Formula("y ~ x", sigma="~ x"), DATA, priors=given)
    several = gb.Formulas("w ~ x", "count ~ x", family=("gaussian", "poisson"))
    if not prefix:
        with pytest.raises(gb.PriorError, match="one of the two"):
            gb.Model(several, DATA, priors=given)


def test_an_intercept_of_one_category_or_response_comes_before_that_of_all():
    given = {"Intercept": OWN, "mu_z_beta[Intercept]": OTHER}
    model = gb.Model("k ~ x", DATA, "categorical", priors=given)
    laws = {row.parameter: row.prior for row in model.priors.rows if row.source == "yours"}
    assert laws == {"mu_v_Intercept": repr(OWN), "mu_z_beta[Intercept]": repr(OTHER)}
    several = gb.Formulas("w ~ x", "count ~ x", family=("gaussian", "poisson"))
    joint = gb.Model(several, DATA, priors={"Intercept": OWN, "count_beta[Intercept]": OTHER})
    laws = {row.parameter: row.prior for row in joint.priors.rows if row.source == "yours"}
    assert laws == {"w_Intercept": repr(OWN), "count_beta[Intercept]": repr(OTHER)}


# The average row in the user's columns; products of centred columns are 0 there.
def average_row(formula):
    x, w = DATA["x"].mean(), DATA["w"].mean()
    b, c = ((DATA["f"] == level).mean() for level in "bc")
    return {
        "y ~ x": [1, x],
        "y ~ x + f": [1, x, b, c],
        "y ~ x*w": [1, x, w, x * w],
        "count ~ x + offset(log(e))": [1, x],
    }[formula]


@pytest.mark.parametrize("formula", ["y ~ x", "y ~ x + f", "y ~ x*w", "count ~ x + offset(log(e))"])
@pytest.mark.parametrize("prior", [OTHER, HEAVY], ids=["normal", "heavy"])
@pytest.mark.parametrize("name", ["Intercept", "beta[Intercept]"])
def test_the_density_of_the_coefficients_is_the_stated_one(formula, prior, name):
    """alpha + xbar'beta, or alpha, has the stated prior, slopes theirs, at random points."""
    family = "poisson" if "count" in formula else "gaussian"
    model = gb.Model(formula, DATA, family, priors={"beta": OWN, name: prior})
    fixed = model.priors.first.fixed
    at = np.array(
        average_row(formula) if name == "Intercept" else [1.0] + [0.0] * (len(fixed.from_normal) - 1)
    )
    law = stats.norm(-2.0, 0.6) if prior is OTHER else stats.t(3, 0.5, 2.0)
    gaps = []
    for _ in range(8):
        gamma, delta = RNG.normal(size=len(fixed.mean)), RNG.normal(size=len(fixed.others))
        found = stats.multivariate_normal.logpdf(gamma, fixed.mean + fixed.shift @ delta, fixed.covariance)
        found += sum(stats.t.logpdf(value, 3, 0.5, 2.0) for value in delta)
        beta = fixed.from_normal @ gamma + fixed.from_others @ delta
        gaps.append(found - law.logpdf(at @ beta) - stats.norm.logpdf(beta[1:], 0.3, 1.7).sum())
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-9)


def test_an_intercept_alone_is_the_same_at_both_places():
    one, other = (gb.Model("y ~ 1", DATA, priors={name: HEAVY}) for name in ("Intercept", "beta[Intercept]"))
    assert one.priors.first.fixed.others == other.priors.first.fixed.others


def test_the_model_says_where_the_intercept_is_meant():
    average = str(gb.Model("y ~ x", DATA, priors={"Intercept": OTHER}))
    assert "Intercept  Normal(mu=-2, sigma=0.6)" in average.replace("   ", "  ")
    assert "at the average row: mean between -3.18 and -0.824 (95% equal-tailed)" in average
    assert "at x = 0" in str(gb.Model("y ~ x", DATA, priors={"beta[Intercept]": OTHER}))


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_spec_files_hold_intercepts_and_editions(tmp_path, suffix):
    priors = {"beta": OWN, "Intercept": OTHER, "sigma_beta[Intercept]": OWN, "sigma_beta": OWN}
    spec = gb.ModelSpec.from_formula(gb.Formula("y ~ x", sigma="~ x"), priors=priors)
    for one in (spec, replace(spec, edition=1)):
        one.to_file(tmp_path / f"model.{suffix}")
        assert gb.ModelSpec.from_file(tmp_path / f"model.{suffix}") == one


def test_a_file_of_format_1_keeps_the_meaning_of_its_class_prior_and_of_its_defaults(tmp_path):
    """Saved by the release before: its class prior covered the intercept, its correlations had LKJ(2)."""
    fit = gb.load(SAVED / "format_1_class_prior.glmm")
    laws = {row.parameter: (row.prior, row.source) for row in fit.priors.rows}
    assert laws["beta[Intercept]"] == ("Normal(mu=1, sigma=3)", "yours")
    assert laws["beta[x]"] == ("Normal(mu=1, sigma=3)", "yours")
    assert laws["corr_g"] == ("LKJ(eta=2)", "default")
    fixed = fit.priors.first.fixed
    covariance = fixed.from_normal @ fixed.covariance @ fixed.from_normal.T
    np.testing.assert_allclose(covariance, 9.0 * np.eye(2), atol=1e-12)
    fit.save(tmp_path / "again.glmm")
    again = gb.load(tmp_path / "again.glmm")
    assert again.spec == fit.spec and again.priors.rows == fit.priors.rows


def test_a_file_of_format_1_keeps_the_scale_of_its_map():
    """A path of 12 areas and two pairs under one scale: typical variances 1.64 and .227."""
    levels = gb.load(SAVED / "format_1_map_in_parts.glmm").priors.groups[0].blocks[0].levels
    variances = np.diag(levels.matrix({"share": 1.0}))
    assert np.exp(np.log(variances[:12]).mean()) == pytest.approx(1.638793106946511, rel=1e-12)
    np.testing.assert_allclose(variances[12:], 0.22721009, rtol=1e-7)


def test_correlations_are_uniform_by_default():
    """LKJ(1), as in brms and rstanarm, wherever nobody set a prior."""
    assert default_correlation() == gb.Prior("LKJ", eta=1)
    formulas = gb.Formulas("y ~ x + (1 |i| g)", "w ~ x + (1 |i| g)", rescor=True)
    rows = gb.Model(formulas, DATA).priors.rows
    assert {row.prior for row in rows if "corr" in row.parameter} == {"LKJ(eta=1)"}
    assert gb.Model("y ~ x + (1 + x | g)", DATA).priors.groups[0].correlation == (gb.Prior("LKJ", eta=1),)


@pytest.mark.parametrize("name", RESPONSES)
def test_every_family_has_classes_of_slopes_and_intercepts_by_name(name):
    """Of the mean and of every further parameter: the class is all slopes, the intercept apart."""
    family = FAMILIES[name]
    further = dict.fromkeys(family.auxiliaries, "~ x")
    formula = gb.Formula(f"{RESPONSES[name]} ~ x + z", **further)
    prefixes = ["", *(f"{parameter}_" for parameter in further)]
    classes = {f"{prefix}beta": OWN for prefix in prefixes}
    model = gb.Model(formula, FEW, name, priors=classes)
    slopes = {row.parameter for row in model.priors.rows if "beta[" in row.parameter}
    slopes = {parameter for parameter in slopes if "Intercept" not in parameter}
    assert yours(model, "") == slopes
    if family.has_thresholds and not family.keeps_intercept:
        prefixes = prefixes[1:]
    for place in ("Intercept", "beta[Intercept]"):
        model = gb.Model(formula, FEW, name, priors={f"{prefix}{place}": OWN for prefix in prefixes})
        count = len(model.priors.predictors) - ("" not in prefixes)
        assert len(yours(model, place)) == len(yours(model, "")) == count
