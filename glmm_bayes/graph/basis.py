"""Design columns in, the centred and scaled basis out in which default priors are stated.

A column is a product of parts. In the basis each part is centred at its mean over the rows and divided
by its swing, and the product is taken of those: a linear recoding of the user's columns, mapped back
exactly. A main effect's prior then speaks of the average of the variables it interacts with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.design.columns import CONTRAST, FULL, NUMBER, DesignColumn, Part
from glmm_bayes.design.table import Level

Array = NDArray[np.float64]
Parts = Mapping[Part, Array]
Marks = frozenset[tuple[str, Level | None]]


def swing(part: Part, parts: Parts) -> float:
    """Return the full swing of a part: 1 for an indicator, 2 sd for numbers (Gelman et al. 2008)."""
    if part.coding != NUMBER:
        return 1.0
    values = parts[part]
    if np.isin(values, (0.0, 1.0)).all():
        return 1.0
    return 2.0 * float(np.std(values, ddof=1)) or 1.0


def column_swing(column: DesignColumn, parts: Parts) -> float:
    """Return the product of the swings of a column's parts."""
    return float(np.prod([swing(part, parts) for part in column.parts]))


def recoding(columns: Sequence[DesignColumn], parts: Parts) -> Array:
    """Return C with ``x @ C`` the centred and scaled columns, so that ``beta = C @ gamma``.

    Parameters
    ----------
    columns : sequence of DesignColumn
    parts : mapping of Part to ndarray

    Returns
    -------
    ndarray, shape (coef, coef)
        Column j holds the user's columns that make up the j-th basis column.
    """
    position = {_marks(column.parts): index for index, column in enumerate(columns)}
    ones = _constant(columns, position, parts)
    matrix = np.zeros((len(columns), len(columns)))
    for index, column in enumerate(columns):
        expansion = _centred_product(column, position, ones, parts)
        if expansion is None:
            expansion = np.zeros(len(columns))
            expansion[index] = 1.0
            if ones is not None:
                product = np.prod([parts[part] for part in column.parts], axis=0)
                expansion -= float(np.mean(product)) * ones
        matrix[:, index] = expansion / column_swing(column, parts)
    return matrix


def _marks(parts: Iterable[Part]) -> Marks:
    """Return what parts mark; a level is the same numbers as a contrast and as one of all columns."""
    return frozenset((part.factor, part.level) for part in parts)


def _constant(columns: Sequence[DesignColumn], position: Mapping[Marks, int], parts: Parts) -> Array | None:
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
    if not (np.sum([parts[columns[index].parts[0]] for index in first_levels], axis=0) == 1.0).all():
        return None
    weights[first_levels] = 1.0
    return weights


def is_cell_mean(column: DesignColumn) -> bool:
    """Tell whether the column marks a level of a factor that stands for the intercept."""
    return len(column.parts) == 1 and column.parts[0].coding == FULL


def _centred_product(
    column: DesignColumn, position: Mapping[Marks, int], ones: Array | None, parts: Parts
) -> Array | None:
    """Expand the product of centred parts into the user's columns; None if one of them is not there."""
    expansion = np.zeros(len(position))
    centres = {part: 0.0 if part.coding == FULL else float(np.mean(parts[part])) for part in column.parts}
    for size in range(len(column.parts) + 1):
        for kept in combinations(column.parts, size):
            weight = float(np.prod([-centres[part] for part in column.parts if part not in kept]))
            if weight == 0.0:
                continue
            if kept and _marks(kept) in position:
                expansion[position[_marks(kept)]] += weight
            elif not kept and ones is not None:
                expansion += weight * ones
            else:
                return None
    return expansion


def prior_covariance(columns: Sequence[DesignColumn]) -> Array:
    """Return the prior covariance of the basis coefficients of one term, for an effect of variance 1.

    Every pair of levels of a factor differs by a variable of variance 1, whichever is the reference:
    contrasts have covariance I/2 + 11'/2.
    """
    term_parts = [[column.parts[index] for column in columns] for index in range(len(columns[0].parts))]
    covariance = np.ones((len(columns), len(columns)))
    for factor_parts in term_parts:
        if factor_parts[0].coding in (CONTRAST, FULL):
            same = np.array([[a == b for b in factor_parts] for a in factor_parts])
            covariance *= np.where(same, 1.0, 0.5)
    return covariance
