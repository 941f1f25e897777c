"""A covariance structure around a bar in, as glmmTMB has it; the term in brackets that says the same out."""

from __future__ import annotations

from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import TESTS, Binary, Call, Expr, Flag, Number, Text, Unary
from glmm_bayes.spec.grammar import Interaction, ParsedGroup, Power, Product, Sum, Syntax
from glmm_bayes.spec.peers import STRUCTURES


def structured(text: str, call: Call) -> ParsedGroup | None:
    """Read ``ar1(0 + t | g)`` as ``(0 + t | gr(g, structure = "ar1"))``; None for any other call."""
    bar = call.arguments[0] if len(call.arguments) == 1 and not call.options else None
    if call.function not in STRUCTURES or not (isinstance(bar, Binary) and bar.operator == "|"):
        return None
    structure, has_own_sd = STRUCTURES[call.function]
    options: tuple[tuple[str, Expr], ...] = (("structure", Text(structure, span=call.span)),)
    if has_own_sd is not None:
        options += (("heterogeneous", Flag(has_own_sd, span=call.span)),)
    if structure == "unstructured":
        options = ()
    factor = Call("gr", (bar.right,), options, span=bar.right.span) if options else _terms(text, bar.right)
    return ParsedGroup(_terms(text, bar.left), "|", factor, "", call.span)


def _terms(text: str, expression: Expr) -> Syntax:
    """Read what stands inside a call, as arithmetic, as the terms that it is outside of one.

    Raises
    ------
    FormulaError
        ``formula_misread`` for a comparison, which is no term.
    """
    if isinstance(expression, Unary) and expression.operator in ("+", "-"):
        return Sum(((expression.operator, _terms(text, expression.operand)),), expression.span)
    is_test = isinstance(expression, Binary | Unary) and expression.operator in (*TESTS, "!")
    if is_test:
        sentence = f"'{excerpt(text, expression.span)}' is a test and no term."
        raise formula_error("formula_misread", text, expression.span, sentence, "Write I(x > 1).")
    if not isinstance(expression, Binary):
        return expression
    left, right, span = _terms(text, expression.left), _terms(text, expression.right), expression.span
    if expression.operator in ("+", "-"):
        return Sum((("+", left), (expression.operator, right)), span)
    if expression.operator in ("*", "/"):
        return Product((("", left), (expression.operator, right)), span)
    if expression.operator == ":":
        return Interaction((left, right), span)
    if expression.operator == "^" and isinstance(expression.right, Number):
        return Power(left, str(expression.right), span)
    return expression
