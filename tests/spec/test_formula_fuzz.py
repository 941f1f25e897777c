"""Laws over generated formulas: the round trip, and typed errors only."""

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glmm_bayes.core.errors import FormulaError, GlmmError
from glmm_bayes.spec.expressions import quote
from glmm_bayes.spec.model_spec import ModelSpec

names = st.one_of(
    st.sampled_from(["a", "b", "c", "x.1", "log", "Größe", "体重", "`a b`", "`x\\`z`", "_z"]),
    st.text(
        st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn"], exclude_characters="\u034f"),
        min_size=1,
        max_size=6,
    ).map(lambda name: "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"),
)
numbers = st.one_of(
    st.integers(0, 10**20).map(str), st.floats(0, allow_infinity=False, allow_nan=False).map(repr)
)
elementwise = st.sampled_from(["log", "exp", "I", "abs", "center", "scale"])


def arithmetic(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", "**"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["==", "<", ">=", "!="]), inner).map(lambda p: f"({' '.join(p)})"),
        st.tuples(st.sampled_from(["-", "+"]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        st.tuples(elementwise, inner).map(lambda p: f"{p[0]}({p[1]})"),
    )


expressions = st.recursive(st.one_of(names, numbers), arithmetic, max_leaves=6)
calls = st.one_of(
    st.tuples(elementwise, expressions).map(lambda p: f"{p[0]}({p[1]})"),
    names.map(lambda name: f"C({name}, ref='a\"b')"),
    names.map(lambda name: f"factor({name}, contr.helmert)"),
    names.map(lambda name: f"ordered({name}, 'a\\'', '\"')"),
    names.map(lambda name: f"days_since({name}, '2020-02-29')"),
    expressions.map(lambda text: f"poly({text}, degree = 2, raw = TRUE)"),
    expressions.map(lambda text: f"bs({text}, knots = c(-1, 2.5), degree = 2)"),
    expressions.map(lambda text: f"ns({text}, 4, lower = -1)"),
    st.tuples(expressions, expressions).map(lambda p: f"pmax({p[0]}, {p[1]})"),
)
atoms = st.one_of(names, calls)


def combined(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from([" + ", "*", ":", "/"]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} + {p[1]})^2"),
    )


terms = st.recursive(atoms, combined, max_leaves=6)
pairs = st.one_of(names, st.lists(names, min_size=2, max_size=3).map(":".join), st.just("a/b"))
options = st.one_of(
    names.map(lambda name: f"by = {name}"),
    names.map(lambda name: f"cov = {name}"),
    st.just("dist = 'student'"),
    st.tuples(st.sampled_from(["'ar1'", "'a\"'"]), names, numbers).map(
        lambda p: f"structure = {p[0]}, graph = {p[1]}, at = cbind({p[1]}), k = c(-{p[2]}), deep = FALSE"
    ),
)
members = st.lists(st.sampled_from(["u", "v", "`w w`"]), min_size=2, unique=True).map(", ".join)
factors = st.one_of(
    pairs,
    st.tuples(pairs, options).map(lambda p: f"gr({', '.join(p)})"),
    members.map(lambda names: f"mm({names})"),
    st.tuples(expressions, options).map(lambda p: f"mm(u, v, weights = cbind({p[0]}, 1), {p[1]})"),
)
effects = st.one_of(st.just("1"), terms, terms.map(lambda text: f"0 + {text}"))
bars = st.sampled_from(["|", "||", "|id|", "|é|"])
groups = st.tuples(effects, bars, factors).map(lambda p: f"({' '.join(p)})")
summands = st.one_of(
    terms, groups, expressions.map(lambda text: f"offset({text})"), st.just("0"), st.just("1")
)
responses = st.one_of(
    names, expressions.map(lambda text: f"I({text})"), st.just("cbind(u1, v1)"), st.just("u1 | trials(v)")
)
formulas = st.tuples(responses, st.lists(summands, min_size=1, max_size=4)).map(
    lambda p: f"{p[0]} ~ {' + '.join(p[1])}"
)


@given(formulas)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_spec_survives_its_own_text(formula):
    try:
        spec = ModelSpec.from_formula(formula)
    except FormulaError as error:
        # What the strategies cannot avoid: x ~ x, one effect twice, x^2 outside I(), size.
        assert error.code in ("formula_misread", "duplicate_effect", "formula_too_large", "formula_syntax")
        return
    text = spec.to_formula()
    again = ModelSpec.from_formula(text)
    assert again == spec
    assert again.to_formula() == text


@given(st.text(min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_visible_name_can_be_quoted(name):
    try:
        spec = ModelSpec.from_formula(f"y__ ~ {quote(name)}")
    except FormulaError as error:
        assert error.code == "formula_misread" or any(c in name for c in "\r\n")
        return
    assert len(spec.mean.fixed) == 2


_WORDS = r"""
y x g a.b `q r` ~ ~ + - * / : ^ ** ( ) ( ) | || , = == < 0 1 2 9 1e9 .5 'a' "b" log( C( I( offset( cbind(
trials( success( gr( np.log( function( (1| |g) (x|| . ; $ [ %in% ` ref= é 体 🙂 \\ # @
__import__( eval( lambda {}
"""
TOKENS = [*_WORDS.split(), "\n", "\t", " ", "\u200b", "\u202e", "\x00"]
soup = st.one_of(
    st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(TOKENS), max_size=25).map("".join),
    st.lists(st.sampled_from(TOKENS), max_size=15).map(lambda words: "y ~ " + " ".join(words)),
    st.text(max_size=40),
)


@given(soup)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_is_a_spec_or_a_typed_error(text):
    # A pause of the collector or of another thread comes once, a slow parser each time.
    assert any(seconds_of_reading(text) < 1 for _ in range(3))


def seconds_of_reading(text):
    start = time.thread_time()
    try:
        spec = ModelSpec.from_formula(text)
    except GlmmError as error:
        assert error.findings[0].message.startswith("formula:")
        assert "    " in error.findings[0].message
    else:
        assert ModelSpec.from_formula(spec.to_formula()) == spec
    return time.thread_time() - start
