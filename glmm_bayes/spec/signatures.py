"""A call as it was written in, its canonical form out: arguments counted, options checked and ordered."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import misspelt, suggestion
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import TESTS, Binary, Call, Expr, Flag, Name, Number, Span, Text, Unary
from glmm_bayes.spec.functions import CONTRASTS, DAYS, GROUP_MEANS, MAX_COUNT, Function, Option

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
#: Of a restricted cubic spline.
LEAST_KNOTS = 3
_NEEDS = {
    "text": "a text in quotes",
    "flag": "TRUE or FALSE",
    "count": f"a whole number from 1 to {MAX_COUNT}",
    "number": "a number",
    "numbers": f"at most {MAX_COUNT} increasing numbers, as in c(1, 2)",
    "contrast": f"one of {', '.join(CONTRASTS)}",
}


def canonical(text: str, call: Call, function: Function) -> Call:
    """Check a call against its signature, and write it in the one way.

    Parameters
    ----------
    text : str
        The formula, for messages.
    call : Call
    function : Function
        What may be written.

    Returns
    -------
    Call
        Options by name in the table's order, defaults left out.

    Raises
    ------
    FormulaError
        At the first argument that does not fit.
    """
    by_position = [option for option in function.options if option.by_position]
    most = min(len(call.arguments), function.most)
    surplus = call.arguments[most:]
    if most < function.least or len(surplus) > len(by_position):
        raise _wrong_count(text, call, function)
    written = [(option.name, value) for option, value in zip(by_position, surplus, strict=False)]
    values = _options(text, call, function, [*written, *call.options])
    arguments = call.arguments[:most]
    _check_arguments(text, call, function, arguments)
    _check_together(text, call, function, values)
    defaults = {option.name: option.default for option in function.options if option.default}
    arguments += tuple((defaults | values)[option.name] for option in function.options if option.is_argument)
    options = tuple(
        (option.name, values[option.name])
        for option in function.options
        if option.name in values and not option.is_argument and values[option.name] != option.default
    )
    return replace(call, arguments=arguments, options=options)


def literal(value: Expr) -> Expr:
    """Read a signed number as a number; anything else stays as it is."""
    if isinstance(value, Unary) and isinstance(value.operand, Number):
        sign = -1.0 if value.operator == "-" else 1.0
        return Number(sign * value.operand.value, span=value.span)
    if isinstance(value, Call) and value.function == "c" and not value.options:
        return replace(value, arguments=tuple(literal(argument) for argument in value.arguments))
    return value


def is_number(value: Expr) -> bool:
    """Tell whether a value is one finite number."""
    return isinstance(value, Number) and math.isfinite(value.value)


def are_numbers(value: Expr) -> bool:
    """Tell whether a value is ``c()`` of numbers."""
    if not isinstance(value, Call) or value.function != "c" or value.options:
        return False
    return 0 < len(value.arguments) <= MAX_COUNT and all(map(is_number, value.arguments))


#: Options of R's functions that are taken in some of their forms.
_OF_OTHERS = {
    ("ave", "FUN"): "it takes the mean, FUN = mean.",
    ("scale", "center"): "it takes center = TRUE.",
    ("scale", "scale"): "it takes scale = TRUE or FALSE.",
}


def _options(text: str, call: Call, function: Function, written: list[tuple[str, Expr]]) -> dict[str, Expr]:
    values: dict[str, Expr] = {}
    for key, value in written:
        option = function.option(key)
        if option is None:
            names = [known.name for known in function.options]
            has = f"It has {', '.join(names)}." if names else ""
            form = _OF_OTHERS.get((function.name, key), "")
            lacks = f"{function.name}() has no option '{key}'" + (f" of this form: {form}" if form else ".")
            told = filter(None, (lacks, "" if form else suggestion(key, names), has))
            sentence = " ".join(told)
            raise wrong_call(text, call.span, sentence, function)
        if key in values:
            sentence = f"the option '{key}' of {function.name}() is given twice."
            raise wrong_call(text, value.span, sentence, function)
        values[key] = _value(text, function, option, value)
    return values


def _value(text: str, function: Function, option: Option, written: Expr) -> Expr:
    value = literal(written)
    if option.needs == "contrast":
        value = _contrast(value)
    if option.needs == "numbers" and is_number(value):
        value = Call("c", (value,), span=value.span)
    if not _fits(option.needs, value):
        is_contrast = option.needs == "contrast"
        near = misspelt(value.value, CONTRASTS) if is_contrast and isinstance(value, Text) else ""
        source = excerpt(text, written.span)
        sentence = (
            f"the option '{option.name}' of {function.name}() must be {_NEEDS[option.needs]}, found {source}."
        )
        raise wrong_call(text, written.span, f"{sentence} {near}".rstrip(), function)
    return value


def _contrast(value: Expr) -> Expr:
    """Read ``contr.sum`` and ``sum``, with or without quotes, as ``"sum"``."""
    if isinstance(value, Name):
        value = Text(value.name, span=value.span)
    return replace(value, value=value.value.removeprefix("contr.")) if isinstance(value, Text) else value


def _fits(needs: str, value: Expr) -> bool:
    if needs == "expression":
        return True  # Its own parts are checked as those of an argument.
    if needs == "text":
        return isinstance(value, Text)
    if needs == "flag":
        return isinstance(value, Flag)
    if needs == "contrast":
        return isinstance(value, Text) and value.value in CONTRASTS
    if needs == "number":
        return is_number(value)
    if needs == "count":
        return isinstance(value, Number) and value.value in range(1, MAX_COUNT + 1)
    return are_numbers(value) and _is_increasing(_numbers(value))


def _check_arguments(text: str, call: Call, function: Function, arguments: tuple[Expr, ...]) -> None:
    if function.of_column and not isinstance(arguments[0], Name):
        sentence = f"{function.name}() takes a column, found '{excerpt(text, arguments[0].span)}'."
        raise wrong_call(text, arguments[0].span, sentence, function)
    if function.name in DAYS and not (isinstance(arguments[1], Name) or _is_date(arguments[1])):
        day = arguments[1] if isinstance(arguments[1], Text) else f"'{excerpt(text, arguments[1].span)}'"
        sentence = f"{day} is no date: write year, month and day in quotes, or a column."
        raise wrong_call(text, arguments[1].span, sentence, function)
    if function.name in GROUP_MEANS:
        _check_groups(text, arguments[1:], function)
    if function.name == "ifelse":
        _check_test(text, arguments[0], function)
    if not function.of_texts:
        return
    for argument in arguments[1:]:
        if not isinstance(argument, Text):
            sentence = f"{_TEXTS[function.name]} must be a text in quotes."
            raise wrong_call(text, argument.span, sentence, function)
    seen: set[Expr] = set()
    for level in arguments[1:]:
        if level in seen:
            raise wrong_call(text, level.span, f"the level {level} is listed twice.", function)
        seen.add(level)


_TEXTS = {
    "success": "the level that counts as success",
    "ordered": "each level, lowest first,",
}


def _check_groups(text: str, groups: tuple[Expr, ...], function: Function) -> None:
    for group in groups:
        if not isinstance(group, Name):
            sentence = f"groups are columns, found '{excerpt(text, group.span)}'."
            raise wrong_call(text, group.span, sentence, function)


def _check_test(text: str, test: Expr, function: Function) -> None:
    """Refuse a first argument that is true or false of no row: a number, a text, arithmetic."""
    is_test = isinstance(test, Name) or (isinstance(test, Unary) and test.operator == "!")
    if not (is_test or (isinstance(test, Binary) and test.operator in TESTS)):
        sentence = f"'{excerpt(text, test.span)}' is no test: compare it with something."
        raise wrong_call(text, test.span, sentence, function)


def _is_date(argument: Expr) -> bool:
    if not isinstance(argument, Text) or not _DATE.match(argument.value):
        return False
    try:
        date.fromisoformat(argument.value)
    except ValueError:
        return False
    return True


def _check_together(text: str, call: Call, function: Function, values: dict[str, Expr]) -> None:
    """Check what the options of a spline, or the bounds of a truncation, say together."""
    if function.name == "rcs" and _knots_of(values) < LEAST_KNOTS:
        sentence = f"a restricted cubic spline has at least {LEAST_KNOTS} knots."
        raise wrong_call(text, call.span, sentence, function)
    if {"nk", "knots"} <= set(values):
        raise wrong_call(text, call.span, "rcs() takes either nk or knots: one decides the other.", function)
    if function.name == "cr" and "df" not in values:
        raise wrong_call(text, call.span, "cr() needs its degrees of freedom.", function)
    if function.name == "trunc":
        _check_bounds(text, call, function, values)
    if "df" in values and "knots" in values:
        sentence = f"{function.name}() takes either df or knots: each decides the other."
        raise wrong_call(text, call.span, sentence, function)
    bounds = [_numbers(values[name])[0] for name in ("lower", "upper") if name in values]
    if len(bounds) == 2 and bounds[0] >= bounds[1]:
        raise wrong_call(text, call.span, "lower must be below upper.", function)
    if "knots" in values:
        low = _numbers(values["lower"])[0] if "lower" in values else -math.inf
        high = _numbers(values["upper"])[0] if "upper" in values else math.inf
        if not all(low < knot < high for knot in _numbers(values["knots"])):
            sentence = "each knot must lie between lower and upper."
            raise wrong_call(text, values["knots"].span, sentence, function)
    degree = values.get("degree", Number(3.0))
    if function.name == "bs" and "df" in values and _numbers(values["df"]) < _numbers(degree):
        sentence = f"a spline of degree {degree} has at least {degree} degrees of freedom."
        raise wrong_call(text, values["df"].span, sentence, function)


def _knots_of(values: dict[str, Expr]) -> int:
    """Count the knots that are asked for; five by default."""
    if "knots" in values:
        return len(_numbers(values["knots"]))
    return int(_numbers(values["nk"])[0]) if "nk" in values else 5


def _check_bounds(text: str, call: Call, function: Function, values: dict[str, Expr]) -> None:
    if not values:
        sentence = "trunc() needs a lower bound, an upper bound, or both."
        raise wrong_call(text, call.span, sentence, function)
    bounds = [value.value for value in values.values() if isinstance(value, Number)]
    if len(bounds) == len(values) == 2 and not _numbers(values["lb"]) < _numbers(values["ub"]):
        raise wrong_call(text, call.span, "lb must be below ub.", function)


def _numbers(value: Expr) -> list[float]:
    elements = value.arguments if isinstance(value, Call) else (value,)
    return [element.value for element in elements if isinstance(element, Number)]


def _is_increasing(numbers: list[float]) -> bool:
    return all(low < high for low, high in pairwise(numbers))


def _wrong_count(text: str, call: Call, function: Function) -> FormulaError:
    least, most = function.least, function.most
    if function.name == "ordered":
        count = "a column and at least 2 levels"
    elif function.name == "cbind":
        count = "2 columns or more"
    elif least == most:
        optional = sum(option.by_position for option in function.options)
        count = (
            f"{least}{f' to {least + optional}' if optional else ''} argument{'s' * (least + optional > 1)}"
        )
    else:
        count = f"{least} to {most} arguments"
    sentence = f"{function.name}() takes {count}, found {len(call.arguments)}."
    return wrong_call(text, call.span, sentence, function)


def wrong_call(text: str, span: Span, sentence: str, function: Function) -> FormulaError:
    """Make the error that says how a function is called."""
    return formula_error("formula_function", text, span, sentence, f"Example: {function.example}.")
