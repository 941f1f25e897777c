"""Text in, syntax tree out: the grammar of formulas, read without recursion and without evaluation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.diagnosis import code_point, excerpt, formula_error, is_hidden
from glmm_bayes.spec.expressions import FLAGS, Binary, Call, Expr, Flag, Name, Number, Span, Text, Unary
from glmm_bayes.spec.functions import ALIASES
from glmm_bayes.spec.misreadings import Surprise, unexpected_character, unexpected_token
from glmm_bayes.spec.rewrites import rewritten, rewritten_difference, survival

MAX_CHARACTERS = 20_000
MAX_DEPTH = 100

# Precedence is R's: ^ before : before %in% before * and / before + and -, comparisons, !, &, | (%in% and the
# last four inside calls only). Inside calls, and in the response, + - * / ^ are arithmetic. Combining marks
# are let into bare names: the builder composes them (NFC).
_GRAMMAR = r"""
start: response? "~" terms
response: expr ("|" addition ("+" addition)*)?
addition: NAME "(" arguments? ")"

?terms: product | (PLUS | MINUS) product -> sum
      | (PLUS | MINUS)? product ((PLUS | MINUS) product)+ -> sum
?product: interaction | interaction ((STAR | SLASH) interaction)+
?interaction: power | power (COLON power)+
?power: atom | atom (CARET | POWER) NUMBER
?atom: number | name | call | group | "(" terms ")"
group: "(" terms (BAR | BARS) terms ")" | "(" terms BAR NAME BAR terms ")" -> labelled

arguments: argument ("," argument)*
?argument: logic | NAME "=" logic -> option
?logic: both | logic BAR both -> binary
?both: negated | both AND negated -> binary
?negated: expr | NOT negated -> unary
?expr: sum_of | sum_of COMPARISON sum_of -> binary
?sum_of: product_of | sum_of (PLUS | MINUS) product_of -> binary
?product_of: member | product_of (STAR | SLASH) member -> binary
?member: joined | joined IN joined -> binary
?joined: signed | joined COLON signed -> binary
?signed: power_of | (MINUS | PLUS) signed -> unary
?power_of: operand | operand (CARET | POWER) signed -> binary
?operand: number | text | name | call | "(" logic ")"

call: NAME "(" arguments? ")"
name: NAME | QUOTED
number: NUMBER
text: STRING

NAME: /[^\W\d][\w.\u0300-\u036f]*(?:::[^\W\d][\w.]*)?/
QUOTED: /`(?:[^`\\\r\n]|\\[^\r\n])+`/
STRING: /"(?:[^"\\\r\n]|\\[^\r\n])*"/ | /'(?:[^'\\\r\n]|\\[^\r\n])*'/
NUMBER: /(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/
COMPARISON: "==" | "!=" | ">=" | "<=" | ">" | "<"
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
CARET: "^"
POWER: "**"
COLON: ":"
IN: "%in%"
AND: "&"
NOT: "!"
BAR: "|"
BARS: "||"
%ignore /\s+/
"""
_BRACKET = re.compile(r"`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[()]")


@dataclass(frozen=True)
class Sum:
    """Terms with their signs: ``a + b - a:b``."""

    summands: tuple[tuple[str, Syntax], ...]
    span: Span


@dataclass(frozen=True)
class Product:
    """Crossed and nested terms, grouped from the left: ``a*b/c``. The first operator is empty."""

    operands: tuple[tuple[str, Syntax], ...]
    span: Span


@dataclass(frozen=True)
class Interaction:
    """``a:b``."""

    factors: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True)
class Power:
    """``(a + b)^2``."""

    base: Syntax
    exponent: str
    span: Span


@dataclass(frozen=True)
class ParsedGroup:
    """``(effects | factor)``; the bar is ``|`` or ``||``, the label that of ``(1 |id| g)``."""

    effects: Syntax
    bar: str
    factor: Syntax
    label: str
    span: Span


Syntax = Expr | Sum | Product | Interaction | Power | ParsedGroup


@dataclass(frozen=True)
class ParsedResponse:
    """The left side: an expression, and calls after its bar; whether it was written as ``Surv()``."""

    expression: Expr
    additions: tuple[Call, ...]
    span: Span
    is_survival: bool = False


@dataclass(frozen=True)
class ParsedFormula:
    """A whole formula as it was written."""

    response: ParsedResponse | None
    terms: Syntax
    span: Span


@dataclass(frozen=True)
class _Option:
    key: str
    value: Expr


def parse(text: str) -> ParsedFormula:
    """Read a formula into its syntax tree.

    Parameters
    ----------
    text : str
        A formula of at most 20,000 characters, nested at most 100 deep.

    Returns
    -------
    ParsedFormula
        With the span of each node. What it means, and whether it means anything, is not decided here.

    Raises
    ------
    FormulaError
        If the text is not in the grammar, holds hidden characters, or is too large.
    """
    _check_text(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedCharacters as error:
        raise unexpected_character(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        raise unexpected_token(text, _surprise(text, error)) from None
    return _build(text, tree)


@cache
def _parser() -> Lark:
    # The basic lexer: a token is the same wherever it stands, which keeps messages simple.
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True)


def _check_text(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        sentence = f"the formula has {len(text)} characters (limit {MAX_CHARACTERS})."
        raise formula_error("formula_too_large", text[:80], Span(0, 1), sentence, "Compute columns first.")
    for position, character in enumerate(text):
        if is_hidden(character):
            span = Span(position, position + 1)
            sentence = f"a character that cannot be seen: {code_point(character)}."
            raise formula_error("formula_misread", text, span, sentence, "Remove it, or type the word anew.")
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += {"(": 1, ")": -1}.get(bracket.group(), 0)
        if depth > MAX_DEPTH:
            raise _too_deep(text, Span(*bracket.span()))


def _too_deep(text: str, span: Span) -> FormulaError:
    sentence = f"'{excerpt(text, span)}' is nested more than {MAX_DEPTH} deep."
    return formula_error("formula_too_large", text, span, sentence, "Compute the column first.")


def _surprise(text: str, error: UnexpectedToken) -> Surprise:
    token = error.token
    if token.type == "$END":
        end = len(text.rstrip())
        return Surprise("", "", Span(end, end + 1), frozenset(error.accepts))
    start = token.start_pos or 0
    return Surprise(token.type, str(token), Span(start, start + len(token)), frozenset(error.accepts))


def _build(text: str, tree: Tree[Token]) -> ParsedFormula:
    """Turn lark's tree into ours, children first: an explicit order instead of recursion."""
    built: dict[int, Any] = {}
    depths: dict[int, int] = {}
    node: Any = None
    for subtree in tree.iter_subtrees():
        span = Span(subtree.meta.start_pos, subtree.meta.end_pos)
        depth = 1 + max((depths.get(id(child), 0) for child in subtree.children), default=0)
        if depth > MAX_DEPTH:
            raise _too_deep(text, span)
        children = [built.get(id(child), child) for child in subtree.children]
        node = _BUILDERS[str(subtree.data)](children, span)
        built[id(subtree)], depths[id(subtree)] = node, depth
    result: ParsedFormula = node
    return result


def _start(children: list[Any], span: Span) -> ParsedFormula:
    return ParsedFormula(children[0] if len(children) > 1 else None, children[-1], span)


def _response(children: list[Any], span: Span) -> ParsedResponse:
    time_and_censoring = survival(children[0])
    if time_and_censoring is None:
        return ParsedResponse(children[0], tuple(children[1:]), span)
    time, censoring = time_and_censoring
    return ParsedResponse(time, (censoring, *children[1:]), span, is_survival=True)


def _word(token: Token) -> str:
    return unicodedata.normalize("NFC", str(token))


def _called(token: Token) -> str:
    """Return the name of a function; a package in front of it says where R finds it, and no more."""
    return _word(token).rpartition("::")[2]


def _call(children: list[Any], span: Span) -> Call:
    name = _called(children[0])
    arguments = children[1] if len(children) > 1 else []
    return Call(
        ALIASES.get(name, name),
        tuple(argument for argument in arguments if not isinstance(argument, _Option)),
        tuple((argument.key, argument.value) for argument in arguments if isinstance(argument, _Option)),
        span=span,
    )


def _function(children: list[Any], span: Span) -> Call:
    return rewritten(_call(children, span))


def _name(children: list[Any], span: Span) -> Name | Flag:
    token = str(children[0])
    if token in FLAGS:
        return Flag(token == FLAGS[0], span=span)
    word = _unquoted(token) if token.startswith("`") else token
    return Name(unicodedata.normalize("NFC", word), span=span)


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _sum(children: list[Any], span: Span) -> Sum:
    signed = children if isinstance(children[0], Token) else ["+", *children]
    return Sum(tuple(zip(map(str, signed[::2]), signed[1::2], strict=True)), span)


def _product(children: list[Any], span: Span) -> Product:
    signed = ["", *children]
    return Product(tuple(zip(map(str, signed[::2]), signed[1::2], strict=True)), span)


def _group(children: list[Any], span: Span) -> ParsedGroup:
    effects, bar, factor = children
    return ParsedGroup(effects, str(bar), factor, "", span)


def _labelled(children: list[Any], span: Span) -> ParsedGroup:
    effects, bar, label, _, factor = children
    return ParsedGroup(effects, str(bar), factor, _word(label), span)


def _binary(children: list[Any], span: Span) -> Binary | Call:
    left, operator, right = children
    return rewritten_difference(Binary("^" if operator == "**" else str(operator), left, right, span=span))


_BUILDERS: Mapping[str, Callable[[list[Any], Span], Any]] = {
    "start": _start,
    "response": _response,
    "addition": _call,
    "sum": _sum,
    "product": _product,
    "interaction": lambda children, span: Interaction(tuple(children[::2]), span),
    "power": lambda children, span: Power(children[0], str(children[2]), span),
    "group": _group,
    "labelled": _labelled,
    "arguments": lambda children, span: children,
    "option": lambda children, span: _Option(_word(children[0]), children[1]),
    "binary": _binary,
    "unary": lambda children, span: Unary(str(children[0]), children[1], span=span),
    "call": _function,
    "name": _name,
    "number": lambda children, span: Number(float(children[0]), span=span),
    "text": lambda children, span: Text(_unquoted(str(children[0])), span=span),
}
