"""Monotonic effects: steps that are a total effect times a simplex, and where their average stands.

A monotonic term has one simplex ``zeta``, and a total effect ``b`` for each column that its steps are
multiplied with; the coefficient of step k is ``b * zeta_k`` (Buerkner and Charpentier 2020). Priors are
those of totals and simplexes. All other coefficients have theirs at the average of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.core.exact_sums import exact_mean
from glmm_bayes.core.maths import Array
from glmm_bayes.core.slugs import slugs
from glmm_bayes.design.columns import STEP, TOTAL, DesignColumn, Part
from glmm_bayes.design.steps import is_step, step_of, without_step
from glmm_bayes.priors.basis import Parts, column_swing, recoding, weights_of
from glmm_bayes.priors.group_priors import PriorRow
from glmm_bayes.priors.names import element
from glmm_bayes.spec.prior import Prior

#: Every division of a total effect over its steps is equally likely.
DEFAULT_SIMPLEX = Prior("Dirichlet", alpha=1.0)


@dataclass(frozen=True)
class Monotonic:
    """A term of a design whose columns are steps.

    Attributes
    ----------
    term : str
        As the formula has it: ``mo(x)``, ``mo(x):z``.
    slug : str
        In the names ``mo_<slug>`` and ``simplex_<slug>``.
    totals : tuple of DesignColumn
        What the steps add up to, one for each column that they are multiplied with.
    steps : tuple of str
        By the level that each goes up from: ``>low``.
    positions : tuple of tuple of int
        Of the design's columns, by total and step.
    """

    term: str
    slug: str
    totals: tuple[DesignColumn, ...]
    steps: tuple[str, ...]
    positions: tuple[tuple[int, ...], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the total effects: ``mo(x)``, ``mo(x):f[b]``."""
        return tuple(total.label for total in self.totals)


def monotonic_terms(columns: Sequence[DesignColumn]) -> tuple[Monotonic, ...]:
    """List the monotonic terms of a design."""
    steps_by_term: dict[str, dict[DesignColumn, list[int]]] = {}
    for position, column in enumerate(columns):
        if is_step(column):
            steps_by_total = steps_by_term.setdefault(str(column.term), {})
            steps_by_total.setdefault(_total(column), []).append(position)
    names = _names({str(column.term): column for column in columns if is_step(column)})
    return tuple(
        Monotonic(
            term,
            names[term],
            tuple(steps_by_total),
            tuple(step_of(columns[position]).label for position in next(iter(steps_by_total.values()))),
            tuple(tuple(positions) for positions in steps_by_total.values()),
        )
        for term, steps_by_total in steps_by_term.items()
    )


def _total(column: DesignColumn) -> DesignColumn:
    """Return the column of a step with the whole effect in its place."""
    contributions = [Part(part.factor, TOTAL) if part.coding == STEP else part for part in column.factors]
    return replace(column, factors=tuple(contributions))


def _names(terms: dict[str, DesignColumn]) -> dict[str, str]:
    """Name each term by its columns, or by all of it where two have the same."""
    short = {term: ":".join(column.term.names()) for term, column in terms.items()}
    labels = {term: name if list(short.values()).count(name) == 1 else term for term, name in short.items()}
    by_label = slugs(labels.values())
    return {term: by_label[label] for term, label in labels.items()}


def prior_columns(columns: Sequence[DesignColumn]) -> tuple[DesignColumn, ...]:
    """List the coefficients that have priors: the totals after all others, in the place of the steps."""
    plain = [column for column in columns if not is_step(column)]
    return (*plain, *(total for term in monotonic_terms(columns) for total in term.totals))


def step_columns(columns: Sequence[DesignColumn]) -> list[DesignColumn]:
    """List the steps, term by term, total by total."""
    terms = monotonic_terms(columns)
    return [columns[index] for term in terms for positions in term.positions for index in positions]


def simplex_priors(
    columns: Sequence[DesignColumn], given: Mapping[str, Prior]
) -> tuple[dict[str, Prior], list[PriorRow]]:
    """Return the prior of each monotonic term's simplex, and what a person reads of it."""
    priors, rows = {}, []
    for term in monotonic_terms(columns):
        known = given.get(element("simplex", term.term), given.get("simplex"))
        prior = DEFAULT_SIMPLEX if known is None else known
        source = "default" if known is None else "yours"
        meaning = f"shares of the {len(term.steps)} steps"
        priors[term.term] = prior
        rows.append(PriorRow(element("simplex", term.term), repr(prior), source, meaning, "simplex"))
    return priors, rows


def to_users_coding(columns: Sequence[DesignColumn], part_values: Parts) -> Array:
    """Return the matrix that takes basis coefficients of plain columns, and of totals, to the user's."""
    plain = [column for column in columns if not is_total(column)]
    matrix = np.diag([1.0 / column_swing(column, part_values) for column in columns])
    matrix[: len(plain), : len(plain)] = recoding(plain, part_values)
    return matrix


def is_total(column: DesignColumn) -> bool:
    """Tell whether a coefficient is a monotonic effect as a whole."""
    return any(part.coding == TOTAL for part in column.factors)


def centring(columns: Sequence[DesignColumn], steps: Sequence[DesignColumn], part_values: Parts) -> Array:
    """Return what centring each step takes from the plain coefficients, shape (coef, step).

    ``step * z`` becomes ``(step - mean) * z`` where ``z`` is a column of the design, so that the
    effect of z, and the intercept, are those at the average of the steps.

    Parameters
    ----------
    columns : sequence of DesignColumn
        Plain ones, and totals after them.
    steps : sequence of DesignColumn
    part_values : mapping of Part to ndarray
    """
    plain = [column for column in columns if not is_total(column)]
    result = np.zeros((len(columns), len(steps)))
    for index, step in enumerate(steps):
        mean = exact_mean(part_values[step_of(step)])
        weights = weights_of(without_step(step), plain, part_values)
        if weights is None:
            mean = exact_mean(np.prod([part_values[part] for part in step.factors], axis=0))
            weights = weights_of((), plain, part_values)
        if weights is not None:
            result[: len(plain), index] = -mean * weights
    return result
