"""The functions that a formula may call, as data; the design layer computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from glmm_bayes.spec.expressions import Expr, Flag, Number, Text


@dataclass(frozen=True)
class Option:
    """What may be written for one option of a function.

    Attributes
    ----------
    name : str
    needs : {"text", "flag", "count", "number", "numbers", "contrast", "expression"}
        Kind of its value; a count is a whole number from 1 to 50, numbers stand in ``c()``, an
        expression reads columns.
    default : Expr or None
        Left out of the canonical text.
    by_position : bool
        True if it may stand after the arguments without its name.
    is_argument : bool
        True if it is an argument in the canonical text, default or not: ``poly(x, 2)``.
    """

    name: str
    needs: str
    default: Expr | None = None
    by_position: bool = False
    is_argument: bool = False


@dataclass(frozen=True)
class Function:
    """What may be written for one function.

    Attributes
    ----------
    name : str
    role : {"elementwise", "stateful", "basis", "categorical", "monotonic", "response", "offset", ...}
        Elementwise functions need no memory; stateful ones learn something on the training rows; a
        basis makes several columns; categorical ones make levels; a monotonic one makes steps between
        levels; the others (``specific`` and ``addition`` are two more) stand in one place of a formula
        only.
    least, most : int
        How many arguments it takes, options left aside.
    options : tuple of Option
        In canonical order.
    example : str
        One correct call.
    of_column : bool
        True if the first argument must be a column.
    of_texts : bool
        True if the arguments after the first are texts.
    """

    name: str
    role: str
    least: int
    most: int
    options: tuple[Option, ...]
    example: str
    of_column: bool = False
    of_texts: bool = False

    def option(self, name: str) -> Option | None:
        """Return the option of a name, if there is one."""
        return next((option for option in self.options if option.name == name), None)


#: Means of a number over groups, learnt on the training rows; the rest of it within them.
GROUP_MEANS = ("ave", "between", "within")
#: What counts days from a date or from another column: with and without times of day.
DAYS = ("days_since", "days_between")
#: Calls in which ``&``, ``|``, ``!`` and ``%in%`` may stand.
OF_TESTS = ("I", "ifelse", "cens")
#: What a count may be at most.
MAX_COUNT = 50
#: Most arguments of a function that takes any number of them.
MAX_ARGUMENTS = 20
_MAX_LEVELS = 1000


def _table(*functions: Function) -> Mapping[str, Function]:
    return MappingProxyType({function.name: function for function in functions})


def _of_one(role: str, *names: str) -> tuple[Function, ...]:
    return tuple(Function(name, role, 1, 1, (), f"{name}(x)") for name in names)


_KNOTS = (Option("knots", "numbers"), Option("lower", "number"), Option("upper", "number"))
_DF = Option("df", "count", by_position=True)
_POLY = (Option("degree", "count", Number(1.0), True, True), Option("raw", "flag", Flag(False)))
_BS = (_DF, Option("degree", "count", Number(3.0)), *_KNOTS)
_BOUNDS = (Option("lb", "expression", by_position=True), Option("ub", "expression", by_position=True))
_RCS = (Option("nk", "count", Number(5.0)), Option("knots", "numbers"))
_C = (Option("contrast", "contrast", Text("treatment"), by_position=True), Option("ref", "text"))

#: What a formula may call, by canonical name.
FUNCTIONS: Mapping[str, Function] = _table(
    *_of_one("elementwise", "log", "log1p", "log2", "log10", "exp", "expm1", "sqrt", "abs"),
    *_of_one("elementwise", "sin", "cos", "asin", "abs2", "as.integer"),
    Function("pmin", "elementwise", 2, MAX_ARGUMENTS, (), "pmin(x, 10)"),
    Function("pmax", "elementwise", 2, MAX_ARGUMENTS, (), "pmax(x, 0)"),
    Function("I", "elementwise", 1, 1, (), "I(x^2)"),
    Function("ifelse", "elementwise", 3, 3, (), "ifelse(x > 2, 1, 0)"),
    Function("days_since", "elementwise", 2, 2, (), 'days_since(x, "2020-01-31")', True),
    Function("days_between", "elementwise", 2, 2, (), 'days_between(x, "2020-01-31")', True),
    *_of_one("stateful", "center", "scale", "standardize"),
    *(Function(name, "stateful", 2, MAX_ARGUMENTS, (), f"{name}(x, g)") for name in GROUP_MEANS),
    Function("poly", "basis", 1, 1, _POLY, "poly(x, 2)"),
    Function("bs", "basis", 1, 1, _BS, "bs(x, df = 5)"),
    Function("ns", "basis", 1, 1, (_DF, *_KNOTS), "ns(x, df = 4)"),
    Function("cr", "basis", 1, 1, (_DF,), "cr(x, df = 5)"),
    Function("rcs", "basis", 1, 1, _RCS, "rcs(x, nk = 5)"),
    Function("C", "categorical", 1, 1, _C, 'C(x, "sum", ref="a")', True),
    Function("ordered", "categorical", 3, _MAX_LEVELS, (), 'ordered(x, "low", "mid", "high")', True, True),
    Function("mo", "monotonic", 1, 1, (), "mo(x)"),
    Function("cs", "specific", 1, 1, (), "cs(x)"),
    Function("offset", "offset", 1, 1, (), "offset(log(x))"),
    Function("cbind", "response", 2, _MAX_LEVELS, (), "cbind(successes, failures)"),
    Function("success", "response", 2, 2, (), 'success(y, "yes")', True, True),
)

#: What may stand after the bar of the response.
ADDITIONS: Mapping[str, Function] = _table(
    Function("trials", "addition", 1, 1, (), "y | trials(n)"),
    Function("weights", "addition", 1, 1, (), "y | weights(w)"),
    Function("se", "addition", 1, 1, (Option("sigma", "flag", Flag(False)),), "y | se(s, sigma = TRUE)"),
    Function("cens", "addition", 1, 2, (), "y | cens(c, y2)"),
    Function("trunc", "addition", 0, 0, _BOUNDS, "y | trunc(lb = 0, ub = 5)"),
    Function("rate", "addition", 1, 1, (), "y | rate(e)"),
)

#: What other packages have and this release does not.
NOT_AVAILABLE: Mapping[str, str] = MappingProxyType(
    {
        "me": "The column itself is read as measured without error: write x.",
        "mi": 'Fill the missing values, or use missing="drop", which counts the rows that it leaves out.',
    }
)

#: What makes a grouping factor, with one correct term.
GROUPINGS: Mapping[str, str] = MappingProxyType({"gr": "(1 | gr(g, by = f))", "mm": "(1 | mm(a, b))"})

#: Contrasts of a categorical predictor.
CONTRASTS = ("treatment", "sum", "helmert", "poly")

#: Other spellings, and the canonical one.
ALIASES: Mapping[str, str] = MappingProxyType({"factor": "C", "as.factor": "C"})

#: Words that a formula reads in a way of their own: no function of a user has such a name.
TAKEN = frozenset({*FUNCTIONS, *ADDITIONS, *GROUPINGS, *ALIASES, "c", "function"})
