"""A model's definition in, its rows out in the one order that all kernels see, with what they are sums of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.kernels.factors import Factor, order_of_rows
from glmm_bayes.priors.definition import ModelDefinition


@dataclass(frozen=True)
class OrderedRows:
    """Rows sorted by the levels of the large factor, then by all that they hold.

    Attributes
    ----------
    order : ndarray, shape (row,)
    offset : ndarray, shape (row,)
    basis : ndarray, shape (row, coefficient)
    others : ndarray, shape (row, other)
        Columns of the coefficients whose priors are not normal.
    codes : list of ndarray, shape (row,)
        Levels of each factor.
    columns : list of ndarray, shape (row, effect)
        Columns of the effects of each factor.
    """

    order: NDArray[np.int64]
    offset: Array
    basis: Array
    others: Array
    codes: list[NDArray[np.int64]]
    columns: list[Array]


def ordered_rows(definition: ModelDefinition, factors: list[Factor]) -> OrderedRows:
    """Sort the rows of a model."""
    response, design = definition.first.response, definition.priors.first.design
    prior, added = definition.priors.first.fixed, definition.first.response.additions
    parts = [response.values, response.trials, design.offset, design.x]
    parts += [part for part in (added.weights, added.rate) if part is not None]
    order = order_of_rows(parts, factors)
    offset, is_log = design.offset[order], definition.first.link.name == "log"
    # Where thresholds take the intercept, the first coefficient is what centring the columns adds to it.
    x = design.x[order] if design.state.has_intercept else np.insert(design.x[order], 0, 1.0, axis=1)
    return OrderedRows(
        order=order,
        offset=offset + np.log(added.rate[order]) if added.rate is not None and is_log else offset,
        basis=x @ prior.from_normal,
        others=x @ prior.from_others,
        codes=[factor.group.codes[order].astype(np.int64) for factor in factors],
        columns=[factor.columns(order) for factor in factors],
    )
