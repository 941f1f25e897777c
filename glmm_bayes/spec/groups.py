"""Syntax of ``(effects | factor)`` in, one GroupTerm for each grouping factor out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.diagnosis import formula_error
from glmm_bayes.spec.expressions import Expr, Name
from glmm_bayes.spec.factors import MAX_FACTORS, Grouping, read_grouping
from glmm_bayes.spec.grammar import ParsedGroup, Syntax
from glmm_bayes.spec.linear_predictor import INTERCEPT, Block, GroupTerm, Term
from glmm_bayes.spec.monotonic import check_varying_steps
from glmm_bayes.spec.terms import Expander, degree, in_order

MAX_EFFECTS = 50

# A grouping factor by what it is, whatever the order of its columns.
Key = tuple[frozenset[str], bool]


@dataclass
class Groups:
    """Random effects of one formula as they are read, by grouping factor.

    Attributes
    ----------
    text : str
        The formula, for messages.
    expander : Expander
        Shared with the fixed part, so that limits hold for the whole formula.
    group_terms : dict of Key to GroupTerm
        In order of appearance.
    names : dict of str to Expr
        Where each column was written that is no effect: grouping columns, weights, ``by``.
    """

    text: str
    expander: Expander
    group_terms: dict[Key, GroupTerm] = field(default_factory=dict)
    names: dict[str, Expr] = field(default_factory=dict)

    def add(self, group: ParsedGroup) -> None:
        """Add one term in brackets; ``a/b`` adds the factors ``a`` and ``a:b``."""
        grouping = read_grouping(self.text, group)
        blocks = self._blocks(group, grouping)
        columns = [Name(name, span=group.factor.span) for name in grouping.structure.names()]
        if grouping.by:
            columns.append(grouping.by)
        for expression in (*grouping.weights, *columns):
            self.names[str(expression)] = expression
        for names in grouping.factors:
            self.names.update((str(name), name) for name in names)
            self._add_factor(group, grouping, tuple(dict.fromkeys(name.name for name in names)), blocks)

    def terms(self) -> tuple[GroupTerm, ...]:
        """Return the grouping factors in order of appearance, their blocks by degree."""
        return tuple(replace(term, blocks=_in_order(term.blocks)) for term in self.group_terms.values())

    def _blocks(self, group: ParsedGroup, grouping: Grouping) -> tuple[Block, ...]:
        def refuse(sign: str, part: Syntax) -> bool:
            if isinstance(part, ParsedGroup):
                sentence = "a random effect inside a random effect."
                hint = "Write (1 | g) + (1 | h), or (1 | h/g) if g is nested in h."
                raise formula_error("formula_misread", self.text, part.span, sentence, hint)
            return False

        effects = self.expander.predictor(group.effects, refuse).ordered()
        check_varying_steps(self.text, effects)
        if not effects:
            sentence = "no effect is left to vary over the grouping factor."
            hint = "Write (1 | g), or (0 + x | g) for a slope alone."
            raise formula_error("formula_misread", self.text, group.effects.span, sentence, hint)
        if len(effects) > MAX_EFFECTS:
            raise self._too_large(group, f"{len(effects)} effects vary", MAX_EFFECTS)
        by = grouping.by.name if grouping.by else ""
        block = Block(effects, grouping.structure, by, grouping.distribution, group.label, grouping.df)
        if group.bar == "||":
            return tuple(replace(block, effects=(effect,)) for effect in effects)
        return (block,)

    def _add_factor(
        self, group: ParsedGroup, grouping: Grouping, columns: tuple[str, ...], blocks: tuple[Block, ...]
    ) -> None:
        key = (frozenset(columns), grouping.is_membership)
        if key not in self.group_terms and len(self.group_terms) == MAX_FACTORS:
            raise self._too_large(group, f"more than {MAX_FACTORS} grouping factors", MAX_FACTORS)
        new = GroupTerm(columns, blocks, grouping.is_membership, grouping.weights)
        known = self.group_terms.get(key)
        if known is None:
            self.group_terms[key] = new
            return
        if known.membership() != new.membership():
            sentence = f"{known.factor} has other weights in another term."
            hint = "The weights of a factor are the same wherever it stands."
            raise formula_error("formula_misread", self.text, group.span, sentence, hint)
        present = {effect.key: block for block in known.blocks for effect in block.effects}
        for effect in new.effects:
            if effect.key in present:
                raise self._duplicate(group, effect, known.factor, present[effect.key], blocks[0])
        if len(present) + len(new.effects) > MAX_EFFECTS:
            raise self._too_large(group, f"more than {MAX_EFFECTS} effects vary", MAX_EFFECTS)
        merged = known.blocks
        for block in blocks:
            merged = self._merged(group, merged, block)
        self.group_terms[key] = replace(known, blocks=merged)

    def _merged(self, group: ParsedGroup, blocks: tuple[Block, ...], new: Block) -> tuple[Block, ...]:
        """Add a block; effects under one label are correlated, so they are one block."""
        position = next((i for i, block in enumerate(blocks) if new.label and block.label == new.label), None)
        if position is None:
            return (*blocks, new)
        known = blocks[position]
        if replace(known, effects=new.effects) != new:
            sentence = f"the effects under the label '{new.label}' differ in what gr() says."
            hint = "Effects under one label are one block: write the same options for all of them."
            raise formula_error("formula_misread", self.text, group.span, sentence, hint)
        merged = replace(known, effects=in_order((*known.effects, *new.effects)))
        return (*blocks[:position], merged, *blocks[position + 1 :])

    def _duplicate(
        self, group: ParsedGroup, effect: Term, factor: str, known: Block, new: Block
    ) -> FormulaError:
        what = f"'{effect}'" if effect.factors else "the intercept"
        sentence = f"{what} varies by '{factor}' in two terms."
        hint = "Write one term; (0 + x | g) leaves the implied intercept out."
        if known.structure != new.structure:
            hint = "If both are meant, give one of them a copy of the column under another name."
        return formula_error("duplicate_effect", self.text, group.span, sentence, hint)

    def _too_large(self, group: ParsedGroup, what: str, limit: int) -> FormulaError:
        sentence = f"{what} (limit {limit})."
        return formula_error("formula_too_large", self.text, group.span, sentence, "Write fewer.")


def _in_order(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    ordered = sorted(blocks, key=lambda block: degree(block.effects[0]))
    plain = all(block.is_plain and len(block.effects) == 1 for block in ordered)
    if plain and ordered[0].effects == (INTERCEPT,):
        # They are written as (1 + x || g): interactions take the order that they get when that is read.
        return tuple(Block((effect,)) for effect in in_order(tuple(b.effects[0] for b in ordered)))
    return tuple(ordered)
