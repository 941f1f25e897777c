"""What is refused, with which sentence, and where the carets stand."""

import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.expressions import Span
from glmm_bayes.spec.formula import point
from glmm_bayes.spec.model_spec import ModelSpec

MISREAD, SYNTAX, FUNCTION = "formula_misread", "formula_syntax", "formula_function"

# formula, code, the words under the carets, a part of the message, a part of the remedy
REFUSED = [
    # misreadings of other packages
    ("y ~ x | g", MISREAD, "|", "outside brackets", "Write (1 | g) or (x | g)."),
    ("y ~ x || g", MISREAD, "||", "outside brackets", "Write (1 | g) or (x | g)."),
    ("y ~ x %in% g", MISREAD, "%in%", "ignored", "Write g:x, or (1 | g/x)"),
    ("y ~ x^2", MISREAD, "x^2", "outside I()", "Write I(x^2). Or poly(x, 2)"),
    ("y ~ log(x)^2", MISREAD, "log(x)^2", "outside I()", "Write I(log(x)^2)."),
    ("y ~ bs(x, 5)^2", MISREAD, "bs(x, 5)^2", "outside I()", "Write bs(x, 5) alone"),
    ("y ~ C(x)^2", MISREAD, "C(x)^2", "outside I()", "Write C(x) alone"),
    ("y ~ x**3 + z", MISREAD, "x**3", "outside I()", "Write I(x^3)."),
    ("y ~ (x)^2", MISREAD, "(x)^2", "outside I()", "Write I(x^2)."),
    ("y ~ np.log(x)", MISREAD, "np.log", "listed functions", "Write log(x)."),
    ("y ~ x.mean()", MISREAD, "x.mean", "listed functions", "Compute the column first."),
    ("y ~ pd.io.common.os.mkdir('a')", MISREAD, "pd.io.common.os.mkdir", "listed functions", "Compute"),
    ("y ~ x + y", MISREAD, "y", "cannot predict itself", "Remove it"),
    ("y ~ (1 + y | g)", MISREAD, "y", "cannot predict itself", "Remove it"),
    ("y ~ (1 | y)", MISREAD, "y", "cannot predict itself", "Remove it"),
    ("y ~ x + offset(log(y))", MISREAD, "log(y)", "cannot predict itself", "Remove it"),
    ("log(y) ~ y", MISREAD, "y", "cannot predict itself", "Remove it"),
    ("cbind(s, n - s) ~ s", MISREAD, "s", "cannot predict itself", "Remove it"),
    ("y ~ a - b", MISREAD, "b", "not among the terms", "Terms before it: a."),
    ("y ~ a*b - c:d", MISREAD, "c:d", "not among the terms", "Terms before it: a, b, a:b."),
    ("y ~ -x + x", MISREAD, "x", "not among the terms", "none"),
    ("y ~ 2 + x", MISREAD, "2", "not a term", "Only 1"),
    ("y ~ 1:x", MISREAD, "1", "number inside a product", "0 and 1"),
    ("y ~ x*(1 | g)", MISREAD, "(1 | g)", "multiplied or nested", "Write x + (1 | g)"),
    ("y ~ ((1 | g) | h)", MISREAD, "(1 | g)", "inside a random effect", "(1 | h/g)"),
    ("y ~ (1 | (1 | g))", MISREAD, "(1 | g)", "inside a random effect", "(1 | h/g)"),
    ("y ~ (1 | a + b)", MISREAD, "a + b", "sum of grouping factors", "Write (1 | a) + (1 | b)."),
    ("y ~ (x || a*b)", MISREAD, "a*b", "product", "Write (x || a) + (x || b) + (x || a:b)."),
    ("y ~ (1 | a^2)", MISREAD, "a^2", "a column", "Write (1 | a)"),
    ("y ~ (1 | a:(b/c))", MISREAD, "b/c", "", "Write (1 | a)"),
    ("y ~ (1 | 1)", MISREAD, "1", "a column", "Write (1 | g)"),
    ("y ~ (1 | factor(g))", MISREAD, "factor(g)", "a column", "Write (1 | g)"),
    ("y ~ (1 | log(g))", MISREAD, "log(g)", "a column", "column of the data"),
    ("y ~ (1 |)", MISREAD, ")", "missing after the bar", "Write (1 | g)."),
    ("y ~ ( | g)", MISREAD, "|", "before the bar", "Write (1 | g)"),
    ("y ~ (0 | g)", MISREAD, "0", "no effect", "Write (1 | g)"),
    ("y ~ x (1 | g)", MISREAD, "|", "arguments of a function", "x + (1 | g)"),
    ("y ~ exp(0 + t | g)", MISREAD, "exp", "around a bar", "coordinates = cbind(x, y)"),
    ("y ~ ar(t, gr = g)", FUNCTION, "ar", "other packages", 'structure = "ar1"'),
    ("y ~ s(x)", FUNCTION, "s", "other packages", "Write ns(x, df = 4) or cr(x, df = 5)."),
    ("y ~ t2(x, z)", FUNCTION, "t2", "other packages", "ns(x, df = 4)"),
    ("y ~ gp(x)", FUNCTION, "gp", "other packages", "ns(x, df = 4)"),
    ("y ~ x - (1 | g)", MISREAD, "(1 | g)", "cannot be taken away", "Leave it out."),
    ("y ~ x - offset(z)", MISREAD, "offset(z)", "cannot be taken away", "Leave it out."),
    ("y ~ offset(z) + offset(z)", MISREAD, "z", "written twice", "once"),
    ("y ~ x; sigma ~ z", MISREAD, ";", "second formula", 'Write gb.Formula("y ~ x", sigma="~ z").'),
    ("y ~ a; zi ~ b + (1 | g)", MISREAD, ";", "second", 'Write gb.Formula("y ~ a", zi="~ b + (1 | g)").'),
    ("y ~ x ~ z", MISREAD, "~", "second formula", 'Write gb.Formula("y ~ x", sigma="~ z").'),
    ('success(y, "a") ~ x; nu ~ 1', MISREAD, ";", "second", 'Write gb.Formula("y ~ x", sigma="~ z").'),
    ("y ~ .", MISREAD, ".", "all other columns", "List the columns"),
    ("y ~ function(x)", MISREAD, "function", "define a function", "Compute the column first"),
    ("y ~ function(x) x^2", MISREAD, "x", "define a function", "Compute the column first"),
    ("y ~ d$x", MISREAD, "$", "columns only", "Compute the column first"),
    ("y ~ d[x]", MISREAD, "[", "columns only", "Compute the column first"),
    ("y ~ a\u200bb", MISREAD, "\u200b", "U+200B (ZERO WIDTH SPACE)", "Remove it"),
    ("y ~ `a\u202eb`", MISREAD, "\u202e", "U+202E (RIGHT-TO-LEFT OVERRIDE)", "Remove it"),
    ("y ~ a\x00", MISREAD, "\x00", "U+0000", "Remove it"),
    ("y ~ \ufeffx", MISREAD, "\ufeff", "U+FEFF", "Remove it"),
    # syntax
    ("", SYNTAX, "", "expected a response, found the end of the formula", "Example"),
    ("y", SYNTAX, "", "expected an operator or '~', found the end", "Example"),
    ("y ~", SYNTAX, "", "expected a term, found the end of the formula", "Example"),
    ("~ x", SYNTAX, "~", "response is missing", "Example"),
    ("1 ~ x", SYNTAX, "1", "reads no column", "Example"),
    ("'y' ~ x", SYNTAX, "'y'", "found the text", "levels"),
    ("y = x", SYNTAX, "=", "found '='", "parted by '~'"),
    ("y ~ x z", SYNTAX, "z", "expected an operator", "`x z`"),
    ("y ~ 'x'", SYNTAX, "'x'", "expected a term", "without quotes"),
    ("y ~ (a + b", SYNTAX, "", "expected ')', found the end of the formula", "Example"),
    ("y ~ a + b)", SYNTAX, ")", "expected the end of the formula, found ')'", "Example"),
    ("y ~ a + * b", SYNTAX, "*", "expected a term, found '*'", "Example"),
    ("y ~ log()", FUNCTION, "log()", "takes 1 argument, found 0", "log(x)"),
    ("y ~ log(,)", SYNTAX, ",", "expected", "Example"),
    ("y ~ (a + b)^c", SYNTAX, "c", "expected a whole number from 1 to 8", "Example"),
    ("y ~ (a + b)^1.5", SYNTAX, "(a + b)^1.5", "whole number from 1 to 8", "(a + b)^2"),
    ("y ~ (a + b)^0", SYNTAX, "(a + b)^0", "whole number from 1 to 8", "(a + b)^2"),
    ("y ~ I(a < b < c)", SYNTAX, "<", "found '<'", "Example"),
    ("y ~ I(1e999)", SYNTAX, "1e999", "too large", ""),
    ("y ~ `x", SYNTAX, "`", "backtick is not closed", "Example"),
    ("y ~ C(x, ref='a)", SYNTAX, "'", "quote is not closed", "Example"),
    ("y ~ .x", SYNTAX, ".x", "starts with a dot", "`.x`"),
    ("y ~ x § z", SYNTAX, "§", "U+00A7 (SECTION SIGN)", "backticks"),
    ("y ~ x %o% z", SYNTAX, "%o%", "not an operator", "Compute"),
    ("y ~ ١", SYNTAX, "١", "ARABIC-INDIC DIGIT ONE", "backticks"),
    # functions
    ("y ~ logg(x)", FUNCTION, "logg", "'logg' is not a formula function", "Did you mean 'log'?"),
    ("y ~ Log(x)", FUNCTION, "Log", "'Log' is not a formula function", "Did you mean 'log'?"),
    ("y ~ polly(x, 2)", FUNCTION, "polly", "not a formula function", "Did you mean 'poly'?"),
    ("y ~ lag(x)", FUNCTION, "lag", "not a formula function", 'gb.register_transform("lag", f).'),
    ("y ~ __import__('os')", FUNCTION, "__import__", "not a formula function", "Allowed"),
    ("y ~ I(eval(x))", FUNCTION, "eval", "not a formula function", "Allowed"),
    ("y ~ log(x, 2)", FUNCTION, "log(x, 2)", "takes 1 argument, found 2", "log(x)"),
    ("y ~ log(x, base=2)", FUNCTION, "log(x, base=2)", "no option 'base'", "log(x)"),
    ("y ~ C(x, reff='a')", FUNCTION, "C(x, reff='a')", "Did you mean 'ref'?", "C(x"),
    ("y ~ C(x, ref=a)", FUNCTION, "a", "text in quotes", 'ref="a"'),
    ("y ~ C(x, ref='a', ref='b')", FUNCTION, "'b'", "twice", "C(x"),
    ("y ~ C(log(x))", FUNCTION, "log(x)", "takes a column", "C(x"),
    ("y ~ log(C(x))", FUNCTION, "C", "makes levels", "y ~ C(x)"),
    ("y ~ log(factor(x))", FUNCTION, "factor", "factor() makes levels", "y ~ C(x)"),
    ("y ~ cbind(a, b)", FUNCTION, "cbind", "left side", "cbind(s, f) ~ x"),
    ("y ~ trials(n)", FUNCTION, "trials", "after the bar", "y | trials(n) ~ x"),
    ("y ~ x*offset(z)", FUNCTION, "offset", "summand of its own", "offset(log(z))"),
    ("y ~ offset(C(z))", FUNCTION, "C", "makes levels", "y ~ C(x)"),
    ("offset(y) ~ x", FUNCTION, "offset", "summand of its own", "offset(log(z))"),
    ("C(y, 'sum') ~ x", MISREAD, "C(y, 'sum')", "a response has no contrasts", 'C(y, ref="a")'),
    ("log(cbind(a, b)) ~ x", FUNCTION, "cbind", "left side", "cbind(s, f) ~ x"),
    ("cbind(a) ~ x", FUNCTION, "cbind(a)", "takes 2 columns or more, found 1", "cbind("),
    ("success(y, 1) ~ x", FUNCTION, "1", "text in quotes", 'success(y, "yes")'),
    ("success(log(y), 'a') ~ x", FUNCTION, "log(y)", "takes a column", "success("),
    ("y | wait(w) ~ x", FUNCTION, "wait", "not an addition", "Allowed: trials, weights, se, cens"),
    ("y | trial(n) ~ x", FUNCTION, "trial", "not an addition", "Did you mean 'trials'?"),
    ("y | trials(n) + trials(m) ~ x", MISREAD, "trials(m)", "written twice", "once"),
    # effects that vary twice
    ("y ~ (1 | g) + (x | g)", "duplicate_effect", "(x | g)", "the intercept varies by 'g'", "0 + x"),
    ("y ~ (x | g) + (0 + x | g)", "duplicate_effect", "(0 + x | g)", "'x' varies by 'g'", "one term"),
    ("y ~ (1 | a:b) + (1 | b:a)", "duplicate_effect", "(1 | b:a)", "varies by 'a:b'", "one term"),
    ("y ~ (1 | a/b) + (1 | a)", "duplicate_effect", "(1 | a)", "varies by 'a'", "one term"),
    # read, but not in this release
    ("y | mi() ~ x", "not_available", "mi()", "not available in this release", 'missing="drop"'),
    ("y ~ me(x, s)", "not_available", "me(x, s)", "not available in this release", "write x"),
    # flags
    ("y ~ TRUE", SYNTAX, "TRUE", "the value of an option", "`TRUE`"),
    ("TRUE ~ x", SYNTAX, "TRUE", "the value of an option", "`TRUE`"),
    ("y ~ I(x == FALSE)", SYNTAX, "FALSE", "the value of an option", "x itself"),
    ("y ~ (TRUE | g)", SYNTAX, "TRUE", "the value of an option", "`TRUE`"),
    ("y ~ (1 | TRUE)", MISREAD, "TRUE", "a column", "Write (1 | g)"),
    # terms inside calls
    ("y ~ I(a:b)", MISREAD, "a:b", "no arithmetic", "log(a):log(b)"),
    ("a:b ~ x", MISREAD, "a:b", "no arithmetic", "log(a):log(b)"),
    ("y ~ log(a:b:c)", MISREAD, "a:b:c", "no arithmetic", "I(a * b)"),
]


def refusal(formula):
    with pytest.raises(FormulaError) as caught:
        ModelSpec.from_formula(formula)
    return caught.value


@pytest.mark.parametrize(("formula", "code", "token", "sentence", "remedy"), REFUSED)
def test_what_would_be_misread_is_refused_with_a_sentence_and_a_remedy(
    formula, code, token, sentence, remedy
):
    error = refusal(formula)
    assert error.code == code
    message, line, carets = error.findings[0].message.split("\n")
    assert sentence in message
    assert remedy in error.hint
    column = int(message.split(":")[2])
    assert message.startswith("formula:1:")
    assert formula[column - 1 :].startswith(token)
    assert carets.strip() == "^" * max(len(token), 1)
    assert carets.index("^") == 4 + column - 1
    assert line.startswith("    ")


@pytest.mark.parametrize("formula", [case[0] for case in REFUSED])
def test_messages_never_show_the_names_of_tokens(formula):
    text = str(refusal(formula))
    for word in ("RPAR", "LPAR", "TILDE", "$END", "QUOTED", "COMPARISON", "Token(", "lark"):
        assert word not in text


def test_each_misreading_has_its_own_sentence():
    formulas = ["y ~ x|g", "y ~ x %in% g", "y ~ x^2", "y ~ np.log(x)", "y ~ x + y", "y ~ a - b", "y ~ 2"]
    formulas += ["y ~ x*(1|g)", "y ~ ((1|g)|h)", "y ~ (1|a+b)", "y ~ (1|a*b)", "y ~ (1|)", "y ~ x; s ~ z"]
    formulas += ["y ~ .", "y ~ function(x)", "y ~ d$x", "y ~ a\u200bb"]
    sentences = {
        refusal(formula).findings[0].message.split("\n")[0].split(": ", 1)[1] for formula in formulas
    }
    assert len(sentences) == len(formulas)


SNAPSHOTS = {
    "y ~ x + (1 + z | a + b)": """\
[formula_misread] formula:1:18: a sum of grouping factors after one bar.
    y ~ x + (1 + z | a + b)
                     ^^^^^
Write (1 + z | a) + (1 + z | b).""",
    "recovery ~ age + sqroot(dose)": """\
[formula_function] formula:1:18: 'sqroot' is not a formula function.
    recovery ~ age + sqroot(dose)
                     ^^^^^^
Did you mean 'sqrt'? Allowed: log, log1p, log2, log10, exp, expm1, sqrt, abs, sin, cos, asin, abs2, \
as.integer, pmin, pmax, I, ifelse, days_since, days_between, center, scale, standardize, ave, between, \
within, poly, bs, ns, cr, rcs, C, ordered, mo, cs, offset, cbind, success. \
Compute the column first, or gb.register_transform("sqroot", f).""",
    "y ~ a +\r\n\tb + 体重^2": """\
[formula_misread] formula:2:6: a power outside I() is no arithmetic: other packages read the term itself.
        b + 体重^2
            ^^^^^^
Write I(体重^2). Or poly(体重, 2), which holds the lower powers too.""",
    "y ~ (1 | g) + (x | g)": """\
[duplicate_effect] formula:1:15: the intercept varies by 'g' in two terms.
    y ~ (1 | g) + (x | g)
                  ^^^^^^^
Write one term; (0 + x | g) leaves the implied intercept out.""",
    "y ~ x; sigma ~ z": """\
[formula_misread] formula:1:6: a second formula: one text holds one formula.
    y ~ x; sigma ~ z
         ^
Write gb.Formula("y ~ x", sigma="~ z").""",
    "y ~ x + y": """\
[formula_misread] formula:1:9: 'y' reads the response: the response cannot predict itself.
    y ~ x + y
            ^
Remove it from the right side.""",
    "y ~ x | g": """\
[formula_misread] formula:1:7: a bar outside brackets: some packages ignore it and what follows.
    y ~ x | g
          ^
Write (1 | g) or (x | g).""",
    "y ~ a*b*c*d*e*f*g*h*i*j": """\
[formula_too_large] formula:1:5: 'a*b*c*d*e*f*g*h*i*j' expands to 1023 terms (limit 1000).
    y ~ a*b*c*d*e*f*g*h*i*j
        ^^^^^^^^^^^^^^^^^^^
Write the terms that are meant one by one.""",
    "y ~ (1 | gr(g, dist = 'students'))": """\
[formula_function] formula:1:10: dist must be one of gaussian, student, bridge, found 'students'. \
Did you mean 'student'?
    y ~ (1 | gr(g, dist = 'students'))
             ^^^^^^^^^^^^^^^^^^^^^^^^
Write (1 | gr(g, dist = "student")).""",
    "y ~ ns(x, df = 2.5)": """\
[formula_function] formula:1:16: the option 'df' of ns() must be a whole number from 1 to 50, found 2.5.
    y ~ ns(x, df = 2.5)
                   ^^^
Example: ns(x, df = 4).""",
    "y ~ (a + b": """\
[formula_syntax] formula:1:11: expected ')', found the end of the formula.
    y ~ (a + b
              ^
Example: y ~ x + (1 | g).""",
}


@pytest.mark.parametrize("formula", SNAPSHOTS)
def test_a_message_shows_the_place_the_line_and_carets(formula):
    assert str(refusal(formula)) == SNAPSHOTS[formula]


def test_carets_count_columns_of_a_terminal():
    text = "y\t~ 体重 + e\u0301x"
    assert point(text, Span(4, 6)) == "    y    ~ 体重 + e\u0301x\n           ^^^^"
    assert point(text, Span(9, 12)).split("\n")[1].count("^") == 2


def test_a_long_line_is_cut_around_the_token():
    text = "y ~ " + " + ".join(f"column{i}" for i in range(500))
    start = text.index("column250")
    line, carets = point(text, Span(start, start + 9)).split("\n")
    assert len(line) < 145
    assert line[carets.index("^") :].startswith("column250")


def test_text_that_is_no_text_is_refused():
    assert refusal(7).code == SYNTAX


FORMS = [
    ("y ~ ave(x, g, FUN = median)", "has no option 'FUN' of this form: it takes the mean, FUN = mean."),
    ("y ~ scale(x, scale = 3)", "it takes scale = TRUE or FALSE."),
    ("y ~ case_when(x > 0 ~ 1)", "Compute the column first"),
    ("y ~ (f %in% c('a', 'b'))", 'I(x %in% c("a", "b"))'),
    ("y ~ x + weights(k)", "Write y | weights(k) ~ x."),
    ("y ~ x + cens(b)", "Write y | cens(b) ~ x."),
]


@pytest.mark.parametrize(("formula", "said"), FORMS)
def test_a_form_of_another_package_is_answered_with_the_one_here(formula, said):
    with pytest.raises(gb.FormulaError) as caught:
        gb.ModelSpec.from_formula(formula)
    assert said in str(caught.value)


SEVERAL = [
    ("y1 ~ x; y2 ~ z", 'gb.Formulas("y1 ~ x", "y2 ~ z")'),
    ("y ~ x ; z ~ x ; w ~ x", 'gb.Formulas("y ~ x", "z ~ x", "w ~ x")'),
    ("y ~ x; sigma ~ z; nu ~ 1", 'gb.Formula("y ~ x", sigma="~ z", nu="~ 1")'),
    ("y ~ x; ziformula = ~ z", 'gb.Formula("y ~ x", zi="~ z")'),
    ("y ~ x + (1 | g);", 'Write "y ~ x + (1 | g)".'),
]


@pytest.mark.parametrize(("formula", "said"), SEVERAL)
def test_several_formulas_in_one_text_are_written_ready_to_paste(formula, said):
    with pytest.raises(gb.FormulaError) as caught:
        gb.ModelSpec.from_formula(formula)
    assert said in str(caught.value)
    if "gb.Formula" in said:
        names, rest = {"gb": gb}, str(caught.value).split("Write ")[-1].rstrip(".")
        written = eval(rest, names)  # noqa: S307
        assert isinstance(written, gb.Formula | gb.Formulas)
