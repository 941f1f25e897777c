"""Formulas of several parameters: each has its own design on the same rows, labels join their effects."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.design import build_design
from glmm_bayes.design.several import build_designs, labelled
from glmm_bayes.design.table import read_table
from glmm_bayes.spec.model_spec import ModelSpec

RNG = np.random.default_rng(1)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=40),
        "x": RNG.normal(size=40),
        "z": [np.nan, *RNG.normal(size=39)],
        "g": np.resize(list("abcdef"), 40),
        "h": np.resize(list("uvwrs"), 40),
    }
)
BOTH = gb.Formula("y ~ x + (1 + x |i| g)", sigma="~ z + (1 |i| g)", nu=4)


def designs_of(formula, missing="drop"):
    spec = ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    table = read_table(DATA, spec.names(), findings, missing=missing)
    return spec, build_designs(spec.linear_predictors, table, findings)


def test_each_predictor_has_the_design_that_it_has_alone():
    _, designs = designs_of(BOTH)
    assert list(designs) == ["mu", "sigma"]
    rows = DATA.dropna()
    for name, alone in (("mu", "y ~ x + (1 + x | g)"), ("sigma", "y ~ z + (1 | g)")):
        spec = ModelSpec.from_formula(alone)
        findings = Findings(DataError)
        expected = build_design(spec.mean, read_table(rows, spec.names(), findings), findings)
        assert designs[name].coefficients == expected.coefficients
        np.testing.assert_array_equal(designs[name].x, expected.x)
        np.testing.assert_array_equal(designs[name].groups[0].z, expected.groups[0].z)
        np.testing.assert_array_equal(designs[name].groups[0].codes, expected.groups[0].codes)


def test_a_row_that_misses_a_value_of_one_predictor_is_missing_from_all():
    _, designs = designs_of(BOTH)
    assert {len(design) for design in designs.values()} == {39}
    with pytest.raises(DataError, match="column 'z': 1 of 40 values missing"):
        designs_of(BOTH, missing="error")


def test_a_label_joins_the_effects_of_one_factor_over_predictors():
    spec, _ = designs_of(BOTH)
    findings = Findings(DataError)
    places = labelled(spec.linear_predictors, findings)
    assert [(name, str(group)) for name, group in places["i"]] == [
        ("mu", "(1 + x |i| g)"),
        ("sigma", "(1 |i| g)"),
    ]
    with pytest.raises(DataError) as caught:
        designs_of(gb.Formula("y ~ x + (1 |i| g)", sigma="~ z + (1 |i| h)"))
    assert str(caught.value) == (
        "[label] the label 'i' stands at different grouping factors: g, h. "
        "Write (1 |i| g) in each, or another label."
    )


@pytest.mark.parametrize("formula", [BOTH, gb.Formula("y ~ x", nu=4)])
def test_a_parameter_that_the_family_does_not_have_is_refused_in_words(formula):
    with pytest.raises(gb.FormulaError, match="gaussian has no parameter 'nu'") as caught:
        gb.Model(formula, DATA.dropna())
    assert caught.value.code == "parameter"
    assert caught.value.hint == "Its parameters beside the mean: sigma."


@pytest.mark.parametrize(("value", "found"), [(0, "0"), (-1.5, "-1.5")])
def test_a_number_outside_a_parameters_range_is_refused(value, found):
    with pytest.raises(gb.FormulaError, match=f"sigma must be above 0, found {found}"):
        gb.Model(gb.Formula("y ~ x", sigma=value), DATA.dropna())


def test_a_label_within_one_predictor_correlates_its_effects():
    model = gb.Model("y ~ x + (1 |i| g) + (0 + x |i| g)", DATA)
    plain = gb.Model("y ~ x + (1 + x | g)", DATA)
    assert model.design.groups[0].effects == plain.design.groups[0].effects == ("Intercept", "x")
    assert [block.positions for block in model.design.groups[0].blocks] == [(0, 1)]
