"""The text of a formula in, a ModelSpec out: what each part of the syntax means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.spec.calls import RESPONSE, check_addition, check_expression
from glmm_bayes.spec.diagnosis import excerpt, formula_error, point
from glmm_bayes.spec.expressions import Call, Expr, Name, Span
from glmm_bayes.spec.grammar import Formula, Group, Syntax, parse
from glmm_bayes.spec.groups import Groups
from glmm_bayes.spec.model_spec import ModelSpec, ResponseTerm, Term
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.terms import Expander

__all__ = ["point", "read_formula"]


def read_formula(
    text: str, family: str = "gaussian", link: str | None = None, priors: Mapping[str, Prior] | None = None
) -> ModelSpec:
    """Read a formula into a model specification; no data is needed and nothing is evaluated.

    Parameters
    ----------
    text : str
        In the language of lme4 and brms: ``y ~ x + (1 + x | g)``.
    family, link : str
        Names of the family and, if it is not the family's default, of the link.
    priors : mapping of str to Prior, optional
        Priors by parameter name.

    Returns
    -------
    ModelSpec
        Whose fixed terms stand by degree, then in order of appearance.

    Raises
    ------
    FormulaError
        If the text is not a formula, would be misread, or is too large.
    """
    if not isinstance(text, str):
        message = f"a formula is a text, found {type(text).__name__}."
        raise FormulaError(Finding("formula_syntax", message, hint='Write "y ~ x + (1 | g)".'))
    formula = parse(text)
    response = _response(text, formula)
    right = _RightSide(text)
    fixed = right.read(formula.terms)
    _check_response_is_no_predictor(text, response, fixed, right)
    return ModelSpec(
        response=response,
        fixed=fixed,
        groups=right.groups.terms(),
        offsets=tuple(right.offsets),
        family=family,
        link=link,
        priors=MappingProxyType(dict(priors or {})),
        text=text,
    )


@dataclass
class _RightSide:
    """What stands right of the ~ as it is read."""

    text: str
    offsets: list[Expr] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.expander = Expander(self.text)
        self.groups = Groups(self.text, self.expander)

    def read(self, node: Syntax) -> tuple[Term, ...]:
        """Read the fixed terms; random effects and offsets are collected on the way."""
        return self.expander.predictor(node, self._special).ordered()

    def _special(self, sign: str, part: Syntax) -> bool:
        offset = isinstance(part, Call) and part.function == "offset"
        if not offset and not isinstance(part, Group):
            return False
        if sign == "-":
            what = "an offset" if offset else "a random effect"
            sentence = f"{what} cannot be taken away."
            raise formula_error("formula_misread", self.text, part.span, sentence, "Leave it out.")
        if isinstance(part, Group):
            self.groups.add(part)
        elif isinstance(part, Call):
            check_expression(self.text, part, frozenset({"offset"}))
            self._add_offset(part.arguments[0])
        return True

    def _add_offset(self, offset: Expr) -> None:
        if offset in self.offsets:
            sentence = f"offset({offset}) is written twice."
            hint = "Its coefficient is exactly one: write it once, or offset(I(2 * x)) if that is meant."
            raise formula_error("formula_misread", self.text, offset.span, sentence, hint)
        self.offsets.append(offset)


def _response(text: str, formula: Formula) -> ResponseTerm:
    written = formula.response
    if written is None:
        sentence = "the response is missing before '~'."
        raise formula_error("formula_syntax", text, Span(0, 1), sentence, "Example: y ~ x + (1 | g).")
    check_expression(text, written.expression, RESPONSE)
    if not written.expression.names():
        sentence = f"the response '{excerpt(text, written.span)}' reads no column."
        raise formula_error("formula_syntax", text, written.span, sentence, "Example: y ~ x + (1 | g).")
    seen: set[str] = set()
    for addition in written.additions:
        check_addition(text, addition)
        if addition.function in seen:
            sentence = f"{addition.function}() is written twice."
            raise formula_error("formula_misread", text, addition.span, sentence, "Write it once.")
        seen.add(addition.function)
    return ResponseTerm(written.expression, written.additions)


def _check_response_is_no_predictor(
    text: str, response: ResponseTerm, fixed: tuple[Term, ...], right: _RightSide
) -> None:
    """Refuse ``y ~ x + y``. A change from a baseline, ``I(y - x) ~ x``, is a model and stays."""
    outcome = response.expression
    columns = _outcome_columns(outcome)
    effects = [effect for group in right.groups.terms() for effect in group.effects]
    predictors = [factor for term in (*fixed, *effects) for factor in term.factors]
    for expression in (*predictors, *right.offsets, *right.groups.names.values()):
        if expression == outcome or columns & set(expression.names()):
            sentence = f"'{expression}' reads the response: the response cannot predict itself."
            hint = "Remove it from the right side."
            raise formula_error("formula_misread", text, expression.span, sentence, hint)


def _outcome_columns(outcome: Expr) -> set[str]:
    """Return the columns that are the outcome itself; ``n`` in ``cbind(s, n - s)`` is none."""
    if isinstance(outcome, Call) and outcome.function == "cbind":
        return {part.name for part in outcome.arguments if isinstance(part, Name)}
    names = outcome.names()
    return set(names) if len(names) == 1 else set()
