"""Models in, the names of the columns that they read out, with what censoring makes of some of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmm_bayes.spec.model_spec import ModelSpec


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
        needed |= {*spec.response.needed_names(), *beside}
        ends |= set(spec.response.interval_ends())
        of_censoring |= set(spec.response.of_censoring())
    result = ColumnNames(names)
    result.open_ended, result.of_censoring = frozenset(ends - needed), frozenset(of_censoring)
    return result
