"""An expression as it was read in, its canonical form out, or the error that says what cannot be computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import suggestion
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Binary, Call, Expr, Flag, Name, Number, Span, Text, Unary
from glmm_bayes.spec.functions import ADDITIONS, FUNCTIONS, GROUPINGS, NOT_AVAILABLE, Function
from glmm_bayes.spec.peers import FUNCTIONS as PEERS
from glmm_bayes.spec.signatures import canonical, wrong_call
from glmm_bayes.spec.transforms import TRANSFORMS, transform

#: Kinds of functions that make one number of each row.
NUMERIC = frozenset({"elementwise", "stateful"})
#: Kinds that may stand as a term, and as the whole response.
PREDICTOR = NUMERIC | {"basis", "categorical", "monotonic"}
RESPONSE = NUMERIC | {"response"}
#: Calls that say how the levels of a response are read.
OF_LEVELS = ("C", "ordered")

_MISPLACED = {
    "basis": (
        "makes several columns; it cannot be computed with here.",
        "Use it as a term or as a factor of one: y ~ poly(x, 2), y ~ bs(x, df = 4):f.",
    ),
    "categorical": (
        "makes levels of a column; it cannot be computed with here.",
        'Use it as a term, y ~ C(x); as a response write success(y, "yes") ~ x.',
    ),
    "monotonic": (
        "makes a step from each level to the next; it cannot be computed with here.",
        "Use it as a term or as a factor of one: y ~ mo(x), y ~ mo(x):z.",
    ),
    "response": ("is the whole left side of a formula.", 'Write cbind(s, f) ~ x, or success(y, "yes") ~ x.'),
    "offset": ("is a summand of its own in the fixed part.", "Write y ~ x + offset(log(z))."),
    "specific": ("is a summand of its own in the fixed part.", "Write y ~ x + cs(z), or cs(z:f)."),
    "addition": ("stands behind the bar of the response.", "Write y | trials(n) ~ x."),
}


def check_expression(text: str, expression: Expr, kinds: frozenset[str]) -> Expr:
    """Check that an expression calls known functions only, with fitting arguments, in their places.

    Parameters
    ----------
    text : str
        The formula, for messages.
    expression : Expr
    kinds : frozenset of str
        Kinds of functions that may stand outermost; inside are numeric ones only.

    Returns
    -------
    Expr
        The same, with the outermost call in canonical form. Calls inside have no options.

    Raises
    ------
    FormulaError
        At the first thing that cannot be computed.
    """
    result = _check_node(text, expression, kinds)
    # A stack instead of recursion, so that depth is no limit here.
    pending = list(reversed(list(_parts(result))))
    while pending:
        node = _check_node(text, pending.pop(), NUMERIC)
        pending += reversed(list(_parts(node)))
    return result


def check_addition(text: str, call: Call) -> Call:
    """Check a call behind the response's bar, and give its canonical form."""
    if call.function not in ADDITIONS:
        raise _unknown(text, call, ADDITIONS)
    function = ADDITIONS[call.function]
    result = canonical(text, call, function)
    read = [option.name for option in function.options if option.needs == "expression"]
    for part in (*result.arguments, *(value for key, value in result.options if key in read)):
        check_expression(text, part, NUMERIC)
    return result


def _check_node(text: str, node: Expr, kinds: frozenset[str]) -> Expr:
    if isinstance(node, Call):
        return _check_call(text, node, kinds)
    if isinstance(node, Number) and not math.isfinite(node.value):
        raise formula_error("formula_syntax", text, node.span, "this number is too large.")
    if isinstance(node, Text):
        sentence = f"found the text '{excerpt(text, node.span)}' where a column or a number is needed."
        hint = 'Texts are levels: I(g == "a"), C(g, ref="a"), success(y, "yes").'
        raise formula_error("formula_syntax", text, node.span, sentence, hint)
    if isinstance(node, Flag):
        sentence = f"{node} is the value of an option, found where a column or a number is needed."
        hint = f"A column of that name stands in backticks: `{node}`; a column x of flags is x itself."
        raise formula_error("formula_syntax", text, node.span, sentence, hint)
    if isinstance(node, Binary) and node.operator == ":":
        sentence = "':' is no arithmetic: it joins terms, outside of calls and right of the '~'."
        hint = "Write log(a):log(b) for an interaction, I(a * b) for a product."
        raise formula_error("formula_misread", text, node.span, sentence, hint)
    return node


def _parts(node: Expr) -> Iterator[Expr]:
    """Give what is computed inside a node; texts that are levels or dates are left out."""
    if isinstance(node, Unary):
        yield node.operand
    elif isinstance(node, Binary):
        yield node.left
        level = node.operator in ("==", "!=") and isinstance(node.left, Name) and isinstance(node.right, Text)
        if not level:
            yield node.right
    elif isinstance(node, Call) and node.function == "mo":
        yield from node.arguments if isinstance(node.arguments[0], Name) else _parts(node.arguments[0])
    elif isinstance(node, Call):
        yield from node.arguments[:1] if _of_texts(node) else node.arguments


def _of_texts(call: Call) -> bool:
    return call.function in FUNCTIONS and FUNCTIONS[call.function].of_texts


def _check_call(text: str, call: Call, kinds: frozenset[str]) -> Call:
    function = FUNCTIONS.get(call.function) or ADDITIONS.get(call.function) or transform(call.function)
    if function is None:
        raise _unknown(text, call, FUNCTIONS)
    if function.kind not in kinds:
        sentence, hint = _MISPLACED[function.kind]
        span = _name_span(text, call)
        written = excerpt(text, span)
        raise formula_error("formula_function", text, span, f"{written}() {sentence}", hint)
    result = canonical(text, call, function)
    return _check_monotonic(text, result, function) if function.kind == "monotonic" else result


def _check_monotonic(text: str, call: Call, function: Function) -> Call:
    """Read ``mo(ordered(x, ...))`` with its levels; its column is what is left to be checked."""
    inner = call.arguments[0]
    if isinstance(inner, Call) and inner.function == "ordered":
        return replace(call, arguments=(_check_call(text, inner, frozenset({"categorical"})),))
    if not isinstance(inner, Name):
        sentence = f"mo() takes a column or ordered() of one, found '{excerpt(text, inner.span)}'."
        raise wrong_call(text, inner.span, sentence, function)
    return call


def _unknown(text: str, call: Call, known: Mapping[str, Function]) -> FormulaError:
    """Say that a function is not on the list, and what was probably meant."""
    name, span = call.function, _name_span(text, call)
    written = excerpt(text, span)
    if name in NOT_AVAILABLE:
        return not_available(text, call.span, f"{name}()", NOT_AVAILABLE[name])
    if name in GROUPINGS:
        sentence = f"{name}() makes a grouping factor; it stands behind a bar in brackets."
        return formula_error("formula_function", text, span, sentence, f"Write {GROUPINGS[name]}.")
    if name == "c":
        sentence = "c() is the value of an option only."
        return formula_error("formula_function", text, span, sentence, "Write bs(x, knots = c(1, 2)).")
    if name == "function":
        sentence = "a formula cannot define a function."
        return formula_error("formula_misread", text, span, sentence, "Compute the column first.")
    if name in PEERS and known is not ADDITIONS:
        sentence = f"{written}() is a function of other packages, not of this formula language."
        return formula_error("formula_function", text, span, sentence, PEERS[name])
    if "." in name:
        return _attribute(text, call, span)
    if known is ADDITIONS:
        hint = f"{suggestion(name, known)} Allowed: {', '.join(known)}.".strip()
        return formula_error(
            "formula_function", text, span, f"'{written}' is not an addition to the response.", hint
        )
    names = [*known, *TRANSFORMS]
    hint = (
        f"{suggestion(name, names)} Allowed: {', '.join(names)}. "
        f'Compute the column first, or gb.register_transform("{written}", f).'
    )
    sentence = f"'{written}' is not a formula function."
    return formula_error("formula_function", text, span, sentence, hint.strip())


def _attribute(text: str, call: Call, span: Span) -> FormulaError:
    """Refuse ``np.log(x)`` and ``x.mean()``."""
    arguments = text[span.end : call.span.end].strip()
    tail = call.function.rsplit(".", 1)[1]
    call_text = excerpt(f"{tail}{arguments}", Span(0, len(tail) + len(arguments)))
    is_known = tail in FUNCTIONS or tail in TRANSFORMS
    remedy = f"Write {call_text}." if is_known and arguments != "()" else "Compute the column first."
    sentence = f"'{excerpt(text, span)}' reaches into an object; a formula calls listed functions only."
    return formula_error("formula_misread", text, span, sentence, remedy)


def not_available(text: str, span: Span, what: str, hint: str) -> FormulaError:
    """Say that the language has something that this release cannot fit."""
    sentence = f"{what} is not available in this release."
    return formula_error("not_available", text, span, sentence, hint)


def _name_span(text: str, call: Call) -> Span:
    bracket = text.find("(", call.span.start)
    name = text[call.span.start : bracket].rstrip()
    return Span(call.span.start, call.span.start + len(name))
