"""A report, a predictive check and a table of coefficients are made of every family, and read right."""

import re

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.core.intervals import read_interval
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.families import FAMILIES
from glmm_bayes.reporting.document import render
from glmm_bayes.reporting.sentences import reproduction
from glmm_bayes.reporting.tables import coefficients_tables, estimands_table, measures_of, thresholds_table
from tests.example_models import fit_of
from tests.examples import RESPONSES

FAMILIES_OF_CATEGORIES = ("cumulative", "sratio", "cratio", "acat", "categorical", "multinomial")
SUCCESSES = ("bernoulli", "binomial", "beta_binomial", "zero_inflated_binomial")


def small(family, **further):
    # Rules in two dimensions need many nodes at the wide variances of a prior.
    return fit_of(family, right="x + z", draws=8, **further) if "mu_" in _names(family) else fit_of(
        family, draws=8, **further
    )  # fmt: skip


def _names(family):
    return "mu_" if FAMILIES[family].has_category_predictors else "mu"


def kind_of(family):
    if family in FAMILIES_OF_CATEGORIES:
        return "categories"
    if family in SUCCESSES:
        return "proportions"
    return "rootogram" if FAMILIES[family].is_discrete else "density"


#: One of each kind of response and picture; reports of the others belong to the slow tests.
OF_EACH_KIND = (
    "gaussian", "bernoulli", "poisson", "binomial", "gamma", "beta", "cumulative", "categorical",
    "multinomial", "zero_inflated_poisson", "hurdle_gamma", "von_mises",
)  # fmt: skip


of_each_kind = pytest.mark.parametrize(
    "family", [pytest.param(f, marks=() if f in OF_EACH_KIND else pytest.mark.slow) for f in RESPONSES]
)


@of_each_kind
def test_every_family_has_a_report(family):
    html = render(small(family), None, read_interval())
    words = re.sub(r"<[^>]*>", " ", re.sub(r'src="[^"]*"', "", html))
    assert "population-averaged" in words and family in words
    assert "nan" not in words.lower().split() and "Left out" not in words


@of_each_kind
def test_the_kind_of_a_check_is_that_of_the_family(family):
    fit = small(family)
    picture = gb.pp_check(fit, kind=kind_of(family))
    assert picture.to_svg() == gb.pp_check(fit).to_svg()
    assert picture.verdict in picture.alt and "89% equal-tailed interval" in picture.alt


@pytest.mark.parametrize("family", ["hurdle_gamma", "zero_inflated_beta", "zero_one_inflated_beta"])
def test_numbers_at_the_ends_are_told_in_words(family):
    fit = small(family)
    zeros = float((fit.response.values == 0).mean())
    alt = gb.pp_check(fit).alt
    assert f"Zeros: {zeros:.0%} of the rows observed" in alt
    assert ("Ones: " in alt) == (family == "zero_one_inflated_beta")


def test_categories_are_counted():
    fit = small("cumulative")
    counts = np.bincount(fit.response.values.astype(int))
    alt = gb.pp_check(fit).alt
    for category, count in zip(fit.response.categories, counts, strict=True):
        assert f"{category}: {count} observed" in alt


@pytest.mark.parametrize("family", RESPONSES)
def test_measures_are_those_of_the_response(family):
    found = measures_of(small(family))
    is_share = isinstance(LINKS[FAMILIES[family].links[0]], ProbabilityLink)
    if FAMILIES[family].is_discrete and is_share:
        assert found == ("difference", "odds_ratio")
    elif family in ("gaussian", "student", "skew_normal", "von_mises"):
        assert found == ("difference",)
    else:
        assert found == ("difference", "ratio")


def test_an_ordinal_response_has_rows_for_each_category_and_its_thresholds():
    fit = small("cumulative")
    table, *_ = estimands_table(fit, "z", read_interval())
    rows = [row[0] for row in table.rows]
    assert rows[:2] == ["difference, low: b vs a", "difference, mild: b vs a"] and len(rows) == 8
    assert [row[0] for row in thresholds_table(fit, read_interval()).rows] == [
        "low|mild",
        "mild|strong",
        "strong|severe",
    ]
    (coefficients,) = coefficients_tables(fit, read_interval())
    assert coefficients.columns[1:] == (*2 * ("coefficient", "cumulative odds ratio"), "attenuation")
    assert "population's probabilities of categories" in coefficients.note


def test_further_parameters_have_a_table_of_their_own():
    fit = fit_of("gaussian", draws=8, sigma="~ z")
    both, further = coefficients_tables(fit, read_interval())
    assert [row[0] for row in both.rows] == ["Intercept", "x", "z[b]"]
    assert [row[0] for row in further.rows] == ["sigma_Intercept", "sigma_z[b]"]
    assert all(row[-1] == "factor" for row in further.rows)
    assert "sigma_: log of sigma" in further.caption
    frame = gb.coefficients(fit).side_by_side()
    draws = np.exp(fit.flat["sigma_beta"])
    np.testing.assert_allclose(frame["subject_ratio"].to_numpy()[3:].astype(float), np.median(draws, axis=0))


def test_the_reproduction_names_every_formula_and_number():
    fit = fit_of("hurdle_gamma", draws=8, hu="~ x", shape=2.0)
    text = reproduction(fit, read_interval())
    assert "gb.Formula('amount ~ x + z + (1 | g)', shape=2.0, hu='~ x')" in text
    assert "family='hurdle_gamma', link='log'" in text
    html = render(fit, None, read_interval())
    assert "hu(logit)   ~ x; shape = 2" in html or "shape = 2; hu(logit)   ~ x" in html
    assert "which is (1 - hu) mu." in html


def test_columns_of_further_formulas_are_listed_and_held():
    fit = fit_of("hurdle_gamma", right="x", draws=8, hu="~ z + (1 | g)")
    html = render(fit, None, read_interval())
    assert "hu_Intercept" in html and "z at a (most frequent)" in html
