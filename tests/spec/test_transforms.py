"""A user's own functions: registered in Python, called by name, never made from text."""

import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.registered_calls import registered_in
from glmm_bayes.spec.transforms import TRANSFORMS, register_transform


@pytest.fixture(autouse=True)
def _own_registry():
    before = dict(TRANSFORMS)
    TRANSFORMS.clear()
    yield
    TRANSFORMS.clear()
    TRANSFORMS.update(before)


def halved(x):
    return x / 2


def test_a_registered_function_is_called_by_its_name():
    with pytest.raises(FormulaError, match="not a formula function"):
        gb.ModelSpec.from_formula("y ~ halved(x)")
    gb.register_transform("halved", halved)
    spec = gb.ModelSpec.from_formula("y ~ log(halved(x)) + halved(I(x + z)):f + (0 + halved(x) | g)")
    assert gb.ModelSpec.from_formula(spec.to_formula()) == spec
    assert dict(TRANSFORMS) == {"halved": halved}


def test_reading_a_formula_does_not_call_the_function():
    called = []
    register_transform("noted", lambda x: called.append(x))
    gb.ModelSpec.from_formula("y ~ noted(x)").to_formula()
    assert called == []


def test_a_model_names_the_registered_functions_that_it_calls():
    for name in ("f1", "f2", "f3", "f4", "f5", "f6", "f7"):
        register_transform(name, halved)
    formula = gb.Formula(
        "f1(y) ~ log(f2(x)) + offset(I(-f3(e) + 1)) + (f4(z) | mm(a, b, weights = cbind(f5(v), w)))",
        sigma="~ C(f) + poly(f6(x), 2)",
    )
    spec = gb.ModelSpec.from_formula(formula)
    assert registered_in(spec) == ("f1", "f2", "f3", "f4", "f5", "f6")
    assert registered_in(gb.ModelSpec.from_formula("y | trials(f7(n)) ~ 1")) == ("f7",)
    assert registered_in(gb.ModelSpec.from_formula("y ~ bs(log(x), 4)")) == ()


@pytest.mark.parametrize(
    ("name", "function", "sentence"),
    [
        ("log", halved, "a word of formulas already"),
        ("factor", halved, "a word of formulas already"),
        ("gr", halved, "a word of formulas already"),
        ("weights", halved, "a word of formulas already"),
        ("c", halved, "a word of formulas already"),
        ("TRUE", halved, "a word of formulas already"),
        ("function", halved, "a word of formulas already"),
        ("a b", halved, "letters, digits and underscores"),
        ("np.log", halved, "letters, digits and underscores"),
        ("1st", halved, "letters, digits and underscores"),
        ("", halved, "letters, digits and underscores"),
        ("x\n", halved, "letters, digits and underscores"),
        (3, halved, "letters, digits and underscores"),
        ("lag", "lambda x: x", "must be a function, found str"),
        ("lag", None, "must be a function, found NoneType"),
    ],
)
def test_what_cannot_be_registered_is_refused(name, function, sentence):
    with pytest.raises(FormulaError, match=sentence) as caught:
        register_transform(name, function)
    assert caught.value.code == "formula_function"
    assert "gb.register_transform" in caught.value.hint
    assert not TRANSFORMS


def test_a_name_keeps_its_function():
    register_transform("twice", lambda x: 2 * x)
    with pytest.raises(FormulaError, match="another function is registered as 'twice'"):
        register_transform("twice", lambda x: 3 * x)
    with pytest.raises(FormulaError, match="another function"):
        register_transform("twice", abs)


def test_the_same_text_run_again_is_the_same_function():
    for _ in range(2):
        register_transform("twice", lambda x: 2 * x)
        register_transform("halved", halved)
        register_transform("size", abs)
    # Equal code, but another value inside.
    with pytest.raises(FormulaError, match="another function"):
        for factor in (2, 3):
            register_transform("times", lambda x, by=factor: by * x)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("halved()", "takes 1 to 20 arguments, found 0"),
        ("halved(" + ", ".join(["x"] * 21) + ")", "takes 1 to 20 arguments, found 21"),
        ("halved(x, by = 2)", "no option 'by'"),
        ("halved('x')", "found the text"),
        ("halved(C(x))", "makes levels"),
        ("halve(x)", "Did you mean 'halved'"),
    ],
)
def test_a_wrong_call_of_a_registered_function_is_refused(call, sentence):
    register_transform("halved", halved)
    with pytest.raises(FormulaError) as caught:
        gb.ModelSpec.from_formula(f"y ~ {call}")
    assert sentence in str(caught.value)
    assert caught.value.code in ("formula_function", "formula_syntax")
