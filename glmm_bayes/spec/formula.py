"""The text of a formula in, its response and linear predictors out: what each part of the syntax means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.core.frozen import FrozenMapping
from glmm_bayes.spec.calls import OF_LEVELS, RESPONSE, check_addition, check_expression
from glmm_bayes.spec.diagnosis import excerpt, formula_error, point
from glmm_bayes.spec.expressions import Call, Expr, Name, Span
from glmm_bayes.spec.functions import ADDITIONS
from glmm_bayes.spec.grammar import ParsedFormula, ParsedGroup, Syntax, parse
from glmm_bayes.spec.groups import Groups
from glmm_bayes.spec.linear_predictor import MEAN, LinearPredictor, Term
from glmm_bayes.spec.monotonic import check_fixed_steps
from glmm_bayes.spec.response_term import ResponseTerm
from glmm_bayes.spec.several import Formula as Several
from glmm_bayes.spec.specific import check_specific, read_specific, refuse_specific
from glmm_bayes.spec.structured import structured
from glmm_bayes.spec.terms import Expander, in_order

__all__ = ["point", "read_formula"]


@dataclass(frozen=True)
class ReadFormula:
    """What a formula says: the response, what each parameter depends on, and the text as it was written."""

    response: ResponseTerm
    predictors: Mapping[str, LinearPredictor | float]
    text: str


def read_formula(formula: str | Several) -> ReadFormula:
    """Read a formula; no data is needed and nothing is evaluated.

    Parameters
    ----------
    formula : str or ParsedFormula
        In the language of lme4 and brms: ``y ~ x + (1 + x | g)``; with formulas of further parameters
        in a ``Formula``.

    Returns
    -------
    ReadFormula
        Whose fixed terms stand by degree, then in order of appearance.

    Raises
    ------
    FormulaError
        If the text is not a formula, would be misread, or is too large.
    """
    text = formula.text if isinstance(formula, Several) else formula
    if not isinstance(text, str):
        message = f"a formula is a text, found {type(text).__name__}."
        raise FormulaError(Finding("formula_syntax", message, hint='Write "y ~ x + (1 | g)".'))
    syntax = parse(text)
    response = _response(text, syntax)
    predictors: dict[str, LinearPredictor | float] = {MEAN: _predictor(text, syntax, response)}
    further = formula.further if isinstance(formula, Several) else {}
    predictors |= {name: _further(name, further[name], response) for name in further}
    return ReadFormula(response, FrozenMapping(predictors), text)


def _predictor(text: str, syntax: ParsedFormula, response: ResponseTerm) -> LinearPredictor:
    right = _RightSide(text)
    fixed = right.read(syntax.terms)
    check_fixed_steps(text, fixed)
    specific = in_order(tuple(right.specific))
    check_specific(text, fixed, specific)
    predictor = LinearPredictor(fixed, right.groups.terms(), tuple(right.offsets), specific)
    _check_response_is_no_predictor(text, response, predictor, right.groups.names)
    return predictor


def _further(name: str, value: str | float, response: ResponseTerm) -> LinearPredictor | float:
    """Read what a further parameter depends on; its place in a message starts with its name."""
    if not isinstance(value, str):
        return value
    try:
        syntax = parse(value)
        if syntax.response:
            sentence = f"the formula of {name} has no left side."
            hint = f'Write {name}="~ z".'
            raise formula_error("formula_misread", value, syntax.response.span, sentence, hint)
        predictor = _predictor(value, syntax, response)
        refuse_specific(value, predictor.specific)
        return predictor
    except FormulaError as error:
        raise FormulaError([replace(f, message=f"{name}: {f.message}") for f in error.findings]) from None


@dataclass
class _RightSide:
    """What stands right of the ~ as it is read."""

    text: str
    offsets: list[Expr] = field(default_factory=list)
    specific: list[Term] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.expander = Expander(self.text)
        self.groups = Groups(self.text, self.expander)

    def read(self, node: Syntax) -> tuple[Term, ...]:
        """Read the fixed terms; random effects and offsets are collected on the way."""
        return self.expander.predictor(node, self._special).ordered()

    def _special(self, sign: str, part: Syntax) -> bool:
        part = (structured(self.text, part) if isinstance(part, Call) else None) or part
        kinds = {"offset": "an offset", "cs": "a category-specific effect"}
        what = kinds.get(part.function, "") if isinstance(part, Call) else "a random effect"
        if not what:
            return False
        if sign == "-":
            sentence = f"{what} cannot be taken away."
            raise formula_error("formula_misread", self.text, part.span, sentence, "Leave it out.")
        if isinstance(part, ParsedGroup):
            self.groups.add(part)
        elif isinstance(part, Call) and part.function == "cs":
            self.specific.append(read_specific(self.text, part))
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


def _response(text: str, formula: ParsedFormula) -> ResponseTerm:
    written = formula.response
    if written is None:
        sentence = "the response is missing before '~'."
        raise formula_error("formula_syntax", text, Span(0, 1), sentence, "Example: y ~ x + (1 | g).")
    outcome = written.expression
    of_levels = isinstance(outcome, Call) and outcome.function in OF_LEVELS
    expression = check_expression(text, outcome, RESPONSE | {"categorical"} if of_levels else RESPONSE)
    if isinstance(expression, Call) and "contrast" in dict(expression.options):
        sentence = "a response has no contrasts."
        raise formula_error("formula_misread", text, outcome.span, sentence, 'Write C(y) or C(y, ref="a").')
    if not expression.names():
        sentence = f"the response '{excerpt(text, written.span)}' reads no column."
        raise formula_error("formula_syntax", text, written.span, sentence, "Example: y ~ x + (1 | g).")
    additions: list[Call] = []
    for addition in written.additions:
        additions.append(check_addition(text, addition))
        if addition.function in [known.function for known in additions[:-1]]:
            sentence = f"{addition.function}() is written twice."
            raise formula_error("formula_misread", text, addition.span, sentence, "Write it once.")
    # In the order of the table, so that texts and files that say the same are equal.
    order = list(ADDITIONS)
    additions.sort(key=lambda addition: order.index(addition.function))
    return ResponseTerm(expression, tuple(additions), written.is_survival)


def _check_response_is_no_predictor(
    text: str, response: ResponseTerm, predictor: LinearPredictor, grouping: Mapping[str, Expr]
) -> None:
    """Refuse ``y ~ x + y``. A change from a baseline, ``I(y - x) ~ x``, is a model and stays."""
    outcome = response.expression
    columns = _outcome_columns(outcome)
    effects = [effect for group in predictor.groups for effect in group.effects]
    terms = (*predictor.fixed, *predictor.specific, *effects)
    factors = [factor for term in terms for factor in term.factors]
    for expression in (*factors, *predictor.offsets, *grouping.values()):
        if expression == outcome or columns & set(expression.names()):
            sentence = (
                f"'{excerpt(text, expression.span)}' reads the response: the response cannot predict itself."
            )
            hint = "Remove it from the right side."
            raise formula_error("formula_misread", text, expression.span, sentence, hint)


def _outcome_columns(outcome: Expr) -> set[str]:
    """Return the columns that are the outcome itself; ``n`` in ``cbind(s, n - s)`` is none."""
    if isinstance(outcome, Call) and outcome.function == "cbind":
        return {part.name for part in outcome.arguments if isinstance(part, Name)}
    names = outcome.names()
    return set(names) if len(names) == 1 else set()
