"""Syntax of ``(effects | factor)`` in, one GroupTerm for each grouping factor out."""

from __future__ import annotations

from dataclasses import dataclass, field

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.calls import not_available
from glmm_bayes.spec.diagnosis import excerpt, formula_error
from glmm_bayes.spec.expressions import Call, Expr, Name
from glmm_bayes.spec.functions import NOT_AVAILABLE
from glmm_bayes.spec.grammar import Group, Interaction, Product, Sum, Syntax
from glmm_bayes.spec.model_spec import Block, GroupTerm
from glmm_bayes.spec.terms import Expander, degree, signed_parts

MAX_FACTORS = 64
MAX_EFFECTS = 50

Blocks = list[Block]


@dataclass
class Groups:
    """Random effects of one formula as they are read, by the set of their grouping columns.

    Attributes
    ----------
    text : str
        The formula, for messages.
    expander : Expander
        Shared with the fixed part, so that limits hold for the whole formula.
    blocks, columns : dict
        Effects, and columns in the order of writing, of each grouping factor.
    names : dict of str to Name
        Where each grouping column was written.
    """

    text: str
    expander: Expander
    blocks: dict[frozenset[str], Blocks] = field(default_factory=dict)
    columns: dict[frozenset[str], tuple[str, ...]] = field(default_factory=dict)
    names: dict[str, Name] = field(default_factory=dict)

    def add(self, group: Group) -> None:
        """Add one term in brackets; ``a/b`` adds the factors ``a`` and ``a:b``."""
        if group.label:
            raise not_available(self.text, group.span, f"the label in (1 |{group.label}| g)")
        blocks = self._blocks(group)
        for names in self._factors(group, group.factor):
            self.names.update((name.name, name) for name in names)
            columns = tuple(dict.fromkeys(name.name for name in names))
            self._add_factor(group, columns, blocks)

    def terms(self) -> tuple[GroupTerm, ...]:
        """Return the grouping factors in order of appearance, their blocks by degree."""
        return tuple(
            GroupTerm(self.columns[key], tuple(sorted(blocks, key=lambda block: degree(block.effects[0]))))
            for key, blocks in self.blocks.items()
        )

    def _blocks(self, group: Group) -> Blocks:
        def refuse(sign: str, part: Syntax) -> bool:
            if isinstance(part, Group):
                sentence = "a random effect inside a random effect."
                hint = "Write (1 | g) + (1 | h), or (1 | h/g) if g is nested in h."
                raise formula_error("formula_misread", self.text, part.span, sentence, hint)
            return False

        effects = self.expander.predictor(group.effects, refuse).ordered()
        if not effects:
            sentence = "no effect is left to vary over the grouping factor."
            hint = "Write (1 | g), or (0 + x | g) for a slope alone."
            raise formula_error("formula_misread", self.text, group.effects.span, sentence, hint)
        if len(effects) > MAX_EFFECTS:
            raise self._too_large(group, f"{len(effects)} effects vary", MAX_EFFECTS)
        return [Block((effect,)) for effect in effects] if group.bar == "||" else [Block(effects)]

    def _add_factor(self, group: Group, columns: tuple[str, ...], blocks: Blocks) -> None:
        key = frozenset(columns)
        known = self.blocks.setdefault(key, [])
        self.columns.setdefault(key, columns)
        if len(self.blocks) > MAX_FACTORS:
            raise self._too_large(group, f"{len(self.blocks)} grouping factors", MAX_FACTORS)
        present = {effect.key for block in known for effect in block.effects}
        for effect in (effect for block in blocks for effect in block.effects):
            if effect.key in present:
                what = f"'{effect}'" if effect.factors else "the intercept"
                sentence = f"{what} varies by '{':'.join(self.columns[key])}' in two terms."
                hint = "Write one term; (0 + x | g) leaves the implied intercept out."
                raise formula_error("duplicate_effect", self.text, group.span, sentence, hint)
        known.extend(blocks)
        if len(present) + sum(len(block.effects) for block in blocks) > MAX_EFFECTS:
            raise self._too_large(group, f"more than {MAX_EFFECTS} effects vary", MAX_EFFECTS)

    def _factors(self, group: Group, node: Syntax) -> list[tuple[Name, ...]]:
        """Return the columns of each grouping factor that stands behind the bar."""
        if isinstance(node, Name):
            return [(node,)]
        if isinstance(node, Interaction):
            self._check_length(group, len(node.parts))
            return [tuple(name for part in node.parts for name in self._single(group, part))]
        if isinstance(node, Product) and all(operator in ("", "/") for operator, _ in node.parts):
            self._check_length(group, len(node.parts))
            return self._nested(group, [part for _, part in node.parts])
        raise self._no_factor(group, node)

    def _nested(self, group: Group, parts: list[Syntax]) -> list[tuple[Name, ...]]:
        found = self._factors(group, parts[0])
        for part in parts[1:]:
            inner = self._factors(group, part)
            outer = found[-1]
            self._check_length(group, len(found) + len(inner))
            found = found + [outer + names for names in inner]
        return found

    def _single(self, group: Group, node: Syntax) -> tuple[Name, ...]:
        factors = self._factors(group, node)
        if len(factors) > 1:
            raise self._no_factor(group, node)
        return factors[0]

    def _check_length(self, group: Group, length: int) -> None:
        if length > MAX_FACTORS:
            raise self._too_large(group, f"{length} grouping factors", MAX_FACTORS)

    def _no_factor(self, group: Group, node: Syntax) -> FormulaError:
        """Say why something behind the bar is no grouping factor, and the spelling that was meant."""
        if isinstance(node, Call) and node.function in NOT_AVAILABLE:
            return not_available(self.text, node.span, f"{node.function}()")
        if isinstance(node, Expr):
            column = isinstance(node, Call) and node.function == "C" and len(node.names()) == 1
            factor = node.names()[0] if column else "g"
            hint = f"Write {self._term(group, factor)}, with a column of the data."
            sentence = f"a grouping factor is a column, found '{excerpt(self.text, node.span)}'."
        elif isinstance(node, Group):
            sentence = "a random effect inside a random effect."
            hint = "Write (1 | g) + (1 | h), or (1 | h/g) if g is nested in h."
        elif isinstance(node, Sum):
            parts = [excerpt(self.text, part.span) for _, part in signed_parts(node)]
            sentence = "a sum of grouping factors behind one bar."
            hint = f"Write {' + '.join(self._term(group, part) for part in parts[:5])}."
        elif isinstance(node, Product) and [operator for operator, _ in node.parts] == ["", "*"]:
            a, b = (excerpt(self.text, part.span) for _, part in node.parts)
            sentence = "a product of grouping factors behind one bar."
            hint = f"Write {' + '.join(self._term(group, part) for part in (a, b, f'{a}:{b}'))}."
        else:
            sentence = "a grouping factor is a column, or columns joined by ':' or '/'."
            hint = "Write (1 | a), (1 | a:b) or (1 | a/b)."
        return formula_error("formula_misread", self.text, node.span, sentence, hint)

    def _term(self, group: Group, factor: str) -> str:
        return f"({excerpt(self.text, group.effects.span)} {group.bar} {factor})"

    def _too_large(self, group: Group, what: str, limit: int) -> FormulaError:
        sentence = f"{what} (limit {limit})."
        return formula_error("formula_too_large", self.text, group.span, sentence, "Write fewer.")
