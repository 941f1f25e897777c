"""Random effects with gr(), mm() and labels: what each spelling means, and what is refused."""

import pytest

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.expressions import Call, Flag, Name, Number, Text
from glmm_bayes.spec.linear_predictor import INTERCEPT, Block, GroupTerm, Structure, Term
from glmm_bayes.spec.model_spec import ModelSpec

X, Z = Term((Name("x"),)), Term((Name("z"),))

# formula, canonical text (None: it is canonical already)
MEANINGS = [
    ("y ~ (1 | gr(g))", "y ~ (1 | g)"),
    ("y ~ (1 | gr(g, by = f))", None),
    ("y ~ (x | gr(g, by=`the f`))", "y ~ (1 + x | gr(g, by = `the f`))"),
    ("y ~ (x || gr(g, by = f))", "y ~ (1 | gr(g, by = f)) + (0 + x | gr(g, by = f))"),
    ("y ~ (1 | gr(g, cov = K))", None),
    ("y ~ (1 | gr(g, cov = `TRUE`))", None),
    ("y ~ (1 | gr(g, dist = 'student'))", 'y ~ (1 | gr(g, dist = "student"))'),
    ("y ~ (1 | gr(g, dist = 'gaussian'))", "y ~ (1 | g)"),
    ("y ~ (1 | gr(g, structure = 'unstructured'))", "y ~ (1 | g)"),
    ("y ~ (0 + t | gr(g, structure = 'ar1'))", 'y ~ (0 + t | gr(g, structure = "ar1"))'),
    (
        "y ~ (1 | gr(g, dist='student', structure='ar1', rho=-.5, hetero=TRUE, by=f))",
        'y ~ (1 | gr(g, by = f, structure = "ar1", rho = -0.5, hetero = TRUE, dist = "student"))',
    ),
    ('y ~ (1 | gr(area, structure = "icar", graph = W))', None),
    ('y ~ (1 | gr(s, structure = "matern", coordinates = cbind(u, `the v`), nu = c(0.5, -1.5)))', None),
    ('y ~ (1 | gr(s, structure = "a \\"b\\\\", what = "c\\"d"))', None),
    ("y ~ (1 | gr(a:b, by = f))", None),
    ("y ~ (1 | gr((a):b:c, by = f))", "y ~ (1 | gr(a:b:c, by = f))"),
    ("y ~ (1 | gr(a/b, by = f))", "y ~ (1 | gr(a, by = f)) + (1 | gr(a:b, by = f))"),
    ("y ~ (1 | gr(a/b:c))", "y ~ (1 | a) + (1 | a:b:c)"),
    ("y ~ (1 | gr(a/b/c))", "y ~ (1 | a) + (1 | a:b) + (1 | a:b:c)"),
    ("y ~ (1 | gr(g, cov = K)) + (0 + x | g)", None),
    # multi-membership
    ("y ~ (1 | mm(a, b))", None),
    ("y ~ (1 + x | mm(a, `the b`, c))", None),
    ("y ~ (1 | mm(a, b, weights = cbind(v, w / 2)))", None),
    ("y ~ (1 | mm(a, b, weights = cbind(1, I(w))))", None),
    ("y ~ (x || mm(a, b, weights = cbind(v, w)))", "y ~ (1 + x || mm(a, b, weights = cbind(v, w)))"),
    ('y ~ (1 | mm(a, b, weights = cbind(v, w), by = f, dist = "student"))', None),
    ("y ~ (1 | mm(a, b)) + (0 + x | mm(b, a))", "y ~ (1 + x || mm(a, b))"),
    (
        "y ~ (1 | mm(a, b, weights=cbind(v, w))) + (0 + x | mm(b, a, weights=cbind(w, v)))",
        "y ~ (1 + x || mm(a, b, weights = cbind(v, w)))",
    ),
    ("y ~ (1 | mm(a, b)) + (1 | a:b)", None),
    # labels
    ("y ~ (1 |id| g)", None),
    ("y ~ (1|id|g)", "y ~ (1 |id| g)"),
    ("y ~ (x |id| a/b)", "y ~ (1 + x |id| a) + (1 + x |id| a:b)"),
    ("y ~ (1 |i| g) + (0 + x |i| g)", "y ~ (1 + x |i| g)"),
    ("y ~ (0 + x |i| g) + (1 |i| g)", "y ~ (1 + x |i| g)"),
    ("y ~ (1 |i| g) + (0 + x |k| g) + (0 + z | g)", None),
    ("y ~ (a:b |i| g) + (0 + b + a |i| g)", "y ~ (1 + b + a + b:a |i| g)"),
    ("y ~ (1 |i| gr(g, by = f)) + (0 + x |i| gr(g, by = f))", "y ~ (1 + x |i| gr(g, by = f))"),
    ("y ~ (1 |i| mm(a, b))", None),
    # one factor in several terms
    ("y ~ (1 | g) + (0 + a:b | g) + (0 + b | g) + (0 + a | g)", "y ~ (1 + b + a + b:a || g)"),
    ("y ~ (0 + f | g) + (1 | g:f)", None),
]


@pytest.mark.parametrize(("formula", "canonical"), MEANINGS)
def test_a_group_term_has_one_canonical_text_that_reads_back(formula, canonical):
    spec = ModelSpec.from_formula(formula)
    text = spec.to_formula()
    assert text == (canonical or formula)
    assert ModelSpec.from_formula(text) == spec


def groups(formula):
    return ModelSpec.from_formula(formula).mean.groups


def test_by_distribution_and_label_belong_to_the_block():
    (group,) = groups('y ~ (x |id| gr(g, by = f, dist = "student"))')
    assert group == GroupTerm(("g",), (Block((INTERCEPT, X), by="f", distribution="student", label="id"),))


def test_cov_is_the_known_structure_and_names_no_column():
    (group,) = groups("y ~ (1 | gr(g, cov = K))")
    structure = Structure("known", (("cov", Name("K")),))
    assert group.blocks == (Block((INTERCEPT,), structure),)
    assert structure.known() == ("K",)
    assert ModelSpec.from_formula("y ~ (1 | gr(g, cov = K))").names() == ("y", "g")


def test_arguments_of_a_structure_are_kept_as_written():
    (group,) = groups(
        "y ~ (0 + x | gr(g, structure = 's', b = -2, a = 'w', flag = FALSE, K = K, "
        "at = cbind(u, v), k = c(1, 2)))"
    )
    structure = group.blocks[0].structure
    assert structure.name == "s"
    assert structure.arguments == (
        ("b", Number(-2.0)),
        ("a", Text("w")),
        ("flag", Flag(False)),
        ("K", Name("K")),
        ("at", Call("cbind", (Name("u"), Name("v")))),
        ("k", Call("c", (Number(1.0), Number(2.0)))),
    )
    assert structure.known() == ("K",)
    assert structure.names() == ("u", "v")
    assert group.names() == ("g", "x", "u", "v")


def test_membership_keeps_members_and_weights_in_order():
    (group,) = groups("y ~ (1 | mm(b, a, weights = cbind(v, w)))")
    assert group == GroupTerm(("b", "a"), (Block((INTERCEPT,)),), True, (Name("v"), Name("w")))
    assert group.names() == ("b", "a", "v", "w")


def test_effects_under_one_label_are_one_block_and_others_their_own():
    (group,) = groups("y ~ (1 |i| g) + (0 + z | g) + (0 + x |i| g)")
    assert group.blocks == (Block((INTERCEPT, X), label="i"), Block((Z,)))


def test_the_double_bar_makes_one_block_of_each_term():
    f = Term((Name("f"),))
    assert groups("y ~ (x + f || g)")[0].blocks == (Block((INTERCEPT,)), Block((X,)), Block((f,)))


FUNCTION, MISREAD = "formula_function", "formula_misread"
# formula, code, a part of the message, a part of the remedy
REFUSED = [
    ("y ~ gr(g)", FUNCTION, "after a bar", "(1 | gr(g, by = f))"),
    ("y ~ x + mm(a, b)", FUNCTION, "after a bar", "(1 | mm(a, b))"),
    ("gr(y) ~ x", FUNCTION, "after a bar", "(1 | gr(g, by = f))"),
    ("y ~ (1 | gr())", FUNCTION, "one factor, found 0", "gr(g)"),
    ("y ~ (1 | gr(g, h))", FUNCTION, "one factor, found 2", "gr(a:b)"),
    ("y ~ (1 | gr(g, f, by = f))", FUNCTION, "one factor", "gr(a/b)"),
    ("y ~ (1 | gr(log(g)))", MISREAD, "a column, found 'log(g)'", "(1 | g)"),
    ("y ~ (1 | gr(a + b))", MISREAD, "a column, found 'a + b'", "(1 | g)"),
    ("y ~ (1 | gr(gr(g)))", MISREAD, "the whole grouping factor", "gr(a:b, by = f)"),
    ("y ~ (1 | gr(g)/h)", MISREAD, "the whole grouping factor", "gr(a/b, by = f)"),
    ("y ~ (1 | gr(g, bye = f))", FUNCTION, "Did you mean 'by'?", "by, cov, df, dist, structure"),
    ("y ~ (1 | gr(g, weights = w))", FUNCTION, "no option 'weights'", "by, cov, df, dist, structure"),
    ("y ~ (1 | gr(g, by = f, by = h))", FUNCTION, "given twice", "once"),
    ("y ~ (1 | gr(g, by = 'f'))", FUNCTION, "by must be a column", "gr(g, by = f)"),
    ("y ~ (1 | gr(g, by = TRUE))", FUNCTION, "by must be a column", "gr(g, by = f)"),
    ("y ~ (1 | gr(g, by = a:b))", FUNCTION, "by must be a column", "gr(g, by = f)"),
    ("y ~ (1 | gr(g, cov = 'K'))", FUNCTION, "an entry of known={...}", 'known={"K": K}'),
    ("y ~ (1 | gr(g, cov = solve(A)))", FUNCTION, "an entry of known={...}", 'known={"K": K}'),
    ("y ~ (1 | gr(g, dist = student))", FUNCTION, "a text in quotes", 'dist = "student"'),
    ("y ~ (1 | gr(g, dist = 't'))", FUNCTION, "one of gaussian, student, bridge, found 't'", "student"),
    ("y ~ (1 | gr(g, structure = ar1))", FUNCTION, "a text in quotes", 'structure = "ar1"'),
    ("y ~ (1 | gr(g, structure = ''))", FUNCTION, "a text in quotes", 'structure = "ar1"'),
    ("y ~ (1 | gr(g, structure = 's', cov = K))", FUNCTION, "exclude each other", "cov = K"),
    ("y ~ (1 | gr(g, structure = 'known'))", FUNCTION, "exclude each other", "cov = K"),
    ("y ~ (1 | gr(g, structure = 's', t = log(x)))", FUNCTION, "'t' must be a number", "cbind(x, y)"),
    ("y ~ (1 | gr(g, structure = 's', t = cbind()))", FUNCTION, "'t' must be a number", "cbind(x, y)"),
    ("y ~ (1 | gr(g, structure = 's', t = cbind(1)))", FUNCTION, "'t' must be a number", "cbind(x, y)"),
    ("y ~ (1 | gr(g, structure = 's', t = c(x)))", FUNCTION, "'t' must be a number", "cbind(x, y)"),
    ("y ~ (1 | gr(g, structure = 's', t = 1e999))", FUNCTION, "'t' must be a number", "cbind(x, y)"),
    ("y ~ (1 | mm(a))", FUNCTION, "two or more different columns", "mm(a, b)"),
    ("y ~ (1 | mm(a, a))", FUNCTION, "two or more different columns", "mm(a, b)"),
    ("y ~ (1 | mm(a:b, c))", FUNCTION, "two or more different columns", "mm(a, b)"),
    ("y ~ (1 | mm(a, b, weights = w))", FUNCTION, "cbind() of one column a member", "cbind(w1, w2)"),
    ("y ~ (1 | mm(a, b, weights = cbind(w)))", FUNCTION, "1 weights for 2 members", "cbind(w1, w2)"),
    ("y ~ (1 | mm(a, b, weights = cbind(C(v), w)))", FUNCTION, "makes levels", ""),
    ("y ~ (1 | mm(a, b, wieghts = w))", FUNCTION, "Did you mean 'weights'?", "weights"),
    ("y ~ (1 | mm(a, b)) + (0 + x | mm(a, b, weights = cbind(v, w)))", MISREAD, "other weights", "same"),
    ("y ~ (1 |i| g) + (0 + x |i| gr(g, by = f))", MISREAD, "label 'i' differ", "same options"),
    ("y ~ (1 |i| a + b)", MISREAD, "a sum of grouping factors", "(1 |i| a) + (1 |i| b)"),
    ("y ~ (1 |i| g) + (1 |i| g)", "duplicate_effect", "the intercept varies by 'g'", "one term"),
    ("y ~ (1 |i| g) + (1 |k| g)", "duplicate_effect", "the intercept varies by 'g'", "one term"),
    ("y ~ (1 | gr(g, by = f)) + (1 | g)", "duplicate_effect", "the intercept varies by 'g'", "one term"),
    ("y ~ (1 | gr(g, cov = K)) + (1 | g)", "duplicate_effect", "the intercept", "a copy of the column"),
    ("y ~ (1 | mm(a, b)) + (1 | mm(b, a))", "duplicate_effect", "varies by 'mm(a, b)'", "one term"),
    ("y ~ (1 | gr(a:b)) + (1 | b:a)", "duplicate_effect", "varies by 'a:b'", "one term"),
    ("y ~ (1 | gr(g, by = y))", MISREAD, "cannot predict itself", "Remove it"),
    ("y ~ (1 | mm(a, b, weights = cbind(y, w)))", MISREAD, "cannot predict itself", "Remove it"),
    ("y ~ (1 | gr(g, structure = 's', at = cbind(u, y)))", MISREAD, "cannot predict itself", "Remove it"),
]


@pytest.mark.parametrize(("formula", "code", "sentence", "remedy"), REFUSED)
def test_a_wrong_group_term_is_refused_with_a_sentence_and_a_remedy(formula, code, sentence, remedy):
    with pytest.raises(FormulaError) as caught:
        ModelSpec.from_formula(formula)
    assert caught.value.code == code
    message, _, carets = caught.value.findings[0].message.split("\n")
    assert sentence in message
    assert remedy in caught.value.hint
    assert set(carets.strip()) == {"^"}
