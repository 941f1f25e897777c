"""Category-specific effects in a formula: ``cs(x)`` in, the term that its coefficients are of out."""

from __future__ import annotations

from collections.abc import Sequence

from glmm_bayes.spec.calls import PREDICTOR, check_expression
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Binary, Call, Expr, Name
from glmm_bayes.spec.functions import FUNCTIONS
from glmm_bayes.spec.linear_predictor import Term
from glmm_bayes.spec.monotonic import check_fixed_steps
from glmm_bayes.spec.signatures import canonical

_HINT = "Write cs(x), cs(log(x)) or cs(x:f); several of them as cs(x) + cs(z)."


def read_specific(text: str, call: Call) -> Term:
    """Read the one term of ``cs()``: an expression, or a product with colons.

    Raises
    ------
    FormulaError
        ``formula_function``, ``formula_misread`` if it is anything else.
    """
    call = canonical(text, call, FUNCTIONS["cs"])
    factors: dict[str, Expr] = {}
    # A stack instead of recursion: products of many factors are nested from the left.
    pending = [call.arguments[0]]
    while pending:
        node = pending.pop()
        if isinstance(node, Binary) and node.operator == ":":
            pending += [node.right, node.left]
        elif isinstance(node, Name | Call):
            factor = check_expression(text, node, PREDICTOR)
            factors.setdefault(str(factor), factor)
        else:
            sentence = f"cs() takes one term, found '{excerpt(text, node.span)}'."
            raise formula_error("formula_misread", text, node.span, sentence, _HINT)
    return Term(tuple(factors.values()))


def check_specific(text: str, fixed: Sequence[Term], specific: Sequence[Term]) -> None:
    """Refuse terms that are written twice: their coefficients would not be told apart.

    Raises
    ------
    FormulaError
        ``formula_misread``, ``not_available``.
    """
    check_fixed_steps(text, specific)
    known = {term.key for term in fixed}
    for term in specific:
        place = term.factors[0].span
        if term.key in known:
            sentence = f"'{term}' stands in cs() and also elsewhere: nothing tells the two apart."
            hint = f"Write cs({term}) alone: its coefficient at each threshold is the whole effect."
            raise formula_error("formula_misread", text, place, sentence, hint)
        known.add(term.key)


def refuse_specific(text: str, specific: Sequence[Term]) -> None:
    """Refuse category-specific effects of parameters beside the mean.

    Raises
    ------
    FormulaError
        ``formula_misread``.
    """
    for term in specific:
        sentence = "cs() is of thresholds, which the mean's formula is about."
        hint = f"Write cs({term}) in the formula of the response, or {term} here."
        raise formula_error("formula_misread", text, term.factors[0].span, sentence, hint)
