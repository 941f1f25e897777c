"""A ModelSpec in, the functions of the user's own that it calls out."""

from __future__ import annotations

from collections.abc import Iterable

from glmm_bayes.spec.expressions import Binary, Call, Expr, Unary
from glmm_bayes.spec.functions import TAKEN
from glmm_bayes.spec.linear_predictor import GroupTerm
from glmm_bayes.spec.model_spec import ModelSpec


def registered_in(spec: ModelSpec) -> tuple[str, ...]:
    """Return the names of registered functions that a model calls, each once, sorted."""
    functions = set()
    pending = list(_expressions(spec))
    while pending:
        node = pending.pop()
        if isinstance(node, Call):
            functions.add(node.function)
            pending += node.arguments
        elif isinstance(node, Binary):
            pending += (node.left, node.right)
        elif isinstance(node, Unary):
            pending.append(node.operand)
    # What is not listed was registered when the formula was read, here or in another process.
    return tuple(sorted(functions - TAKEN))


def _expressions(spec: ModelSpec) -> Iterable[Expr]:
    yield spec.response.expression
    for addition in spec.response.additions:
        yield from addition.arguments
    for predictor in spec.linear_predictors.values():
        terms = (*predictor.fixed, *predictor.specific)
        yield from (factor for term in terms for factor in term.factors)
        yield from predictor.offsets
        for group in predictor.groups:
            yield from _of_group(group)


def _of_group(group: GroupTerm) -> Iterable[Expr]:
    yield from group.weights
    yield from (factor for effect in group.effects for factor in effect.factors)
