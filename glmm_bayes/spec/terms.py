"""Syntax of a sum in, its terms out: what ``+ - * / : ^`` mean, counted before anything is expanded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import comb

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.calls import NUMERIC, PREDICTOR, check_expression
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Call, Expr, Name, Number, Span
from glmm_bayes.spec.functions import FUNCTIONS
from glmm_bayes.spec.grammar import MAX_DEPTH, Interaction, ParsedGroup, Power, Product, Sum, Syntax
from glmm_bayes.spec.linear_predictor import INTERCEPT, Term

MAX_TERMS = 1000
MAX_EXPONENT = 8
# All expansions of one formula together: bounds the time that any text can cost.
_MAX_WORK = 10 * MAX_TERMS

# A term by what it is: its factors by their canonical text, in the order of writing.
Factors = dict[str, Expr]
TermSet = dict[frozenset[str], Factors]


@dataclass
class ExpandedTerms:
    """A sum as it is read: its terms, and whether it keeps the implied intercept."""

    intercept: bool = True
    terms: TermSet = field(default_factory=dict)

    def ordered(self) -> tuple[Term, ...]:
        """Return the terms by degree, then in order of appearance; the intercept first."""
        terms = tuple(Term(tuple(factors.values())) for factors in self.terms.values())
        return in_order((INTERCEPT, *terms) if self.intercept else terms)


def in_order(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Put terms in canonical order: by degree, then as they stand.

    The factors of an interaction stand in the order of their main effects, if all have one. R takes the
    order of the text instead: the same almost always, but it changes when the text is rewritten.
    """
    by_degree = sorted(terms, key=degree)
    mains = {
        str(factor): position
        for position, term in enumerate(by_degree)
        if degree(term) == 1
        for factor in term.factors
    }
    ordered = []
    for term in by_degree:
        texts = [str(factor) for factor in term.factors]
        if len(texts) > 1 and mains.keys() >= set(texts):
            term = Term(tuple(sorted(term.factors, key=lambda factor: mains[str(factor)])))
        ordered.append(term)
    return tuple(ordered)


def degree(term: Term) -> int:
    """Count the factors of a term."""
    return len(term.factors)


def signed_parts(node: Syntax) -> Iterator[tuple[str, Syntax]]:
    """Give the summands of a sum with their signs; sums in brackets are opened."""
    pending: list[tuple[str, Syntax]] = [("+", node)]
    while pending:
        sign, part = pending.pop()
        if isinstance(part, Sum):
            inner = [
                ("+" if sign == summand_sign else "-", summand) for summand_sign, summand in part.summands
            ]
            pending += reversed(inner)
        else:
            yield sign, part


@dataclass
class Expander:
    """Expand the sums of one formula.

    Attributes
    ----------
    text : str
        The formula, for messages.
    work : int
        Terms made so far, duplicates included.
    """

    text: str
    work: int = 0

    def predictor(self, node: Syntax, special: Callable[[str, Syntax], bool]) -> ExpandedTerms:
        """Read a sum with its implied intercept; ``special`` takes the summands that are not terms."""
        result = ExpandedTerms()
        for sign, part in signed_parts(node):
            if isinstance(part, Number):
                result.intercept = self._intercept(sign, part)
            elif isinstance(part, ParsedGroup | Call) and special(sign, part):
                continue
            else:
                self._combine(result.terms, sign, part)
        return result

    def _intercept(self, sign: str, number: Number) -> bool:
        if number.value not in (0, 1):
            sentence = f"the number '{excerpt(self.text, number.span)}' is not a term."
            hint = "Only 1 (intercept) and 0 (none) are; for a known coefficient write offset(I(2 * x))."
            raise formula_error("formula_misread", self.text, number.span, sentence, hint)
        return (number.value == 1) == (sign == "+")

    def _combine(self, terms: TermSet, sign: str, part: Syntax) -> None:
        operand = self._terms(part)
        self._count(len(operand), part)
        for key, factors in operand.items():
            if sign == "+":
                terms.setdefault(key, factors)
            elif terms.pop(key, None) is None:
                present = ", ".join(":".join(factors) for factors in list(terms.values())[:10])
                sentence = f"'{':'.join(factors)}' cannot be taken away: it is not among the terms."
                hint = f"Terms before it: {present or 'none'}."
                raise formula_error("formula_misread", self.text, part.span, sentence, hint)
        if len(terms) > MAX_TERMS:
            raise self._too_large(part, len(terms))

    def _terms(self, node: Syntax) -> TermSet:
        # Recursion is safe: the grammar has refused what is nested more than 100 deep.
        if isinstance(node, Sum):
            return self._sum(node)
        if isinstance(node, Product):
            return self._product(node)
        if isinstance(node, Interaction):
            return self._interaction(node)
        if isinstance(node, Power):
            return self._power(node)
        return self._atom(node)

    def _atom(self, node: ParsedGroup | Expr) -> TermSet:
        if isinstance(node, ParsedGroup):
            sentence = "a random effect cannot be multiplied or nested."
            hint = "Write x + (1 | g), or x + (x | g) if the effect of x varies over g."
            raise formula_error("formula_misread", self.text, node.span, sentence, hint)
        if isinstance(node, Number):
            sentence = "a number inside a product."
            hint = "0 and 1 stand as summands of their own: y ~ 0 + a:b."
            raise formula_error("formula_misread", self.text, node.span, sentence, hint)
        factor = check_expression(self.text, node, PREDICTOR)
        return {frozenset((str(factor),)): {str(factor): factor}}

    def _sum(self, node: Sum) -> TermSet:
        terms: TermSet = {}
        for sign, part in signed_parts(node):
            # (1 + x) * z has the terms of x * z, as in R: the intercept is no factor.
            if sign == "+" and isinstance(part, Number) and part.value == 1 and len(node.summands) > 1:
                continue
            self._combine(terms, sign, part)
        return terms

    def _interaction(self, node: Interaction) -> TermSet:
        if len(node.factors) > MAX_DEPTH:
            raise self._too_large(node, len(node.factors), "factors", MAX_DEPTH)
        sets = [self._terms(part) for part in node.factors]
        size = 1
        for operand in sets:
            size *= len(operand)
        self._allow(node, size)
        result = sets[0]
        for operand in sets[1:]:
            result = self._cross(result, operand, node)
        return result

    def _product(self, node: Product) -> TermSet:
        operands = [(operator, self._terms(part)) for operator, part in node.operands]
        size = len(operands[0][1])
        for operator, operand in operands[1:]:
            size += len(operand) * (size + 1 if operator == "*" else 1)
        self._allow(node, min(size, _subsets([operand for _, operand in operands])))
        result = operands[0][1]
        for operator, operand in operands[1:]:
            if operator == "*":
                result = result | operand | self._cross(result, operand, node)
            else:
                # As in R, all factors on the left of / nest what stands on its right.
                nest: Factors = {}
                for factors in result.values():
                    nest |= factors
                result = result | self._cross({frozenset(nest): nest}, operand, node)
        return result

    def _power(self, node: Power) -> TermSet:
        exponent = self._exponent(node)
        base = self._terms(node.base)
        if len(base) < 2:
            raise self._power_of_one(node, exponent)
        size = sum(comb(len(base), count) for count in range(1, exponent + 1))
        self._allow(node, min(size, _subsets([base])))
        result = newest = base
        for _ in range(exponent - 1):
            crossed = self._cross(newest, base, node)
            newest = {key: factors for key, factors in crossed.items() if key not in result}
            result = result | newest
        return result

    def _power_of_one(self, node: Power, exponent: int) -> FormulaError:
        """Refuse ``x^2``, and say how a number, a basis or levels are meant."""
        base = excerpt(self.text, node.base.span)
        function = FUNCTIONS.get(node.base.function) if isinstance(node.base, Call) else None
        if function and function.role not in NUMERIC:
            hint = f"Write {base} alone: there is no power of several columns."
        elif isinstance(node.base, Name):
            hint = (
                f"Write I({base}^{exponent}). Or poly({base}, {exponent}), which holds the lower powers too."
            )
        else:
            hint = f"Write I({base}^{exponent})."
        sentence = "a power outside I() is no arithmetic: other packages read the term itself."
        return formula_error("formula_misread", self.text, node.span, sentence, hint)

    def _exponent(self, node: Power) -> int:
        digits = node.exponent.lstrip("0")
        if digits.isdigit() and len(digits) == 1 and int(digits) <= MAX_EXPONENT:
            return int(digits)
        is_integer = node.exponent.isdigit() and digits
        code = "formula_too_large" if is_integer else "formula_syntax"
        sentence = f"the exponent of a sum must be a whole number from 1 to {MAX_EXPONENT}."
        raise formula_error(code, self.text, node.span, sentence, "Write (a + b)^2.")

    def _cross(self, left: TermSet, right: TermSet, node: Syntax) -> TermSet:
        self._count(len(left) * len(right), node)
        result: TermSet = {}
        for left_key, left_factors in left.items():
            for right_key, right_factors in right.items():
                key = left_key | right_key
                if len(key) > MAX_DEPTH:
                    raise self._too_large(node, len(key), "factors in one term", MAX_DEPTH)
                if key not in result:
                    result[key] = left_factors | right_factors
        return result

    def _allow(self, node: Syntax, size: int) -> None:
        if size > MAX_TERMS:
            raise self._too_large(node, size)

    def _count(self, size: int, node: Syntax) -> None:
        self.work += size
        if self.work > _MAX_WORK:
            raise self._too_large(node, self.work, "terms, repeated ones included", _MAX_WORK)

    def _too_large(
        self, node: Syntax, size: int, what: str = "terms", limit: int = MAX_TERMS
    ) -> FormulaError:
        # Such counts have thousands of digits; only their magnitude is of interest.
        count = str(size) if size < 10**6 else f"about 10^{int(size.bit_length() * 0.30103)}"
        span = Span(node.span.start, node.span.end)
        sentence = f"'{excerpt(self.text, span)}' expands to {count} {what} (limit {limit})."
        hint = "Write the terms that are meant one by one."
        return formula_error("formula_too_large", self.text, span, sentence, hint)


def _subsets(sets: list[TermSet]) -> int:
    """Count the terms that the factors of some sets can make at all."""
    factors: set[str] = set()
    for terms in sets:
        factors.update(*terms)
    return int(2 ** len(factors)) - 1
