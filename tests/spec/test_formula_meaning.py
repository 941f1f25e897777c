"""What each spelling of a formula means, as its canonical text."""

import pickle
import subprocess
import sys

import pytest

from glmm_bayes.spec.expressions import Binary, Call, Name, Number, Text
from glmm_bayes.spec.linear_predictor import INTERCEPT, Block, Term
from glmm_bayes.spec.model_spec import ModelSpec

# formula, canonical text (None: it is canonical already)
MEANINGS = [
    # intercept
    ("y ~ 1", None),
    ("y ~ x", None),
    ("y ~ 1 + x", "y ~ x"),
    ("y ~ x + 1", "y ~ x"),
    ("y ~ + x", "y ~ x"),
    ("y ~ 0 + x", None),
    ("y ~ x + 0", "y ~ 0 + x"),
    ("y ~ x - 1", "y ~ 0 + x"),
    ("y ~ -1 + x", "y ~ 0 + x"),
    ("y ~ x - 0", "y ~ x"),
    ("y ~ 0 + x + 1", "y ~ x"),
    ("y ~ 0", None),
    ("y ~ (x - 1) + z", "y ~ 0 + x + z"),
    ("y ~ 0 + z + x - (x - 1)", "y ~ z"),
    # sums
    ("y~a+b", "y ~ a + b"),
    ("y ~ a + a", "y ~ a"),
    ("y ~ a + b + a", "y ~ a + b"),
    ("y ~ (a + b)", "y ~ a + b"),
    ("y ~ (((a)))", "y ~ a"),
    ("y ~ a + b - b", "y ~ a"),
    ("y ~ a - a", "y ~ 1"),
    ("y\n~ a +\r\n\tb", "y ~ a + b"),
    ("y ~ a\N{NO-BREAK SPACE}+ b", "y ~ a + b"),
    # interactions, ordered by degree and then by appearance
    ("y ~ a:b", None),
    ("y ~ b:a + a:b", "y ~ b:a"),
    ("y ~ a*b", "y ~ a + b + a:b"),
    ("y ~ a:b + c + d", "y ~ c + d + a:b"),
    ("y ~ a*b*c", "y ~ a + b + c + a:b + a:c + b:c + a:b:c"),
    ("y ~ a*b*c - a:b:c", "y ~ a + b + c + a:b + a:c + b:c"),
    ("y ~ a*b - b:a", "y ~ a + b"),
    ("y ~ a*b - a*b", "y ~ 1"),
    ("y ~ a*a", "y ~ a"),
    ("y ~ (a + b):c", "y ~ a:c + b:c"),
    ("y ~ (a + b)*(c + d)", "y ~ a + b + c + d + a:c + a:d + b:c + b:d"),
    ("y ~ a + b:c*d", "y ~ a + d + b:c + b:c:d"),
    ("y ~ (a + b - a):c", "y ~ b:c"),
    # nesting
    ("y ~ a/b", "y ~ a + a:b"),
    ("y ~ a/b/c", "y ~ a + a:b + a:b:c"),
    ("y ~ (a + b)/c", "y ~ a + b + a:b:c"),
    ("y ~ a/(b + c)", "y ~ a + a:b + a:c"),
    ("y ~ a/b*c", "y ~ a + c + a:b + a:c + a:b:c"),
    # powers of sums
    ("y ~ (a + b)^2", "y ~ a + b + a:b"),
    ("y ~ (a + b)**2", "y ~ a + b + a:b"),
    ("y ~ (a + b + c)^2", "y ~ a + b + c + a:b + a:c + b:c"),
    ("y ~ (a + b + c)^3", "y ~ a + b + c + a:b + a:c + b:c + a:b:c"),
    ("y ~ (a + b)^1", "y ~ a + b"),
    ("y ~ (a + b)^8", "y ~ a + b + a:b"),
    ("y ~ (a*b*c*d)^8 - a*b*c*d + a", "y ~ a"),
    # functions
    ("y ~ log(x) + log1p(x) + log2(x) + log10(x)", None),
    ("y ~ exp(x) + expm1(x) + sqrt(x) + abs(x)", None),
    ("y ~ center(x) + scale(z)", None),
    ("y ~ log(x):center(log(z))", None),
    ("y ~ C(x)", None),
    ("y ~ factor(x)", "y ~ C(x)"),
    ("y ~ C(x, ref='a') * z", 'y ~ C(x, ref = "a") + z + C(x, ref = "a"):z'),
    ("y ~ I(x^2)", None),
    ("y ~ I(x**2)", "y ~ I(x^2)"),
    ("y ~ I( x ^ 2 ) + I(x^2)", "y ~ I(x^2)"),
    ("y ~ I((a+b)*c - -d/2)", "y ~ I((a + b) * c - -d / 2)"),
    ("y ~ I(a - (b - c)) + I(a - b - c)", None),
    ("y ~ I((a^b)^c) + I(a^b^c) + I(-a^2) + I((-a)^2) + I(a^(-2))", None),
    ("y ~ I(a^-2)", "y ~ I(a^(-2))"),
    ("y ~ I(x > 3)", None),
    ("y ~ I((a < b) == c)", None),
    ("y ~ I(g == 'a')", 'y ~ I(g == "a")'),
    ("y ~ I(1.50 * x + 1e3 + .5)", "y ~ I(1.5 * x + 1000 + 0.5)"),
    # offsets
    ("y ~ x + offset(log(e))", None),
    ("y ~ offset(e) + x", "y ~ x + offset(e)"),
    ("y ~ offset(a) + offset(I(2 * b))", None),
    # responses
    ("log(y) ~ x", None),
    ("I(y - x) ~ x", None),
    ("I(y > 3) ~ x", None),
    ("y/10 ~ x", "y / 10 ~ x"),
    ("cbind(s, f) ~ x", None),
    ("cbind(s, n - s) ~ x + n", None),
    ("success(y, 'yes') ~ x", 'success(y, "yes") ~ x'),
    ("y|trials(n) ~ x", "y | trials(n) ~ x"),
    ("y | trials(10) ~ x", None),
    # random effects
    ("y ~ (1 | g)", None),
    ("y ~ x + (1|g)", "y ~ x + (1 | g)"),
    ("y ~ (x | g)", "y ~ (1 + x | g)"),
    ("y ~ (x + 1 | g)", "y ~ (1 + x | g)"),
    ("y ~ (0 + x | g)", None),
    ("y ~ (x - 1 | g)", "y ~ (0 + x | g)"),
    ("y ~ (a*b | g)", "y ~ (1 + a + b + a:b | g)"),
    ("y ~ (log(x) + C(z) | g)", "y ~ (1 + log(x) + C(z) | g)"),
    ("y ~ (x || g)", "y ~ (1 + x || g)"),
    ("y ~ (1 || g)", "y ~ (1 | g)"),
    ("y ~ (0 + x || g)", "y ~ (0 + x | g)"),
    ("y ~ (0 + a + b || g)", "y ~ (0 + a | g) + (0 + b | g)"),
    ("y ~ (a*b || g)", "y ~ (1 + a + b + a:b || g)"),
    ("y ~ (1 | g) + (0 + x | g)", "y ~ (1 + x || g)"),
    ("y ~ (0 + x | g) + (1 | g)", "y ~ (1 + x || g)"),
    ("y ~ (0 + a:b | g) + (1 | g) + (0 + x | g)", "y ~ (1 + x + a:b || g)"),
    ("y ~ (1 + x | g) + (0 + z | g)", None),
    ("y ~ (0 + z | g) + (1 + x | g)", "y ~ (1 + x | g) + (0 + z | g)"),
    ("y ~ (1 | g) + z + (0 + x | g) + (1 | h)", "y ~ z + (1 + x || g) + (1 | h)"),
    ("y ~ (1 | a) + (1 | b)", None),
    ("y ~ (1 | a:b)", None),
    ("y ~ (1 | a/b)", "y ~ (1 | a) + (1 | a:b)"),
    ("y ~ (1 | a/b/c)", "y ~ (1 | a) + (1 | a:b) + (1 | a:b:c)"),
    ("y ~ (1 | (a/b))", "y ~ (1 | a) + (1 | a:b)"),
    ("y ~ (x || a/b)", "y ~ (1 + x || a) + (1 + x || a:b)"),
    ("y ~ (1 | a:b/c)", "y ~ (1 | a:b) + (1 | a:b:c)"),
    ("y ~ (1 | a:b) + (0 + x | b:a)", "y ~ (1 + x || a:b)"),
    ("y ~ (1 | a:a)", "y ~ (1 | a)"),
    ("y ~ (x + (1 | g))", "y ~ x + (1 | g)"),
    # names
    ("y ~ `a b`*c", "y ~ `a b` + c + `a b`:c"),
    ("y ~ `a` + a", "y ~ a"),
    ("`the y` ~ x.1", None),
    ("y ~ Größe + 体重", None),
    ("y ~ `x\\`y` + `x\\\\y`", None),
    ("y ~ (1 | `my group`:b)", None),
    ("y ~ `🙂` + `1st` + `a-b`", None),
    ("y ~ chain + draw + log + C + beta", None),
    ("y ~ cafe\u0301", "y ~ caf\u00e9"),
    ("y ~ `cafe\u0301`", "y ~ caf\u00e9"),
]


@pytest.mark.parametrize(("formula", "canonical"), MEANINGS)
def test_a_formula_has_one_canonical_text(formula, canonical):
    spec = ModelSpec.from_formula(formula)
    assert spec.to_formula() == (canonical or formula)


@pytest.mark.parametrize(("formula", "canonical"), MEANINGS)
def test_the_canonical_text_reads_back_to_an_equal_spec(formula, canonical):
    spec = ModelSpec.from_formula(formula)
    again = ModelSpec.from_formula(spec.to_formula())
    assert again == spec
    assert again.to_formula() == spec.to_formula()


def test_fixed_terms_hold_the_intercept_first():
    spec = ModelSpec.from_formula("y ~ a:b + c")
    assert spec.mean.fixed == (INTERCEPT, Term((Name("c"),)), Term((Name("a"), Name("b"))))
    assert spec.mean.has_intercept


def test_correlated_effects_are_one_block_and_independent_ones_a_block_each():
    one = Term((Name("x"),))
    assert ModelSpec.from_formula("y ~ (x | g)").mean.groups[0].blocks == (Block((INTERCEPT, one)),)
    assert ModelSpec.from_formula("y ~ (x || g)").mean.groups[0].blocks == (
        Block((INTERCEPT,)),
        Block((one,)),
    )


def test_separate_terms_of_one_factor_equal_the_double_bar():
    double = ModelSpec.from_formula("y ~ (x || g)")
    assert ModelSpec.from_formula("y ~ (1 | g) + (0 + x | g)") == double
    assert ModelSpec.from_formula("y ~ (0 + x | g) + (1 | g)") == double


def test_offsets_are_stored_without_their_wrapper():
    spec = ModelSpec.from_formula("y ~ offset(log(e))")
    assert spec.mean.offsets == (Call("log", (Name("e"),)),)
    assert spec.mean.fixed == (INTERCEPT,)


def test_options_and_texts_are_stored_as_data():
    (_, term) = ModelSpec.from_formula('y ~ C(x, ref="a\\"b")').mean.fixed
    assert term.factors == (Call("C", (Name("x"),), (("ref", Text('a"b')),)),)


def test_powers_bind_from_the_right_and_before_signs():
    (_, term) = ModelSpec.from_formula("y ~ I(-x^2^z)").mean.fixed
    inner = term.factors[0].arguments[0]
    assert inner.operand == Binary("^", Name("x"), Binary("^", Number(2.0), Name("z")))


def test_spans_point_at_the_words_of_the_text():
    text = "y ~ age + log(dose):`a b`"
    spec = ModelSpec.from_formula(text)
    words = [text[f.span.start : f.span.end] for term in spec.mean.fixed for f in term.factors]
    assert words == ["age", "log(dose)", "`a b`"]
    assert spec.text == text


def test_family_link_and_priors_are_carried_through():
    spec = ModelSpec.from_formula("y ~ x", family="poisson", link="sqrt")
    assert (spec.family, spec.link, dict(spec.priors)) == ("poisson", "sqrt", {})


def test_expressions_pickle():
    fixed = ModelSpec.from_formula("y ~ log(x):z").mean.fixed
    assert pickle.loads(pickle.dumps(fixed)) == fixed  # noqa: S301


def test_a_spec_can_be_imported_without_the_parser():
    code = "import sys, glmm_bayes.spec.model_spec; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
