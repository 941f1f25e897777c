"""A call of R as it was written in, the same in the words of this language out: dates, knots, survival times.

What is no listed spelling stays as it is, and is answered where calls are checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from glmm_bayes.spec.expressions import TESTS, Binary, Call, Expr, Flag, Name, Number, Text, Unary

_AS_NUMBER = ("as.numeric", "as.double", "as.integer")
#: What days are multiplied by, or divided by, to be each unit.
_UNITS = {
    "secs": ("*", 86_400.0),
    "mins": ("*", 1_440.0),
    "hours": ("*", 24.0),
    "days": ("*", 1.0),
    "weeks": ("/", 7.0),
}
#: The day from which R counts.
_EPOCH = Text("1970-01-01")

_WITH_SLASHES = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")


def rewritten(call: Call) -> Call:
    """Write a call in this language's words, if it is one of the listed spellings.

    Examples
    --------
    ``as.numeric(as.Date(a) - as.Date("2018-06-16"))`` is ``days_between(a, "2018-06-16")``.
    """
    rewrite = _SPELLINGS.get(call.function)
    written = rewrite(call) if rewrite else None
    if written is None:
        return call
    # As a term of its own a quotient would be two terms.
    return written if isinstance(written, Call) else Call("I", (written,), span=call.span)


def survival(expression: Expr) -> tuple[Expr, Call] | None:
    """Take ``Surv(time, event)`` apart: the time, and ``cens(1 - event)``; None for anything else.

    One that says more (two times, a type) is left for the message.
    """
    if not (isinstance(expression, Call) and expression.function == "Surv"):
        return None
    given = _bound(expression, "time", "event")
    if given is None or len(given) != 2:
        return None
    span, event = expression.span, given["event"]
    return given["time"], Call("cens", (Binary("-", Number(1.0, span=span), event, span=span),), span=span)


def rewritten_difference(difference: Binary) -> Binary | Call:
    """Write the difference of two dates as days; put a text that a column is compared with on the right."""
    left, right = difference.left, difference.right
    if difference.operator == "-" and (_is_date(left) or _is_date(right)):
        return _days(left, right, difference) or difference
    if difference.operator in ("==", "!=") and isinstance(left, Text) and isinstance(right, Name):
        return replace(difference, left=right, right=left)
    return difference


def _is_date(expression: Expr) -> bool:
    return isinstance(expression, Call) and expression.function == "as.Date" and not expression.options


def _plain(expression: Expr) -> Expr | None:
    """Return the column or the text that a date is made of."""
    if _is_date(expression):
        assert isinstance(expression, Call)
        expression = expression.arguments[0] if len(expression.arguments) == 1 else expression
        if isinstance(expression, Text) and _WITH_SLASHES.fullmatch(expression.value):
            # The second form that R reads without being told.
            expression = replace(expression, value=expression.value.replace("/", "-"))
    return expression if isinstance(expression, Name | Text) else None


def _days(later: Expr, earlier: Expr, written: Expr, function: str = "days_between") -> Call | None:
    first, second = _plain(later), _plain(earlier)
    if isinstance(first, Text) and isinstance(second, Name):
        days = Call(function, (second, first), span=written.span)
        return Call("I", (Unary("-", days, span=written.span),), span=written.span)
    if not isinstance(first, Name) or second is None:
        return None
    return Call(function, (first, second), span=written.span)


def _scaled(call: Call) -> Call | None:
    """Read R's flags of ``scale``: with the centre alone it is ``center``."""
    given = dict(zip(("center", "scale"), call.arguments[1:], strict=False)) | dict(call.options)
    if len(call.arguments) > 3 or set(given) - {"center", "scale"} or not call.arguments:
        return None
    centre, spread = given.get("center", Flag(True)), given.get("scale", Flag(True))
    if centre != Flag(True) or not isinstance(spread, Flag):
        return None
    return Call("scale" if spread.value else "center", call.arguments[:1], span=call.span)


def _relevel(call: Call) -> Call | None:
    """Name the reference of a factor."""
    given = [*call.arguments[1:], *(value for key, value in call.options if key == "ref")]
    if not call.arguments or len(given) != 1 or len(call.arguments) + len(call.options) != 2:
        return None
    factor, ref = call.arguments[0], given[0]
    if isinstance(factor, Name):
        return Call("C", (factor,), (("ref", ref),), span=call.span)
    if isinstance(factor, Call) and factor.function == "C" and "ref" not in dict(factor.options):
        return replace(factor, options=(*factor.options, ("ref", ref)), span=call.span)
    return None


def _as_number(call: Call) -> Call | Binary | None:
    """Take the number of a date, of a difference of dates in its units, of a test or of a column."""
    options = dict(call.options)
    if len(call.arguments) != 1 or set(options) - {"units"}:
        return None
    days = _number_of(call.arguments[0], options.get("units"), call)
    is_whole = isinstance(days, Call) and days.function == "days_between"
    if days is None or is_whole or call.function != "as.integer":
        return days
    return Call("as.integer", (days,), span=call.span)


def _number_of(inner: Expr, units: Expr | None, call: Call) -> Call | Binary | None:
    if _is_date(inner):
        return _days(inner, _EPOCH, call)
    if units is None and isinstance(inner, Name) and call.function != "as.integer":
        # Of numbers and flags; labels are refused where the column is read.
        return Call("I", (inner,), span=call.span)
    if units is None and isinstance(inner, Binary | Unary) and inner.operator in (*TESTS, "!"):
        return Call("I", (inner,), span=call.span)
    if units is None:
        return inner if isinstance(inner, Call | Binary) and _are_days(inner) else None
    if isinstance(inner, Call) and inner.function == "difftime":
        return _difftime(replace(inner, options=tuple({**dict(inner.options), "units": units}.items())))
    if isinstance(inner, Binary) and inner.operator == "-":
        inner = _days(inner.left, inner.right, inner, "days_since") or inner
    return _in_units(inner, units) if isinstance(inner, Call) and _are_days(inner) else None


def _are_days(expression: Expr) -> bool:
    """Tell whether an expression is the number of days between dates, or a share of it."""
    while isinstance(expression, Unary) or (isinstance(expression, Call) and expression.function == "I"):
        expression = expression.operand if isinstance(expression, Unary) else expression.arguments[0]
    if isinstance(expression, Binary) and expression.operator in ("*", "/"):
        return _are_days(expression.left) or (expression.operator == "*" and _are_days(expression.right))
    return isinstance(expression, Call) and expression.function in ("days_between", "days_since")


def _bound(call: Call, *names: str) -> dict[str, Expr] | None:
    """Match arguments with a function's as R does, names first; None if one is left over."""
    bound = dict(call.options)
    if set(bound) - set(names) or len(call.arguments) + len(bound) > len(names):
        return None
    free = [name for name in names if name not in bound]
    return bound | dict(zip(free, call.arguments, strict=False))


def _difftime(call: Call) -> Call | Binary | None:
    """Read a difference of times with its units said."""
    given = _bound(call, "time1", "time2", "units")
    if given is None or len(given) != 3:
        return None
    times = given["time1"], given["time2"]
    days = _days(*times, call, "days_between" if any(map(_is_date, times)) else "days_since")
    return None if days is None else _in_units(days, given["units"])


def _in_units(days: Call | Binary, units: Expr | None) -> Call | Binary | None:
    how = _UNITS.get(units.value) if isinstance(units, Text) else None
    if how is None:
        return None
    operator, size = how
    return days if size == 1.0 else Binary(operator, days, Number(size), span=days.span)


def _julian(call: Call) -> Call | None:
    given = _bound(call, "x", "origin")
    return _days(given["x"], given.get("origin", _EPOCH), call) if given and "x" in given else None


def _rcs(call: Call) -> Call | None:
    """Name the second argument by what it is: a number of knots, or the knots."""
    given = _bound(call, "x", "parms")
    if given is None or "parms" not in given or "x" not in given:
        return None
    parms = given["parms"]
    return replace(call, arguments=(given["x"],), options=(("knots" if _is_list(parms) else "nk", parms),))


def _average(call: Call) -> Call | None:
    """Leave out ``FUN = mean``, which is what ``ave`` takes anyway."""
    is_mean = call.options == (("FUN", Name("mean")),)
    return replace(call, options=()) if is_mean else None


def _is_list(value: Expr) -> bool:
    return isinstance(value, Call) and value.function == "c"


_SPELLINGS: Mapping[str, Callable[[Call], Call | Binary | None]] = MappingProxyType(
    {
        **dict.fromkeys(_AS_NUMBER, _as_number),
        "difftime": _difftime,
        "julian": _julian,
        "rcs": _rcs,
        "relevel": _relevel,
        "ave": _average,
        "scale": _scaled,
    }
)
