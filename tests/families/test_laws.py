"""Every registered family keeps the laws that ``gb.check_family`` states."""

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph import row_functions
from glmm_bayes.laws import gradients
from glmm_bayes.laws.case import cases_of
from glmm_bayes.laws.points import points_of
from tests.plain_mode import PLAIN


@pytest.fixture
def digits(monkeypatch):
    """Compile graphs as they stand, and hold listed families to more digits than those of users."""
    monkeypatch.setattr(row_functions, "MODE", PLAIN)
    monkeypatch.setattr(gradients, "SAME", 1e-12)
    monkeypatch.setattr(gradients, "SLOPE", 2e-6)


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("family", tuple(FAMILIES))
def test_a_listed_family_keeps_every_law(family):
    table = gb.check_family(family)
    assert set(table["result"]) == {"passed"}, table.to_string()


@pytest.mark.parametrize("family", tuple(FAMILIES))
def test_laws_are_looked_at_under_every_link(family):
    family = FAMILIES[family]
    cases = cases_of(family, points_of(family, None, None), draws=1, seed=1)
    looked_at = {link for case in cases for link in case.links if len(case.under(link)[0]) >= 4}
    assert looked_at == set(family.links)


OF_CATEGORIES = [
    name for name in FAMILIES if FAMILIES[name].has_thresholds or FAMILIES[name].has_category_predictors
]


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("family", OF_CATEGORIES)
def test_far_out_graphs_of_categories_have_the_density_of_arrays(family):
    family = FAMILIES[family]
    graphs = gradients.Graphs(cases_of(family, points_of(family, None, None), draws=1, seed=1))
    for case, link in graphs._looked_at():
        rows, _ = graphs._far(case, link)
        density = graphs.slopes(rows, rows.numbers)[0]
        np.testing.assert_allclose(density, rows.density(rows.numbers), rtol=1e-10, atol=1e-14)
