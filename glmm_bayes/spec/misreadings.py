"""A place where the grammar stopped in, an error in words out: what peers misread has its own sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.diagnosis import code_point, excerpt, formula_error
from glmm_bayes.spec.expressions import Binary, Span, Unary
from glmm_bayes.spec.peers import DISTANCES, STRUCTURES
from glmm_bayes.spec.several import parameter_names

_EXAMPLE = "Example: y ~ x + (1 | g)."
#: What others call the formulas of further parameters.
_OTHER_NAMES = {"ziformula": "zi", "dispformula": "sigma"}
_QUOTES = {"`": "backtick", '"': "quote", "'": "quote"}
# What the reader of a message calls the tokens that may come next.
_WORDS = (
    ({"PLUS", "STAR", "CARET"}, "an operator"),
    ({"TILDE"}, "'~'"),
    ({"COMMA"}, "','"),
    ({"RPAR"}, "')'"),
    ({"$END"}, "the end of the formula"),
)


@dataclass(frozen=True)
class Surprise:
    """A token that the grammar did not expect (empty terminal: the end of the text), and what it expected."""

    terminal: str
    token: str
    span: Span
    expected: frozenset[str]


def unexpected_character(text: str, position: int) -> FormulaError:
    """Explain a character that starts no token."""
    character = text[position]
    span = Span(position, position + 1)
    if character in _QUOTES:
        sentence = f"this {_QUOTES[character]} is not closed on its line, or nothing stands in it."
        return formula_error("formula_syntax", text, span, sentence, _EXAMPLE)
    if character == "%":
        return _percent(text, position)
    if character == ".":
        return _dot(text, position)
    if character == ";":
        return _second_formula(text, span)
    if character in "$[]@":
        sentence = f"'{character}' reaches into an object; a formula reads columns only."
        hint = "Compute the column first, and write its name."
        return formula_error("formula_misread", text, span, sentence, hint)
    sentence = f"a formula does not know the character '{character}' = {code_point(character)}."
    hint = f"If it belongs to a column's name, put the name in backticks. {_EXAMPLE}"
    return formula_error("formula_syntax", text, span, sentence, hint)


def _percent(text: str, position: int) -> FormulaError:
    operator = re.compile(r"%[^%\s]*%").match(text, position)
    span = Span(position, operator.end() if operator else position + 1)
    if operator and operator.group() == "%in%":
        sentence = "'%in%' is ignored by some packages and a product in others."
        hint = "Write g:x, or (1 | g/x) for nested groups."
        if re.compile(r"\s*c\s*\(").match(text, span.end):
            hint = 'A test stands in I(): I(x %in% c("a", "b")).'
        return formula_error("formula_misread", text, span, sentence, hint)
    sentence = f"'{excerpt(text, span)}' is not an operator of formulas."
    return formula_error("formula_syntax", text, span, sentence, "Compute the column first.")


def _dot(text: str, position: int) -> FormulaError:
    word = re.compile(r"\.[\w.]*").match(text, position)
    span = Span(position, word.end() if word else position + 1)
    if span.end - span.start > 1:
        name = text[span.start : span.end]
        sentence = f"'{excerpt(text, span)}' starts with a dot."
        return formula_error("formula_syntax", text, span, sentence, f"Put the name in backticks: `{name}`.")
    sentence = "'.' does not stand for all other columns."
    hint = "List the columns, as in y ~ a + b."
    return formula_error("formula_misread", text, span, sentence, hint)


def misplaced_logic(text: str, node: Binary | Unary) -> FormulaError:
    """Explain ``& | ! %in%`` in a place where no test is asked for; a bar may be a random effect's."""
    if isinstance(node, Unary):
        span = Span(node.span.start, node.span.start + 1)
    else:
        start = text.index(node.operator, node.left.span.end)
        span = Span(start, start + len(node.operator))
    if excerpt(text, span) == "%in%":
        return _percent(text, span.start)
    before = text[: span.start].rstrip()
    stray = _stray_bar(text, before, span) if excerpt(text, span) == "|" else None
    if stray:
        return stray
    sentence = f"'{excerpt(text, span)}' stands in tests only."
    return formula_error("formula_syntax", text, span, sentence, "Write I(x > 1 & z <= 2), or ifelse().")


def unexpected_token(text: str, surprise: Surprise) -> FormulaError:
    """Explain a token that cannot stand where it stands, or the end of the text."""
    known = _misread_token(text, surprise)
    if known:
        return known
    token = f"'{excerpt(text, surprise.span)}'" if surprise.terminal else "the end of the formula"
    sentence = f"expected {_expected(text, surprise)}, found {token}."
    return formula_error("formula_syntax", text, surprise.span, sentence, _syntax_hint(text, surprise))


def _misread_token(text: str, surprise: Surprise) -> FormulaError | None:
    before = text[: surprise.span.start].rstrip()
    if re.search(r"\bfunction\s*\([^()]*\)\Z", before):
        sentence = "a formula cannot define a function."
        hint = "Compute the column first, and write its name."
        return formula_error("formula_misread", text, surprise.span, sentence, hint)
    if surprise.terminal == "IN":
        return _percent(text, surprise.span.start)
    if surprise.terminal in ("BAR", "BARS"):
        return _stray_bar(text, before, surprise.span)
    if surprise.terminal == "RPAR" and before.endswith("|"):
        sentence = "the grouping factor is missing after the bar."
        return formula_error("formula_misread", text, surprise.span, sentence, "Write (1 | g).")
    if surprise.terminal == "TILDE" and _innermost_bracket(before) >= 0:
        sentence = "a formula inside a call: a formula has one '~', between response and predictors."
        hint = "Compute the column first, and write its name."
        return formula_error("formula_misread", text, surprise.span, sentence, hint)
    if surprise.terminal == "TILDE" and "~" in before:
        return _second_formula(text, surprise.span)
    return None


def _stray_bar(text: str, before: str, span: Span) -> FormulaError | None:
    opened = _innermost_bracket(before)
    if before.endswith("("):
        sentence = "nothing that varies stands before the bar."
        return formula_error("formula_misread", text, span, sentence, "Write (1 | g) or (x | g).")
    if opened < 0 and "~" in before:
        sentence = "a bar outside brackets: some packages ignore it and what follows."
        return formula_error("formula_misread", text, span, sentence, "Write (1 | g) or (x | g).")
    if opened > 0 and re.search(r"[\w.]\s*\Z", before[:opened]):
        structured = _structured(text, before, opened, span)
        if structured:
            return structured
        sentence = "a bar inside the arguments of a function."
        hint = "If a random effect is meant, write an operator before its bracket: x + (1 | g)."
        return formula_error("formula_misread", text, span, sentence, hint)
    return None


def _structured(text: str, before: str, opened: int, bar: Span) -> FormulaError | None:
    """Explain a covariance structure that stands around the bar, as glmmTMB has it."""
    called = re.search(r"[\w.]+\s*\Z", before[:opened])
    name = called.group().strip() if called else ""
    if called is None or name not in (*STRUCTURES, *DISTANCES):
        return None
    factor = re.compile(r"\s*([\w.:/]+)\s*\)").match(text, bar.end)
    effects = excerpt(text, Span(opened + 1, bar.start)).strip()
    group = factor.group(1) if factor else "g"
    written = f"y ~ x + {name}({effects} | {group}): a summand of its own, with one bar"
    if name in DISTANCES:
        written = '(1 | gr(point, structure = "matern", coordinates = cbind(x, y), nu = 0.5))'
    sentence = f"{name}() around a bar is a covariance structure in other packages."
    span = Span(called.start(), called.start() + len(name))
    return formula_error("formula_misread", text, span, sentence, f"Write {written}.")


def _innermost_bracket(before: str) -> int:
    """Return the position of the last bracket that is still open, or -1."""
    plain = re.sub(r"`[^`]*`|\"[^\"]*\"|'[^']*'", lambda quoted: " " * len(quoted.group()), before)
    closed = 0
    for position in range(len(plain) - 1, -1, -1):
        closed += plain[position] == ")"
        if plain[position] == "(":
            if closed == 0:
                return position
            closed -= 1
    return -1


def _second_formula(text: str, span: Span) -> FormulaError:
    sentence = "a second formula: one text holds one formula."
    return formula_error("formula_misread", text, span, sentence, _several(text))


def _several(text: str) -> str:
    """Write formulas that a semicolon separates as one model, ready to paste."""
    formulas = [_line(formula) for formula in _outside_quotes(text).split(";")]
    first, *further = [formula for formula in formulas if formula] or [""]
    if not further and len(formulas) > 1:
        return f'Write "{first}".'
    read = [re.fullmatch(r"([^\W\d][\w.]*)\s*=?\s*(~.*)", formula) for formula in further]
    names = [_OTHER_NAMES.get(match.group(1), match.group(1)) if match else "" for match in read]
    are_formulas = all(formula.count("~") == 1 and _is_balanced(formula) for formula in (first, *further))
    if further and are_formulas and all(read) and set(names) <= set(parameter_names()):
        rest = "".join(
            f', {name}="{match.group(2)}"' for name, match in zip(names, read, strict=True) if match
        )
        return f'Write gb.Formula("{first}"{rest}).'
    if further and are_formulas:
        return "Write gb.Formulas(" + ", ".join(f'"{formula}"' for formula in (first, *further)) + ")."
    return 'Write gb.Formula("y ~ x", sigma="~ z").'


def _is_balanced(part: str) -> bool:
    return part.count("(") == part.count(")") and _innermost_bracket(part) < 0


def _outside_quotes(text: str) -> str:
    """Return the text if no quote stands in it; what is quoted may hold a semicolon."""
    return "" if any(quote in text for quote in _QUOTES) else text


def _line(text: str) -> str:
    """Write a formula on one line, ready to paste."""
    return " ".join(text.split())


def _expected(text: str, surprise: Surprise) -> str:
    expected = surprise.expected
    if "NAME" in expected:
        if not text[: surprise.span.start].strip():
            return "a response"
        return "a column, a number or a function" if "STRING" in expected else "a term"
    if expected == {"NUMBER"}:
        return "a whole number from 1 to 8"
    if expected == {"LPAR"}:
        return "'('"
    alternatives = [word for tokens, word in _WORDS if tokens & expected]
    return (
        f"{', '.join(alternatives[:-1])} or {alternatives[-1]}"
        if len(alternatives) > 1
        else "".join(alternatives) or "something else"
    )


def _syntax_hint(text: str, surprise: Surprise) -> str:
    before = text[: surprise.span.start].rstrip()
    two_words = re.search(r"([^\W\d][\w.]*)\Z", before)
    if surprise.terminal == "NAME" and two_words and "NAME" not in surprise.expected:
        name = f"{two_words.group()} {surprise.token}"
        return f"A name with a blank in it goes in backticks: `{excerpt(name, Span(0, len(name)))}`."
    if surprise.terminal == "STRING":
        return "A column's name stands without quotes, or in backticks: `blood pressure`."
    if surprise.terminal == "EQUAL" and "~" not in before:
        return f"Response and predictors are parted by '~'. {_EXAMPLE}"
    return _EXAMPLE
