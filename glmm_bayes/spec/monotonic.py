"""Monotonic effects in a formula: where ``mo()`` may stand, and what to write where it may not."""

from __future__ import annotations

from collections.abc import Iterable

from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Call, Expr
from glmm_bayes.spec.linear_predictor import Term


def is_monotonic(factor: Expr) -> bool:
    """Tell whether an expression makes steps between levels: ``mo(x)``."""
    return isinstance(factor, Call) and factor.function == "mo"


def check_fixed_steps(text: str, terms: Iterable[Term]) -> None:
    """Refuse products of several monotonic effects: each term has steps of one variable.

    Raises
    ------
    FormulaError
        ``not_available`` at the second monotonic factor of a term.
    """
    for term in terms:
        monotonic = [factor for factor in term.factors if is_monotonic(factor)]
        if len(monotonic) > 1:
            sentence = f"'{term}' multiplies two monotonic effects, which is not available in this release."
            names = " + ".join(map(str, monotonic))
            hint = f"Write {names}, or one of them by its levels: {monotonic[0]}:{monotonic[1].names()[0]}."
            raise formula_error("not_available", text, monotonic[1].span, sentence, hint)


def check_varying_steps(text: str, terms: Iterable[Term]) -> None:
    """Refuse monotonic effects that vary over a grouping factor.

    Raises
    ------
    FormulaError
        ``not_available`` at the monotonic factor.
    """
    for factor in (factor for term in terms for factor in term.factors):
        if is_monotonic(factor):
            name = factor.names()[0]
            sentence = f"'{excerpt(text, factor.span)}' cannot vary over a grouping factor in this release."
            hint = (
                f"Write {factor} outside of the brackets, and ({name} | g) if the effect of '{name}' varies."
            )
            raise formula_error("not_available", text, factor.span, sentence, hint)
