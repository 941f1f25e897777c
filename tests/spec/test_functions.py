"""Calls of listed functions: each has one canonical form, and what does not fit is refused."""

import pytest

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.expressions import Call, Flag, Name, Number, Text
from glmm_bayes.spec.functions import ADDITIONS, FUNCTIONS
from glmm_bayes.spec.model_spec import ModelSpec

# term, canonical text (None: it is canonical already)
TERMS = [
    *((f"{name}(x)", None) for name in ("log", "log1p", "log2", "log10", "exp", "expm1", "sqrt", "abs")),
    *((f"{name}(x)", None) for name in ("sin", "cos", "asin", "I", "center", "scale", "standardize")),
    ("asin(sqrt(x))", None),
    ("pmin(x, 10)", None),
    ("pmax(x, 0, z)", None),
    ("I(pmin(x, z) / 2)", None),
    ("I(scale(x) * center(z)^2)", None),
    ("scale(log(x))", None),
    ("I(sin(2 * x) + cos(2 * x))", None),
    # polynomials
    ("poly(x)", "poly(x, 1)"),
    ("poly(x, 2)", None),
    ("poly(x, degree = 2)", "poly(x, 2)"),
    ("poly(x, 2, raw = FALSE)", "poly(x, 2)"),
    ("poly(x, raw=TRUE, degree=3)", "poly(x, 3, raw = TRUE)"),
    ("poly(log(x), 2)", None),
    ("poly(x, 2):f", None),
    # splines
    ("bs(x)", None),
    ("bs(x, 5)", "bs(x, df = 5)"),
    ("bs(x, df = 5, degree = 3)", "bs(x, df = 5)"),
    ("bs(x, degree=2, df=5)", "bs(x, df = 5, degree = 2)"),
    ("bs(x, knots = c(-1, 0, 2.5))", None),
    ("bs(x, knots = 1)", "bs(x, knots = c(1))"),
    ("bs(x, upper = 10, lower = -10, df = 4)", "bs(x, df = 4, lower = -10, upper = 10)"),
    ("ns(x, 4)", "ns(x, df = 4)"),
    ("ns(x, knots = c(1, 2), lower = 0, upper = +3)", "ns(x, knots = c(1, 2), lower = 0, upper = 3)"),
    ("cr(x, 5)", "cr(x, df = 5)"),
    ("cr(log(x), df = 5)", None),
    ("bs(x, df = 4):f:z", None),
    # levels
    ("factor(x)", "C(x)"),
    ("C(x, treatment)", "C(x)"),
    ("C(x, 'sum')", 'C(x, contrast = "sum")'),
    ("C(x, contr.sum)", 'C(x, contrast = "sum")'),
    ("C(x, 'contr.helmert')", 'C(x, contrast = "helmert")'),
    ("C(x, contrast = poly)", 'C(x, contrast = "poly")'),
    ("factor(x, ref='a', contrast='sum')", 'C(x, contrast = "sum", ref = "a")'),
    ('C(x, "sum", ref = "a"):z', 'C(x, contrast = "sum", ref = "a"):z'),
    ("ordered(x, 'low', 'mid', 'high')", 'ordered(x, "low", "mid", "high")'),
    # dates
    ("days_since(d, '2020-02-29')", 'days_since(d, "2020-02-29")'),
    ('log1p(days_since(`the day`, "1999-12-31"))', None),
]


@pytest.mark.parametrize(("term", "canonical"), TERMS)
def test_a_call_has_one_canonical_form_that_reads_back(term, canonical):
    spec = ModelSpec.from_formula(f"y ~ {term}")
    assert str(spec.mean.fixed[1]) == (canonical or term)
    assert ModelSpec.from_formula(spec.to_formula()) == spec


@pytest.mark.parametrize("term", [term for term, _ in TERMS])
def test_any_term_may_interact_and_vary(term):
    spec = ModelSpec.from_formula(f"y ~ w * {term} + (0 + {term} | g) + (0 + z9:{term} | h)")
    assert ModelSpec.from_formula(spec.to_formula()) == spec


def test_each_listed_function_has_an_example_that_reads():
    for function in FUNCTIONS.values():
        term = function.example
        formula = f"{term} ~ x9" if function.role == "response" else f"y9 ~ {term}"
        ModelSpec.from_formula(formula)
    for addition in ADDITIONS.values():
        ModelSpec.from_formula(f"{addition.example} ~ x")


def factor(term):
    (_, only) = ModelSpec.from_formula(f"y ~ {term}").mean.fixed
    return only.factors[0]


def test_arguments_and_options_are_stored_as_data():
    x = Name("x")
    assert factor("poly(x, raw = TRUE)") == Call("poly", (x, Number(1.0)), (("raw", Flag(True)),))
    assert factor("bs(x, 5)") == Call("bs", (x,), (("df", Number(5.0)),))
    knots = Call("c", (Number(-1.0), Number(2.0)))
    assert factor("ns(x, knots = c(-1, 2))") == Call("ns", (x,), (("knots", knots),))
    contrast = (("contrast", Text("sum")), ("ref", Text("a")))
    assert factor("C(x, 'sum', ref = 'a')") == Call("C", (x,), contrast)
    assert factor("ordered(x, 'b', 'a')") == Call("ordered", (x, Text("b"), Text("a")))
    assert factor("days_since(x, '2020-01-01')") == Call("days_since", (x, Text("2020-01-01")))


def test_flags_levels_and_dates_read_no_column():
    formula = 'y ~ poly(x, 2, raw = TRUE) + C(z, contr.sum, ref = "b") + days_since(d, "2020-01-01")'
    assert ModelSpec.from_formula(formula).names() == ("y", "x", "z", "d")


def test_spellings_of_one_call_are_one_term():
    spec = ModelSpec.from_formula("y ~ poly(x, 2) + poly(x, degree = 2) + C(f) + factor(f, 'treatment')")
    assert spec.to_formula() == "y ~ poly(x, 2) + C(f)"


# call, a part of the message, a part of the remedy
REFUSED = [
    ("poly()", "takes 1 to 2 arguments, found 0", "poly(x, 2)"),
    ("poly(x, 2, TRUE)", "takes 1 to 2 arguments, found 3", "poly(x, 2)"),
    ("poly(x, 0)", "a whole number from 1 to 50, found 0", "poly(x, 2)"),
    ("poly(x, 1.5)", "a whole number from 1 to 50, found 1.5", "poly(x, 2)"),
    ("poly(x, 51)", "a whole number from 1 to 50, found 51", "poly(x, 2)"),
    ("poly(x, -1)", "a whole number from 1 to 50, found -1", "poly(x, 2)"),
    ("poly(x, z)", "a whole number from 1 to 50, found z", "poly(x, 2)"),
    ("poly(x, 2, degree = 2)", "'degree' of poly() is given twice", "poly(x, 2)"),
    ("poly(x, 2, raw = 1)", "TRUE or FALSE, found 1", "poly(x, 2)"),
    ("poly(x, 2, row = TRUE)", "Did you mean 'raw'? It has degree, raw.", "poly(x, 2)"),
    ("poly(C(x), 2)", "makes levels", ""),
    ("poly(poly(x, 2), 2)", "makes several columns", "y ~ poly(x, 2)"),
    ("log(bs(x))", "makes several columns", "y ~ poly(x, 2)"),
    ("I(2 * ns(x, 3))", "makes several columns", "bs(x, df = 4):f"),
    ("offset(poly(x, 2))", "makes several columns", ""),
    ("bs(x, 2)", "of degree 3 has at least 3 degrees of freedom", "bs(x, df = 5)"),
    ("bs(x, 4, degree = 5)", "of degree 5 has at least 5", "bs(x, df = 5)"),
    ("bs(x, 5, knots = c(1, 2))", "either df or knots", "bs(x, df = 5)"),
    ("bs(x, knots = c(2, 1))", "increasing numbers", "bs(x, df = 5)"),
    ("bs(x, knots = c(1, 1))", "increasing numbers", "bs(x, df = 5)"),
    ("bs(x, knots = c(a))", "increasing numbers", "bs(x, df = 5)"),
    ("bs(x, knots = c())", "increasing numbers", "bs(x, df = 5)"),
    ("bs(x, knots = c(1, 1e999))", "increasing numbers", "bs(x, df = 5)"),
    ("bs(x, lower = 2, upper = 1)", "lower must be below upper", "bs(x, df = 5)"),
    ("bs(x, knots = 5, upper = 5)", "between lower and upper", "bs(x, df = 5)"),
    ("bs(x, lower = z)", "a number, found z", "bs(x, df = 5)"),
    ("bs(x, intercept = TRUE)", "It has df, degree, knots, lower, upper.", "bs(x, df = 5)"),
    ("ns(x, df = 3, degree = 2)", "no option 'degree'", "ns(x, df = 4)"),
    ("cr(x)", "needs its degrees of freedom", "cr(x, df = 5)"),
    ("c(1, 2)", "the value of an option only", "knots = c(1, 2)"),
    ("C(x, 'summ')", "Did you mean 'sum'?", "C(x"),
    ("C(x, Sum)", "Did you mean 'sum'?", "C(x"),
    ("C(x, Treatment('a'))", "one of treatment, sum, helmert, poly", "C(x"),
    ("C(x, 'sum', 'a')", "takes 1 to 2 arguments, found 3", "C(x"),
    ("C(x, ref = 2)", "a text in quotes, found 2", "C(x"),
    ("ordered(x)", "a column and at least 2 levels", "ordered(x"),
    ("ordered(x, 'low')", "a column and at least 2 levels", "ordered(x"),
    ("ordered(x, 'low', 'low')", 'the level "low" is listed twice', "ordered(x"),
    ("ordered(x, 1, 2)", "must be a text in quotes", "ordered(x"),
    ("ordered(log(x), 'a', 'b')", "takes a column, found 'log(x)'", "ordered(x"),
    ("log(ordered(x, 'a', 'b'))", "makes levels", ""),
    ("days_since(x)", "takes 2 arguments, found 1", "days_since(x"),
    ("days_since(x, 2020)", "is no date", "days_since(x"),
    ("days_since(x, '2020-13-01')", "is no date", "days_since(x"),
    ("days_since(x, '2021-02-29')", "is no date", "days_since(x"),
    ("days_since(x, '1.1.2020')", "is no date", "days_since(x"),
    ("days_since(x, '2020-W01-1')", "is no date", "days_since(x"),
    ("days_since(x, '٢٠٢٠-٠١-٠١')", "is no date", "days_since(x"),
    ("days_since(log(x), '2020-01-01')", "takes a column", "days_since(x"),
    ("pmin(x)", "takes 2 to 20 arguments, found 1", "pmin(x, 10)"),
    ("pmax(x, 'a')", "found the text", "levels"),
    ("sin(x, z)", "takes 1 argument, found 2", "sin(x)"),
    ("scale(x, center = FALSE)", "no option 'center'", "scale(x)"),
]


@pytest.mark.parametrize(("call", "sentence", "remedy"), REFUSED)
def test_a_call_that_does_not_fit_is_refused_with_an_example(call, sentence, remedy):
    with pytest.raises(FormulaError) as caught:
        ModelSpec.from_formula(f"y ~ {call}")
    message, _, carets = caught.value.findings[0].message.split("\n")
    assert caught.value.code in ("formula_function", "formula_syntax")
    assert sentence in message
    assert remedy in caught.value.hint
    assert set(carets.strip()) == {"^"}


@pytest.mark.parametrize("response", ["poly(y, 2)", "days_since(y, '2020-1-1')"])
def test_what_is_no_response_is_refused(response):
    with pytest.raises(FormulaError):
        ModelSpec.from_formula(f"{response} ~ x")


@pytest.mark.parametrize(
    "response",
    [
        "log(y)",
        "I(y == 1)",
        'I(y == "a")',
        "cbind(s, n - s)",
        "sqrt(y)",
        "y / 10",
        "scale(y)",
        "log(`the y`)",
    ],
)
def test_a_transformed_response_reads_and_reads_back(response):
    spec = ModelSpec.from_formula(f"{response} ~ x")
    assert str(spec.response) == response
    assert ModelSpec.from_formula(spec.to_formula()) == spec
