"""An expression as it was read in; nothing out, or the error that says which call cannot be computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import suggestion
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Binary, Call, Expr, Name, Number, Span, Text, Unary
from glmm_bayes.spec.functions import ADDITIONS, FUNCTIONS, NOT_AVAILABLE, Function

#: Kinds of functions that make one number of each row.
NUMERIC = frozenset({"elementwise", "stateful"})
#: Kinds that may stand as a term, and as the whole response.
PREDICTOR = NUMERIC | {"categorical"}
RESPONSE = NUMERIC | {"response"}

_MISPLACED = {
    "categorical": (
        "makes levels of a column; it cannot be computed with here.",
        'Use it as a term, y ~ C(x); as a response write success(y, "yes") ~ x.',
    ),
    "response": ("is the whole left side of a formula.", 'Write cbind(s, f) ~ x, or success(y, "yes") ~ x.'),
    "offset": ("is a summand of its own in the fixed part.", "Write y ~ x + offset(log(z))."),
    "addition": ("stands behind the bar of the response.", "Write y | trials(n) ~ x."),
}


def check_expression(text: str, expression: Expr, kinds: frozenset[str]) -> None:
    """Check that an expression calls listed functions only, with fitting arguments, in their places.

    Parameters
    ----------
    text : str
        The formula, for messages.
    expression : Expr
    kinds : frozenset of str
        Kinds of functions that may stand outermost; inside are numeric ones only.

    Raises
    ------
    FormulaError
        At the first thing that cannot be computed.
    """
    # A stack instead of recursion, so that depth is no limit here.
    pending = [(expression, kinds)]
    while pending:
        node, allowed = pending.pop()
        if isinstance(node, Call):
            _check_call(text, node, allowed)
        elif isinstance(node, Number) and not math.isfinite(node.value):
            raise formula_error("formula_syntax", text, node.span, "this number is too large.")
        elif isinstance(node, Text):
            sentence = f"found the text '{excerpt(text, node.span)}' where a column or a number is needed."
            hint = 'Texts are levels: I(g == "a"), C(g, ref="a"), success(y, "yes").'
            raise formula_error("formula_syntax", text, node.span, sentence, hint)
        pending += [(part, NUMERIC) for part in reversed(list(_parts(node)))]


def check_addition(text: str, call: Call) -> None:
    """Check a call behind the response's bar."""
    if call.function not in ADDITIONS:
        raise _unknown(text, call, ADDITIONS)
    _check_arguments(text, call, ADDITIONS[call.function])
    for argument in call.arguments:
        check_expression(text, argument, NUMERIC)


def _parts(node: Expr) -> Iterator[Expr]:
    """Give what is computed inside a node; texts that are levels are left out."""
    if isinstance(node, Unary):
        yield node.operand
    elif isinstance(node, Binary):
        yield node.left
        level = node.operator in ("==", "!=") and isinstance(node.left, Name) and isinstance(node.right, Text)
        if not level:
            yield node.right
    elif isinstance(node, Call):
        yield from node.arguments[:1] if node.function == "success" else node.arguments


def _check_call(text: str, call: Call, kinds: frozenset[str]) -> None:
    function = FUNCTIONS.get(call.function)
    if function is None and call.function in ADDITIONS:
        function = ADDITIONS[call.function]
    if function is None:
        raise _unknown(text, call, FUNCTIONS)
    if function.kind not in kinds:
        sentence, hint = _MISPLACED[function.kind]
        span = _name_span(text, call)
        written = excerpt(text, span)
        raise formula_error("formula_function", text, span, f"{written}() {sentence}", hint)
    _check_arguments(text, call, function)


def _check_arguments(text: str, call: Call, function: Function) -> None:
    for key, value in call.options:
        if key not in function.options:
            near = suggestion(key, function.options)
            sentence = f"{function.name}() has no option '{key}'. {near}".rstrip()
            raise _wrong_arguments(text, call.span, sentence, function)
        if not isinstance(value, Text):
            sentence = f"the option '{key}' of {function.name}() must be a text in quotes."
            raise _wrong_arguments(text, value.span, sentence, function)
    if len({key for key, _ in call.options}) < len(call.options):
        raise _wrong_arguments(text, call.span, "an option is given twice.", function)
    found = len(call.arguments)
    if not function.least <= found <= function.most:
        count = f"{function.least} argument{'s' * (function.least > 1)}"
        sentence = f"{function.name}() takes {count}, found {found}."
        raise _wrong_arguments(text, call.span, sentence, function)
    if function.name in ("C", "success") and not isinstance(call.arguments[0], Name):
        sentence = f"{function.name}() takes a column, found '{excerpt(text, call.arguments[0].span)}'."
        raise _wrong_arguments(text, call.arguments[0].span, sentence, function)
    if function.name == "success" and not isinstance(call.arguments[1], Text):
        sentence = "the level that counts as success must be a text in quotes."
        raise _wrong_arguments(text, call.arguments[1].span, sentence, function)


def _wrong_arguments(text: str, span: Span, sentence: str, function: Function) -> FormulaError:
    return formula_error("formula_function", text, span, sentence, f"Example: {function.example}.")


def _unknown(text: str, call: Call, known: Mapping[str, Function]) -> FormulaError:
    """Say that a function is not on the list, and what was probably meant."""
    name, span = call.function, _name_span(text, call)
    if name in NOT_AVAILABLE:
        return not_available(text, call.span, f"{name}()")
    arguments = text[call.span.start + len(name) : call.span.end].strip()
    if name == "function":
        sentence = "a formula cannot define a function."
        return formula_error("formula_misread", text, span, sentence, "Compute the column first.")
    if "." in name:
        tail = name.rsplit(".", 1)[1]
        call_text = excerpt(f"{tail}{arguments}", Span(0, len(tail) + len(arguments)))
        remedy = f"Write {call_text}." if tail in known and arguments != "()" else "Compute the column first."
        sentence = f"'{name}' reaches into an object; a formula calls listed functions only."
        return formula_error("formula_misread", text, span, sentence, remedy)
    near = suggestion(name, known)
    hint = f"{near} Allowed: {', '.join(known)}. Compute the column first if it is none of these.".strip()
    role = "an addition to the response" if known is ADDITIONS else "a formula function"
    return formula_error("formula_function", text, span, f"'{name}' is not {role}.", hint)


def not_available(text: str, span: Span, what: str) -> FormulaError:
    """Say that the language has something that this release cannot fit."""
    sentence = f"{what} is not available in this release."
    return formula_error("not_available", text, span, sentence, "Write (1 | g) or (x | g).")


def _name_span(text: str, call: Call) -> Span:
    bracket = text.find("(", call.span.start)
    name = text[call.span.start : bracket].rstrip()
    return Span(call.span.start, call.span.start + len(name))
