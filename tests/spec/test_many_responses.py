"""Formulas of several responses: what they hold, and what is refused."""

import pytest

import glmm_bayes as gb


def test_each_response_has_a_formula_a_family_and_a_link():
    first = gb.Formula("y1 ~ x + (1 |i| g)", sigma="~ x")
    both = gb.Formulas(first, "y2 ~ z + (1 |i| g)", family=("gaussian", "bernoulli"), link=(None, "probit"))
    assert both.members == (first, gb.Formula("y2 ~ z + (1 |i| g)"))
    assert both.families == ("gaussian", "bernoulli") and both.links == (None, "probit")
    assert both.rescor is False


def test_one_family_and_one_link_are_those_of_all_responses():
    three = gb.Formulas("a ~ x", "b ~ x", "c ~ x", family="student", link="log", rescor=True)
    assert three.families == ("student",) * 3 and three.links == ("log",) * 3 and three.rescor


# members, further arguments, part of the message
REFUSED = [
    (("a ~ x",), {}, "two formulas or more, found 1."),
    (("a ~ x", "a ~ z"), {}, "the response 'a' stands in two formulas"),
    (("log(a) ~ x", "log( a ) ~ z"), {}, "the response 'log(a)' stands in two formulas"),
    (("a ~ x", "b ~ x"), {"family": ("gaussian",)}, "family has 1 entries for 2 responses."),
    (("a ~ x", "b ~ x"), {"link": ("log", None, None)}, "link has 3 entries for 2 responses."),
    (("a ~ x", "b ~ x"), {"family": ("gaussian", None)}, "family must be a text"),
    (("a ~ x", "b ~ x"), {"family": 3}, "family must be a text"),
    (("a ~ x", "b ~ x"), {"rescor": "yes"}, "rescor must be True or False, found 'yes'."),
    (("a ~ x", 3), {}, "a formula is a text, found int."),
    (("a ~ x", "b ~ x +"), {}, "expected a term"),
    (("a ~ x", "~ x"), {}, "the response is missing"),
]


@pytest.mark.parametrize(("members", "further", "sentence"), REFUSED)
def test_what_is_no_set_of_responses_is_refused(members, further, sentence):
    with pytest.raises(gb.FormulaError) as caught:
        gb.Formulas(*members, **further)
    assert sentence in str(caught.value)
