"""A report is made of every covariance structure, and says at which level a variance is meant."""

import pytest

import glmm_bayes as gb
from tests.storage.test_saved_structures import FORMULAS, fit_of


@pytest.mark.slow
@pytest.mark.parametrize("formula", FORMULAS)
def test_every_structure_has_a_report(formula, tmp_path):
    fit = fit_of(formula)
    gb.report(fit, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    for group in fit.design.groups:
        assert group.slug in text
    assert "population-averaged" in text and "nan" not in text.lower().split()
    if "icar" in formula or "cov =" in formula:
        assert "g at a (most frequent)" in text
