"""The words of a formula as immutable values: names, numbers, texts, flags, calls and arithmetic.

Each node prints itself in one canonical spelling, so that the text is a key: two expressions are
equal exactly when their spellings are. Positions are kept for messages and ignored in comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_BARE_NAME = re.compile(r"[^\W\d][\w.]*\Z")
# Binding strength of the operators, for canonical brackets.
_STRENGTH = {
    "|": -2,
    "&": -1,
    "==": 1,
    "!=": 1,
    ">=": 1,
    "<=": 1,
    ">": 1,
    "<": 1,
    "+": 2,
    "-": 2,
    "*": 3,
    "/": 3,
    "%in%": 4,
    ":": 5,
    "^": 7,
}
#: What is true or false in each row.
TESTS = frozenset({"==", "!=", ">=", "<=", ">", "<", "%in%", "&", "|"})
#: What joins tests, or asks for one of several values: inside few calls only.
LOGIC = frozenset({"&", "|", "!", "%in%"})
_UNARY_STRENGTH, _NOT_STRENGTH = 6, 0
#: Those of comparisons and of %in%, of which two do not stand in one row.
_ALONE = (1, 4)
#: Words that are flags where they stand bare.
FLAGS = ("TRUE", "FALSE")


@dataclass(frozen=True)
class Span:
    """Where a node stands in the formula: first character (0-based) and one past the last."""

    start: int
    end: int


_NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class Expr:
    """An expression of a formula: a name, a number, a text, a flag, a call, or arithmetic of these."""

    span: Span = field(default=_NOWHERE, compare=False, repr=False, kw_only=True)

    @property
    def strength(self) -> int:
        """How strongly the outermost operator binds (9 for an atom)."""
        return 9

    def names(self) -> tuple[str, ...]:
        """List the columns that the expression reads, each once, in order of appearance."""
        return ()


@dataclass(frozen=True)
class Name(Expr):
    """A column of the data."""

    name: str

    def __str__(self) -> str:
        return quote(self.name)

    def names(self) -> tuple[str, ...]:
        return (self.name,)


@dataclass(frozen=True)
class Number(Expr):
    """A number."""

    value: float

    def __str__(self) -> str:
        is_integer = abs(self.value) < 1e15 and self.value == int(self.value)
        return str(int(self.value)) if is_integer else repr(self.value)


@dataclass(frozen=True)
class Text(Expr):
    """A text in quotes: a level, a contrast's name."""

    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'


@dataclass(frozen=True)
class Flag(Expr):
    """TRUE or FALSE: the value of an option."""

    value: bool

    def __str__(self) -> str:
        return FLAGS[not self.value]


@dataclass(frozen=True)
class Unary(Expr):
    """A sign in front of an expression, or ``!`` in front of a test."""

    operator: str
    operand: Expr

    @property
    def strength(self) -> int:
        return _NOT_STRENGTH if self.operator == "!" else _UNARY_STRENGTH

    def __str__(self) -> str:
        return f"{self.operator}{_bracketed(self.operand, self.strength)}"

    def names(self) -> tuple[str, ...]:
        return self.operand.names()


@dataclass(frozen=True)
class Binary(Expr):
    """Arithmetic, a comparison or ``&`` and ``|`` of two expressions (inside calls only).

    ``a:b`` stands in ``gr()`` alone.
    """

    operator: str
    left: Expr
    right: Expr

    @property
    def strength(self) -> int:
        return _STRENGTH[self.operator]

    def __str__(self) -> str:
        # ^ groups from the right, arithmetic from the left, comparisons not at all.
        from_right = self.operator == "^"
        left = _bracketed(self.left, self.strength + (from_right or self.strength in _ALONE))
        right = _bracketed(self.right, self.strength + (not from_right))
        blank = "" if self.operator in "^:" else " "
        return f"{left}{blank}{self.operator}{blank}{right}"

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.left.names() + self.right.names()))


@dataclass(frozen=True)
class Call(Expr):
    """A listed function of columns, with positional and named arguments."""

    function: str
    arguments: tuple[Expr, ...] = ()
    options: tuple[tuple[str, Expr], ...] = ()

    def __str__(self) -> str:
        arguments = [str(argument) for argument in self.arguments]
        arguments += [f"{key} = {value}" for key, value in self.options]
        return f"{self.function}({', '.join(arguments)})"

    def names(self) -> tuple[str, ...]:
        values = self.arguments + tuple(value for _, value in self.options)
        return tuple(dict.fromkeys(name for value in values for name in value.names()))


def calls_in(expression: Expr) -> Iterator[Call]:
    """Give every call of an expression, the outer ones first."""
    pending = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, Call):
            yield node
            pending += node.arguments
        elif isinstance(node, Binary):
            pending += (node.right, node.left)
        elif isinstance(node, Unary):
            pending.append(node.operand)


def quote(name: str) -> str:
    """Write a column's name as a formula must hold it: bare if it can be, else in backticks."""
    bare = _BARE_NAME.match(name) and name not in FLAGS
    return name if bare else "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _bracketed(expression: Expr, strength: int) -> str:
    text = str(expression)
    return f"({text})" if expression.strength < strength else text
