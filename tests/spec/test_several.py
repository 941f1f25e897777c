"""Formulas of further parameters beside that of the mean."""

import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.expressions import Name
from glmm_bayes.spec.linear_predictor import INTERCEPT, Block, GroupTerm, LinearPredictor, Term

SEVERAL = [
    (gb.Formula("y ~ x"), {}),
    (gb.Formula("y ~ x", sigma="~ z"), {"sigma": "~ z"}),
    (gb.Formula("y ~ x", sigma="~z+0", zi=" ~ 1 "), {"sigma": "~ 0 + z", "zi": "~ 1"}),
    (gb.Formula("y ~ x", zi="~ a*b", sigma="~ 1"), {"sigma": "~ 1", "zi": "~ a + b + a:b"}),
    (gb.Formula("y ~ x", nu=4, shape=0.5), {"nu": 4.0, "shape": 0.5}),
    (gb.Formula("y ~ x + (1 |i| g)", sigma="~ (1 |i| g)"), {"sigma": "~ (1 |i| g)"}),
    (
        gb.Formula("y ~ x", hu="~ offset(log(e)) + poly(z, 2) + (x || gr(g, by = f))"),
        {"hu": "~ poly(z, 2) + offset(log(e)) + (1 | gr(g, by = f)) + (0 + x | gr(g, by = f))"},
    ),
]


@pytest.mark.parametrize(("formula", "further"), SEVERAL)
def test_further_formulas_have_one_canonical_text_that_reads_back(formula, further):
    spec = gb.ModelSpec.from_formula(formula)
    assert spec.further_formulas() == further
    assert list(spec.further_formulas()) == list(further)
    again = gb.Formula(spec.to_formula(), **spec.further_formulas())
    assert gb.ModelSpec.from_formula(again) == spec


def test_a_predictor_holds_terms_groups_and_offsets_and_a_number_stays_one():
    spec = gb.ModelSpec.from_formula(gb.Formula("y ~ x", sigma="~ z + offset(w) + (1 |i| g)", nu=4))
    group = GroupTerm(("g",), (Block((INTERCEPT,), label="i"),))
    expected = LinearPredictor((INTERCEPT, Term((Name("z"),))), (group,), (Name("w"),))
    assert dict(spec.predictors) == {
        "mu": LinearPredictor((INTERCEPT, Term((Name("x"),)))),
        "sigma": expected,
        "nu": 4.0,
    }
    assert spec.to_formula() == "y ~ x"


def test_a_model_of_one_formula_has_nothing_further():
    spec = gb.ModelSpec.from_formula("y ~ x")
    assert list(spec.predictors) == ["mu"]
    assert spec == gb.ModelSpec.from_formula(gb.Formula("y ~ x"))
    assert spec != gb.ModelSpec.from_formula(gb.Formula("y ~ x", sigma="~ 1"))


def test_columns_of_all_predictors_are_read():
    formula = gb.Formula("y ~ x + (1 | g)", sigma="~ z + x + (w | mm(a, b, weights = cbind(u, v)))", nu=4)
    assert gb.ModelSpec.from_formula(formula).names() == ("y", "x", "g", "z", "a", "b", "u", "v", "w")


def test_a_formula_is_a_value():
    one, two = gb.Formula("y ~ x", nu=4, sigma="~ z"), gb.Formula("y ~ x", sigma="~ z", nu=4.0)
    assert one == two
    assert one != gb.Formula("y ~ x", sigma="~ z")
    with pytest.raises(AttributeError):
        one.text = "y ~ z"
    with pytest.raises(TypeError):
        one.further["zi"] = "~ 1"


# main formula, further formulas, a part of the message, a part of the remedy
REFUSED = [
    ("y ~ x", {"sgma": "~ z"}, "no parameter 'sgma'", "Did you mean 'sigma'?"),
    ("y ~ x", {"beta": "~ z"}, "no parameter 'beta'", "zi, hu, disc, zoi, coi, kappa, alpha"),
    ("y ~ x", {"sigma": True}, "a finite number, found True", 'sigma="~ z"'),
    ("y ~ x", {"sigma": None}, "a finite number, found None", 'sigma="~ z"'),
    ("y ~ x", {"sigma": float("inf")}, "a finite number, found inf", 'sigma="~ z"'),
    ("y ~ x", {"sigma": ["~ z"]}, "a finite number, found ['~ z']", 'sigma="~ z"'),
    (7, {"sigma": "~ z"}, "a formula is a text, found int", 'sigma="~ z"'),
    ("y ~ x", {"sigma": "sigma ~ z"}, "sigma: formula:1:1: the formula of sigma has no left", 'sigma="~ z"'),
    ("y ~ x", {"sigma": "z"}, "sigma: formula:1:2: expected an operator or '~'", "Example"),
    ("y ~ x", {"zi": "~ logg(z)"}, "zi: formula:1:3: 'logg' is not a formula function", "'log'?"),
    ("y ~ x", {"zi": "~ z + y"}, "zi: formula:1:7: 'y' reads the response", "Remove it"),
    ("y ~ x", {"sigma": "~ (1 | g) + (1 | g)"}, "sigma: formula:1:13: the intercept varies", "one term"),
    ("~ x", {"sigma": "~ z"}, "the response is missing", "Example"),
]


@pytest.mark.parametrize(("main", "further", "sentence", "remedy"), REFUSED)
def test_a_wrong_further_formula_is_refused_with_its_name(main, further, sentence, remedy):
    with pytest.raises(FormulaError) as caught:
        gb.ModelSpec.from_formula(gb.Formula(main, **further))
    assert sentence in caught.value.findings[0].message
    assert remedy in caught.value.hint


def test_a_message_of_a_further_formula_keeps_its_carets():
    with pytest.raises(FormulaError) as caught:
        gb.ModelSpec.from_formula(gb.Formula("y ~ x", sigma="~ a + z^2"))
    assert str(caught.value) == (
        "[formula_misread] sigma: formula:1:7: a power outside I() is no arithmetic: "
        "other packages read the term itself.\n"
        "    ~ a + z^2\n"
        "          ^^^\n"
        "Write I(z^2). Or poly(z, 2), which holds the lower powers too."
    )


@pytest.mark.parametrize("value", ["~ z", "mu ~ z", 3, 0.5])
@pytest.mark.parametrize("name", ["mu", "mu_b", "mu_2"])
def test_the_mean_and_its_categories_have_the_first_formula_alone(tmp_path, name, value):
    written = f'"{value}"' if isinstance(value, str) else value
    path = tmp_path / "m.toml"
    path.write_text(f'[model]\nformula = "y ~ x"\n[further]\n{name} = {written}\n', encoding="utf-8")
    ways = (
        lambda: gb.Formula("y ~ x", **{name: value}),
        lambda: gb.Formulas("y ~ x", gb.Formula("w ~ x", **{name: value})),
        lambda: gb.ModelSpec.from_file(path),
    )
    for way in ways:
        with pytest.raises(FormulaError) as caught:
            way()
        assert f"'{name}'" in caught.value.findings[0].message
        assert caught.value.hint.startswith("The mean's formula is the one with the response")


@pytest.mark.parametrize("name", ["zoi", "coi", "kappa", "alpha"])
def test_parameters_of_further_families_may_have_formulas(name):
    spec = gb.ModelSpec.from_formula(gb.Formula("y ~ x", **{name: "~ z"}))
    assert spec.further_formulas() == {name: "~ z"}
