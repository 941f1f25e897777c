"""A family's file names no other family but its bases and what it mixes."""

import ast
import inspect
import sys

import pytest

from glmm_bayes.families import FAMILIES

#: What a mixture is of, beside its bases.
MIXED = {
    "beta_binomial": {"beta"},
    "zero_inflated_poisson": {"poisson"},
    "zero_inflated_negative_binomial": {"negative_binomial"},
    "hurdle_poisson": {"poisson"},
    "hurdle_negative_binomial": {"negative_binomial"},
    "hurdle_gamma": {"gamma"},
    "hurdle_lognormal": {"lognormal"},
    "zero_inflated_beta": {"beta"},
    "zero_one_inflated_beta": {"beta"},
    "ordered_beta": {"beta"},
}


def _registered(value):
    """Return the registered families that an imported value is, or is made of."""
    classes = {type(family): name for name, family in ((name, FAMILIES[name]) for name in FAMILIES)}
    held = [value, *vars(value).values()] if hasattr(value, "__dict__") else [value]
    kinds = (each if isinstance(each, type) else type(each) for each in held)
    return {classes[kind] for kind in kinds if kind in classes}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_names_its_bases_and_what_it_mixes_alone(name):
    family = type(FAMILIES[name])
    module = sys.modules[family.__module__]
    named = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("glmm_bayes.families."):
            named |= set().union(*(_registered(getattr(module, alias.name)) for alias in node.names))
    bases = {each for each in FAMILIES if type(FAMILIES[each]) in family.__mro__}
    assert named <= bases | MIXED.get(name, set())
