"""What stands after the bar of ``(effects | factor)`` in, a Grouping out: columns and what gr() says."""

from __future__ import annotations

from dataclasses import dataclass, field

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.core.registry import misspelt, suggestion
from glmm_bayes.spec.calls import NUMERIC, check_expression
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Binary, Call, Expr, Flag, Name, Number, Span, Text
from glmm_bayes.spec.functions import GROUPINGS
from glmm_bayes.spec.grammar import Interaction, ParsedGroup, Product, Sum, Syntax
from glmm_bayes.spec.linear_predictor import UNSTRUCTURED, Structure
from glmm_bayes.spec.signatures import are_numbers, is_number, literal
from glmm_bayes.spec.terms import signed_parts

MAX_FACTORS = 64
DISTRIBUTIONS = ("gaussian", "student", "bridge")
_OPTIONS = ("by", "cov", "df", "dist", "structure")
_HINT = {
    "by": "(1 | gr(g, by = f))",
    "cov": '(1 | gr(g, cov = K)), and Model(..., known={"K": K})',
    "df": '(1 | gr(g, dist = "student", df = 4))',
    "dist": '(1 | gr(g, dist = "student"))',
    "structure": '(0 + time | gr(g, structure = "ar1"))',
    "weights": "(1 | mm(a, b, weights = cbind(w1, w2)))",
}


@dataclass(frozen=True)
class Grouping:
    """What one bar says about the levels over which effects vary.

    Attributes
    ----------
    factors : tuple of tuple of Name
        Columns of each grouping factor; several for ``a/b``.
    weights : tuple of Expr
        One for each member of ``mm()``, or none.
    is_membership : bool
    by : Name or None
    structure : Structure
    distribution : {"gaussian", "student", "bridge"}
    df : float or None
        Degrees of freedom of Student's t; None: they are estimated.
    """

    factors: tuple[tuple[Name, ...], ...]
    weights: tuple[Expr, ...] = ()
    is_membership: bool = False
    by: Name | None = None
    structure: Structure = UNSTRUCTURED
    distribution: str = "gaussian"
    df: float | None = None


def read_grouping(text: str, group: ParsedGroup) -> Grouping:
    """Read what stands after the bar.

    Parameters
    ----------
    text : str
        The formula, for messages.
    group : ParsedGroup
        The term in brackets.

    Raises
    ------
    FormulaError
        If it is no column, pair or nesting of columns, or ``gr()`` or ``mm()`` of them.
    """
    reader = _FactorReader(text, group)
    node = group.factor
    if not isinstance(node, Call) or node.function not in GROUPINGS:
        return Grouping(tuple(reader.factors(node)))
    options = _Options(text, node, {})
    if node.function == "mm":
        weights = options.weights(len(node.arguments))
        factors = (reader.members(node),)
        return options.grouping(Grouping(factors, weights, is_membership=True))
    if len(node.arguments) != 1:
        sentence = f"gr() takes one factor, found {len(node.arguments)}."
        raise formula_error("formula_function", text, node.span, sentence, "Write gr(g), gr(a:b) or gr(a/b).")
    return options.grouping(Grouping(tuple(reader.factors(node.arguments[0]))))


@dataclass(frozen=True)
class _FactorReader:
    """Columns of the grouping factors of one term."""

    text: str
    group: ParsedGroup

    def factors(self, node: Syntax) -> list[tuple[Name, ...]]:
        """Return the columns of each grouping factor. Depth is bounded: the grammar has checked it."""
        if isinstance(node, Name):
            return [(node,)]
        if isinstance(node, Interaction):
            self._check_length(len(node.factors))
            return [tuple(name for part in node.factors for name in self._single(part))]
        if isinstance(node, Product) and all(operator in ("", "/") for operator, _ in node.operands):
            self._check_length(len(node.operands))
            return self._nested([part for _, part in node.operands])
        # Inside gr() the same operators are read as those of an expression.
        if isinstance(node, Binary) and node.operator == ":":
            return [(*self._single(node.left), *self._single(node.right))]
        if isinstance(node, Binary) and node.operator == "/":
            return self._nested([node.left, node.right])
        raise self._no_factor(node)

    def members(self, call: Call) -> tuple[Name, ...]:
        """Return the columns of ``mm(a, b)``."""
        names = [argument for argument in call.arguments if isinstance(argument, Name)]
        self._check_length(len(call.arguments))
        if len(names) < len(call.arguments) or len(set(names)) < max(len(names), 2):
            sentence = "mm() takes two or more different columns, one for each member."
            hint = f"Write {GROUPINGS['mm']}."
            raise formula_error("formula_function", self.text, call.span, sentence, hint)
        return tuple(names)

    def _nested(self, operands: list[Syntax]) -> list[tuple[Name, ...]]:
        factors = self.factors(operands[0])
        for operand in operands[1:]:
            inner = self.factors(operand)
            outer = factors[-1]
            self._check_length(len(factors) + len(inner))
            factors = factors + [outer + names for names in inner]
        return factors

    def _single(self, node: Syntax) -> tuple[Name, ...]:
        factors = self.factors(node)
        if len(factors) > 1:
            raise self._no_factor(node)
        return factors[0]

    def _check_length(self, length: int) -> None:
        if length > MAX_FACTORS:
            sentence = f"{length} grouping factors (limit {MAX_FACTORS})."
            raise formula_error("formula_too_large", self.text, self.group.span, sentence, "Write fewer.")

    def _no_factor(self, node: Syntax) -> FormulaError:
        """Say why something after the bar is no grouping factor, and the spelling that was meant."""
        if isinstance(node, Call) and node.function in GROUPINGS:
            sentence = f"{node.function}() holds the whole grouping factor."
            hint = "Write (1 | gr(a:b, by = f)) or (1 | gr(a/b, by = f))."
        elif isinstance(node, Expr):
            column = isinstance(node, Call) and node.function == "C" and len(node.names()) == 1
            factor = node.names()[0] if column else "g"
            hint = f"Write {self._term(factor)}, with a column of the data."
            sentence = f"a grouping factor is a column, found '{excerpt(self.text, node.span)}'."
        elif isinstance(node, ParsedGroup):
            sentence = "a random effect inside a random effect."
            hint = "Write (1 | g) + (1 | h), or (1 | h/g) if g is nested in h."
        elif isinstance(node, Sum):
            summands = [excerpt(self.text, part.span) for _, part in signed_parts(node)]
            sentence = "a sum of grouping factors after one bar."
            hint = f"Write {' + '.join(self._term(part) for part in summands[:5])}."
        elif isinstance(node, Product) and [operator for operator, _ in node.operands] == ["", "*"]:
            a, b = (excerpt(self.text, part.span) for _, part in node.operands)
            sentence = "a product of grouping factors after one bar."
            hint = f"Write {' + '.join(self._term(part) for part in (a, b, f'{a}:{b}'))}."
        else:
            sentence = "a grouping factor is a column, or columns joined by ':' or '/'."
            hint = "Write (1 | a), (1 | a:b) or (1 | a/b)."
        return formula_error("formula_misread", self.text, node.span, sentence, hint)

    def _term(self, factor: str) -> str:
        label = f"|{self.group.label}|" if self.group.label else self.group.bar
        return f"({excerpt(self.text, self.group.effects.span)} {label} {factor})"


@dataclass
class _Options:
    """Named arguments of ``gr()`` or ``mm()``, taken one after the other; what is left is a structure's."""

    text: str
    call: Call
    left: dict[str, Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value in self.call.options:
            if key in self.left:
                sentence = f"the option '{key}' of {self.call.function}() is given twice."
                raise self._error(value.span, sentence, "Write it once.")
            self.left[key] = literal(value)

    def weights(self, count: int) -> tuple[Expr, ...]:
        """Take ``weights = cbind(w1, w2)`` of as many columns as there are members."""
        value = self.left.pop("weights", None)
        if value is None:
            return ()
        if not isinstance(value, Call) or value.function != "cbind" or value.options:
            raise self._error(
                value.span, "weights must be cbind() of one column a member.", _write("weights")
            )
        if len(value.arguments) != count:
            sentence = f"{len(value.arguments)} weights for {count} members."
            raise self._error(value.span, sentence, _write("weights"))
        return tuple(check_expression(self.text, weight, NUMERIC) for weight in value.arguments)

    def grouping(self, base: Grouping) -> Grouping:
        """Complete a grouping by its options."""
        by = self._column("by", "a column")
        distribution = self._word("dist", "gaussian")
        if distribution not in DISTRIBUTIONS:
            near = misspelt(distribution, DISTRIBUTIONS)
            sentence = f"dist must be one of {', '.join(DISTRIBUTIONS)}, found '{distribution[:40]}'. {near}"
            raise self._error(self.call.span, sentence.strip(), _write("dist"))
        df = self._degrees(distribution)
        structure = self._structure()
        return Grouping(base.factors, base.weights, base.is_membership, by, structure, distribution, df)

    def _degrees(self, distribution: str) -> float | None:
        """Take ``df = 4``: above 2, where t effects have a standard deviation."""
        value = self.left.pop("df", None)
        if value is None:
            return None
        if distribution != "student":
            sentence = f"df is of Student's t effects, and these are {distribution}."
            raise self._error(value.span, sentence, _write("df"))
        if not isinstance(value, Number) or not is_number(value) or value.value <= 2.0:
            sentence = (
                f"df must be a number above 2, where the effects have a standard deviation, found {value}."
            )
            raise self._error(value.span, sentence, _write("df"))
        return value.value

    def _structure(self) -> Structure:
        known = self._column("cov", "the name of an entry of known={...}")
        named = "structure" in self.left
        name = self._word("structure", UNSTRUCTURED.name)
        if named and (known or name == "known"):
            sentence = "a known matrix is the structure itself: cov and structure exclude each other."
            raise self._error(self.call.span, sentence, _write("cov"))
        if self.left and not named:
            key, value = next(iter(self.left.items()))
            options = [*_OPTIONS, "weights"] if self.call.function == "mm" else list(_OPTIONS)
            sentence = f"{self.call.function}() has no option '{key}'. {suggestion(key, options)}".rstrip()
            raise self._error(
                value.span, sentence, f"Options: {', '.join(options)}, and those of a structure."
            )
        if known:
            return Structure("known", (("cov", known),))
        return Structure(name, tuple((key, self._argument(key, value)) for key, value in self.left.items()))

    def _argument(self, key: str, value: Expr) -> Expr:
        """Check the value of a structure's own argument; the structure says later whether it fits."""
        plain = isinstance(value, Name | Text | Flag) or is_number(value) or are_numbers(value)
        if plain or _are_columns(value):
            return value
        sentence = f"'{key}' must be a number, a text, TRUE or FALSE, a name, or cbind() of columns."
        hint = 'Example: gr(g, structure = "matern", coordinates = cbind(x, y)).'
        raise self._error(value.span, sentence, hint)

    def _column(self, key: str, needed: str) -> Name | None:
        value = self.left.pop(key, None)
        if value is not None and not isinstance(value, Name):
            raise self._error(value.span, f"{key} must be {needed}.", _write(key))
        return value

    def _word(self, key: str, default: str) -> str:
        value = self.left.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, Text) or not value.value:
            raise self._error(value.span, f"{key} must be a text in quotes.", _write(key))
        return value.value

    def _error(self, span: Span, sentence: str, hint: str) -> FormulaError:
        return formula_error("formula_function", self.text, span, sentence, hint)


def _write(key: str) -> str:
    return f"Write {_HINT[key]}."


def _are_columns(value: Expr) -> bool:
    if not isinstance(value, Call) or value.function != "cbind" or value.options:
        return False
    return bool(value.arguments) and all(isinstance(part, Name) for part in value.arguments)
