"""The functions that a formula may call, as data; the design layer computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Function:
    """What may be written for one function.

    Attributes
    ----------
    name : str
    kind : {"elementwise", "stateful", "categorical", "response", "offset", "addition"}
        Elementwise functions need no memory; stateful ones learn something on the training rows;
        categorical ones make levels; the others stand in one place of a formula only.
    least, most : int
        How many positional arguments it takes.
    options : tuple of str
        Names of its options; the value of each is a text.
    example : str
        One correct call.
    """

    name: str
    kind: str
    least: int
    most: int
    options: tuple[str, ...]
    example: str


def _table(*functions: Function) -> Mapping[str, Function]:
    return MappingProxyType({function.name: function for function in functions})


def _elementwise(*names: str) -> tuple[Function, ...]:
    return tuple(Function(name, "elementwise", 1, 1, (), f"{name}(x)") for name in names)


#: What a formula may call, by canonical name.
FUNCTIONS: Mapping[str, Function] = _table(
    *_elementwise("log", "log1p", "log2", "log10", "exp", "expm1", "sqrt", "abs"),
    Function("I", "elementwise", 1, 1, (), "I(x^2)"),
    Function("center", "stateful", 1, 1, (), "center(x)"),
    Function("scale", "stateful", 1, 1, (), "scale(x)"),
    Function("C", "categorical", 1, 1, ("ref",), 'C(x, ref="a")'),
    Function("offset", "offset", 1, 1, (), "offset(log(x))"),
    Function("cbind", "response", 2, 2, (), "cbind(successes, failures)"),
    Function("success", "response", 2, 2, (), 'success(y, "yes")'),
)

#: What may stand behind the bar of the response.
ADDITIONS: Mapping[str, Function] = _table(Function("trials", "addition", 1, 1, (), "y | trials(n)"))

#: Other spellings, and the canonical one.
ALIASES: Mapping[str, str] = MappingProxyType({"factor": "C"})

#: Functions of grouping factors that other packages have and this release does not.
NOT_AVAILABLE = frozenset({"gr", "mm"})
