"""Design columns in, the centred and scaled basis out in which default priors are stated.

A column is a product of parts. In the basis each part is centred at its mean over the rows and divided
by its swing, and the product is taken of those: a linear recoding of the user's columns, mapped back
exactly. A main effect's prior then speaks of the average of the variables it interacts with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.exact_sums import exact_mean, exact_sd
from glmm_bayes.core.maths import Array
from glmm_bayes.design.columns import BASIS, CONTRAST, FULL, NUMBER, TOTAL, DesignColumn, Part
from glmm_bayes.design.contrasts import contrast_column, contrast_indices

Parts = Mapping[Part, NDArray[Any]]
#: What a column is made of: a factor, what of it, and which. A level is the same column as a treatment
#: contrast and as one of all columns.
Mark = tuple[str, str, int]
Marks = frozenset[Mark]


def swing(part: Part, part_values: Parts) -> float:
    """Return the full swing of a part.

    That of numbers is 2 sd (Gelman et al. 2008), 1 if they are 0 and 1. That of a contrast is such that
    a full swing has the prior of the difference between two levels; that of a monotonic effect is its
    total, from the lowest level to the highest.
    """
    if part.coding in (FULL, TOTAL):
        return 1.0
    if part.coding == CONTRAST:
        position = part.index - contrast_indices(part.contrast, part.size).start
        return float(1 / np.sqrt(_contrast_covariance(part.contrast, part.size)[position, position]))
    values = np.asarray(part_values[part], np.float64)
    if part.coding == NUMBER and np.isin(values, (0.0, 1.0)).all():
        return 1.0
    return 2.0 * exact_sd(values) or 1.0


@lru_cache(maxsize=64)
def _contrast_covariance(contrast: str, size: int) -> Array:
    """Return the covariance of contrasts' coefficients where any two levels differ by variance 1.

    Differences to the first level have covariance I/2 + 11'/2, whichever level is the first; they are
    ``to_differences @ coefficients``.
    """
    of_differences = (np.eye(size - 1) + 1.0) / 2
    if contrast == "treatment":
        return of_differences
    indices = contrast_indices(contrast, size)
    columns = np.column_stack([contrast_column(contrast, size, index) for index in indices])
    back = np.linalg.inv(columns[1:] - columns[0])
    return np.asarray(back @ of_differences @ back.T)


def column_swing(column: DesignColumn, part_values: Parts) -> float:
    """Return the product of the swings of a column's parts."""
    return float(np.prod([swing(part, part_values) for part in column.factors]))


def recoding(columns: Sequence[DesignColumn], part_values: Parts) -> Array:
    """Return C with ``x @ C`` the centred and scaled columns, so that ``beta = C @ gamma``.

    Parameters
    ----------
    columns : sequence of DesignColumn
    part_values : mapping of Part to ndarray

    Returns
    -------
    ndarray, shape (coef, coef)
        Column j holds the user's columns that make up the j-th basis column.
    """
    position = {_marks(column.factors): index for index, column in enumerate(columns)}
    ones = _constant(columns, position, part_values)
    matrix = np.zeros((len(columns), len(columns)))
    for index, column in enumerate(columns):
        matrix[:, index] = _centred(column, position, ones, part_values) / column_swing(column, part_values)
    return matrix


def weights_of(
    contributions: Sequence[Part], columns: Sequence[DesignColumn], part_values: Parts
) -> Array | None:
    """Write a product of parts as weights of the columns; None if they do not hold it."""
    position = {_marks(column.factors): index for index, column in enumerate(columns)}
    return _columns_of(contributions, position, _constant(columns, position, part_values))


def _centred(
    column: DesignColumn, position: Mapping[Marks, int], ones: Array | None, part_values: Parts
) -> Array:
    """Centre as many parts of a column as the other columns allow, and else the column itself."""
    centres = {part: 0.0 if part.coding == FULL else exact_mean(part_values[part]) for part in column.factors}
    for size in range(len(column.factors), -1, -1):
        for chosen in combinations(column.factors, size):
            shifts = {part: centres[part] if part in chosen else 0.0 for part in column.factors}
            expansion = _centred_product(column, shifts, position, ones)
            if expansion is None:
                continue
            if size < len(column.factors) and ones is not None:
                values = np.prod([part_values[part] - shift for part, shift in shifts.items()], axis=0)
                expansion -= exact_mean(values) * ones
            return expansion
    raise AssertionError("a column is itself")


def _mark(part: Part) -> Mark:
    coding = "level" if part.is_indicator else part.contrast or part.coding
    return (part.factor, coding, part.index)


def _marks(contributions: Iterable[Part]) -> Marks:
    return frozenset(_mark(part) for part in contributions)


def _constant(
    columns: Sequence[DesignColumn], position: Mapping[Marks, int], part_values: Parts
) -> Array | None:
    """Return the weights with which the columns add up to 1, if they do."""
    weights = np.zeros(len(columns))
    if frozenset() in position:
        weights[position[frozenset()]] = 1.0
        return weights
    full = [index for index, column in enumerate(columns) if is_cell_mean(column)]
    if not full:
        return None
    first = columns[full[0]].term
    first_levels = [index for index in full if columns[index].term == first]
    # A level whose column was removed, for it depends on others, is missing from the sum.
    if not (np.sum([part_values[columns[index].factors[0]] for index in first_levels], axis=0) == 1.0).all():
        return None
    weights[first_levels] = 1.0
    return weights


def _centred_product(
    column: DesignColumn, shifts: Mapping[Part, float], position: Mapping[Marks, int], ones: Array | None
) -> Array | None:
    """Expand the product of shifted parts into the user's columns; None if one of them is not there."""
    expansion = np.zeros(len(position))
    for size in range(len(column.factors) + 1):
        for kept in combinations(column.factors, size):
            weight = float(np.prod([-shifts[part] for part in column.factors if part not in kept]))
            if weight == 0.0:
                continue
            product_of_kept = _columns_of(kept, position, ones)
            if product_of_kept is None:
                return None
            expansion += weight * product_of_kept
    return expansion


def _columns_of(
    contributions: Sequence[Part], position: Mapping[Marks, int], ones: Array | None
) -> Array | None:
    """Write a product of parts as weights of the columns; None if they do not hold it."""
    for spelling in product(*(_spellings(part) for part in contributions)):
        weights = np.zeros(len(position))
        for choice in product(*(marks.items() for marks in spelling)):
            marks = frozenset(mark for mark, _ in choice if mark is not None)
            weight = prod(weight for _, weight in choice)
            if not marks and ones is not None:
                weights += weight * ones
            elif marks in position:
                weights[position[marks]] += weight
            else:
                break
        else:
            return weights
    return None


def _spellings(part: Part) -> Iterator[dict[Mark | None, float]]:
    """Write a part as itself; a contrast also by levels, and a level by 1 (None) and contrasts."""
    yield {_mark(part): 1.0}
    if part.coding in (NUMBER, BASIS):
        return
    if not part.is_indicator:
        column = contrast_column(part.contrast, part.size, part.index)
        yield {(part.factor, "level", level): float(w) for level, w in enumerate(column) if w}
    elif part.coding == FULL:
        coding = "level" if part.contrast == "treatment" else part.contrast
        row = _level_weights(part.contrast, part.size)[:, part.index]
        indices = contrast_indices(part.contrast, part.size)
        yield {None: float(row[0])} | {
            (part.factor, coding, index): float(w) for index, w in zip(indices, row[1:], strict=True) if w
        }


@lru_cache(maxsize=64)
def _level_weights(contrast: str, size: int) -> Array:
    """Return what makes each level's indicator of 1 and the contrasts, shape (column, level)."""
    indices = contrast_indices(contrast, size)
    columns = [contrast_column(contrast, size, index) for index in indices]
    return np.asarray(np.linalg.inv(np.column_stack([np.ones(size), *columns])))


def is_cell_mean(column: DesignColumn) -> bool:
    """Tell whether the column marks a level of a factor that stands for the intercept."""
    return len(column.factors) == 1 and column.factors[0].coding == FULL


def prior_covariance(columns: Sequence[DesignColumn]) -> Array:
    """Return the prior covariance of the basis coefficients of one term, for an effect of variance 1.

    Every pair of levels of a factor differs by a variable of variance 1, whichever its contrasts and
    its reference. Columns of a polynomial or a spline are independent.
    """
    term_parts = [[column.factors[index] for column in columns] for index in range(len(columns[0].factors))]
    covariance = np.ones((len(columns), len(columns)))
    for factor_parts in term_parts:
        covariance *= _correlation(factor_parts)
    return covariance


def _correlation(contributions: Sequence[Part]) -> Array:
    """Return the prior correlation of the columns that differ in one factor alone."""
    index = np.array([part.index for part in contributions])
    same = np.equal.outer(index, index)
    if contributions[0].coding in (NUMBER, BASIS, TOTAL):
        return np.where(same, 1.0, 0.0)
    if contributions[0].is_indicator:
        return np.where(same, 1.0, 0.5)
    covariance = _contrast_covariance(contributions[0].contrast, contributions[0].size)
    sd = np.sqrt(np.diagonal(covariance))
    index -= contrast_indices(contributions[0].contrast, contributions[0].size).start
    return np.asarray((covariance / np.outer(sd, sd))[np.ix_(index, index)])
