"""Models of the same rows in, the columns that they read out: which of them may have gaps in some rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmm_bayes.spec.model_spec import ModelSpec, ResponseTerm


class ColumnNames(tuple[str, ...]):
    """Names of the columns that a model reads, with what censoring makes of some of them.

    Attributes
    ----------
    open_ended : frozenset of str
        Columns that hold upper ends of intervals and nothing else: rows without an interval need none,
        and an infinite one is an open end.
    of_censoring : frozenset of str
        Columns that say what is known of a censored row: without such rows the sample is biased.
    """

    open_ended: frozenset[str] = frozenset()
    of_censoring: frozenset[str] = frozenset()


def column_names(specs: Iterable[ModelSpec]) -> ColumnNames:
    """Return the columns that some models of the same rows read, each once."""
    names: dict[str, None] = {}
    ends, of_censoring, needed = set[str](), set[str](), set[str]()
    for spec in specs:
        beside = [name for part in spec.linear_predictors() for name in part.names()]
        names |= dict.fromkeys((*spec.response.names(), *beside))
        own, own_ends, own_censoring = _of_response(spec.response)
        needed |= {*own, *beside}
        ends |= own_ends
        of_censoring |= own_censoring
    result = ColumnNames(names)
    result.open_ended, result.of_censoring = frozenset(ends - needed), frozenset(of_censoring)
    return result


def _of_response(term: ResponseTerm) -> tuple[set[str], set[str], set[str]]:
    """Return the columns that every row needs, those of upper ends, and those that tell of censoring."""
    needed, ends, of_censoring = set(term.expression.names()), set[str](), set[str]()
    for call in term.additions:
        if call.function != "cens":
            needed |= set(call.names())
            continue
        needed |= set(call.arguments[0].names())
        ends |= {name for end in call.arguments[1:] for name in end.names()}
        of_censoring |= {*term.expression.names(), *call.names()}
    return needed, ends, of_censoring
