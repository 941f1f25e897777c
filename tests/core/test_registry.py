"""A registry answers a right name with its entry and a wrong one with a suggestion and the choices."""

from __future__ import annotations

import pytest

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import Registry, suggestion

FRUIT = Registry("fruit", {"apple": 1, "pear": 2, "plum": 3}, FormulaError)


def test_a_right_name_gives_its_entry():
    assert [FRUIT[name] for name in FRUIT] == [1, 2, 3]


def test_choices_keep_their_order_and_number():
    assert list(FRUIT) == ["apple", "pear", "plum"]
    assert len(FRUIT) == 3
    assert "pear" in FRUIT
    assert "fig" not in FRUIT


def test_a_slip_is_answered_with_the_nearest_choice():
    with pytest.raises(FormulaError) as caught:
        FRUIT["Aple"]
    assert caught.value.code == "unknown_fruit"
    assert str(caught.value) == (
        "[unknown_fruit] no fruit 'Aple'. Did you mean 'apple'? Choices: apple, pear, plum."
    )


def test_a_strange_name_is_answered_with_the_choices_alone():
    with pytest.raises(FormulaError) as caught:
        FRUIT["zzz"]
    assert caught.value.hint == "Choices: apple, pear, plum."


@pytest.mark.parametrize("name", [None, 3, ["apple"]])
def test_what_is_no_name_is_refused_like_a_wrong_name(name):
    with pytest.raises(FormulaError, match="unknown_fruit"):
        FRUIT[name]


def test_changing_the_dictionary_later_does_not_change_the_registry():
    entries = {"apple": 1}
    registry = Registry("fruit", entries, FormulaError)
    entries["pear"] = 2
    assert list(registry) == ["apple"]


def test_case_is_ignored_in_a_suggestion():
    assert suggestion("LOGIT", ["logit", "probit"]) == "Did you mean 'logit'?"
    assert suggestion("zzz", ["logit", "probit"]) == ""
