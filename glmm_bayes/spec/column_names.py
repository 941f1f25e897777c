"""Models in, the names of the columns that they read out, with what censoring makes of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from glmm_bayes.spec.expressions import Binary, Call, Expr, Name, Text, Unary
from glmm_bayes.spec.functions import GROUP_MEANS

if TYPE_CHECKING:
    from glmm_bayes.spec.linear_predictor import LinearPredictor
    from glmm_bayes.spec.model_spec import ModelSpec


class ColumnNames(tuple[str, ...]):
    """Names of the columns that a model reads, with what censoring makes of some of them.

    Attributes
    ----------
    open_ended : frozenset of str
        Columns that hold upper ends of intervals and nothing else: rows without an interval need none,
        and an infinite one is an open end.
    bounds : frozenset of str
        Columns that hold bounds and nothing else: an infinite one is open.
    of_censoring : frozenset of str
        Columns that say what is known of a censored row: without such rows the sample is biased.
    """

    open_ended: frozenset[str] = frozenset()
    bounds: frozenset[str] = frozenset()
    of_censoring: frozenset[str] = frozenset()


def column_names(specs: Iterable[ModelSpec]) -> ColumnNames:
    """Return the columns that some models of the same rows read, each once."""
    names: dict[str, None] = {}
    ends, bounds, of_censoring, needed = set[str](), set[str](), set[str](), set[str]()
    for spec in specs:
        beside = [name for part in spec.linear_predictors.values() for name in part.names()]
        names |= dict.fromkeys((*spec.response.names(), *beside))
        needed |= {*spec.response.needed_names(), *beside}
        ends |= set(spec.response.interval_ends())
        bounds |= set(spec.response.bounds())
        of_censoring |= set(spec.response.of_censoring())
    result = ColumnNames(names)
    result.open_ended, result.of_censoring = frozenset(ends - needed - bounds), frozenset(of_censoring)
    result.bounds = frozenset(bounds - needed)
    return result


def label_columns(specs: Iterable[ModelSpec]) -> tuple[str, ...]:
    """Return the grouping columns of which nothing but labels is read, so that ``007`` may stay ``007``."""
    grouping: dict[str, None] = {}
    other: set[str] = set()
    for spec in specs:
        grouping |= dict.fromkeys(spec.grouping_columns())
        predictors = spec.linear_predictors.values()
        expressions = [part for predictor in predictors for part in _expressions(predictor)]
        other |= {*spec.response.names(), *(name for part in expressions for name in _read_as_is(part))}
    return tuple(name for name in grouping if name not in other)


def _expressions(predictor: LinearPredictor) -> Iterator[Expr]:
    """List all that a linear predictor computes."""
    for term in (*predictor.fixed, *predictor.specific):
        yield from term.factors
    yield from predictor.offsets
    for group in predictor.groups:
        yield from group.weights
        for term in group.effects:
            yield from term.factors
        for block in group.blocks:
            yield from (value for _, value in block.structure.arguments if isinstance(value, Call))


def _read_as_is(expression: Expr) -> tuple[str, ...]:
    """List the columns that are read neither by ``C()`` or ``ordered()`` nor to be compared with a label."""
    if isinstance(expression, Call):
        operands: tuple[Expr, ...] = () if expression.function in ("C", "ordered") else expression.arguments
        # The groups that a mean is taken over are labels.
        operands = operands[:1] if expression.function in GROUP_MEANS else operands
    elif isinstance(expression, Binary):
        right = expression.right
        listed = right.arguments if isinstance(right, Call) and right.function == "c" else (right,)
        is_compared = isinstance(expression.left, Name) and all(isinstance(one, Text) for one in listed)
        operands = () if is_compared else (expression.left, expression.right)
    else:
        operands = (expression.operand,) if isinstance(expression, Unary) else ()
    names = (expression.name,) if isinstance(expression, Name) else ()
    return names + tuple(name for operand in operands for name in _read_as_is(operand))
