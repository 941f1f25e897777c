"""Every registered family keeps the laws that ``gb.check_family`` states."""

import pytest

import glmm_bayes as gb
from glmm_bayes.families import FAMILIES
from glmm_bayes.graph import row_functions
from tests.plain_mode import PLAIN


@pytest.fixture(autouse=True)
def graphs_are_compiled_as_they_stand(monkeypatch):
    monkeypatch.setattr(row_functions, "MODE", PLAIN)


@pytest.mark.parametrize("family", tuple(FAMILIES))
def test_a_listed_family_keeps_every_law(family):
    table = gb.check_family(family)
    assert set(table["result"]) == {"passed"}, table.to_string()
