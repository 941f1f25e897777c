"""An expression as it was read in, its canonical form out, or the error that says what cannot be computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import misspelt, suggestion
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import (
    LOGIC,
    TESTS,
    Binary,
    Call,
    Expr,
    Flag,
    Name,
    Number,
    Span,
    Text,
    Unary,
)
from glmm_bayes.spec.functions import (
    ADDITIONS,
    DAYS,
    FUNCTIONS,
    GROUP_MEANS,
    GROUPINGS,
    NOT_AVAILABLE,
    OF_TESTS,
    Function,
)
from glmm_bayes.spec.misreadings import misplaced_logic
from glmm_bayes.spec.peers import ADDITIONS as PEER_ADDITIONS
from glmm_bayes.spec.peers import FUNCTIONS as PEERS
from glmm_bayes.spec.signatures import canonical, is_number, literal, wrong_call
from glmm_bayes.spec.transforms import TRANSFORMS, transform

#: Kinds of functions that make one number of each row.
NUMERIC = frozenset({"elementwise", "stateful"})
#: Kinds that may stand as a term, and as the whole response.
PREDICTOR = NUMERIC | {"basis", "categorical", "monotonic"}
RESPONSE = NUMERIC | {"response"}
#: Calls that say how the levels of a response are read.
OF_LEVELS = ("C", "ordered")

#: How much a function must look like another to be taken for it.
_ALIKE, _SHORT = 0.8, 3
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
    "addition": ("stands after the bar of the response.", "Write y | {call} ~ x."),
}


def check_expression(text: str, expression: Expr, roles: frozenset[str], is_test: bool = False) -> Expr:
    """Check that an expression calls known functions only, with fitting arguments, in their places.

    Parameters
    ----------
    text : str
        The formula, for messages.
    expression : Expr
    roles : frozenset of str
        Roles of functions that may stand outermost; inside are numeric ones only.
    is_test : bool
        Whether ``& | ! %in%`` may stand outermost.

    Returns
    -------
    Expr
        The same, with the outermost call in canonical form. Calls inside have no options.

    Raises
    ------
    FormulaError
        At the first thing that cannot be computed.
    """
    if not (isinstance(expression, Call) or is_test):
        check_logic(text, expression)
    result = _check_node(text, expression, roles)
    # A stack instead of recursion, so that depth is no limit here.
    pending = list(reversed(list(_parts(result))))
    while pending:
        node = _check_node(text, pending.pop(), NUMERIC)
        pending += reversed(list(_parts(node)))
    return result


def check_addition(text: str, call: Call) -> Call:
    """Check a call after the response's bar, and give its canonical form."""
    if call.function not in ADDITIONS:
        raise _unknown(text, call, ADDITIONS)
    function = ADDITIONS[call.function]
    result = canonical(text, call, function)
    read = [option.name for option in function.options if option.needs == "expression"]
    for part in (*result.arguments, *(value for key, value in result.options if key in read)):
        check_expression(text, part, NUMERIC, call.function in OF_TESTS)
    return result


def _check_node(text: str, node: Expr, roles: frozenset[str]) -> Expr:
    if isinstance(node, Call):
        return _check_call(text, node, roles)
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
    if isinstance(node, Binary | Unary) and node.operator in LOGIC:
        _check_tests(text, node)
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
        if not level and node.operator != "%in%":
            yield node.right
    elif isinstance(node, Call) and node.function == "mo":
        yield from node.arguments if isinstance(node.arguments[0], Name) else _parts(node.arguments[0])
    elif isinstance(node, Call):
        yield from node.arguments[:1] if _of_words(node) else node.arguments


def _of_words(call: Call) -> bool:
    """Tell whether what stands after the first argument is a date, levels or groups."""
    is_listed = call.function in FUNCTIONS and FUNCTIONS[call.function].of_texts
    return is_listed or call.function in (*DAYS, *GROUP_MEANS)


def _check_call(text: str, call: Call, roles: frozenset[str]) -> Call:
    function = FUNCTIONS.get(call.function) or ADDITIONS.get(call.function) or transform(call.function)
    if call.function not in OF_TESTS:
        for argument in (*call.arguments, *(value for _, value in call.options)):
            check_logic(text, argument)
    if function is None:
        raise _unknown(text, call, FUNCTIONS)
    if function.role not in roles:
        sentence, hint = _MISPLACED[function.role]
        span = _name_span(text, call)
        written = excerpt(text, span)
        hint = hint.replace("{call}", excerpt(text, call.span))
        raise formula_error("formula_function", text, span, f"{written}() {sentence}", hint)
    result = canonical(text, call, function)
    return _check_monotonic(text, result, function) if function.role == "monotonic" else result


def check_logic(text: str, expression: Expr) -> None:
    """Refuse ``& | ! %in%`` where no test is asked for; calls inside are checked by themselves."""
    pending = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, Binary | Unary) and node.operator in LOGIC:
            raise misplaced_logic(text, node)
        if isinstance(node, Binary):
            pending += (node.right, node.left)
        elif isinstance(node, Unary):
            pending.append(node.operand)


def _check_tests(text: str, node: Binary | Unary) -> None:
    """Check what ``& | !`` join, and the values after ``%in%``."""
    if isinstance(node, Binary) and node.operator == "%in%":
        values = literal(node.right)
        listed = values.arguments if isinstance(values, Call) and values.function == "c" else (values,)
        if not listed or not all(isinstance(value, Text) or is_number(value) for value in listed):
            sentence = f"expected the values after '%in%', found '{excerpt(text, node.right.span)}'."
            hint = 'Write I(g %in% c("a", "b")).'
            raise formula_error("formula_syntax", text, node.right.span, sentence, hint)
        if any(isinstance(value, Text) for value in listed) and not isinstance(node.left, Name):
            sentence = f"texts are levels of a column, and '{excerpt(text, node.left.span)}' is computed."
            raise formula_error("formula_syntax", text, node.left.span, sentence, "Write numbers: c(1, 2).")
        return
    for part in (node.left, node.right) if isinstance(node, Binary) else (node.operand,):
        is_test = isinstance(part, Name) or (
            isinstance(part, Binary | Unary) and part.operator in (*TESTS, "!")
        )
        if not is_test:
            if isinstance(node, Binary) and node.operator == "|":
                raise misplaced_logic(text, node)
            sentence = f"'{excerpt(text, part.span)}' is no test: compare it with something."
            raise formula_error("formula_syntax", text, part.span, sentence, "Write I(x > 1 & z <= 2).")


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
        sentence = f"{name}() makes a grouping factor; it stands after a bar in brackets."
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
        hint = PEER_ADDITIONS.get(name) or f"{misspelt(name, known)} Allowed: {', '.join(known)}.".strip()
        return formula_error(
            "formula_function", text, span, f"'{written}' is not an addition to the response.", hint
        )
    names = [*known, *TRANSFORMS]
    hint = (
        f"{misspelt(name, names) or _near(name, names)} Allowed: {', '.join(names)}. "
        f'Compute the column first, or gb.register_transform("{written}", f).'
    )
    sentence = f"'{written}' is not a formula function."
    return formula_error("formula_function", text, span, sentence, hint.strip())


def _near(name: str, names: list[str]) -> str:
    return suggestion(name, names, _ALIKE) if len(name) > _SHORT else ""


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
    """Make the error that says that the language has something which this release cannot fit."""
    sentence = f"{what} is not available in this release."
    return formula_error("not_available", text, span, sentence, hint)


def _name_span(text: str, call: Call) -> Span:
    bracket = text.find("(", call.span.start)
    name = text[call.span.start : bracket].rstrip()
    return Span(call.span.start, call.span.start + len(name))
