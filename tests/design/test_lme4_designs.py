"""Random-effect designs of 48 formulas equal lme4's: factors, levels, effects, columns, blocks.

``oracles/random_effects.json`` holds what ``lme4::lFormula`` made of them. Each of lme4's terms is one of
our blocks; our grouping factors hold all blocks of a factor together.
"""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.design import build_design
from glmm_bayes.design.table import read_table

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "random_effects.json").read_text("utf-8"))
DATA = pd.DataFrame(
    {
        name: pd.Categorical(values, ORACLE["levels"][name]) if name in ORACLE["levels"] else values
        for name, values in ORACLE["data"].items()
    }
)
MODELS = ORACLE["models"]


def design_of(formula):
    spec = gb.ModelSpec.from_formula(formula)
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(DATA, spec.names(), findings), findings, rank="keep")


def name_in_r(effect):
    """Write an effect as R does: Intercept is (Intercept), f[q]:k[yes] is fq:kyes."""
    return "(Intercept)" if effect == "Intercept" else re.sub(r"\[(\w+)\]", r"\1", effect)


def columns_of(group):
    """List the columns of a factor as lme4 writes it: f:(h:g) is made of f, h and g."""
    return re.findall(r"\w+", group)


def our_blocks(design):
    """List the blocks of all factors, each as what identifies it: columns of the factor, and effects."""
    for group in design.groups:
        for block in group.blocks:
            positions = list(block.positions)
            effects = tuple(name_in_r(group.effects[position]) for position in positions)
            yield (frozenset(group.term.columns), effects), group, positions


def their_terms(model):
    return {(frozenset(columns_of(term["group"])), tuple(term["effects"])): term for term in model["terms"]}


def our_levels(group):
    return [frozenset(zip(group.term.columns, level, strict=True)) for level in group.levels]


def their_levels(term):
    columns = columns_of(term["group"])
    return [frozenset(zip(columns, level.split(":"), strict=True)) for level in term["levels"]]


every_formula = pytest.mark.parametrize("model", MODELS, ids=lambda model: model["formula"])


@every_formula
def test_blocks_are_lme4s_terms(model):
    theirs = Counter((frozenset(columns_of(t["group"])), tuple(t["effects"])) for t in model["terms"])
    assert Counter(key for key, _, _ in our_blocks(design_of(model["formula"]))) == theirs


@every_formula
def test_each_factor_holds_all_its_blocks(model):
    groups = design_of(model["formula"]).groups
    theirs = {frozenset(columns_of(term["group"])) for term in model["terms"]}
    assert {frozenset(group.term.columns) for group in groups} == theirs
    assert len(groups) == len(theirs)
    for group in groups:
        positions = [position for block in group.blocks for position in block.positions]
        assert positions == list(range(len(group.effects))) == list(range(group.z.shape[1]))


@every_formula
def test_levels_of_the_rows_are_lme4s(model):
    terms = their_terms(model)
    for key, group, _ in our_blocks(design_of(model["formula"])):
        ours, theirs = our_levels(group), their_levels(terms[key])
        assert set(ours) == set(theirs) and len(ours) == len(set(ours)) == len(theirs)
        assert [ours[code] for code in group.codes] == [theirs[code] for code in terms[key]["code"]]


@every_formula
def test_levels_stand_in_lme4s_order_where_the_factor_is_written_alike(model):
    terms = their_terms(model)
    # (1 | g/h) is h:g to lme4, and g:h to us.
    alike = [
        (group, terms[key])
        for key, group, _ in our_blocks(design_of(model["formula"]))
        if group.factor == terms[key]["group"]
    ]
    assert alike
    for group, term in alike:
        assert list(group.labels) == term["levels"]
        assert group.codes.tolist() == term["code"]


@every_formula
def test_columns_of_the_effects_are_lme4s(model):
    terms = their_terms(model)
    for key, group, positions in our_blocks(design_of(model["formula"])):
        np.testing.assert_allclose(group.z[:, positions], terms[key]["values"], rtol=1e-12, atol=0)
        np.testing.assert_array_equal(group.weights, 1.0)


def test_a_factor_under_two_bars_keeps_its_own_effects_correlated():
    (group,) = design_of("y ~ 1 + (f || g)").groups
    blocks = [[name_in_r(group.effects[position]) for position in block.positions] for block in group.blocks]
    assert blocks == [["(Intercept)"], ["fp", "fq", "fr"]]


def test_there_are_many_formulas():
    assert len({model["formula"] for model in MODELS}) == len(MODELS) == 48
